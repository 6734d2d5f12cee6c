"""The words of a report that is filed: titles, plots and tables of an incident, a day, a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.words.language import InLanguages, Words


@dataclass(frozen=True, slots=True)
class ReportWords(Words):
    # the top
    of_incident: str
    of_day: str
    of_month: str
    cabin: str
    period: str
    made: str
    program: str
    record: str
    personal: str
    # in short
    summary: str
    visits: str
    warned: str
    locked: str
    emergency: str
    incidents: str
    judged_false: str
    judged_true: str
    not_judged: str
    messages: str
    failed: str
    slowest: str
    usual: str
    faults: str
    restarts: str
    # incidents
    incidents_none: str
    only_warned: str
    duration: str
    locked_for: str
    told: str
    # plots
    plots: str
    by_hour: str
    by_day: str
    hour: str
    day: str
    count: str
    frames: str
    board: str
    signal: str
    disk: str
    time: str
    least: str
    mean: str
    most: str
    no_values: str
    plot_words: str
    bars_words: str
    # false alarms
    feedback: str
    feedback_words: str
    feedback_none: str
    kind: str
    note: str
    share: str
    # messages
    told_title: str
    to: str
    sent: str
    delivered: str
    median: str
    longest: str
    # faults
    faults_title: str
    faults_none: str
    fault: str
    times: str
    standing: str
    cause: str
    # commissioning
    commissioned: str
    commissioned_none: str
    who: str
    results: str
    signed: str
    passed: str
    not_passed: str
    left_out: str
    really_done: str
    # proof
    proof: str
    head: str
    lines_kept: str
    first_kept: str
    verify: str
    verify_words: str
    pictures_proof: str
    picture: str
    hash: str
    more_pictures: str
    # lacks
    lacks: str
    lacks_none: str
    lack_cut: str
    lack_clock: str
    lack_restarts: str
    lack_lost: str
    lack_vitals: str
    lack_running: str
    lack_pictures_off: str
    lack_pictures_sealed: str
    page_foot: str


_ENGLISH: Final = ReportWords(
    of_incident="Incident report",
    of_day="Report of a day",
    of_month="Report of a month",
    cabin="Cabin",
    period="Period",
    made="Made on",
    program="Program",
    record="Record",
    personal="Shows people. Keep it as your rules on pictures say, and delete it with them.",
    summary="In short",
    visits="Visits",
    warned="Warned",
    locked="Locked",
    emergency="Emergencies",
    incidents="Incidents",
    judged_false="False alarms",
    judged_true="True alarms",
    not_judged="Not judged",
    messages="Messages",
    failed="Failed",
    slowest="Slowest to be taken",
    usual="Half are taken within",
    faults="Faults",
    restarts="Starts of the program",
    incidents_none="No incident in this time.",
    only_warned="{count} more ended after the warning, and are not listed here.",
    duration="Lasted",
    locked_for="Locked for",
    told="First told",
    plots="How the cabin fared",
    by_hour="Visits by hour of the day",
    by_day="Visits by day",
    hour="Hour",
    day="Day",
    count="Visits",
    frames="Pictures a second",
    board="Temperature of the board, °C",
    signal="Signal of the modem, dBm",
    disk="Room on the disk, MB",
    time="Time",
    least="Least",
    mean="Mean",
    most="Most",
    no_values="The record has no value of it in this time.",
    plot_words="{title}: between {least} and {most}, {mean} on average",
    bars_words="{title}: {total} in all, most at {top}",
    feedback="False alarms, as the control room judged them",
    feedback_words="{judged} of {all} incidents were judged, {false} of them as false alarms ({percent} %).",
    feedback_none="No incident was judged in this time.",
    kind="Kind",
    note="Remark",
    share="False among the judged",
    told_title="Who was told, and how fast",
    to="To",
    sent="Sent",
    delivered="Delivered",
    median="Half taken within",
    longest="Slowest",
    faults_title="Faults",
    faults_none="No fault in this time.",
    fault="Fault",
    times="Times",
    standing="Stood",
    cause="Cause",
    commissioned="Commissioning that was signed",
    commissioned_none="The record has no signed commissioning.",
    who="Signed by",
    results="Results",
    signed="Signed on",
    passed="{count} passed",
    not_passed="{count} not passed",
    left_out="{count} left out",
    really_done="Seen by the kiosk: {outputs} of {most} outputs tried, "
    "{keys} keys, {delivered} of {sent} test texts delivered, learnt: {learnt}",
    proof="How to prove that nobody has changed it",
    head="Head of the chain",
    lines_kept="Lines",
    first_kept="Oldest line",
    verify="To be run on the kiosk, or on a copy of its folder:",
    verify_words="Every line of the record is chained to the one before by SHA-256. The head above stands "
    "for all "
    "lines up to it: compare it with a head that was sent out earlier, such as the one in the daily message.",
    pictures_proof="Pictures in this report",
    picture="Picture",
    hash="SHA-256",
    more_pictures="{count} more pictures of this incident are kept; the record has the hash of each.",
    lacks="What the record lacks",
    lacks_none="Nothing that is known of.",
    lack_cut="The record begins on {day}: what came before was removed for its age or size.",
    lack_clock="{count} lines were written before the clock was set; they are not counted here.",
    lack_restarts="The program was started {count} times: what happened while it was off is not known.",
    lack_lost="Lines were lost while the disk failed.",
    lack_vitals="The hourly rows of the kiosk's health cover {hours} of {all} hours.",
    lack_running="The period is not over yet.",
    lack_pictures_off="Pictures are left out of this report.",
    lack_pictures_sealed="{count} pictures are sealed and not in this report: they open at the bank.",
    page_foot="{cabin}, {title}, record head {head}",
)

_GERMAN: Final = ReportWords(
    of_incident="Bericht über einen Vorfall",
    of_day="Bericht über einen Tag",
    of_month="Bericht über einen Monat",
    cabin="Kabine",
    period="Zeitraum",
    made="Erstellt am",
    program="Programm",
    record="Protokoll",
    personal="Zeigt Menschen. Aufbewahren, wie die eigenen Regeln für Bilder es sagen, und mit ihnen "
    "löschen.",
    summary="Kurz gesagt",
    visits="Besuche",
    warned="Gewarnt",
    locked="Verriegelt",
    emergency="Notfälle",
    incidents="Vorfälle",
    judged_false="Fehlalarme",
    judged_true="Echte Alarme",
    not_judged="Nicht beurteilt",
    messages="Nachrichten",
    failed="Gescheitert",
    slowest="Am längsten bis zum Netz",
    usual="Die Hälfte im Netz nach",
    faults="Störungen",
    restarts="Starts des Programms",
    incidents_none="Kein Vorfall in dieser Zeit.",
    only_warned="{count} weitere endeten nach der Warnung und stehen hier nicht.",
    duration="Dauer",
    locked_for="Verriegelt für",
    told="Zuerst benachrichtigt",
    plots="Wie es der Kabine erging",
    by_hour="Besuche nach Stunde des Tages",
    by_day="Besuche nach Tag",
    hour="Stunde",
    day="Tag",
    count="Besuche",
    frames="Bilder pro Sekunde",
    board="Temperatur der Platine, °C",
    signal="Signal des Modems, dBm",
    disk="Freier Speicher, MB",
    time="Zeit",
    least="Minimum",
    mean="Mittel",
    most="Maximum",
    no_values="Dazu hat das Protokoll in dieser Zeit keinen Wert.",
    plot_words="{title}: zwischen {least} und {most}, im Mittel {mean}",
    bars_words="{title}: insgesamt {total}, am meisten: {top}",
    feedback="Fehlalarme nach dem Urteil der Leitstelle",
    feedback_words="{judged} von {all} Vorfällen wurden beurteilt, {false} davon als Fehlalarm ({percent} "
    "%).",
    feedback_none="In dieser Zeit wurde kein Vorfall beurteilt.",
    kind="Art",
    note="Bemerkung",
    share="Falsch unter den beurteilten",
    told_title="Wer benachrichtigt wurde, und wie schnell",
    to="An",
    sent="Gesendet",
    delivered="Zugestellt",
    median="Hälfte im Netz nach",
    longest="Längste",
    faults_title="Störungen",
    faults_none="Keine Störung in dieser Zeit.",
    fault="Störung",
    times="Wie oft",
    standing="Wie lange",
    cause="Ursache",
    commissioned="Unterschriebene Inbetriebnahmen",
    commissioned_none="Das Protokoll hat keine unterschriebene Inbetriebnahme.",
    who="Unterschrieben von",
    results="Ergebnisse",
    signed="Unterschrieben am",
    passed="{count} bestanden",
    not_passed="{count} nicht bestanden",
    left_out="{count} ausgelassen",
    really_done="Vom Kiosk gesehen: {outputs} von {most} Ausgängen ausprobiert, "
    "{keys} Tasten, {delivered} von {sent} Probe-SMS zugestellt, gelernt: {learnt}",
    proof="Wie man beweist, dass niemand es geändert hat",
    head="Kopf der Kette",
    lines_kept="Zeilen",
    first_kept="Älteste Zeile",
    verify="Auszuführen am Kiosk oder auf einer Kopie seines Ordners:",
    verify_words="Jede Zeile des Protokolls ist durch SHA-256 an die vorige gekettet. Der Kopf oben steht "
    "für alle "
    "Zeilen bis dahin: mit einem früher verschickten Kopf vergleichen, etwa dem in der täglichen Nachricht.",
    pictures_proof="Bilder in diesem Bericht",
    picture="Bild",
    hash="SHA-256",
    more_pictures="{count} weitere Bilder dieses Vorfalls sind aufbewahrt; das Protokoll hat den Hash von "
    "jedem.",
    lacks="Was dem Protokoll fehlt",
    lacks_none="Nichts, wovon man wüsste.",
    lack_cut="Das Protokoll beginnt am {day}: Was davor war, wurde wegen Alter oder Größe entfernt.",
    lack_clock="{count} Zeilen wurden geschrieben, bevor die Uhr gestellt war; sie zählen hier nicht.",
    lack_restarts="Das Programm wurde {count}-mal gestartet: Was währenddessen geschah, ist nicht bekannt.",
    lack_lost="Zeilen gingen verloren, während der Speicher gestört war.",
    lack_vitals="Die stündlichen Zeilen zum Befinden decken {hours} von {all} Stunden ab.",
    lack_running="Der Zeitraum ist noch nicht vorbei.",
    lack_pictures_off="Bilder fehlen in diesem Bericht.",
    lack_pictures_sealed="{count} Bilder sind versiegelt und fehlen hier: Die Bank kann sie öffnen.",
    page_foot="{cabin}, {title}, Kopf der Kette {head}",
)

_HINDI: Final = ReportWords(
    of_incident="घटना की रिपोर्ट",
    of_day="एक दिन की रिपोर्ट",
    of_month="एक महीने की रिपोर्ट",
    cabin="केबिन",
    period="अवधि",
    made="बनाई गई",
    program="प्रोग्राम",
    record="रिकॉर्ड",
    personal="इसमें लोग दिखते हैं। तस्वीरों के अपने नियमों के अनुसार रखें, और उनके साथ मिटाएँ।",
    summary="संक्षेप में",
    visits="आने वाले",
    warned="चेतावनी",
    locked="लॉक",
    emergency="आपात",
    incidents="घटनाएँ",
    judged_false="झूठे अलार्म",
    judged_true="सच्चे अलार्म",
    not_judged="निर्णय नहीं",
    messages="संदेश",
    failed="विफल",
    slowest="नेटवर्क तक सबसे धीमा",
    usual="आधे नेटवर्क ने लिए",
    faults="ख़राबियाँ",
    restarts="प्रोग्राम कितनी बार चालू हुआ",
    incidents_none="इस अवधि में कोई घटना नहीं।",
    only_warned="{count} और घटनाएँ चेतावनी के बाद समाप्त हुईं; वे यहाँ नहीं लिखी हैं।",
    duration="अवधि",
    locked_for="कितनी देर लॉक",
    told="पहले किसे बताया",
    plots="केबिन कैसा रहा",
    by_hour="घंटे के अनुसार आने वाले",
    by_day="दिन के अनुसार आने वाले",
    hour="घंटा",
    day="दिन",
    count="आने वाले",
    frames="प्रति सेकंड तस्वीरें",
    board="बोर्ड का तापमान, °C",
    signal="मॉडेम का सिग्नल, dBm",
    disk="डिस्क पर खाली जगह, MB",
    time="समय",
    least="न्यूनतम",
    mean="औसत",
    most="अधिकतम",
    no_values="इस अवधि में रिकॉर्ड में इसका कोई मान नहीं है।",
    plot_words="{title}: {least} और {most} के बीच, औसत {mean}",
    bars_words="{title}: कुल {total}, सबसे अधिक {top}",
    feedback="झूठे अलार्म, नियंत्रण कक्ष के निर्णय से",
    feedback_words="{all} में से {judged} घटनाओं पर निर्णय हुआ, उनमें {false} झूठे अलार्म ({percent} %)।",
    feedback_none="इस अवधि में किसी घटना पर निर्णय नहीं हुआ।",
    kind="प्रकार",
    note="टिप्पणी",
    share="निर्णय वालों में झूठे",
    told_title="किसे बताया गया, और कितनी जल्दी",
    to="किसको",
    sent="भेजे",
    delivered="पहुँचे",
    median="आधे इतने में लिए गए",
    longest="सबसे धीमा",
    faults_title="ख़राबियाँ",
    faults_none="इस अवधि में कोई ख़राबी नहीं।",
    fault="ख़राबी",
    times="कितनी बार",
    standing="कितनी देर",
    cause="कारण",
    commissioned="हस्ताक्षर की हुई स्थापना",
    commissioned_none="रिकॉर्ड में कोई हस्ताक्षर की हुई स्थापना नहीं है।",
    who="हस्ताक्षर",
    results="परिणाम",
    signed="कब",
    passed="{count} ठीक",
    not_passed="{count} ठीक नहीं",
    left_out="{count} छोड़े",
    really_done="कियोस्क ने देखा: {most} में से {outputs} आउटपुट आज़माए, "
    "{keys} बटन, {sent} में से {delivered} परीक्षण संदेश पहुँचे, सीखा: {learnt}",
    proof="कैसे सिद्ध करें कि किसी ने इसे नहीं बदला",
    head="शृंखला का सिरा",
    lines_kept="पंक्तियाँ",
    first_kept="सबसे पुरानी पंक्ति",
    verify="कियोस्क पर चलाएँ, या उसके फ़ोल्डर की प्रति पर:",
    verify_words="रिकॉर्ड की हर पंक्ति SHA-256 से पिछली पंक्ति से जुड़ी है। ऊपर का सिरा उस तक की सब "
    "पंक्तियों के लिए है: "
    "इसे पहले भेजे गए सिरे से मिलाएँ, जैसे दैनिक संदेश में।",
    pictures_proof="इस रिपोर्ट की तस्वीरें",
    picture="तस्वीर",
    hash="SHA-256",
    more_pictures="इस घटना की {count} और तस्वीरें रखी हैं; हर एक का हैश रिकॉर्ड में है।",
    lacks="रिकॉर्ड में क्या नहीं है",
    lacks_none="ऐसा कुछ पता नहीं।",
    lack_cut="रिकॉर्ड {day} से शुरू होता है: उससे पहले का पुराना होने या जगह की कमी से हटाया गया।",
    lack_clock="{count} पंक्तियाँ घड़ी मिलने से पहले की हैं; वे यहाँ नहीं गिनी गईं।",
    lack_restarts="प्रोग्राम {count} बार चालू हुआ: बंद रहते क्या हुआ, यह पता नहीं।",
    lack_lost="डिस्क ख़राब रहते पंक्तियाँ खो गईं।",
    lack_vitals="कियोस्क के हाल की पंक्तियाँ {all} में से {hours} घंटों की हैं।",
    lack_running="अवधि अभी पूरी नहीं हुई।",
    lack_pictures_off="इस रिपोर्ट में तस्वीरें नहीं हैं।",
    lack_pictures_sealed="{count} तस्वीरें सीलबंद हैं और इस रिपोर्ट में नहीं हैं: वे बैंक में खुलेंगी।",
    page_foot="{cabin}, {title}, शृंखला का सिरा {head}",
)

report_words: Final = InLanguages(en=_ENGLISH, de=_GERMAN, hi=_HINDI)
