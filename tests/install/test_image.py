"""The card image, as far as it can be known without making one: options, contents, files that must agree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.cli.first_boot import SCREEN
from tests.inventory.valid import check_valid


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


@pytest.mark.slow
def test_the_archives_are_those_of_one_suite(repo: Path) -> None:
    lines = sourced(repo, "image_sources trixie").stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["trixie", "trixie-updates", "trixie-security"]
    assert all(line.endswith(" main non-free-firmware") for line in lines)


def test_labels_of_partitions_and_mounts_agree(image: Path) -> None:
    made = set(re.findall(r'label = "(\w+)"', (image / "genimage.cfg").read_text("utf-8")))
    mounted = set(re.findall(r"^LABEL=(\w+)", (image / "fstab").read_text("utf-8"), re.M))
    assert made == mounted == {"CABINBOOT", "cabinroot"}
    assert "ROOTPART=LABEL=cabinroot" in (image / "image.sh").read_text("utf-8")


def test_a_damaged_boot_partition_does_not_keep_the_kiosk_from_starting(image: Path) -> None:
    rows = [line.split() for line in (image / "fstab").read_text("utf-8").splitlines()]
    options = {row[1]: row[3].split(",") for row in rows if row[0] != "#"}
    assert "nofail" in options["/boot/firmware"], "or systemd waits for a password that nobody has"
    assert "nofail" not in options["/"]


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


# --- boards and device trees ----------------------------------------------------------------------


def test_the_boards_are_the_same_everywhere(repo: Path) -> None:
    listed = sourced(repo, "image_boards").stdout.splitlines()
    trees, boards = zip(*(line.split(" ", 1) for line in listed), strict=True)
    assert all(re.fullmatch(r"bcm(2837|2711)-rpi-[a-z0-9-]+", tree) for tree in trees)
    assert len(boards) > 5
    named = f"{', '.join(boards[:-1])} and {boards[-1]}"
    told = {
        "help": sourced(repo, "image_usage").stdout,
        "README.md": (repo / "README.md").read_text("utf-8"),
    }
    for place, text in told.items():
        text = " ".join(text.split())
        assert f"tarts on Raspberry Pi {named}" in text, place
        for part in ("DS3231", "ribbon", "I2S", "Pi 5", "USB", "Raspberry Pi OS"):
            assert part in text, (place, part)
    parts = (repo / "hw" / "README.md").read_text("utf-8").partition("\n## Parts\n")[2].partition("\n## ")[0]
    rows = {row.split("|")[1].strip(): row for row in parts.splitlines() if row.startswith("| ")}
    assert f"Raspberry Pi {', '.join(boards)}; *Pi OS:* 5" in rows["board"]
    for part in ("camera", "loudspeaker"):
        assert "USB" in rows[part].partition("*Pi OS:*")[0], part
        assert re.search(r"\*Pi OS:\* on (the ribbon cable|an I2S amplifier)", rows[part]), part
    assert "in the card image it needs no line" in rows["clock module"]


UART = "serial@7e201000"
TREE = """/dts-v1/;
/ {
    aliases { serial0 = "/soc/serial@7e201000"; serial1 = "/soc/serial@7e215040"; };
    soc {
        gpio@7e200000 {
            @HOG@
            phandle = <0x07>;
            i2c1@I2C1@ { brcm,pins = <0x02 0x03>; brcm,function = <0x04>; phandle = <0x15>; };
            i2s_gpio18 { brcm,pins = <0x12 0x13>; brcm,function = <0x04>; phandle = <0x16>; };
            uart0@GPIO14@ { brcm,pins = <0x0e 0x0f>; brcm,function = <0x04>; };
            uart0_gpio32 { brcm,pins = <0x20 0x21>; brcm,function = <0x07>; phandle = <0x08>; };
            uart1_gpio14 { brcm,pins = <0x0e 0x0f>; brcm,function = <0x02>; phandle = <0x10>; };
            gpioout { brcm,pins = <0x06>; brcm,function = <0x01>; phandle = <0x11>; };
        };
        serial@7e201000 {
            status = "okay"; pinctrl-names = "default"; pinctrl-0 = <0x08>; uart-has-rtscts;
            bluetooth { compatible = "brcm,bcm43438-bt"; };
        };
        serial@7e215040 { status = "okay"; pinctrl-names = "default"; pinctrl-0 = <0x10>; };
        i2c@7e804000 {
            #address-cells = <1>; #size-cells = <0>;
            status = "okay"; pinctrl-names = "default"; pinctrl-0 = <0x15>;
        };
        i2s@7e203000 { status = "disabled"; pinctrl-names = "default"; pinctrl-0 = <0x16>; };
    };
};
"""
"""A Pi 3's tree as Debian has it, with what matters here."""

