"""`certificate`: asked for, taken, shown; and nothing that any command prints or packs holds the key."""

from __future__ import annotations

import ast
import base64
import gzip
import io
import json
import sys
from pathlib import Path

import pytest
from cryptography import x509

from edge.__main__ import main
from edge.fleet.pairs import current_pair
from edge.selftest import findings
from edge.settings.load import load
from tests.house.sources import sources
from tests.worlds.bank_authority import ALWAYS, Authority, days, pem
from tests.worlds.est_server import est_world

ROOT = Authority()


@pytest.fixture
def kiosk(tmp_path: Path) -> list[str]:
    """The options of a kiosk called cabin-17."""
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "ca.pem").write_bytes(pem(ROOT.certificate))
    return ["--set", f"paths.data={tmp_path}", "--set", "mqtt.kiosk_id=cabin-17"]


def signed(capsys: pytest.CaptureFixture[str], kiosk: list[str]) -> bytes:
    capsys.readouterr()
    assert main(["certificate", "request", *kiosk]) == 0
    return pem(ROOT.sign(x509.load_pem_x509_csr(capsys.readouterr().out.encode()), ALWAYS))


def test_asked_for_taken_and_shown(
    tmp_path: Path, kiosk: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certificate", "status", *kiosk]) == 1
    assert "certificate_missing" in capsys.readouterr().out
    assert main(["certificate", "request", "--out", str(tmp_path / "asked.pem"), *kiosk]) == 0
    asked = x509.load_pem_x509_csr((tmp_path / "asked.pem").read_bytes())
    (tmp_path / "made.pem").write_bytes(pem(ROOT.sign(asked)))
    assert main(["certificate", "install", str(tmp_path / "made.pem"), *kiosk]) == 0
    assert "cabin-17 until 2099-01-01" in capsys.readouterr().out
    assert main(["certificate", "status", "--json", *kiosk]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["wrong"], shown["request_waits"]) == ("cabin-17", [], False)
    assert main(["certificate", "status", *kiosk]) == 0


def test_from_the_standard_input(
    kiosk: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = signed(capsys, kiosk)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made)))
    assert main(["certificate", "install", "-", *kiosk]) == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["request", "--set", "mqtt.kiosk_id="], "certificate_nameless"),
        (["install", "/nowhere"], "file_unusable"),
        (["renew", "--now"], "est_off"),
        (["install", "README.md"], "certificate_unreadable"),
    ],
)
def test_a_mistake_is_named(
    kiosk: list[str], capsys: pytest.CaptureFixture[str], repo: Path, words: list[str], code: str
) -> None:
    words = [str(repo / word) if word == "README.md" else word for word in words]
    assert main(["certificate", words[0], *kiosk, *words[1:]]) == 3
    err = capsys.readouterr().err
    assert f"fault:  {code}" in err
    assert "door:" in err


