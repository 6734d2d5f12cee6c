"""The steps of the measurement: each returns the Markdown that stands in a card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2

from models.training.common import part
from models.training.faces import bands
from models.training.faces import joint as together
from models.training.faces.cases import NEVER_LEARNT, Case, Split, at_most, cases, mesh_poses, sample
from models.training.faces.judged import Judge, Said
from models.training.faces.sheet import draw
from models.training.faces.tally import balanced, percent

if TYPE_CHECKING:
    from models.training.faces.__main__ import Asked

_YUNET: Final = Path("teachers") / "yunet_2023mar.onnx"


def _cases(asked: Asked, split: Split) -> list[Case]:
    cv2.setNumThreads(1)
    poses = mesh_poses(asked.poses) if asked.poses is not None else {}
    found = cases(asked.data, split, poses=poses)
    return at_most(found, asked.most) if asked.most else found


def _new(asked: Asked) -> list[Case]:
    """What the shipped files never learnt from."""
    return _cases(asked, Split(whole=asked.new))


def _judged(judge: Judge, among: Sequence[Case], video: bool = False) -> together.Judged:
    return list(zip(among, judge.ask(among, video=video), strict=True))


def joint(asked: Asked) -> str:
    """The shipped files on groups and sources that they never saw, as stills and as one frame of video."""
    among = _new(asked)
    judge = Judge(asked.models, asked.work)
    still = _judged(judge, among)
    video = _judged(judge, [c for c in among if c.kind != "photo"], video=True)
    score, spread = balanced([(c.covered, s) for c, s in video])
    bare = together.tally(video, together.KINDS["all bare"])
    covered = together.tally(video, together.KINDS["all covered"])
    return "\n\n".join(
        (
            together.against_targets(still),
            f"One frame of video: balanced {100 * score:.2f} % (± {100 * spread:.2f}), bare called covered "
            f"{percent(bare.covered, bare.total)}, covered passed as proper "
            f"{percent(covered.proper, covered.total)}.",
            together.by_kind(still),
            together.by_source(still),
        )
    )


def folds(asked: Asked) -> str:
    """Sources that the measured files never saw; each is judged by the files that left it out."""
    if not asked.folds:
        return "No run that leaves sources out was named."
    every: list[tuple[Case, Said]] = []
    for number, (find, check, sources) in enumerate(asked.folds):
        models = asked.work / f"fold-{number}"
        _join(find, check, models)
        every += _judged(Judge(models, asked.work), _cases(asked, Split(only=sources)))
    return "\n\n".join((together.against_targets(every), together.by_kind(every), together.by_source(every)))


def _join(find: Path, check: Path, to: Path) -> None:
    """A folder with the finder of one run and the check of another."""
    to.mkdir(parents=True, exist_ok=True)
    for folder, name in ((find, "face_find"), (check, "face_check")):
        for suffix in ("tflite", "json"):
            link = to / f"{name}.{suffix}"
            link.unlink(missing_ok=True)
            link.symlink_to((folder / link.name).resolve())


def peer(asked: Asked) -> str:
    """YuNet as the finder before the same check, on the same faces."""
    among = _new(asked)
    lines = [
        "| finder | balanced, not found counts as wrong | bare not found | covered not found |",
        "|---|--:|--:|--:|",
    ]
    for name, teacher in (("face_find", None), ("YuNet", asked.data / _YUNET)):
        judged = _judged(Judge(asked.models, asked.work, teacher), [c for c in among if c.kind != "photo"])
        score, spread = balanced([(c.covered, s) for c, s in judged])
        cells = [f"{100 * score:.2f} % (± {100 * spread:.2f})"]
        for kind in ("all bare", "all covered"):
            one = together.tally(judged, together.KINDS[kind])
            cells.append(f"{percent(one.missed, one.total)} of {one.total}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def views(asked: Asked) -> str:
    """By view: what is done to a picture, and how people stand in the pictures as they are."""
    among = _new(asked)
    judge = Judge(asked.models, asked.work)
    made = list(bands.of_views(judge, among, asked.each))
    posed = list(bands.of_pose(_judged(judge, among)))
    return f"{bands.table([*made, *posed])}\n\n{bands.worst([*made, *posed])}"


def people(asked: Asked) -> str:
    """By group of people; skin by all portraits, and by those that no run learnt from."""
    among = _new(asked)
    judge = Judge(asked.models, asked.work)
    judged = _judged(judge, among)
    by_eye = list(bands.of_people(judged, asked.data))
    everybody = cases(asked.data, Split(only=("braun-steven", NEVER_LEARNT[0])), ("identity",))
    band, sure = bands.tone_bands(everybody)
    tone = bands.of_tone(judged, band)
    if asked.every_portrait:
        of_band = {name: [c for c in everybody if band.get(c.person) == name] for name in set(band.values())}
        everybody = [c for some in of_band.values() for c in sample(some, asked.every_portrait)]
    all_tones = bands.of_tone(_judged(judge, everybody), band)
    learnt = sum(part(c.group) != "test" and c.owner not in NEVER_LEARNT for c in everybody) / len(everybody)
    return "\n\n".join(
        (
            bands.table([*by_eye, *tone]),
            bands.worst([*by_eye, *tone]),
            f"Skin on {len(everybody)} of all portraits, {100 * learnt:.0f} % of which were learnt from. Of "
            f"the variance of one picture's angle {100 * sure:.0f} % lies between people:",
            bands.table(all_tones),
        )
    )


def found(asked: Asked) -> str:
    """How often neither finder finds a face, by view: ours and YuNet on the same pictures."""
    among = _new(asked)
    lines = ["| | band | bare: ours | YuNet | covered: ours | YuNet |", "|---|---|--:|--:|--:|--:|"]
    ours = bands.of_views(Judge(asked.models, asked.work), among, asked.each)
    theirs = bands.of_views(Judge(asked.models, asked.work, asked.data / _YUNET), among, asked.each)
    for one, other in zip(ours, theirs, strict=True):
        cells = [percent(t.missed, t.total) for t in (one.bare, other.bare, one.covered, other.covered)]
        lines.append(f"| {one.group} | {one.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def failures(asked: Asked) -> str:
    """Draws what is still wrong, for both cards."""
    among = _new(asked)
    judged = _judged(Judge(asked.models, asked.work), among)
    return draw(judged, asked.cards)
