"""The self-test: each device with a tick, a cross or the word that it is not fitted; whose rights it has."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.cli import options
from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.journal.writer import Journal
from edge.messages.prompts import clip_texts
from edge.messages.ways.open import carriers, release_desk
from edge.selftest import findings as selftest
from edge.selftest import machine
from edge.selftest.finding import Finding
from edge.service.asks import Request
from edge.service.devices import open_modem
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.record import Entry, Record
from hw.atm.fake.machine import FakeMachine
from hw.atm.fake.wires import PtyMachine
from hw.board import BenchHands, bench_board
from hw.clock import SystemClock
from hw.modem.status import Status
from hw.ports import Board, HardwareError, Input, ModemEvent, ModemStatus
from hw.wiring import WiringSettings
from tests.ordinary import as_nobody
from tests.worlds.clips import wav

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class DeadModem:
    """Never answers."""

    idle = False
    network_offset_s: float | None = None
    status: ModemStatus = Status()

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        pytest.fail("a text was sent")

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        pass


def _settings(tmp_path: Path, *overrides: str) -> Settings:
    return load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}", *overrides])


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MODEM_WITHIN_S", 0.2), ("KEYS_FOR_S", 0.15), ("LIT_S", 0.05)):
        monkeypatch.setattr(selftest, name, value)


def _on_bench_pins(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    prepare: Callable[[BenchHands], None] = lambda _: None,
) -> tuple[dict[str, Finding], BenchHands]:
    """The hardware's findings with the real drivers over mock pins; `prepare` moves things before."""
    board, hands = bench_board(SystemClock(), DeadModem(), settings.wiring)
    prepare(hands)

    def opened(wiring: WiringSettings, **others: object) -> Board:
        return board

    monkeypatch.setattr(selftest, "open_board", opened)
    return {finding.name: finding for finding in selftest.hardware_findings(settings)}, hands


@pytest.mark.slow
@pytest.mark.usefixtures("fast")
def test_pins_contacts_keypad_buzzer_and_lights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(tmp_path, "wiring.vibration.fitted=false")
    found, hands = _on_bench_pins(
        monkeypatch, settings, lambda hands: hands.set_input(Input.PANIC, True, 0.0)
    )
    assert {name for name, finding in found.items() if finding.ok} == {
        "pins",
        "inputs",
        "keypad",
        "buzzer",
        "lights",
    }
    assert found["modem"].code == "modem_mute"
    assert found["inputs"].detail == "5 read, active: panic, not fitted: vibration"
    assert found["keypad"].detail == "12 keys scanned, none down"
    for pin in (23, 24, 25):
        levels = [level for _, level in hands.trace(pin)]
        assert True in levels, "each light was lit"
        assert levels[-1] is False, "and is dark again"
    assert True in [level for _, level in hands.trace(22)], "the buzzer sounded"
    assert not hands.sounding
    assert not hands.lock_on
    assert all(level is not True for _, level in hands.trace(17)), "the lock was never moved"


@pytest.mark.slow
@pytest.mark.usefixtures("fast")
def test_a_key_that_is_down_and_a_buzzer_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(hands: BenchHands) -> None:
        hands.stick_key("5", True, 0.0)
        hands.fail_sounder()

    found, _ = _on_bench_pins(monkeypatch, _settings(tmp_path), prepare)
    assert found["keypad"].code == "keypad_stuck"
    assert found["keypad"].detail == "key 5 is down"
    assert found["buzzer"].code == "sounder_failed"
    assert found["lights"].ok


@pytest.mark.slow
@pytest.mark.usefixtures("fast")
def test_the_keypad_inside_has_a_line_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(tmp_path, "wiring.customer_keypad.fitted=true")
    found, _ = _on_bench_pins(
        monkeypatch, settings, lambda hands: hands.customer_matrix.stick("7", True, 0.0)
    )
    assert found["keypad"].ok
    assert found["keypad_inside"].code == "customer_keypad_stuck"
    assert found["keypad_inside"].detail == "key 7 is down"