BOOKWORM: Mapping[str, str] = {"@I2C1@": "_gpio2", "@GPIO14@": "_gpio14", "@HOG@": ""}
TRIXIE: Mapping[str, str] = {**BOOKWORM, "@I2C1@": "-gpio2", "@GPIO14@": "-gpio14"}
ZERO_2_W: Mapping[str, str] = {
    **BOOKWORM,
    "@HOG@": 'pinctrl-names = "default"; pinctrl-0 = <0x11>;',
}
needs_dtc = pytest.mark.skipif(shutil.which("fdtput") is None, reason="apt install device-tree-compiler")


def _boot_partition(folder: Path, names: Mapping[str, str], board: str = "bcm2837-rpi-3-b") -> Path:
    text = TREE
    for name, value in names.items():
        text = text.replace(name, value)
    source = folder / "tree.dts"
    source.write_text(text)
    made = folder / f"{board}.dtb"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(made), str(source)], check=True)
    return made


def _trees(image: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(image / "trees.sh"), *words], capture_output=True, text=True)


def _fdt(program: str, *words: str) -> str:
    done = subprocess.run([program, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
@needs_dtc
@pytest.mark.parametrize("names", [BOOKWORM, TRIXIE, ZERO_2_W], ids=["bookworm", "trixie", "zero-2-w"])
def test_debians_tree_does_not_fit_and_the_edited_one_does(
    image: Path, tmp_path: Path, names: Mapping[str, str]
) -> None:
    tree = _boot_partition(tmp_path, names)
    before = _trees(image, "--check", str(tmp_path))
    assert before.returncode == 1
    assert "GPIO14 serial@7e215040 function 2" in before.stderr
    assert "something hangs on the first serial port" in before.stderr
    assert "no clock module" in before.stderr

    assert _trees(image, str(tmp_path)).stderr == ""
    once = tree.read_bytes()
    # Read with other eyes than the script's own.
    group = _fdt("fdtget", "-t", "x", str(tree), f"/soc/{UART}", "pinctrl-0")
    at = f"/soc/gpio@7e200000/uart0{names['@GPIO14@']}"
    assert _fdt("fdtget", "-t", "x", str(tree), at, "phandle") == group
    assert group not in ("7", "8", "10", "11", "15", "16"), "a number of its own"
    assert _fdt("fdtget", str(tree), at, "brcm,pins") == "14 15"
    assert _fdt("fdtget", "-l", str(tree), f"/soc/{UART}") == ""
    assert "uart-has-rtscts" not in _fdt("fdtget", "-p", str(tree), f"/soc/{UART}")
    assert "pinctrl-0" not in _fdt("fdtget", "-p", str(tree), "/soc/serial@7e215040")
    assert "pinctrl-0" not in _fdt("fdtget", "-p", str(tree), "/soc/gpio@7e200000")
    assert _fdt("fdtget", str(tree), "/soc/i2c@7e804000/rtc@68", "compatible") == "maxim,ds3231"

    assert _trees(image, str(tmp_path)).returncode == 0
    assert tree.read_bytes() == once
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.slow
@needs_dtc
@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (("-r", "/soc/i2c@7e804000/rtc@68"), "no clock module"),
        (("-c", f"/soc/{UART}/bluetooth"), "something hangs on the first serial port"),
        (("-t", "s", "/soc/i2s@7e203000", "status", "okay"), "GPIO18 i2s@7e203000 function 4"),
        (("-t", "s", "/aliases", "serial0", "/soc/serial@7e215040"), "the first serial port is another"),
        (("-t", "s", f"/soc/{UART}", "status", "disabled"), "taken otherwise"),
        (("-t", "x", "/soc/serial@7e215040", "pinctrl-0", "10"), "GPIO15 serial@7e215040 function 2"),
    ],
)
def test_a_tree_that_routes_anything_else_is_named(
    image: Path, tmp_path: Path, spoilt: tuple[str, ...], words: str
) -> None:
    tree = _boot_partition(tmp_path, BOOKWORM)
    assert _trees(image, str(tmp_path)).returncode == 0
    at = next(index for index, word in enumerate(spoilt) if word.startswith("/"))
    _fdt("fdtput", *spoilt[:at], str(tree), *spoilt[at:])
    done = _trees(image, "--check", str(tmp_path))
    assert done.returncode == 1
    assert words in done.stderr
    assert tree.name in done.stderr


