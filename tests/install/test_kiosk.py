"""The kiosk's installation, into a folder: every file in its place, twice, upgraded, rolled back, removed.

Python, apt and systemd are stubs that write down what they were asked; the units themselves are checked by
systemd's own tools where those are here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.cli.main import parser
from tests.worlds.installer import named
from tests.worlds.pi import CALLED, CMDLINE_TXT, CONFIG_TXT, Pi


@pytest.fixture
def pi(tmp_path: Path, repo: Path) -> Pi:
    return Pi(tmp_path, repo)


def _block(config: str) -> list[str]:
    found = re.search(r"# --- cabinguard: begin\n(.*)# --- cabinguard: end\n", config, re.DOTALL)
    assert found, config
    return found[1].splitlines()


# --- installing -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_is_in_its_place(pi: Pi) -> None:
    done = pi.kiosk("--unattended")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].strip() == f"log: {pi.root}/var/log/cabinguard-install.log"
    assert "[✗]" not in done.stderr

    home = pi.path("/opt/cabinguard/versions") / pi.version()
    assert re.fullmatch(r"0\.\d+\.\d+-[0-9a-f]{12}", pi.version())
    assert (home / "complete").exists()
    assert (home / "rest_pins.py").read_bytes() == (pi.repo / "hw" / "pins" / "rest_pins.py").read_bytes()
    assert pi.path("/usr/local/bin/cabinguard").readlink() == Path("/opt/cabinguard/current/bin/cabinguard")
    for unit in (pi.repo / "systemd").glob("*.service"):
        assert pi.text(f"/etc/systemd/system/{unit.name}") == unit.read_text()
    assert "gpiochip" in pi.text("/etc/udev/rules.d/70-cabinguard.rules")
    assert "RuntimeWatchdogSec=15s" in pi.text("/etc/systemd/system.conf.d/50-cabinguard.conf")
    assert "Storage=volatile" in pi.text("/etc/systemd/journald.conf.d/50-cabinguard.conf")
    assert pi.path("/etc/cabinguard/kiosk.toml").exists()

    calls = "\n".join(pi.calls())
    assert "--system-site-packages" in calls
    enabled = next(line for line in pi.calls() if " enable " in line)
    assert enabled.startswith(f"systemctl --root={pi.root}")
    assert "cabinguard-panel" not in enabled
    for needed in ("cabinguard.service", "cabinguard-pins.service", "cabinguard-selftest.timer"):
        assert needed in enabled
    assert "apt-get" not in calls, "the packages of the running machine are not touched"


@pytest.mark.slow
def test_twice_changes_nothing(pi: Pi) -> None:
    pi.kiosk()
    before, pip_calls = pi.everything(), len(pi.pip_calls())
    done = pi.kiosk()
    assert done.returncode == 0, done.stderr
    assert pi.everything() == before
    assert len(pi.pip_calls()) == pip_calls
    assert "sudo reboot" not in done.stderr


@pytest.mark.slow
def test_a_python_that_was_asked_for_is_named_when_it_is_not_there(pi: Pi) -> None:
    assert pi.kiosk().returncode == 0
    before = pi.everything()
    named(pi.kiosk(CABINGUARD_PYTHON="/nope"), "no-python")
    assert pi.everything() == before


@pytest.mark.slow
def test_settings_are_written_once(pi: Pi) -> None:
    pi.kiosk()
    written = pi.text("/etc/cabinguard/kiosk.toml")
    example = (pi.repo / "edge" / "settings" / "kiosk.example.toml").read_text()
    changed = [new for old, new in zip(example.splitlines(), written.splitlines(), strict=True) if old != new]
    assert [line.split("#")[0].strip() for line in changed] == ['source = "picamera2"']
    assert pi.path("/etc/cabinguard/kiosk.toml").stat().st_mode & 0o007 == 0

    pi.put("/etc/cabinguard/kiosk.toml", '[cabin]\nname = "Ours"\n')
    pi.new_release()
    assert pi.kiosk().returncode == 0
    assert pi.text("/etc/cabinguard/kiosk.toml") == '[cabin]\nname = "Ours"\n'
    assert pi.text("/etc/cabinguard/kiosk.example.toml") == example


@pytest.mark.slow
def test_plain_debian_gets_a_usb_camera_and_no_pi_packages(pi: Pi) -> None:
    pi.path("/etc/rpi-issue").unlink()
    assert "picamera2" not in pi.functions("wanted_packages").stdout
    assert pi.kiosk().returncode == 0
    settings = tomllib.loads(pi.text("/etc/cabinguard/kiosk.toml"))
    assert (settings["camera"]["source"], settings["camera"]["device"]) == ("usb", "/dev/cabinguard-camera")
    assert settings["overview"]["source"] == "none"


@pytest.mark.slow
def test_swap_stays_off_the_card(pi: Pi) -> None:
    assert pi.kiosk().returncode == 0
    assert "[zram0]" in pi.text("/etc/systemd/zram-generator.conf.d/50-cabinguard.conf")
    assert not pi.path("/etc/rpi/swap.conf.d").exists()
    assert "zram-generator" in pi.functions("wanted_packages").stdout


@pytest.mark.slow
def test_the_systems_own_swap_is_told_to(pi: Pi) -> None:
    """Raspberry Pi OS 13: two generators would fight over the one device."""
    pi.put("/etc/rpi/swap.conf", "#[Main]\n#Mechanism=auto\n")
    assert pi.kiosk().returncode == 0
    assert "Mechanism=zram\n" in pi.text("/etc/rpi/swap.conf.d/50-cabinguard.conf")
    assert not pi.path("/etc/systemd/zram-generator.conf.d/50-cabinguard.conf").exists()
    assert "zram-generator" not in pi.functions("wanted_packages").stdout
    assert pi.kiosk("--uninstall").returncode == 0
    assert not pi.path("/etc/rpi/swap.conf.d/50-cabinguard.conf").exists()
    assert pi.path("/etc/rpi/swap.conf").exists()


@pytest.mark.slow
def test_relays_rest_before_linux_starts(pi: Pi) -> None:
    done = pi.kiosk()
    assert "sudo reboot" in done.stderr
    config = pi.text("/boot/firmware/config.txt")
    assert config.startswith(CONFIG_TXT)
    block = _block(config)
    # The Pi's own last section must not swallow ours.
    assert block[0] == "[all]"
    assert {"gpio=17=op,dl", "gpio=27=op,dl", "dtparam=strict_gpiod", "dtparam=watchdog=on"} <= set(block)
    assert {"enable_uart=1", "dtoverlay=disable-bt", "dtparam=uart0=on"} <= set(block)
    assert pi.text("/boot/firmware/cmdline.txt") == "console=tty1 root=PARTUUID=1234-02 rootwait\n"


@pytest.mark.slow
def test_plain_debian_gets_no_lines_that_do_nothing_there(pi: Pi) -> None:
    """Its device trees have neither parameters nor what an overlay could hold on to."""
    pi.path("/etc/rpi-issue").unlink()
    assert pi.kiosk().returncode == 0
    block = _block(pi.text("/boot/firmware/config.txt"))
    assert block == ["[all]", "gpio=17=op,dl", "gpio=27=op,dl", "enable_uart=1"]


@pytest.mark.slow
def test_relays_that_pull_in_at_a_low_level_rest_high(pi: Pi) -> None:
    pi.put(
        "/etc/cabinguard/kiosk.toml",
        "[wiring.lock]\npin = 22\nactive_high = false\n[wiring.sounder]\npin = 17\n",
    )
    assert pi.kiosk().returncode == 0
    block = _block(pi.text("/boot/firmware/config.txt"))
    assert "gpio=22=op,dh" in block
    # Let go of, its pull-down would pull the relay in.
    assert "dtparam=strict_gpiod" not in block


@pytest.mark.slow
def test_settings_that_cannot_be_read_stop_before_anything_is_switched(pi: Pi) -> None:
    pi.kiosk()
    before = pi.version()
    pi.new_release()
    pi.put("/etc/cabinguard/kiosk.toml", "[wiring.lock]\npin = 99\n")
    named(pi.kiosk(), "settings-wrong")
    assert pi.version() == before


@pytest.mark.slow
def test_an_upgrade_keeps_the_version_before(pi: Pi) -> None:
    versions = []
    for _ in range(3):
        assert pi.kiosk().returncode == 0
        versions.append(pi.version())
        pi.new_release()
    assert len(set(versions)) == 3
    kept = {path.name for path in pi.path("/opt/cabinguard/versions").iterdir()}
    assert kept == set(versions[1:])


@pytest.mark.slow
def test_a_version_without_the_stop_step_gets_it_before_the_units_ask_for_it(pi: Pi) -> None:
    pi.kiosk()
    before = pi.path("/opt/cabinguard/versions") / pi.version()
    (before / "rest_pins.py").unlink()
    pi.new_release()
    assert pi.kiosk().returncode == 0
    assert pi.version() != before.name
    assert (before / "rest_pins.py").read_bytes() == (pi.repo / "hw" / "pins" / "rest_pins.py").read_bytes()
    steps = re.findall(r"^    (keep_stop_step|install_files|switch_to) ", _take_files(pi.repo), re.M)
    assert steps == ["keep_stop_step", "install_files", "switch_to"]


def _take_files(repo: Path) -> str:
    text = (repo / "systemd" / "versions.sh").read_text()
    return text.partition("\ntake_files() {")[2].partition("\n}\n")[0]


@pytest.mark.slow
def test_an_interrupted_installation_is_done_again(pi: Pi) -> None:
    named(pi.kiosk(STUB_PIP="Connection reset by peer"), "no-network")
    assert not pi.path("/opt/cabinguard/current").is_symlink()
    assert pi.kiosk().returncode == 0


@pytest.mark.slow
def test_an_older_failure_does_not_name_this_one(pi: Pi) -> None:
    named(pi.kiosk(STUB_PIP="OSError: [Errno 28] No space left on device"), "no-space")
    named(pi.kiosk(STUB_PIP="Connection reset by peer"), "no-network")
    named(pi.kiosk(STUB_PIP="something else"), "pip-failed")


@pytest.mark.slow
def test_offline_takes_the_folder_and_no_index(pi: Pi, tmp_path: Path) -> None:
    wheels = tmp_path / "a stick"
    wheels.mkdir()
    assert pi.kiosk("--offline", str(wheels)).returncode == 0
    installs = [call for call in pi.pip_calls() if "pip install" in call]
    assert installs
    assert all("--no-index" in call for call in installs)
    assert str(wheels) in installs[0]


# --- what can be wrong ----------------------------------------------------------------------------


def test_not_root(pi: Pi) -> None:
    pi.tool("id", "#!/bin/sh\necho 1000\n")
    named(pi.kiosk(CABINGUARD_ROOT=""), "not-root")


@pytest.mark.parametrize(
    ("release", "processor", "name"),
    [
        ('ID=ubuntu\nVERSION_ID="24.04"\n', "arm64", "wrong-system"),
        ('ID=debian\nVERSION_ID="11"\n', "arm64", "wrong-system"),
        ("ID=arch\n", "arm64", "wrong-system"),
        ('ID=debian\nVERSION_ID="13"\n', "armhf", "32-bit"),
        ('ID=raspbian\nVERSION_ID="12"\n', "armhf", "32-bit"),
        ('ID=debian\nVERSION_ID="12"\n', "amd64", "wrong-system"),
    ],
)
def test_the_wrong_system(pi: Pi, release: str, processor: str, name: str) -> None:
    pi.put("/etc/os-release", release)
    named(pi.kiosk(STUB_PROCESSOR=processor), name)
    assert not pi.path("/opt").exists()


@pytest.mark.parametrize("release", ["12", "13"])
def test_the_right_systems(pi: Pi, release: str) -> None:
    pi.put("/etc/os-release", f'ID=debian\nVERSION_ID="{release}"\n')
    assert pi.functions("kiosk_system_fault").stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Temporary failure resolving 'deb.debian.org'", "no-network"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "no-space"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "apt-busy"),
        ("E: something else", "apt-failed"),
    ],
)
def test_what_apt_met_is_named(pi: Pi, tmp_path: Path, words: str, name: str) -> None:
    pi.tool("apt-get", f'#!/bin/sh\necho "{words}"\nexit 100\n')
    named(
        pi.functions(f"log_to '{tmp_path}/log'; install_packages python3-picamera2", STUB_PACKAGES=""), name
    )


def test_missing_packages_are_named_when_offline(pi: Pi, tmp_path: Path) -> None:
    done = pi.functions(
        f"log_to '{tmp_path}/log'; OFFLINE=/stick; install_packages python3-picamera2", STUB_PACKAGES=""
    )
    named(done, "packages-missing")
    assert "python3-picamera2" in done.stderr


@pytest.mark.parametrize("option", [(), ("--uninstall",)])
def test_a_read_only_root_is_not_written_over(pi: Pi, option: tuple[str, ...]) -> None:
    pi.tool("id", "#!/bin/sh\necho 0\n")
    pi.tool("findmnt", "#!/bin/sh\necho overlay\n")
    checks = "need_kiosk_system() { :; }\n"
    action = "kiosk_uninstall" if option else "kiosk_install"
    done = pi.functions(f"{checks}{action}", CABINGUARD_ROOT="")
    named(done, "read-only-root")
    assert "overlayroot-chroot" in done.stderr


def test_a_full_card(pi: Pi) -> None:
    pi.tool("df", "#!/bin/sh\necho head; echo disk 100 99 90000 99% /\n")
    named(pi.kiosk(), "no-space")


def test_a_wrong_option(pi: Pi) -> None:
    done = pi.kiosk("--ofline", "x")
    assert done.returncode == 2
    assert "--ofline" in done.stderr
    assert pi.kiosk("--offline", "/nowhere").returncode == 2


# --- starting and going back ----------------------------------------------------------------------

LIVE = """
live() { true; }
settings_complete() { true; }
LOG="$CABINGUARD_ROOT/log"
"""


def _systemctl(pi: Pi, ready: Mapping[str, bool]) -> None:
    """A systemctl whose restart succeeds only with a version that reports ready."""
    cases = "".join(f"*{version}) exit {0 if ok else 1} ;;" for version, ok in ready.items())
    link = f"$(readlink {pi.root}/opt/cabinguard/current)"
    muted = f'[ ! -e {pi.root}/run/cabinguard-upgrade ] || echo "muted $*" >>"$STUB_LOG"\n'
    pi.tool("systemctl", f'{CALLED}{muted}[ "$1" = restart ] || exit 0\ncase {link} in {cases} esac\n')


def _told(pi: Pi) -> bool:
    """Whether the text of a kiosk out of service was set off; never while an upgrade mutes it."""
    assert not pi.path("/run/cabinguard-upgrade").exists(), "muted for ever"
    assert "muted restart cabinguard.service" in pi.calls()
    told = [call for call in pi.calls() if "--no-block cabinguard-failed.service" in call]
    return bool(told) and not any(call.startswith("muted") for call in told)


@pytest.mark.slow
def test_a_version_that_reports_ready_stays(pi: Pi) -> None:
    pi.kiosk()
    version = pi.version()
    _systemctl(pi, {version: True})
    done = pi.functions(f"{LIVE}start_or_roll_back {version} ''")
    assert done.returncode == 0, done.stderr
    assert "[✓] the kiosk reports ready" in done.stderr
    assert not _told(pi)


@pytest.mark.slow
def test_a_version_that_does_not_gives_way_to_the_one_before(pi: Pi) -> None:
    pi.kiosk()
    old = pi.version()
    pi.new_release()
    unit = pi.tree / "systemd" / "cabinguard.service"
    old_unit = unit.read_text()
    unit.write_text(old_unit + "# the new one\n")
    pi.kiosk()
    new = pi.version()
    assert pi.text("/etc/systemd/system/cabinguard.service") != old_unit

    _systemctl(pi, {new: False, old: True})
    named(pi.functions(f"{LIVE}start_or_roll_back {new} {old}"), "rolled-back")
    assert not _told(pi)
    assert pi.version() == old
    assert pi.text("/etc/systemd/system/cabinguard.service") == old_unit
    assert not pi.path(f"/opt/cabinguard/versions/{new}").exists()


@pytest.mark.slow
def test_neither_version_reports_ready(pi: Pi) -> None:
    pi.kiosk()
    old = pi.version()
    pi.new_release()
    pi.kiosk()
    new = pi.version()
    _systemctl(pi, {new: False, old: False})
    named(pi.functions(f"{LIVE}start_or_roll_back {new} {old}"), "not-ready")
    assert _told(pi)
    assert pi.version() == old


@pytest.mark.slow
def test_the_first_version_has_nothing_to_go_back_to(pi: Pi) -> None:
    pi.kiosk()
    version = pi.version()
    _systemctl(pi, {version: False})
    named(pi.functions(f"{LIVE}start_or_roll_back {version} ''"), "not-ready")
    assert _told(pi)
    assert pi.version() == version


@pytest.mark.slow
def test_incomplete_settings_are_said_and_nothing_is_started(pi: Pi) -> None:
    pi.kiosk()
    script = f"{LIVE}settings_complete() {{ false; }}\nstart_or_roll_back {pi.version()} ''"
    before = len(pi.calls())
    done = pi.functions(script)
    assert done.returncode == 0
    assert "telephone numbers" in done.stderr
    assert not [call for call in pi.calls()[before:] if "restart" in call]


@pytest.mark.parametrize("works", [True, False])
def test_a_kiosk_that_cannot_speak_says_so(pi: Pi, works: bool) -> None:
    pi.tool("runuser", f"{CALLED}exit {0 if works else 1}\n")
    command = "/opt/cabinguard/current/bin/cabinguard"
    done = pi.functions(f"LOG={pi.root}/log; CABINGUARD_ROOT=''; make_prompts {command}")
    assert done.returncode == 0
    assert ("[✓] spoken prompts" in done.stderr) == works
    assert ("locks nobody" in done.stderr) != works
    assert pi.calls()[-1].startswith(
        "runuser -u cabinguard -- /opt/cabinguard/current/bin/cabinguard prompts"
    )


# --- checking and removing ------------------------------------------------------------------------


def test_check_changes_nothing_and_says_what_is_missing(pi: Pi) -> None:
    before = pi.everything()
    done = pi.kiosk("--check", STUB_PACKAGES="")
    assert done.returncode == 1
    assert pi.everything() == before
    assert "[✗] system packages, missing: python3 " in done.stderr
    assert "[✗] program of this release" in done.stderr
    assert "[✓] system: Raspberry Pi OS or Debian, 64-bit" in done.stderr


@pytest.mark.slow
def test_check_of_an_installed_kiosk(pi: Pi) -> None:
    pi.kiosk()
    pi.put("/etc/passwd", "cabinguard:x:999:999::/:/usr/sbin/nologin\n")
    command = pi.path("/opt/cabinguard/current/bin/cabinguard")
    command.write_text("#!/bin/sh\nexit 0\n")
    command.chmod(0o755)
    pi.path("/usr/local/bin/cabinguard").unlink()
    done = pi.kiosk("--check")
    assert done.returncode == 0, done.stderr
    assert "[✗]" not in done.stderr

    command.write_text('#!/bin/sh\n[ "$1" != prompts ]\n')  # a phrase is missing or damaged
    assert "[✗] spoken prompts" in pi.kiosk("--check").stderr
    command.write_text("#!/bin/sh\nexit 0\n")

    pi.put("/etc/udev/rules.d/70-cabinguard.rules", "changed by hand\n")
    assert "[✗] units, device names and limits" in pi.kiosk("--check").stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"/etc/overlayroot.local.conf": 'overlayroot="tmpfs:recurse=0"\n'}, "✗"),
        (
            {
                "/etc/overlayroot.local.conf": 'overlayroot="tmpfs:recurse=0"\n',
                "/proc/mounts": "a / ext4 rw\n",
            },
            "✗",
        ),
        ({"/etc/overlayroot.local.conf": "overlayroot=tmpfs\n", "/proc/mounts": "o / overlay rw\n"}, "✓"),
        ({"/proc/cmdline": "quiet overlayroot=tmpfs\n", "/proc/mounts": "a / ext4 rw\n"}, "✗"),
        (
            {
                "/etc/overlayroot.local.conf": 'overlayroot="tmpfs"\n',
                "/proc/cmdline": "overlayroot=disabled\n",
            },
            "",
        ),
        ({"/etc/overlayroot.conf": 'overlayroot=""\n', "/proc/mounts": "a / ext4 rw\n"}, ""),
        ({}, ""),
    ],
)
def test_check_of_a_read_only_root(pi: Pi, files: Mapping[str, str], said: str) -> None:
    """One that was asked for and is not in force looks like one that is, until the card wears out."""
    for path, text in files.items():
        pi.put(path, text)
    done = pi.kiosk("--check")
    assert ("[✗] root is meant to be read-only and is not" in done.stderr) == (said == "✗")
    assert ("[✓] root is read-only" in done.stderr) == (said == "✓")


@pytest.mark.slow
def test_uninstall_leaves_what_belongs_to_the_bank(pi: Pi) -> None:
    before = set(pi.everything())
    pi.kiosk()
    pi.put("/var/lib/cabinguard/journal.db", "the record")
    done = pi.kiosk("--uninstall")
    assert done.returncode == 0, done.stderr
    ours = {"etc/cabinguard/kiosk.toml", "etc/cabinguard/kiosk.example.toml", "var/lib/cabinguard/journal.db"}
    assert set(pi.everything()) == before | ours
    assert pi.text("/boot/firmware/config.txt") == CONFIG_TXT
    assert pi.text("/boot/firmware/cmdline.txt") == CMDLINE_TXT

    pi.kiosk()
    assert pi.kiosk("--uninstall", "--purge").returncode == 0
    assert set(pi.everything()) == before


@pytest.mark.slow
def test_read_only_root_keeps_the_data_on_its_partition(pi: Pi) -> None:
    pi.put("/etc/fstab", "PARTUUID=1234-02 / ext4 defaults 0 1\n")
    pi.tool("blkid", '#!/bin/sh\ncase "$*" in *TYPE*) echo ext4 ;; *) echo 0a1b-2c3d ;; esac\n')
    for _ in range(2):
        done = pi.kiosk("--read-only", "/dev/mmcblk0p3")
        assert done.returncode == 0, done.stderr
    lines = pi.text("/etc/fstab").splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["UUID=0a1b-2c3d", "/var/lib/cabinguard", "ext4"]]
    assert pi.text("/etc/overlayroot.local.conf") == 'overlayroot="tmpfs:recurse=0"\n'
    pi.kiosk("--uninstall")
    assert not pi.path("/etc/overlayroot.local.conf").exists()
    assert pi.text("/etc/fstab").splitlines() == lines, "the record stays where it is"
    pi.kiosk("--uninstall", "--purge")
    assert pi.text("/etc/fstab").splitlines() == lines[:1]


GENERATOR = Path("/usr/lib/systemd/system-generators/systemd-fstab-generator")


@pytest.mark.slow
@pytest.mark.skipif(not GENERATOR.exists(), reason="no systemd here")
def test_a_data_partition_that_does_not_come_stops_no_boot(pi: Pi, tmp_path: Path) -> None:
    """What systemd makes of the line in fstab."""
    pi.put("/etc/fstab", "")
    pi.tool("blkid", '#!/bin/sh\ncase "$*" in *TYPE*) echo ext4 ;; *) echo 0a1b-2c3d ;; esac\n')
    assert pi.kiosk("--read-only", "/dev/mmcblk0p3").returncode == 0
    made = tmp_path / "made"
    made.mkdir()
    fstab = {"SYSTEMD_FSTAB": str(pi.path("/etc/fstab")), "PATH": os.environ["PATH"]}
    subprocess.run([GENERATOR, made, made, made], env=fstab, check=True, capture_output=True)
    assert (made / "local-fs.target.wants" / "var-lib-cabinguard.mount").is_symlink()
    assert not (made / "local-fs.target.requires").exists()
    timeout = made / r"dev-disk-by\x2duuid-0a1b\x2d2c3d.device.d" / "50-device-timeout.conf"
    assert "JobRunningTimeoutSec=15s" in timeout.read_text()
    unit = (pi.repo / "systemd" / "cabinguard.service").read_text()
    assert re.search(r"^RequiresMountsFor=.*/var/lib/cabinguard", unit, re.MULTILINE), (
        "or it would record in memory"
    )


@pytest.mark.slow
@pytest.mark.parametrize("there", [False, True])
def test_what_was_recorded_goes_along_to_the_partition(pi: Pi, tmp_path: Path, there: bool) -> None:
    """`mount` puts a folder in place of the partition."""
    partition, log = tmp_path / "partition", tmp_path / "log"
    partition.mkdir()
    if there:
        (partition / "journal.db").write_text("older")
    pi.put("/var/lib/cabinguard/journal.db", "this one")
    pi.put("/var/lib/cabinguard/prompts/en/locked.wav", "RIFF")
    pi.tool("mount", f'#!/bin/sh\nrmdir "$3"; ln -s {partition} "$3"\n')
    pi.tool("umount", '#!/bin/sh\nrm "$2"; mkdir "$2"\n')
    moved = 'cp() { shift; command cp -a "$CABINGUARD_ROOT$2" "$3"; }\nlive() { false; }\n'
    done = pi.functions(f"{moved}LOG={log}\nmove_data /dev/mmcblk0p3")
    assert done.returncode == 0, done.stderr + log.read_text()
    assert (partition / "journal.db").read_text() == ("older" if there else "this one")
    assert (partition / "prompts" / "en" / "locked.wav").exists() != there


def test_a_partition_that_cannot_be_mounted_or_is_too_small(pi: Pi, tmp_path: Path) -> None:
    log = f"LOG={tmp_path / 'log'}\nlive() {{ false; }}\n"
    pi.tool("mount", "#!/bin/sh\nexit 32\n")
    named(pi.functions(f"{log}move_data /dev/mmcblk0p3"), "mount-failed")
    pi.tool("mount", "#!/bin/sh\n")
    pi.tool("umount", "#!/bin/sh\n")
    named(pi.functions(f"{log}cp() {{ false; }}\nmove_data /dev/mmcblk0p3"), "no-space")


@pytest.mark.slow
def test_read_only_root_wants_a_data_partition(pi: Pi) -> None:
    pi.put("/etc/fstab", "")
    pi.tool("blkid", "#!/bin/sh\necho vfat\n")
    named(pi.kiosk("--read-only", "/dev/mmcblk0p1"), "wrong-partition")


# --- the units ------------------------------------------------------------------------------------


def _units(repo: Path) -> list[Path]:
    units = [*(repo / "systemd").glob("*.service"), *(repo / "systemd").glob("*.timer")]
    units += (repo / "systemd" / "image").glob("*.service")
    assert len(units) >= 10
    return units


def _runnable_units(repo: Path, folder: Path) -> list[str]:
    """Copies whose program is here, so that systemd's tools judge the unit and not this machine."""
    copies = []
    for unit in _units(repo):
        text = unit.read_text().replace("/opt/cabinguard/current/bin/cabinguard", "/bin/true")
        text = text.replace("/usr/bin/python3", "/bin/true")
        (folder / unit.name).write_text(text)
        copies.append(str(folder / unit.name))
    return copies


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@needs_systemd
def test_systemd_finds_nothing_wrong(repo: Path, tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *_runnable_units(repo, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    # Units of the running machine are read as well; only what is said of ours counts.
    # Debian 12's does not know RestartMode yet, and leaves it out.
    ours = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "cabinguard" in line and not re.search("Unknown key (name )?'RestartMode'", line)
    ]
    assert ours == []


@pytest.mark.slow
@needs_systemd
@pytest.mark.parametrize(
    ("unit", "most"),
    [
        ("cabinguard", 2.0),
        ("cabinguard-pins", 2.0),
        ("cabinguard-failed", 2.0),
        ("cabinguard-selftest", 1.0),
        ("cabinguard-panel", 2.0),
        # Root, to install, to hand files to the user of the service, to start it; one also needs the network.
        ("cabinguard-update", 2.6),
        ("cabinguard-settle", 2.0),
        ("cabinguard-certificate", 2.0),
        # Root, for the boot partition alone; it goes on as the service's user.
        ("cabinguard-certificate-boot", 2.0),
    ],
)
def test_least_privilege(repo: Path, tmp_path: Path, unit: str, most: float) -> None:
    _runnable_units(repo, tmp_path)
    command = ["systemd-analyze", "security", "--no-pager", "--offline=yes", f"./{unit}.service"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at files yet")
    score = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    print(f"{unit}: {score[1]}")
    assert float(score[1]) <= most


def test_no_service_has_a_page_that_can_be_written_and_run_and_none_with_a_code_dumps_core(
    repo: Path,
) -> None:
    ours = {one.stem: one.read_text("utf-8") for one in (repo / "systemd").glob("*.service")}
    del ours["cabinguard-again"]  # one `systemctl` and no program of ours
    for name, text in ours.items():
        for needed in ("MemoryDenyWriteExecute=yes", "NoNewPrivileges=yes", "ProtectSystem=strict"):
            assert f"\n{needed}\n" in text, (name, needed)
    for name in ("cabinguard", "cabinguard-panel", "cabinguard-selftest", "cabinguard-certificate"):
        assert "\nLimitCORE=0\n" in ours[name], name


def test_every_death_ends_with_the_relays_at_rest(repo: Path) -> None:
    unit = (repo / "systemd" / "cabinguard.service").read_text()
    step = "/usr/bin/python3 -I -S /opt/cabinguard/current/rest_pins.py"
    step += " /run/cabinguard/rest-pins /etc/cabinguard/kiosk.toml\n"
    assert f"\nExecStopPost={step}" in unit
    assert "\nType=notify\n" in unit
    assert re.search(r"^WatchdogSec=\d+$", unit, re.MULTILINE)
    assert "\nOnFailure=cabinguard-failed.service " in unit
    # Without it newer systemds take every death for the last one.
    assert "\nRestartMode=direct\n" in unit
    failed = (repo / "systemd" / "cabinguard-failed.service").read_text()
    assert f"\nExecStart=-{step}" in failed
    assert f"\nExecStart={step}" in (repo / "systemd" / "cabinguard-pins.service").read_text()


def test_the_daily_self_test_may_write_where_it_tries_to(repo: Path) -> None:
    unit = (repo / "systemd" / "cabinguard-selftest.service").read_text()
    assert "\nStateDirectory=cabinguard\n" in unit, "or it would tell of a record that cannot be written"


@pytest.mark.slow
def test_the_units_call_commands_that_exist(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called = set()
    for unit in _units(repo):
        for line in re.findall(r"^Exec\w+=-?\S+/cabinguard (.+)$", unit.read_text(), re.MULTILINE):
            words = line.split()
            try:
                parser(words[0]).parse_args(words)
            except SystemExit:
                pytest.fail(f"{unit.name}: cabinguard {line}: {capsys.readouterr().err}")
            called.add(words[0])
    assert {"run", "distress", "selftest", "certificate", "update"} <= called


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_the_user_and_its_groups_are_made(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "group").write_text("dialout:x:20:\nvideo:x:44:\naudio:x:29:\n")
    config = repo / "systemd" / "sysusers.conf"
    command = [
        "systemd-sysusers",
        f"--root={tmp_path}",
        "--replace=/etc/sysusers.d/cabinguard.conf",
        str(config),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "ermi" in done.stderr:
        pytest.skip("only root may make users")
    assert done.returncode == 0, done.stderr
    passwd = (tmp_path / "etc" / "passwd").read_text()
    assert re.search(
        r"^cabinguard:x:\d+:\d+:CabinGuard kiosk:/var/lib/cabinguard:/\S*nologin$", passwd, re.MULTILINE
    )
    groups = (tmp_path / "etc" / "group").read_text()
    for group in ("gpio", "dialout", "video", "audio"):
        assert re.search(rf"^{group}:x:\d+:cabinguard$", groups, re.MULTILINE), groups


def test_the_modem_has_one_name(repo: Path) -> None:
    rules = (repo / "systemd" / "udev.rules").read_text()
    assert rules.count('SYMLINK+="cabinguard-modem"') == 2
    for line in rules.splitlines():
        assert (
            not line
            or line.startswith("#")
            or re.fullmatch(r'(?:[A-Z_a-z{}.]+(?:==|!=|\+?=)"[^"]*"(?:, )?)+', line)
        ), line
    labels, jumps = set(re.findall(r'LABEL="(\w+)"', rules)), set(re.findall(r'GOTO="(\w+)"', rules))
    assert jumps == labels
    udevadm = shutil.which("udevadm")
    if udevadm and "verify" in subprocess.run([udevadm, "--help"], capture_output=True, text=True).stdout:
        subprocess.run([udevadm, "verify", str(repo / "systemd" / "udev.rules")], check=True)


# --- with real packages and systemd's own tools ---------------------------------------------------


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to the service's user")
@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd here")
def test_the_installed_program_carries_everything(repo: Path, tmp_path: Path) -> None:
    """No stub but the processor's name: built, installed, and a story played from the installed files."""
    card = Pi(tmp_path, repo)
    for tool in card.tools.iterdir():
        if tool.name != "dpkg":
            tool.unlink()
    for folder in ("edge", "hw", "models"):
        ignore = shutil.ignore_patterns("__pycache__", "training")
        shutil.copytree(repo / folder, card.tree / folder, ignore=ignore, dirs_exist_ok=True)
    card.put("/etc/group", "root:x:0:\ndialout:x:20:\nvideo:x:44:\naudio:x:29:\n")
    inherited = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    environment = {**inherited, **card.environment(), "CABINGUARD_PYTHON": sys.executable}
    command = [str(card.tree / "install.sh"), "kiosk", "--unattended"]
    for _ in range(2):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stderr + card.text("/var/log/cabinguard-install.log")[-3000:]
    wants = card.path("/etc/systemd/system/multi-user.target.wants")
    assert [link.name for link in wants.iterdir()] == ["cabinguard.service"]
    data = card.path("/var/lib/cabinguard").stat()
    assert data.st_mode & 0o777 == 0o700
    assert data.st_uid != 0
    assert card.path("/etc/cabinguard/kiosk.toml").stat().st_mode & 0o777 == 0o640

    program = card.path("/opt/cabinguard/current").resolve() / "bin" / "cabinguard"
    shutil.rmtree(card.tree)
    story = [str(program), "bench", "--story", "never-shown"]
    done = subprocess.run(story, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
