"""`learn --front`: teaches the machine's front, its regions and its pictures over the day."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.cli.look import SUFFIXES, read
from edge.faults.fault import FaultError
from edge.service.plans import camera_name, overseers
from edge.settings.schema import Settings
from edge.vision.scene.fronts import FOLDER, Taught, read_front, write_front
from edge.vision.scene.reference import Reference
from edge.vision.scene.teaching import REFUSED, region_from, scale_of, scaled, smallest_seen, teach


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only `--front` needs."""
    parser.add_argument(
        "--regions",
        nargs="+",
        default=[],
        metavar="NAME=X,Y,W,H",
        help="with --front: slot, keypad, bezel, hood, shutter, and screen, which is left out, in pixels of "
        "the picture; X,Y,X,Y,X,Y is a polygon. Without it the pictures are added to what is taught",
    )
    parser.add_argument(
        "--wide",
        metavar="NAME=CM",
        help="with --front: how wide a region is in centimetres, such as keypad=10.5: sizes can be told then",
    )


def learn_front(
    args: argparse.Namespace, settings: Settings, taken: Callable[[str], Sequence[Reference]]
) -> int:
    """Teaches one camera; `taken` gives its checked pictures."""
    camera = _camera(args.camera, settings)
    named = [region_from(text) for text in args.regions]
    if args.wide and not named:
        raise FaultError(REFUSED, "--wide goes with --regions")
    folder = Path(settings.paths.data) / FOLDER
    before = None if named else read_front(folder, camera)
    references = taken(camera)
    width_px = references[0].picture.shape[1]
    regions = scaled(named, width_px / (_width_px(args.front, camera, settings) or width_px))
    px_per_cm = scale_of(regions, args.wide) if args.wide else None
    taught = teach(references, camera, regions, px_per_cm, before)
    write_front(folder, taught)
    print(_words(taught))
    return 0


def _camera(asked: str | None, settings: Settings) -> str:
    seeing = sorted(overseers(settings))
    camera = asked or next(iter(seeing), "")
    if camera not in seeing:
        which = ", ".join(seeing) or "none is fitted"
        raise FaultError(REFUSED, f"the front is watched by the camera that sees the whole cabin: {which}")
    return camera


def _width_px(files: Sequence[Path], camera: str, settings: Settings) -> int | None:
    """Width of the picture that the regions are named in: the first file's, else the one set for the camera.

    None for a recording, whose pictures are as the eyes get them.
    """
    if files:
        return read(files[0]).shape[1] if files[0].suffix.lower() in SUFFIXES else None
    fitted = settings.overview if camera == camera_name(settings.overview.role) else settings.camera
    return fitted.height if fitted.rotate in (90, 270) else fitted.width


def _words(taught: Taught) -> str:
    height, width = taught.pictures[0].picture.shape
    hours = ", ".join("{:02d}:{:02d}".format(*divmod(one.minute_of_day, 60)) for one in taught.pictures)
    regions = ", ".join(f"{region.name} {region.box[2]}x{region.box[3]}" for region in taught.regions)
    return (
        f"{taught.camera}: the front at {hours}, {width}x{height}: {regions}; "
        f"changes are seen from about {smallest_seen(taught.px_per_cm)} on"
    )
