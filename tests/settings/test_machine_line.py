"""The line to the machine in the settings: an address of its own, and a key for each machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.settings.load import SettingsError, load
from edge.settings.schema import Settings
from edge.settings.secrets import machine_keys, secret_problems
from edge.settings.show import show

IDENTITY = ("identity.enabled=true",)
FRONT, BACK = "ab" * 32, "cd" * 32


def _keys(folder: Path, content: str, *overrides: str) -> Settings:
    file = folder / "keys"
    file.write_text(content)
    file.chmod(0o640)
    return load(None, [f"atm.keys_file={file}", "atm.transport=tcp", *IDENTITY, *overrides])


def test_each_machine_has_its_key(tmp_path: Path) -> None:
    settings = _keys(tmp_path, f"back {BACK}\n\nfront {FRONT.upper()}\n", 'atm.machines=["front", "back"]')
    assert machine_keys(settings) == {"front": bytes.fromhex(FRONT), "back": bytes.fromhex(BACK)}
    assert list(secret_problems(settings)) == []
    assert FRONT not in show(settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"front {FRONT}\nfront {BACK}", "line 2 is not a name and 64 hexadecimal digits"),
        (f"front {FRONT}\nback {BACK[:-1]}", "line 2 is not a name and 64 hexadecimal digits"),
        (f"front {FRONT}", "no key for back"),
        (f"front {FRONT}\nback {FRONT}", "two machines have the same key"),
    ],
)
def test_keys_that_cannot_be_used_are_named_and_never_shown(tmp_path: Path, content: str, said: str) -> None:
    settings = _keys(tmp_path, content, 'atm.machines=["front", "back"]')
    (problem,) = secret_problems(settings)
    assert str(problem) == f"atm_keys_odd: {said}"
    with pytest.raises(FaultError) as caught:
        machine_keys(settings)
    assert FRONT not in str(caught.value)


def test_a_line_without_keys_is_a_fault_and_without_a_line_none_are_needed() -> None:
    (problem,) = secret_problems(load(None, ["atm.transport=serial", *IDENTITY]))
    assert "neither atm.keys_file nor the credential atm_keys" in str(problem)
    assert list(secret_problems(Settings())) == []
    assert list(secret_problems(load(None, ["atm.transport=serial"]))) == [], "identity is off"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (['atm.machines=["a", "a"]'], "settings_conflict: atm.machines has a name twice"),
        (["atm.host=0.0.0.0"], "settings_conflict: atm.host = 0.0.0.0 is no one interface"),
        (["atm.host=::"], "settings_conflict: atm.host = :: is no one interface"),
        (["atm.host=bank"], "settings_out_of_bounds: atm.host must be an IP address of this machine"),
        (['atm.machines=["a", "b"]', "atm.transport=serial"], 'settings_conflict: atm.transport = "serial"'),
        (
            ["atm.serial_port=/dev/cabinguard-modem", "atm.transport=serial"],
            "settings_conflict: atm.serial_port is modem.port",
        ),
        (["atm.port=8088", "atm.transport=tcp"], "settings_conflict: atm.port is panel.port"),
        (['atm.machines=["Front 1"]'], "settings_out_of_bounds: atm.machines must be "),
        (['atm.machines=["a","b","c","d","e"]'], "settings_out_of_bounds: atm.machines must be "),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(overrides: list[str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, overrides)
    assert [str(problem).startswith(said) for problem in caught.value.problems] == [True]


def test_a_kiosk_that_verifies_owners_has_a_line_to_the_machine(tmp_path: Path) -> None:
    kiosk = ['people.watchman="+15550100"', "camera.source=usb", *IDENTITY]
    with pytest.raises(SettingsError, match=r"settings_incomplete: atm\.transport"):
        load(None, kiosk, kiosk=True)
    assert load(None, [*kiosk, "atm.transport=serial"], kiosk=True).line_wanted
    assert not load(None, ["atm.transport=serial"]).line_wanted, "nothing is opened while identity is off"


def test_two_machines_may_share_an_address_of_one_interface() -> None:
    settings = load(None, ['atm.machines=["a", "b"]', "atm.transport=tcp", "atm.host=192.168.77.1"])
    assert settings.atm.machines == ("a", "b")
