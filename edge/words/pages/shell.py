"""The words around every page: what each of them says by itself, whatever it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class ShellWords(Words):
    skip: str
    views: str
    stale: str
    no_answer: str
    ask_title: str
    go_on: str
    cancel: str
    enter_title: str
    enter_how: str
    enter_field: str
    enter_button: str
    enter_wrong: str
    shut_title: str
    shut: str
    not_found: str
    old_form: str
    too_much: str
    failed: str
    back: str


_EN: Final = ShellWords(
    skip="To the content",
    views="Pages",
    stale="No answer from the page's program: what stands below is old.",
    no_answer="No answer. Nothing is known of whether it was done.",
    ask_title="Are you sure?",
    go_on="Do it",
    cancel="Cancel",
    enter_title="Open with your link",
    enter_how="The command printed a link that works once. Open it here, or put in what stands behind its #.",
    enter_field="What stands behind the #",
    enter_button="Open",
    enter_wrong=(
        "This link is not valid: it was used, its time is over, or it is not complete. Run the command again."
    ),
    shut_title="Closed",
    shut="This page opens only with the link that the command prints. It works once, and for a limited time.",
    not_found="There is no such page.",
    old_form="This page is older than the program that answers. Load it again and repeat what you did.",
    too_much="Too much at once. Try again in a moment.",
    failed="That failed here. The log of the page's program names why.",
    back="Back",
)

_DE: Final = ShellWords(
    skip="Zum Inhalt",
    views="Seiten",
    stale="Das Programm der Seite antwortet nicht: Was unten steht, ist alt.",
    no_answer="Keine Antwort. Ob es getan wurde, ist nicht bekannt.",
    ask_title="Sicher?",
    go_on="Ausführen",
    cancel="Abbrechen",
    enter_title="Mit Ihrem Link öffnen",
    enter_how=(
        "Der Befehl hat einen Link ausgegeben, der einmal gilt. Öffnen Sie ihn hier, oder tragen Sie "
        "ein, was hinter dem # steht."
    ),
    enter_field="Was hinter dem # steht",
    enter_button="Öffnen",
    enter_wrong=(
        "Dieser Link gilt nicht: Er wurde benutzt, seine Zeit ist um, oder er ist unvollständig. "
        "Geben Sie den Befehl erneut ein."
    ),
    shut_title="Geschlossen",
    shut=(
        "Diese Seite öffnet sich nur mit dem Link, den der Befehl ausgibt. Er gilt einmal und für "
        "begrenzte Zeit."
    ),
    not_found="Diese Seite gibt es nicht.",
    old_form=(
        "Diese Seite ist älter als das Programm, das antwortet. Laden Sie sie neu und wiederholen "
        "Sie, was Sie taten."
    ),
    too_much="Zu viel auf einmal. Versuchen Sie es gleich noch einmal.",
    failed="Das schlug hier fehl. Das Protokoll des Programms nennt den Grund.",
    back="Zurück",
)

_HI: Final = ShellWords(
    skip="मुख्य सामग्री पर जाएँ",
    views="पेज",
    stale="पेज का प्रोग्राम जवाब नहीं दे रहा: नीचे जो लिखा है, वह पुराना है।",
    no_answer="कोई जवाब नहीं। काम हुआ या नहीं, पता नहीं।",
    ask_title="क्या आप निश्चित हैं?",
    go_on="कर दें",
    cancel="रद्द करें",
    enter_title="अपने लिंक से खोलें",
    enter_how=("कमांड ने एक लिंक दिया है जो एक ही बार चलता है। उसे यहाँ खोलें, या # के बाद जो लिखा है वह यहाँ भरें।"),
    enter_field="# के बाद जो लिखा है",
    enter_button="खोलें",
    enter_wrong=("यह लिंक मान्य नहीं है: वह इस्तेमाल हो चुका है, उसका समय खत्म है, या वह अधूरा है। कमांड फिर से दें।"),
    shut_title="बंद है",
    shut="यह पेज केवल उसी लिंक से खुलता है जो कमांड देता है। वह एक ही बार और सीमित समय तक चलता है।",
    not_found="ऐसा कोई पेज नहीं है।",
    old_form="यह पेज जवाब देने वाले प्रोग्राम से पुराना है। उसे फिर से लोड करें और काम दोहराएँ।",
    too_much="एक साथ बहुत ज़्यादा। थोड़ी देर में फिर कोशिश करें।",
    failed="यह यहाँ नहीं हो पाया। कारण पेज के प्रोग्राम के लॉग में है।",
    back="वापस",
)

shell_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
