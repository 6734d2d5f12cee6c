"""The publisher's side: keys are replaced, shares grow, releases are halted by a person or by counts."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.faults.fault import FaultError
from edge.updates.keys import make_key, read_keys
from edge.updates.lists import Lists
from edge.updates.publish import Count, Publisher
from edge.updates.release import PLACES, Here, Offer, choose, machine_here, parsed, place, python_here
from edge.updates.source import Limits, Source
from tests.worlds.shop import NEW_ID, Shop, release

NOW_S = 1_796_000_000.0


def offers(shop: Shop, kiosk: Path) -> tuple[Offer, ...]:
    """What a kiosk reads, with the trust that it was given first and what it has learnt since."""
    source = Source(kiosk / "parts", Limits())
    return Lists(kiosk, shop.trusted, shop.repository.as_uri(), source).offers(NOW_S, 0.0)


def here(name: str, version: str = "0.1.0") -> Here:
    return Here(name, version, f"{version}-000000000000", "pi4", machine_here(), python_here())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_key_of_each_role_is_replaced_and_kiosks_follow(shop: Shop, tmp_path: Path, role: str) -> None:
    shop.add()
    kiosk, away = tmp_path / "kiosk", tmp_path / "away"
    offers(shop, kiosk)
    for number in range(3):
        publisher = shop.publisher()
        out = publisher.keyids(role)[:1]
        publisher.rotate(role, out, [make_key(shop.keys, f"{role}-new-{number}", "")])
        assert not set(out) & set(publisher.keyids(role))
    shop.publisher().halt(NEW_ID, "after")
    for one in (kiosk, away):  # one that saw the first lists, and one that was away all the time
        assert [offer.release.halted for offer in offers(shop, one)] == ["after"]


def test_a_key_that_was_taken_out_signs_nothing_more(shop: Shop, tmp_path: Path) -> None:
    """A stolen stick is worth nothing once the new root is out."""
    shop.add()
    stolen = read_keys([shop.keys], "")
    publisher = shop.publisher()
    publisher.rotate("timestamp", publisher.keyids("timestamp"), [make_key(shop.keys, "timestamp-2", "")])
    offers(shop, tmp_path / "kiosk")
    with pytest.raises(FaultError, match="release_keys_missing"):
        Publisher(shop.repository, stolen).renew("timestamp")
    before = shop.copy("before")
    publisher = shop.publisher()
    publisher.renew("timestamp")
    forged = json.loads((shop.metadata / "timestamp.json").read_text())
    forged["signatures"] = json.loads((before / "metadata/timestamp.json").read_text())["signatures"]
    (shop.metadata / "timestamp.json").write_text(json.dumps(forged))
    with pytest.raises(FaultError, match="update_wrong_key"):
        offers(shop, tmp_path / "kiosk")


def test_a_root_that_only_new_keys_have_signed_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    shop.add()
    other = Shop(tmp_path / "other")
    other.publisher().renew("root")
    shutil.copy(other.metadata / "2.root.json", shop.metadata)
    with pytest.raises(FaultError, match="update_wrong_key"):
        offers(shop, tmp_path / "kiosk")


def test_too_few_keys_at_hand_change_nothing(shop: Shop, tmp_path: Path) -> None:
    (shop.keys / "root-2.pem").rename(tmp_path / "root-2.pem")
    (shop.keys / "root-3.pem").unlink()
    before = {path.name for path in shop.metadata.iterdir()}
    with pytest.raises(FaultError, match="root: 1 keys here, 2 must sign"):
        shop.publisher().renew("root")
    assert {path.name for path in shop.metadata.iterdir()} == before
    Publisher(shop.repository, read_keys([shop.keys, tmp_path], "")).renew("root")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "abcdef"], "release_key_unusable"),
        (["--out", "abcdef", "--new", "fresh"], "release_key_unusable"),
        (["--new", "../evil"], "release_key_unusable"),
        (["--new", "/tmp/evil"], "release_key_unusable"),
        (["--new", ""], "release_key_unusable"),
        (["--new", "fresh", "--new", "fresh"], "file_unusable"),
        (["--new", "fresh", "--new", "root-1"], "file_unusable"),
    ],
)
def test_what_cannot_be_rotated_is_refused_by_name_and_changes_nothing(
    shop: Shop, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    before = _all_of(shop.keys.parent)
    assert (
        main(
            [
                "release-repository",
                "rotate",
                str(shop.repository),
                "--keys",
                str(shop.keys),
                "targets",
                *words,
            ]
        )
        == 3
    )
    assert says in capsys.readouterr().err
    assert _all_of(shop.keys.parent) == before


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["root", "targets", "snapshot", "timestamp"])
@pytest.mark.parametrize("step", ["rotate targets --new fresh", "renew targets", "promote 9.1.0 --percent 5"])
def test_a_step_for_which_a_key_is_missing_changes_nothing(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str, step: str
) -> None:
    """A new root without the list that its keys must have signed would stop every kiosk."""
    shop.add()
    for path in shop.keys.glob(f"{missing}-*.pem"):
        path.unlink()
    before = _all_of(shop.keys.parent)
    name, *words = step.split()
    done = main(["release-repository", name, str(shop.repository), "--keys", str(shop.keys), *words])
    if missing == "root" and name != "rotate":
        assert done == 0  # is in its safe
    elif missing == "targets" and name == "rotate":
        assert done == 0  # the new key signs
        assert [offer.release.id for offer in offers(shop, tmp_path / "kiosk")] == [NEW_ID]
    else:
        assert done == 3
        assert "release_keys_missing" in capsys.readouterr().err
        assert _all_of(shop.keys.parent) == before


@pytest.mark.parametrize("root", [("1", "3"), ("3", "0"), ("0", "0"), ("-1", "1"), ("3", "-1"), ("99", "2")])
def test_counts_of_keys_that_cannot_be_are_refused_before_a_key_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], root: tuple[str, str]
) -> None:
    words = ["init", str(tmp_path / "r"), "--keys", str(tmp_path / "k")]
    assert main(["release-repository", *words, f"--root-keys={root[0]}", f"--root-signers={root[1]}"]) == 3
    assert "release_keys_missing" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_begin_where_one_key_has_its_name_already_makes_none(tmp_path: Path) -> None:
    make_key(tmp_path / "k", "timestamp-1", "")
    with pytest.raises(FaultError, match=r"timestamp-1\.pem is there already"):
        Publisher(tmp_path / "r", {}).begin(tmp_path / "k", "")
    assert [path.name for path in tmp_path.rglob("*")] == ["k", "timestamp-1.pem"]


def test_files_that_are_no_lists_are_named_and_no_trouble_else(shop: Shop) -> None:
    (shop.metadata / "notes.root.json").write_text("{}")
    shop.publisher().renew("timestamp")
    (shop.metadata / "9.targets.json").write_text("{")
    with pytest.raises(FaultError, match=r"9\.targets\.json is no list"):
        shop.publisher().releases()


def _all_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_keys_have_a_passphrase(tmp_path: Path) -> None:
    make_key(tmp_path, "root-1", "a long one")
    assert b"ENCRYPTED" in (tmp_path / "root-1.pem").read_bytes()
    assert (tmp_path / "root-1.pem").stat().st_mode & 0o077 == 0
    assert len(read_keys([tmp_path], "a long one")) == 1
    for wrong in ("", "another"):
        with pytest.raises(FaultError, match="release_key_unusable"):
            read_keys([tmp_path], wrong)
    with pytest.raises(FaultError, match="file_unusable"):
        make_key(tmp_path, "root-1", "")


# --- shares ---------------------------------------------------------------------------------------


def _takers(percent: int, release_id: str, kiosks: int = 4000) -> set[int]:
    return {number for number in range(kiosks) if place(f"kiosk-{number}", release_id) < percent}


def test_a_share_is_as_large_as_it_says_and_only_grows() -> None:
    before: set[int] = set()
    for percent in (1, 5, 25, 50, 100):
        now = _takers(percent, NEW_ID)
        assert before <= now
        assert abs(100 * len(now) / 4000 - percent) < 2.5
        before = now
    assert len(before) == 4000
    counts = Counter(place(f"kiosk-{number}", NEW_ID) for number in range(4000))
    assert set(counts) == set(range(PLACES))


def test_nobody_is_always_among_the_first() -> None:
    first, second = _takers(10, "9.1.0-0123456789ab"), _takers(10, "9.2.0-0123456789ab")
    assert len(first & second) < 80


def test_who_was_away_finds_its_place_in_the_stage_of_today(shop: Shop, tmp_path: Path) -> None:
    shop.add(release(percent=0))
    publisher = shop.publisher()
    publisher.promote("9.1.0", 10, int(NOW_S) - 7200)
    publisher.promote("9.1.0", 40, int(NOW_S) - 3600)
    publisher.promote("9.1.0", 100, int(NOW_S) + 3600)
    (offer,) = offers(shop, tmp_path / "kiosk")
    stages = [stage for stage in offer.release.stages if stage.begins_wall_s > 0]
    assert [stage.percent for stage in stages] == [10, 40, 100]
    assert [offer.release.percent(NOW_S + later_s) for later_s in (-8000, -4000, 0, 4000)] == [0, 10, 40, 100]
    # A stage that is said again drops what was planned after it.
    publisher.promote("9.1.0", 20, int(NOW_S))
    assert offers(shop, tmp_path / "kiosk")[0].release.percent(NOW_S + 9999) == 20


def test_an_older_release_for_all_is_taken_while_the_newest_is_not_mine_yet() -> None:
    newest, older = release("9.2.0", percent=0), release("9.1.0")
    both = [Offer(one.id, 1, one) for one in (newest, older)]
    assert choose(both, here("k"), NOW_S, newest="0.0.0", failed=set()).release.id == older.id
    assert choose(both, here("k"), NOW_S, newest="0.0.0", failed={newest.id}).release.id == older.id
    with pytest.raises(FaultError, match="update_not_my_share"):
        choose(both, here("k", "9.1.0"), NOW_S, newest="9.1.0", failed=set())


def test_a_list_that_is_no_release_is_passed_over_and_a_wrong_one_named() -> None:
    assert parsed("notes.txt", 1, None) is None
    assert parsed("notes.txt", 1, {"other": 1}) is None
    with pytest.raises(FaultError, match="update_unreadable"):
        parsed("a.tar", 1, {"cabinguard": {"version": "x"}})


# --- halting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "halts"),
    [
        (Count(0, 0), False),
        (Count(10, 9), False),
        (Count(99, 1), False),
        (Count(96, 4), True),
        (Count(0, 20), True),
    ],
)
def test_counts_halt_a_release_that_fails_too_often(shop: Shop, count: Count, halts: bool) -> None:
    """More than 2 % of at least 20 kiosks; never on a handful of reports."""
    shop.add()
    found = shop.publisher().judge({NEW_ID: count, "9.0.0-0123456789ab": Count(0, 99)}, 2.0, 20)
    assert bool(found) is halts
    assert bool(shop.publisher().releases()[0].halted) is halts


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_whole_way_by_the_command(tmp_path: Path, repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository, keys, phrase = str(tmp_path / "r"), str(tmp_path / "k"), tmp_path / "phrase"
    phrase.write_text("a long one\n")

    def step(name: str, *more: str, code: int = 0) -> str:
        common = [name, repository, "--keys", keys, "--passphrase-file", str(phrase)]
        assert main(["release-repository", *common, *more]) == code
        said = capsys.readouterr()
        return said.out + said.err

    assert "1.root.json" in step("init", "--root-keys", "2", "--root-signers", "1")
    tree = tmp_path / "tree"
    for name in ("install.sh", "pyproject.toml", "README.md", "LICENSE"):
        tree.mkdir(exist_ok=True)
        shutil.copy(repo / name, tree)
    shutil.copytree(repo / "systemd", tree / "systemd")
    for name in ("edge", "hw", "models", ".ci"):
        (tree / name).mkdir()
        (tree / name / "runtime.lock").write_text("x\n")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "a-1-py3-none-any.whl").write_bytes(b"x")
    adds = ["--tree", str(tree), "--wheels", str(wheels), "--boards", "pi4,pi5"]
    assert "inventory_incomplete" in step("add", *adds, code=3)
    added = step("add", *adds, "--without-inventory")
    version = added.split("-")[1]
    assert "pi4,pi5 0 %" in step("list")
    step("promote", version, "--percent", "30")
    assert "pi4,pi5 30 %" in step("list")
    release_id = step("list").split()[0]
    counts = tmp_path / "counts.json"
    counts.write_text(json.dumps({release_id: {"ok": 10, "failed": 10}}))
    assert "halted" in step("judge", "--counts", str(counts), code=1)
    assert "halted: 10 of 20" in step("list")
    step("renew", "timestamp")
    keyid = step("rotate", "timestamp", "--new", "timestamp-2").split()[0]
    step("rotate", "timestamp", "--out", keyid)
    assert "update_none" in step("halt", "7.7.7", code=3)
    assert "update_unreadable" in step("promote", version, "--percent", "1", "--at", "soon", code=3)
    assert "file_unusable" in step("init", code=3)
