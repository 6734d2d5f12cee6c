"""What a language has to have words for: every field is required, so the type checker finds a missing word.

Templates are filled by `str.format`; every language has the same placeholders in the same template (a test).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Generic, TypeVar, assert_never

from edge.cabin.events import Anomaly


class LanguageName(StrEnum):
    """The languages that are complete for texts, prompts and page; the setting takes no other."""

    EN = "en"
    DE = "de"
    HI = "hi"


_W = TypeVar("_W")


@dataclass(frozen=True, slots=True)
class InLanguages(Generic[_W]):
    """The same words in every language. A new one is a type error here, then wherever words are written."""

    en: _W
    de: _W
    hi: _W

    def __call__(self, language: LanguageName) -> _W:
        """The words of this language."""
        match language:
            case LanguageName.EN:
                return self.en
            case LanguageName.DE:
                return self.de
            case LanguageName.HI:
                return self.hi
            case _:
                assert_never(language)


@dataclass(frozen=True, slots=True)
class Words:
    """Words by name. The name of a field is the name that the program and the record use."""

    def get(self, name: str) -> str | None:
        """The words for this name; None where there are none."""
        if not any(field.name == name for field in fields(self)):
            return None
        word: object = getattr(self, name)
        return word if isinstance(word, str) else None

    def of(self, name: str) -> str:
        """The words for this name. A name that only another version knows is said as it stands."""
        word = self.get(name)
        return name.replace("_", " ") if word is None else word


@dataclass(frozen=True, slots=True)
class AnomalyWords:
    """One anomaly: `text` in an SMS to somebody who sees nothing else, `short` in a list on the page."""

    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Anomalies:
    several_persons: AnomalyWords
    weapon: AnomalyWords
    fight: AnomalyWords
    robbery: AnomalyWords
    person_down: AnomalyWords
    panic: AnomalyWords
    loitering: AnomalyWords
    intrusion: AnomalyWords
    object_left: AnomalyWords
    object_removed: AnomalyWords
    front_changed: AnomalyWords
    camera_obstructed: AnomalyWords
    unusual_scene: AnomalyWords
    unusual_behaviour: AnomalyWords
    still_picture: AnomalyWords
    case_opened: AnomalyWords
    shaken: AnomalyWords
    door_forced: AnomalyWords
    door_held_open: AnomalyWords

    def of(self, anomaly: Anomaly) -> AnomalyWords:
        """The words of an anomaly. A new one is a type error here, then in every language."""
        match anomaly:
            case Anomaly.SEVERAL_PERSONS:
                return self.several_persons
            case Anomaly.WEAPON:
                return self.weapon
            case Anomaly.FIGHT:
                return self.fight
            case Anomaly.ROBBERY:
                return self.robbery
            case Anomaly.PERSON_DOWN:
                return self.person_down
            case Anomaly.PANIC:
                return self.panic
            case Anomaly.LOITERING:
                return self.loitering
            case Anomaly.INTRUSION:
                return self.intrusion
            case Anomaly.OBJECT_LEFT:
                return self.object_left
            case Anomaly.OBJECT_REMOVED:
                return self.object_removed
            case Anomaly.FRONT_CHANGED:
                return self.front_changed
            case Anomaly.CAMERA_OBSTRUCTED:
                return self.camera_obstructed
            case Anomaly.UNUSUAL_SCENE:
                return self.unusual_scene
            case Anomaly.UNUSUAL_BEHAVIOUR:
                return self.unusual_behaviour
            case Anomaly.STILL_PICTURE:
                return self.still_picture
            case Anomaly.CASE_OPENED:
                return self.case_opened
            case Anomaly.SHAKEN:
                return self.shaken
            case Anomaly.DOOR_FORCED:
                return self.door_forced
            case Anomaly.DOOR_HELD_OPEN:
                return self.door_held_open
            case _:
                assert_never(anomaly)


# --- SMS texts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alerts(Words):
    """What an alert says has happened, by its kind; those of anomalies are in `Anomalies`."""

    locked: str
    released: str
    codes_used_up: str
    code_withdrawn: str
    keypad_lockout: str
    code_typed: str
    all_ok: str
    duress: str
    lock_withheld: str
    restarted_locked: str
    exit_unshown: str
    door_opened_often: str
    clock_held: str
    exit_stuck: str
    fire: str
    presence_stuck: str
    camera_gone: str
    fault: str
    out_of_service: str
    release_refused: str
    identity_failed: str
    owner_said_no: str
    test: str


@dataclass(frozen=True, slots=True)
class Reasons(Words):
    """Why: what stands behind the colon of an alert, and on the page."""

    code: str
    exit: str
    fire: str
    panic: str
    person_down: str
    max_time: str
    door_forced: str
    nobody_there: str
    inputs_failed: str
    face_not_hidden: str
    door_open: str
    restart: str
    new_code: str
    no_code_left: str
    keypad_closed: str
    unreachable: str
    control_room: str
    on_the_spot: str
    mask: str
    helmet: str
    glasses: str
    scarf: str
    hand: str
    object: str
    covered: str
    face_camera: str
    hidden: str
    one_at_a_time: str
    step_closer: str
    step_back: str
    middle: str
    hold_still: str
    whole_face: str
    release_of_another_incident: str
    release_without_secret: str
    identity_mismatch: str
    identity_timeout: str
    owner_code_wrong: str
    ok: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Reasons with a number in them, and which code of how many it is."""

    code: str
    counter: str
    in_cabin: str
    no_movement: str
    ground: str
    limit: str


