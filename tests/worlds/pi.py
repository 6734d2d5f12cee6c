"""A folder that looks like a Raspberry Pi OS to the installer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.worlds.installer import Sandbox

CALLED = '#!/bin/sh\necho "$(basename "$0") $*" >>"$STUB_LOG"\n'
CONFIG_TXT = "# the Pi's own\ndtparam=audio=on\n[cm4]\notg_mode=1\n"
CMDLINE_TXT = "console=serial0,115200 console=tty1 root=PARTUUID=1234-02 rootwait\n"


class Pi(Sandbox):
    """A folder that looks like a Raspberry Pi OS to the installer, and tools that only write down."""

    def __init__(self, folder: Path, repo: Path) -> None:
        super().__init__(folder, repo)
        self.root = folder / "card"
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copy(repo / name, self.tree)
        (self.tree / "README.md").write_text("# CabinGuard\n")
        for name in ("edge", "hw", "models"):
            (self.tree / name).mkdir()
        example = self.tree / "edge" / "settings"
        example.mkdir(parents=True)
        shutil.copy(repo / "edge" / "settings" / "kiosk.example.toml", example)
        (self.tree / "hw" / "pins").mkdir()
        shutil.copy(repo / "hw" / "pins" / "rest_pins.py", self.tree / "hw" / "pins")
        self.put("/etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Raspberry Pi OS"\n')
        self.put("/etc/rpi-issue", "Raspberry Pi reference 2024-11-19\n")
        self.put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        self.put("/boot/firmware/config.txt", CONFIG_TXT)
        self.put("/boot/firmware/cmdline.txt", CMDLINE_TXT)
        self.tool("dpkg", "#!/bin/sh\necho ${STUB_PROCESSOR:-arm64}\n")
        self.tool("dpkg-query", '#!/bin/sh\n[ -n "${STUB_PACKAGES-yes}" ] && echo install ok installed\n')
        for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles", "udevadm", "apt-get", "journalctl"):
            self.tool(name, CALLED)

    def put(self, path: str, text: str) -> None:
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def text(self, path: str) -> str:
        return self.path(path).read_text()

    def environment(self, **extra: str) -> dict[str, str]:
        ours = {"CABINGUARD_ROOT": str(self.root), "CABINGUARD_PYTHON": str(self.tools / "python3")}
        return super().environment(**{**ours, **extra})

    def kiosk(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self.run("kiosk", *arguments, **extra)

    def functions(self, script: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self.call(f'. "$ROOT/systemd/kiosk.sh"\nOFFLINE="" READ_ONLY="" REBOOT=""\n{script}', **extra)

    def everything(self) -> dict[str, str]:
        """Every file below the root with its content, links with where they lead."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            elif path.is_file() and not name.startswith("var/log/"):
                found[name] = path.read_text(errors="replace")
        return found

    def version(self) -> str:
        return self.path("/opt/cabinguard/current").readlink().name

    def new_release(self) -> None:
        project = self.tree / "pyproject.toml"
        project.write_text(project.read_text().replace('version = "', 'version = "9.'))
