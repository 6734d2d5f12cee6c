"""The words of measuring on the floor: a line of known length, and a thing that stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class FloorWords(Words):
    """What stands in the form, and what it answers."""

    title: str
    how: str
    first: str
    second: str
    across: str
    down: str
    true_cm: str
    measure: str
    pick: str
    pick_first: str
    pick_second: str
    picked: str
    no_floor: str
    no_length: str
    line: str
    longer: str
    shorter: str
    good: str
    fair: str
    poor: str
    thing: str
    thing_wide: str


_EN: Final = FloorWords(
    title="Measure on the floor",
    how="Choose the two ends of something on the floor whose length you know, such as a tile or your tape. "
    "The marks as they are now are used, saved or not. For the size of a thing that stands there choose two "
    "opposite corners of the box around it, and leave the length empty.",
    first="First point",
    second="Second point",
    across="to the right, %",
    down="down, %",
    true_cm="How long it is, in cm (empty: not known)",
    measure="Measure",
    pick="Choose on the picture",
    pick_first="Press on the first end of the line on the picture. Escape ends it.",
    pick_second="Now press on the other end.",
    picked="Both ends are chosen.",
    no_floor="Draw the floor first: four points, its two sides and the height of the lens.",
    no_length="One of the two points does not lie on the floor that the marks describe.",
    line="By the marks this line is {cm} cm long.",
    longer="That is {percent} % more than the {true} cm that you measured.",
    shorter="That is {percent} % less than the {true} cm that you measured.",
    good="The floor is right.",
    fair="Good enough to tell a bag from a bottle; better corners would give better sizes.",
    poor="Too far off: look at the corners, their two sides and the height of the lens again.",
    thing="A thing on the floor that fills the box between the two points is {width} cm wide and {height} cm "
    "high.",
    thing_wide="A thing on the floor that fills the box between the two points is {width} cm wide.",
)

_DE: Final = FloorWords(
    title="Auf dem Boden messen",
    how="Wählen Sie die beiden Enden von etwas auf dem Boden, dessen Länge Sie kennen, etwa eine Fliese oder "
    "Ihr Maßband. Es gelten die Marken, wie sie jetzt sind, gespeichert oder nicht. Für die Größe eines "
    "Gegenstands, der dort steht, wählen Sie zwei gegenüberliegende Ecken des Kastens darum und lassen die "
    "Länge leer.",
    first="Erster Punkt",
    second="Zweiter Punkt",
    across="nach rechts, in %",
    down="nach unten, in %",
    true_cm="Wie lang es ist, in cm (leer: nicht bekannt)",
    measure="Messen",
    pick="Im Bild wählen",
    pick_first="Klicken oder tippen Sie im Bild auf das erste Ende der Strecke. Die Escape-Taste bricht ab.",
    pick_second="Klicken oder tippen Sie nun auf das andere Ende.",
    picked="Beide Enden sind gewählt.",
    no_floor="Zeichnen Sie zuerst den Boden: vier Punkte, seine beiden Seiten und die Höhe des Objektivs.",
    no_length="Einer der beiden Punkte liegt nicht auf dem Boden, den die Marken beschreiben.",
    line="Nach den Marken ist diese Strecke {cm} cm lang.",
    longer="Das sind {percent} % mehr als die {true} cm, die Sie gemessen haben.",
    shorter="Das sind {percent} % weniger als die {true} cm, die Sie gemessen haben.",
    good="Der Boden stimmt.",
    fair="Genau genug, um eine Tasche von einer Flasche zu unterscheiden; bessere Ecken geben bessere "
    "Größen.",
    poor="Zu weit daneben: Prüfen Sie die Ecken, die beiden Seiten und die Höhe des Objektivs noch einmal.",
    thing="Ein Gegenstand auf dem Boden, der den Kasten zwischen den Punkten füllt, ist {width} cm breit und "
    "{height} cm hoch.",
    thing_wide="Ein Gegenstand auf dem Boden, der den Kasten zwischen den Punkten füllt, ist {width} cm "
    "breit.",
)

_HI: Final = FloorWords(
    title="फ़र्श पर नापें",
    how="फ़र्श पर किसी ऐसी चीज़ के दोनों सिरे चुनें जिसकी लंबाई आप जानते हैं, जैसे कोई टाइल या आपका फीता। निशान जैसे अभी "
    "हैं वैसे ही लिए जाते हैं, सहेजे हुए हों या नहीं। वहाँ रखी किसी चीज़ की नाप के लिए उसके चारों ओर के डिब्बे के दो आमने-सामने "
    "के कोने चुनें और लंबाई खाली छोड़ दें।",
    first="पहला बिंदु",
    second="दूसरा बिंदु",
    across="दाईं ओर, %",
    down="नीचे, %",
    true_cm="वह कितनी लंबी है, सेंटीमीटर में (खाली: पता नहीं)",
    measure="नापें",
    pick="चित्र पर चुनें",
    pick_first="चित्र पर रेखा के पहले सिरे को दबाएँ। एस्केप कुंजी से यह रुक जाता है।",
    pick_second="अब दूसरे सिरे को दबाएँ।",
    picked="दोनों सिरे चुन लिए गए हैं।",
    no_floor="पहले फ़र्श बनाएँ: चार बिंदु, उसकी दो भुजाएँ और लेंस की ऊँचाई।",
    no_length="दोनों बिंदुओं में से एक उस फ़र्श पर नहीं है जिसे निशान बताते हैं।",
    line="निशानों के अनुसार यह रेखा {cm} सेंटीमीटर लंबी है।",
    longer="यह आपके नापे हुए {true} सेंटीमीटर से {percent} % ज़्यादा है।",
    shorter="यह आपके नापे हुए {true} सेंटीमीटर से {percent} % कम है।",
    good="फ़र्श सही है।",
    fair="थैले और बोतल में फ़र्क करने के लिए काफ़ी है; बेहतर कोनों से नाप बेहतर होंगे।",
    poor="बहुत अंतर है: कोनों, दोनों भुजाओं और लेंस की ऊँचाई को फिर से देखें।",
    thing="फ़र्श पर रखी जो चीज़ दोनों बिंदुओं के बीच का डिब्बा भरती है, वह {width} सेंटीमीटर चौड़ी और "
    "{height} सेंटीमीटर ऊँची है।",
    thing_wide="फ़र्श पर रखी जो चीज़ दोनों बिंदुओं के बीच का डिब्बा भरती है, वह {width} सेंटीमीटर चौड़ी है।",
)

floor_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
