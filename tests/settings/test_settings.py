"""The settings: the example is complete, and whatever is wrong is refused by name, never guessed."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.anomalies import PermitRule, Policy, Siren
from edge.cabin.events import Anomaly
from edge.faults.fault import FaultError
from edge.settings.load import SettingsError, changed, load
from edge.settings.schema import EXAMPLE, KEYS, Settings, allowed, rows_of, unit
from edge.settings.secrets import Secret, read_secret
from edge.settings.show import hidden_number, remarks, show
from edge.terms.record import Recipient
from hw.modem.models import PROFILES

KIOSK = """
[people]
watchman = "+911234567890"
[camera]
source = "usb"
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _problems(path: Path | None, *overrides: str, kiosk: bool = False) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, overrides, kiosk=kiosk)
    return [str(problem) for problem in caught.value.problems]


# --- the example -----------------------------------------------------------------------------------


def _keys_of(table: dict[str, object], prefix: str = "") -> set[str]:
    keys: set[str] = set()
    for name, value in table.items():
        keys |= _keys_of(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return keys


def test_the_example_has_every_key_and_says_the_defaults() -> None:
    assert load(EXAMPLE) == Settings()
    tables = {key for key, kind in KEYS.items() if rows_of(kind)}  # [[zone]] stands there as a comment
    assert _keys_of(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))) == set(KEYS) - tables


def test_the_example_says_the_true_bounds() -> None:
    section, bounded = "", 0
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.match(r"\[([\w.]+)\]", line):
            section = header[1]
        if not (key := re.match(r"(\w+) = [^#]*(#.*)?$", line)):
            continue
        info = msgspec.inspect.type_info(KEYS.get(f"{section}.{key[1]}", str))
        said = re.search(r"\[([\d.]+) to ([\d.]+)\]", key[2] or "")
        if isinstance(info, msgspec.inspect.IntType | msgspec.inspect.FloatType):
            assert said, f"no bounds at {section}.{key[1]}"
            assert (float(said[1]), float(said[2])) == (info.ge, info.le), key[1]
            bounded += 1
    assert bounded > 50


def test_every_number_has_both_bounds_and_a_unit_in_its_name() -> None:
    plain = re.compile(
        r"\.(presence_area|code_digits|code_tries|codes_per_incident|release_tries|port"
        r"|false_alarms_a_day|owner_tries|owner_codes_per_hour|tell_after|open_needs|keep_messages"
        r"|(\w+_)?pin|on_samples|off_samples)$"
    )
    for key, kind in KEYS.items():
        info = msgspec.inspect.type_info(kind)
        if isinstance(info, msgspec.inspect.IntType | msgspec.inspect.FloatType):
            assert info.ge is not None, key
            assert info.le is not None, key
            assert unit(key) or plain.search(key), key


def test_the_defaults_are_the_flows() -> None:
    flow = load(EXAMPLE).flow
    assert (flow.adjust_after_s, flow.lock_after_s, flow.siren_s, flow.max_lock_s) == (6, 20, 120, 1800)
    assert (flow.code_digits, flow.code_ttl_s, flow.code_tries, flow.codes_per_incident) == (3, 300, 3, 5)
    assert (flow.keypad_lockout_s, flow.keypad_lockout_max_s, flow.unreachable_release_s) == (90, 900, 180)
    assert (flow.exit_hold_s, flow.exit_stuck_s, flow.fire_clear_s, flow.record_wait_s) == (15, 60, 600, 0.5)


def test_the_policy_has_a_rule_for_every_anomaly_and_keeps_the_dangerous_ones_silent() -> None:
    policy = Policy()
    assert {name for name, _ in policy} == set(Anomaly)
    for anomaly in (Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.PERSON_DOWN, Anomaly.PANIC):
        assert policy.rule(anomaly).siren is Siren.MUTE
        assert policy.rule(anomaly).told == (Recipient.CONTROL_ROOM,)
        assert policy.rule(anomaly).permit is PermitRule.OFF


def test_every_setting_can_be_described() -> None:
    for key in KEYS:
        assert allowed(key)


