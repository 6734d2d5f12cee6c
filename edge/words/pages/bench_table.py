"""What the table waits for and by what a locked door opens, in the words of the bench page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import Words


@dataclass(frozen=True, slots=True)
class WaitWords(Words):
    """What a deadline is the end of, by `edge.cabin.deadlines.Wait`."""

    siren: str
    silence: str
    hold: str
    claim: str
    crowd: str
    door_held: str
    exit_stuck: str
    remind: str
    shown: str
    adjust: str
    say_again: str
    lock: str
    lead: str
    max_lock: str
    record: str
    unreachable: str
    locked_empty: str
    keypad_opens: str
    code_accept: str
    code_failover: str
    code_ttl: str
    second_watchman: str
    gone: str
    fire_clear: str
    exit_hold: str
    trial: str


@dataclass(frozen=True, slots=True)
class WayWords(Words):
    """By what a locked door opens, by `edge.cabin.ways.Way`."""

    code: str
    exit: str
    fire: str
    panic: str
    person_down: str
    control_room: str
    on_the_spot: str
    forced: str
    restart: str
    inputs_failed: str
    nobody_there: str
    nobody_can_open: str
    max_time: str
    trial_time: str
    trial_stopped: str
    happening: str


@dataclass(frozen=True, slots=True)
class BecauseWords(Words):
    """Why it would open now, or what is missing, by `edge.cabin.ways.Because`."""

    works: str
    code_on_its_way: str
    time_runs: str
    no_code: str
    keypad_closed: str
    keypad_broken: str
    being_compared: str
    not_fitted: str
    contact_broken: str
    camera_blind: str
    somebody_there: str
    somebody_can_open: str
    holds_already: str
    no_secret: str
    no_modem: str
    socket_dead: str


@dataclass(frozen=True, slots=True)
class TableWords:
    """The three families of one language."""

    waits: WaitWords
    ways: WayWords
    because: BecauseWords


ENGLISH: Final = TableWords(
    waits=WaitWords(
        siren="The siren ends",
        silence="Sounds are allowed again",
        hold="The lock clock may run again",
        claim="The claim of a card ends",
        crowd="Several persons are reported",
        door_held="The open door is reported",
        exit_stuck="The exit button counts as stuck",
        remind="A reminder of what lasts",
        shown="The face goes on record as shown",
        adjust="The warning",
        say_again="The words are said again",
        lock="The door locks",
        lead="The warning has been heard for long enough",
        max_lock="The longest time of a lock",
        record="The lock waits no longer for its record",
        unreachable="Released, because nobody can open",
        locked_empty="Released, because nobody is there",
        keypad_opens="The keypad opens again",
        code_accept="A code that no network took is withdrawn",
        code_failover="The code goes to the second watchman too",
        code_ttl="The code is too old",
        second_watchman="The second watchman gets the code",
        gone="The cabin counts as empty",
        fire_clear="The fire counts as over",
        exit_hold="The exit button has done its work",
        trial="An output that is tried is let go of",
    ),
    ways=WayWords(
        code="The code at the keypad",
        exit="The exit button",
        fire="The fire contact",
        panic="The panic switch",
        person_down="A person lies on the floor",
        control_room="RELEASE from the control room",
        on_the_spot="A release on the spot",
        forced="The door is forced open",
        restart="The program starts again",
        inputs_failed="The contacts cannot be read",
        nobody_there="Nobody is seen inside",
        nobody_can_open="Nobody can open it any more",
        max_time="The longest time is over",
        trial_time="The seconds of the trial are over",
        trial_stopped="Stop on the page of commissioning",
        happening="Anything that happens: somebody is seen, the door moves",
    ),
    because=BecauseWords(
        works="opens at once",
        code_on_its_way="the right code opens, but no telephone has it yet",
        time_runs="comes by itself",
        no_code="there is no code now",
        keypad_closed="the keypad rests after wrong codes",
        keypad_broken="the keypad has failed",
        being_compared="what was typed is being compared",
        not_fitted="not fitted",
        contact_broken="the door contact is not believed",
        camera_blind="the camera sees nothing",
        somebody_there="somebody is there",
        somebody_can_open="somebody can open it",
        holds_already="is so already",
        no_secret="the control room has no password",
        no_modem="no text comes in",
        socket_dead="nobody can ask for it",
    ),
)

GERMAN: Final = TableWords(
    waits=WaitWords(
        siren="Die Sirene endet",
        silence="Töne sind wieder erlaubt",
        hold="Die Uhr bis zur Verriegelung darf wieder laufen",
        claim="Die Kartenprüfung endet",
        crowd="Mehrere Personen werden gemeldet",
        door_held="Die offene Tür wird gemeldet",
        exit_stuck="Der Ausgangstaster gilt als verklemmt",
        remind="Erinnerung an das, was anhält",
        shown="Das Gesicht gilt als gezeigt",
        adjust="Die Warnung",
        say_again="Die Ansage wird wiederholt",
        lock="Die Tür verriegelt",
        lead="Die Warnung ist lange genug her",
        max_lock="Die längste Dauer einer Verriegelung",
        record="Die Verriegelung wartet nicht länger auf das Protokoll",
        unreachable="Freigabe, weil niemand öffnen kann",
        locked_empty="Freigabe, weil niemand da ist",
        keypad_opens="Die Tastatur ist wieder frei",
        code_accept="Ein Code, den kein Netz annahm, wird zurückgezogen",
        code_failover="Der Code geht auch an den zweiten Wächter",
        code_ttl="Der Code ist zu alt",
        second_watchman="Der zweite Wächter bekommt den Code",
        gone="Die Kabine gilt als leer",
        fire_clear="Das Feuer gilt als vorbei",
        exit_hold="Der Ausgangstaster hat gewirkt",
        trial="Ein erprobter Ausgang fällt ab",
    ),
    ways=WayWords(
        code="Der Code an der Tastatur",
        exit="Der Ausgangstaster",
        fire="Der Feuerkontakt",
        panic="Der Überfalltaster",
        person_down="Jemand liegt am Boden",
        control_room="RELEASE aus der Leitstelle",
        on_the_spot="Freigabe vor Ort",
        forced="Die Tür wird aufgebrochen",
        restart="Das Programm startet neu",
        inputs_failed="Die Kontakte sind nicht lesbar",
        nobody_there="Niemand ist zu sehen",
        nobody_can_open="Niemand kann mehr öffnen",
        max_time="Die längste Zeit ist vorbei",
        trial_time="Die Sekunden der Probe sind um",
        trial_stopped="Anhalten auf der Seite der Inbetriebnahme",
        happening="Was auch geschieht: jemand ist zu sehen, die Tür bewegt sich",
    ),
    because=BecauseWords(
        works="öffnet sofort",
        code_on_its_way="der richtige Code öffnet, aber noch kein Telefon hat ihn",
        time_runs="kommt von selbst",
        no_code="zurzeit gibt es keinen Code",
        keypad_closed="die Tastatur ruht nach falschen Codes",
        keypad_broken="die Tastatur ist ausgefallen",
        being_compared="die Eingabe wird verglichen",
        not_fitted="nicht verbaut",
        contact_broken="dem Türkontakt wird nicht geglaubt",
        camera_blind="die Kamera sieht nichts",
        somebody_there="jemand ist da",
        somebody_can_open="jemand kann öffnen",
        holds_already="ist schon so",
        no_secret="die Leitstelle hat kein Passwort",
        no_modem="es kommen keine Nachrichten an",
        socket_dead="niemand kann darum bitten",
    ),
)

HINDI: Final = TableWords(
    waits=WaitWords(
        siren="सायरन बंद होगा",
        silence="आवाज़ फिर हो सकेगी",
        hold="लॉक की घड़ी फिर चल सकेगी",
        claim="कार्ड की जाँच पूरी होगी",
        crowd="कई लोगों की सूचना जाएगी",
        door_held="खुले दरवाज़े की सूचना जाएगी",
        exit_stuck="निकास बटन अटका माना जाएगा",
        remind="जो चल रहा है उसकी याद दिलाई जाएगी",
        shown="चेहरा दिखाया हुआ माना जाएगा",
        adjust="चेतावनी",
        say_again="बात फिर बोली जाएगी",
        lock="दरवाज़ा लॉक होगा",
        lead="चेतावनी को काफ़ी समय हो जाएगा",
        max_lock="लॉक का सबसे लंबा समय",
        record="लॉक रिकॉर्ड की और प्रतीक्षा नहीं करेगा",
        unreachable="लॉक खुलेगा, क्योंकि कोई खोल नहीं सकता",
        locked_empty="लॉक खुलेगा, क्योंकि अंदर कोई नहीं",
        keypad_opens="कीपैड फिर खुलेगा",
        code_accept="जो कोड नेटवर्क ने नहीं लिया वह वापस होगा",
        code_failover="कोड दूसरे गार्ड को भी जाएगा",
        code_ttl="कोड पुराना हो जाएगा",
        second_watchman="दूसरे गार्ड को कोड मिलेगा",
        gone="केबिन खाली माना जाएगा",
        fire_clear="आग समाप्त मानी जाएगी",
        exit_hold="निकास बटन का असर पूरा होगा",
        trial="जाँचा जा रहा आउटपुट छूटेगा",
    ),
    ways=WayWords(
        code="कीपैड पर कोड",
        exit="निकास बटन",
        fire="आग का संपर्क",
        panic="आपात बटन",
        person_down="कोई फ़र्श पर गिरा है",
        control_room="नियंत्रण कक्ष से RELEASE",
        on_the_spot="मौके पर खोलना",
        forced="दरवाज़ा ज़ोर से खोला जाए",
        restart="प्रोग्राम फिर शुरू हो",
        inputs_failed="संपर्क पढ़े न जा सकें",
        nobody_there="अंदर कोई न दिखे",
        nobody_can_open="अब कोई खोल न सके",
        max_time="सबसे लंबा समय बीत जाए",
        trial_time="जाँच के सेकंड पूरे हों",
        trial_stopped="स्थापना के पृष्ठ पर रोका जाए",
        happening="कुछ भी हो: कोई दिखे, दरवाज़ा हिले",
    ),
    because=BecauseWords(
        works="तुरंत खुलता है",
        code_on_its_way="सही कोड खोलता है, पर अभी किसी फ़ोन पर नहीं आया",
        time_runs="अपने आप होगा",
        no_code="अभी कोई कोड नहीं है",
        keypad_closed="गलत कोड के बाद कीपैड बंद है",
        keypad_broken="कीपैड ख़राब है",
        being_compared="लिखा हुआ कोड मिलाया जा रहा है",
        not_fitted="लगा नहीं है",
        contact_broken="दरवाज़े के संपर्क पर भरोसा नहीं",
        camera_blind="कैमरे को कुछ नहीं दिखता",
        somebody_there="अंदर कोई है",
        somebody_can_open="कोई खोल सकता है",
        holds_already="पहले से ऐसा है",
        no_secret="नियंत्रण कक्ष के पास पासवर्ड नहीं",
        no_modem="कोई संदेश नहीं आता",
        socket_dead="इसके लिए कोई कह नहीं सकता",
    ),
)
