"""The words of an incident as a story: what a moment of it says, its steps, its list and its film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class KindWords(Words):
    """What a moment is about; the names are those of `edge.reports.moments.Kind`."""

    state: str
    fact: str
    anomaly: str
    anomaly_ended: str
    message: str
    prompt: str
    key: str
    door: str
    permit: str
    siren: str
    contact: str
    pictures: str
    fault: str
    mark: str
    other: str


@dataclass(frozen=True, slots=True)
class StepWords(Words):
    """The steps of an incident that locks; the names are those of `edge.reports.timeline.Milestone`."""

    seen: str
    warned: str
    locked: str
    code_accepted: str
    code_delivered: str
    key: str
    right_code: str
    released: str
    power_lost: str
    locked_again: str
    left: str


@dataclass(frozen=True, slots=True)
class LackWords(Words):
    """What a story lacks, in whole sentences; the names are those of `edge.reports.timeline.Lack`."""

    not_closed: str
    empty_not_closed: str
    cut: str
    too_long: str
    clock_not_set: str
    pictures_removed: str
    pictures_left_out: str
    no_pictures: str
    restarted: str
    lines_lost: str
    unknown_lines: str
    no_prompts: str


@dataclass(frozen=True, slots=True)
class MomentWords(Words):
    """Moments that stand alone, by the record's name."""

    appeared: str
    emptied: str
    presence_stuck: str
    owner_same: str
    owner_another: str
    owner_unfit: str
    owner_unknown: str
    key_touched: str
    entry_completed: str
    entry_right: str
    entry_wrong: str
    entry_superseded: str
    keypad_closed: str
    entry_refused: str
    owner_entry_completed: str
    door_locked: str
    door_unlocked: str
    permit_on: str
    permit_off: str
    sound_siren: str
    sound_beeps: str
    sound_off: str
    restarted: str
    nothing_to_release: str
    superseded_code: str
    verdict_without_entry: str
    release_right: str
    release_ordered: str
    release_refused: str
    release_of_another_incident: str
    code_denied: str
    text_ignored: str
    status_asked: str
    help_asked: str
    daily_asked: str
    mark_asked: str
    modem_recovery: str
    clock_jumped: str
    held_back: str
    held_back_ended: str
    views_again: str
    records_lost: str
    record_lost: str
    record_pruned: str
    record_covered: str
    exit_input_recovered: str
    keypad_cleared: str


@dataclass(frozen=True, slots=True)
class IncidentsWords(Words):
    kinds: KindWords
    steps: StepWords
    lacks: LackWords
    moments: MomentWords
    # sentences of a moment
    state_is: str
    told: str
    code_goes: str
    outcome: str
    said: str
    contact_is: str
    pictures_kept: str
    pictures_gone: str
    gone_age: str
    gone_space: str
    gone_restart: str
    fault_began: str
    fault_ended: str
    marked_false: str
    marked_true: str
    # the list
    title: str
    search: str
    search_words: str
    day: str
    kind: str
    phase: str
    marking: str
    any: str
    open: str
    closed: str
    marked_none: str
    mark_false: str
    mark_true: str
    find: str
    clear: str
    found: str
    page_of: str
    newer: str
    older: str
    none: str
    number: str
    began: str
    lasted: str
    what: str
    released_by: str
    mark: str
    # one incident
    incident: str
    not_there: str
    back: str
    before: str
    after: str
    summary: str
    steps_title: str
    step: str
    time: str
    since: str
    took: str
    messages: str
    to: str
    by: str
    queued: str
    accepted: str
    delivered: str
    became: str
    never: str
    band: str
    band_words: str
    kiosk_off: str
    door: str
    permit: str
    siren: str
    timeline: str
    pictures: str
    lacks_title: str
    still_open: str
    locked_for: str
    not_locked: str
    no_messages: str
    show: str
    keys_note: str
    held: str
    held_open: str
    how_to_mark: str
    report_hint: str
    # the film
    film: str
    film_off: str
    film_none: str
    film_sealed: str
    film_some: str
    play: str
    pause: str
    speed: str
    position: str
    previous: str
    following: str
    drawn: str
    film_keys: str
    picture_alt: str
    reason_alt: str


