"""A card with an installed version, a publisher with a newer one, and a kiosk that answers as it is told.

The installer, the update, the signed lists, the record and the settings are the real ones. Python's packages
are stubs that copy a few files, so that a version is small; the kiosk is a socket with a script.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.journal.writer import Journal
from edge.service.asks import Panel, Reply, Status, Update
from edge.service.control import Asked, ControlServer
from edge.terms.record import Entry, Record
from edge.updates import package
from edge.updates.keys import read_keys
from edge.updates.publish import Publisher
from edge.updates.release import Release, Stage, machine_here, python_here
from hw.clock import SystemClock
from tests.worlds.installer import STUB_PYTHON
from tests.worlds.pi import Pi
from tests.worlds.shop import Shop

WHEEL = """
                case "$3" in
                    wheel) tar -C "${@: -1}" -cf "${@: -1}/cabinguard-0-py3-none-any.whl" edge hw ;;
                    install) case "${@: -1}" in *.whl)
                        tar -C "$(dirname "$0")/../lib/python3.11/site-packages" -xf "${@: -1}" ;; esac ;;
                esac
"""

PROGRAM = """#!/bin/sh
# Stands in for an installed program: its own self-test and settings check, the real `update`.
home=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
case "$1" in
    selftest) cat "$home/lib/python3.11/site-packages/edge/selftest.json"; exit 0 ;;
    settings)
        wrong=$home/lib/python3.11/site-packages/edge/check
        cat "$wrong" >&2
        [ ! -s "$wrong" ]
        exit $? ;;
    prompts) exit 0 ;;
esac
exec env PYTHONPATH="$STUB_REPO" "$STUB_REAL" -P -m edge "$@"
"""

SYSTEMCTL = r"""#!/bin/sh
echo "systemctl $*" >>"$STUB_LOG"
run=$CABINGUARD_ROOT/run
case "$1 $2" in
    "stop cabinguard.service") rm -f "$run/release" ;;
    "start cabinguard.service" | "restart cabinguard.service")
        basename "$(readlink "$CABINGUARD_ROOT/opt/cabinguard/current")" >"$run/release" ;;
esac
"""


@dataclass(slots=True)
class Kiosk:
    """What the running kiosk says. `release` is kept in a file, as systemd would keep the process."""

    root: Path
    refuses: str = ""
    refuses_restart: str = ""
    """Somebody comes in between the question and the restart."""

    door: str = "unlocked"
    sick: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By release: the faults that it tells."""

    blind: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)

    def answer(self, asked: Asked) -> None:
        asked.answer({"version": 1, **self._reply(asked)})

    @property
    def runs(self) -> Path:
        return self.root / "run/release"

    def _reply(self, asked: Asked) -> Reply:
        release = self.runs.read_text().strip() if self.runs.exists() else ""
        if not release or release in self.dead:
            return {"error": "kiosk_not_running"}
        match asked.request:
            case Status():
                return {"door": self.door, "release": release}
            case Panel():
                ago_s = 99.0 if release in self.blind else 0.1
                return {"faults": dict(self.sick.get(release, {})), "seen": {"face": {"ago_s": ago_s}}}
            case Update(restart=restart):
                if code := self.refuses or (self.refuses_restart if restart else ""):
                    return {"error": code}
                if restart:
                    self.runs.write_text((self.root / "opt/cabinguard/current").readlink().name + "\n")
                return {"restarting": restart}
            case _:
                return {"error": "not_understood"}


