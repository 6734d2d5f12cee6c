"""The file for a support engineer: complete, for its owner alone, and without anything that is secret."""

from __future__ import annotations

import base64
import errno
import gzip
import json
import os
import re
import sqlite3
import stat
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import main
from edge.bench.desk import Desk
from edge.faults.fault import FaultError
from edge.loop.watching import Watching
from edge.selftest import bundle
from edge.selftest.finding import Finding
from edge.selftest.hiding import PRIVATE, Hiding, hidden_settings, known_secrets
from edge.service.control import Asked, ControlServer
from edge.settings.load import load
from edge.settings.schema import KEYS
from edge.settings.show import shown
from tests.ordinary import as_nobody
from tests.worlds.desk_world import scripted_desk

pytestmark = pytest.mark.timeout(600)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")

PARTS = {
    *(
        "about.json",
        "versions.json",
        "settings.json",
        "now.json",
        "drift.json",
        "events.jsonl",
        "faults.json",
    ),
    *("record.json", "selftest.json", "machine.json", "units.json", "log.txt"),
}

# As they stand in the settings.
IN_SETTINGS = {
    "people.watchman": "+15550142",
    "people.watchman2": "+442079460958",
    "people.control_room": "+4930901820",
    "cabin.address": "Rue des Lilas 17",
    "modem.smsc": "+393492000200",
    "modem.balance_ussd": "*123*77#",
    "email.user": "kiosk-login",
    "email.sender": "atm17@bank.example",
    "email.control_room": "duty.officer@bank.example",
    "webhook.url": "https://gate.example/hook/t0k3nInThePath?key=q9ZrW",
}
# As they stand in the secrets' files.
IN_FILES = {
    "modem.pin_file": "8351",
    "people.hotp_secret_file": "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U",
    "email.password_file": "Horse battery; staple?",
    "webhook.secret_file": "whsec_Zm9vYmFyLWJheg==",
    "panel.password_file": "correcthorsebatterystaple",
}
URL_PARTS = ("t0k3nInThePath", "q9ZrW")
TYPED = "84712069"
SECRETS = (
    *(value for key, value in IN_SETTINGS.items() if key != "webhook.url"),
    *IN_FILES.values(),
    *URL_PARTS,
)

QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=1",
    "flow.lock_after_s=3",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)


@dataclass(frozen=True)
class World:
    """A kiosk's folders with secrets in every place where one could get; `codes` are those that were sent."""

    folder: Path
    settings: Path
    secrets: frozenset[str]

    @property
    def options(self) -> list[str]:
        return ["--settings", str(self.settings)]

    @property
    def runtime(self) -> Path:
        return self.folder / "run"


def _settings_text(folder: Path) -> str:
    tables: dict[str, list[str]] = {}
    for key, value in {
        **IN_SETTINGS,
        **{key: str(folder / "secrets" / key) for key in IN_FILES},
        "email.host": "mail.example",
        "paths.data": str(folder / "data"),
        "paths.runtime": str(folder / "run"),
    }.items():
        section, _, leaf = key.partition(".")
        tables.setdefault(section, []).append(f"{leaf} = {json.dumps(value)}")
    return "".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in tables.items())


def _play(folder: Path) -> frozenset[str]:
    """A visit that ends in a lock, with a code sent, wrong digits typed; the codes."""
    desk, _ = scripted_desk(folder, settings=load(None, QUICK), every_s=0.4)
    desk.stage("enter anna with mask")
    desk.run_to(30.0)
    desk.type_keys(TYPED)
    desk.fail_disk(errno.ENOSPC)
    desk.run_to(40.0)
    desk.fail_disk(0)
    desk.run_to(60.0)
    codes = frozenset(desk.codes())
    desk.close()
    assert codes
    return codes