def test_the_modem_profiles_are_those_of_the_driver() -> None:
    for name in PROFILES:
        assert load(None, [f"modem.profile={name}"]).modem.profile == name
    assert allowed("modem.profile").count('"') == 2 * len(PROFILES)


# --- what is refused, and how ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[flow]\n\nlok_after_s = 5\n",
            "settings_unknown_key: flow.lok_after_s (kiosk.toml line 3); did you mean flow.lock_after_s?",
        ),
        (
            "[flwo]\nlock_after_s = 5\n",
            "settings_unknown_key: flwo (kiosk.toml line 1); did you mean flow?",
        ),
        (
            "[cabin]\nlock_after_s = 9\n",
            "settings_unknown_key: cabin.lock_after_s (kiosk.toml line 2); did you mean flow.lock_after_s?",
        ),
        ("zzzz = 1\n", "settings_unknown_key: zzzz (kiosk.toml line 1)"),
        (
            "[policy.panic]\nsirene = 'no'\n",
            "settings_unknown_key: policy.panic.sirene (kiosk.toml line 2); did you mean policy.panic.siren?",
        ),
        (
            "[flow]\nlock_after_s = 1e9",
            "settings_out_of_bounds: flow.lock_after_s = 1000000000 must be 2 to 900 seconds",
        ),
        (
            "[flow]\nlock_after_s = nan",
            "settings_out_of_bounds: flow.lock_after_s = nan must be 2 to 900 seconds (kiosk.toml line 2)",
        ),
        (
            "flow.lock_after_s = 'soon'",
            "settings_wrong_type: flow.lock_after_s must be 2 to 900 seconds (kiosk.toml line 1)",
        ),
        (
            "[flow]\ncode_digits = 3.5",
            "settings_wrong_type: flow.code_digits = 3.5 must be a whole number, 3 to 8 (kiosk.toml line 2)",
        ),
        (
            "[email]\npicture = 1",
            "settings_wrong_type: email.picture = 1 must be true or false (kiosk.toml line 2)",
        ),
        (
            "[camera]\nrotate = 45",
            "settings_out_of_bounds: camera.rotate = 45 must be one of 0, 90, 180, 270 (kiosk.toml line 2)",
        ),
        ("flow = 3", "settings_wrong_type: flow is a section, [flow] (kiosk.toml line 1)"),
        (
            "[policy.panic]\ntold = ['police']",
            'settings_out_of_bounds: policy.panic.told must be a list, each one of "watchman", "watchman2"',
        ),
        (
            "[flow]\nexit_stuck_s = 15",
            "settings_conflict: flow.exit_hold_s = 15 must be less than flow.exit_stuck_s = 15",
        ),
        (
            "[flow]\nkeypad_lockout_max_s = 60",
            "settings_conflict: flow.keypad_lockout_s = 90 must not be more than flow.keypad_",
        ),
        (
            "[people]\nwatchman2 = '+911234567890'",
            "settings_conflict: people.watchman2 is set, so people.watchman",
        ),
        ("[camera]\nsource = 'clip'", 'settings_conflict: camera.source = "clip" needs camera.clip'),
        (
            "[identity]\ncode_by = 'webhook'",
            'settings_conflict: identity.code_by = "webhook" needs webhook.url',
        ),
        (
            "[identity]\nowner_rest_s = 900\nowner_rest_max_s = 600",
            "settings_conflict: identity.owner_rest_s = 900 must not be more than identity.owner_rest_max_s",
        ),
        ("[email]\nhost = 'mail'", "settings_conflict: email.host needs email.sender and email.control_room"),
        (
            "[wiring.permit]\npin = 17",
            "settings_conflict: wiring.permit.pin and wiring.lock.pin both use BCM 17",
        ),
        (
            "[wiring.exit]\ncontact = 'normally_open'",
            "settings_conflict: wiring.exit.contact must be normally_closed",
        ),
        (
            "[wiring.keypad]\nrows = [1, 2]",
            "settings_out_of_bounds: wiring.keypad.rows must be a list of 4, each a whole number, 2 to 27",
        ),
        ("[cabin]\ntimezone = 'Mars/Olympus'", "settings_out_of_bounds: cabin.timezone must be a time zone"),
        (
            "[cabin]\ntimezone = '../../etc/passwd'",
            "settings_out_of_bounds: cabin.timezone must be a time zone",
        ),
        (
            '[cabin]\nname = "a\\nb"',
            "settings_out_of_bounds: cabin.name must be 1 to 24 characters (kiosk.toml line 2)",
        ),
        ("[webhook]\nurl = 'http://bank.example/x'", "settings_out_of_bounds: webhook.url must be https"),
        ("[flow\n", "settings_syntax: kiosk.toml: Expected"),
        (
            "[flow]\nlock_after_s = 5\nlock_after_s = 6",
            "settings_syntax: kiosk.toml: Cannot overwrite a value",
        ),
        ("a = " + "[" * 5000, "settings_syntax: kiosk.toml: nested too deeply"),
        (
            "[flow]\n\nsiren_s = " + "9" * 5000,
            "settings_syntax: kiosk.toml: a number of more digits than can be read (at line 3)",
        ),
        (
            "[flow]\nsiren_s = 0x" + "f" * 5000,
            "settings_out_of_bounds: flow.siren_s must be 0 to 1800 seconds",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, expected: str) -> None:
    assert _problems(_write(tmp_path, text))[0].startswith(expected)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = _write(tmp_path, "[flow]\nlock_after_s = 0\ncode_digits = 12\nx = 1\n")
    assert [p.split(":")[0] for p in _problems(path)] == [
        "settings_out_of_bounds",
        "settings_out_of_bounds",
        "settings_unknown_key",
    ]
    with pytest.raises(SettingsError, match="and 2 more"):
        load(path)


