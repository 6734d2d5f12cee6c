"""The chain of filters as `look` shows it: its stages as files, and what its small network says of faces."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2

from edge.disk.files import put_whole
from edge.pictures.contact import Tile, contact_sheet
from edge.pictures.drawing import Picture
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.terms.observation import Face
from edge.vision.chain import Stages, stages_of, titles
from edge.vision.chain_net import ChainNet
from edge.vision.network import ModelFault
from edge.vision.whole import Missing

_NAME_BYTES: Final = 180
"""Of a picture's name in front of that of a stage; a file's name may have 255."""


class StageFolder:
    """Takes the stages of pictures. OSError where it cannot be made or written to, before any is judged."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        self._folder = folder
        self._taken: set[str] = set()

    def keep(self, path: Path, stages: Stages) -> Path:
        """A file for each stage and the contact sheet, whose path it is. OSError, with the folder's name.

        A second picture of the same name gets a number, files of an earlier run are replaced.
        """
        base = self._free(os.fsdecode(os.fsencode(path.stem)[:_NAME_BYTES]))
        tiles = [Tile(title, picture) for title, picture in titles(stages)]
        sheet = f"{base}-sheet.png"
        try:
            for name, picture in stages.pictures().items():
                put_whole(self._folder / f"{base}-{name}.png", _png(picture))
            put_whole(self._folder / sheet, _png(contact_sheet(tiles)))
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self._folder)) from error
        return self._folder / sheet

    def _free(self, name: str) -> str:
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}-{number}", number + 1
        self._taken.add(found)
        return found


def _png(picture: Picture) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1].tobytes())


class Chain:
    """What `look` adds to an answer: nothing, unless `[vision] chain` is on or a folder for stages is named.

    The network runs only where the chain is on; `missing` names it where it cannot.
    """

    def __init__(self, settings: Settings, folder: Path | None) -> None:
        self.missing: tuple[Missing, ...] = ()
        self._how = settings.vision
        self._folder = None if folder is None else StageFolder(folder)
        self._net: ChainNet | None = None
        if self._how.chain:
            try:
                self._net = ChainNet(model_dir(settings))
            except ModelFault as fault:
                self.missing = (Missing("chain", fault.code, fault.detail),)

    def add(self, answer: dict[str, object], path: Path, picture: Picture, faces: Sequence[Face]) -> None:
        """`chain`: the threshold's level and method, each face's chance of *covered*; `stages`: the sheet."""
        if not self._how.chain and self._folder is None:
            return
        stages = stages_of(picture, self._how)
        if self._how.chain:
            told: dict[str, object] = {"level": round(stages.level, 2), "method": stages.method.value}
            if self._net is not None:
                net = self._net
                told["covered"] = [
                    round(net.covered(stages.grey, face.box, face.landmarks), 3) for face in faces
                ]
            answer["chain"] = told
        if self._folder is not None:
            answer["stages"] = str(self._folder.keep(path, stages))
