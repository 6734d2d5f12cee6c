"""Root is given up for good before the page answers anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.panel.commission.dropping import Account, account_of, drop_to
from edge.settings.load import load

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")
NOBODY = Account(65534, 65534)

CHILD = """
import os, subprocess
from edge.panel.commission.dropping import Account, can_be_root, drop_to
drop_to(Account(65534, 65534))
print(os.getresuid(), os.getresgid(), os.getgroups(), can_be_root())
for back in (os.seteuid, os.setuid, os.setegid, os.setgid):
    try:
        back(0)
        print("back by", back.__name__)
    except PermissionError:
        pass
try:
    os.setgroups([0])
    print("group back")
except PermissionError:
    pass
try:
    open("/etc/shadow").close()
    print("reads what is root's")
except PermissionError:
    pass
status = open("/proc/self/status").read()
print([line for line in status.splitlines() if line.startswith(("NoNewPrivs", "CapEff", "CapPrm"))])
"""


@needs_root
@pytest.mark.slow
def test_nothing_of_root_is_left_and_nothing_brings_it_back(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    first, *rest = done.stdout.splitlines()
    assert first == "(65534, 65534, 65534) (65534, 65534, 65534) [] False"
    assert rest == ["['CapPrm:\\t0000000000000000', 'CapEff:\\t0000000000000000', 'NoNewPrivs:\\t1']"]


@pytest.mark.slow
def test_who_is_the_kiosks_user_already_stays_it(repo: Path) -> None:
    """As on a bench: in a process of its own, for it cannot be undone."""
    words = "from edge.panel.commission.dropping import Account, drop_to; import os;"
    words += "drop_to(Account(os.getuid(), os.getgid())); print(os.getresuid())"
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=repo,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.strip() == str((os.getuid(),) * 3)


def test_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getresuid", lambda: (1000, 1000, 1000))
    with pytest.raises(FaultError, match="panel_stays_root: this is user"):
        drop_to(NOBODY)


def test_a_system_that_keeps_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a sandbox lies about what it did: nothing is served then."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *words: None)
    monkeypatch.setattr(os, "getresuid", lambda: (0, 0, 0))
    with pytest.raises(FaultError, match="panel_stays_root"):
        drop_to(NOBODY)


def test_the_user_is_the_one_whose_the_data_are(tmp_path: Path) -> None:
    settings = load(None, [f"paths.data={tmp_path}"])
    assert account_of(settings).uid == os.getuid()
    with pytest.raises(FaultError, match="panel_stays_root"):
        account_of(load(None, [f"paths.data={tmp_path}/none"]))
