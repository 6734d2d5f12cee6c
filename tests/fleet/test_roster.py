"""A thousand kiosks from one table: each with its own secrets alone, taken over as the kiosk does it."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import time
import tomllib
from collections.abc import Iterator, Sequence
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
from edge.pictures.recipients import parse_recipients
from edge.settings.fleet import PEOPLE
from edge.settings.handed import HANDED
from edge.settings.load import Piece, SettingsError, load, value_of
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
        planned(content, "kiosks.csv", common, {}, parse_recipients)
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
    written = write_all(desk / "kiosks.csv", desk / "made", desk / "common.toml", parse_recipients)
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


@pytest.mark.parametrize("leaf", [name for name, row in HANDED.items() if not row.public])
def test_no_secret_is_the_same_on_every_kiosk(leaf: str) -> None:
    """The file for all holds none at all. A table may give one twice only where somebody else gave it out."""
    value = {"sim_pin": "2580", "hotp_secret": "A" * 32, "gallery_key": "A" * 43 + "="}.get(leaf, "one time")
    common = COMMON.replace('hotp_secret = "make"\n', "").replace('est_token = "make"\n', "")
    bare = "\n".join(line.rpartition(",")[0] for line in table(2).splitlines()) + "\n"  # without the PINs
    given = common.replace("[first_boot]\n", f'[first_boot]\n{leaf} = "{value}"\n')
    assert any("would be the same on every kiosk" in one for one in problems(bare, given))
    twice = bare.replace("control_room\n", f"control_room,first_boot.{leaf}\n")
    twice = twice.replace("+49155200001\n", f"+49155200001,{value}\n")
    if leaf in ("sim_pin", "smtp_password", "token_pin"):
        assert len(planned(twice.encode(), "t", common, {}, parse_recipients)) == 2
    else:
        assert any("the same secret as in line 2" in one for one in problems(twice, common))


@pytest.mark.parametrize(
    "leaf", ["smtp_password", "token_pin", "est_token", "panel_password", "webhook_secret"]
)
@pytest.mark.parametrize("word", ["make", "Make"])
def test_the_word_make_is_nobodys_password(tmp_path: Path, leaf: str, word: str) -> None:
    """Where it makes nothing it is refused: in the table, in the file for all, and by a kiosk."""
    common = COMMON.replace('est_token = "make"\n', "")
    in_all = common.replace("[first_boot]\n", f'[first_boot]\n{leaf} = "{word}"\n')
    in_table = f"kiosk_id,people.watchman,first_boot.{leaf}\na,+49155100001,{word}\n"
    for text, for_all in ((table(2), in_all), (in_table, common)):
        if word == "make" and leaf in MAKERS:
            made = planned(text.encode(), "t", for_all, {}, parse_recipients)
            assert tomllib.loads(made[0].text)["first_boot"][leaf] != word
        else:
            assert any("not the word make" in one for one in problems(text, for_all))
    assert not _taken_over(tmp_path, in_all)


@pytest.mark.parametrize("people", [f"systemd/fleet/{name}" for name in ("mosquitto.acl", "emqx-acl.conf")])
def test_no_kiosk_has_the_name_of_a_person_at_the_broker(repo: Path, people: str) -> None:
    """The common name is who somebody is: such a kiosk would read everything and write to every kiosk."""
    rules = (repo / people).read_text("utf-8")
    names = re.findall(r'^user (\S+)|\{username, "([^"]+)"\}', rules, re.MULTILINE)
    found = {one or other for one, other in names}
    assert found == set(PEOPLE)
    for name in found:
        assert any(
            name in one and "line 3" in one for one in problems(table(2).replace("cabin-1,", f"{name},"))
        )
        with pytest.raises(FaultError, match=name):
            value_of("mqtt.kiosk_id", name)


@pytest.mark.parametrize("name", ["-", "---", "-a", "a-", "a" * 41, "a_b", "Ä", "control-room\n"])
def test_a_name_that_is_none_is_refused_by_table_and_settings(name: str) -> None:
    assert "column kiosk_id" in problems(f'kiosk_id\n"{name}"\n')[0]
    with pytest.raises(SettingsError):
        Piece(f"[mqtt]\nkiosk_id = {json.dumps(name)}\n", "t").alone()


def _taken_over(folder: Path, text: str) -> bool:
    """Whether the real first start takes it."""
    (folder / "kiosk.toml").write_bytes(EXAMPLE.read_bytes())
    (folder / "cabinguard.toml").write_text(text, "utf-8")
    try:
        take_over(folder / "cabinguard.toml", folder / "kiosk.toml", folder / "keys")
    except SettingsError:
        return False
    return True


_, ONE = age.new_key()
_, OTHER = age.new_key()
ONE_KEY = f"recipients = '''\n# name: one\n{ONE}\n'''\n"
TWO_KEYS = f"recipients = '''\n# name: one\n{ONE}\n# name: other\n{OTHER}\n'''\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handed", "settings", "fits"),
    [
        (ONE_KEY, "", True),
        (ONE_KEY, "open_needs = 2", False),
        (TWO_KEYS, "open_needs = 2", True),
        (f"recipients = '''\n{ONE}\n'''\n", "", False),
        (f"recipients = '''\n# name: one\n{ONE[:-1]}\n'''\n", "", False),
        (ONE_KEY + f"est_ca_certificates = '''\n{pem(ROOT.certificate).decode() * 200}'''\n", "", False),
        (f"est_ca_certificates = '''\n{pem(ROOT.certificate).decode() * 10}'''\n", "", True),
        ('ssh_key = "ssh-ed25519"\n', "", False),
    ],
    # Keys are made for each run: a name made of them would differ from worker to worker.
    ids=("one", "one-of-two", "two", "nameless", "cut", "too-long", "long", "ssh-key"),
)
def test_the_desk_takes_what_a_kiosk_takes_and_nothing_else(
    tmp_path: Path, handed: str, settings: str, fits: bool
) -> None:
    """A file that a kiosk refuses leaves it out of service; what is wrong for all, the whole fleet."""

    def with_it(text: str) -> str:
        if "ssh_key" in handed:
            text = "\n".join(line for line in text.split("\n") if not line.startswith("ssh_key"))
        return text.replace("[first_boot]\n", f"[first_boot]\n{handed}") + f"\n[evidence]\n{settings}\n"

    (good,) = planned(table(1).encode(), "t", COMMON, {}, parse_recipients)
    assert _taken_over(tmp_path, with_it(good.text)) is fits
    if fits:
        (made,) = planned(table(1).encode(), "t", with_it(COMMON), {}, parse_recipients)
        assert _taken_over(tmp_path, made.text)
    else:
        assert all("line 2)" in one or "common" in one for one in problems(table(1), with_it(COMMON)))


# --- the folder as it is found ---------------------------------------------------------------------


def test_a_folder_into_which_others_may_look_is_refused(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "made").mkdir(mode=0o755)
    assert make(desk) == 3
    assert "chmod 700" in capsys.readouterr().err
    assert not list((desk / "made").iterdir())
    (desk / "made").chmod(0o700)
    assert make(desk) == 0
    (desk / "made/cabin-3").chmod(0o755)
    assert make(desk) == 0
    assert stat.S_IMODE((desk / "made/cabin-3").stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_stands_in_place_of_a_kiosks_folder_is_not_followed(
    desk: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (desk / "elsewhere").mkdir(mode=0o700)
    (desk / "made").mkdir(mode=0o700)
    if kind == "link":
        (desk / "made/cabin-3").symlink_to(desk / "elsewhere")
    else:
        (desk / "made/cabin-3").touch()
    assert make(desk) == 3
    assert "cabin-3 is no folder" in capsys.readouterr().err
    assert not list((desk / "elsewhere").iterdir())
    assert [one.name for one in (desk / "made").iterdir()] == ["cabin-3"]


def _cuts(content: str) -> Iterator[str]:
    """The list as a copy that broke off, or a spreadsheet, or a second paste leaves it."""
    lines = content.splitlines(keepends=True)
    yield content[:-9]
    yield content[: -len(lines[-1]) + 12]
    yield "".join(lines[:-1])
    yield "".join(lines[:-4])
    yield lines[0]
    yield ""
    yield content + lines[-1]
    yield content.replace("hotp_secret", "hotp")
    yield content.lower()


def test_a_list_that_is_not_as_it_was_made_changes_nothing(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it lacks would be made again, over the secrets of kiosks that are in service."""
    assert make(desk) == 0
    before = {one: one.read_bytes() for one in desk.glob("made/*/cabinguard.toml")}
    whole = (desk / "made/secrets.csv").read_text()
    for cut in _cuts(whole):
        (desk / "made/secrets.csv").write_text(cut)
        assert make(desk) == 3, cut
        assert "bring" in capsys.readouterr().err
        assert {one: one.read_bytes() for one in before} == before
    (desk / "made/secrets.csv").unlink()
    assert make(desk) == 3
    (desk / "made/secrets.csv").write_text(whole)
    assert make(desk) == 0