class UpdateWorld:
    """`pi` is the card, `shop` the publisher, `old` and `new` the two releases."""

    def __init__(self, folder: Path, repo: Path, root: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.pi = Pi(folder, repo)
        if root is not None:
            shutil.copytree(self.pi.root, root, dirs_exist_ok=True)
            self.pi.root = root
        shutil.copytree(repo / "edge" / "updates", self.pi.tree / "edge" / "updates", dirs_exist_ok=True)
        (self.pi.tree / "models" / "face.json").write_text("{}\n")
        self._python()
        self.pi.tool("systemctl", SYSTEMCTL)
        self.pi.tool("runuser", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
        # The room that real packages need is not there on a small disk, and not needed.
        self.pi.tool("df", "#!/bin/sh\necho Filesystem\necho disk 9 9 9000000 1% /\n")
        self._programs("[]", "")
        self.shop = Shop(folder / "shop")
        self._settings()

    def _python(self) -> None:
        stub = STUB_PYTHON.replace(
            """                case "$3" in wheel) : >"${@: -1}/cabinguard-0-py3-none-any.whl" ;; esac\n""",
            WHEEL,
        )
        assert stub != STUB_PYTHON
        program = self.folder / "program"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        made = '                : >"$venv/pyvenv.cfg" ;;'
        assert made in stub
        stub = stub.replace(made, f'                cp "{program}" "$venv/bin/cabinguard"\n{made}')
        self.pi.tool("python3", stub)

    def _programs(self, findings: str, check: str) -> None:
        inside = self.pi.tree / "edge"
        (inside / "selftest.json").write_text(
            '{"name":"networks","code":""}\n' if findings == "[]" else findings
        )
        (inside / "check").write_text(check)

    def _settings(self) -> None:
        root_file = self.pi.path("/etc/cabinguard/update-root.json")
        root_file.parent.mkdir(parents=True, exist_ok=True)
        root_file.write_bytes(self.shop.trusted)
        data, run = self.pi.path("/var/lib/cabinguard"), self.pi.path("/run")
        for path in (data, run):
            path.mkdir(parents=True, exist_ok=True)
        self.pi.put("/etc/machine-id", "kiosk-7\n")
        self.pi.put(
            "/etc/cabinguard/kiosk.toml",
            f'[paths]\ndata = "{data}"\nruntime = "{run}"\n[update]\nautomatic = true\nhealth_s = 30\n'
            f'url = "{self.shop.repository}"\nroot_file = "{root_file}"\n',
        )

    # --- the two versions --------------------------------------------------------------------------

    def install(self) -> str:
        """The old version as an installer leaves it, running, with a record."""
        done = self.pi.kiosk()
        assert done.returncode == 0, done.stderr
        self.kiosk_file().write_text(self.pi.version() + "\n")
        self.record("installed")
        return self.pi.version()

    def kiosk_file(self) -> Path:
        return self.pi.path("/run/release")

    def publish(self, *, findings: str = "[]", check: str = "", percent: int = 100) -> Release:
        """A newer version: another number, another unit, another example, other files."""
        project = self.pi.tree / "pyproject.toml"
        number = (
            1 + int(found[1])
            if (found := re.search(r'^version = "9\.(\d+)', project.read_text(), re.M))
            else 1
        )
        project.write_text(
            re.sub(r'^version = ".*"', f'version = "9.{number}.0"', project.read_text(), flags=re.M)
        )
        unit = self.pi.tree / "systemd" / "cabinguard-extra.service"
        unit.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
        for name in ("systemd/cabinguard.service", "edge/settings/kiosk.example.toml", "edge/updates/job.py"):
            path = self.pi.tree / name
            path.write_text(path.read_text() + "# the new one\n")
        self._programs(findings, check)
        archive, wheels = self.folder / "release.tar", self.folder / "wheels"
        wheels.mkdir(exist_ok=True)
        (wheels / "cabinguard_lib-1-py3-none-any.whl").write_bytes(b"wheel" * 2000)
        size = package.pack(self.pi.tree, wheels, archive)
        release_id = package.program_id(self.pi.tree)
        release = Release(
            version=release_id.partition("-")[0],
            id=release_id,
            machine=machine_here(),
            python_min=python_here(),
            python_max=python_here(),
            record=4,
            unpacked_mb=size // package.MB + 1,
            stages=(Stage(0, percent),),
        )
        Publisher(self.shop.repository, read_keys([self.shop.keys], "")).add(archive, release)
        return release

    def record(self, name: str) -> None:
        """One more line of the record."""
        clock = SystemClock()
        journal = Journal(self.journal, clock, threaded=False)
        journal.open()
        journal.submit(Record(1, clock.now_s(), clock.wall_s(), (Entry("event", name, 0),)))
        journal.close(10.0)

    @property
    def journal(self) -> Path:
        return self.pi.path("/var/lib/cabinguard/journal.db")

    # --- running ----------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        return {**self.pi.environment(), "PYTHONPATH": str(self.pi.repo), "PYTHONDONTWRITEBYTECODE": "1"}

    def update(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The command as the kiosk has it, without its pauses."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environment(), **more},
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def command(self, *arguments: str) -> list[str]:
        settings = str(self.pi.path("/etc/cabinguard/kiosk.toml"))
        child = "tests.worlds.update_child"
        return [sys.executable, "-P", "-m", child, "update", *arguments, "--settings", settings]

    def settle(self) -> subprocess.CompletedProcess[str]:
        """What `cabinguard-settle.service` does at a start."""
        link = self.pi.path("/opt/cabinguard/pending")
        if not link.is_symlink():
            return subprocess.CompletedProcess([], 0, "", "")
        command = ["bash", str(link / "install.sh"), "kiosk", "--settle"]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120)

    def start(self) -> None:
        """systemd starts what is installed."""
        self.kiosk_file().write_text(self.pi.version() + "\n")


class Answering:
    """The control socket of a card's kiosk, in a thread."""

    def __init__(self, kiosk: Kiosk) -> None:
        self._server = ControlServer(kiosk.root / "run", lambda asked: _answer(kiosk, asked))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._server.close()


def _answer(kiosk: Kiosk, asked: Asked) -> None:
    threading.Thread(target=kiosk.answer, args=(asked,), daemon=True).start()