_ENGLISH: Final = IncidentsWords(
    kinds=KindWords(
        state="State",
        fact="Person",
        anomaly="Noticed",
        anomaly_ended="Over",
        message="Message",
        prompt="Said",
        key="Keypad",
        door="Door",
        permit="Machine",
        siren="Siren",
        contact="Contact",
        pictures="Pictures",
        fault="Fault",
        mark="Mark",
        other="Record",
    ),
    steps=StepWords(
        seen="Somebody is there",
        warned="Warned",
        locked="Door locked",
        code_accepted="Code taken by the network",
        code_delivered="Code delivered",
        key="First key",
        right_code="Right code",
        released="Door opened",
        power_lost="Door opened: the kiosk had no power or stopped",
        locked_again="Door locked again",
        left="Cabin empty",
    ),
    lacks=LackWords(
        not_closed="The incident is not closed: the cabin was not seen empty after it, or it still lasts.",
        empty_not_closed="The incident is not closed yet: the cabin was seen empty, but a time that has to "
        "pass first, as after a fire, was not over.",
        cut="The first lines of this incident are not kept any more.",
        too_long="The incident has more lines than are told here; those in the middle are left out.",
        clock_not_set="The clock was not set for some of it: those times of day are wrong, "
        "the seconds are right.",
        pictures_removed="Its pictures were removed later, for their age or for lack of room.",
        pictures_left_out="Some pictures had no room and were not kept.",
        no_pictures="No picture was kept.",
        restarted="The program started again meanwhile: what happened while it was off is not known. "
        "A locked door opened some time between its last line and that start.",
        lines_lost="The disk failed for a while: some lines of the record are lost.",
        unknown_lines="Some lines are of another version of the program, and stand here by their names.",
        no_prompts="What was said in the cabin is not in the record of this version.",
    ),
    moments=MomentWords(
        appeared="Somebody has come in",
        emptied="Nobody is there any more",
        presence_stuck="Somebody is there for too long",
        owner_same="The card's owner is known by the face",
        owner_another="The face is another than the card owner's",
        owner_unfit="No look was good enough for the owner's face",
        owner_unknown="The owner's face is not decided",
        key_touched="Keys are touched",
        entry_completed="A whole code is typed",
        entry_right="The code is right",
        entry_wrong="The code is wrong",
        entry_superseded="The code is an earlier one",
        keypad_closed="A key is touched while the keypad is closed",
        entry_refused="An entry is refused",
        owner_entry_completed="A card owner's code is typed",
        door_locked="The door is locked",
        door_unlocked="The door is unlocked",
        permit_on="The machine may be used",
        permit_off="The machine is closed",
        sound_siren="The siren sounds",
        sound_beeps="Warning beeps",
        sound_off="Silence",
        restarted="The program starts again",
        nothing_to_release="A release was asked for, and nothing was locked",
        superseded_code="An earlier code was typed",
        verdict_without_entry="A code was judged that nobody waited for",
        release_right="The control room's release is right",
        release_ordered="The release is ordered",
        release_refused="A release by text is refused",
        release_of_another_incident="A release named another incident",
        code_denied="The network could not deliver the code",
        text_ignored="A text is not followed",
        status_asked="Somebody asked for the status by text",
        help_asked="Somebody wrote, and got the list of commands",
        daily_asked="The daily test is due",
        mark_asked="The control room judged an incident by text",
        modem_recovery="The modem is set right",
        clock_jumped="The clock was set",
        held_back="Something moves again and again: not every move is written down",
        held_back_ended="It has come to rest",
        views_again="The cameras were set right",
        records_lost="Lines were lost",
        record_lost="The record was lost; a new one begins",
        record_pruned="The oldest lines were removed",
        record_covered="The record was brought to a new version",
        exit_input_recovered="The exit contact works again",
        keypad_cleared="The entry was cleared",
    ),
    state_is="{state}",
    told="To be told: {what}; {to}",
    code_goes="A code is made for the {to}",
    outcome="{what}; {to}: {outcome}",
    said="“{text}”",
    contact_is="{contact}: {level}",
    pictures_kept="{count} pictures kept: {why}",
    pictures_gone="The pictures were removed: {why}",
    gone_age="their time was up",
    gone_space="there was no room",
    gone_restart="not known any more",
    fault_began="{what}",
    fault_ended="{what}: over",
    marked_false="Marked as a false alarm by {by}",
    marked_true="Marked as a true alarm by {by}",
    title="Incidents",
    search="Search the incidents",
    search_words="Words or number",
    day="Day",
    kind="Kind",
    phase="State",
    marking="Judged",
    any="any",
    open="open",
    closed="closed",
    marked_none="not judged",
    mark_false="false alarm",
    mark_true="true alarm",
    find="Find",
    clear="Show all",
    found="{count} found",
    page_of="Page {number} of {pages}",
    newer="Newer",
    older="Older",
    none="No incident fits.",
    number="No.",
    began="Began",
    lasted="Lasted",
    what="What",
    released_by="Door opened",
    mark="Judged",
    incident="Incident {number}",
    not_there="The record has no line of this incident.",
    back="All incidents",
    before="Incident before",
    after="Next incident",
    summary="In short",
    steps_title="How long each step took",
    step="Step",
    time="Time",
    since="From the beginning",
    took="After the step before",
    messages="Who was told",
    to="To",
    by="By",
    queued="Ordered",
    accepted="Taken by the network",
    delivered="Delivered",
    became="What became of it",
    never="never",
    band="Door, machine and siren",
    band_words="{name}: {level} from {begin} to {end}",
    kiosk_off="kiosk off, not known (door open, siren silent)",
    door="Door",
    permit="Machine",
    siren="Siren",
    timeline="What happened",
    pictures="Pictures",
    lacks_title="What the record lacks",
    still_open="still open",
    locked_for="Locked for {time}",
    not_locked="Not locked",
    no_messages="Nobody was told.",
    show="Show this moment in the film",
    keys_note="Which keys were touched is never recorded.",
    held="Kept for a court until {until}, since {since} by {by}: {why}",
    held_open="Kept for a court until somebody ends it, since {since} by {by}: {why}",
    how_to_mark="The control room judges it by the text FALSE {number} or TRUE {number}, or "
    "somebody on the spot by "
    "cabinguard events mark {number} false.",
    report_hint="To file it: cabinguard report --incident {number} --pdf",
    film="Film of the incident",
    film_off="Pictures are off here, because they show people. On with panel.pictures = true.",
    film_none="No picture of this incident is left.",
    film_sealed="{count} pictures are sealed: they open at the bank.",
    film_some="{count} of {all} pictures, from {begin} to {end}",
    play="Play",
    pause="Pause",
    speed="Speed",
    position="Moment of the film",
    previous="Picture before",
    following="Next picture",
    drawn="Reasons drawn in the picture",
    film_keys="Space plays and pauses, arrow keys go from picture to picture, Home and End to the ends.",
    picture_alt="Picture of {time}, {since} from the beginning",
    reason_alt="Picture of {time} with the reason drawn in it: {why}",
)

