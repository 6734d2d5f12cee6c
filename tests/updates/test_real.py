"""Real versions, built from this tree with real packages: one takes over from the other, one is undone.

No stub but what a Pi has and this machine lacks: dpkg's word for the processor, and a systemd that starts the
kiosk of whatever `current` leads to. The kiosk is a real one with its eyes, over bench pins.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal.reader import lines, verify
from tests.worlds.pi import Pi
from tests.worlds.shop import Shop, https

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

SYSTEMCTL = r"""#!/bin/bash
# systemd, as far as one service goes: Restart=always, and a link that leads to another version next time.
run=$CABINGUARD_ROOT/run
start() {
    rm -f "$run/stopped"
    setsid bash -c '
        exec </dev/null >>"$1/kiosk.log" 2>&1
        echo $$ >"$1/supervisor"
        while [ ! -e "$1/stopped" ]; do
            "$CABINGUARD_ROOT/opt/cabinguard/current/bin/python" -P "$2" "$3" &
            echo $! >"$1/pid"
            wait $!
            sleep 1
        done' supervisor "$run" "$INSTALLED_KIOSK" "$CABINGUARD_ROOT/etc/cabinguard/kiosk.toml" &
}
stop() {
    touch "$run/stopped"
    [ ! -e "$run/pid" ] || kill "$(cat "$run/pid")" 2>/dev/null
    for _ in $(seq 100); do
        [ -e "$run/supervisor" ] && kill -0 "$(cat "$run/supervisor")" 2>/dev/null || return 0
        sleep 0.1
    done
}
case "$*" in
    "stop cabinguard.service") stop ;;
    "start cabinguard.service") start ;;
esac
exit 0
"""


class Machine:
    """A card in a folder, and a kiosk that lives on it."""

    def __init__(self, folder: Path, repo: Path) -> None:
        self.card = Pi(folder, repo)
        self.repo = repo
        for tool in self.card.tools.iterdir():
            if tool.name not in ("dpkg", "dpkg-query"):
                tool.unlink()
        self.card.tool("systemctl", SYSTEMCTL)
        for name in ("systemd-sysusers", "systemd-tmpfiles", "udevadm"):
            self.card.tool(name, "#!/bin/sh\nexit 0\n")
        self.settings = self.card.path("/etc/cabinguard/kiosk.toml")
        self.run_folder = folder / "run"  # short enough for a socket's name
        self.wheels = Path(os.environ.get("CABINGUARD_WHEELS", folder / "wheels"))

    def tree(self, name: str, version: str, change: str = "") -> Path:
        """This tree as another version."""
        tree = self.card.tree.parent / name
        tree.mkdir()
        for name in ("edge", "hw", "models", "systemd", ".ci"):
            ignore = shutil.ignore_patterns("__pycache__", "training")
            shutil.copytree(self.repo / name, tree / name, ignore=ignore)
        for name in ("install.sh", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(self.repo / name, tree)
        project = tree / "pyproject.toml"
        project.write_text(
            re.sub(r'^version = ".*"', f'version = "{version}"', project.read_text(), flags=re.M)
        )
        if change:
            service = tree / "edge" / "service" / "service.py"
            service.write_text(service.read_text() + change)
        unit = tree / "systemd" / "cabinguard.service"
        unit.write_text(unit.read_text() + f"# {version}\n")
        return tree

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        own = self.card.environment()
        kiosk = str(self.repo / "tests" / "worlds" / "installed_kiosk.py")
        return {**inherited, **own, "CABINGUARD_PYTHON": sys.executable, "INSTALLED_KIOSK": kiosk}

    def call(self, *command: str, within_s: float = 1800.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment(),
            cwd="/",
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=within_s,
        )

    def installed(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the installed program."""
        program = str(self.card.path("/opt/cabinguard/current/bin/cabinguard"))
        return self.call(program, *arguments, "--settings", str(self.settings))

    def is_up(self) -> bool:
        return self.installed("status").returncode == 0

    def wait_until_up(self) -> None:
        end_s = time.monotonic() + 240.0
        while not self.is_up():
            assert time.monotonic() < end_s, self.log()
            time.sleep(1.0)

    def log(self) -> str:
        path = self.card.path("/run/kiosk.log")
        return path.read_text()[-3000:] if path.exists() else ""


