"""The words of what is measured and tried at commissioning: advice on the view, outputs, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class ClassWords(Words):
    """What a picture is good for at the face, by the classes of IEC 62676-4."""

    none: str
    monitor: str
    detect: str
    observe: str
    recognise: str
    identify: str
    inspect: str


@dataclass(frozen=True, slots=True)
class AdviceWords(Words):
    """What to do about a view."""

    more_light: str
    less_light: str
    uneven_light: str
    noisy: str
    focus: str
    nobody: str
    closer: str
    farther: str
    turn_left: str
    turn_right: str
    tilt_up: str
    tilt_down: str
    level: str
    lower: str
    higher: str
    aside: str


@dataclass(frozen=True, slots=True)
class OutputWords(Words):
    """One word or sentence for each output that can be tried."""

    lock: str
    permit: str
    siren: str
    beeps: str
    green: str
    amber: str
    red: str
    prompt: str


@dataclass(frozen=True, slots=True)
class NotTriedWords(Words):
    """Why an output is not tried."""

    not_vacant: str
    somebody_there: str
    not_seen_empty: str
    nobody_seen_to_go: str
    door_open: str
    fire: str
    exit: str
    danger: str
    incident: str
    device_failed: str
    camera: str
    claim: str
    rests: str
    too_soon: str
    trial_runs: str
    no_number: str


@dataclass(frozen=True, slots=True)
class NotVacantWords(Words):
    """Why an unlocked cabin is not vacant."""

    after_fire: str
    fire_door: str
    released: str
    emergency: str


@dataclass(frozen=True, slots=True)
class TrialEndWords(Words):
    """What ended a trial."""

    time: str
    stopped: str
    another: str
    happened: str
    restarted: str


@dataclass(frozen=True, slots=True)
class SiteWords(Words):
    classes: ClassWords
    advice: AdviceWords
    outputs: OutputWords
    look_for: OutputWords
    not_tried: NotTriedWords
    not_vacant: NotVacantWords
    vacant_in: str
    ends: TrialEndWords


_EN: Final = SiteWords(
    classes=ClassWords(
        none="too coarse for anything",
        monitor="monitor: a crowd is seen",
        detect="detect: somebody is seen",
        observe="observe: clothes are seen",
        recognise="recognise: a known person is recognised",
        identify="identify: anybody can be identified",
        inspect="inspect: every detail is seen",
    ),
    advice=AdviceWords(
        more_light="More light on the faces.",
        less_light="Less light: parts of the picture are white.",
        uneven_light="The light is uneven: parts are white and parts are black.",
        noisy="The picture is noisy: more light, or clean the lens.",
        focus="The picture is not sharp: set the focus, clean the lens.",
        nobody="Have somebody stand where customers stand: the rest is measured at a face.",
        closer="Bring the camera closer, or use a longer lens.",
        farther="The face is cut: move the camera back, or use a wider lens.",
        turn_left="Turn the camera to the left.",
        turn_right="Turn the camera to the right.",
        tilt_up="Tilt the camera up.",
        tilt_down="Tilt the camera down.",
        level="The camera leans to one side: level it.",
        lower="It looks down on the face: mount the camera lower.",
        higher="It looks up at the face: mount the camera higher.",
        aside="The face is seen from the side: mount the camera in front of it.",
    ),
    outputs=OutputWords(
        lock="Door lock",
        permit="Permit to the machine",
        siren="Siren",
        beeps="Beeps",
        green="Green light",
        amber="Amber light",
        red="Red light",
        prompt="Loudspeaker",
    ),
    look_for=OutputWords(
        lock="Does the magnet hold the door, and let go at once afterwards?",
        permit="Does the machine take a card now, and none afterwards?",
        siren="Is the siren heard in the cabin and outside?",
        beeps="Are short beeps heard in the cabin?",
        green="Is the green light on, and no other?",
        amber="Is the amber light on, and no other?",
        red="Is the red light on, and no other?",
        prompt="Is the sentence understood everywhere in the cabin?",
    ),
    not_tried=NotTriedWords(
        not_vacant="The cabin is not vacant.",
        somebody_there="Somebody is in the cabin.",
        not_seen_empty="The camera has not seen the cabin empty yet.",
        nobody_seen_to_go="Nobody was seen to come and go alone since the start, or since the door opened "
        "last: step before the camera, go out and shut the door.",
        door_open="The door is open.",
        fire="The fire input is active.",
        exit="The exit button is pressed.",
        danger="There is danger.",
        incident="An incident is going on.",
        device_failed="A device is broken that this needs.",
        camera="The camera does not see well enough.",
        claim="The machine is asking for its owner.",
        rests="It was tried just now and rests for some seconds.",
        too_soon="It is too soon: wait a little.",
        trial_runs="An output is being tried: wait, or stop it.",
        no_number="Nobody with this role has a number in the settings.",
    ),
    not_vacant=NotVacantWords(
        after_fire="The fire contact was active: the cabin is not vacant for a while after it.",
        fire_door="The fire contact was active: somebody has to open and close the door once after it.",
        released="The door was just released.",
        emergency="The emergency is not over: a contact is active, or the exit button's time runs.",
    ),
    vacant_in="{seconds} s left at least.",
    ends=TrialEndWords(
        time="Its time was over.",
        stopped="Stopped here.",
        another="Another output was tried.",
        happened="Something happened, or a device failed: it was ended at once.",
        restarted="The kiosk started again.",
    ),
)

_DE: Final = SiteWords(
    classes=ClassWords(
        none="zu grob für alles",
        monitor="Überblick: eine Menge ist zu sehen",
        detect="Erfassen: jemand ist zu sehen",
        observe="Beobachten: Kleidung ist zu sehen",
        recognise="Wiedererkennen: Bekannte sind zu erkennen",
        identify="Identifizieren: jeder ist zu identifizieren",
        inspect="Prüfen: jede Einzelheit ist zu sehen",
    ),
    advice=AdviceWords(
        more_light="Mehr Licht auf die Gesichter.",
        less_light="Weniger Licht: Teile des Bildes sind weiß.",
        uneven_light="Das Licht ist ungleich: Teile sind weiß und Teile schwarz.",
        noisy="Das Bild rauscht: mehr Licht, oder das Objektiv putzen.",
        focus="Das Bild ist unscharf: Schärfe einstellen, Objektiv putzen.",
        nobody="Jemand soll sich dorthin stellen, wo Kunden stehen: Das Übrige wird am Gesicht gemessen.",
        closer="Kamera näher heran, oder ein längeres Objektiv.",
        farther="Das Gesicht ist abgeschnitten: Kamera zurück, oder ein weiteres Objektiv.",
        turn_left="Kamera nach links drehen.",
        turn_right="Kamera nach rechts drehen.",
        tilt_up="Kamera nach oben neigen.",
        tilt_down="Kamera nach unten neigen.",
        level="Die Kamera hängt schief: gerade ausrichten.",
        lower="Sie blickt auf das Gesicht herab: Kamera tiefer hängen.",
        higher="Sie blickt zum Gesicht hinauf: Kamera höher hängen.",
        aside="Das Gesicht ist von der Seite zu sehen: Kamera davor hängen.",
    ),
    outputs=OutputWords(
        lock="Türschloss",
        permit="Freigabe des Automaten",
        siren="Sirene",
        beeps="Pieptöne",
        green="Grünes Licht",
        amber="Gelbes Licht",
        red="Rotes Licht",
        prompt="Lautsprecher",
    ),
    look_for=OutputWords(
        lock="Hält der Magnet die Tür, und lässt er danach sofort los?",
        permit="Nimmt der Automat jetzt eine Karte an, und danach keine?",
        siren="Ist die Sirene in der Kabine und draußen zu hören?",
        beeps="Sind in der Kabine kurze Pieptöne zu hören?",
        green="Leuchtet Grün, und sonst nichts?",
        amber="Leuchtet Gelb, und sonst nichts?",
        red="Leuchtet Rot, und sonst nichts?",
        prompt="Ist der Satz überall in der Kabine zu verstehen?",
    ),
    not_tried=NotTriedWords(
        not_vacant="Die Kabine ist nicht frei.",
        somebody_there="Jemand ist in der Kabine.",
        not_seen_empty="Die Kamera hat die Kabine noch nicht leer gesehen.",
        nobody_seen_to_go="Seit dem Start oder der letzten Türöffnung wurde niemand gesehen, der "
        "allein kam und ging: vor die Kamera treten, hinausgehen, Tür schließen.",
        door_open="Die Tür steht offen.",
        fire="Der Feuerkontakt ist aktiv.",
        exit="Der Ausgangstaster ist gedrückt.",
        danger="Es besteht Gefahr.",
        incident="Ein Vorfall läuft.",
        device_failed="Ein Gerät ist defekt, das dafür gebraucht wird.",
        camera="Die Kamera sieht nicht gut genug.",
        claim="Der Automat fragt gerade nach dem Besitzer.",
        rests="Er wurde eben erprobt und ruht einige Sekunden.",
        too_soon="Es ist zu früh: warten Sie etwas.",
        trial_runs="Ein Ausgang wird gerade erprobt: warten oder anhalten.",
        no_number="Niemand in dieser Rolle hat eine Nummer in den Einstellungen.",
    ),
    not_vacant=NotVacantWords(
        after_fire="Der Feuerkontakt war aktiv: Danach ist die Kabine eine Zeit lang nicht frei.",
        fire_door="Der Feuerkontakt war aktiv: Danach muss jemand die Tür einmal öffnen und schließen.",
        released="Die Tür wurde eben freigegeben.",
        emergency="Der Notfall dauert an: Ein Kontakt ist aktiv, oder die Zeit des Ausgangstasters läuft.",
    ),
    vacant_in="Noch mindestens {seconds} s.",
    ends=TrialEndWords(
        time="Die Zeit war um.",
        stopped="Hier angehalten.",
        another="Ein anderer Ausgang wurde erprobt.",
        happened="Etwas geschah, oder ein Gerät fiel aus: sofort beendet.",
        restarted="Der Kiosk wurde neu gestartet.",
    ),
)

_HI: Final = SiteWords(
    classes=ClassWords(
        none="किसी काम के लिए पर्याप्त बारीक नहीं",
        monitor="निगरानी: भीड़ दिखती है",
        detect="पता: कोई है, यह दिखता है",
        observe="अवलोकन: कपड़े दिखते हैं",
        recognise="पहचान: जाना-पहचाना व्यक्ति पहचाना जाता है",
        identify="शिनाख़्त: किसी की भी शिनाख़्त हो सकती है",
        inspect="जाँच: हर बारीकी दिखती है",
    ),
    advice=AdviceWords(
        more_light="चेहरों पर और रोशनी चाहिए।",
        less_light="रोशनी कम करें: चित्र के हिस्से सफ़ेद हैं।",
        uneven_light="रोशनी असमान है: कुछ हिस्से सफ़ेद, कुछ काले हैं।",
        noisy="चित्र में शोर है: रोशनी बढ़ाएँ, या लेंस साफ़ करें।",
        focus="चित्र धुँधला है: फ़ोकस ठीक करें, लेंस साफ़ करें।",
        nobody="कोई वहाँ खड़ा हो जहाँ ग्राहक खड़े होते हैं: बाक़ी चेहरे पर नापा जाता है।",
        closer="कैमरा पास लाएँ, या लंबा लेंस लगाएँ।",
        farther="चेहरा कट रहा है: कैमरा पीछे करें, या चौड़ा लेंस लगाएँ।",
        turn_left="कैमरा बाईं ओर घुमाएँ।",
        turn_right="कैमरा दाईं ओर घुमाएँ।",
        tilt_up="कैमरा ऊपर झुकाएँ।",
        tilt_down="कैमरा नीचे झुकाएँ।",
        level="कैमरा तिरछा है: सीधा करें।",
        lower="कैमरा चेहरे को ऊपर से देखता है: नीचे लगाएँ।",
        higher="कैमरा चेहरे को नीचे से देखता है: ऊपर लगाएँ।",
        aside="चेहरा बग़ल से दिखता है: कैमरा सामने लगाएँ।",
    ),
    outputs=OutputWords(
        lock="दरवाज़े का लॉक",
        permit="मशीन की अनुमति",
        siren="सायरन",
        beeps="बीप",
        green="हरी बत्ती",
        amber="पीली बत्ती",
        red="लाल बत्ती",
        prompt="लाउडस्पीकर",
    ),
    look_for=OutputWords(
        lock="क्या चुंबक दरवाज़ा पकड़ता है और बाद में तुरंत छोड़ता है?",
        permit="क्या मशीन अभी कार्ड लेती है और बाद में नहीं?",
        siren="क्या सायरन केबिन में और बाहर सुनाई देता है?",
        beeps="क्या केबिन में छोटी बीप सुनाई देती हैं?",
        green="क्या केवल हरी बत्ती जल रही है?",
        amber="क्या केवल पीली बत्ती जल रही है?",
        red="क्या केवल लाल बत्ती जल रही है?",
        prompt="क्या वाक्य केबिन में हर जगह समझ आता है?",
    ),
    not_tried=NotTriedWords(
        not_vacant="केबिन खाली नहीं है।",
        somebody_there="केबिन में कोई है।",
        not_seen_empty="कैमरे ने अभी केबिन खाली नहीं देखा।",
        nobody_seen_to_go="शुरू होने या दरवाज़ा खुलने के बाद किसी को अकेले आते और जाते नहीं देखा गया: कैमरे के सामने आइए, "
        "बाहर जाइए, दरवाज़ा बंद कीजिए।",
        door_open="दरवाज़ा खुला है।",
        fire="आग का संपर्क सक्रिय है।",
        exit="निकास बटन दबा है।",
        danger="ख़तरा है।",
        incident="कोई घटना चल रही है।",
        device_failed="इसके लिए ज़रूरी एक उपकरण ख़राब है।",
        camera="कैमरा ठीक से नहीं देखता।",
        claim="मशीन अपने कार्ड के मालिक के बारे में पूछ रही है।",
        rests="अभी-अभी आज़माया गया, कुछ सेकंड रुकिए।",
        too_soon="अभी बहुत जल्दी है: थोड़ा रुकिए।",
        trial_runs="कोई आउटपुट आज़माया जा रहा है: रुकिए, या रोकिए।",
        no_number="इस भूमिका वाले का नंबर सेटिंग में नहीं है।",
    ),
    not_vacant=NotVacantWords(
        after_fire="आग का संपर्क सक्रिय था: उसके बाद केबिन कुछ समय तक खाली नहीं माना जाता।",
        fire_door="आग का संपर्क सक्रिय था: उसके बाद किसी को दरवाज़ा एक बार खोलकर बंद करना है।",
        released="दरवाज़े का लॉक अभी-अभी खोला गया।",
        emergency="आपात स्थिति चल रही है: कोई संपर्क सक्रिय है, या निकास बटन का समय चल रहा है।",
    ),
    vacant_in="कम से कम {seconds} सेकंड और।",
    ends=TrialEndWords(
        time="समय पूरा हुआ।",
        stopped="यहाँ रोका गया।",
        another="दूसरा आउटपुट आज़माया गया।",
        happened="कुछ हुआ, या कोई उपकरण ख़राब हुआ: तुरंत रोका गया।",
        restarted="कियोस्क फिर चालू हुआ।",
    ),
)

site_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)

own_name: Final = InLanguages(en="English", de="Deutsch", hi="हिन्दी")
"""What a language calls itself, for the one who has to choose."""