def test_contradictions_are_told_together_with_what_is_wrong_in_itself(tmp_path: Path) -> None:
    path = _write(
        tmp_path, "[flow]\nlock_after_s = 0\nexit_hold_s = 70\ncode_tries = x\ncodes_per_incident = 10\n"
    )
    assert _problems(path) == [
        "settings_syntax: kiosk.toml: Invalid value (at line 4, column 14)",
        "settings_out_of_bounds: flow.lock_after_s = 0 must be 2 to 900 seconds (kiosk.toml line 2)",
        "settings_conflict: flow.exit_hold_s = 70 must be less than flow.exit_stuck_s = 60"
        " (kiosk.toml line 3)",
    ], "and not that they contradict others as well"


def test_a_section_that_is_none_is_told_once(tmp_path: Path) -> None:
    path = _write(tmp_path, "people = 3\n[camera]\nsource = 'usb'\n")
    assert _problems(path, kiosk=True) == [
        "settings_wrong_type: people is a section, [people] (kiosk.toml line 1)"
    ]


@pytest.mark.parametrize(
    ("digits", "tries", "codes", "said"),
    [
        (3, 5, 10, "is a chance of 5 % to guess one in an incident; 2 % at most, so 4 digits"),
        (3, 3, 7, "is a chance of 2.1 % to guess one in an incident; 2 % at most, so 4 digits"),
        (3, 5, 5, "is a chance of 2.5 %"),
        (3, 5, 4, ""),
        (3, 2, 10, ""),
        (3, 3, 5, ""),
        (4, 5, 10, ""),
        (8, 5, 10, ""),
    ],
)
def test_a_code_can_be_guessed_with_two_in_a_hundred_at_most(
    digits: int, tries: int, codes: int, said: str
) -> None:
    overrides = [f"code_digits={digits}", f"code_tries={tries}", f"codes_per_incident={codes}"]
    if not said:
        assert load(None, overrides).flow.code_tries == tries
        return
    (problem,) = _problems(None, *overrides)
    assert problem.startswith("settings_conflict: ")
    assert said in problem
    for number in (f"code_tries = {tries}", f"codes_per_incident = {codes}", f"code_digits = {digits}"):
        assert number in problem


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["lock_after_s=9"], "flow.prompt_lead_s = 10 must not be more than flow.lock_after_s = 9"),
        (["prompt_lead_s=21"], "flow.prompt_lead_s = 21 must not be more than flow.lock_after_s = 20"),
        (["adjust_after_s=20"], "flow.adjust_after_s = 20 must be less than flow.lock_after_s = 20"),
        (["presence_max_s=20"], "flow.lock_after_s = 20 must be less than flow.presence_max_s = 20"),
        (["max_lock_s=100"], "flow.unreachable_release_s = 180 must not be more than flow.max_lock_s = 100"),
        (
            ["people.watchman=+15550100", "people.watchman2=+15550101", "code_ttl_s=120"],
            "flow.second_watchman_s = 120 must be less than flow.code_ttl_s = 120",
        ),
    ],
)
def test_times_that_leave_no_room_for_each_other(overrides: list[str], said: str) -> None:
    assert _problems(None, *overrides) == [f"settings_conflict: {said}"]