@pytest.fixture
def machine(tmp_path: Path, repo: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path, repo)
    yield machine
    machine.call(str(machine.card.tools / "systemctl"), "stop", "cabinguard.service")


def _published(machine: Machine, shop: Shop, tree: Path) -> str:
    keys = ["--keys", str(shop.keys)]
    command = [sys.executable, "-P", "-m", "edge", "release-repository", "add", str(shop.repository), *keys]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    more = ["--tree", str(tree), "--wheels", str(machine.wheels), "--machine", os.uname().machine]
    more += ["--python", f"{python}-{python}", "--percent", "100"]
    environment = {**os.environ, "PYTHONPATH": str(machine.repo)}
    done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_version_takes_over_from_the_other_and_a_broken_one_is_undone(
    machine: Machine, tmp_path: Path
) -> None:
    old = machine.tree("old", "0.1.0")
    if not machine.wheels.is_dir():
        assert machine.call(str(old / "install.sh"), "fetch", "--here", str(machine.wheels)).returncode == 0
    done = machine.call(str(old / "install.sh"), "kiosk", "--offline", str(machine.wheels))
    assert done.returncode == 0, done.stderr
    first = machine.card.version()
    shop = Shop(tmp_path / "shop")
    root_file = machine.card.path("/etc/cabinguard/update-root.json")
    root_file.write_bytes(shop.trusted)
    with https(shop, tmp_path) as (url, ca_file, _):
        data, run = machine.card.path("/var/lib/cabinguard"), machine.card.path("/run")
        run.mkdir(exist_ok=True)
        machine.settings.write_text(
            f'[paths]\ndata = "{data}"\nruntime = "{run}"\n[camera]\nsource = "usb"\n[people]\n'
            'watchman = "+15550100"\ncontrol_room = "+15550102"\n'
            f'[update]\nurl = "{url}"\nca_file = "{ca_file}"\nroot_file = "{root_file}"\nhealth_s = 120\n'
        )
        machine.call(str(machine.card.tools / "systemctl"), "start", "cabinguard.service")
        machine.wait_until_up()

        _published(machine, shop, machine.tree("new", "0.2.0"))
        began_s = time.monotonic()
        done = machine.installed("update", "--apply", "--now")
        assert done.returncode == 0, done.stdout + done.stderr + machine.log()
        second = machine.card.version()
        print(
            f"{first} gave way to {second} within {time.monotonic() - began_s:.0f} s: {done.stdout.strip()}"
        )
        assert second.startswith("0.2.0-")
        assert "# 0.2.0" in machine.card.text("/etc/systemd/system/cabinguard.service")
        assert second in machine.installed("status").stdout

        _published(machine, shop, machine.tree("broken", "0.3.0", "\nraise RuntimeError('broken')\n"))
        began_s = time.monotonic()
        done = machine.installed("update", "--apply", "--now")
        assert done.returncode == 3, done.stdout
        print(f"0.3.0 was undone within {time.monotonic() - began_s:.0f} s: {done.stderr.strip()}")
        assert "update_undone" in done.stderr, done.stderr
        assert machine.card.version() == second
        assert "# 0.2.0" in machine.card.text("/etc/systemd/system/cabinguard.service")
        machine.wait_until_up()
        assert "update_failed_here" in machine.installed("update", "--check").stderr
        assert "0.3.0" in machine.installed("update", "--status").stdout

        shop.publisher().halt("0.3.0", "broken")
        record = data / "journal.db"
        assert verify(record).problem == ""
        with contextlib.suppress(FileNotFoundError):
            assert not list(data.glob("journal.db.damaged*"))
        starts = [line for line in lines(record) if line.name == "restarted"]
        print(f"starts in one record: {len(starts)}, chain whole")