_GERMAN: Final = IncidentsWords(
    kinds=KindWords(
        state="Zustand",
        fact="Person",
        anomaly="Bemerkt",
        anomaly_ended="Vorbei",
        message="Nachricht",
        prompt="Ansage",
        key="Tastatur",
        door="Tür",
        permit="Automat",
        siren="Sirene",
        contact="Kontakt",
        pictures="Bilder",
        fault="Störung",
        mark="Urteil",
        other="Protokoll",
    ),
    steps=StepWords(
        seen="Jemand ist da",
        warned="Gewarnt",
        locked="Tür verriegelt",
        code_accepted="Code vom Netz angenommen",
        code_delivered="Code zugestellt",
        key="Erste Taste",
        right_code="Richtiger Code",
        released="Tür freigegeben",
        power_lost="Tür offen: Der Kiosk hatte keinen Strom oder hielt an",
        locked_again="Tür wieder verriegelt",
        left="Kabine leer",
    ),
    lacks=LackWords(
        not_closed="Der Vorfall ist nicht abgeschlossen: Danach wurde die Kabine nicht leer "
        "gesehen, oder er dauert noch an.",
        empty_not_closed="Der Vorfall ist noch nicht abgeschlossen: Die Kabine wurde leer gesehen, aber "
        "eine Zeit, die vorher vergehen muss, etwa nach einem Feuer, war noch nicht um.",
        cut="Die ersten Zeilen dieses Vorfalls werden nicht mehr aufbewahrt.",
        too_long="Der Vorfall hat mehr Zeilen, als hier erzählt werden; die in der Mitte fehlen.",
        clock_not_set="Die Uhr war zeitweise nicht gestellt: Diese Uhrzeiten sind falsch, "
        "die Sekunden stimmen.",
        pictures_removed="Die Bilder wurden später entfernt, wegen ihres Alters oder weil der Platz fehlte.",
        pictures_left_out="Für einige Bilder war kein Platz; sie wurden nicht aufbewahrt.",
        no_pictures="Es wurde kein Bild aufbewahrt.",
        restarted="Das Programm wurde dazwischen neu gestartet: Was währenddessen geschah, "
        "ist nicht bekannt. Eine verriegelte Tür öffnete irgendwann zwischen letzter Zeile und Start.",
        lines_lost="Der Speicher war eine Weile gestört: Einige Zeilen des Protokolls sind verloren.",
        unknown_lines="Einige Zeilen stammen von einer anderen Version des Programms und "
        "stehen hier mit ihrem Namen.",
        no_prompts="Was in der Kabine gesagt wurde, steht im Protokoll dieser Version nicht.",
    ),
    moments=MomentWords(
        appeared="Jemand ist hereingekommen",
        emptied="Niemand ist mehr da",
        presence_stuck="Jemand ist schon zu lange da",
        owner_same="Der Karteninhaber ist am Gesicht erkannt",
        owner_another="Das Gesicht ist nicht das des Karteninhabers",
        owner_unfit="Keine Aufnahme war gut genug für das Gesicht des Inhabers",
        owner_unknown="Das Gesicht des Inhabers ist noch nicht beurteilt",
        key_touched="Tasten werden berührt",
        entry_completed="Ein ganzer Code wurde getippt",
        entry_right="Der Code stimmt",
        entry_wrong="Der Code ist falsch",
        entry_superseded="Der Code ist ein früherer",
        keypad_closed="Eine Taste wird berührt, während die Tastatur gesperrt ist",
        entry_refused="Eine Eingabe wird abgelehnt",
        owner_entry_completed="Ein Code des Karteninhabers wurde getippt",
        door_locked="Die Tür ist verriegelt",
        door_unlocked="Die Tür ist entriegelt",
        permit_on="Der Automat darf benutzt werden",
        permit_off="Der Automat ist gesperrt",
        sound_siren="Die Sirene heult",
        sound_beeps="Warntöne",
        sound_off="Stille",
        restarted="Das Programm startet neu",
        nothing_to_release="Eine Freigabe wurde verlangt, aber nichts war verriegelt",
        superseded_code="Ein früherer Code wurde getippt",
        verdict_without_entry="Ein Code wurde geprüft, auf den niemand wartete",
        release_right="Die Freigabe der Leitstelle stimmt",
        release_ordered="Die Freigabe ist angeordnet",
        release_refused="Eine Freigabe per SMS wird abgelehnt",
        release_of_another_incident="Eine Freigabe nannte einen anderen Vorfall",
        code_denied="Das Netz konnte den Code nicht zustellen",
        text_ignored="Eine SMS wird nicht befolgt",
        status_asked="Jemand fragte per SMS nach dem Stand",
        help_asked="Jemand schrieb und bekam die Liste der Befehle",
        daily_asked="Die tägliche Prüfung ist fällig",
        mark_asked="Die Leitstelle beurteilte einen Vorfall per SMS",
        modem_recovery="Das Modem wird wiederhergestellt",
        clock_jumped="Die Uhr wurde gestellt",
        held_back="Etwas ändert sich immer wieder: Nicht jede Änderung wird notiert",
        held_back_ended="Es ist zur Ruhe gekommen",
        views_again="Die Kameras wurden neu ausgerichtet",
        records_lost="Zeilen gingen verloren",
        record_lost="Das Protokoll ging verloren; ein neues beginnt",
        record_pruned="Die ältesten Zeilen wurden entfernt",
        record_covered="Das Protokoll wurde auf eine neue Version gebracht",
        exit_input_recovered="Der Ausgangskontakt arbeitet wieder",
        keypad_cleared="Die Eingabe wurde gelöscht",
    ),
    state_is="{state}",
    told="Zu melden: {what}; {to}",
    code_goes="Ein Code für: {to}",
    outcome="{what}; {to}: {outcome}",
    said="„{text}“",
    contact_is="{contact}: {level}",
    pictures_kept="{count} Bilder aufbewahrt: {why}",
    pictures_gone="Die Bilder wurden entfernt: {why}",
    gone_age="ihre Zeit war um",
    gone_space="der Platz reichte nicht",
    gone_restart="nicht mehr bekannt",
    fault_began="{what}",
    fault_ended="{what}: vorbei",
    marked_false="Als Fehlalarm beurteilt von {by}",
    marked_true="Als echter Alarm beurteilt von {by}",
    title="Vorfälle",
    search="Vorfälle suchen",
    search_words="Wörter oder Nummer",
    day="Tag",
    kind="Art",
    phase="Stand",
    marking="Urteil",
    any="alle",
    open="offen",
    closed="abgeschlossen",
    marked_none="nicht beurteilt",
    mark_false="Fehlalarm",
    mark_true="echter Alarm",
    find="Suchen",
    clear="Alle zeigen",
    found="{count} gefunden",
    page_of="Seite {number} von {pages}",
    newer="Neuere",
    older="Ältere",
    none="Kein Vorfall passt.",
    number="Nr.",
    began="Beginn",
    lasted="Dauer",
    what="Was",
    released_by="Tür freigegeben",
    mark="Urteil",
    incident="Vorfall {number}",
    not_there="Das Protokoll hat keine Zeile dieses Vorfalls.",
    back="Alle Vorfälle",
    before="Vorfall davor",
    after="Vorfall danach",
    summary="Kurz gesagt",
    steps_title="Wie lange jeder Schritt dauerte",
    step="Schritt",
    time="Uhrzeit",
    since="Seit Beginn",
    took="Nach dem Schritt davor",
    messages="Wer benachrichtigt wurde",
    to="An",
    by="Über",
    queued="Beauftragt",
    accepted="Vom Netz angenommen",
    delivered="Zugestellt",
    became="Was daraus wurde",
    never="nie",
    band="Tür, Automat und Sirene",
    band_words="{name}: {level} von {begin} bis {end}",
    kiosk_off="Kiosk aus, nicht bekannt (Tür offen, Sirene still)",
    door="Tür",
    permit="Automat",
    siren="Sirene",
    timeline="Was geschah",
    pictures="Bilder",
    lacks_title="Was dem Protokoll fehlt",
    still_open="noch offen",
    locked_for="Verriegelt für {time}",
    not_locked="Nicht verriegelt",
    no_messages="Niemand wurde benachrichtigt.",
    show="Diesen Augenblick im Film zeigen",
    keys_note="Welche Tasten berührt wurden, wird nie notiert.",
    held="Für ein Gericht aufbewahrt bis {until}, seit {since} durch {by}: {why}",
    held_open="Für ein Gericht aufbewahrt, bis es jemand beendet, seit {since} durch {by}: {why}",
    how_to_mark="Die Leitstelle beurteilt ihn mit der SMS FALSE {number} oder TRUE "
    "{number}, oder jemand vor Ort mit "
    "cabinguard events mark {number} false.",
    report_hint="Zum Ablegen: cabinguard report --incident {number} --pdf",
    film="Film des Vorfalls",
    film_off="Bilder sind hier aus, weil sie Menschen zeigen. Ein mit panel.pictures = true.",
    film_none="Von diesem Vorfall gibt es kein Bild mehr.",
    film_sealed="{count} Bilder sind versiegelt: Die Bank kann sie öffnen.",
    film_some="{count} von {all} Bildern, von {begin} bis {end}",
    play="Abspielen",
    pause="Anhalten",
    speed="Tempo",
    position="Stelle im Film",
    previous="Bild davor",
    following="Nächstes Bild",
    drawn="Gründe ins Bild gezeichnet",
    film_keys="Die Leertaste spielt ab und hält an, Pfeiltasten gehen von Bild zu Bild, "
    "Pos1 und Ende an die Enden.",
    picture_alt="Bild von {time}, {since} seit Beginn",
    reason_alt="Bild von {time}, der Grund ist eingezeichnet: {why}",
)