def test_a_first_one_and_a_renewal_by_est(
    tmp_path: Path, kiosk: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("one-time-token")
    (tmp_path / "token").chmod(0o600)
    with est_world(tmp_path, ROOT) as world:
        est = [
            *("--set", f"certificate.est_url={world.url}"),
            *("--set", "certificate.est_user=cabin-17"),
            *("--set", f"certificate.est_token_file={tmp_path / 'token'}"),
        ]
        assert main(["certificate", "renew", *kiosk, *est]) == 0
        assert main(["certificate", "renew", *kiosk, *est]) == 0
        assert "nothing to renew" in capsys.readouterr().out
        assert main(["certificate", "renew", "--now", *kiosk, *est]) == 0
        assert [one.what for one in world.asked] == ["simpleenroll", "simplereenroll"]
        assert main(["certificate", "status", *kiosk, *est]) == 0
        assert "earlier:  kept until" in capsys.readouterr().out


def test_by_the_boot_partition(tmp_path: Path, kiosk: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    boot = tmp_path / "boot"
    boot.mkdir()
    assert main(["certificate", "boot", str(boot), *kiosk]) == 0
    asked = x509.load_pem_x509_csr((boot / "cabinguard-request.pem").read_bytes())
    (boot / "cabinguard-certificate.pem").write_bytes(pem(ROOT.sign(asked, days(9999, -9000))))
    assert main(["certificate", "boot", str(boot), *kiosk]) in (0, 3), "an ended one, by a clock that is set"
    (boot / "cabinguard-certificate.pem").write_bytes(pem(ROOT.sign(asked)))
    assert main(["certificate", "boot", str(boot), *kiosk]) == 0
    assert list(boot.iterdir()) == []


# --- the key stays ------------------------------------------------------------------------------------------


def secret_lines(key: Path) -> list[bytes]:
    """Every form in which the key could be told: its lines, its number, in hex and in base64."""
    text = key.read_bytes()
    lines = [one for one in text.splitlines() if one and not one.startswith(b"-----")]
    number = base64.b64decode(b"".join(lines))
    return [*lines, number.hex().encode(), number, base64.b64encode(number[20:])]


@pytest.mark.slow
def test_no_command_gives_the_key(
    tmp_path: Path,
    kiosk: list[str],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every command that says anything of the kiosk, and every file that they make."""
    made = tmp_path / "made"
    made.mkdir()
    main(["certificate", "request", "--out", str(made / "request.pem"), *kiosk])
    asked = x509.load_pem_x509_csr((made / "request.pem").read_bytes())
    (tmp_path / "own.pem").write_bytes(pem(ROOT.sign(asked)))
    main(["certificate", "install", str(tmp_path / "own.pem"), *kiosk])
    main(["certificate", "request", "--out", str(made / "next.pem"), *kiosk])
    settings = load(None, [f"paths.data={tmp_path}"])
    keys = [current_pair(settings).key, tmp_path / "fleet" / "next" / "key.pem"]
    secrets = [form for key in keys for form in secret_lines(key)]
    monkeypatch.setattr(findings, "MODEM_WITHIN_S", 0.5)  # there is none; its wait says nothing of a key
    for words in (
        ["certificate", "request"],
        ["certificate", "status"],
        ["certificate", "status", "--json"],
        ["certificate", "install", str(keys[0])],
        ["certificate", "install", str(keys[1])],
        ["certificate", "renew"],
        ["certificate", "boot", str(made)],
        ["settings", "--show"],
        ["settings", "--show", "--json"],
        ["settings", "--check"],
        ["selftest", "--json"],
        ["debug-bundle", str(made / "bundle.tar.gz")],
        ["events"],
        ["status"],
    ):
        main([*words, *kiosk])
    capture = capfdbinary.readouterr()
    files = [one for one in made.rglob("*") if one.is_file()]
    assert made / "bundle.tar.gz" in files
    said = {"the output": capture.out, "the errors": capture.err}
    said |= {one.name: _opened(one) for one in files}
    told = [(where, form) for where, content in said.items() for form in secrets if form in content]
    assert told == []


def _opened(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


@pytest.mark.slow
def test_one_place_alone_writes_a_key_out() -> None:
    """Nothing else of a fleet turns a private key into bytes, so nothing else of it can give one away."""
    where = [
        name
        for name, tree in sources("edge")
        if name.startswith(("edge/fleet/", "edge/cli/certificate"))
        and any(isinstance(n, ast.Attribute) and n.attr.startswith("private_") for n in ast.walk(tree))
    ]
    assert where == ["edge/fleet/keys.py"]


@pytest.mark.slow
def test_no_page_report_backup_or_bundle_knows_where_a_key_is() -> None:
    """Who reads a key, or names its file: the fleet's own files, and what wipes it before a kiosk leaves."""
    reads = {
        name
        for name, tree in sources("edge", "hw")
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and node.module == "edge.fleet.keys")
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value == "key.pem")
    }
    outside = {name for name in reads if not name.startswith("edge/fleet/")}
    assert outside <= {"edge/cli/erase.py"}
    assert "edge/fleet/certificate.py" in reads
