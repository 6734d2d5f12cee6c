"""The words of the bench page, in every language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words
from edge.words.pages import bench_table
from edge.words.pages.bench_table import TableWords


@dataclass(frozen=True, slots=True)
class FaultGroups(Words):
    """The groups of faults, by the names that the bench gives them."""

    modem: str
    camera: str
    disk: str
    clock: str
    prompt: str
    threads: str
    relays: str
    keypad: str
    wires: str
    sounder: str
    machine: str


@dataclass(frozen=True, slots=True)
class StageWords(Words):
    """What may be set on stage: where somebody looks, light, lens, front, where pictures are from."""

    front: str
    away: str
    left: str
    right: str
    up: str
    down: str
    crouch: str
    stand: str
    photo: str
    held: str
    no_photo: str
    on: str
    dim: str
    off: str
    clear: str
    covered: str
    sprayed: str
    blurred: str
    moved: str
    white: str
    frozen: str
    whole: str
    skimmer: str
    stripped: str
    taught: str
    staged: str
    webcam: str
    clip: str


@dataclass(frozen=True, slots=True)
class PersonWords(Words):
    """Whose telephone it is, by what `sms from` calls them; the owner of a card by name."""

    watchman: str
    watchman2: str
    control_room: str
    stranger: str
    owner: str


@dataclass(frozen=True, slots=True)
class StoryWords(Words):
    """Stories: what is done with one, and how far it has come."""

    none: str
    choose: str
    play: str
    pause: str
    go: str
    step: str
    stop: str
    record: str
    end: str
    name: str
    save: str
    folder: str
    run: str
    playing: str
    paused: str
    recording: str
    recorded: str
    count: str
    waiting: str
    not_played: str
    of_all: str
    passed: str
    failed: str
    line: str
    pace: str
    fastest: str


@dataclass(frozen=True, slots=True)
class BenchWords(Words):
    """The bench page: its families of words, then what stands once."""

    groups: FaultGroups
    stages: StageWords
    persons: PersonWords
    story: StoryWords
    table: TableWords
    # around
    title: str
    footer: str
    cabin: str
    picture: str
    keypad: str
    phones: str
    contacts: str
    stage: str
    faults: str
    states: str
    next: str
    stories: str
    log: str
    # what is the matter with the cabin itself
    off: str
    off_means: str
    booting: str
    booting_means: str
    silent: str
    silent_means: str
    late: str
    act_late: str
    other_version: str
    not_done: str
    # the plug
    plug_out: str
    plug_in: str
    restart: str
    release: str
    # the cabin in words
    door: str
    door_open: str
    door_closed: str
    door_locked: str
    door_unlocked: str
    machine: str
    machine_on: str
    machine_off: str
    siren: str
    silent_siren: str
    beeps: str
    sirens: str
    lamps: str
    green: str
    amber: str
    red: str
    no_lamp: str
    inside: str
    nobody: str
    with_covers: str
    said: str
    said_nothing: str
    sound_on: str
    sound_off: str
    sound_note: str
    # the keypad
    keypad_field: str
    keypad_note: str
    keypad_stuck: str
    key: str
    key_free: str
    pad: str
    # telephones
    phone_of: str
    no_texts: str
    from_kiosk: str
    to_kiosk: str
    write: str
    send: str
    type_code: str
    quick: str
    # contacts
    press: str
    hold: str
    let_go: str
    open: str
    close: str
    open_briefly: str
    wire: str
    whole_wire: str
    cut_wire: str
    unreadable_wire: str
    not_fitted: str
    active: str
    quiet: str
    # stage
    name: str
    enter: str
    wearing: str
    leave: str
    leaving: str
    looks: str
    photo: str
    light: str
    lens: str
    machine_front: str
    source: str
    device: str
    change: str
    only_staged: str
    claim: str
    claim_end: str
    claim_code: str
    # faults
    search: str
    on_now: str
    all_well: str
    none_found: str
    switch_off: str
    jump: str
    # states
    ways_from_here: str
    last_way: str
    # what comes next
    deadlines: str
    no_deadline: str
    stands_still: str
    seconds: str
    door_now: str
    door_is_open: str
    lock_is_on: str
    trying: str
    trying_means: str
    would_open: str
    would_not: str
    # the log
    log_note: str
    nothing_yet: str
    words_field: str
    do: str


_EN: Final = BenchWords(
    groups=FaultGroups(
        modem="Modem",
        camera="Camera",
        disk="Disk",
        clock="Clock",
        prompt="Loudspeaker",
        threads="Threads",
        relays="Relays",
        keypad="Keypad",
        wires="Wires",
        sounder="Sounder",
        machine="Line to the machine",
    ),
    stages=StageWords(
        front="to the camera",
        away="away",
        left="left",
        right="right",
        up="up",
        down="down",
        crouch="Crouch",
        stand="Stand up",
        photo="photo, still",
        held="photo in the hand",
        no_photo="no photo",
        on="on",
        dim="dim",
        off="off",
        clear="clear",
        covered="covered",
        sprayed="sprayed",
        blurred="blurred",
        moved="moved",
        white="torch into it",
        frozen="frozen",
        whole="whole",
        skimmer="skimmer on it",
        stripped="stripped",
        taught="Learn it as it is",
        staged="staged people",
        webcam="your webcam",
        clip="a recording",
    ),
    persons=PersonWords(
        watchman="Watchman",
        watchman2="Second watchman",
        control_room="Control room",
        stranger="Somebody unknown",
        owner="Card owner {name}",
    ),
    story=StoryWords(
        none="No story plays.",
        choose="Story",
        play="Play",
        pause="Pause",
        go="Go on",
        step="Next line",
        stop="Stop",
        record="Record",
        end="End recording",
        name="Name of the story",
        save="Save",
        folder="Folder of stories",
        run="Play the folder",
        playing="plays",
        paused="paused",
        recording="What you do is being recorded.",
        recorded="Recorded and not saved yet.",
        count="lines: {count}",
        waiting="waits",
        not_played="cannot be played",
        of_all="{well} of {all} passed",
        passed="passed",
        failed="failed",
        line="line {line} of {lines}",
        pace="Pace",
        fastest="as fast as it goes",
    ),
    table=bench_table.ENGLISH,
    title="Bench",
    footer="A simulated cabin: nothing here moves a real door.",
    cabin="The cabin",
    picture="What the camera sees",
    keypad="Keypad outside",
    phones="Telephones",
    contacts="Contacts",
    stage="People and scene",
    faults="Faults",
    states="States",
    next="What comes next",
    stories="Stories",
    log="What happened",
    off="Without power",
    off_means="The plug is out: the relays have fallen back, the door is unlocked.",
    booting="Starting",
    booting_means="The program is being started. What was seen last stays until it answers.",
    silent="No answer",
    silent_means="The simulated cabin does not answer. This page goes on asking.",
    late="The simulated cabin is slow: what stands here is {seconds} s old.",
    act_late="The simulated cabin is slow: it has not answered yet, and may still do it.",
    other_version="Another version of the program answers; start the bench again.",
    not_done="Not done",
    plug_out="Pull the plug",
    plug_in="Put the plug in",
    restart="Restart",
    release="Release on the spot",
    door="Door",
    door_open="open",
    door_closed="closed",
    door_locked="locked",
    door_unlocked="unlocked",
    machine="Machine",
    machine_on="may be used",
    machine_off="closed",
    siren="Siren",
    silent_siren="silent",
    beeps="beeps",
    sirens="sounds",
    lamps="Lights",
    green="green",
    amber="amber",
    red="red",
    no_lamp="all off",
    inside="Inside",
    nobody="nobody",
    with_covers="{name}: {covers}",
    said="The loudspeaker",
    said_nothing="It has said nothing yet.",
    sound_on="Sound on",
    sound_off="Sound off",
    sound_note="Siren and words of the cabin, in this browser.",
    keypad_field="Keypad: click the keys, or type here",
    keypad_note=(
        "Digits, * and # of your keyboard are typed while the keypad has the focus. Hold a key: it sticks."
    ),
    keypad_stuck="Stuck down: {keys}",
    key="Key {key}",
    key_free="Let {key} come up",
    pad="Customer's keypad inside",
    phone_of="Telephone: {who}",
    no_texts="No texts yet.",
    from_kiosk="received",
    to_kiosk="sent",
    write="Text to the kiosk",
    send="Send",
    type_code="Type {code}",
    quick="Quick replies",
    press="Press",
    hold="Hold",
    let_go="Let go",
    open="Open",
    close="Close",
    open_briefly="Open and close",
    wire="Wire",
    whole_wire="whole",
    cut_wire="cut",
    unreadable_wire="unreadable",
    not_fitted="not fitted",
    active="active",
    quiet="quiet",
    name="Name",
    enter="Enter",
    wearing="Wearing",
    leave="Leave",
    leaving="is leaving",
    looks="Looks",
    photo="Photo",
    light="Light",
    lens="Lens",
    machine_front="Front of the machine",
    source="Pictures from",
    device="Number of the webcam, or path of the recording",
    change="Change",
    only_staged="Only staged people can be directed.",
    claim="Card into the machine",
    claim_end="Machine is done",
    claim_code="Ask for the owner's code",
    search="Search a fault",
    on_now="On now",
    all_well="Nothing is broken.",
    none_found="No fault of that name.",
    switch_off="Switch off",
    jump="Clock jumps by seconds",
    ways_from_here="From here",
    last_way="Last way: {source} to {to}",
    deadlines="Deadlines",
    no_deadline="The cabin waits for no time.",
    stands_still="stands still",
    seconds="{seconds} s",
    door_now="What would open the door now",
    door_is_open="The door is unlocked.",
    lock_is_on="The lock is on, though the program does not ask for it.",
    trying="Being tried: {output}",
    trying_means="An output is being tried in the empty cabin, for some seconds:",
    would_open="opens",
    would_not="does not open",
    log_note="The newest stands at the top.",
    nothing_yet="Nothing yet.",
    words_field="In the words of the prompt",
    do="Do it",
)

_DE: Final = BenchWords(
    groups=FaultGroups(
        modem="Modem",
        camera="Kamera",
        disk="Speicher",
        clock="Uhr",
        prompt="Lautsprecher",
        threads="Programmteile",
        relays="Relais",
        keypad="Tastatur",
        wires="Leitungen",
        sounder="Signalgeber",
        machine="Leitung zum Automaten",
    ),
    stages=StageWords(
        front="zur Kamera",
        away="weg",
        left="links",
        right="rechts",
        up="nach oben",
        down="nach unten",
        crouch="In die Hocke gehen",
        stand="Aufstehen",
        photo="Foto, unbewegt",
        held="Foto in der Hand",
        no_photo="kein Foto",
        on="an",
        dim="schwach",
        off="aus",
        clear="klar",
        covered="verdeckt",
        sprayed="besprüht",
        blurred="unscharf",
        moved="verschoben",
        white="geblendet",
        frozen="eingefroren",
        whole="unversehrt",
        skimmer="mit Skimmer",
        stripped="abgerissen",
        taught="So einlernen",
        staged="gespielte Personen",
        webcam="Ihre Webcam",
        clip="eine Aufnahme",
    ),
    persons=PersonWords(
        watchman="Wächter",
        watchman2="Zweiter Wächter",
        control_room="Leitstelle",
        stranger="Unbekannte Person",
        owner="Karteninhaber {name}",
    ),
    story=StoryWords(
        none="Es läuft kein Ablauf.",
        choose="Ablauf",
        play="Abspielen",
        pause="Anhalten",
        go="Weiter",
        step="Nächste Zeile",
        stop="Abbrechen",
        record="Aufzeichnen",
        end="Aufzeichnung beenden",
        name="Name des Ablaufs",
        save="Speichern",
        folder="Ordner mit Abläufen",
        run="Ordner abspielen",
        playing="läuft",
        paused="angehalten",
        recording="Was Sie tun, wird aufgezeichnet.",
        recorded="Aufgezeichnet und noch nicht gespeichert.",
        count="Zeilen: {count}",
        waiting="wartet",
        not_played="nicht spielbar",
        of_all="{well} von {all} bestanden",
        passed="bestanden",
        failed="gescheitert",
        line="Zeile {line} von {lines}",
        pace="Tempo",
        fastest="so schnell es geht",
    ),
    table=bench_table.GERMAN,
    title="Prüfstand",
    footer="Eine nachgebildete Kabine: nichts hier bewegt eine echte Tür.",
    cabin="Die Kabine",
    picture="Was die Kamera sieht",
    keypad="Tastatur außen",
    phones="Telefone",
    contacts="Kontakte",
    stage="Personen und Szene",
    faults="Fehler",
    states="Zustände",
    next="Was als Nächstes kommt",
    stories="Abläufe",
    log="Was geschah",
    off="Ohne Strom",
    off_means="Der Stecker ist gezogen: die Relais sind abgefallen, die Tür ist entriegelt.",
    booting="Startet",
    booting_means="Das Programm wird gestartet. Das zuletzt Gesehene bleibt, bis es antwortet.",
    silent="Keine Antwort",
    silent_means="Die nachgebildete Kabine antwortet nicht. Diese Seite fragt weiter.",
    late="Die nachgebildete Kabine ist langsam: was hier steht, ist {seconds} s alt.",
    act_late="Die nachgebildete Kabine ist langsam: keine Antwort bisher, vielleicht tut sie es noch.",
    other_version="Eine andere Version des Programms antwortet; starten Sie den Prüfstand neu.",
    not_done="Nicht getan",
    plug_out="Stecker ziehen",
    plug_in="Stecker einstecken",
    restart="Neu starten",
    release="Vor Ort freigeben",
    door="Tür",
    door_open="offen",
    door_closed="zu",
    door_locked="verriegelt",
    door_unlocked="entriegelt",
    machine="Automat",
    machine_on="benutzbar",
    machine_off="gesperrt",
    siren="Sirene",
    silent_siren="still",
    beeps="piept",
    sirens="heult",
    lamps="Lampen",
    green="grün",
    amber="gelb",
    red="rot",
    no_lamp="alle aus",
    inside="Drinnen",
    nobody="niemand",
    with_covers="{name}: {covers}",
    said="Der Lautsprecher",
    said_nothing="Er hat noch nichts gesagt.",
    sound_on="Ton an",
    sound_off="Ton aus",
    sound_note="Sirene und Worte der Kabine, in diesem Browser.",
    keypad_field="Tastatur: Tasten anklicken oder hier tippen",
    keypad_note=(
        "Ziffern, * und # Ihrer Tastatur werden getippt, solange das Feld den Fokus hat. "
        "Eine Taste lange halten: sie klemmt."
    ),
    keypad_stuck="Klemmt: {keys}",
    key="Taste {key}",
    key_free="{key} lösen",
    pad="Kundentastatur innen",
    phone_of="Telefon: {who}",
    no_texts="Noch keine Nachrichten.",
    from_kiosk="empfangen",
    to_kiosk="gesendet",
    write="Nachricht an den Kiosk",
    send="Senden",
    type_code="{code} tippen",
    quick="Schnelle Antworten",
    press="Drücken",
    hold="Halten",
    let_go="Loslassen",
    open="Öffnen",
    close="Schließen",
    open_briefly="Auf und zu",
    wire="Leitung",
    whole_wire="heil",
    cut_wire="durchtrennt",
    unreadable_wire="nicht lesbar",
    not_fitted="nicht verbaut",
    active="aktiv",
    quiet="ruhig",
    name="Vorname",
    enter="Eintreten",
    wearing="Trägt",
    leave="Hinausgehen",
    leaving="geht hinaus",
    looks="Blick",
    photo="Foto",
    light="Licht",
    lens="Objektiv",
    machine_front="Front des Automaten",
    source="Bilder von",
    device="Nummer der Webcam oder Pfad der Aufnahme",
    change="Wechseln",
    only_staged="Nur gespielte Personen lassen sich führen.",
    claim="Karte in den Automaten",
    claim_end="Automat ist fertig",
    claim_code="Code des Inhabers anfordern",
    search="Fehler suchen",
    on_now="Jetzt an",
    all_well="Nichts ist kaputt.",
    none_found="Kein Fehler mit diesem Namen.",
    switch_off="Ausschalten",
    jump="Uhr verstellen, in Sekunden",
    ways_from_here="Von hier",
    last_way="Letzter Weg: {source} nach {to}",
    deadlines="Fristen",
    no_deadline="Die Kabine wartet auf keine Zeit.",
    stands_still="steht",
    seconds="{seconds} s",
    door_now="Was die Tür jetzt öffnen würde",
    door_is_open="Die Tür ist entriegelt.",
    lock_is_on="Das Schloss ist angezogen, obwohl das Programm es nicht verlangt.",
    trying="In Erprobung: {output}",
    trying_means="Ein Ausgang wird in der leeren Kabine erprobt, für einige Sekunden:",
    would_open="öffnet",
    would_not="öffnet nicht",
    log_note="Das Neueste steht oben.",
    nothing_yet="Noch nichts.",
    words_field="In den Worten der Eingabezeile",
    do="Ausführen",
)

_HI: Final = BenchWords(
    groups=FaultGroups(
        modem="मॉडेम",
        camera="कैमरा",
        disk="डिस्क",
        clock="घड़ी",
        prompt="लाउडस्पीकर",
        threads="थ्रेड",
        relays="रिले",
        keypad="कीपैड",
        wires="तार",
        sounder="बज़र",
        machine="मशीन की लाइन",
    ),
    stages=StageWords(
        front="कैमरे की ओर",
        away="दूसरी ओर",
        left="बाएँ",
        right="दाएँ",
        up="ऊपर",
        down="नीचे",
        crouch="उकड़ू बैठें",
        stand="खड़े हों",
        photo="फ़ोटो, स्थिर",
        held="हाथ में फ़ोटो",
        no_photo="फ़ोटो नहीं",
        on="चालू",
        dim="धीमी",
        off="बंद",
        clear="साफ़",
        covered="ढका",
        sprayed="रंग छिड़का",
        blurred="धुँधला",
        moved="खिसका",
        white="टॉर्च की रोशनी",
        frozen="ठहरा हुआ",
        whole="सही",
        skimmer="स्किमर लगा",
        stripped="उखाड़ा हुआ",
        taught="जैसा है वैसा सीखें",
        staged="बनावटी लोग",
        webcam="आपका वेबकैम",
        clip="रिकॉर्डिंग",
    ),
    persons=PersonWords(
        watchman="गार्ड",
        watchman2="दूसरा गार्ड",
        control_room="नियंत्रण कक्ष",
        stranger="कोई अनजान",
        owner="कार्ड का मालिक {name}",
    ),
    story=StoryWords(
        none="कोई कहानी नहीं चल रही।",
        choose="कहानी",
        play="चलाएँ",
        pause="रोकें",
        go="आगे चलें",
        step="अगली पंक्ति",
        stop="बंद करें",
        record="रिकॉर्ड करें",
        end="रिकॉर्ड पूरा करें",
        name="कहानी का नाम",
        save="सहेजें",
        folder="कहानियों का फ़ोल्डर",
        run="फ़ोल्डर चलाएँ",
        playing="चल रही है",
        paused="रुकी है",
        recording="आप जो करते हैं वह रिकॉर्ड हो रहा है।",
        recorded="रिकॉर्ड हुआ, अभी सहेजा नहीं।",
        count="पंक्तियाँ: {count}",
        waiting="प्रतीक्षा में",
        not_played="चल नहीं सकती",
        of_all="{all} में से {well} सफल",
        passed="सफल",
        failed="विफल",
        line="पंक्ति {line}, कुल {lines}",
        pace="गति",
        fastest="जितना तेज़ हो सके",
    ),
    table=bench_table.HINDI,
    title="परीक्षण",
    footer="यह बनावटी केबिन है: यहाँ कोई असली दरवाज़ा नहीं हिलता।",
    cabin="केबिन",
    picture="कैमरा क्या देखता है",
    keypad="बाहर का कीपैड",
    phones="फ़ोन",
    contacts="संपर्क",
    stage="लोग और दृश्य",
    faults="ख़राबियाँ",
    states="स्थितियाँ",
    next="आगे क्या होगा",
    stories="कहानियाँ",
    log="क्या हुआ",
    off="बिजली नहीं",
    off_means="प्लग निकला है: रिले छूट गए हैं, दरवाज़ा लॉक नहीं है।",
    booting="शुरू हो रहा है",
    booting_means="प्रोग्राम शुरू हो रहा है। उत्तर आने तक पिछला दृश्य रहेगा।",
    silent="कोई उत्तर नहीं",
    silent_means="बनावटी केबिन उत्तर नहीं देता। यह पृष्ठ पूछता रहेगा।",
    late="बनावटी केबिन धीमा है: यहाँ जो है वह {seconds} से॰ पुराना है।",
    act_late="बनावटी केबिन धीमा है: अभी उत्तर नहीं आया, शायद वह इसे बाद में करे।",
    other_version="प्रोग्राम का दूसरा संस्करण उत्तर दे रहा है; परीक्षण फिर शुरू करें।",
    not_done="नहीं हुआ",
    plug_out="प्लग निकालें",
    plug_in="प्लग लगाएँ",
    restart="फिर शुरू करें",
    release="मौके पर खोलें",
    door="दरवाज़ा",
    door_open="खुला",
    door_closed="बंद",
    door_locked="लॉक",
    door_unlocked="लॉक नहीं",
    machine="मशीन",
    machine_on="इस्तेमाल हो सकती है",
    machine_off="बंद",
    siren="सायरन",
    silent_siren="चुप",
    beeps="बीप",
    sirens="बज रहा है",
    lamps="बत्तियाँ",
    green="हरी",
    amber="पीली",
    red="लाल",
    no_lamp="सब बंद",
    inside="अंदर",
    nobody="कोई नहीं",
    with_covers="{name}: {covers}",
    said="लाउडस्पीकर",
    said_nothing="अभी कुछ नहीं बोला।",
    sound_on="आवाज़ चालू",
    sound_off="आवाज़ बंद",
    sound_note="केबिन का सायरन और बोल, इस ब्राउज़र में।",
    keypad_field="कीपैड: कुंजियाँ दबाएँ या यहाँ लिखें",
    keypad_note="जब कीपैड चुना हो तब आपके कीबोर्ड के अंक, * और # दबते हैं। कुंजी दबाए रखें: वह अटक जाती है।",
    keypad_stuck="अटकी: {keys}",
    key="कुंजी {key}",
    key_free="{key} छोड़ें",
    pad="अंदर का कीपैड",
    phone_of="फ़ोन: {who}",
    no_texts="अभी कोई संदेश नहीं।",
    from_kiosk="मिला",
    to_kiosk="भेजा",
    write="कियोस्क को संदेश",
    send="भेजें",
    type_code="{code} दबाएँ",
    quick="तुरंत उत्तर",
    press="दबाएँ",
    hold="दबाए रखें",
    let_go="छोड़ें",
    open="खोलें",
    close="बंद करें",
    open_briefly="खोलें और बंद करें",
    wire="तार",
    whole_wire="सही",
    cut_wire="कटा",
    unreadable_wire="पढ़ा नहीं जाता",
    not_fitted="लगा नहीं",
    active="सक्रिय",
    quiet="शांत",
    name="नाम",
    enter="अंदर आएँ",
    wearing="पहने हुए",
    leave="बाहर जाएँ",
    leaving="जा रहा है",
    looks="देखता है",
    photo="फ़ोटो",
    light="रोशनी",
    lens="लेंस",
    machine_front="मशीन का अगला भाग",
    source="चित्र कहाँ से",
    device="वेबकैम की संख्या या रिकॉर्डिंग का पथ",
    change="बदलें",
    only_staged="केवल बनावटी लोगों को निर्देश दिए जा सकते हैं।",
    claim="मशीन में कार्ड",
    claim_end="मशीन का काम पूरा",
    claim_code="मालिक का कोड माँगें",
    search="ख़राबी खोजें",
    on_now="अभी चालू",
    all_well="कुछ भी ख़राब नहीं है।",
    none_found="इस नाम की कोई ख़राबी नहीं।",
    switch_off="बंद करें",
    jump="घड़ी बदलें, सेकंड में",
    ways_from_here="यहाँ से",
    last_way="पिछला रास्ता: {source} से {to}",
    deadlines="समय सीमाएँ",
    no_deadline="केबिन किसी समय की प्रतीक्षा में नहीं।",
    stands_still="रुकी है",
    seconds="{seconds} से॰",
    door_now="अभी दरवाज़ा किससे खुलेगा",
    door_is_open="दरवाज़ा लॉक नहीं है।",
    lock_is_on="लॉक लगा है, हालाँकि प्रोग्राम उसे नहीं माँगता।",
    trying="जाँच हो रही है: {output}",
    trying_means="खाली केबिन में कुछ सेकंड के लिए एक आउटपुट जाँचा जा रहा है:",
    would_open="खुलता है",
    would_not="नहीं खुलता",
    log_note="सबसे नया ऊपर है।",
    nothing_yet="अभी कुछ नहीं।",
    words_field="प्रॉम्प्ट के शब्दों में",
    do="करें",
)

bench_words: Final = InLanguages(en=_EN, de=_DE, hi=_HI)
