"""`look`: judges still pictures, one line each, in the order in which they were named."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import msgspec

from edge.bench.terminal import escapes_wanted
from edge.cli.heat import Heat
from edge.cli.options import Commands, add_settings_options, load_settings
from edge.cli.stages import Chain
from edge.faults.explain import explain
from edge.settings.drawn import masks_of
from edge.settings.places import model_dir
from edge.terms.observation import FACE_CAMERA, CabinState, Face, Thing
from edge.terms.printing import printable
from edge.vision.whole import Missing, Whole, open_whole
from hw.board import decoded_picture, masked_picture
from hw.camera.port import FOREIGN_SUFFIXES, ColourPicture

SUFFIXES: Final = frozenset(
    [".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"]
)
"""What is taken for a picture inside a folder; a file that is named itself is always tried."""

_TRIED: Final = SUFFIXES | FOREIGN_SUFFIXES

SMALLEST_PX: Final = 32
LARGEST_PX: Final = 12_000_000
_TOO_LARGE: Final = f"larger than {LARGEST_PX // 1_000_000} megapixels"
_BAR: Final = 30


class Unreadable(Exception):
    """A file that gives no picture, and why."""


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("look", help="judge pictures or folders of pictures")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture or a folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture")
    parser.add_argument(
        "--stages",
        type=Path,
        metavar="DIR",
        help="write what each stage of the chain of filters makes of it, and a sheet of all; see [vision]",
    )
    parser.add_argument(
        "--heat",
        type=Path,
        metavar="DIR",
        help="write how unlike what was learnt of this cabin each place is; see learn --normal",
    )
    parser.add_argument(
        "--state",
        choices=[state.value for state in CabinState],
        help="with --heat: what the pictures show; else it is told by who is seen",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    chain = Chain(settings, args.stages)  # a folder that cannot be is told before anything is opened
    heat = Heat(settings, args.heat, args.state)
    masks = masks_of(settings, FACE_CAMERA)  # as the camera at the machine sees them
    whole = open_whole(model_dir(settings), settings.face.covers)
    missing = (*whole.missing, *chain.missing)
    for fault in missing:
        print(explain(fault.code, fault.detail), file=sys.stderr)
    files = list(pictures(args.paths))
    failed = 0
    bar = not args.json or not sys.stdout.isatty()
    for index, (path, trouble) in enumerate(files):
        try:
            if trouble:
                raise Unreadable(trouble)
            picture = masked_picture(read(path), masks)
            seen = whole.look(picture)
            answer = describe(path, seen, missing)
            chain.add(answer, path, picture, seen.looked.faces)
            heat.add(answer, path, picture, seen)
        except Unreadable as error:
            failed += 1
            answer = {"path": shown_path(path), "error": str(error)}
        _clear_bar()
        if args.json:
            print(msgspec.json.encode(answer).decode(), flush=True)
        else:
            print(_line(answer), flush=True)
        if bar:
            _draw_bar(index + 1, len(files), failed)
    _clear_bar()
    return 1 if failed else 0


def pictures(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Files as named, folders as the pictures in them by name, with their folders; and what is wrong.

    That is empty for everything that may be read; a folder that cannot be entered, or has no picture, is
    answered itself.
    """
    for path in paths:
        if _is_folder(path):
            yield from sorted(_in_folder(path)) or [(path, "no pictures in this folder")]
        else:
            yield path, ""


def _in_folder(folder: Path) -> Iterator[tuple[Path, str]]:
    refused: list[OSError] = []
    for inside, _, names in os.walk(folder, onerror=refused.append):
        yield from ((Path(inside, name), "") for name in names if Path(name).suffix.lower() in _TRIED)
    for error in refused:
        yield Path(os.fsdecode(error.filename)), _why(error)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # behind a folder that may not be entered: reading says why
        return False


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def read(path: Path) -> ColourPicture:
    """The picture, upright, blue-green-red. Raises `Unreadable`."""
    try:
        if not path.is_file() and path.exists():
            raise Unreadable("not a regular file")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(_why(error)) from error
    if not data:
        raise Unreadable("the file is empty")
    try:
        picture = decoded_picture(data)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise Unreadable(_TOO_LARGE) from error
        raise Unreadable("not a picture that can be read") from error
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise Unreadable(f"{width}x{height} is smaller than {SMALLEST_PX} pixels")
    if height * width > LARGEST_PX * 1.1:
        raise Unreadable(_TOO_LARGE)
    return picture


def shown_path(path: Path) -> str:
    """The path as text; bytes that are no UTF-8 are written as \\xNN instead of stopping the run."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def describe(path: Path, whole: Whole, missing: Sequence[Missing] = ()) -> dict[str, object]:
    """The JSON object of one picture; `missing` only where a network other than those for faces is."""
    answer: dict[str, object] = {
        "path": shown_path(path),
        "verdict": whole.looked.verdict.value,
        "people": whole.people,
        "faces": [_face(face) for face in whole.looked.faces],
        "objects": [_thing(thing) for thing in whole.objects],
    }
    return answer | ({"missing": [one.name for one in missing]} if missing else {})


def _face(face: Face) -> dict[str, object]:
    return {
        "box": [round(float(v), 1) for v in face.box],
        "score": round(float(face.score), 4),
        "verdict": face.verdict.value,
        "cover": face.cover.value,
    }


def _thing(thing: Thing) -> dict[str, object]:
    return {
        "kind": thing.kind.value,
        "box": [round(float(v), 1) for v in thing.box],
        "score": round(float(thing.score), 4),
    }


def _line(answer: dict[str, object]) -> str:
    if "error" in answer:
        return printable(f"{answer['path']}: cannot be read: {answer['error']}")
    line = f"{answer['path']}: {answer['verdict']}, people: {answer['people']}"
    if isinstance(chain := answer.get("chain"), dict):
        said = [f"{chance:.2f}" for chance in chain.get("covered", [])]
        line += f", chain: level {chain['level']}" + (f", covered {' '.join(said)}" if said else "")
    if "stages" in answer:
        line += f", stages: {answer['stages']}"
    return printable(line)


def _draw_bar(done: int, total: int, failed: int) -> None:
    if escapes_wanted(sys.stderr):
        filled = _BAR * done // max(total, 1)
        bar = "█" * filled + "·" * (_BAR - filled)
        print(f"\r{bar} {done}/{total}, unreadable: {failed} ", end="", file=sys.stderr, flush=True)


def _clear_bar() -> None:
    if escapes_wanted(sys.stderr):
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
