"""The words of the commissioning page: its steps, what is said of them, the checklist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class StepWords(Words):
    """The steps by name."""

    aim: str
    draw: str
    references: str
    outputs: str
    keys: str
    contacts: str
    people: str
    enrol: str
    selftest: str
    checklist: str


@dataclass(frozen=True, slots=True)
class JudgedWords(Words):
    """What was said of a step."""

    open: str
    ok: str
    failed: str
    skipped: str


@dataclass(frozen=True, slots=True)
class CommissionWords(Words):
    """Around the steps, and the checklist."""

    steps: StepWords
    titles: StepWords
    leads: StepWords
    judged: JudgedWords
    title: str
    nav: str
    footer: str
    rail: str
    left: str
    over: str
    gone: str
    progress: str
    down: str
    judge: str
    note: str
    next: str
    kept: str
    not_understood: str
    yes: str
    no: str
    step: str
    result: str
    still_open: str
    never_done: str
    no_text: str
    who: str
    sign: str
    sign_ask: str
    no_name: str
    signed: str
    row: str
    head: str
    verify: str
    print: str
    cabin: str
    address: str
    signature: str
    back: str


_EN: Final = CommissionWords(
    steps=StepWords(
        aim="Aim",
        draw="Draw",
        references="References",
        outputs="Outputs",
        keys="Keys",
        contacts="Contacts",
        people="People",
        enrol="Enrol",
        selftest="Self-test",
        checklist="Checklist",
    ),
    titles=StepWords(
        aim="Aim the camera",
        draw="Draw on the picture",
        references="Take the references",
        outputs="Try each output",
        keys="Press each key",
        contacts="Move each contact",
        people="Who is told",
        enrol="Enrol a card's owner",
        selftest="Run the self-test",
        checklist="Sign the checklist",
    ),
    leads=StepWords(
        aim="Somebody stands where customers stand and looks at the machine. Turn, tilt and focus "
        "the camera until there is nothing to improve.",
        draw="Zones say where somebody may be. A mask covers the PIN pad with plain grey in every "
        "picture, before it is stored or shown. Four points on the floor tell sizes.",
        references="Nobody is in the cabin, the light is as usual, the machine is clean.",
        outputs="Each output is switched for some seconds. Look and listen, then say whether it worked. "
        "The door locks only while the cabin is empty, and anything that happens ends the "
        "trial.",
        keys="Press every key once, in any order. A key lights up here when the kiosk has read it.",
        contacts="Move each contact into both of its positions: open and close the door, press and let go. "
        "Fire comes last: after it the cabin is not vacant for {minutes} min, and no output is tried until "
        "then.",
        people="Send a test text to each and ask whether it came. Numbers are changed in the settings.",
        enrol="The owner of a card stands before the camera and agrees first.",
        selftest="Every device and file is tried once. It never moves the door.",
        checklist="Judge every step, then sign with your name. The result goes into the record for good.",
    ),
    judged=JudgedWords(
        open="open",
        ok="in order",
        failed="failed",
        skipped="skipped",
    ),
    title="Commissioning",
    nav="Commissioning",
    footer="Everything that is done here is in the record, with who and when.",
    rail="Steps",
    left="This page stays open for {minutes} min more.",
    over="The commissioning has ended. To begin again, run {command} on the kiosk and open the new link: "
    "what you have done is kept.",
    gone="This page does not reach its program any more: the commissioning has ended, or the connection to "
    "the kiosk is cut. To begin again, run {command} on the kiosk and open the new link: what you have "
    "done is kept.",
    progress="{done} of {count} steps",
    down="The kiosk does not answer now.",
    judge="How did this step come out?",
    note="Note",
    next="Next: {step}",
    kept="Kept: {step}, {judged}.",
    not_understood="That was not understood.",
    yes="Yes",
    no="No",
    step="Step",
    result="Result",
    still_open="Still to be judged: {steps}.",
    never_done="Called in order, but not seen done since this page was opened:",
    no_text="a test text that was delivered",
    who="Name of the technician",
    sign="Sign",
    sign_ask="Sign the checklist? It goes into the record and cannot be changed.",
    no_name="Put in your name.",
    signed="Signed by {name}, {time}.",
    row="Row of the record",
    head="Head of the chain",
    verify="Check it with {command}.",
    print="Page for printing",
    cabin="Cabin",
    address="Address",
    signature="Signature",
    back="Back to the steps",
)


_DE: Final = CommissionWords(
    steps=StepWords(
        aim="Ausrichten",
        draw="Zeichnen",
        references="Vergleichs\u00adbilder",
        outputs="Ausgänge",
        keys="Tasten",
        contacts="Kontakte",
        people="Empfänger",
        enrol="Einlernen",
        selftest="Selbsttest",
        checklist="Prüfliste",
    ),
    titles=StepWords(
        aim="Kamera ausrichten",
        draw="Auf dem Bild zeichnen",
        references="Vergleichsbilder aufnehmen",
        outputs="Jeden Ausgang erproben",
        keys="Jede Taste drücken",
        contacts="Jeden Kontakt bewegen",
        people="Wer benachrichtigt wird",
        enrol="Besitzer einer Karte einlernen",
        selftest="Selbsttest ausführen",
        checklist="Prüfliste unterschreiben",
    ),
    leads=StepWords(
        aim="Jemand steht, wo Kunden stehen, und blickt zum Automaten. Drehen, neigen und schärfen "
        "Sie die Kamera, bis nichts mehr zu verbessern ist.",
        draw="Bereiche sagen, wo jemand sein darf. Eine Maske deckt die PIN-Tastatur in jedem Bild "
        "grau ab, bevor es gespeichert oder gezeigt wird. Vier Punkte am Boden ergeben Größen.",
        references="Niemand ist in der Kabine, das Licht ist wie sonst, der Automat ist sauber.",
        outputs="Jeder Ausgang wird für einige Sekunden geschaltet. Sehen und hören Sie hin, und sagen "
        "Sie dann, ob es ging. Die Tür verriegelt nur, solange die Kabine leer ist, und alles, "
        "was geschieht, beendet die Probe.",
        keys="Drücken Sie jede Taste einmal, in beliebiger Folge. Hier leuchtet auf, was der Kiosk "
        "gelesen hat.",
        contacts="Bringen Sie jeden Kontakt in beide Stellungen: Tür auf und zu, drücken und loslassen. "
        "Der Feuerkontakt kommt zuletzt: Danach ist die Kabine {minutes} min lang nicht frei, und so lange "
        "wird kein Ausgang erprobt.",
        people="Senden Sie jedem eine Probe-SMS und fragen Sie, ob sie ankam. Nummern werden in den "
        "Einstellungen geändert.",
        enrol="Der Besitzer einer Karte steht vor der Kamera und willigt zuerst ein.",
        selftest="Jedes Gerät und jede Datei wird einmal geprüft. Die Tür wird nie bewegt.",
        checklist="Beurteilen Sie jeden Schritt und unterschreiben Sie mit Ihrem Namen. Das Ergebnis "
        "steht für immer im Protokoll.",
    ),
    judged=JudgedWords(
        open="offen",
        ok="in Ordnung",
        failed="nicht bestanden",
        skipped="ausgelassen",
    ),
    title="Inbetriebnahme",
    nav="Inbetriebnahme",
    footer="Alles, was hier geschieht, steht mit Namen und Zeit im Protokoll.",
    rail="Schritte",
    left="Diese Seite bleibt noch {minutes} min offen.",
    over="Die Inbetriebnahme ist beendet. Um weiterzumachen, starten Sie {command} auf dem Kiosk und öffnen "
    "Sie den neuen Link: Was Sie getan haben, bleibt erhalten.",
    gone="Diese Seite erreicht ihr Programm nicht mehr: Die Inbetriebnahme ist beendet, oder die Verbindung "
    "zum Kiosk ist unterbrochen. Um weiterzumachen, starten Sie {command} auf dem Kiosk und öffnen Sie den "
    "neuen Link: Was Sie getan haben, bleibt erhalten.",
    progress="{done} von {count} Schritten",
    down="Der Kiosk antwortet gerade nicht.",
    judge="Wie ging dieser Schritt aus?",
    note="Bemerkung",
    next="Weiter: {step}",
    kept="Festgehalten: {step}, {judged}.",
    not_understood="Das wurde nicht verstanden.",
    yes="Ja",
    no="Nein",
    step="Schritt",
    result="Ergebnis",
    still_open="Noch zu beurteilen: {steps}.",
    never_done="In Ordnung genannt, aber seit dem Öffnen dieser Seite nicht ausprobiert:",
    no_text="eine Probe-SMS, die zugestellt wurde",
    who="Name der Technikerin oder des Technikers",
    sign="Unterschreiben",
    sign_ask="Prüfliste unterschreiben? Sie steht dann unveränderlich im Protokoll.",
    no_name="Tragen Sie Ihren Namen ein.",
    signed="Unterschrieben von {name}, {time}.",
    row="Zeile im Protokoll",
    head="Kopf der Kette",
    verify="Prüfen Sie es mit {command}.",
    print="Seite zum Drucken",
    cabin="Kabine",
    address="Anschrift",
    signature="Unterschrift",
    back="Zurück zu den Schritten",
)


_HI: Final = CommissionWords(
    steps=StepWords(
        aim="दिशा",
        draw="बनाना",
        references="संदर्भ चित्र",
        outputs="आउटपुट",
        keys="कुंजियाँ",
        contacts="संपर्क",
        people="लोग",
        enrol="नामांकन",
        selftest="स्व-जाँच",
        checklist="जाँच-सूची",
    ),
    titles=StepWords(
        aim="कैमरे की दिशा ठीक करें",
        draw="चित्र पर बनाएँ",
        references="संदर्भ चित्र लें",
        outputs="हर आउटपुट आज़माएँ",
        keys="हर कुंजी दबाएँ",
        contacts="हर संपर्क हिलाएँ",
        people="किसे बताया जाता है",
        enrol="कार्ड के मालिक का नामांकन",
        selftest="स्व-जाँच चलाएँ",
        checklist="जाँच-सूची पर हस्ताक्षर करें",
    ),
    leads=StepWords(
        aim="कोई वहाँ खड़ा हो जहाँ ग्राहक खड़े होते हैं और मशीन को देखे। कैमरा घुमाएँ, झुकाएँ और "
        "फ़ोकस करें जब तक सुधारने को कुछ न बचे।",
        draw="क्षेत्र बताते हैं कि कोई कहाँ हो सकता है। पर्दा हर चित्र में पिन पैड को सपाट धूसर से "
        "ढक देता है, रखने या दिखाने से पहले। फ़र्श के चार बिंदुओं से आकार पता चलते हैं।",
        references="केबिन में कोई नहीं है, रोशनी हमेशा जैसी है, मशीन साफ़ है।",
        outputs="हर आउटपुट कुछ सेकंड के लिए चालू होता है। देखिए और सुनिए, फिर बताइए कि उसने काम किया या नहीं। "
        "दरवाज़ा केवल खाली केबिन में लॉक होता है, और कुछ भी होने पर जाँच रुक जाती है।",
        keys="हर कुंजी एक बार दबाइए, किसी भी क्रम में। कियोस्क ने जो पढ़ा वह यहाँ जल उठता है।",
        contacts="हर संपर्क को दोनों स्थितियों में लाइए: दरवाज़ा खोलिए और बंद कीजिए, दबाइए और छोड़िए। "
        "आग का संपर्क सबसे अंत में: उसके बाद केबिन {minutes} मिनट तक खाली नहीं माना जाता, और तब तक कोई आउटपुट "
        "नहीं आज़माया जाता।",
        people="हर एक को जाँच संदेश भेजिए और पूछिए कि आया या नहीं। नंबर सेटिंग में बदले जाते हैं।",
        enrol="कार्ड का मालिक कैमरे के सामने खड़ा होता है और पहले सहमति देता है।",
        selftest="हर उपकरण और फ़ाइल एक बार जाँची जाती है। दरवाज़ा कभी नहीं हिलता।",
        checklist="हर चरण का निर्णय कीजिए, फिर अपने नाम से हस्ताक्षर कीजिए। परिणाम रिकॉर्ड में हमेशा रहता है।",
    ),
    judged=JudgedWords(
        open="बाक़ी",
        ok="ठीक",
        failed="विफल",
        skipped="छोड़ा गया",
    ),
    title="स्थापना",
    nav="स्थापना",
    footer="यहाँ जो भी होता है वह नाम और समय के साथ रिकॉर्ड में है।",
    rail="चरण",
    left="यह पृष्ठ {minutes} मिनट और खुला रहेगा।",
    over="स्थापना समाप्त हो गई है। आगे बढ़ने के लिए कियोस्क पर {command} चलाइए और नया लिंक खोलिए: "
    "जो आपने किया वह बना रहेगा।",
    gone="यह पृष्ठ अब अपने प्रोग्राम तक नहीं पहुँचता: स्थापना समाप्त हो गई है, या कियोस्क से संपर्क टूट गया है। "
    "आगे बढ़ने के लिए कियोस्क पर {command} चलाइए और नया लिंक खोलिए: जो आपने किया वह बना रहेगा।",
    progress="{count} में से {done} चरण",
    down="कियोस्क अभी उत्तर नहीं दे रहा।",
    judge="यह चरण कैसा रहा?",
    note="टिप्पणी",
    next="आगे: {step}",
    kept="रखा गया: {step}, {judged}।",
    not_understood="यह समझ में नहीं आया।",
    yes="हाँ",
    no="नहीं",
    step="चरण",
    result="परिणाम",
    still_open="अभी निर्णय बाक़ी: {steps}।",
    never_done="ठीक बताया गया, पर इस पृष्ठ के खुलने के बाद किया हुआ नहीं दिखा:",
    no_text="पहुँचा हुआ जाँच संदेश",
    who="तकनीशियन का नाम",
    sign="हस्ताक्षर करें",
    sign_ask="क्या जाँच-सूची पर हस्ताक्षर करें? यह रिकॉर्ड में जाएगी और बदली नहीं जा सकेगी।",
    no_name="अपना नाम लिखिए।",
    signed="{name} के हस्ताक्षर, {time}।",
    row="रिकॉर्ड की पंक्ति",
    head="शृंखला का सिरा",
    verify="{command} से जाँचिए।",
    print="छापने का पृष्ठ",
    cabin="केबिन",
    address="पता",
    signature="हस्ताक्षर",
    back="चरणों पर वापस",
)

commission_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