@dataclass(frozen=True, slots=True)
class Grounds(Words):
    """The rule behind a fact that was seen, as a sentence without its full stop."""

    several_seen: str
    stayed_long: str
    moved_about: str
    forbidden_zone: str
    forbidden_hour: str
    weapon_seen: str
    fight_seen: str
    robbed_by_force: str
    robbed_at_gunpoint: str
    lies_still: str
    stands_there: str
    is_gone: str
    unlike_normal: str
    unlike_learnt: str
    face_stands_still: str
    face_moves_flat: str
    face_never_stirs: str
    shaken_and_seen: str
    fixed_to_front: str
    gone_from_front: str
    front_differs: str
    picture_dark: str
    picture_blinded: str
    picture_covered: str
    picture_sprayed: str
    picture_defocused: str
    picture_moved: str
    picture_upside_down: str
    picture_frozen: str
    picture_replayed: str
    view_darker: str
    view_blurred: str
    view_veiled: str
    view_noisy: str
    view_shifted: str
    view_unlike: str
    faces_fewer: str
    faces_unclear: str
    faces_unsure: str
    people_unsure: str
    motion_unlike: str


@dataclass(frozen=True, slots=True)
class Measures(Words):
    """What was measured; the value and its unit stand after it."""

    persons: str
    faces: str
    looks: str
    regions: str
    turns: str
    speed: str
    log_odds: str
    unlikeness: str
    hour: str
    lasted_s: str
    still_s: str
    stayed_s: str
    size_cm: str
    width_cm: str
    height_cm: str
    moved_px: str
    area_percent: str
    changed_percent: str
    now_percent: str
    learnt_percent: str


@dataclass(frozen=True, slots=True)
class Status(Words):
    """The answer to STATUS: what it names, and what each can be."""

    state: str
    door: str
    camera: str
    faults: str
    selftest: str
    record: str

    vacant: str
    checking: str
    cleared: str
    warned: str
    locked: str
    lockout: str
    released: str
    emergency: str
    blind: str
    unlocked: str
    ok: str
    dark: str
    blinded: str
    covered: str
    sprayed: str
    frozen: str
    replayed: str
    defocused: str
    moved: str
    upside_down: str
    gone: str
    none: str


@dataclass(frozen=True, slots=True)
class MarkAnswers(Words):
    """What is answered to FALSE and TRUE."""

    false: str
    true: str
    unknown: str


