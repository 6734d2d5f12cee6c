"""The publisher's side: a repository of signed lists and archives that any HTTPS server or stick can carry.

Nothing here runs on a kiosk. Every change makes new lists, signed by the keys that are at hand: all of them
first, and only then is anything written, so that what is refused has changed nothing. They are written so
that a reader in between sees the old lists or the new ones (the one file without a number, the timestamp,
comes last).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from edge.faults.fault import FaultError
from edge.updates.keys import ROLES, NewKey, keep, new_keys
from edge.updates.lists import METADATA, TARGETS
from edge.updates.release import PLACES, Release, Stage, numbers

Kind = TypeVar("Kind", Root, Targets, Snapshot, Timestamp)

_JSON: Final = JSONSerializer(compact=False)
KEYS_MOST: Final = 16
"""Of one role."""


@dataclass(frozen=True, slots=True)
class Lives:
    """For how many days each list is good: what is signed by keys in a safe lives long."""

    root: float = 365.0
    targets: float = 180.0
    snapshot: float = 30.0
    timestamp: float = 7.0

    def of(self, role: str) -> timedelta:
        days: float = getattr(self, role)
        return timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many keys each role has, and how many of them must sign."""

    keys: Mapping[str, int] = field(
        default_factory=lambda: {"root": 3, "targets": 2, "snapshot": 1, "timestamp": 1}
    )
    signers: Mapping[str, int] = field(
        default_factory=lambda: {"root": 2, "targets": 1, "snapshot": 1, "timestamp": 1}
    )


@dataclass(frozen=True, slots=True)
class Count:
    """What kiosks said of a release."""

    ok: int
    failed: int

    @property
    def failed_percent(self) -> float:
        return 100.0 * self.failed / (self.ok + self.failed) if self.ok + self.failed else 0.0