def test_secrets_that_are_to_be_made_later_are_made_for_kiosks_that_have_none(desk: Path) -> None:
    (desk / "common.toml").write_text(
        COMMON.replace('hotp_secret = "make"\nssh', "ssh").replace('est_token = "make"\n', "")
    )
    assert make(desk) == 0
    (desk / "common.toml").write_text(COMMON)
    assert make(desk) == 0
    assert (desk / "made/secrets.csv").read_text().count("cabin-") == 12


def test_a_file_for_all_that_is_no_text_is_named(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "common.toml").write_bytes(b"\xff")
    assert make(desk) == 3
    assert "byte 0 is not UTF-8" in capsys.readouterr().err


def test_a_name_is_given_in_one_place_alone() -> None:
    said = problems("kiosk_id,mqtt.kiosk_id,people.watchman\na,b,+49155100001\n")
    assert said == ["table_odd: kiosk_id is the column for it (kiosks.csv line 1, column mqtt.kiosk_id)"]
    assert any(
        "each kiosk's own" in one
        for one in problems(table(1), COMMON.replace("[mqtt]", '[mqtt]\nkiosk_id = "x"'))
    )
    both = "kiosk_id,people.watchman,modem.pin_file,first_boot.sim_pin\na,+49155100001,/etc/pin,2580\n"
    assert "modem.pin_file names another file for it" in problems(both)[0]