@dataclass(frozen=True, slots=True)
class Texts:
    code: str
    code_until: str
    code_for: str
    code_plain: str
    owner_code: str
    owner_until: str
    owner_for: str
    alert: str
    incident: str
    repeat: str
    sealed: str
    help: str
    status: str
    alerts: Alerts
    facts: Status
    marks: MarkAnswers


# --- prompts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Causes(Words):
    """What the person in the cabin is asked to change."""

    none: str
    mask: str
    helmet: str
    glasses: str
    scarf: str
    hand: str
    object: str
    covered: str
    face_camera: str
    hidden: str
    one_at_a_time: str
    step_closer: str
    step_back: str
    middle: str
    hold_still: str
    whole_face: str


@dataclass(frozen=True, slots=True)
class Said(Words):
    """The prompts, by their key; silence has no words."""

    show_face: str
    door_open: str
    locked: str
    released: str
    emergency: str
    machine_closed: str
    owner_face: str
    owner_not_known: str
    owner_code_sent: str
    owner_code_wrong: str
    owner_code_old: str
    owner_code_not_sent: str
    owner_no_code: str
    trial: str


@dataclass(frozen=True, slots=True)
class Prompts:
    said: Said
    causes: Causes
    lock_in: str
    lock_soon: str
    exit_always: str
    clip_lock_in: str
    clip_seconds: str
    clip_minute: str


# --- enrolment -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enrolling(Words):
    """What a person is asked to do while being enrolled."""

    straight: str
    left: str
    right: str
    up: str
    down: str
    show_face: str
    alone: str
    uncover: str
    closer: str
    middle: str
    hold_still: str
    more_light: str
    less_light: str
    turn_less: str
    blink: str
    same_person: str
    no_picture: str
    done: str


# --- the page --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class States(Words):
    vacant: str
    checking: str
    cleared: str
    warned: str
    locked: str
    lockout: str
    released: str
    emergency: str
    blind: str
    down: str


@dataclass(frozen=True, slots=True)
class Health(Words):
    """What the camera does."""

    ok: str
    dark: str
    blinded: str
    covered: str
    sprayed: str
    frozen: str
    replayed: str
    defocused: str
    moved: str
    upside_down: str
    gone: str


@dataclass(frozen=True, slots=True)
class Outputs(Words):
    """What the door, the machine and the siren do."""

    locked: str
    unlocked: str
    on: str
    off: str
    beeps: str
    siren: str
    silent: str


@dataclass(frozen=True, slots=True)
class Claims(Words):
    """How far it has come to know whether the card's owner stands there."""

    none: str
    face: str
    failed: str
    sending: str
    code: str
    by_face: str
    by_code: str


@dataclass(frozen=True, slots=True)
class Verdicts(Words):
    proper: str
    covered: str
    turned: str
    unclear: str


@dataclass(frozen=True, slots=True)
class Covers(Words):
    mask: str
    glasses: str
    helmet: str
    scarf: str
    hand: str
    other: str


@dataclass(frozen=True, slots=True)
class Unclear(Words):
    """Why a face cannot be judged."""

    small: str
    dark: str
    bright: str
    blurred: str
    cut: str
    cut_aside: str
    upside_down: str


@dataclass(frozen=True, slots=True)
class Cameras(Words):
    face: str
    overview: str


@dataclass(frozen=True, slots=True)
class Inputs(Words):
    door: str
    exit: str
    fire: str
    panic: str
    case: str
    vibration: str


@dataclass(frozen=True, slots=True)
class Devices(Words):
    """What can fail; in texts too."""

    lock: str
    permit: str
    inputs: str
    exit_input: str
    keypad: str
    customer_keypad: str
    prompt: str
    sounder: str
    lights: str
    modem: str
    modem_driver: str
    atm: str
    disk: str
    evidence: str
    control: str
    eyes: str
    clock: str
    door_contact: str
    camera: str


@dataclass(frozen=True, slots=True)
class Networks(Words):
    """What the modem says of a mobile network."""

    not_searching: str
    home: str
    searching: str
    denied: str
    unknown: str
    roaming: str
    home_texts_only: str
    roaming_texts_only: str
    emergency_calls_only: str