_HINDI: Final = IncidentsWords(
    kinds=KindWords(
        state="स्थिति",
        fact="व्यक्ति",
        anomaly="देखा गया",
        anomaly_ended="समाप्त",
        message="संदेश",
        prompt="कहा गया",
        key="कीपैड",
        door="दरवाज़ा",
        permit="मशीन",
        siren="सायरन",
        contact="संपर्क",
        pictures="तस्वीरें",
        fault="ख़राबी",
        mark="निर्णय",
        other="रिकॉर्ड",
    ),
    steps=StepWords(
        seen="कोई अंदर है",
        warned="चेतावनी दी",
        locked="दरवाज़ा लॉक",
        code_accepted="कोड नेटवर्क ने लिया",
        code_delivered="कोड पहुँचा",
        key="पहला बटन",
        right_code="सही कोड",
        released="दरवाज़ा खुला",
        power_lost="दरवाज़ा खुला: कियोस्क में बिजली नहीं थी या वह रुक गया",
        locked_again="दरवाज़ा फिर लॉक",
        left="केबिन खाली",
    ),
    lacks=LackWords(
        not_closed="घटना समाप्त नहीं हुई: उसके बाद केबिन खाली नहीं दिखा, या वह अभी चल रही है।",
        empty_not_closed="घटना अभी समाप्त नहीं हुई: केबिन खाली दिखा, पर पहले जो समय बीतना है, जैसे आग के बाद, "
        "वह पूरा नहीं हुआ था।",
        cut="इस घटना की पहली पंक्तियाँ अब नहीं रखी गई हैं।",
        too_long="इस घटना की पंक्तियाँ बहुत अधिक हैं; बीच की यहाँ नहीं हैं।",
        clock_not_set="कुछ समय घड़ी मिली हुई नहीं थी: वे समय गलत हैं, सेकंड सही हैं।",
        pictures_removed="तस्वीरें बाद में हटाई गईं, पुरानी होने से या जगह की कमी से।",
        pictures_left_out="कुछ तस्वीरों के लिए जगह नहीं थी; वे नहीं रखी गईं।",
        no_pictures="कोई तस्वीर नहीं रखी गई।",
        restarted="बीच में प्रोग्राम फिर चालू हुआ: बंद रहते क्या हुआ, यह पता नहीं। लॉक दरवाज़ा "
        "आख़िरी पंक्ति और फिर चालू होने के बीच किसी समय खुल गया।",
        lines_lost="डिस्क कुछ समय ख़राब थी: रिकॉर्ड की कुछ पंक्तियाँ खो गईं।",
        unknown_lines="कुछ पंक्तियाँ प्रोग्राम के दूसरे संस्करण की हैं और यहाँ अपने नाम से लिखी हैं।",
        no_prompts="केबिन में क्या कहा गया, वह इस संस्करण के रिकॉर्ड में नहीं है।",
    ),
    moments=MomentWords(
        appeared="कोई अंदर आया",
        emptied="अब कोई अंदर नहीं है",
        presence_stuck="कोई बहुत देर से अंदर है",
        owner_same="कार्ड का मालिक चेहरे से पहचाना गया",
        owner_another="चेहरा कार्ड के मालिक का नहीं है",
        owner_unfit="मालिक के चेहरे के लिए कोई तस्वीर ठीक नहीं थी",
        owner_unknown="मालिक का चेहरा अभी परखा नहीं गया",
        key_touched="बटन छुए जा रहे हैं",
        entry_completed="पूरा कोड लिखा गया",
        entry_right="कोड सही है",
        entry_wrong="कोड गलत है",
        entry_superseded="कोड पहले वाला है",
        keypad_closed="कीपैड बंद है और बटन छुआ गया",
        entry_refused="लिखा हुआ स्वीकार नहीं हुआ",
        owner_entry_completed="कार्ड के मालिक का कोड लिखा गया",
        door_locked="दरवाज़ा लॉक है",
        door_unlocked="दरवाज़े का लॉक खुला है",
        permit_on="मशीन चल सकती है",
        permit_off="मशीन बंद है",
        sound_siren="सायरन बज रहा है",
        sound_beeps="चेतावनी की बीप",
        sound_off="शांति",
        restarted="प्रोग्राम फिर चालू होता है",
        nothing_to_release="खोलने को कहा गया, पर कुछ लॉक नहीं था",
        superseded_code="पहले वाला कोड लिखा गया",
        verdict_without_entry="ऐसा कोड परखा गया जिसकी प्रतीक्षा नहीं थी",
        release_right="नियंत्रण कक्ष का खोलना सही है",
        release_ordered="खोलने का आदेश हुआ",
        release_refused="SMS से खोलना अस्वीकृत",
        release_of_another_incident="खोलने में दूसरी घटना लिखी थी",
        code_denied="नेटवर्क कोड नहीं पहुँचा सका",
        text_ignored="एक SMS नहीं माना गया",
        status_asked="किसी ने SMS से स्थिति पूछी",
        help_asked="किसी ने लिखा और उसे आदेशों की सूची मिली",
        daily_asked="दैनिक जाँच का समय है",
        mark_asked="नियंत्रण कक्ष ने SMS से घटना पर निर्णय दिया",
        modem_recovery="मॉडेम ठीक किया जा रहा है",
        clock_jumped="घड़ी मिलाई गई",
        held_back="कुछ बार-बार बदल रहा है: हर बदलाव नहीं लिखा जाता",
        held_back_ended="वह अब शांत है",
        views_again="कैमरे फिर ठीक किए गए",
        records_lost="पंक्तियाँ खो गईं",
        record_lost="रिकॉर्ड खो गया; नया शुरू होता है",
        record_pruned="सबसे पुरानी पंक्तियाँ हटाई गईं",
        record_covered="रिकॉर्ड नए संस्करण में बदला गया",
        exit_input_recovered="निकास का संपर्क फिर ठीक है",
        keypad_cleared="लिखा हुआ मिटाया गया",
    ),
    state_is="{state}",
    told="बताना है: {what}; {to}",
    code_goes="{to} के लिए कोड बना",
    outcome="{what}; {to}: {outcome}",
    said="“{text}”",
    contact_is="{contact}: {level}",
    pictures_kept="{count} तस्वीरें रखी गईं: {why}",
    pictures_gone="तस्वीरें हटाई गईं: {why}",
    gone_age="उनका समय पूरा हुआ",
    gone_space="जगह नहीं थी",
    gone_restart="अब पता नहीं",
    fault_began="{what}",
    fault_ended="{what}: समाप्त",
    marked_false="{by} के अनुसार झूठा अलार्म",
    marked_true="{by} के अनुसार सच्चा अलार्म",
    title="घटनाएँ",
    search="घटनाएँ खोजें",
    search_words="शब्द या संख्या",
    day="दिन",
    kind="प्रकार",
    phase="स्थिति",
    marking="निर्णय",
    any="सभी",
    open="खुली",
    closed="समाप्त",
    marked_none="निर्णय नहीं",
    mark_false="झूठा अलार्म",
    mark_true="सच्चा अलार्म",
    find="खोजें",
    clear="सभी दिखाएँ",
    found="{count} मिलीं",
    page_of="पेज {number}, कुल {pages}",
    newer="नई",
    older="पुरानी",
    none="कोई घटना मेल नहीं खाती।",
    number="क्र.",
    began="आरंभ",
    lasted="अवधि",
    what="क्या",
    released_by="दरवाज़ा खुला",
    mark="निर्णय",
    incident="घटना {number}",
    not_there="रिकॉर्ड में इस घटना की कोई पंक्ति नहीं है।",
    back="सभी घटनाएँ",
    before="पिछली घटना",
    after="अगली घटना",
    summary="संक्षेप में",
    steps_title="हर कदम में कितना समय लगा",
    step="कदम",
    time="समय",
    since="आरंभ से",
    took="पिछले कदम के बाद",
    messages="किसे बताया गया",
    to="किसको",
    by="माध्यम",
    queued="भेजने को दिया",
    accepted="नेटवर्क ने लिया",
    delivered="पहुँचा",
    became="क्या हुआ",
    never="कभी नहीं",
    band="दरवाज़ा, मशीन और सायरन",
    band_words="{name}: {level}, {begin} से {end} तक",
    kiosk_off="कियोस्क बंद, पता नहीं (दरवाज़ा खुला, सायरन शांत)",
    door="दरवाज़ा",
    permit="मशीन",
    siren="सायरन",
    timeline="क्या हुआ",
    pictures="तस्वीरें",
    lacks_title="रिकॉर्ड में क्या नहीं है",
    still_open="अभी खुली",
    locked_for="{time} तक लॉक",
    not_locked="लॉक नहीं हुआ",
    no_messages="किसी को नहीं बताया गया।",
    show="यह क्षण फ़िल्म में दिखाएँ",
    keys_note="कौन से बटन छुए गए, यह कभी नहीं लिखा जाता।",
    held="अदालत के लिए {until} तक सुरक्षित, {since} से, {by} द्वारा: {why}",
    held_open="अदालत के लिए सुरक्षित जब तक कोई न हटाए, {since} से, {by} द्वारा: {why}",
    how_to_mark="नियंत्रण कक्ष SMS से निर्णय देता है: FALSE {number} या TRUE {number}; या "
    "वहाँ मौजूद कोई व्यक्ति: "
    "cabinguard events mark {number} false",
    report_hint="फ़ाइल में रखने के लिए: cabinguard report --incident {number} --pdf",
    film="घटना की फ़िल्म",
    film_off="तस्वीरें यहाँ बंद हैं, क्योंकि उनमें लोग दिखते हैं। चालू: panel.pictures = true",
    film_none="इस घटना की कोई तस्वीर नहीं बची।",
    film_sealed="{count} तस्वीरें सीलबंद हैं: वे बैंक में खुलेंगी।",
    film_some="{all} में से {count} तस्वीरें, {begin} से {end} तक",
    play="चलाएँ",
    pause="रोकें",
    speed="गति",
    position="फ़िल्म का क्षण",
    previous="पिछली तस्वीर",
    following="अगली तस्वीर",
    drawn="तस्वीर में कारण बने हैं",
    film_keys="स्पेस चलाता और रोकता है, तीर के बटन तस्वीर बदलते हैं, Home और End सिरों पर ले जाते हैं।",
    picture_alt="{time} की तस्वीर, आरंभ से {since}",
    reason_alt="{time} की तस्वीर, कारण बना हुआ है: {why}",
)

incidents_words: Final = InLanguages(en=_ENGLISH, de=_GERMAN, hi=_HINDI)