def test_a_line_of_several_lines_is_named_by_its_first() -> None:
    text = 'kiosk_id,cabin.address,people.watchman\n\na,"Street\n1\n",+49155100001\nb,"S\n2",7\nc,"S\n3",8\n'
    said = [one for one in problems(text) if "watchman" in one]
    assert [one.partition("kiosks.csv ")[2] for one in said] == [
        "line 6, column people.watchman)",
        "line 8, column people.watchman)",
    ]
    never = problems('kiosk_id,people.watchman\na,"+49\n2"\n\n\nb,"never ended\n\n\n')
    assert never[-1] == "table_odd: unexpected end of data (kiosks.csv line 6)"


def test_what_a_spreadsheet_writes_is_read() -> None:
    plain = planned(table(3).encode(), "t", COMMON, {}, parse_recipients)
    for text in (
        b"\xef\xbb\xbf" + table(3).encode(),
        table(3).replace("\n", "\r\n").encode(),
        (table(3) + ",,,,,\n\n").encode(),
    ):
        assert [one.kiosk_id for one in planned(text, "t", COMMON, {}, parse_recipients)] == [
            one.kiosk_id for one in plain
        ]
    semicolons = b"kiosk_id;cabin.name;people.watchman\na;A, B;+49155100001\n"
    assert 'name = "A, B"' in planned(semicolons, "t", COMMON, {}, parse_recipients)[0].text
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


@pytest.mark.slow
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
        made = planned(content, "t.csv", COMMON, {}, parse_recipients)
    except SettingsError as error:
        refused = error.problems
    assert bool(made) is not bool(refused)
    assert all(one.detail.isprintable() for one in refused)
    assert len({one.kiosk_id for one in made}) == len(made)
    for one in made:
        tomllib.loads(one.text)
        for other in made:
            assert other is one or not set(one.made.values()) & set(other.made.values())
