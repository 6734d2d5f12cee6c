"""A thousand kiosks from one table: each with its own secrets alone, taken over as the kiosk does it."""

from __future__ import annotations

import csv
import io
import stat
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import main
from edge.cli.first_boot import take_over
from edge.faults.fault import FaultError
from edge.fleet.roster import MAKERS, Planned, planned
from edge.fleet.roster_files import write_all
from edge.pictures import age
from edge.settings.load import SettingsError, load
from edge.settings.schema import EXAMPLE
from edge.settings.secrets import Secret, read_secret
from tests.worlds.bank_authority import Authority, pem

ROOT = Authority()
COMMON = f"""\
[camera]
source = "usb"
device = "/dev/cabinguard-camera"

[mqtt]
host = "broker.bank.example"
site = "south"

[certificate]
est_url = "https://est.bank.example"

[policy]
loitering = {{ told = ["control_room"], siren = "no", permit = "stays" }}

[first_boot]
est_token = "make"
hotp_secret = "make"
ssh_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH technician@desk"
ca_certificates = '''
{pem(ROOT.certificate).decode()}'''
"""
HEAD = "kiosk_id,cabin.name,cabin.address,people.watchman,people.control_room,first_boot.sim_pin\n"


def table(count: int) -> str:
    lines = (
        f'cabin-{n},Cabin {n},"Street {n}, Town ü",+4915510{n:05},+49155200001,{n % 10000:04}'
        for n in range(count)
    )
    return HEAD + "\n".join(lines) + "\n"


def problems(text: str | bytes, common: str = COMMON) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(SettingsError) as caught:
        planned(content, "kiosks.csv", common, {})
    return [f"{one.code}: {one.detail}" for one in caught.value.problems]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "kiosks.csv").write_text(table(12), "utf-8")
    (tmp_path / "common.toml").write_text(COMMON, "utf-8")
    return tmp_path


def make(desk: Path, *more: str) -> int:
    words = [
        "fleet",
        "make",
        str(desk / "kiosks.csv"),
        str(desk / "made"),
        "--common",
        str(desk / "common.toml"),
    ]
    return main([*words, *more])


def secrets_of(text: str) -> dict[str, str]:
    own = tomllib.loads(text)["first_boot"]
    return {name: own[name] for name in MAKERS if name in own and name != "sim_pin"}


@pytest.mark.slow
def test_a_thousand_kiosks_in_seconds_and_no_secret_in_two_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kiosks.csv").write_text(table(1000), "utf-8")
    (tmp_path / "common.toml").write_text(COMMON, "utf-8")
    began = time.monotonic()
    assert make(tmp_path) == 0
    with capsys.disabled():
        print(f" 1,000 kiosks in {time.monotonic() - began:.1f} s", end="")
    texts = {one.parent.name: one.read_text("utf-8") for one in tmp_path.glob("made/*/cabinguard.toml")}
    assert len(texts) == 1000
    whose: dict[str, str] = {}
    for name, text in texts.items():
        for value in secrets_of(text).values():
            assert whose.setdefault(value, name) == name
    assert len(whose) == 2000
    # Every secret in every file, found by its words: a file has its own two and no other.
    for name, text in texts.items():
        assert {whose[word] for word in text.replace('"', " ").split() if word in whose} == {name}
    began = time.monotonic()
    assert make(tmp_path) == 0
    assert "0 files written, 1000 right already" in capsys.readouterr().out
    assert time.monotonic() - began < 120


def test_each_file_is_taken_over_by_the_real_first_start(desk: Path) -> None:
    assert make(desk) == 0
    listed = {
        row["kiosk_id"]: row for row in csv.DictReader(io.StringIO((desk / "made/secrets.csv").read_text()))
    }
    for number in (0, 11):
        etc = desk / f"etc-{number}"
        etc.mkdir()
        (etc / "kiosk.toml").write_bytes(EXAMPLE.read_bytes())
        file = desk / "made" / f"cabin-{number}" / "cabinguard.toml"
        take_over(file, etc / "kiosk.toml", etc / "technician_keys")
        assert not file.exists()
        settings = load(etc / "kiosk.toml", kiosk=True)
        assert settings.mqtt.kiosk_id == settings.certificate.est_user == f"cabin-{number}"
        assert settings.cabin.address == f"Street {number}, Town ü"
        assert read_secret(settings, Secret.SIM_PIN) == f"{number:04}"
        assert read_secret(settings, Secret.HOTP) == listed[f"cabin-{number}"]["hotp_secret"]
        assert read_secret(settings, Secret.EST_TOKEN) == listed[f"cabin-{number}"]["est_token"]
        assert Path(settings.certificate.ca_file).read_bytes() == pem(ROOT.certificate)
        assert stat.S_IMODE((etc / "secrets" / "est_token").stat().st_mode) == 0o640


def test_made_again_it_keeps_what_was_made_and_changes_what_was_corrected(desk: Path) -> None:
    make(desk)
    before = {one.parent.name: one.read_text("utf-8") for one in desk.glob("made/*/cabinguard.toml")}
    (desk / "made" / "cabin-3" / "cabinguard.toml").unlink()  # it has gone to its kiosk
    corrected = table(13).replace("Cabin 5,", "Main Street,")
    (desk / "kiosks.csv").write_text(corrected, "utf-8")
    written = write_all(desk / "kiosks.csv", desk / "made", desk / "common.toml")
    assert (written.fresh, written.unchanged) == (3, 10)
    after = {one.parent.name: one.read_text("utf-8") for one in desk.glob("made/*/cabinguard.toml")}
    assert {name: secrets_of(text) for name, text in after.items() if name in before} == {
        name: secrets_of(text) for name, text in before.items()
    }
    assert [name for name in before if before[name] != after[name]] == ["cabin-5"]


