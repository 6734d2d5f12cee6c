"""A real Mosquitto on the loopback address, set up by the files that a bank copies (`systemd/fleet/`)."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

import pytest

from tests.worlds.authority import Authority, Identity

WITHIN_S: Final = 60.0
"""For any answer: a test machine may be busy with much else."""

HOST: Final = "127.0.0.1"
FILES: Final = Path(__file__).resolve().parents[2] / "systemd" / "fleet"
_NO_CHANGES: Final[Mapping[str, str]] = MappingProxyType({})


def mosquitto() -> str | None:
    """Debian puts it where an ordinary user's path does not go."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


needs_mosquitto = pytest.mark.skipif(mosquitto() is None, reason="mosquitto is not installed")


def free_port() -> int:
    """A port that nothing has, below those that the system gives to outgoing connections.

    A client that knocks at a broker that is away must not get that very port as its own: over loopback it
    would then be connected with itself.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind((HOST, port))
            return port
    raise AssertionError("no port is free")


class Broker:
    """Mosquitto with TLS, client certificates, and the shipped settings and access list.

    `folder` takes its keys, its saved sessions and its log. `changes` puts other values into the settings,
    by their keys. The authority is the bank's; another may be given that has certified its kiosks before.
    """

    def __init__(
        self,
        folder: Path,
        *,
        changes: Mapping[str, str] = _NO_CHANGES,
        authority: Authority | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.authority = authority if authority is not None else Authority(folder / "authority")
        self.host = HOST
        self.port = free_port()
        self.log_file = folder / "mosquitto.log"
        self._changes = dict(changes)
        self._server = self.authority.certify("broker", server=True)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def ca_file(self) -> Path:
        return self.authority.ca_file

    @property
    def pid(self) -> int:
        assert self._process is not None, "the broker does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def certificate(self, name: str) -> Identity:
        """A client with this common name: `kiosk-1`, `control-room`."""
        return self.authority.certify(name)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        assert self._process is None, "the broker runs already"
        program = mosquitto()
        assert program is not None, "mosquitto is not installed"
        settings = self._write_settings()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end_s = time.monotonic() + WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, f"mosquitto ended: {self.log[-2000:]}"
            assert time.monotonic() < end_s, f"mosquitto does not answer: {self.log[-2000:]}"
            time.sleep(0.02)

    def kill(self) -> None:
        """As a power cut would: nothing is saved."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In good order: it saves first."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Killed and back, at the same port."""
        self.kill()
        self.start()

    def reload(self) -> None:
        """Have it read its access list and certificates again."""
        os.kill(self.pid, signal.SIGHUP)

    def save(self) -> None:
        """Have it save what survives, and wait until the file is there."""
        file = self._folder / "mosquitto.db"
        before = file.stat().st_mtime_ns if file.exists() else 0
        os.kill(self.pid, signal.SIGUSR1)
        end_s = time.monotonic() + WITHIN_S
        while not file.exists() or file.stat().st_mtime_ns == before:
            assert time.monotonic() < end_s, "nothing was saved"
            time.sleep(0.02)

    def wait_for_log(self, words: str, times: int = 1) -> None:
        """Until its log has said these words so often since it was first started."""
        end_s = time.monotonic() + WITHIN_S
        while self.log.count(words) < times:
            assert time.monotonic() < end_s, f"the broker does not say {words!r}: {self.log[-2000:]}"
            time.sleep(0.02)

    def resident_kb(self) -> int:
        """How much memory it has, in KiB."""
        found = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1])

    def cpu_s(self) -> float:
        """How much processor time it has used, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # --- inside ---------------------------------------------------------------------------------

    def _write_settings(self) -> Path:
        """The shipped file with the places of this test, included as Debian's own file includes it."""
        values = {
            "listener": f"{self.port} {HOST}",
            "cafile": str(self.authority.ca_file),
            "certfile": str(self._server.certificate_file),
            "keyfile": str(self._server.key_file),
            "crlfile": str(self.authority.crl_file),
            "acl_file": str(FILES / "mosquitto.acl"),
            **self._changes,
        }
        lines: list[str] = []
        for line in (FILES / "mosquitto.conf").read_text().splitlines():
            key = line.split(" ", 1)[0]
            lines.append(f"{key} {values.pop(key)}" if key in values else line)
        assert not values, f"the shipped settings have no line for {sorted(values)}"
        included = self._folder / "conf.d"
        included.mkdir(exist_ok=True)
        (included / "cabinguard.conf").write_text("\n".join([*lines, ""]))
        # Started by root it becomes another user, who cannot enter a test's folder.
        root = ["user root"] if os.geteuid() == 0 else []
        debians = ["persistence true", f"persistence_location {self._folder}/", "log_dest stderr", *root]
        file = self._folder / "mosquitto.conf"
        file.write_text("\n".join([*debians, f"include_dir {included}", ""]))
        return file

    def _answers(self) -> bool:
        """Whether it takes connections: it has no way to say so, and a handshake needs no certificate yet."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0):
                return True
        except OSError:
            return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        process.wait(WITHIN_S)


def context_of(identity: Identity) -> ssl.SSLContext:
    """How a client with this certificate speaks to a broker of its authority."""
    context = ssl.create_default_context(cafile=str(identity.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context