@pytest.mark.parametrize(
    "overrides",
    [
        ["lock_after_s=10"],
        ["prompt_lead_s=20"],
        ["presence_max_s=21"],
        ["max_lock_s=180"],
        ["code_ttl_s=20"],
        ["lock_after_s=2", "adjust_after_s=0.5", "prompt_lead_s=0"],
    ],
)
def test_times_that_just_leave_room(overrides: list[str]) -> None:
    load(None, overrides)


@pytest.mark.parametrize(
    "key",
    ["paths.data", "paths.runtime", "paths.models", "modem.port", "modem.pin_file", "panel.password_file"],
)
def test_a_kiosk_has_whole_paths(tmp_path: Path, key: str) -> None:
    """The service's working folder is another than that of the one who checks the settings."""
    path = _write(tmp_path, KIOSK)
    (problem,) = _problems(path, f"{key}=some/where", kiosk=True)
    assert problem.startswith(f'settings_out_of_bounds: {key} must be a whole path, beginning with "/"')
    load(path, [f"{key}=some/where"])  # a bench has its user's
    load(path, [f"{key}=/some/where"], kiosk=True)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("", ["people.control_room is empty: nobody gets the alerts"]),
        (
            '[webhook]\nurl = "https://hook.example/x"',
            ["alerts go by webhook alone", "webhook.secret_file is empty"],
        ),
        (
            '[panel]\nhost = "0.0.0.0"',
            ["people.control_room", "panel.host = 0.0.0.0 without panel.password_file"],
        ),
        ('[panel]\nhost = "::"', ["people.control_room", "panel.host = :: without panel.password_file"]),
        ('[panel]\nhost = "::1"', ["people.control_room"]),
        (
            '[identity]\nenabled = true\n[atm]\ntransport = "serial"',
            ["people.control_room", "identity.key_file is empty", "atm.keys_file is empty"],
        ),
        ('[panel]\nhost = "localhost"', ["people.control_room"]),
    ],
)
def test_what_is_seldom_meant_is_pointed_out(tmp_path: Path, extra: str, said: list[str]) -> None:
    found = list(remarks(load(_write(tmp_path, f"{KIOSK}{extra}\n"), kiosk=True)))
    assert len(found) == len(said)
    for remark, words in zip(found, said, strict=True):
        assert words in remark