@needs_dtc
def test_a_tree_that_cannot_be_edited_is_left_as_it_was(image: Path, tmp_path: Path) -> None:
    tree = _boot_partition(tmp_path, BOOKWORM)
    subprocess.run(["fdtput", "-r", str(tree), "/soc/gpio@7e200000/uart0_gpio14"], check=True)
    before = tree.read_bytes()
    assert _trees(image, str(tmp_path)).returncode == 1
    assert tree.read_bytes() == before
    assert not list(tmp_path.glob("*.new"))


def test_a_boot_partition_without_trees_does_not_fit(image: Path, tmp_path: Path) -> None:
    done = _trees(image, "--check", str(tmp_path))
    assert done.returncode == 1
    assert "no device tree" in done.stderr


def test_the_trees_are_edited_again_behind_debians_own_hooks(image: Path) -> None:
    made = (image / "image.sh").read_text("utf-8")
    for hooks in ("kernel/postinst.d", "initramfs/post-update.d"):
        assert f'ln -s /usr/local/sbin/cabinguard-trees "$1/etc/{hooks}/z60-cabinguard"' in made
    assert "device-tree-compiler" in re.findall(r"^readonly IMAGE_PACKAGES=(.*)$", made, re.M)[0].split(",")


def test_the_proof_changes_nothing_of_the_cards_tree_but_the_boards_name(repo: Path) -> None:
    proof = (repo / "systemd" / "proof" / "card.sh").read_text("utf-8")
    edits = [line.split("||")[0].strip() for line in proof.splitlines() if line.startswith("fdtput")]
    assert [re.findall(r" (/\S*)(?: linux,revision \w+)?", edit)[0] for edit in edits] == [
        "/system",
        "/system",
    ]
    assert 'trees.sh" --check "$work/trees"' in proof


# --- small files of the system --------------------------------------------------------------------


def test_nothing_listens_to_the_local_network(image: Path) -> None:
    text = (image / "resolved.conf").read_text("utf-8")
    assert {"LLMNR=no", "MulticastDNS=no"} <= set(text.splitlines())
    assert "/etc/systemd/resolved.conf.d/cabinguard.conf" in (image / "image.sh").read_text("utf-8")


def test_nothing_of_the_image_mounts_a_medium_shows_a_desktop_or_serves_the_network(
    repo: Path, image: Path, tmp_path: Path
) -> None:
    """Debian's least set, what stands here, what that needs, and nothing that is only recommended."""
    made = (image / "image.sh").read_text("utf-8")
    ours = set(re.findall(r"^readonly IMAGE_PACKAGES=(\S+)$", made, re.M)[0].split(","))
    ours |= set(
        sourced(repo, f". systemd/kiosk.sh; CABINGUARD_ROOT={tmp_path} wanted_packages").stdout.split()
    )
    layer = (image / "rpi-image-gen" / "cabinguard.yaml").read_text("utf-8")
    ours |= set(re.findall(r"^    - ([a-z0-9-]+)$", layer, re.M))
    assert len(ours) > 25
    assert "--variant=minbase" in made
    assert """'APT::Install-Recommends "false"'""" in made
    assert " --no-install-recommends " in (repo / "systemd" / "kiosk.sh").read_text("utf-8")
    mounts = "udisks|usbmount|udevil|udiskie|pmount|autofs|gvfs"
    shows = "task-|desktop|xserver|xorg|wayland|lightdm|gdm|gnome|kde|lxde|labwc|wayfire"
    serves = "avahi|cups|samba|nfs|rpcbind|telnet|ftp|vnc|xrdp|apache|nginx|bluez"
    assert [one for one in sorted(ours) if re.search(f"{mounts}|{shows}|{serves}", one)] == []


