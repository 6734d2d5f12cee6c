"""Makes the README's picture again from the program itself: `python -m tests.make_pictures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from edge.bench.desk import Desk, Props, StoryClock
from edge.bench.film import Words, picture_of
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.settings.places import MODELS
from edge.terms.observation import Observation
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from hw.camera.port import ColourPicture, Frame
from hw.camera.staged import StagedCabin
from hw.ports import Input

OUT = Path(__file__).resolve().parent.parent / "edge" / "docs" / "bench.jpg"


def main() -> int:
    panels: list[ColourPicture] = []
    said = {"prompt": "", "sms": ""}
    newest: list[tuple[Frame, Observation]] = []

    def hear(happening: Happening) -> None:
        if happening.kind == "prompt":
            said["prompt"] = str(happening.data["text"])
        elif happening.kind == "sms" and happening.data["to"] == "watchman":
            said["sms"] = f"SMS to the watchman: {happening.data['text']}"

    with tempfile.TemporaryDirectory() as folder:
        clock = StoryClock()
        stage = StagedCabin(clock)
        faces = Faces(MODELS)
        props = Props(stage, lambda: Look([FaceSeer(faces)]), every_s=0.1, stage=stage)
        desk = Desk(load(None), props, Path(folder), hear, clock)
        desk.watch = lambda frame, seen: newest.append((frame, seen))

        def shoot() -> None:
            frame, seen = newest[-1]
            words = Words(prompt=said["prompt"], sms=said["sms"])
            panels.append(picture_of(frame, seen, desk.kiosk, words))

        stage.do("enter anna", 0.0)
        desk.run_to(6.0)
        shoot()
        stage.do("mask on", clock.now_s())
        desk.run_to(16.0)
        shoot()
        desk.run_to(32.0)
        shoot()
        desk.type_keys("CODE")
        desk.run_to(36.0)
        shoot()
        desk.move_input(Input.DOOR, True)
        desk.close()
    gap = np.full((panels[0].shape[0], 8, 3), 255, np.uint8)
    rows = [np.hstack([panels[0], gap, panels[1]]), np.hstack([panels[2], gap, panels[3]])]
    sheet = np.vstack([rows[0], np.full((8, rows[0].shape[1], 3), 255, np.uint8), rows[1]])
    OUT.parent.mkdir(exist_ok=True)
    small = cv2.resize(sheet, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(OUT), small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(OUT, OUT.stat().st_size // 1000, "kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