@pytest.mark.slow
def test_a_machine_is_heard_with_its_own_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"front {bytes(range(32)).hex()}")
    keys.chmod(0o600)
    line = ["identity.enabled=true", "atm.transport=serial", 'atm.machines=["front"]']
    port = [f"atm.serial_port={tmp_path / 'machine'}", f"atm.keys_file={keys}"]
    settings = _settings(tmp_path, *line, *port)
    fake = FakeMachine("front", bytes(range(32)))
    wired = PtyMachine(fake, tmp_path / "machine")
    try:
        monkeypatch.setattr(selftest, "LINE_WITHIN_S", 30.0)
        assert selftest.machine_line(settings) == "heard: front"
        wired.do(lambda fake: fake.fault("wrong_key"))
        monkeypatch.setattr(selftest, "LINE_WITHIN_S", 0.5)
        finding = selftest.tried("machine_line", lambda: selftest.machine_line(settings))
    finally:
        wired.close()
    assert (finding.code, finding.detail) == ("atm_line_lost", "not heard: front")


@pytest.mark.slow
@pytest.mark.usefixtures("fast")
def test_a_device_whose_pins_are_taken_has_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    board, _ = bench_board(
        SystemClock(),
        DeadModem(),
        settings.wiring,
        busy=frozenset({8, 24}),
        strict=False,
    )
    monkeypatch.setattr(selftest, "open_board", lambda wiring, **others: board)
    found = {finding.name: finding for finding in selftest.hardware_findings(settings)}
    assert found["pins"].ok
    assert found["keypad"].code == "gpio_busy"
    assert found["lights"].code == "gpio_busy"
    assert found["buzzer"].ok


@pytest.mark.slow
def test_what_is_not_fitted_is_said_and_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--set", f"paths.data={tmp_path}", "--no-hardware"]
    assert main(["selftest", *arguments]) == 0
    assert "[-] watchdog     not fitted on a bench" in capsys.readouterr().out


@pytest.mark.slow
def test_both_cameras_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def picture(settings: Settings, role: str) -> str:
        tried.append(role)
        return "a picture"

    monkeypatch.setattr(selftest, "camera_picture", picture)
    monkeypatch.setattr(selftest, "hardware_findings", lambda settings: iter(()))
    found = {f.name: f for f in selftest.findings(_settings(tmp_path, "overview.source=usb"))}
    assert tried == ["face", "overview"]
    found = {f.name: f for f in selftest.findings(_settings(tmp_path))}
    assert (found["overview"].tried, found["overview"].detail) == (False, "not fitted")


@pytest.mark.slow
def test_a_picture_from_the_overview_camera(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "overview.source=staged", "overview.width=320")
    assert selftest.camera_picture(settings, "overview").startswith("staged, ")
    assert not list(tmp_path.glob("ring*")), "no ring is left for the kiosk to stumble over"


@pytest.mark.slow
def test_the_devices_of_a_running_kiosk_are_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, object] = {"faults": {}}
    monkeypatch.setattr(selftest, "ask", lambda folder, request: told)
    monkeypatch.setattr(selftest, "hardware_findings", lambda settings: pytest.fail("its pins were touched"))
    found = {f.name: f for f in selftest.findings(_settings(tmp_path))}
    assert not found["kiosk"].tried
    assert found["devices"].ok
    told["faults"] = {"keypad": "keypad_stuck"}
    found = {f.name: f for f in selftest.findings(_settings(tmp_path))}
    assert found["keypad"].code == "keypad_stuck"
    assert "devices" not in found

    def refused(folder: Path, request: Request) -> dict[str, object]:
        raise FaultError("not_root", "control.sock")

    monkeypatch.setattr(selftest, "ask", refused)
    assert [f.code for f in selftest.findings(_settings(tmp_path)) if not f.ok] == ["not_root"]