def test_the_hosts_name_this_machine(image: Path) -> None:
    made = (image / "image.sh").read_text("utf-8")
    name = re.findall(r'^    echo (\w+) >"\$1/etc/hostname"$', made, re.M)[0]
    hosts = [line.split() for line in (image / "hosts").read_text("utf-8").splitlines()]
    assert ["127.0.0.1", "localhost"] in hosts
    assert ["127.0.1.1", name] in hosts
    assert '"$files/hosts" "$1/etc/hosts"' in made


def test_nobody_logs_in_with_a_password_and_no_console_is_on_the_serial_line(image: Path) -> None:
    lines = (image / "sshd.conf").read_text("utf-8").splitlines()
    assert {"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin no"} <= set(
        lines
    )
    assert "AllowUsers technician" in lines
    made = (image / "image.sh").read_text("utf-8")
    assert '"$files/sshd.conf"' in made
    assert "! grep -q 'console=tty[AS]' \"$1/boot/firmware/cmdline.txt\" || stop image-incomplete" in made


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_a_host_key_that_a_power_cut_left_empty_is_made_again(image: Path, tmp_path: Path) -> None:
    unit = (image / "cabinguard-grow.service").read_text("utf-8")
    lines = re.findall(r"^ExecStart=-?(.*)$", unit, re.M)
    mending = next(line for line in lines if "ssh-keygen -y" in line)
    assert lines[lines.index(mending) + 1 :] == [
        "/usr/bin/ssh-keygen -A",
        "/bin/sync",
        "/usr/bin/touch /var/lib/cabinguard-grown",
    ]
    for kind in ("ed25519", "ecdsa"):
        key = tmp_path / f"ssh_host_{kind}_key"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    (tmp_path / "ssh_host_ecdsa_key").write_text("")
    (tmp_path / "ssh_host_rsa_key").write_text("torn")
    script = (
        re.findall(r"^/bin/sh -c '(.*)'$", mending)[0].replace("$$", "$").replace("/etc/ssh", str(tmp_path))
    )
    subprocess.run(["sh", "-c", script], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ssh_host_ed25519_key",
        "ssh_host_ed25519_key.pub",
    ]


def test_the_screen_shows_what_first_boot_says(repo: Path, image: Path) -> None:
    made = (image / "image.sh").read_text("utf-8")
    assert f'ln -sfn {SCREEN} "$new/etc/issue.d/cabinguard.issue"' in made
    conditions = {}
    for name in ("first-boot", "notice"):
        unit = (image / f"cabinguard-{name}.service").read_text("utf-8")
        assert (
            "\nExecStart=/opt/cabinguard/current/bin/cabinguard first-boot /boot/firmware/cabinguard.toml\n"
            in unit
        )
        assert f"\nRuntimeDirectory={SCREEN.parent.name}\n" in unit
        conditions[name] = re.findall(r"^ConditionPathExists=(.*)$", unit, re.M)[0]
        assert f"cabinguard-{name}.service" in re.findall(r"systemctl enable (cabinguard-first.*)", made)[0]
    assert conditions["notice"] == f"!{conditions['first-boot']}", "one of the two at each start"
    assert "\nBefore=getty@tty1.service\n" in (image / "cabinguard-notice.service").read_text("utf-8")


