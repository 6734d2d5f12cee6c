"""`learn`: what this site looks like, at commissioning: its empty cabin by day and by night (`--empty`), the
front of its machine (`--front`), and what is normal in it (`--normal`).
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.cli.learn_front import add_options as add_front_options
from edge.cli.learn_front import learn_front
from edge.cli.learn_normal import learn_normal
from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings, seconds
from edge.faults.fault import FaultError
from edge.service.plans import behind_masks, camera_name, look_of, open_fitted
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.terms.observation import FACE_CAMERA, CabinState
from edge.terms.printing import printable
from edge.vision.look import Look
from edge.vision.scene.commissioning import Taken, learn_from_frames, learn_from_picture
from edge.vision.scene.reference import FOLDER, Reference, add_references
from edge.vision.scene.teaching import REFUSED
from hw.bench import ClipCamera
from hw.camera.port import Camera, Frame

_PICTURES: Final = frozenset(
    [".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"]
)
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("learn", help="learn what this cabin looks like, at commissioning")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--normal",
        action="store_true",
        help="learn what is normal from some minutes in which nothing is wrong: the vacant cabin by day and "
        "by night, and visits",
    )
    what.add_argument(
        "--empty",
        action="store_true",
        help="nobody is in the cabin and its door is shut: learn what is always there. Once by day and once "
        "by night; refused where anything moves or somebody is seen",
    )
    what.add_argument(
        "--front",
        nargs="*",
        type=Path,
        metavar="PICTURE",
        help="nobody stands before the machine: learn how its front looks, from pictures at several hours of "
        "the day or from the camera itself, so that what is fixed to it or taken off is told",
    )
    add_front_options(parser)
    parser.add_argument("--camera", choices=("face", "overview"), help="only this one; else all there are")
    parser.add_argument(
        "--from",
        dest="files",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="pictures or clips of the camera instead of the camera",
    )
    parser.add_argument("--at", type=_minute, metavar="HH:MM", help="with --from: the time of day in them")
    parser.add_argument(
        "--state",
        choices=[state.value for state in CabinState],
        help="with --normal: what all of the footage is; else each picture's state is told by who is seen "
        "and how light it is",
    )
    parser.add_argument(
        "--for", dest="for_s", type=seconds, metavar="SECONDS", help="with --normal: so much of the footage"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what these cameras had learnt before")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    as_the_kiosk(settings)
    if args.normal:
        return learn_normal(args, settings)
    if args.front is not None:
        if args.files:
            raise FaultError(REFUSED, "the pictures stand behind --front; --from goes with the others")
        return _front(args, settings)
    if args.regions or args.wide:
        raise FaultError(REFUSED, "--regions and --wide go with --front")
    learnt = list(_learnt(args, settings))
    add_references(Path(settings.paths.data) / FOLDER, learnt, fresh=args.fresh)
    for reference in learnt:
        print(printable(_words(reference)))
    return 0


def _front(args: argparse.Namespace, settings: Settings) -> int:
    def taken(camera: str) -> list[Reference]:
        args.camera, args.files = camera, args.front
        return list(_learnt(args, settings))

    return learn_front(args, settings, taken)


def _learnt(args: argparse.Namespace, settings: Settings) -> Iterator[Reference]:
    """One picture after the other; the first that is refused ends it, and nothing is kept."""
    if args.files:
        camera = args.camera or FACE_CAMERA
        for path in args.files:
            clip = behind_masks(settings, ClipCamera([path], settings.camera.fps), camera)
            if path.suffix.lower() in _PICTURES:
                frame = clip.read()
                assert frame is not None, "a picture that cannot be read has been refused"
                yield learn_from_picture(frame, _look(settings, camera), camera, _taken(settings, args.at))
            else:
                taken = _taken(settings, args.at)
                yield learn_from_frames(_frames(clip), _look(settings, camera), camera, taken)
        return
    for fitted in (settings.camera, settings.overview):
        name = camera_name(fitted.role)
        if fitted.source == "none" or args.camera not in (None, name):
            continue
        camera_at_work = open_fitted(settings, fitted)
        try:
            taken = _taken(settings, None)
            yield learn_from_frames(_frames(camera_at_work), _look(settings, name), name, taken)
        finally:
            camera_at_work.close()


def _look(settings: Settings, camera: str) -> Look:
    return look_of(settings, camera)


def _frames(camera: Camera) -> Iterator[Frame]:
    while (frame := camera.read()) is not None:
        yield frame


def _taken(settings: Settings, minute: int | None, now_s: Callable[[], float] = time.time) -> Taken:
    wall_s = now_s()
    local = datetime.fromtimestamp(wall_s, zone_of(settings.cabin.timezone))
    return Taken(wall_s, local.hour * 60 + local.minute if minute is None else minute)


def _words(reference: Reference) -> str:
    height, width = reference.picture.shape
    hour, minute = divmod(reference.minute_of_day, 60)
    light = "infrared light" if reference.infrared else "visible light"
    return f"{reference.camera}: the empty cabin at {hour:02d}:{minute:02d}, {width}x{height}, {light}"


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text} is no time of day such as 14:30")
    return int(found[1]) * 60 + int(found[2])