def _spelled(secret: str) -> Iterator[str]:
    """The ways in which somebody may have written it."""
    raw = secret.encode()
    yield from (secret, secret.upper(), secret.lower(), quote(secret, safe=""), raw.hex(), secret[::-1])
    yield from (base64.b64encode(b"x" * before + raw).decode() for before in range(3))
    if secret.startswith("+"):
        yield from (
            secret[1:],
            f"00{secret[1:]}",
            " ".join(secret[1:]),
            f"+{secret[1:3]} {secret[3:6]}-{secret[6:]}",
        )


def _plant(folder: Path, secrets: frozenset[str]) -> None:
    """Into the record, the outbox and the folder of the pictures."""
    with closing(sqlite3.connect(folder / "data" / "journal.db")) as db, db:
        last, boot = db.execute("SELECT max(seq), max(boot) FROM events").fetchone()
        for number, secret in enumerate(sorted(secrets)):
            data = json.dumps({"detail": f"to {secret}", secret: 1, "list": [secret, {"cause": secret}]})
            for more, (kind, name) in enumerate((("fault", "disk_slow"), (secret, secret))):
                db.execute(
                    "INSERT INTO events VALUES (?, ?, 1, 1.0, 1.0, 0, ?, ?, ?, 'x')",
                    (last + 1 + 2 * number + more, boot, kind, name, data),
                )
        db.execute("UPDATE outbox SET reason = ?, cause = ?, awaited = ?", (*sorted(secrets)[:3],))
    pictures = folder / "data" / "evidence" / "17"
    pictures.mkdir(parents=True, exist_ok=True)
    for secret in secrets:
        (pictures / quote(secret, safe="")).write_bytes(b"\xff\xd8\xff\xe0 a picture of somebody")