# --- the list of contents -------------------------------------------------------------------------


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    """A root file system with what the list of contents is made from."""
    site = tmp_path / "opt/cabinguard/versions/1/lib/python3.11/site-packages"
    doc = "usr/share/doc"
    for name, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": (
            "Package: base-files\nStatus: install ok installed\nArchitecture: arm64\n"
            "Version: 12.4+deb12u11\n\n"
            "Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n\n"
            "Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: 2025b-0\n"
            "Description: time zones\n Name: none\n\n"
            "Package: libx11-6\nStatus: install ok installed\nArchitecture: arm64\n"
            "Version: 2\nSource: libx11 (2:2)\n\n"
            "Package: odd\nStatus: install ok installed\nArchitecture: arm64\nVersion: 3\n\n"
        ),
        f"{doc}/base-files/copyright": "The GPL is in /usr/share/common-licenses/GPL, the other in\n"
        "/usr/share/common-licenses/BSD.\n",
        f"{doc}/tzdata/copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nLicense: public-domain\n Nobody's.\n\nFiles: debian/*\nLicense: GPL-2+\n",
        f"{doc}/libx11-6/copyright": "Permission is hereby granted, free of\ncharge, to any person\n",
        f"{doc}/odd/copyright": "Do what you like.\n",
        str(site / "pyserial-3.5.dist-info/METADATA"): "Name: pyserial\nVersion: 3.5\nLicense: BSD\n\nText\n",
        str(
            site / "numpy-1.26.4.dist-info/METADATA"
        ): "Name: numpy\nVersion: 1.26.4\nLicense: Copyright (c)\n"
        " and more\nClassifier: Topic :: X\nClassifier: License :: OSI Approved :: BSD License\n\nText\n",
        str(site / "msgspec-0.22.0.dist-info/METADATA"): "Name: msgspec\nVersion: 0.22.0\n"
        "License-Expression: BSD-3-Clause\n\nText\n",
        str(site / "bare-1.dist-info/METADATA"): "Name: bare\nVersion: 1\n\nText\n",
        str(site / "bare-1.dist-info/licenses/LICENSE.txt"): "Terms\n",
        str(site / "msgspec-0.22.0.dist-info/sboms/inner.cdx.json"): json.dumps(
            {
                "bomFormat": "CycloneDX",
                "components": [
                    {
                        "name": "inner",
                        "version": "1.2",
                        "purl": "pkg:cargo/inner@1.2",
                        "licenses": [{"expression": "MIT OR Apache-2.0"}],
                    }
                ],
            }
        ),
        str(site / "models/face_find.tflite"): "network",
        str(site / "models/face_find.json"): '{"name": "face_find", "version": "4"}',
        str(site / "models/face_find.md"): "# One\n\n## Data and terms\n\nResearch terms\nfor all.\n\n"
        "| source | terms as published | used as |\n|---|---|---|\n| someone/faces | | faces |\n\n## Next\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_list_of_contents_names_all_and_nothing_else(image: Path, small_root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(image / "sbom.py"), str(small_root), "0.1.0"],
        capture_output=True,
        text=True,
        check=True,
    )
    check_valid(done.stdout)
    listed = json.loads(done.stdout)
    components = {one["name"]: one for one in listed["components"]}
    terms = {
        name: [str(next(iter(each.get("license", each).values()))) for each in one["licenses"]]
        for name, one in components.items()
    }
    assert terms == {
        "base-files": ["BSD", "GPL"],
        "tzdata": ["GPL-2+", "public-domain"],
        "libx11-6": ["MIT"],
        "odd": ["as stated in /usr/share/doc/odd/copyright"],
        "pyserial": ["BSD"],
        "numpy": ["BSD License"],
        "msgspec": ["BSD-3-Clause"],
        "inner": ["MIT OR Apache-2.0"],
        "bare": ["as stated in LICENSE.txt of bare"],
        "face_find.tflite": ["Research terms for all."],
        "someone/faces (face_find)": ["none stated"],
    }
    assert components["base-files"]["purl"] == (
        "pkg:deb/debian/base-files@12.4%2Bdeb12u11?arch=arm64&distro=debian-12"
    )
    assert components["libx11-6"]["purl"].endswith("&upstream=libx11%402%3A2")
    assert components["pyserial"]["purl"] == "pkg:pypi/pyserial@3.5"
    assert components["inner"]["properties"][0]["value"] == "pkg:pypi/msgspec@0.22.0"
    assert len(components["face_find.tflite"]["hashes"][0]["content"]) == 64
    assert components["face_find.tflite"]["version"] == "4"
    references = [one["bom-ref"] for one in listed["components"]]
    assert len(set(references)) == len(references)


def test_the_networks_cards_state_their_terms(repo: Path) -> None:
    for model in (repo / "models").glob("*.tflite"):
        terms = model.with_suffix(".md").read_text("utf-8").partition("\n## Data and terms\n\n")[2]
        assert "research terms" in " ".join(terms.partition("\n\n")[0].split()), model
        assert json.loads(model.with_suffix(".json").read_text("utf-8"))["version"], model