# --- the machine ----------------------------------------------------------------------------------


def _says(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    monkeypatch.setattr(machine, "ask_system", lambda *command: answer)


def _machine(tmp_path: Path, *parts: str) -> Path:
    for part in parts:
        path = tmp_path / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Raspberry Pi 4 Model B" if part.endswith("model") else "")
    return tmp_path


def _code(check: Callable[[], str]) -> str:
    with pytest.raises((FaultError, HardwareError)) as caught:
        check()
    error = caught.value
    assert isinstance(error, FaultError | HardwareError)
    assert error.code in CATALOGUE
    return error.code


def test_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, bare = tmp_path / "journal.db", tmp_path / "bare"
    with_module = _machine(tmp_path / "with", "sys/class/rtc/rtc0")
    _says(monkeypatch, "yes")
    assert "set by a network, no clock module" in machine.clock(record, bare)
    _says(monkeypatch, None)
    assert machine.clock(record, bare).endswith("UTC, no clock module")
    _says(monkeypatch, "no")
    assert "no network has set it since the start, clock module fitted" in machine.clock(record, with_module)
    assert _code(lambda: machine.clock(record, bare)) == "clock_wrong"
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    assert _code(lambda: machine.clock(record, with_module)) == "clock_wrong"


def test_a_clock_behind_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _says(monkeypatch, "yes")
    clock = StoryClock(start_s=200_000_000.0)
    journal = Journal(tmp_path / "journal.db", clock, threaded=False)
    journal.open()
    journal.submit(Record(1, clock.now_s(), clock.wall_s(), (Entry("event", "e", 0, "{}"),), "{}", (), ()))
    journal.close(1)
    now_s = clock.wall_s()
    monkeypatch.setattr(time, "time", lambda: now_s + 10.0)
    assert "set by a network" in machine.clock(tmp_path / "journal.db")
    monkeypatch.setattr(time, "time", lambda: now_s - 3600.0)
    assert _code(lambda: machine.clock(tmp_path / "journal.db")) == "clock_wrong"


def test_the_watchdog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(machine.NotFitted):
        machine.watchdog(tmp_path / "laptop")
    assert (
        _code(lambda: machine.watchdog(_machine(tmp_path / "pi", "proc/device-tree/model")))
        == "watchdog_missing"
    )
    there = _machine(tmp_path / "there", "sys/class/watchdog/watchdog0")
    _says(monkeypatch, "RuntimeWatchdogUSec=15s\nWatchdogLastPingTimestampMonotonic=73245\n")
    assert machine.watchdog(there) == "fed by systemd, resets the board after 15s"
    for answer in (
        None,
        "RuntimeWatchdogUSec=0\nWatchdogLastPingTimestampMonotonic=0",
        "RuntimeWatchdogUSec=15s\n",
    ):
        _says(monkeypatch, answer)
        assert _code(lambda: machine.watchdog(there)) == "watchdog_missing"


def test_phrases_and_sound_card(tmp_path: Path) -> None:
    whole = wav(tmp_path / "whole", 0.2).read_bytes()
    for name in clip_texts("en"):
        (tmp_path / f"{name}.wav").write_bytes(whole)
    assert machine.phrases(tmp_path, "en").endswith("phrases, en")
    for damaged in (whole[:-1], b"RIFF", b"", None):
        (tmp_path / "locked.wav").unlink()
        if damaged is not None:
            (tmp_path / "locked.wav").write_bytes(damaged)
        with pytest.raises(FaultError, match=r"1 of .*locked\.wav") as caught:
            machine.phrases(tmp_path, "en")
        assert caught.value.code == "prompt_clip_missing"


def _cards(root: Path, *cards: tuple[str, str]) -> None:
    """Sound cards as the kernel lists them: name, and the streams that each has (`pcm0p` plays)."""
    asound = root / "proc" / "asound"
    asound.mkdir(parents=True, exist_ok=True)
    lines = "".join(
        f" {n} [{name.replace(' ', ''):<15}]: USB-Audio - {name}\n                      {name} at usb-1.{n}\n"
        for n, (name, _) in enumerate(cards)
    )
    (asound / "cards").write_text(lines or "--- no soundcards ---\n")
    for n, (_, streams) in enumerate(cards):
        for stream in streams.split():
            (asound / f"card{n}" / stream).mkdir(parents=True)


CAMERA, SPEAKER, SCREEN = ("C920", "pcm0c"), ("Headphones", "pcm0p pcm0c"), ("vc4hdmi0", "pcm0p")


@pytest.mark.parametrize(
    ("cards", "device", "said"),
    [
        ([SPEAKER], "", "Headphones"),
        ([SPEAKER, CAMERA], "", "Headphones"),
        ([SCREEN, SPEAKER], "", "vc4hdmi0; for prompt.device also here: plughw:CARD=Headphones (Headphones)"),
        ([CAMERA, SPEAKER], "plughw:CARD=Headphones", "Headphones"),
        ([CAMERA, SPEAKER], "plughw:CARD=Headphones,DEV=0", "Headphones"),
        ([CAMERA, SPEAKER], "hw:1,0", "Headphones"),
        ([CAMERA, SPEAKER], "plughw:Headphones", "Headphones"),
        ([CAMERA, SPEAKER], "cabin_speaker", "Headphones"),
    ],
)
def test_the_sound_card_that_plays(
    tmp_path: Path, cards: list[tuple[str, str]], device: str, said: str
) -> None:
    _cards(tmp_path, *cards)
    assert machine.sound_card(tmp_path, device) == said


@pytest.mark.parametrize(
    ("cards", "device", "said"),
    [
        ([], "", "no sound card"),
        ([CAMERA], "", "no card that can play: C920"),
        ([CAMERA, CAMERA], "", "no card that can play"),
        ([CAMERA, SPEAKER], "", "C920, which can only record; here is plughw:CARD=Headphones"),
        ([SPEAKER, CAMERA], "plughw:CARD=C920", "C920, which can only record"),
        ([SPEAKER, CAMERA], "hw:1", "C920, which can only record"),
        ([SPEAKER], "plughw:CARD=Gone", "card Gone, which is not here"),
        ([SPEAKER], "hw:2,0", "card 2, which is not here"),
    ],
)
def test_a_sound_card_that_only_records_gets_a_cross(
    tmp_path: Path, cards: list[tuple[str, str]], device: str, said: str
) -> None:
    _cards(tmp_path, *cards)
    with pytest.raises(FaultError) as caught:
        machine.sound_card(tmp_path, device)
    assert caught.value.code == "prompt_failed"
    assert said in caught.value.detail


def test_another_default_of_alsa_is_left_to_alsa(tmp_path: Path) -> None:
    _cards(tmp_path, CAMERA, SPEAKER)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "asound.conf").write_text("defaults.pcm.card 1\n")
    assert machine.sound_card(tmp_path) == "Headphones"


