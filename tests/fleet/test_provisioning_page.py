"""The page on provisioning, run as it stands: the bank's authority, the table, a kiosk's certificate."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from edge.fleet.certificate import common_name

PAGE = "edge/docs/provisioning.md"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_every_box_of_the_page_works(repo: Path, tmp_path: Path) -> None:
    boxes = re.findall(r"^```sh\n(.*?)^```$", (repo / PAGE).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(boxes) == 5
    kiosk = '--set "paths.data=$PWD/data" --set mqtt.kiosk_id=cabin-17'
    cabinguard = (
        f'cabinguard() {{ if [ "$1" = certificate ]; then "{sys.executable}" -P -m edge "$@" {kiosk};'
        f' else "{sys.executable}" -P -m edge "$@"; fi; }}'
    )
    script = "\n".join(["set -eu", cabinguard, "mkdir -m 700 data", *boxes])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 files written" in done.stdout
    assert re.search(r"names: +cabin-17\n", done.stdout)
    assert (tmp_path / "fleet" / "cabin-18" / "cabinguard.toml").exists()
    made = x509.load_pem_x509_certificate((tmp_path / "cabin-17.pem").read_bytes())
    assert common_name(made) == "cabin-17"


def test_the_page_names_what_there_is(repo: Path) -> None:
    """Every setting, fault and file of the tests that it names."""
    from edge.faults.catalogue import CATALOGUE
    from edge.settings.handed import HANDED

    page = (repo / PAGE).read_text("utf-8")
    for code in re.findall(r"`((?:certificate|key|est)_[a-z_]+)`", page):
        known = code in CATALOGUE or code in HANDED or code in ("est_url", "est_user", "est_ca_file")
        assert known, code
    for name in HANDED:
        assert f"`{name}`" in page
    for path in re.findall(r"`(tests/[a-z_/]+\.py)`", page):
        assert (repo / path).exists(), path
