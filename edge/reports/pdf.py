"""A report as PDF, printed by the Chromium of this machine: nothing is fetched, no profile stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError

WITHIN_S: Final = 180.0
"""A small board prints a month with pictures in less."""

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    *("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-pings"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-javascript", "--no-pdf-header-footer"),
    "--generate-pdf-document-outline",
)


def browser() -> str | None:
    """The program that prints; None where there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name)) is not None), None)


def to_pdf(html: str) -> bytes:
    """The printed pages. FaultError `report_no_pdf` where no browser is there, or it cannot print."""
    program = browser()
    if program is None:
        raise FaultError("report_no_pdf", "there is no Chromium on this machine")
    with tempfile.TemporaryDirectory(prefix="cabinguard-report-") as made:
        folder = Path(made)
        page, printed = folder / "report.html", folder / "report.pdf"
        page.write_text(html, "utf-8")
        # It refuses root with its sandbox; the page has no script and its policy lets nothing in.
        flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={folder / 'p'}"]
        command = [program, *flags, f"--print-to-pdf={printed}", page.as_uri()]
        said = _run(command, folder)
        try:
            content = printed.read_bytes()
        except OSError as error:
            raise FaultError("report_no_pdf", said or f"{program} printed nothing") from error
    if not content.startswith(b"%PDF-"):
        raise FaultError("report_no_pdf", f"{program} printed no PDF")
    return content


def _run(command: list[str], folder: Path) -> str:
    """Run it to its end or to the end of its time; the last line that it said."""
    env = {"HOME": str(folder), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=env,
        )
    except OSError as error:
        raise FaultError("report_no_pdf", error.strerror or str(error)) from error
    try:
        _, said = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise FaultError("report_no_pdf", f"no page within {WITHIN_S:.0f} s") from error
    lines = said.decode(errors="replace").strip().splitlines()
    return "" if process.returncode == 0 or not lines else lines[-1][:200]