EXT4, OVERLAY = "/dev/mmcblk0p2 / ext4 rw 0 0\n", "overlayroot / overlay rw,lowerdir=/media/root-ro 0 0\n"


@pytest.mark.parametrize(
    ("asked", "mounts", "found"),
    [
        ('overlayroot="tmpfs:recurse=0"\n', EXT4, "root_writable"),
        ("overlayroot=tmpfs\n", EXT4, "root_writable"),
        ('overlayroot="tmpfs"\n', None, "root_writable"),
        ('overlayroot="tmpfs:recurse=0"\n', f"/dev/mmcblk0p2 /media/root-ro ext4 ro 0 0\n{OVERLAY}", "tick"),
        ('overlayroot="tmpfs:recurse=0"\n', f"rootfs / rootfs rw 0 0\n{OVERLAY}", "tick"),
        ('overlayroot="tmpfs"\n', f"{EXT4}overlay /var/lib/docker overlay rw 0 0\n", "root_writable"),
        ('overlayroot=""\n', EXT4, "not fitted"),
        ('overlayroot="disabled"\n', EXT4, "not fitted"),
        ('# overlayroot="tmpfs"\n', EXT4, "not fitted"),
        (None, EXT4, "not fitted"),
    ],
)
def test_a_read_only_root_that_was_asked_for(
    tmp_path: Path, asked: str | None, mounts: str | None, found: str
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "etc" / "overlayroot.conf").write_text('overlayroot_cfgdisk="disabled"\noverlayroot=""\n')
    if asked is not None:
        (tmp_path / "etc" / "overlayroot.local.conf").write_text(asked)
    if mounts is not None:
        (tmp_path / "proc" / "mounts").write_text(mounts)
    try:
        machine.read_only_root(tmp_path)
        outcome = "tick"
    except machine.NotFitted:
        outcome = "not fitted"
    except FaultError as error:
        outcome = error.code
    assert outcome == found


