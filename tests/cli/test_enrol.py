"""`cabinguard enrol` as it is used: what is printed, what is refused and how, and that no secret is shown."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.identity.key import key_text
from edge.identity.person import TOKEN
from edge.identity.store import NUMBERS, PEOPLE, GalleryFolder
from edge.service.control import ControlServer
from edge.words.consent import consent_sha256, consent_text, consent_versions
from edge.words.language import LanguageName
from hw.camera.staged import StagedCabin
from tests.identity.people import card, enrolled_in, ring

Enrol = Callable[..., tuple[int, str, str]]
PHONE = "+46701234567"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with identity on and a key, nobody enrolled."""
    made_settings(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "run").mkdir()
    return tmp_path


def made_settings(folder: Path) -> Path:
    """The settings of a site in this folder, and its key."""
    settings = folder / "kiosk.toml"
    settings.write_text(
        f'[identity]\nenabled = true\nkey_file = "{folder}/key"\n'
        f'[paths]\ndata = "{folder}/data"\nruntime = "{folder}/run"\n'
    )
    (folder / "key").touch(mode=0o600)
    (folder / "key").write_text(key_text(ring().current))
    return settings


@pytest.fixture
def enrol(site: Path, capsys: pytest.CaptureFixture[str]) -> Enrol:
    """Runs one command: exit code, standard output, standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        try:
            code = main(["enrol", *words, "--settings", str(site / "kiosk.toml")])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def fault(answer: tuple[int, str, str]) -> str:
    code, _, err = answer
    assert code == 3, answer
    return next(line for line in err.splitlines() if line.startswith("fault:")).split()[1]


# --- without a camera ------------------------------------------------------------------------------


def test_a_site_without_identity_enrols_nobody_and_may_still_remove(enrol: Enrol, site: Path) -> None:
    enrolled_in(site / "data", 1)
    text = (site / "kiosk.toml").read_text()
    (site / "kiosk.toml").write_text(text.replace("enabled = true", "enabled = false"))
    assert fault(enrol("add", "Anna", "--card", "t", "--phone", PHONE, "--consent", "1")) == "identity_off"
    assert fault(enrol("renew", "1")) == "identity_off"
    assert enrol("remove", "--all", "--yes")[0] == 0
    assert enrol("list")[1] == "nobody is enrolled\n"


def test_a_list_shows_people_and_hides_cards_and_numbers(enrol: Enrol, site: Path) -> None:
    enrolled_in(site / "data", 1, 2)
    for words in (["list"], ["list", "--json"], ["show", "1"], ["show", card(2).name.upper(), "--json"]):
        code, out, err = enrol(*words)
        assert (code, err) == (0, "")
        for n in (1, 2):
            assert card(n).token not in out
            assert card(n).phone not in out
    people = [json.loads(line) for line in enrol("list", "--json")[1].splitlines()]
    assert [one["person"] for one in people] == [1, 2]
    assert people[0]["phone"] == f"+…{card(1).phone[-2:]}"
    shown = json.loads(enrol("show", "2", "--json")[1])
    assert [one["what"] for one in shown["done"]] == ["person_enrolled"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "7"], "person_unknown"),
        (["show", "Nobody"], "person_unknown"),
        (["remove", "--yes"], "person_unknown"),
        (["change", "1", "--phone", "12"], "enrol_refused"),
        (["change", "1", "--card", "4111111111111111"], "enrol_refused"),
        (["change", "1", "--card", "4111-1111.1111_1111"], "enrol_refused"),
        (["change", "1"], "enrol_refused"),
        (["change", "1", "--card", "with space"], "enrol_refused"),
        (["change", "1", "--name", ""], "enrol_refused"),
        (["change", "1", "--name", "77"], "enrol_refused"),
        (["change", "1", "--card", "token-0002-05831"], "enrolled_already"),
        (["change", "1", "--phone", "+919876500002"], "enrolled_already"),
        (["restore"], "enrol_refused"),
        (["restore", "/no/such/file"], "file_unusable"),
        (["key", "a-file"], "enrol_refused"),
    ],
)
def test_a_mistake_is_refused_by_name_and_changes_nothing(
    enrol: Enrol, site: Path, words: list[str], code: str
) -> None:
    folder, _ = enrolled_in(site / "data", 1, 2)
    before = folder.content()
    assert fault(enrol(*words)) == code
    assert folder.content() == before


def test_a_card_and_a_telephone_can_be_changed(enrol: Enrol, site: Path) -> None:
    folder, (asha,) = enrolled_in(site / "data", 1)
    assert enrol("change", "1", "--card", "new-token-77", "--phone", PHONE, "--language", "de")[0] == 0
    (now,) = folder.read(ring()).people
    assert (now.token, now.phone, now.language) == ("new-token-77", PHONE, LanguageName.DE)
    assert (now.samples, now.name, now.number) == (asha.samples, asha.name, asha.number)


def test_removal_is_asked_for_and_proven(enrol: Enrol, site: Path) -> None:
    folder, _ = enrolled_in(site / "data", 1, 2)
    assert enrol("remove", "1")[0] == 1, "nobody at a terminal, and no --yes"
    assert len(folder.read(ring()).people) == 2
    code, out, _ = enrol("remove", "1", "--yes")
    assert code == 0
    assert "person 1" in out
    done = folder.read(ring()).done[-1]
    assert (done.act.value, done.person) == ("person_removed", 1)
    assert fault(enrol("show", "1")) == "person_unknown"


def test_who_types_yes_at_a_terminal_is_believed(
    enrol: Enrol, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = enrolled_in(site / "data", 1)
    for typed, left in (("no", 1), ("", 1), ("yes", 0)):
        terminal = io.StringIO(f"{typed}\n")
        terminal.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stdin", terminal)
        assert enrol("remove", "1")[0] == left
        assert len(folder.read(ring()).people) == left


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes a gallery for the kiosk's user")
def test_what_root_changes_stays_the_kiosks_own() -> None:
    with tempfile.TemporaryDirectory() as name:  # one that another user may enter
        folder, _ = enrolled_in(Path(name) / "data", 1)
        Path(name).chmod(0o755)
        for path in (Path(name) / "data", *(Path(name) / "data").rglob("*")):
            os.chown(path, 65534, 65534)
        settings = made_settings(Path(name))
        assert main(["enrol", "change", "1", "--phone", PHONE, "--settings", str(settings)]) == 0
        assert {path.stat().st_uid for path in folder.path.iterdir()} == {65534}
    assert os.geteuid() == 0


def test_an_export_is_all_there_is_for_its_owner_alone(enrol: Enrol, site: Path) -> None:
    folder, (asha,) = enrolled_in(site / "data", 1)
    file = site / "mine.json"
    assert enrol("export", "1", str(file))[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    data = json.loads(file.read_text())
    assert (data["name"], data["card"], data["phone"]) == (asha.name, asha.token, asha.phone)
    assert len(data["templates"]) == len(asha.samples)
    assert fault(enrol("export", "1", str(file))) == "file_unusable", "nothing is overwritten"
    assert folder.read(ring()).done[-1].act.value == "person_exported"


def test_the_words_of_the_consent_are_shown_with_their_hash(enrol: Enrol, site: Path) -> None:
    for language in LanguageName:
        for version in consent_versions():
            code, out, _ = enrol("consent", "--language", language.value, "--version", version, "--json")
            assert code == 0
            said = json.loads(out)
            assert said["text"] == consent_text(version, language, pictures=False)
            assert said["sha256"] == consent_sha256(version, language, pictures=False)
            assert said["sha256"] != consent_sha256(version, language, pictures=True)
    assert consent_sha256("1", LanguageName.EN, pictures=False).startswith("1d1e5e66da6a048b"), (
        "words that somebody may have agreed to are never changed: add a version"
    )
    enrolled_in(site / "data", 1)
    assert enrol("consent", "1")[0] == 0


def test_keys_are_made_once_rotated_and_missed_by_name(enrol: Enrol, site: Path) -> None:
    folder, _ = enrolled_in(site / "data", 1)
    assert fault(enrol("key", "--make")) == "enrol_refused", "a key is never overwritten"
    old = (site / "key").read_text()
    assert enrol("rotate-key")[0] == 0
    assert (site / "key").read_text() != old
    assert enrol("list")[0] == 0
    (site / "key").write_text(old)
    assert fault(enrol("list")) == "gallery_key_wrong"
    assert fault(enrol("remove", "1", "--yes")) == "gallery_key_wrong"
    (site / "key").unlink()
    assert fault(enrol("list")) == "gallery_key_missing"
    assert enrol("key", "--make", str(site / "fresh"))[0] == 0
    assert (site / "fresh").stat().st_mode & 0o077 == 0
    assert folder.content() is not None


def test_a_damaged_gallery_is_named_and_a_backup_taken_up(enrol: Enrol, site: Path) -> None:
    folder, _ = enrolled_in(site / "data", 1, 2)
    people, backup = folder.path / PEOPLE, site / "backup"
    backup.write_bytes(people.read_bytes())
    assert enrol("remove", "2", "--yes")[0] == 0
    people.write_bytes(people.read_bytes()[:-7])
    for words in (["list"], ["show", "1"], ["remove", "1", "--yes"]):
        assert fault(enrol(*words)) == "gallery_damaged"
    assert enrol("restore", str(backup))[0] == 1, "it is asked first"
    code, out, _ = enrol("restore", str(backup), "--yes")
    assert code == 0
    assert "1 who were removed since that backup stay removed" in out
    assert [p.number for p in folder.read(ring()).people] == [1]
    (folder.path / NUMBERS).write_bytes(b"\0" * 40)
    assert fault(enrol("list")) == "gallery_damaged"
    assert enrol("restore", "--empty", "--yes")[0] == 0
    assert enrol("list")[1] == "nobody is enrolled\n"


def test_the_camera_of_a_running_kiosk_is_left_to_it(enrol: Enrol, site: Path) -> None:
    server = ControlServer(site / "run", lambda asked: asked.answer({}))
    try:
        answer = enrol("add", "Anna", "--card", "tok-anna", "--phone", PHONE, "--consent", "1")
        assert fault(answer) == "camera_in_use"
    finally:
        server.close()
    assert GalleryFolder(site / "data").content() is None


def test_nobody_is_enrolled_without_consent(
    enrol: Enrol, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["add", "Anna", "--card", "tok-anna", "--phone", PHONE]
    assert fault(enrol(*words)) == "consent_missing"
    assert fault(enrol(*words, "--consent", "0")) == "consent_missing"
    assert not (site / "data" / "gallery").exists() or GalleryFolder(site / "data").content() is None


def test_a_token_is_what_the_machines_line_takes() -> None:
    for good in ("a", "tok_1.2-3", "x" * 64):
        assert TOKEN.fullmatch(good)
    for bad in ("", "x" * 65, "ä", "a b", "a\n"):
        assert not TOKEN.fullmatch(bad)


# --- with the networks -----------------------------------------------------------------------------


def scene(folder: Path, who: str) -> Path:
    """Pictures of a staged person in all poses, and bad ones among them."""
    folder.mkdir()
    clock = StoryClock()
    stage = StagedCabin(clock)
    if who == "hopper":
        stage.do("enter other", 0.0)
    stage.do(f"enter {who}", 0.0)
    if who == "hopper":
        stage.do("leave other", 0.1)
    now_s = 4.0
    for number, turn in enumerate(("front", "left", "right", "up") * 3):
        clock.move_to(now_s)
        stage.do(f"turn {turn} {who}", now_s)
        save(stage, folder / f"{number:02d}-{turn}.png")
        now_s += 1.37
    return folder


def save(stage: StagedCabin, path: Path) -> None:
    colour = stage.read().colour
    assert colour is not None
    cv2.imwrite(str(path), colour)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_folders_of_pictures_two_people_and_nobody_twice(enrol: Enrol, site: Path) -> None:
    anna = scene(site / "anna", "anna")
    clock = StoryClock()
    stage = StagedCabin(clock)
    save(stage, anna / "20-empty.png")
    stage.do("enter anna with mask", 0.0)
    clock.move_to(4.0)
    save(stage, anna / "21-mask.png")
    stage.do("enter bert", 4.0)
    clock.move_to(9.0)
    save(stage, anna / "22-two.png")
    (anna / "23-broken.png").write_bytes(b"no picture")
    (anna / "24-again.png").write_bytes((anna / "00-front.png").read_bytes())
    add = ["add", "Anna", "--card", "tok-anna", "--phone", PHONE, "--consent", "1", "--keep-pictures"]
    code, _, err = enrol(*add, "--from", str(anna))
    assert code == 0, err
    for name, why in (
        ("20-empty", "no face"), ("21-mask", "covered"), ("22-two", "several"),
        ("23-broken", "cannot be read"), ("24-again", "again"),
    ):  # fmt: skip
        (line,) = [line for line in err.splitlines() if name in line]
        assert why in line
    again = ["add", "Ann", "--card", "tok-2", "--phone", "+46701234568", "--consent", "1"]
    answer = enrol(*again, "--from", str(anna))
    assert fault(answer) == "enrolled_already"
    assert "person 1's" in answer[2]
    hopper = scene(site / "hopper", "hopper")
    code, _, err = enrol(*again, "--from", str(hopper))
    assert code == 0, err
    answer = enrol("renew", "1", "--from", str(hopper))
    assert fault(answer) == "enrol_refused"
    assert enrol("renew", "1", "--kept")[0] == 0
    assert fault(enrol("renew", "2", "--kept")) == "enrol_refused"
    few = [str(path) for path in sorted(hopper.glob("*front*"))]
    assert fault(enrol("renew", "2", "--from", *few)) == "enrol_refused"
    assert fault(enrol("export", "1", str(site / "mine.json"))) == "enrol_refused"
    assert enrol("export", "1", str(site / "mine.zip"))[0] == 0
    with zipfile.ZipFile(site / "mine.zip") as archive:
        data = json.loads(archive.read("person.json"))
        kept = [name for name in archive.namelist() if name.endswith(".jpg")]
        assert archive.read(kept[0]).startswith(b"\xff\xd8")
    assert data["pictures"] == len(kept) == len(data["templates"]) >= 10
