"""The words of drawing on the camera's picture: zones, masks, the machine's parts, the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class PurposeWords(Words):
    """What a zone is for, by the names of the settings."""

    machine: str
    forbidden: str
    loiter: str
    ignored: str


@dataclass(frozen=True, slots=True)
class PartWords(Words):
    """The parts of a machine's front, by the names that they are taught under."""

    slot: str
    keypad: str
    bezel: str
    hood: str
    shutter: str
    screen: str


@dataclass(frozen=True, slots=True)
class DrawWords(Words):
    """What the editor says; its script fills `{x}`, `{y}`, `{number}`, `{count}`, `{place}`,
    `{percent}` and `{most}`."""

    purposes: PurposeWords
    parts: PartWords
    canvas: str
    alt: str
    how: str
    no_script: str
    tools: str
    add_zone: str
    add_mask: str
    add_region: str
    add_floor: str
    finish: str
    undo: str
    redo: str
    remove: str
    save: str
    unsaved: str
    none: str
    drawn: str
    kind_zone: str
    kind_mask: str
    kind_region: str
    kind_floor: str
    name_zone: str
    name_mask: str
    camera_face: str
    camera_overview: str
    name: str
    part: str
    purpose: str
    hours_field: str
    width_cm: str
    depth_cm: str
    camera_height_cm: str
    points: str
    point: str
    across: str
    down: str
    change: str
    first_point: str
    add_point: str
    drop_point: str
    handle: str
    place: str
    begin: str
    put: str
    finished: str
    given_up: str
    removed: str
    moved: str
    point_removed: str
    undone: str
    redone: str
    # what is wrong with a shape
    three_points: str
    four_points: str
    many_points: str
    crosses: str
    no_inside: str
    no_name: str
    same_name: str
    hours: str
    no_time: str
    goes_around: str
    floor_small: str
    masked_much: str
    masked: str


_EN: Final = DrawWords(
    purposes=PurposeWords(
        machine="Where customers stand",
        forbidden="Where nobody may be",
        loiter="Where nobody needs to stay",
        ignored="Changes by itself, such as a screen",
    ),
    parts=PartWords(
        slot="Card slot",
        keypad="PIN pad",
        bezel="Frame of the slot",
        hood="Hood over the PIN pad",
        shutter="Cash shutter",
        screen="Screen (never compared)",
    ),
    canvas="Picture to draw on",
    alt="What the camera sees now",
    how="Choose what to draw, then set its points one after the other around it: with the mouse, with a "
    "finger, or with the arrow keys and Enter (with Shift: larger steps). The first point, a double click, "
    "Escape or the button Done ends it. After that each point can be moved, added and removed.",
    no_script="Drawing needs JavaScript in this browser.",
    tools="Tools for drawing",
    add_zone="Zone",
    add_mask="PIN pad mask",
    add_region="Part of the machine",
    add_floor="Floor",
    finish="Done",
    undo="Undo",
    redo="Redo",
    remove="Remove",
    save="Save what is drawn",
    unsaved="not saved yet",
    none="Nothing is drawn yet.",
    drawn="What is drawn",
    kind_zone="Zone",
    kind_mask="Mask: never in any picture",
    kind_region="Part of the machine",
    kind_floor="Floor",
    name_zone="Zone",
    name_mask="PIN pad",
    camera_face="camera at the machine",
    camera_overview="camera above",
    name="Name",
    part="Which part",
    purpose="What it is for",
    hours_field="Hours, such as 22:00-06:00; empty: always",
    width_cm="First to second corner, in cm",
    depth_cm="Second to third corner, in cm",
    camera_height_cm="Lens above the floor, in cm",
    points="Points, in percent of the picture",
    point="Point",
    across="from the left",
    down="from the top",
    change="Change",
    first_point="Set the first point",
    add_point="Add a point after point {number}",
    drop_point="Remove point {number}",
    handle="Point {number} of {count}: {place}",
    place="{x} % from the left, {y} % from the top",
    begin="Set the first point.",
    put="Point {number}: {place}",
    finished="Closed. Move its points until it fits, then save.",
    given_up="Too few points: given up.",
    removed="Removed.",
    moved="Moved.",
    point_removed="Point removed.",
    undone="Undone.",
    redone="Done again.",
    three_points="It needs three points at least.",
    four_points="The floor has four points: the corners of a rectangle of known size.",
    many_points="It has more than 32 points.",
    crosses="Its outline crosses itself: set the points one after the other around it.",
    no_inside="It has no inside.",
    no_name="It needs a name.",
    same_name="Another one has this name.",
    hours="Hours are written such as 22:00-06:00.",
    no_time="These hours are no time at all; leave them empty for always.",
    goes_around="The corners must go around the rectangle, one after the other.",
    floor_small="The corners lie too close together to measure anything.",
    masked_much="More than {most} % is refused: somebody could stand behind the masks.",
    masked="The masks cover {percent} % of the picture.",
)