def test_nothing_is_pointed_out_where_all_is_there(tmp_path: Path) -> None:
    secrets = {}
    for name in ("hotp", "panel"):
        secrets[name] = tmp_path / name
        secrets[name].write_text("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        secrets[name].chmod(0o600)
    text = KIOSK.replace(
        "[people]", f'[people]\ncontrol_room = "+15550102"\nhotp_secret_file = "{secrets["hotp"]}"'
    )
    text += f'[panel]\nhost = "0.0.0.0"\npassword_file = "{secrets["panel"]}"\n'
    settings = load(_write(tmp_path, text), kiosk=True)
    assert list(remarks(settings)) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert _problems(tmp_path / "none.toml")[0].startswith("settings_missing: ")
    assert _problems(tmp_path)[0].startswith("settings_unreadable: ")
    broken = tmp_path / "kiosk.toml"
    broken.write_bytes(b'[cabin]\nname = "\xff"\n')
    assert "byte 16 is not UTF-8" in _problems(broken)[0]
    broken.write_bytes(b"")
    assert load(broken) == Settings()
    broken.write_bytes(b"\xef\xbb\xbf[cabin]\nname = 'Windows'\n")
    assert load(broken).cabin.name == "Windows"


@pytest.mark.parametrize(
    "number",
    [
        "0123456789",
        "+0123456789",
        "+91 12345 67890",
        "+12345678901234567",
        "+91",
        "+9112345678x",
        "+911234567890\n",
    ],
)
def test_a_number_that_is_not_e164_is_refused_and_not_repeated(tmp_path: Path, number: str) -> None:
    path = _write(tmp_path, f"[people]\nwatchman = {msgspec.json.encode(number).decode()}\n")
    [problem] = _problems(path)
    assert problem.startswith(
        'settings_out_of_bounds: people.watchman must be "+" and 7 to 15 digits (E.164)'
    )
    assert problem.endswith("or empty (kiosk.toml line 2)")


def test_a_number_without_quotes_is_refused_and_not_repeated(tmp_path: Path) -> None:
    [problem] = _problems(_write(tmp_path, "[people]\nwatchman = +911234567890\n"))
    assert problem.startswith("settings_wrong_type: people.watchman must be")
    assert "1234" not in problem


def test_a_kiosk_needs_more_than_a_bench(tmp_path: Path) -> None:
    assert [p.partition(":")[2].split(":")[0].strip() for p in _problems(None, kiosk=True)] == [
        "people.watchman",
        "camera.source",
    ]
    assert load(_write(tmp_path, KIOSK), kiosk=True).people.watchman == "+911234567890"


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["flow", "lock_after_s", "people", "told", "x"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(sorted(KEYS)),
)
def test_no_value_at_any_key_ends_in_anything_but_settings_or_a_named_fault(value: object, key: str) -> None:
    # What raises anything else fails the test.
    with contextlib.suppress(SettingsError):
        assert isinstance(load(None, [f"{key} = {value!r}"]), Settings)


@pytest.mark.slow
@given(st.text(st.sampled_from("[].=\"'{}#\n\\ afl_ow1é\x00"), max_size=40))
def test_no_text_ends_in_anything_but_settings_or_a_named_fault(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    with contextlib.suppress(SettingsError):
        assert isinstance(load(_write(tmp_path_factory.getbasetemp(), text)), Settings)


# --- overrides -------------------------------------------------------------------------------------


def test_overrides_come_after_the_file_by_whole_name_or_by_a_unique_last_one(tmp_path: Path) -> None:
    path = _write(tmp_path, KIOSK + "[flow]\nlock_after_s = 30\n")
    assert load(path).flow.lock_after_s == 30
    assert load(path, ["flow.lock_after_s=40"]).flow.lock_after_s == 40
    assert load(path, ["lock_after_s=40", "lock_after_s = 50"]).flow.lock_after_s == 50
    changed = load(
        path,
        [
            "people.watchman2=+4915112345678",
            "picture=false",
            "panic.siren=no",
            'policy.panic.told=["watchman"]',
        ],
    )
    assert changed.people.watchman2 == "+4915112345678"
    assert changed.email.picture is False
    assert changed.policy.panic.siren is Siren.NO
    assert changed.policy.panic.told == (Recipient.WATCHMAN,)
    assert changed.policy.panic.permit is PermitRule.OFF
    assert changed.people.watchman == "+911234567890"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("lock_after_s", "settings_override: --set lock_after_s: write it as key=value"),
        ("lock_aftr_s=3", "settings_unknown_key: --set lock_aftr_s; did you mean flow.lock_after_s?"),
        ("source=usb", "settings_unknown_key: --set source: say which, camera.source or overview.source"),
        ("flow=3", "settings_unknown_key: --set flow"),
        ("nonsense", "settings_override: --set nonsense: write it as key=value"),
        ("siren_s=" + "9" * 5000, "settings_wrong_type: flow.siren_s must be 0 to 1800 seconds (--set)"),
        ("siren_s=" + "[" * 5000, "settings_wrong_type: flow.siren_s must be 0 to 1800 seconds (--set)"),
        ("lock_after_s=", "settings_wrong_type: flow.lock_after_s must be 2 to 900 seconds (--set)"),
        ("lock_after_s=1", "settings_out_of_bounds: flow.lock_after_s = 1 must be 2 to 900 seconds (--set)"),
        ("people.watchman=07700900123", 'settings_out_of_bounds: people.watchman must be "+" and 7 to 15'),
        (
            "exit_stuck_s=12",
            "settings_conflict: flow.exit_hold_s = 15 must be less than flow.exit_stuck_s = 12",
        ),
    ],
)
def test_a_wrong_override_is_named(override: str, expected: str) -> None:
    assert _problems(None, override)[0].startswith(expected)