@dataclass(frozen=True, slots=True)
class Recipients(Words):
    watchman: str
    watchman2: str
    control_room: str
    owner: str


@dataclass(frozen=True, slots=True)
class Channels(Words):
    sms: str
    email: str
    webhook: str
    mqtt: str


@dataclass(frozen=True, slots=True)
class Outcomes(Words):
    """What became of a message."""

    queued: str
    sending: str
    accepted: str
    delivered: str
    failed: str
    expired: str
    superseded: str


@dataclass(frozen=True, slots=True)
class Happened(Words):
    """Messages by kind, and what the record says of an incident, in a word or two."""

    code: str
    owner_code: str
    daily: str
    status: str
    help: str
    mark: str
    locked: str
    released: str
    codes_used_up: str
    code_withdrawn: str
    keypad_lockout: str
    code_typed: str
    all_ok: str
    duress: str
    lock_withheld: str
    restarted_locked: str
    exit_unshown: str
    door_opened_often: str
    clock_held: str
    exit_stuck: str
    fire: str
    presence_stuck: str
    camera_gone: str
    fault: str
    out_of_service: str
    release_refused: str
    identity_failed: str
    owner_said_no: str
    test: str
    warned: str
    emergency: str
    face_unknown: str
    face_proper: str
    face_covered: str
    face_turned: str
    face_hidden: str
    face_unclear: str
    camera_ok: str
    camera_dark: str
    camera_blinded: str
    camera_covered: str
    camera_sprayed: str
    camera_frozen: str
    camera_replayed: str
    camera_defocused: str
    camera_moved: str
    camera_upside_down: str


@dataclass(frozen=True, slots=True)
class Page(Words):
    """The page: its families of words, then what stands once."""

    states: States
    meanings: States
    outputs: Outputs
    claims: Claims
    health: Health
    verdicts: Verdicts
    covers: Covers
    unclear: Unclear
    cameras: Cameras
    contacts: Inputs
    networks: Networks
    recipients: Recipients
    channels: Channels
    outcomes: Outcomes
    happened: Happened
    ended: str
    # times
    span_s: str
    span_min: str
    span_h: str
    span_d: str
    # around
    as_of: str
    cabin: str
    read_only: str
    # the line of facts
    lasting: str
    enrolling: str
    locks_in: str
    keypad_opens_in: str
    door: str
    machine: str
    owner: str
    siren: str
    camera: str
    somebody: str
    yes: str
    no: str
    code_sent: str
    code_waits: str
    said: str
    anomalies: str
    # faults
    faults: str
    no_faults: str
    meaning: str
    remedy: str
    # the picture
    picture: str
    picture_none: str
    picture_old: str
    picture_off: str
    stages: str
    stages_covered: str
    stages_note: str
    faces_none: str
    foreground: str
    # inputs and keypad
    inputs: str
    keypad: str
    open: str
    closed: str
    active: str
    quiet: str
    not_fitted: str
    moved: str
    never_moved: str
    key_now: str
    key_ago: str
    key_never: str
    key_note: str
    # modem and messages
    modem: str
    modem_ready: str
    signal: str
    signal_none: str
    network: str
    operator: str
    model: str
    supply: str
    waiting: str
    messages: str
    no_messages: str
    number: str
    when: str
    what: str
    to: str
    by: str
    outcome: str
    # the record
    incidents: str
    no_incidents: str
    incident: str
    pictures_count: str
    pictures_off: str
    pictures_gone: str
    pictures_sealed: str
    picture_alt: str
    record: str
    head: str
    disk: str
    disk_free: str
    selftest: str
    selftest_run: str
    selftest_runs: str
    selftest_never: str
    selftest_done: str
    daily: str
    daily_ok: str
    daily_bad: str
    daily_never: str


@dataclass(frozen=True, slots=True)
class Language:
    """All words of one language."""

    name: LanguageName
    anomalies: Anomalies
    reasons: Reasons
    counted: Counted
    grounds: Grounds
    measures: Measures
    devices: Devices
    texts: Texts
    prompts: Prompts
    enrolling: Enrolling
    page: Page