_DE: Final = DrawWords(
    purposes=PurposeWords(
        machine="Wo Kunden stehen",
        forbidden="Wo niemand sein darf",
        loiter="Wo niemand bleiben muss",
        ignored="Ändert sich von selbst, wie ein Bildschirm",
    ),
    parts=PartWords(
        slot="Kartenschlitz",
        keypad="PIN-Tastatur",
        bezel="Rahmen des Schlitzes",
        hood="Sichtschutz über der PIN-Tastatur",
        shutter="Geldausgabe",
        screen="Bildschirm (wird nie verglichen)",
    ),
    canvas="Bild zum Zeichnen",
    alt="Was die Kamera jetzt sieht",
    how="Wählen Sie, was Sie zeichnen, und setzen Sie die Punkte nacheinander rundherum: mit der Maus, mit "
    "dem Finger oder mit Pfeiltasten und Eingabetaste (mit Umschalt in größeren Schritten). Der erste "
    "Punkt, ein Doppelklick, Escape oder die Taste Fertig schließt die Form. Danach lässt sich jeder "
    "Punkt verschieben, ergänzen und entfernen.",
    no_script="Zum Zeichnen muss JavaScript in diesem Browser erlaubt sein.",
    tools="Werkzeuge zum Zeichnen",
    add_zone="Bereich",
    add_mask="Maske der PIN-Tastatur",
    add_region="Teil des Automaten",
    add_floor="Boden",
    finish="Fertig",
    undo="Rückgängig",
    redo="Wiederholen",
    remove="Entfernen",
    save="Zeichnung speichern",
    unsaved="noch nicht gespeichert",
    none="Noch ist nichts gezeichnet.",
    drawn="Was gezeichnet ist",
    kind_zone="Bereich",
    kind_mask="Maske: nie auf einem Bild",
    kind_region="Teil des Automaten",
    kind_floor="Boden",
    name_zone="Bereich",
    name_mask="PIN-Tastatur",
    camera_face="Kamera am Automaten",
    camera_overview="Kamera an der Decke",
    name="Bezeichnung",
    part="Welcher Teil",
    purpose="Wozu er dient",
    hours_field="Uhrzeit, zum Beispiel 22:00-06:00; leer: immer",
    width_cm="Erste bis zweite Ecke in cm",
    depth_cm="Zweite bis dritte Ecke in cm",
    camera_height_cm="Objektiv über dem Boden in cm",
    points="Punkte in Prozent des Bildes",
    point="Punkt",
    across="von links",
    down="von oben",
    change="Ändern",
    first_point="Ersten Punkt setzen",
    add_point="Punkt nach Punkt {number} ergänzen",
    drop_point="Punkt {number} entfernen",
    handle="Punkt {number} von {count}: {place}",
    place="{x} % von links, {y} % von oben",
    begin="Setzen Sie den ersten Punkt.",
    put="Punkt {number} gesetzt: {place}",
    finished="Geschlossen. Verschieben Sie die Punkte, bis es passt, und speichern Sie dann.",
    given_up="Zu wenige Punkte: verworfen.",
    removed="Entfernt.",
    moved="Verschoben.",
    point_removed="Punkt entfernt.",
    undone="Rückgängig gemacht.",
    redone="Wiederholt.",
    three_points="Es braucht mindestens drei Punkte.",
    four_points="Der Boden hat vier Punkte: die Ecken eines Rechtecks bekannter Größe.",
    many_points="Es sind mehr als 32 Punkte.",
    crosses="Der Umriss kreuzt sich selbst: Setzen Sie die Punkte nacheinander rundherum.",
    no_inside="Es hat kein Inneres.",
    no_name="Es braucht eine Bezeichnung.",
    same_name="So heißt schon etwas anderes.",
    hours="Uhrzeiten werden so geschrieben: 22:00-06:00.",
    no_time="Diese Uhrzeiten sind gar keine Zeit; lassen Sie das Feld leer für immer.",
    goes_around="Die Ecken müssen nacheinander um das Rechteck gehen.",
    floor_small="Die Ecken liegen zu dicht beieinander, um etwas zu messen.",
    masked_much="Mehr als {most} % wird abgelehnt: Hinter den Masken könnte jemand stehen.",
    masked="Die Masken bedecken {percent} % des Bildes.",
)