@pytest.mark.parametrize("word", ["flow", "flow.siren_s"])
def test_a_known_name_without_a_value_is_not_suggested_again(word: str) -> None:
    assert not any("did you mean" in one for one in _problems(None, word))


def test_settings_are_changed_midway_by_the_same_rules() -> None:
    settings = load(None, ["lock_after_s=30", "people.watchman=+15550100"])
    later = changed(settings, "siren_s=5")
    assert (later.flow.siren_s, later.flow.lock_after_s, later.people.watchman) == (5, 30, "+15550100")
    with pytest.raises(SettingsError, match=r"flow\.prompt_lead_s = 40 must not be more than"):
        changed(settings, "prompt_lead_s=40")
    with pytest.raises(SettingsError, match="write it as key=value"):
        changed(settings, "siren_s")


# --- secrets and showing ---------------------------------------------------------------------------


def test_what_is_shown_hides_numbers_and_tokens_and_loads_again(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        KIOSK + '[webhook]\nurl = "https://user:hunter2@gate.example/T000/SECRET?token=SECRET"\n'
        '[cabin]\nname = "Café \\"1\\""\n',
    )
    text = show(load(path))
    assert "1234567" not in text
    assert "SECRET" not in text
    assert "hunter2" not in text
    assert 'watchman = "+…90"' in text
    assert tomllib.loads(text)["webhook"]["url"] == "https://gate.example/…"
    assert tomllib.loads(text)["cabin"]["name"] == 'Café "1"'
    assert _keys_of(tomllib.loads(text)) == set(KEYS)
    assert load(_write(tmp_path, show(Settings()))) == Settings()


def test_a_hidden_number_shows_two_digits() -> None:
    assert hidden_number("+911234567890") == "+…90"
    assert hidden_number("") == ""


def test_secrets_come_from_files_and_from_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_secret(Settings(), Secret.SIM_PIN) is None
    pin = tmp_path / "pin"
    pin.write_text(" 4711\n")
    pin.chmod(0o640)
    settings = load(None, [f"modem.pin_file={pin}"])
    assert read_secret(settings, Secret.SIM_PIN) == "4711"
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp_password").write_text("geheim\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert read_secret(settings, Secret.SMTP_PASSWORD) == "geheim"
    assert read_secret(settings, Secret.WEBHOOK) is None


def test_a_secret_that_is_missing_empty_or_open_to_others_is_a_fault(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    settings = load(None, [f"modem.pin_file={pin}"])

    def code() -> str:
        with pytest.raises(FaultError) as caught:
            read_secret(settings, Secret.SIM_PIN)
        assert "4711" not in str(caught.value)
        return caught.value.code

    assert code() == "secret_missing"
    pin.write_text("\n")
    pin.chmod(0o600)
    assert code() == "secret_missing"
    pin.write_bytes(b"\xff4711")
    assert code() == "secret_missing"
    pin.write_text("4711")
    for mode in (0o604, 0o620):
        pin.chmod(mode)
        assert code() == "secret_exposed"


def test_every_setting_is_read_by_the_program() -> None:
    """A setting that nothing reads is a promise that is not kept."""
    room = Path(__file__).resolve().parents[2]
    sources = [p for folder in ("edge", "hw") for p in (room / folder).rglob("*.py") if p.name != "flow.py"]
    text = "\n".join(p.read_text("utf-8") for p in sources)
    unread = [
        key
        for key in KEYS
        if not key.startswith("policy.") and not re.search(rf"\.{key.rpartition('.')[2]}\b", text)
    ]
    assert unread == []