class Publisher:
    """A repository on the disk, and the keys that are at hand."""

    def __init__(
        self,
        folder: Path,
        signers: Mapping[str, CryptoSigner],
        lives: Lives | None = None,
        now: datetime | None = None,
    ) -> None:
        self._metadata = folder / METADATA
        self._targets = folder / TARGETS
        self._signers = signers
        self._lives = lives or Lives()
        self._now = now or datetime.now(UTC)
        self._signed: dict[str, bytes] = {}
        """Lists that are signed and not written yet, by the names of their files."""

    # --- beginning ---------------------------------------------------------------------------------

    def begin(self, keys: Path, passphrase: str, thresholds: Thresholds | None = None) -> None:
        """New keys and first lists. Raises `FaultError` where a repository is there."""
        if (self._metadata / "1.root.json").exists():
            raise FaultError("file_unusable", f"{self._metadata} has lists already")
        thresholds = thresholds or Thresholds()
        root = Root(expires=self._until("root"), consistent_snapshot=True)
        made: list[NewKey] = []
        for role in ROLES:
            count, needs = thresholds.keys[role], thresholds.signers[role]
            if not 1 <= needs <= count <= KEYS_MOST:
                words = f"{role}: {needs} of {count} keys must sign; 1 of 1 to {KEYS_MOST} of {KEYS_MOST}"
                raise FaultError("release_keys_missing", words)
            of_role = new_keys(keys, [f"{role}-{number}" for number in range(1, count + 1)], passphrase)
            for key in of_role:
                root.add_key(key.signer.public_key, role)
            root.roles[role].threshold = needs
            made += of_role
        self._signers = {key.signer.public_key.keyid: key.signer for key in made}
        self._sign("root", Metadata(root), root)
        self._sign("targets", Metadata(Targets(expires=self._until("targets"))), root)
        self._new_snapshot()
        for path in (self._metadata, self._targets):
            path.mkdir(parents=True, exist_ok=True)
        keep(made)
        self._put()

    # --- releases ----------------------------------------------------------------------------------

    def add(self, archive: Path, release: Release) -> str:
        """One archive more; the name it has in the list. Raises `FaultError`."""
        try:
            msgspec.convert(msgspec.to_builtins(release), Release)
        except msgspec.ValidationError as error:
            raise FaultError("update_unreadable", str(error)) from error
        md = self._read_targets()
        name = f"cabinguard-{release.id}-{release.machine}-py{release.python_min}-{release.python_max}.tar"
        if name in md.signed.targets:
            raise FaultError("file_unusable", f"{name} is in the list already")
        target = TargetFile.from_file(name, str(archive))
        target.unrecognized_fields["custom"] = {"cabinguard": msgspec.to_builtins(release)}
        stored = self._targets / f"{target.hashes['sha256']}.{name}"
        md.signed.targets[name] = target
        self._new_targets(md)
        part = stored.with_suffix(".new")
        shutil.copyfile(archive, part)
        part.replace(stored)
        self._put()
        return name

    def promote(self, version: str, percent: int, begins_wall_s: int) -> None:
        """From a time on so many of a hundred may take it. What was planned later is dropped."""
        stage = Stage(begins_wall_s, min(PLACES, max(0, percent)))

        def widened(release: Release) -> Release:
            before = tuple(one for one in release.stages if one.begins_wall_s < begins_wall_s)
            return msgspec.structs.replace(release, stages=(*before, stage), halted="")

        self._change(version, widened)

    def halt(self, version: str, why: str) -> None:
        """Hand it out no more; kiosks that have it keep it."""
        self._change(version, lambda release: msgspec.structs.replace(release, halted=why[:200] or "halted"))

    def judge(self, counts: Mapping[str, Count], limit_percent: float, least: int) -> Sequence[str]:
        """Halt every release of which more than `limit_percent` failed, once `least` kiosks have tried it."""
        halted = []
        for release in {one.id: one for one in self.releases()}.values():
            count = counts.get(release.id)
            if count is None or release.halted or count.ok + count.failed < least:
                continue
            if count.failed_percent > limit_percent:
                why = f"{count.failed} of {count.ok + count.failed} kiosks failed"
                self.halt(release.version, why)
                halted.append(f"{release.version}: {why}")
        return halted

    def releases(self) -> Sequence[Release]:
        """Newest first."""
        customs = (target.custom for target in self._read_targets().signed.targets.values())
        found = (msgspec.convert(custom["cabinguard"], Release) for custom in customs)
        return sorted(found, key=lambda release: numbers(release.version), reverse=True)

    def _change(self, version: str, change: Callable[[Release], Release]) -> None:
        md = self._read_targets()
        hit = False
        for target in md.signed.targets.values():
            release = msgspec.convert(target.custom["cabinguard"], Release)
            if version in (release.version, release.id):
                target.unrecognized_fields["custom"] = {"cabinguard": msgspec.to_builtins(change(release))}
                hit = True
        if not hit:
            raise FaultError("update_none", f"no release {version} in the list")
        self._new_targets(md)
        self._put()

    # --- keys and times ----------------------------------------------------------------------------

    def renew(self, role: str) -> None:
        """The same list with a new end of its time, and what stands above it."""
        self._renewed(role)
        self._put()

    def _renewed(self, role: str) -> None:
        match role:
            case "timestamp":
                self._new_timestamp()
            case "snapshot":
                self._new_snapshot()
            case "targets":
                self._new_targets(self._read_targets())
            case _:
                md = self._read_root()
                self._bump(md.signed)
                self._sign("root", md, md.signed)

    def rotate(
        self, role: str, old: Sequence[str], new: Sequence[CryptoSigner], made: Sequence[NewKey] = ()
    ) -> None:
        """Take keys of a role out and put new ones in. The new root is signed by old and new root keys.

        `made`: those of the new ones that are in no file yet; they are kept once nothing can be refused any
        more, before a list names them. Raises `FaultError`; then nothing has changed.
        """
        md = self._read_root()
        before = Root.from_dict(md.signed.to_dict())
        for at, keyid in enumerate(old):
            if keyid not in before.roles[role].keyids or keyid in old[:at]:
                named = ", ".join(before.roles[role].keyids)
                raise FaultError("release_key_unusable", f"{keyid!r} is no key of {role}: {named}")
            md.signed.revoke_key(keyid, role)
        for signer in new:
            md.signed.add_key(signer.public_key, role)
        self._signers = {**self._signers, **{signer.public_key.keyid: signer for signer in new}}
        self._bump(md.signed)
        self._sign("root", md, md.signed, before)
        if role != "root":
            self._renewed(role)
        keep(made)
        self._put()

    def keyids(self, role: str) -> Sequence[str]:
        """The ids of a role's keys."""
        return list(self._read_root().signed.roles[role].keyids)

    # --- lists -------------------------------------------------------------------------------------

    def _new_targets(self, md: Metadata[Targets]) -> None:
        self._bump(md.signed)
        self._sign("targets", md, self._read_root().signed)
        self._new_snapshot()

    def _new_snapshot(self) -> None:
        name = self._newest("snapshot")
        if name:
            md = self._read(name, Snapshot)
            self._bump(md.signed)
        else:
            md = Metadata(Snapshot(expires=self._until("snapshot")))
        md.signed.meta["targets.json"] = self._meta("targets")
        self._sign("snapshot", md, self._read_root().signed)
        self._new_timestamp()

    def _new_timestamp(self) -> None:
        if (self._metadata / "timestamp.json").exists():
            md = self._read("timestamp.json", Timestamp)
            self._bump(md.signed)
        else:
            md = Metadata(Timestamp(expires=self._until("timestamp")))
        md.signed.snapshot_meta = self._meta("snapshot")
        self._sign("timestamp", md, self._read_root().signed)

    def _bump(self, signed: Root | Targets | Snapshot | Timestamp) -> None:
        signed.version += 1
        signed.expires = self._until(signed.type)

    def _until(self, role: str) -> datetime:
        return (self._now + self._lives.of(role)).replace(microsecond=0)

    def _meta(self, role: str) -> MetaFile:
        name = self._there(role)
        content = self._content(name)
        return MetaFile(_number(name), len(content), {"sha256": hashlib.sha256(content).hexdigest()})

    def _newest(self, role: str) -> str:
        """The name of the file; empty for none. Files whose names have no number are none of ours."""
        known = (*self._signed, *(path.name for path in self._metadata.glob(f"*.{role}.json")))
        return max((name for name in known if name.endswith(f".{role}.json")), key=_number, default="")

    def _content(self, name: str) -> bytes:
        return self._signed[name] if name in self._signed else (self._metadata / name).read_bytes()

    def _read_root(self) -> Metadata[Root]:
        return self._read(self._there("root"), Root)

    def _read_targets(self) -> Metadata[Targets]:
        return self._read(self._there("targets"), Targets)

    def _there(self, role: str) -> str:
        name = self._newest(role)
        if _number(name) < 1:
            raise FaultError("file_unusable", f"{self._metadata} has no {role} list; begin with init")
        return name

    def _read(self, name: str, kind: type[Kind]) -> Metadata[Kind]:
        try:
            md = Metadata[Kind].from_bytes(self._content(name))
        except DeserializationError as error:
            raise FaultError("file_unusable", f"{self._metadata / name} is no list") from error
        if not isinstance(md.signed, kind):
            raise FaultError("file_unusable", f"{self._metadata / name} is no {kind.type} list")
        return md

    def _sign(self, role: str, md: Metadata[Kind], root: Root, before: Root | None = None) -> None:
        """By every key at hand that may sign it. Raises `FaultError` where these are too few."""
        md.signatures.clear()
        for judge in (root, *(() if before is None else (before,))):
            having = [keyid for keyid in judge.roles[role].keyids if keyid in self._signers]
            if len(having) < judge.roles[role].threshold:
                need = judge.roles[role].threshold
                raise FaultError("release_keys_missing", f"{role}: {len(having)} keys here, {need} must sign")
            for keyid in having:
                md.sign(self._signers[keyid], append=True)
        name = "timestamp.json" if role == "timestamp" else f"{md.signed.version}.{role}.json"
        self._signed[name] = md.to_bytes(_JSON)

    def _put(self) -> None:
        """Write what was signed, in that order."""
        for name, content in self._signed.items():
            part = self._metadata / f".{name}.new"
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._metadata / name)
        self._signed.clear()


def _number(name: str) -> int:
    """The version in the name of a list's file; 0 for none."""
    number = name.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() else 0