_HI: Final = DrawWords(
    purposes=PurposeWords(
        machine="जहाँ ग्राहक खड़े होते हैं",
        forbidden="जहाँ किसी को नहीं होना चाहिए",
        loiter="जहाँ रुकने की ज़रूरत नहीं",
        ignored="अपने-आप बदलता है, जैसे स्क्रीन",
    ),
    parts=PartWords(
        slot="कार्ड का खाँचा",
        keypad="पिन पैड",
        bezel="खाँचे का घेरा",
        hood="पिन पैड की ओट",
        shutter="नक़दी का द्वार",
        screen="स्क्रीन (कभी मिलाई नहीं जाती)",
    ),
    canvas="चित्र, जिस पर बनाना है",
    alt="कैमरा अभी जो देखता है",
    how="चुनिए कि क्या बनाना है, फिर उसके चारों ओर एक के बाद एक बिंदु रखिए: माउस से, उँगली से, या तीर वाली "
    "कुंजियों और एंटर से (शिफ़्ट के साथ बड़े क़दम)। पहला बिंदु, दो बार क्लिक, एस्केप या बटन पूरा इसे बंद करता है। "
    "उसके बाद हर बिंदु खिसकाया, जोड़ा और हटाया जा सकता है।",
    no_script="बनाने के लिए इस ब्राउज़र में जावास्क्रिप्ट चाहिए।",
    tools="बनाने के औज़ार",
    add_zone="क्षेत्र",
    add_mask="पिन पैड का पर्दा",
    add_region="मशीन का भाग",
    add_floor="फ़र्श",
    finish="पूरा",
    undo="वापस लें",
    redo="फिर करें",
    remove="हटाएँ",
    save="जो बनाया है उसे सहेजें",
    unsaved="अभी सहेजा नहीं गया",
    none="अभी कुछ नहीं बनाया गया।",
    drawn="जो बनाया गया है",
    kind_zone="क्षेत्र",
    kind_mask="पर्दा: किसी चित्र में कभी नहीं",
    kind_region="मशीन का भाग",
    kind_floor="फ़र्श",
    name_zone="क्षेत्र",
    name_mask="पिन पैड",
    camera_face="मशीन का कैमरा",
    camera_overview="ऊपर का कैमरा",
    name="नाम",
    part="कौन-सा भाग",
    purpose="किस काम का",
    hours_field="समय, जैसे 22:00-06:00; खाली: हमेशा",
    width_cm="पहले से दूसरे कोने तक, सेंटीमीटर",
    depth_cm="दूसरे से तीसरे कोने तक, सेंटीमीटर",
    camera_height_cm="फ़र्श से लेंस की ऊँचाई, सेंटीमीटर",
    points="बिंदु, चित्र के प्रतिशत में",
    point="बिंदु",
    across="बाएँ से",
    down="ऊपर से",
    change="बदलें",
    first_point="पहला बिंदु रखें",
    add_point="बिंदु {number} के बाद बिंदु जोड़ें",
    drop_point="बिंदु {number} हटाएँ",
    handle="{count} में से बिंदु {number}: {place}",
    place="बाएँ से {x} %, ऊपर से {y} %",
    begin="पहला बिंदु रखिए।",
    put="बिंदु {number} रखा गया: {place}",
    finished="बंद हुआ। बिंदु खिसकाइए जब तक ठीक न बैठे, फिर सहेजिए।",
    given_up="बिंदु कम हैं: छोड़ दिया गया।",
    removed="हटा दिया गया।",
    moved="खिसका दिया गया।",
    point_removed="बिंदु हटा दिया गया।",
    undone="वापस लिया गया।",
    redone="फिर किया गया।",
    three_points="कम से कम तीन बिंदु चाहिए।",
    four_points="फ़र्श के चार बिंदु होते हैं: ज्ञात आकार के आयत के कोने।",
    many_points="32 से अधिक बिंदु हैं।",
    crosses="रेखा अपने को काटती है: बिंदु चारों ओर एक के बाद एक रखिए।",
    no_inside="इसके भीतर कोई जगह नहीं है।",
    no_name="नाम चाहिए।",
    same_name="यह नाम पहले से है।",
    hours="समय ऐसे लिखिए: 22:00-06:00।",
    no_time="यह कोई समय नहीं हुआ; हमेशा के लिए खाली छोड़िए।",
    goes_around="कोने आयत के चारों ओर एक के बाद एक होने चाहिए।",
    floor_small="कोने इतने पास हैं कि कुछ नापा नहीं जा सकता।",
    masked_much="{most} % से अधिक नहीं लिया जाता: पर्दों के पीछे कोई खड़ा हो सकता है।",
    masked="पर्दे चित्र का {percent} % ढकते हैं।",
)

draw_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
