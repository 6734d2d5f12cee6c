"""What is refused by which name, over HTTPS and from a stick; and that nothing was changed by it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from edge.__main__ import main
from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.settings.schema import Paths, Settings
from edge.settings.updating import UpdateSettings
from edge.terms.update import UpdateState
from edge.updates import job as job_module
from edge.updates import package, state
from edge.updates.job import Job
from edge.updates.machine import Machine
from edge.updates.publish import Lives, Thresholds
from edge.updates.release import Stage, place
from edge.updates.source import Limits
from tests.worlds.shop import NEW_ID, Misbehaving, Shop, endless, https, release, slow

NOON = 1_796_000_000.0
OLD_ID = "0.0.1-000000000000"


class Untouched(Machine):
    """A machine that says whether it may change, and must not be changed."""

    says = ""

    def may_change(self, *, restart: bool) -> None:
        if self.says:
            raise FaultError(self.says)

    def install(self, tree: Path, step: str, *more: str) -> str:
        raise AssertionError(f"{step} although it was refused")


class Site(NamedTuple):
    """A kiosk and where it looks."""

    shop: Shop
    job: Job
    card: Path
    stick: Path

    def refused(
        self, code: str, act: Callable[[Job], object] = lambda job: job.apply(any_time=True)
    ) -> FaultError:
        """It is refused under this name, shown so, and no file of program, settings or record is another."""
        assert code in CATALOGUE
        before = _files(self.card)
        with pytest.raises(FaultError) as caught:
            act(self.job)
        assert caught.value.code == code, caught.value
        assert _files(self.card) == before
        shown = state.shown(Path(self.job.settings.paths.runtime))
        assert shown is not None
        assert shown.failed_code == code
        return caught.value


def _files(card: Path) -> dict[str, str]:
    return {
        str(path.relative_to(card)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("opt", "etc", "var/lib/cabinguard")
        for path in sorted((card / folder).rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def site_of(
    folder: Path, shop: Shop, url: str, ca_file: str = "", wall_s: Callable[[], float] | None = None
) -> Site:
    card = folder / "card"
    (card / "opt/cabinguard/versions" / OLD_ID).mkdir(parents=True)
    (card / "opt/cabinguard/current").symlink_to(f"versions/{OLD_ID}")
    for name, text in (("etc/machine-id", "kiosk-7\n"), ("etc/cabinguard/kiosk.toml", "[cabin]\n")):
        (card / name).parent.mkdir(parents=True, exist_ok=True)
        (card / name).write_text(text)
    (card / "var/lib/cabinguard").mkdir(parents=True)
    (card / "run").mkdir()
    root_file = folder / "update-root.json"
    root_file.write_bytes(shop.trusted)
    settings = Settings(
        paths=Paths(data=str(card / "var/lib/cabinguard"), runtime=str(card / "run")),
        update=UpdateSettings(automatic=True, ca_file=ca_file, root_file=str(root_file), health_s=30),
    )
    machine = Untouched(card, card / "run", card / "etc/cabinguard/kiosk.toml")
    job = Job(settings, machine, url, pause=lambda pause_s: None)
    if wall_s is not None:
        job = Job(settings, machine, url, wall_s, lambda pause_s: None)
    return Site(shop, job, card, shop.repository)


@contextlib.contextmanager
def visited(
    folder: Path,
    way: str,
    misbehave: Misbehaving | None = None,
    thresholds: Thresholds | None = None,
    wall_s: Callable[[], float] | None = None,
) -> Iterator[Site]:
    shop = Shop(folder / "shop", thresholds)
    if way == "stick":
        yield site_of(folder, shop, shop.repository.as_uri(), wall_s=wall_s)
        return
    with https(shop, folder, misbehave) as (url, ca_file, _):
        yield site_of(folder, shop, url, str(ca_file), wall_s)


WAYS = pytest.mark.parametrize("way", [pytest.param("https", marks=pytest.mark.slow), "stick"])
"""Over TLS the same is read as from a stick; what only a server can do is tried in the fast lane too."""


@WAYS
def test_what_is_signed_and_meant_for_it_is_offered(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        assert site.job.check().release.id == NEW_ID
        assert state.read(site.job.folder).offered == NEW_ID


# --- the lists ------------------------------------------------------------------------------------


@WAYS
def test_a_wrong_key(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        evil = Shop(tmp_path / "evil")
        evil.add(release("9.9.9"))
        shutil.copytree(evil.repository, site.shop.repository, dirs_exist_ok=True)
        site.refused("update_wrong_key")


@WAYS
def test_too_few_keys(tmp_path: Path, way: str) -> None:
    two = {"root": 3, "targets": 2, "snapshot": 1, "timestamp": 2}
    signers = {"root": 2, "targets": 1, "snapshot": 1, "timestamp": 2}
    with visited(tmp_path, way, thresholds=Thresholds(two, signers)) as site:
        site.shop.add()
        path = site.shop.metadata / "timestamp.json"
        content = json.loads(path.read_text())
        del content["signatures"][0]
        path.write_text(json.dumps(content))
        assert "1/2" in site.refused("update_too_few_keys").detail


@WAYS
def test_older_lists(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        before = site.shop.copy("before")
        site.shop.publisher().halt(NEW_ID, "bad")
        site.refused("update_halted")
        site.shop.put_back(before, "timestamp.json")
        site.refused("update_older")


@WAYS
def test_an_older_release(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add(release("0.0.1"))
        site.refused("update_older")
        # One that was installed and taken back by hand is not undercut either.
        site.shop.add(release("8.0.0"))
        site.job.folder.mkdir(exist_ok=True)
        kept = state.read(site.job.folder)
        state.write(site.job.folder, msgspec.structs.replace(kept, newest="9.0.0"))
        assert "9.0.0 was installed" in site.refused("update_older").detail


@WAYS
def test_lists_whose_time_is_over(tmp_path: Path, way: str) -> None:
    """A server that holds newer lists back cannot do so for longer than the timestamp lives."""
    with visited(tmp_path, way) as site:
        site.shop.add()
        site.shop.publisher(ago_days=30, lives=Lives()).renew("timestamp")
        site.refused("update_expired")
        site.shop.publisher().renew("timestamp")
        assert site.job.check().release.id == NEW_ID


@WAYS
def test_lists_that_do_not_belong_together(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        newest = max(
            site.shop.metadata.glob("*.snapshot.json"), key=lambda path: int(path.name.split(".")[0])
        )
        older = site.shop.metadata / "1.snapshot.json"
        site.shop.publisher().halt(NEW_ID, "bad")
        number = int(newest.name.split(".")[0]) + 1
        shutil.copy(older, site.shop.metadata / f"{number}.snapshot.json")
        site.refused("update_mixed")


@WAYS
@pytest.mark.parametrize("wall_s", [0.0, 1_700_000_000.0])
def test_a_clock_that_was_never_set(tmp_path: Path, way: str, wall_s: float) -> None:
    with visited(tmp_path, way, wall_s=lambda: wall_s) as site:
        site.shop.add()
        site.refused("update_clock_unset")


@WAYS
def test_a_clock_that_was_set_back(tmp_path: Path, way: str) -> None:
    """Or old lists would be fresh again."""
    with visited(tmp_path, way, wall_s=lambda: NOON) as site:
        site.shop.add()
        site.job.folder.mkdir()
        state.write(site.job.folder, state.State(seen_wall_s=NOON + 3 * 86400))
        site.refused("update_clock_unset")


@WAYS
def test_a_server_or_stick_that_is_away(tmp_path: Path, way: str) -> None:
    shop = Shop(tmp_path / "shop")
    if way == "https":
        with https(shop, tmp_path) as (url, ca_file, _):
            pass
        site = site_of(tmp_path, shop, url, str(ca_file))
    else:
        site = site_of(tmp_path, shop, (tmp_path / "no stick").as_uri())
    site.refused("update_away")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "socket", "folder", "link to a device"])
@pytest.mark.parametrize("name", ["timestamp.json", "archive"])
def test_what_is_no_regular_file_on_a_stick_is_not_opened(tmp_path: Path, kind: str, name: str) -> None:
    """A pipe would be waited for without an end; opening a device may do something."""
    with visited(tmp_path, "stick") as site:
        site.shop.add()
        path = site.shop.archive() if name == "archive" else site.shop.metadata / name
        path.unlink()
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "link to a pipe":
                os.mkfifo(tmp_path / "pipe")
                path.symlink_to(tmp_path / "pipe")
            case "socket":
                with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as one:
                    one.bind(path.name[-90:])
                    Path(path.name[-90:]).rename(path)
            case "folder":
                path.mkdir()
            case _:
                path.symlink_to("/dev/zero")
        assert "is no regular file" in site.refused("update_away").detail


def test_a_stick_that_is_too_slow_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "Limits", lambda archive_s: Limits(archive_s=-1.0))
    with visited(tmp_path, "stick") as site:
        site.shop.add()
        site.refused("update_slow")


def test_a_server_that_nobody_vouches_for(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.add()
    with https(shop, tmp_path) as (url, _, _asked):
        site = site_of(tmp_path, shop, url)
        assert "CERTIFICATE_VERIFY_FAILED" in site.refused("update_away").detail


# --- the archive ----------------------------------------------------------------------------------


@WAYS
def test_an_archive_that_was_cut(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        archive = site.shop.archive()
        archive.write_bytes(archive.read_bytes()[:-1])
        site.refused("update_truncated")


@WAYS
def test_an_archive_that_was_changed(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        archive = site.shop.archive()
        content = bytearray(archive.read_bytes())
        content[100] ^= 1
        good = archive.read_bytes()
        archive.write_bytes(content)
        site.refused("update_wrong_hash")
        # The bad one is not kept and gone on with: the next look refuses it for what is in it.
        archive.write_bytes(good)
        site.refused("update_package")


@WAYS
def test_an_archive_that_is_signed_and_no_release(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        site.refused("update_package")


@pytest.mark.parametrize("name", ["timestamp.json", "archive"])
@WAYS
def test_data_without_an_end(tmp_path: Path, way: str, name: str) -> None:
    def one(handler: object, path: Path) -> bool:
        wanted = path.name == name if name != "archive" else path.suffix == ".tar"
        return wanted and endless(handler, path)  # type: ignore[arg-type]

    with visited(tmp_path, way, one) as site:
        site.shop.add()
        if way == "stick":
            path = site.shop.archive() if name == "archive" else site.shop.metadata / name
            with path.open("ab") as file:
                file.truncate(1 << 30)
        site.refused("update_endless")


@pytest.mark.slow
def test_a_server_that_sends_a_byte_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "Limits", lambda archive_s: Limits(archive_s=1.5))
    with visited(tmp_path, "https", slow) as site:
        site.shop.add()
        site.refused("update_slow")


@pytest.mark.slow
def test_what_broke_off_goes_on_where_it_ended(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    content = bytes(range(256)) * 4000
    shop.add(content=content)
    cut = 300_000

    def breaks_off(handler: object, path: Path) -> bool:
        if path.suffix != ".tar" or handler.headers.get("Range"):  # type: ignore[attr-defined]
            return False
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", str(len(content)))  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(content[:cut])  # type: ignore[attr-defined]
        handler.close_connection = True  # type: ignore[attr-defined]
        return True

    with https(shop, tmp_path, breaks_off) as (url, ca_file, server):
        site = site_of(tmp_path, shop, url, str(ca_file))
        site.refused("update_away")
        site.refused("update_package")
        assert [asked for asked in server.asked if "bytes=" in asked] == [
            f"/targets/{shop.archive().name} bytes={cut}-"
        ]


@WAYS
def test_a_full_disk(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        full = shutil.disk_usage(tmp_path)._replace(free=20 * package.MB)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
        assert "20 MB are free" in site.refused("update_disk_full").detail


# --- whether it is meant, and now -------------------------------------------------------------------


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize(
    "changes",
    [{"boards": ("pi3", "pi4")}, {"machine": "riscv64"}, {"python_min": "3.99", "python_max": "3.99"}],
)
def test_another_board(tmp_path: Path, way: str, changes: dict[str, object]) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add(msgspec.structs.replace(release(), **changes))
        site.refused("update_other_board")


@WAYS
def test_halted(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        site.shop.publisher().halt("9.1.0", "3 of 40 failed")
        assert "3 of 40" in site.refused("update_halted").detail


@WAYS
def test_not_my_share_yet(tmp_path: Path, way: str) -> None:
    mine = place("kiosk-7", NEW_ID)
    with visited(tmp_path, way, wall_s=lambda: NOON) as site:
        later = Stage(int(NOON) + 3600, mine + 1)
        site.shop.add(msgspec.structs.replace(release(), stages=(Stage(0, mine), later)))
        site.refused("update_not_my_share")
    with visited(tmp_path / "later", way, wall_s=lambda: NOON + 3600) as site:
        site.shop.add(msgspec.structs.replace(release(), stages=(Stage(0, mine), later)))
        assert site.job.check().release.id == NEW_ID


@WAYS
def test_already_failed_here(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        site.shop.add()
        site.job.folder.mkdir()
        state.write(site.job.folder, state.State(failed={NEW_ID: "no pictures"}))
        site.refused("update_failed_here")


def _staged(site: Site, says: str = "") -> None:
    """As if the release were installed beside already, and its settings fit."""
    site.shop.add()
    home = site.card / "opt/cabinguard/versions" / NEW_ID
    (home / "bin").mkdir(parents=True)
    (home / "complete").touch()
    program = home / "bin" / "cabinguard"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    machine = site.job.machine
    assert isinstance(machine, Untouched)
    machine.says = says


def test_the_timer_looks_for_nothing_where_the_site_has_not_asked_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CABINGUARD_ROOT", str(tmp_path))
    folder = ["--set", f"update.folder={tmp_path}", "--set", f"paths.runtime={tmp_path}"]
    always = [*folder, "--set", "update.window=00:00-00:00"]
    assert main(["update", "--nightly", *always]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["update", "--nightly", *always, "--set", "update.automatic=true"]) == 3
    assert "update_off" in capsys.readouterr().err, "it looks now, and was given no place"


@WAYS
def test_not_the_window(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way, wall_s=lambda: NOON) as site:
        _staged(site)
        assert not site.job.in_window()
        site.refused("update_not_now", lambda job: job.apply(any_time=False))
        assert site.job.status().last.state is UpdateState.WAITING


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("code", ["update_somebody", "update_door_locked", "update_fire", "update_in_use"])
def test_not_while_the_cabin_is_in_use(
    tmp_path: Path, way: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visited(tmp_path, way) as site:
        _staged(site, code)
        monkeypatch.setattr(Untouched, "vitals", lambda machine, *, tried: None)
        site.refused(code)


@WAYS
def test_settings_that_the_new_version_cannot_use(tmp_path: Path, way: str) -> None:
    with visited(tmp_path, way) as site:
        _staged(site)
        program = site.card / "opt/cabinguard/versions" / NEW_ID / "bin" / "cabinguard"
        program.write_text("#!/bin/sh\necho 'flow.gone_s: no such setting' >&2\nexit 3\n")
        assert "gone_s" in site.refused("update_settings").detail


def test_a_root_that_forgets(tmp_path: Path) -> None:
    """Before anything is fetched: a hundred megabytes every night for nothing would be dear."""
    with visited(tmp_path, "stick") as site:
        site.shop.add()
        (site.card / "proc").mkdir()
        (site.card / "proc/mounts").write_text(
            "/dev/p2 /media/root-ro ext4 ro 0 0\noverlayroot / overlay rw 0 0\n"
        )
        site.refused("update_root_lost")


def test_a_second_update_at_the_same_time(tmp_path: Path) -> None:
    with visited(tmp_path, "stick") as site:
        site.job.folder.mkdir()
        handle = os.open(site.job.folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(FaultError, match="update_busy"):
            site.job.check()
        os.close(handle)
        site.shop.add()
        assert site.job.check().release.id == NEW_ID


def test_no_place_and_no_first_keys(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
    site_of(tmp_path / "1", shop, "").refused("update_off")
    site = site_of(tmp_path / "2", shop, shop.repository.as_uri())
    Path(site.job.settings.update.root_file).unlink()
    site.refused("update_root_missing")