@pytest.mark.parametrize(
    ("cmdline", "mounts", "code"),
    [("overlayroot=tmpfs", EXT4, "root_writable"), ("overlayroot=tmpfs", OVERLAY, ""), ("quiet", EXT4, "-")],
)
def test_a_read_only_root_asked_for_on_the_kernels_command_line(
    tmp_path: Path, cmdline: str, mounts: str, code: str
) -> None:
    """As raspi-config does it."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cmdline").write_text(f"console=tty1 {cmdline} rootwait\n")
    (tmp_path / "proc" / "mounts").write_text(mounts)
    finding = selftest.tried("root", lambda: machine.read_only_root(tmp_path))
    assert (finding.code or ("" if finding.tried else "-")) == code


@pytest.mark.slow
def test_the_loudspeaker(tmp_path: Path) -> None:
    wav(tmp_path / f"{machine.PHRASE}.wav", 0.4)
    assert "did you hear it" in machine.loudspeaker(tmp_path, ["sh", "-c", "sleep 0.4"])
    with pytest.raises(FaultError, match="ended after") as ended:
        machine.loudspeaker(wav(tmp_path / "long" / f"{machine.PHRASE}.wav", 50.0).parent, ["true"])
    assert ended.value.code == "prompt_failed"
    assert machine.PHRASE in clip_texts("en")
    failing = ["sh", "-c", "echo 'audio open error: Device or resource busy' >&2; exit 1"]
    with pytest.raises(FaultError, match="resource busy") as caught:
        machine.loudspeaker(tmp_path, failing)
    assert caught.value.code == "prompt_failed"
    assert _code(lambda: machine.loudspeaker(tmp_path, ["/no/player"])) == "prompt_failed"


# --- whose eyes it sees with ----------------------------------------------------------------------


@pytest.mark.slow
@root_only
@pytest.mark.parametrize(
    "command", ["status", "events", "selftest", "settings --check", "release", "modem check"]
)
def test_an_ordinary_user_is_told_to_use_sudo(tmp_path: Path, command: str) -> None:
    repo = Path(__file__).resolve().parents[2]
    shut = [folder for folder in (repo, *repo.parents) if not folder.stat().st_mode & 0o001]
    if shut:
        pytest.skip(f"an ordinary user may not enter {shut[-1]}, so cannot run this checkout")
    closed = tmp_path / "etc"
    closed.mkdir(mode=0o750)
    (closed / "kiosk.toml").write_text("")
    tmp_path.chmod(0o755)
    done = as_nobody(
        repo,
        "from pathlib import Path\nfrom edge.settings import places\n"
        f"places.SETTINGS_FILE = Path({str(closed / 'kiosk.toml')!r})",
        f"sys.exit(main({command.split()!r}))",
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "not_root" in done.stderr
    assert "sudo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@root_only
def test_root_goes_on_as_the_kiosks_user(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 65534, 65534)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os\nfrom edge.cli import options\nfrom edge.settings.load import load\n"
            f"print(options.as_the_kiosk(load(None, ['paths.data={data}'])), os.geteuid(), os.getuid())",
        ],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["True", "65534", "65534"], done.stderr
    assert not options.as_the_kiosk(_settings(tmp_path)), "root's own folder: nobody else to be"


# --- settings --check says what run would refuse --------------------------------------------------

_SECRETS = {
    "modem.pin_file": (),
    "people.hotp_secret_file": (),
    "email.password_file": (
        "email.host=mail.example",
        "email.sender=a@b.example",
        "email.control_room=c@d.example",
    ),
    "webhook.secret_file": ("webhook.url=https://hook.example/x",),
}


@pytest.mark.slow
@pytest.mark.parametrize("key", _SECRETS)
@pytest.mark.parametrize("defect", ["missing", "exposed", "empty", "not base32"])
def test_check_and_run_refuse_the_same_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, defect: str
) -> None:
    secret, file = tmp_path / "secret", tmp_path / "kiosk.toml"
    if defect != "missing":
        secret.write_text(
            "" if defect == "empty" else "0189!" if defect == "not base32" else "JBSWY3DPEHPK3PXP"
        )
        secret.chmod(0o644 if defect == "exposed" else 0o600)
    file.write_text('[people]\nwatchman = "+15550100"\n[camera]\nsource = "usb"\n')
    overrides = [f"{key}={secret}", f"paths.data={tmp_path}", *_SECRETS[key]]
    settings = load(file, overrides, kiosk=True)

    def run() -> str:
        """What the kiosk opens at its start."""
        try:
            open_modem(settings, SystemClock()).close()
            carriers(settings, tmp_path, time.time)
            release_desk(settings)
        except FaultError as error:
            return error.code
        return ""

    arguments = [word for override in overrides for word in ("--set", override)]
    code = main(["settings", "--check", "--settings", str(file), *arguments])
    said = capsys.readouterr()
    refused = run()
    assert (code == 3) == bool(refused)
    assert refused in said.err
    assert said.err.count("fault: ") == bool(refused)


def test_a_webhook_without_a_file_is_pointed_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(
        '[people]\nwatchman = "+15550100"\n[camera]\nsource = "usb"\n[webhook]\nurl = "https://hook.example/x"\n'
        f'[paths]\ndata = "{tmp_path}"\n'
    )
    assert main(["settings", "--check", "--settings", str(file)]) == 0
    assert "credential webhook_secret" in capsys.readouterr().out


@pytest.mark.slow
def test_settings_that_a_kiosk_would_refuse_get_no_tick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(f"[camera]\nsource = 'usb'\n[paths]\ndata = '{tmp_path}'\nruntime = '{tmp_path}'\n")
    assert main(["selftest", "--no-hardware", "--settings", str(file)]) == 1
    said = capsys.readouterr().out
    assert "[✗] settings" in said
    assert "people.watchman" in said
    assert "[✓] networks" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name", "finding", "code"),
    [
        ("front", "front.json", "front", "front_damaged"),
        (".", "drawn.json", "drawn", "drawn_damaged"),
        ("normal", "face-vacant_day.normal", "normal", "normal_damaged"),
        ("reference", "manifest.json", "empty cabin", "reference_damaged"),
    ],
)
def test_what_was_learnt_and_is_damaged_is_named(
    tmp_path: Path, folder: str, name: str, finding: str, code: str
) -> None:
    settings = _settings(tmp_path)
    learnt = Path(settings.paths.data) / folder
    learnt.mkdir(parents=True, exist_ok=True)
    (learnt / name).write_bytes(b"cut")
    found = {f.name: f for f in selftest.findings(settings, hardware=False, writing=False)}
    assert (found[finding].ok, found[finding].code) == (False, code)