def test_everything_is_its_owners_alone_and_the_list_can_be_sealed(desk: Path) -> None:
    secret, public = age.new_key()
    assert make(desk, "--seal-to", public) == 0
    for one in (desk / "made").rglob("*"):
        assert stat.S_IMODE(one.stat().st_mode) == (0o700 if one.is_dir() else 0o600), one
    plain = (desk / "made" / "secrets.csv").read_bytes()
    assert age.unseal((desk / "made" / "secrets.csv.age").read_bytes(), [secret]) == plain
    (desk / "made" / "secrets.csv").unlink()
    assert make(desk) == 3, "without the list a second run would make other secrets"
    assert make(desk, "--seal-to", "age1nothing") == 3


def test_a_kiosk_that_left_the_table_is_named_and_left_alone(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(desk)
    (desk / "kiosks.csv").write_text(table(11), "utf-8")
    assert make(desk) == 0
    assert "left alone: cabin-11" in capsys.readouterr().out
    assert "cabin-11," in (desk / "made" / "secrets.csv").read_text()


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (("cabin-1,", "Cabin 1,"), "table_odd", "line 3, column kiosk_id"),
        (("cabin-1,", ","), "table_odd", "line 3, column kiosk_id"),
        (("cabin-2,", "cabin-1,"), "table_odd", "line 4, column kiosk_id"),
        (("people.watchman", "people.watchmann"), "settings_unknown_key", "line 1"),
        (("people.control_room", "people.watchman"), "table_odd", "line 1, column people.watchman"),
        (("kiosk_id,", "id,"), "table_odd", "line 1"),
        (("+491551000001", "0155 1000001"), "settings_out_of_bounds", "line 3, column people.watchman"),
        ((",0001\n", ",12\n"), "settings_out_of_bounds", "line 3, column first_boot.sim_pin"),
        ((",0001\n", ",0001,\n"), "table_odd", "line 3"),
        (("+491551000001", ""), "settings_incomplete", "line 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_column(
    change: tuple[str, str], code: str, where: str
) -> None:
    (said,) = problems(table(3).replace(*change))[:1]
    assert said.startswith(f"{code}: ")
    assert said.endswith(f"(kiosks.csv {where})")


def test_everything_wrong_is_named_at_once_and_nothing_is_written(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = table(12).replace("cabin-4,", "CABIN 4,").replace("+491551000007", "7").replace(",0009\n", ",x\n")
    (desk / "kiosks.csv").write_text(wrong, "utf-8")
    assert make(desk) == 3
    err = capsys.readouterr().err
    assert [f"line {n}" in err for n in (6, 9, 11)] == [True] * 3
    assert not (desk / "made").exists()


def test_a_secret_that_would_be_the_same_for_all_is_refused() -> None:
    shared = COMMON.replace('est_token = "make"', 'est_token = "the same"')
    assert any("would be the same on every kiosk" in one for one in problems(table(2), shared))
    twice = "kiosk_id,first_boot.est_token\na,one\nb,one\n"
    assert any("the same secret as in line 2" in one for one in problems(twice))


def test_what_a_spreadsheet_writes_is_read() -> None:
    plain = planned(table(3).encode(), "t", COMMON, {})
    for text in (
        b"\xef\xbb\xbf" + table(3).encode(),
        table(3).replace("\n", "\r\n").encode(),
        (table(3) + ",,,,,\n\n").encode(),
    ):
        assert [one.kiosk_id for one in planned(text, "t", COMMON, {})] == [one.kiosk_id for one in plain]
    semicolons = b"kiosk_id;cabin.name;people.watchman\na;A, B;+49155100001\n"
    assert 'name = "A, B"' in planned(semicolons, "t", COMMON, {})[0].text
    for odd in (
        table(3).encode("utf-16"),
        b"\xff",
        b"",
        b"\n",
        b"kiosk_id\n",
        b'kiosk_id\n"a',
        b"kiosk_id\n\0",
    ):
        assert problems(odd)


_CELL = st.text(st.characters(codec="utf-8"), max_size=12)
_WORDS = st.sampled_from(
    [
        "kiosk_id",
        "cabin.name",
        "people.watchman",
        "first_boot.sim_pin",
        "first_boot.est_token",
        "flow.code_ttl_s",
    ]
)
_VALUES = st.sampled_from(["a", "b-1", "make", "+49155100001", "1234", "300", "", '"', "true", "[1]"])


@given(
    st.lists(_WORDS | _CELL, min_size=1, max_size=5),
    st.lists(st.lists(_VALUES | _CELL, max_size=6), max_size=5),
)
def test_any_table_is_made_or_refused_by_name(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    _made_or_refused(text.getvalue().encode("utf-8", "replace"))


@given(st.binary(max_size=300))
def test_any_bytes_are_made_or_refused_by_name(content: bytes) -> None:
    _made_or_refused(content)
    _made_or_refused(b"kiosk_id,cabin.name\n" + content)


def _made_or_refused(content: bytes) -> None:
    made: list[Planned] = []
    refused: tuple[FaultError, ...] = ()
    try:
        made = planned(content, "t.csv", COMMON, {})
    except SettingsError as error:
        refused = error.problems
    assert bool(made) is not bool(refused)
    assert all(one.detail.isprintable() for one in refused)
    assert len({one.kiosk_id for one in made}) == len(made)
    for one in made:
        tomllib.loads(one.text)
        for other in made:
            assert other is one or not set(one.made.values()) & set(other.made.values())