def _system(folder: Path, secrets: frozenset[str]) -> None:
    """journalctl and systemctl as they answer on a kiosk, with the secrets in their lines."""
    programs = folder / "bin"
    programs.mkdir()
    lines = ["state: locked", *(form for secret in secrets for form in _spelled(secret))]
    said = [
        {
            "__REALTIME_TIMESTAMP": "1700000000000000",
            "PRIORITY": "4",
            "_SYSTEMD_UNIT": "cabinguard.service",
            "MESSAGE": line if number % 2 else list(f"fault: modem says {line}".encode()),
        }
        for number, line in enumerate(lines, 1)
    ]
    (folder / "journal").write_text("".join(json.dumps(one) + "\n" for one in said))
    units = "Id=cabinguard.service\nLoadState=loaded\nNRestarts=2\n\nId=x\nLoadState=not-found\n"
    (folder / "units").write_text(units)
    for name, words in {
        "journalctl": f"cat {folder / 'journal'}",
        "systemctl": f'case "$*" in *MainPID*--value*) echo {os.getpid()};; *) cat {folder / "units"};; esac',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{words}\n")
        (programs / name).chmod(0o755)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("kiosk")
    (folder / "secrets").mkdir()
    (folder / "run").mkdir()
    for key, secret in IN_FILES.items():
        (folder / "secrets" / key).write_text(f"{secret}\n")
        (folder / "secrets" / key).chmod(0o640)
    (folder / "kiosk.toml").write_text(_settings_text(folder))
    secrets = frozenset({*SECRETS, *_play(folder / "data"), TYPED})
    _plant(folder, secrets)
    _system(folder, secrets)
    return World(folder, folder / "kiosk.toml", secrets)


@pytest.fixture
def programs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{world.folder / 'bin'}:{os.environ['PATH']}")


@contextmanager
def answering(runtime: Path, desk: Desk) -> Iterator[None]:
    """A control socket that answers as the running kiosk does."""
    watching = Watching()

    def answer(asked: Asked) -> None:
        threading.Thread(target=lambda: asked.answer(watching.reply(desk.kiosk, desk.clock.now_s()))).start()

    with closing(ControlServer(runtime, answer)):
        yield


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        found = {}
        for info in tar.getmembers():
            content = tar.extractfile(info)
            assert content is not None
            found[info.name.removeprefix("cabinguard-debug/")] = content.read()
        return found


def value(content: bytes) -> dict[str, object]:
    return msgspec.json.decode(content, type=dict[str, object])


def _decoded(token: bytes) -> bytes:
    whole = token[: len(token) // 4 * 4].replace(b"+", b"-").replace(b"/", b"_")
    return base64.urlsafe_b64decode(whole)


def leaks(content: bytes, secret: str) -> list[str]:
    """In which spelling the secret is found in the bytes."""
    raw = secret.encode()
    forms = {
        "as it is": raw,
        "backwards": raw[::-1],
        "hexadecimal": raw.hex().encode(),
        "in a URL": quote(secret, safe="").encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "UTF-16": secret.encode("utf-16-le"),
        "base64": base64.b64encode(raw).rstrip(b"="),
    }
    digits = re.sub(r"\D", "", secret)
    if secret.startswith("+"):
        forms["digits"] = digits.encode()
    whole = content.lower()
    close = re.sub(rb"(?<=\d)[ ()/.-]+(?=\d)", b"", whole)
    found = [name for name, form in forms.items() if form.lower() in (whole if len(form) > 5 else b"")]
    if len(raw) <= 5 and re.search(rb"(?<!\w)%s(?!\w)" % re.escape(raw.lower()), whole):
        found.append("a word")  # four digits stand in other numbers, and mean nothing there
    if secret.startswith("+") and digits.encode() in close:
        found.append("digits in groups")
    tokens = set(re.findall(rb"[A-Za-z0-9+/_-]{8,}", content))
    decoded = [_decoded(token[skipped:]) for token in tokens for skipped in range(4)]
    if len(raw) > 5 and any(raw in one for one in decoded):
        found.append("inside of base64")
    return found


@pytest.mark.slow
def test_it_is_complete_and_says_what_it_lacks(
    world: World, programs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], repo: Path
) -> None:
    desk, _ = scripted_desk(tmp_path / "desk", settings=load(None, QUICK))
    file = tmp_path / "support.tar.gz"
    with closing(desk), answering(world.runtime, desk):
        assert main(["debug-bundle", str(file), *world.options]) == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [f"{file}: 11 parts, for its owner alone; look through it before you send it"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["support.tar.gz"]
    found = members(file)
    assert set(found) == PARTS
    about = value(found["about.json"])
    assert about["missing"] == {}
    versions = value(found["versions.json"])
    assert versions["program"] == about["program"]
    assert versions["python"] == sys.version.split()[0]
    models = msgspec.convert(versions["models"], list[dict[str, object]])
    contracts = {path.stem for path in (repo / "models").glob("*.tflite")}
    assert {str(model["file"]).removesuffix(".tflite") for model in models} == contracts
    for model in models:
        contract = msgspec.json.decode((repo / "models" / f"{str(model['file'])[:-7]}.json").read_bytes())
        assert model["contract"] == contract
        assert model["sha256"] == contract["sha256"]
    packages = msgspec.convert(versions["packages"], dict[str, str])
    assert {"numpy", "msgspec"} <= set(packages)
    now = value(found["now.json"])
    assert (now["state"], now["said"]) == ("vacant", "")
    events = [value(line) for line in found["events.jsonl"].splitlines()]
    assert {"state", "event", "command", "fault"} <= {str(one["kind"]) for one in events}
    assert "locked" in {one["name"] for one in events}
    faults = value(found["faults.json"])
    assert {"first", "last", "count"} == set(msgspec.convert(faults["disk_slow"], dict[str, object]))
    record = value(found["record.json"])
    assert record["ok"] is False, "lines were planted"
    tried = msgspec.json.decode(found["selftest.json"], type=list[Finding])
    assert {"settings", "networks", "record", "secrets"} <= {one.name for one in tried}
    machine = value(found["machine.json"])
    process = msgspec.convert(machine["process"], dict[str, object])
    assert process["threads"]
    assert msgspec.convert(machine["memory_mb"], dict[str, int])["MemTotal"] > 0
    assert b'"NRestarts": "2"' in found["units.json"]
    assert b" <4> cabinguard " in found["log.txt"]
    assert b"state: locked" in found["log.txt"]


@pytest.mark.slow
def test_no_secret_is_in_it_in_any_spelling(world: World, programs: None, tmp_path: Path) -> None:
    desk, _ = scripted_desk(tmp_path / "desk", settings=load(None, QUICK))
    file = tmp_path / "support.tar.gz"
    with closing(desk), answering(world.runtime, desk):
        assert main(["debug-bundle", str(file), *world.options]) == 0
    found = members(file)
    assert set(found) == PARTS
    whole = {**found, "the archive itself": gzip.decompress(file.read_bytes())}
    wrong = [
        (name, secret, how)
        for name, content in whole.items()
        for secret in sorted(world.secrets)
        for how in leaks(content, secret)
    ]
    assert wrong == []
    assert b"\xff\xd8\xff" not in whole["the archive itself"], "a picture"


def test_the_search_for_a_secret_finds_each_spelling() -> None:
    for secret in SECRETS:
        for form in (secret, secret.upper(), quote(secret, safe=""), secret.encode().hex(), secret[::-1]):
            assert leaks(f"a {form} b".encode(), secret) or len(secret) < 6
    assert leaks(b"call +1 555-01 42 now", "+15550142")
    assert leaks(base64.b64encode(b"xx Horse battery; staple? yy"), "Horse battery; staple?")
    assert leaks(b"PIN 8351.", "8351")
    assert not leaks(b"283519", "8351")


# --- a kiosk that is stopped or broken --------------------------------------------------------------


@pytest.mark.slow
def test_a_stopped_kiosk_is_named_and_the_rest_is_there(
    world: World, programs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "support.tar.gz"
    assert main(["debug-bundle", str(file), *world.options]) == 0
    assert "without now.json: kiosk_not_running" in capsys.readouterr().out
    found = members(file)
    assert set(found) == PARTS - {"now.json", "drift.json"}
    missing = f"kiosk_not_running: {world.runtime / 'control.sock'}"
    assert value(found["about.json"])["missing"] == {"now.json": missing, "drift.json": missing}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["no TOML", "out of bounds", "missing"])
def test_settings_that_cannot_be_used_are_told_and_not_said(
    world: World, programs: None, tmp_path: Path, how: str
) -> None:
    broken = tmp_path / "kiosk.toml"
    text = world.settings.read_text()
    if how != "missing":
        broken.write_text(text + ("[flow\n" if how == "no TOML" else "[flow]\nlock_after_s = 1e9\n"))
    file = tmp_path / "support.tar.gz"
    assert main(["debug-bundle", str(file), "--settings", str(broken)]) == 0
    found = members(file)
    told = value(found["settings.json"])
    problems = msgspec.convert(told["problems"], list[dict[str, str]])
    codes = {
        "no TOML": "settings_syntax",
        "out of bounds": "settings_out_of_bounds",
        "missing": "settings_missing",
    }
    assert problems[0]["code"] == codes[how]
    assert "settings_" in problems[0]["code"]
    missing = value(found["about.json"])["missing"]
    assert isinstance(missing, dict)
    assert "selftest.json" in missing
    for name, content in found.items():
        for secret in sorted(world.secrets):
            if how != "missing":  # nothing tells then what is secret, but its looks
                assert leaks(content, secret) == [], (name, secret)


@pytest.mark.slow
def test_a_record_that_is_none_keeps_nothing_else_out(world: World, programs: None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "journal.db").write_bytes(b"no record at all" * 100)
    file = tmp_path / "support.tar.gz"
    assert main(["debug-bundle", str(file), *world.options, "--set", f"paths.data={data}"]) == 0
    found = members(file)
    missing = value(found["about.json"])["missing"]
    assert isinstance(missing, dict)
    assert {"events.jsonl", "faults.json", "record.json"} <= set(missing)
    assert missing["events.jsonl"].startswith("journal_damaged")
    assert {"versions.json", "settings.json", "machine.json", "log.txt"} <= set(found)


@pytest.mark.slow
def test_a_machine_without_systemd_is_no_obstacle(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "support.tar.gz"
    assert main(["debug-bundle", str(file), *world.options]) == 0
    found = members(file)
    missing = value(found["about.json"])["missing"]
    assert isinstance(missing, dict)
    assert missing["units.json"] == "systemctl is not here"
    assert missing["log.txt"] == "journalctl is not here"
    assert value(found["machine.json"])["process"] == "systemctl is not here"


@pytest.mark.slow
def test_of_an_unforeseen_error_only_its_kind_is_told(world: World, programs: None, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "uptime").write_text("code123456")  # Python's own error says what it could not read
    made = bundle.collect(bundle.Target(load(world.settings), root=tmp_path))
    assert made.missing["machine.json"] == "ValueError"


# --- the file --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_there_is_not_overwritten(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "support.tar.gz"
    file.write_text("another's")
    assert main(["debug-bundle", str(file), *world.options]) == 3
    assert "fault:  file_unusable" in capsys.readouterr().err
    with pytest.raises(FaultError, match="is there already"):
        bundle.write(file, b"ours")  # it came while ours was made
    assert file.read_text() == "another's"
    assert [path.name for path in tmp_path.iterdir()] == ["support.tar.gz"]


def test_a_link_that_leads_nowhere_is_something_too(world: World, tmp_path: Path) -> None:
    file = tmp_path / "support.tar.gz"
    file.symlink_to(tmp_path / "elsewhere")
    assert main(["debug-bundle", str(file), *world.options]) == 3
    assert not (tmp_path / "elsewhere").exists()


def _disk_full(handle: int) -> None:
    raise OSError(28, "No space left on device", "support.tar.gz")


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", _disk_full)
    with pytest.raises(OSError, match="No space left"):
        bundle.write(tmp_path / "support.tar.gz", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_stick_without_links_gets_its_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    file = tmp_path / "support.tar.gz"
    bundle.write(file, b"x")
    assert file.read_bytes() == b"x"
    with pytest.raises(FaultError):
        bundle.write(file, b"y")
    assert [path.name for path in tmp_path.iterdir()] == ["support.tar.gz"]


def test_a_folder_that_is_not_there_is_told_at_once(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["debug-bundle", str(tmp_path / "no" / "x.tar.gz"), *world.options]) == 3
    assert "file_unusable" in capsys.readouterr().err


@pytest.mark.slow
@root_only
def test_the_kiosks_own_user_can_make_it(tmp_path: Path, repo: Path) -> None:
    shut = [folder for folder in (repo, *repo.parents) if not folder.stat().st_mode & 0o001]
    if shut:
        pytest.skip(f"an ordinary user may not enter {shut[-1]}, so cannot run this checkout")
    own = Path("/tmp") / f"cabinguard-bundle-{os.getpid()}"  # pytest's own folder is root's alone
    own.mkdir(mode=0o700)
    os.chown(own, 65534, 65534)
    try:
        done = as_nobody(
            repo,
            "",
            f"sys.exit(main(['debug-bundle', {str(own / 'x.tar.gz')!r}, '--set', 'paths.data={own}']))",
            timeout_s=300,
        )
        assert done.returncode == 0, done.stderr
        found = (own / "x.tar.gz").stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (65534, 0o600)
    finally:
        for path in own.rglob("*"):
            if path.is_file():
                path.unlink()
        own.rmdir()


# --- what is hidden --------------------------------------------------------------------------------

HARMLESS = {
    *("cabin.name", "cabin.timezone", "camera.device", "camera.clip", "email.host"),
    *("overview.device", "overview.clip", "modem.port", "prompt.device", "paths.data", "paths.runtime"),
    *("paths.models", "panel.host", "atm.host", "atm.serial_port", "floor.camera", "normal.service_hours"),
    *("certificate.token_module", "metrics.host", "metrics.textfile_folder", "mqtt.host", "mqtt.kiosk_id"),
    *("mqtt.site", "people.control_room_key", "support.contact", "support.until", "update.folder"),
    "update.window",
}


def test_every_setting_that_takes_any_text_is_hidden_or_known_to_be_harmless() -> None:
    """Names of files say where a secret is, not what it is; a `host` is hidden where others reach it."""
    texts = set()
    for key, kind in KEYS.items():
        info = msgspec.inspect.type_info(kind)
        while isinstance(info, msgspec.inspect.Metadata):
            info = info.type
        if isinstance(info, msgspec.inspect.StrType) and not key.endswith("_file"):
            texts.add(key)
    assert texts == PRIVATE | HARMLESS
    assert not PRIVATE & HARMLESS


def test_of_a_private_setting_only_is_told_whether_it_is_set() -> None:
    settings = load(
        None,
        ["people.watchman=+15550142", "panel.host=192.0.2.7", "email.sender=", "atm.host=192.0.2.8"],
    )
    tables = hidden_settings(shown(settings))
    people, panel, line = tables["people"], tables["panel"], tables["atm"]
    assert isinstance(people, dict)
    assert isinstance(panel, dict)
    assert (people["watchman"], people["control_room"]) == ("(set)", "")
    assert panel["host"] == "(set)"
    assert isinstance(line, dict)
    assert line["host"] == "(set)"


@pytest.mark.parametrize(
    ("said", "shown_as"),
    [
        ("state: locked", "state: locked"),
        ("fault: disk_slow", "fault: disk_slow"),
        ("CODE 417 opens", "CODE … opens"),
        ("pin 17, niceness -10", "pin 17, niceness -10"),
        ("call +1 555 01 42 at once", "call … at once"),
        ("from 079 123 45 67", "from …"),
        ("to duty@bank.example: no", "to …: no"),
        ("POST https://gate.example/t0k3n failed", "POST https://… failed"),
        ("token Zm9vYmFyLWJheg== refused", "token … refused"),
        ("input_path_stopped and settings_unreadable", "input_path_stopped and settings_unreadable"),
    ],
)
def test_a_log_line_keeps_its_words_and_loses_numbers_and_tokens(said: str, shown_as: str) -> None:
    assert Hiding(()).log_line(said) == shown_as


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=6, max_size=20)


@pytest.mark.slow
@given(secret=WORDS.filter(lambda text: text == text.strip()), before=st.text(max_size=5))
def test_a_known_secret_is_hidden_wherever_it_stands(secret: str, before: str) -> None:
    hiding = Hiding([secret])
    for form in (secret, quote(secret, safe=""), secret.encode().hex(), json.dumps(secret)[1:-1]):
        for hide in (hiding.text, hiding.log_line):
            assert form not in hide(f"{before} {form} {before}") or form in f"{before} {before}…"
    assert secret not in json.dumps(hiding.value({"a": [secret, {secret: secret}]}), ensure_ascii=False) or (
        secret in '{"a": ["…", {"…": "…"}]}'
    )


@pytest.mark.parametrize("where", ["alone", "in a list", "behind a name", "as a name"])
def test_of_a_line_of_the_record_only_names_and_times_are_kept(where: str) -> None:
    hiding = Hiding(())
    for text in ("+15550142", "417", "CODE 417", "Horse battery", "MFRGGZDF", "a" * 60, "x.y", "tok3n-in"):
        said = {"alone": text, "in a list": [text], "behind a name": {"detail": text}, "as a name": {text: 1}}
        assert text not in json.dumps(hiding.names(said[where]))
    assert hiding.names({"code": 417, "silent_s": 4.5, "name": "disk_slow", "ended": True}) == {
        "code": "…",
        "silent_s": 4.5,
        "name": "disk_slow",
        "ended": True,
    }


def test_a_secret_that_cannot_be_read_properly_is_still_known(tmp_path: Path) -> None:
    """A file that is open to others is a fault for the kiosk; its content is no less a secret."""
    file = tmp_path / "pin"
    file.write_text("835100\n")
    file.chmod(0o666)
    settings = load(None, [f"modem.pin_file={file}"])
    assert "835100" in set(known_secrets(settings))
