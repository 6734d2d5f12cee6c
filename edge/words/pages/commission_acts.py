"""The words of what a technician does at commissioning, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class WarnWords(Words):
    """What a mask does that may not be meant."""

    large: str
    faces: str
    front: str


@dataclass(frozen=True, slots=True)
class LearningWords(Words):
    """How far a learning is."""

    none: str
    running: str
    done: str
    refused: str


@dataclass(frozen=True, slots=True)
class EnrolmentWords(Words):
    """How far an enrolment is."""

    none: str
    reading: str
    looking: str
    writing: str
    done: str
    failed: str


@dataclass(frozen=True, slots=True)
class ActWords(Words):
    """What is done in the steps."""

    warns: WarnWords
    learning: LearningWords
    enrolment: EnrolmentWords
    measuring: str
    no_picture: str
    picture_alt: str
    sharpness: str
    light: str
    noise: str
    faces: str
    at_face: str
    px_per_m: str
    px_range: str
    norm: str
    advice: str
    no_advice: str
    in_effect: str
    restart_wanted: str
    drawn_saved: str
    drawn_regions: str
    restart: str
    restart_ask: str
    restarting: str
    empty: str
    empty_how: str
    front: str
    front_how: str
    front_none: str
    wide: str
    wide_cm: str
    learn: str
    learn_end: str
    learn_begun: str
    learn_ended: str
    try_it: str
    try_again: str
    trying: str
    try_begun: str
    never_tried: str
    times_tried: str
    worked: str
    not_worked: str
    lock_again: str
    stop: str
    stopped: str
    nothing_on: str
    ended: str
    watchman_keypad: str
    customer_keypad: str
    keys_seen: str
    key_read: str
    key_not_read: str
    keys_why: str
    contact: str
    now: str
    seen_in: str
    both: str
    one_missing: str
    cut_wire: str
    cut_wire_open: str
    role: str
    number: str
    ends_in: str
    no_number: str
    test_text: str
    send_text: str
    text_sent: str
    text_never: str
    enrol_name: str
    enrol_card: str
    enrol_phone: str
    enrol_language: str
    enrol_consent: str
    enrol_agreed: str
    enrol_anyway: str
    enrol_begin: str
    enrol_cancel: str
    enrol_begun: str
    enrol_cancelled: str
    enrol_not_agreed: str
    enrol_looks: str
    grant_over: str
    text_wait: str


_EN: Final = ActWords(
    warns=WarnWords(
        large="{name} covers {percent} % of the picture.",
        faces="In {name} lay {percent} % of the faces since the start: a face behind it is not seen.",
        front="{name} covers {percent} % of a part of the machine: nothing is watched there any more.",
    ),
    learning=LearningWords(
        none="Not learnt yet.",
        running="Learning: {percent} %",
        done="Learnt.",
        refused="Not learnt.",
    ),
    enrolment=EnrolmentWords(
        none="Nobody is being enrolled.",
        reading="The gallery is read.",
        looking="The kiosk looks.",
        writing="The templates are written, encrypted.",
        done="Enrolled as person {number}.",
        failed="Not enrolled.",
    ),
    measuring="The kiosk is measuring. This takes some seconds.",
    no_picture="There is no picture.",
    picture_alt="What the camera sees now: {camera}",
    sharpness="Sharpness",
    light="Light",
    noise="Noise",
    faces="Faces found",
    at_face="At the face",
    px_per_m="{count} pixels a metre",
    px_range="{low} to {high}, depending on the face",
    norm="{norm}: {good} and more identify anybody.",
    advice="What to improve",
    no_advice="Nothing to improve.",
    in_effect="What is drawn is in effect.",
    restart_wanted="Saved. It is in effect after the kiosk has started again.",
    drawn_saved="What is drawn is saved.",
    drawn_regions="The parts of the machine are kept for the references.",
    restart="Restart the kiosk",
    restart_ask="Restart the kiosk now? It sees and records nothing for about a minute; the door stays "
    "unlocked. This page ends with it: run the command again afterwards, what you have done "
    "is kept.",
    restarting="The kiosk starts again. Run {command} in about a minute and go on: what you have done "
    "is kept.",
    empty="The empty cabin",
    empty_how="Leave the cabin and close the door: what is learnt must not have you in it.",
    front="The machine's front",
    front_how="Learnt are the parts that were drawn: {parts}.",
    front_none="No part of the machine is drawn yet: draw the card slot or the PIN pad first.",
    wide="To tell sizes: how wide is",
    wide_cm="in cm (empty: no sizes)",
    learn="Learn",
    learn_end="Stop",
    learn_begun="The kiosk learns.",
    learn_ended="Stopped.",
    try_it="Try for {seconds} s",
    try_again="Try again",
    trying="{output} is on: {seconds} s left",
    try_begun="{output} is on.",
    never_tried="not tried yet",
    times_tried="tried: {count}",
    worked="it worked",
    not_worked="it did not work",
    lock_again="Lock the door once more? Look first that nobody is in the cabin.",
    stop="Stop and unlock",
    stopped="Stopped: nothing is on trial, the door is unlocked.",
    nothing_on="Nothing is being tried.",
    ended="Ended: {why}",
    watchman_keypad="The watchman's keypad",
    customer_keypad="The customer's keypad",
    keys_seen="{count} of {most} keys were read",
    key_read="read",
    key_not_read="not yet",
    keys_why="Which key it was is shown only here, only while the cabin is empty and no code is out.",
    contact="Contact",
    now="Now",
    seen_in="Seen in both positions",
    both="both seen",
    one_missing="move it",
    cut_wire="A cut wire looks like a contact that is active all the time: it never gets its tick "
    "here. Check the wire and its plug then.",
    cut_wire_open="Of {names} a cut wire looks like one that never moves: they are wired normally open.",
    role="Who",
    number="Number",
    ends_in="ends in {digits}",
    no_number="none in the settings",
    test_text="Test text",
    send_text="Send a test text",
    text_sent="A test text goes out.",
    text_never="none sent yet",
    enrol_name="Name of the owner",
    enrol_card="The card's token, as the machine names it",
    enrol_phone="The owner's telephone, such as {number}",
    enrol_language="The owner's language",
    enrol_consent="What the owner agrees to",
    enrol_agreed="The owner has read or heard these words and agrees.",
    enrol_anyway="A shared telephone, or a face that somebody has already, is meant.",
    enrol_begin="Begin",
    enrol_cancel="Cancel",
    enrol_begun="The kiosk looks: the owner stands before the camera.",
    enrol_cancelled="Cancelled: nothing is kept.",
    enrol_not_agreed="Nobody is enrolled without agreeing first.",
    enrol_looks="{count} of {most} looks",
    grant_over="This page's permission is over. Run {command} again: what you have done is kept.",
    text_wait="The next test text can go out in {seconds} s.",
)


_DE: Final = ActWords(
    warns=WarnWords(
        large="{name} bedeckt {percent} % des Bildes.",
        faces="In {name} lagen {percent} % der Gesichter seit dem Start: Ein Gesicht dahinter ist "
        "nicht zu sehen.",
        front="{name} bedeckt {percent} % eines Teils des Automaten: Dort wird nichts mehr überwacht.",
    ),
    learning=LearningWords(
        none="Noch nicht gelernt.",
        running="Lernt: {percent} %",
        done="Gelernt.",
        refused="Nicht gelernt.",
    ),
    enrolment=EnrolmentWords(
        none="Niemand wird eingelernt.",
        reading="Die Galerie wird gelesen.",
        looking="Der Kiosk sieht hin.",
        writing="Die Messwerte werden verschlüsselt geschrieben.",
        done="Eingelernt als Person {number}.",
        failed="Nicht eingelernt.",
    ),
    measuring="Der Kiosk misst. Das dauert einige Sekunden.",
    no_picture="Es gibt kein Bild.",
    picture_alt="Was die Kamera jetzt sieht: {camera}",
    sharpness="Schärfe",
    light="Helligkeit",
    noise="Rauschen",
    faces="Gefundene Gesichter",
    at_face="Am Gesicht",
    px_per_m="{count} Pixel je Meter",
    px_range="{low} bis {high}, je nach Gesicht",
    norm="{norm}: ab {good} ist jeder zu identifizieren.",
    advice="Was zu verbessern ist",
    no_advice="Nichts zu verbessern.",
    in_effect="Die Zeichnung ist wirksam.",
    restart_wanted="Gespeichert. Wirksam nach einem Neustart des Kiosks.",
    drawn_saved="Die Zeichnung ist gespeichert.",
    drawn_regions="Die Teile des Automaten sind für die Vergleichsbilder vorgemerkt.",
    restart="Kiosk neu starten",
    restart_ask="Kiosk jetzt neu starten? Er sieht und speichert etwa eine Minute lang nichts; die Tür "
    "bleibt entriegelt. Diese Seite endet damit: Starten Sie den Befehl danach noch einmal, "
    "was Sie getan haben, bleibt erhalten.",
    restarting="Der Kiosk startet neu. Starten Sie in etwa einer Minute {command} und machen Sie "
    "weiter: Was Sie getan haben, bleibt erhalten.",
    empty="Die leere Kabine",
    empty_how="Verlassen Sie die Kabine und schließen Sie die Tür: Gelernt wird ohne Sie.",
    front="Die Front des Automaten",
    front_how="Gelernt werden die gezeichneten Teile: {parts}.",
    front_none="Noch ist kein Teil des Automaten gezeichnet: Zeichnen Sie zuerst Kartenschlitz oder "
    "PIN-Tastatur.",
    wide="Für Größen: Wie breit ist",
    wide_cm="in cm (leer: keine Größen)",
    learn="Lernen",
    learn_end="Anhalten",
    learn_begun="Der Kiosk lernt.",
    learn_ended="Angehalten.",
    try_it="{seconds} s lang erproben",
    try_again="Noch einmal erproben",
    trying="{output} ist an: noch {seconds} s",
    try_begun="{output} ist an.",
    never_tried="noch nicht erprobt",
    times_tried="{count}-mal erprobt",
    worked="es ging",
    not_worked="es ging nicht",
    lock_again="Die Tür noch einmal verriegeln? Sehen Sie zuerst nach, dass niemand in der Kabine ist.",
    stop="Anhalten und entriegeln",
    stopped="Angehalten: Nichts wird erprobt, die Tür ist entriegelt.",
    nothing_on="Nichts wird erprobt.",
    ended="Beendet: {why}",
    watchman_keypad="Tastatur des Wächters",
    customer_keypad="Tastatur des Kunden",
    keys_seen="{count} von {most} Tasten wurden gelesen",
    key_read="gelesen",
    key_not_read="noch nicht",
    keys_why="Welche Taste es war, steht nur hier, und nur solange die Kabine leer und kein Code "
    "unterwegs ist.",
    contact="Kontakt",
    now="Jetzt",
    seen_in="In beiden Stellungen gesehen",
    both="beide gesehen",
    one_missing="bewegen",
    cut_wire="Eine unterbrochene Leitung sieht aus wie ein Kontakt, der immer aktiv ist: Er bekommt "
    "nie seinen Haken. Prüfen Sie dann Leitung und Stecker.",
    cut_wire_open="Bei {names} sieht eine unterbrochene Leitung aus wie ein Kontakt, der nie bewegt wird: "
    "Sie sind Schließer.",
    role="Wer",
    number="Nummer",
    ends_in="endet auf {digits}",
    no_number="keine in den Einstellungen",
    test_text="Probe-SMS",
    send_text="Probe-SMS senden",
    text_sent="Eine Probe-SMS geht hinaus.",
    text_never="noch keine gesendet",
    enrol_name="Name des Besitzers",
    enrol_card="Kennung der Karte, wie der Automat sie nennt",
    enrol_phone="Telefon des Besitzers, zum Beispiel {number}",
    enrol_language="Sprache des Besitzers",
    enrol_consent="Worin der Besitzer einwilligt",
    enrol_agreed="Der Besitzer hat diese Worte gelesen oder gehört und willigt ein.",
    enrol_anyway="Das gemeinsame Telefon oder das schon bekannte Gesicht ist beabsichtigt.",
    enrol_begin="Beginnen",
    enrol_cancel="Abbrechen",
    enrol_begun="Der Kiosk sieht hin: Der Besitzer steht vor der Kamera.",
    enrol_cancelled="Abgebrochen: Nichts wird behalten.",
    enrol_not_agreed="Ohne Einwilligung wird niemand eingelernt.",
    enrol_looks="{count} von {most} Aufnahmen",
    grant_over="Die Erlaubnis dieser Seite ist abgelaufen. Starten Sie {command} noch einmal: Was Sie "
    "getan haben, bleibt erhalten.",
    text_wait="Die nächste Probe-SMS geht in {seconds} s.",
)


_HI: Final = ActWords(
    warns=WarnWords(
        large="{name} चित्र का {percent} % ढकता है।",
        faces="शुरू से {percent} % चेहरे {name} में थे: उसके पीछे का चेहरा नहीं दिखता।",
        front="{name} मशीन के एक भाग का {percent} % ढकता है: वहाँ अब कुछ नहीं देखा जाता।",
    ),
    learning=LearningWords(
        none="अभी नहीं सीखा गया।",
        running="सीख रहा है: {percent} %",
        done="सीख लिया।",
        refused="नहीं सीखा।",
    ),
    enrolment=EnrolmentWords(
        none="किसी का नामांकन नहीं हो रहा।",
        reading="गैलरी पढ़ी जा रही है।",
        looking="कियोस्क देख रहा है।",
        writing="माप कूटबद्ध लिखे जा रहे हैं।",
        done="व्यक्ति {number} के रूप में नामांकन हुआ।",
        failed="नामांकन नहीं हुआ।",
    ),
    measuring="कियोस्क नाप रहा है। कुछ सेकंड लगेंगे।",
    no_picture="कोई चित्र नहीं है।",
    picture_alt="कैमरा अभी जो देखता है: {camera}",
    sharpness="स्पष्टता",
    light="रोशनी",
    noise="शोर",
    faces="मिले चेहरे",
    at_face="चेहरे पर",
    px_per_m="{count} पिक्सेल प्रति मीटर",
    px_range="चेहरे के अनुसार {low} से {high}",
    norm="{norm}: {good} और अधिक पर किसी की भी शिनाख़्त होती है।",
    advice="क्या सुधारना है",
    no_advice="सुधारने को कुछ नहीं।",
    in_effect="जो बनाया है वह लागू है।",
    restart_wanted="सहेजा गया। कियोस्क के फिर चालू होने पर लागू होगा।",
    drawn_saved="जो बनाया है वह सहेजा गया।",
    drawn_regions="मशीन के भाग संदर्भ चित्रों के लिए रखे गए।",
    restart="कियोस्क फिर चालू करें",
    restart_ask="क्या कियोस्क अभी फिर चालू करें? लगभग एक मिनट वह न देखेगा न रखेगा; दरवाज़ा बिना लॉक "
    "रहेगा। यह पृष्ठ भी बंद होगा: बाद में आदेश फिर चलाइए, जो आपने किया वह बना रहेगा।",
    restarting="कियोस्क फिर चालू हो रहा है। लगभग एक मिनट बाद {command} चलाइए और आगे बढ़िए: जो आपने "
    "किया वह बना रहेगा।",
    empty="खाली केबिन",
    empty_how="केबिन से बाहर आइए और दरवाज़ा बंद कीजिए: सीखते समय आप उसमें न हों।",
    front="मशीन का अगला भाग",
    front_how="बनाए गए भाग सीखे जाते हैं: {parts}।",
    front_none="मशीन का कोई भाग अभी नहीं बनाया गया: पहले कार्ड का खाँचा या पिन पैड बनाइए।",
    wide="आकार के लिए: कितना चौड़ा है",
    wide_cm="सेंटीमीटर में (खाली: आकार नहीं)",
    learn="सीखें",
    learn_end="रोकें",
    learn_begun="कियोस्क सीख रहा है।",
    learn_ended="रोका गया।",
    try_it="{seconds} सेकंड आज़माएँ",
    try_again="फिर आज़माएँ",
    trying="{output} चालू: {seconds} सेकंड बाक़ी",
    try_begun="{output} चालू है।",
    never_tried="अभी नहीं आज़माया",
    times_tried="{count} बार आज़माया",
    worked="काम किया",
    not_worked="काम नहीं किया",
    lock_again="क्या दरवाज़ा फिर लॉक करें? पहले देखिए कि केबिन में कोई नहीं है।",
    stop="रोकें और लॉक खोलें",
    stopped="रोका गया: कुछ नहीं आज़माया जा रहा, दरवाज़ा बिना लॉक है।",
    nothing_on="कुछ नहीं आज़माया जा रहा।",
    ended="रुका: {why}",
    watchman_keypad="गार्ड का कीपैड",
    customer_keypad="ग्राहक का कीपैड",
    keys_seen="{most} में से {count} कुंजियाँ पढ़ी गईं",
    key_read="पढ़ी गई",
    key_not_read="अभी नहीं",
    keys_why="कौन-सी कुंजी थी यह केवल यहाँ दिखता है, और केवल जब केबिन खाली हो और कोई कोड न चल रहा हो।",
    contact="संपर्क",
    now="अभी",
    seen_in="दोनों स्थितियों में देखा",
    both="दोनों देखी गईं",
    one_missing="हिलाइए",
    cut_wire="कटा हुआ तार ऐसे संपर्क जैसा दिखता है जो हमेशा सक्रिय हो: उसे यहाँ निशान कभी नहीं "
    "मिलता। तब तार और प्लग जाँचिए।",
    cut_wire_open="{names} में कटा तार ऐसा दिखता है मानो कभी न हिलता हो: ये सामान्यतः खुले हैं।",
    role="कौन",
    number="नंबर",
    ends_in="अंत में {digits}",
    no_number="सेटिंग में नहीं",
    test_text="जाँच संदेश",
    send_text="जाँच संदेश भेजें",
    text_sent="जाँच संदेश जा रहा है।",
    text_never="अभी नहीं भेजा",
    enrol_name="मालिक का नाम",
    enrol_card="कार्ड का संकेत, जैसा मशीन बताती है",
    enrol_phone="मालिक का फ़ोन, जैसे {number}",
    enrol_language="मालिक की भाषा",
    enrol_consent="मालिक किस बात की सहमति देता है",
    enrol_agreed="मालिक ने ये शब्द पढ़े या सुने हैं और सहमत है।",
    enrol_anyway="साझा फ़ोन, या पहले से मौजूद चेहरा, जान-बूझकर है।",
    enrol_begin="शुरू करें",
    enrol_cancel="रद्द करें",
    enrol_begun="कियोस्क देख रहा है: मालिक कैमरे के सामने खड़ा हो।",
    enrol_cancelled="रद्द: कुछ नहीं रखा गया।",
    enrol_not_agreed="सहमति के बिना किसी का नामांकन नहीं होता।",
    enrol_looks="{most} में से {count} झलकियाँ",
    grant_over="इस पृष्ठ की अनुमति पूरी हुई। {command} फिर चलाइए: जो आपने किया वह बना रहेगा।",
    text_wait="अगला जाँच संदेश {seconds} सेकंड में भेजा जा सकता है।",
)

act_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
