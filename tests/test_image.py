"""The card image, as far as it can be known without making one: options, contents, files that must agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def image(repo: Path) -> Path:
    return repo / "systemd" / "image"


def sourced(repo: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run functions of install.sh and its image part."""
    script = f". ./install.sh\n. systemd/image/image.sh\n{words}\n"
    return subprocess.run(
        ["bash", "-c", script], cwd=repo, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("words", ["--suite sid", "--what", "card.img"])
def test_wrong_options_are_misuse(repo: Path, words: str) -> None:
    done = subprocess.run(["./install.sh", "image", *words.split()], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_missing_tools_are_named(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "dpkg").write_text("#!/bin/sh\necho amd64\n")
    (tmp_path / "dpkg").chmod(0o755)
    # Every tool of the image, none of them there; the shell's own words still work.
    done = sourced(repo, f"PATH={tmp_path}; image_tools_missing 2>/dev/null")
    for package in ("mmdebstrap", "genimage", "qemu-user-static"):
        assert package in done.stdout


def test_the_archives_are_those_of_one_suite(repo: Path) -> None:
    lines = sourced(repo, "image_sources trixie").stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["trixie", "trixie-updates", "trixie-security"]
    assert all(line.endswith(" main non-free-firmware") for line in lines)


def test_labels_of_partitions_and_mounts_agree(image: Path) -> None:
    made = set(re.findall(r'label = "(\w+)"', (image / "genimage.cfg").read_text("utf-8")))
    mounted = set(re.findall(r"^LABEL=(\w+)", (image / "fstab").read_text("utf-8"), re.M))
    assert made == mounted == {"CABINBOOT", "cabinroot"}
    assert "ROOTPART=LABEL=cabinroot" in (image / "image.sh").read_text("utf-8")


def test_the_layer_of_raspberry_pi_os_is_in_step(repo: Path, image: Path, tmp_path: Path) -> None:
    text = (image / "rpi-image-gen" / "cabinguard.yaml").read_text("utf-8")
    head, _, body = text.partition("# METAEND\n---\n")
    assert head.startswith("# METABEGIN\n")
    assert "has not been built by the project" in " ".join(head.replace("#", "").split())
    variables = set(re.findall(r"^# X-Env-Var-(\w+): ", head, re.M))
    assert variables == set(re.findall(r"IGconf_cabinguard_(\w+)", body))
    packages = set(re.findall(r"^    - ([a-z0-9-]+)$", body, re.M))
    issue = tmp_path / "etc" / "rpi-issue"
    issue.parent.mkdir()
    issue.touch()
    wanted = sourced(repo, f". systemd/kiosk.sh; CABINGUARD_ROOT={tmp_path} wanted_packages").stdout.split()
    assert wanted
    assert set(wanted) <= packages
    (hook,) = re.findall(r"^    - (\$IGconf.*)$", body, re.M)
    assert "/install.sh image --customize-pi-os " in hook
    assert "--customize-pi-os" in (image / "image.sh").read_text("utf-8")


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    """A root file system with what the list of contents is made from."""
    site = tmp_path / "opt/cabinguard/versions/1/lib/python3.11/site-packages"
    for name, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": (
            "Package: base-files\nStatus: install ok installed\nArchitecture: arm64\n"
            "Version: 12.4+deb12u11\n\n"
            "Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n\n"
            "Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2025b-0\n"
            "Description: time zones\n Name: none\n\n"
        ),
        str(site / "pyserial-3.5.dist-info/METADATA"): "Name: pyserial\nVersion: 3.5\nLicense: BSD\n\nText\n",
        str(site / "models/face_find.tflite"): "network",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def test_the_list_of_contents_names_all_and_nothing_else(image: Path, small_root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(image / "sbom.py"), str(small_root), "0.1.0"],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = json.loads(done.stdout)
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    components = {one["name"]: one for one in listed["components"]}
    assert sorted(components) == ["base-files", "face_find.tflite", "pyserial", "tzdata"]
    assert components["base-files"]["purl"] == (
        "pkg:deb/debian/base-files@12.4%2Bdeb12u11?arch=arm64&distro=debian-12"
    )
    assert components["pyserial"]["purl"] == "pkg:pypi/pyserial@3.5"
    assert len(components["face_find.tflite"]["hashes"][0]["content"]) == 64
    references = [one["bom-ref"] for one in listed["components"]]
    assert len(set(references)) == len(references)
