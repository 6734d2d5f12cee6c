"""Every text that a phone gets, made when it is needed, and the words of every language.

A text names the cabin, the incident and its own short number (`#37`), the same in a repeat. Only `make_text`
with a code makes a text that holds one, and only as the string that it returns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol

from edge.faults.catalogue import CATALOGUE
from edge.settings.zones import clocks_change, is_ambiguous, zone_of
from edge.terms.clock import CLOCK_SET_S
from edge.terms.record import CODE_KIND, OutboxRow

COUNTER: Final = "counter_"
"""How a reason begins that names the counter of the next RELEASE."""

_CODE: Final = re.compile(r"\bCODE (\d{3,8})\b", re.ASCII)


class _CabinSettings(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def timezone(self) -> str: ...


class _Settings(Protocol):
    @property
    def cabin(self) -> _CabinSettings: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What every text of one cabin has in common."""

    cabin: str
    address: str
    language: str
    zone: tzinfo

    @classmethod
    def of(cls, settings: _Settings) -> Context:
        cabin = settings.cabin
        return cls(cabin.name, cabin.address, cabin.language, zone_of(cabin.timezone))


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language. Templates are filled by `str.format`; what is missing is left in English."""

    code: str
    code_until: str
    code_for: str
    code_plain: str
    alert: str
    incident: str
    at: str
    repeat: str
    kinds: Mapping[str, str]
    reasons: Mapping[str, str]
    prompts: Mapping[str, str]
    causes: Mapping[str, str]
    lock_in: str
    lock_soon: str
    exit_always: str
    clip_lock_in: str
    clip_seconds: str
    clip_minute: str
    help: str
    status: str
    counter: str


ENGLISH: Final = Language(
    code="{where}. Incident {incident}: CODE {code}. Code {which}{until}. {tail}",
    code_until=", until {time}, earlier ones void",
    code_for=", for {minutes} min, earlier ones void",
    code_plain=", earlier ones void",
    alert="{where}. {words}. {tail}",
    incident="Incident {incident}",
    at="{time}",
    repeat="repeat",
    kinds=MappingProxyType(
        {
            "locked": "Door locked, face not shown",
            "released": "Door released",
            "codes_used_up": "All codes of this incident are used up",
            "code_withdrawn": "No network took the code, it is withdrawn",
            "keypad_lockout": "Wrong codes typed, keypad closed for a while",
            "lock_withheld": "Face not shown, but the door may not be locked now",
            "restarted_locked": "Restarted while locked, locked again",
            "exit_unshown": "Exit button pressed by somebody who has not shown the face",
            "door_opened_often": "Door opened for the third time under the warning",
            "clock_held": "Face check held up for the third time in this visit",
            "exit_stuck": "Exit button stuck or its wire cut, door stays unlocked",
            "fire": "FIRE alarm, door unlocked",
            "presence_stuck": "Somebody in the cabin for very long, please look",
            "camera_gone": "Camera gives no pictures",
            "fault": "Fault",
            "out_of_service": "The guard is out of service, the door stays unlocked",
            "release_refused": "A text to release the door was refused",
            "several_persons": "Several persons in the cabin",
            "weapon": "WEAPON seen. No sound is made in the cabin",
            "fight": "FIGHT seen. No sound is made in the cabin",
            "person_down": "PERSON DOWN. Help is needed",
            "panic": "PANIC switch pressed. No sound is made in the cabin",
            "loitering": "Somebody stays without using the machine",
            "object_left": "Something was left in the cabin",
            "front_changed": "The front of the machine looks changed",
            "camera_obstructed": "Camera covered, moved or dark",
            "unusual_scene": "The cabin looks unlike anything normal",
            "still_picture": "A still picture instead of a face",
            "case_opened": "The case of the guard was opened",
            "shaken": "The machine is being shaken",
            "door_forced": "The door was forced",
            "door_held_open": "The door is held open",
        }
    ),
    reasons=MappingProxyType(
        {
            "code": "by the code",
            "exit": "by the exit button",
            "fire": "by the fire alarm",
            "panic": "by the panic switch",
            "person_down": "person down",
            "max_time": "longest time reached",
            "door_forced": "the door was forced",
            "nobody_there": "nobody is there any more",
            "inputs_failed": "the inputs cannot be read",
            "face_not_hidden": "the face is not hidden now",
            "restart": "by a restart",
            "new_code": "a new code was sent",
            "no_code_left": "no code is left",
            "keypad_closed": "the keypad stays closed for a while",
            "unreachable": "nobody could be reached",
            "control_room": "by the control room",
            "on_the_spot": "by the keeper of the machine",
            "face_camera": "face turned away or hidden",
            "release_of_another_incident": "another incident is locked, or none",
            "release_without_secret": "no secret is set up",
            "none": "",
        }
    ),
    prompts=MappingProxyType(
        {
            "show_face": "{cause} {lock} {exit}",
            "door_open": "{cause} The door is open. Please let it close. {exit}",
            "locked": (
                "The door is locked because your face was not shown. The guard has been called. {exit} "
                "Or wait: the guard opens with a code."
            ),
            "released": "The door is open. You may leave.",
            "emergency": "The door is open. Please leave the cabin now.",
            "machine_closed": "The machine is closed. You may leave at any time.",
            "silence": "",
        }
    ),
    causes=MappingProxyType(
        {
            "none": "Please show your face to the camera.",
            "mask": "Please take off your mask.",
            "helmet": "Please take off your helmet.",
            "glasses": "Please take off your dark glasses.",
            "scarf": "Please uncover your face.",
            "hand": "Please take your hand away from your face.",
            "covered": "Please uncover your face.",
            "face_camera": "Please face the camera.",
            "one_at_a_time": "One person at a time, please.",
            "step_closer": "Please step closer.",
            "more_light": "Please step into the light.",
        }
    ),
    lock_in="The door will lock in {seconds} s.",
    lock_soon="The door is about to lock.",
    exit_always="The exit button always opens the door.",
    clip_lock_in="The door will lock in",
    clip_seconds="seconds.",
    clip_minute="The door will lock in about a minute.",
    help="{where}. Text STATUS, HELP, or RELEASE incident 6-digit-code (control room).",
    status="{where}. {state}. {tail}",
    counter="wrong password, that of counter {number} opens",
)

_HINDI: Final = Language(
    code="{where}. घटना {incident}: CODE {code}. कोड {which}{until}. {tail}",
    code_until=", {time} तक, पुराने कोड रद्द",
    code_for=", {minutes} मिनट तक, पुराने कोड रद्द",
    code_plain=", पुराने कोड रद्द",
    alert="{where}. {words}. {tail}",
    incident="घटना {incident}",
    at="{time}",
    repeat="दोबारा",
    kinds=MappingProxyType(
        {
            "locked": "दरवाज़ा बंद, चेहरा नहीं दिखाया",
            "released": "दरवाज़ा खुला",
            "codes_used_up": "इस घटना के सभी कोड समाप्त",
            "code_withdrawn": "कोड नहीं भेजा जा सका, रद्द",
            "keypad_lockout": "गलत कोड, कीपैड कुछ समय बंद",
            "lock_withheld": "चेहरा नहीं दिखा, पर दरवाज़ा अभी बंद नहीं हो सकता",
            "restarted_locked": "बंद रहते फिर चालू, फिर बंद",
            "exit_unshown": "चेहरा दिखाए बिना निकास बटन दबाया",
            "door_opened_often": "चेतावनी के दौरान दरवाज़ा तीसरी बार खुला",
            "clock_held": "चेहरे की जाँच तीसरी बार रुकी",
            "exit_stuck": "निकास बटन अटका है, दरवाज़ा खुला रहेगा",
            "fire": "आग की चेतावनी, दरवाज़ा खुला",
            "presence_stuck": "केबिन में कोई बहुत देर से है, कृपया देखें",
            "camera_gone": "कैमरा बंद है",
            "fault": "ख़राबी",
            "out_of_service": "गार्ड बंद है, दरवाज़ा खुला रहता है",
            "release_refused": "दरवाज़ा खोलने का संदेश अस्वीकृत",
            "several_persons": "केबिन में कई लोग",
            "weapon": "हथियार दिखा. केबिन में कोई आवाज़ नहीं",
            "fight": "मारपीट दिखी. केबिन में कोई आवाज़ नहीं",
            "person_down": "कोई गिरा हुआ है. मदद चाहिए",
            "panic": "आपात बटन दबा. केबिन में कोई आवाज़ नहीं",
            "loitering": "कोई मशीन इस्तेमाल किए बिना रुका है",
            "object_left": "केबिन में कुछ छूटा है",
            "front_changed": "मशीन का अगला भाग बदला दिखता है",
            "camera_obstructed": "कैमरा ढका, हिला या अँधेरा",
            "unusual_scene": "केबिन असामान्य दिखता है",
            "still_picture": "चेहरे की जगह तस्वीर",
            "case_opened": "उपकरण का डिब्बा खोला गया",
            "shaken": "मशीन हिलाई जा रही है",
            "door_forced": "दरवाज़ा तोड़ा गया",
            "door_held_open": "दरवाज़ा खुला रखा है",
        }
    ),
    reasons=MappingProxyType(
        {
            "code": "कोड से",
            "exit": "निकास बटन से",
            "fire": "आग की चेतावनी से",
            "panic": "आपात बटन से",
            "max_time": "अधिकतम समय पूरा",
            "door_forced": "दरवाज़ा तोड़ा गया",
            "nobody_there": "अब कोई नहीं है",
            "inputs_failed": "इनपुट पढ़े नहीं जा सकते",
            "restart": "फिर चालू होने से",
            "new_code": "नया कोड भेजा",
            "no_code_left": "कोई कोड बाकी नहीं",
            "keypad_closed": "कीपैड अभी बंद रहेगा",
            "unreachable": "किसी से संपर्क नहीं",
            "control_room": "नियंत्रण कक्ष से",
            "mask": "मास्क",
            "helmet": "हेलमेट",
            "glasses": "काला चश्मा",
            "scarf": "कपड़ा",
            "hand": "हाथ",
            "covered": "ढका चेहरा",
            "face_camera": "चेहरा मुड़ा या छिपा",
            "release_of_another_incident": "कोई और घटना बंद है, या कोई नहीं",
            "release_without_secret": "कोई गुप्त कुंजी नहीं है",
            "none": "",
        }
    ),
    prompts=MappingProxyType(
        {
            "show_face": "{cause} {lock} {exit}",
            "door_open": "{cause} दरवाज़ा खुला है. कृपया बंद होने दें. {exit}",
            "locked": (
                "चेहरा न दिखाने के कारण दरवाज़ा बंद है. गार्ड को बुलाया गया है. {exit} या रुकें: गार्ड कोड से खोलेगा."
            ),
            "released": "दरवाज़ा खुला है. आप जा सकते हैं.",
            "emergency": "दरवाज़ा खुला है. कृपया तुरंत बाहर निकलें.",
            "machine_closed": "मशीन बंद है. आप कभी भी जा सकते हैं.",
            "silence": "",
        }
    ),
    causes=MappingProxyType(
        {
            "none": "कृपया कैमरे को अपना चेहरा दिखाएँ.",
            "mask": "कृपया मास्क हटाएँ.",
            "helmet": "कृपया हेलमेट उतारें.",
            "glasses": "कृपया काला चश्मा उतारें.",
            "scarf": "कृपया चेहरा खोलें.",
            "hand": "कृपया चेहरे से हाथ हटाएँ.",
            "covered": "कृपया चेहरा खोलें.",
            "face_camera": "कृपया कैमरे की ओर देखें.",
            "one_at_a_time": "कृपया एक बार में एक व्यक्ति.",
            "step_closer": "कृपया पास आएँ.",
            "more_light": "कृपया रोशनी में आएँ.",
        }
    ),
    lock_in="दरवाज़ा {seconds} सेकंड में बंद होगा.",
    lock_soon="दरवाज़ा अब बंद होने वाला है.",
    exit_always="निकास बटन हमेशा दरवाज़ा खोलता है.",
    clip_lock_in="दरवाज़ा बंद होगा",
    clip_seconds="सेकंड में.",
    clip_minute="दरवाज़ा लगभग एक मिनट में बंद होगा.",
    help="{where}. STATUS, HELP, या RELEASE घटना 6-अंक (नियंत्रण कक्ष) भेजें.",
    status="{where}. {state}. {tail}",
    counter="गलत पासवर्ड, काउंटर {number} का पासवर्ड खोलेगा",
)

_LANGUAGES: Final = MappingProxyType({"en": ENGLISH, "hi": _HINDI})

ALERT_KINDS: Final = tuple(ENGLISH.kinds)

LANGUAGES: Final = tuple(_LANGUAGES)
"""The languages that there are words for; any other is answered in English."""


def language_of(name: str) -> Language:
    return _LANGUAGES.get(name, ENGLISH)


# --- messages --------------------------------------------------------------------------------------


def make_text(
    row: OutboxRow,
    context: Context,
    wall_s: float,
    *,
    code: str | None = None,
    until_wall_s: float | None = None,
    facts: Mapping[str, str] | None = None,
) -> str:
    """The text of a row, now. `code` and `until_wall_s` (UTC seconds) belong to rows of kind `code` alone,
    `facts` (short plain words, such as state, incident, signal, faults) to those of `status` and `daily`.

    ValueError for a code row without a code: such a row must not be sent. The text of a repeat says so and
    has the same short number. `row.reason` of a code row says which code it is (`2 of 5`).
    """
    words = language_of(context.language)
    tail = _tail(row, words)
    if row.kind == CODE_KIND:
        if code is None:
            raise ValueError("a code row has no text without its code")
        until = words.code_plain
        if until_wall_s is not None and wall_s >= CLOCK_SET_S:
            until = _until(wall_s, until_wall_s, context.zone, words)
        return words.code.format(
            where=_where(context), incident=row.incident, code=code, which=row.reason, until=until, tail=tail
        )
    if row.kind == "help":
        return f"{help_text(context)} {tail}"
    if row.kind in ("status", "daily"):
        return f"{status_text(context, wall_s, facts or {})} {tail}"
    told = words.kinds.get(row.kind, _plain(row.kind))
    reason = _reason(row, words)
    if reason:
        told = f"{told}: {reason}"
    extras: list[str] = []
    if row.incident:
        extras.append(words.incident.format(incident=row.incident))
    if row.created_wall_s >= CLOCK_SET_S:
        extras.append(words.at.format(time=_time(row.created_wall_s, context.zone)))
    extras.append(tail)
    return words.alert.format(where=_where(context), words=told, tail=", ".join(extras))


def code_in(text: str) -> str | None:
    """The code that a text carries, for phones on the bench; None where it carries none."""
    found = _CODE.search(text)
    return None if found is None else found.group(1)


def sms_words(language: str) -> str:
    """All that an SMS of this language may say, lower case: for whoever looks for a word in one."""
    found: list[str] = []
    for words in (language_of(language), ENGLISH):
        found += [words.code, words.code_until, words.code_plain, words.alert, words.incident, words.repeat]
        found += [words.help, words.status]
        for texts in (words.kinds, words.reasons):
            found += [f"{_plain(name)} {text}" for name, text in texts.items()]
    found += [f"{fault.code} {fault.cause}" for fault in CATALOGUE.values()]
    return " ".join(found).lower()


def help_text(context: Context) -> str:
    return language_of(context.language).help.format(where=_where(context))


def status_text(context: Context, wall_s: float, facts: Mapping[str, str]) -> str:
    """The answer to STATUS."""
    words = language_of(context.language)
    state = ", ".join(f"{name} {value}" for name, value in facts.items()) or "-"
    tail = _time(wall_s, context.zone) if wall_s >= CLOCK_SET_S else "-"
    return words.status.format(where=_where(context), state=state, tail=tail)


def _where(context: Context) -> str:
    return f"{context.cabin}, {context.address}" if context.address else context.cabin


def _tail(row: OutboxRow, words: Language) -> str:
    return f"#{row.number} {words.repeat}" if row.tries > 1 else f"#{row.number}"


def _until(wall_s: float, until_wall_s: float, zone: tzinfo, words: Language) -> str:
    """How long a code is good: by the clock, but where the clocks are set and its hour comes twice or not at
    all, in whole minutes: they cannot be taken for past."""
    ends = (wall_s, until_wall_s)
    if clocks_change(*ends, zone) or any(is_ambiguous(end, zone) for end in ends):
        return words.code_for.format(minutes=max(1, int((until_wall_s - wall_s) / 60)))
    return words.code_until.format(time=_time(until_wall_s, zone))


def _time(wall_s: float, zone: tzinfo) -> str:
    """The time of day; in the hour that comes twice, with the zone's letters."""
    local = datetime.fromtimestamp(wall_s, zone)
    return local.strftime("%H:%M %Z" if is_ambiguous(wall_s, zone) else "%H:%M")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _reason(row: OutboxRow, words: Language) -> str:
    if row.reason in CATALOGUE:
        return f"{row.reason}. {CATALOGUE[row.reason].cause.rstrip('.')}"
    if row.reason.startswith(COUNTER):
        return words.counter.format(number=row.reason.removeprefix(COUNTER))
    return words.reasons.get(row.reason, _plain(row.reason))
