"""Everything of the bench: what stands in for a cabin, its modem and its camera, and the hands that move it.

The one door to the fakes for `edge`, as `hw.board` is to the drivers.
"""

from __future__ import annotations

from hw.atm.fake.machine import MACHINE_FAULTS, FakeMachine, KeptMachine
from hw.atm.fake.stepped import SteppedAtm
from hw.board import BenchHands, bench_board
from hw.camera.clip import ClipCamera
from hw.camera.covers import COVERS
from hw.camera.room import FRONT, FRONTS
from hw.camera.scene import KeptScene, Scene
from hw.camera.staged import LENSES, StagedCabin
from hw.modem.fake.modem import FakeModem, KeptModem
from hw.modem.fake.profiles import FAULTS
from hw.modem.fake.stepped import SteppedModem
from hw.modem.fake.terminal import PtyModem
from hw.prompt.fake import PromptFault

__all__ = [
    "COVERS",
    "FAULTS",
    "FRONT",
    "FRONTS",
    "LENSES",
    "MACHINE_FAULTS",
    "BenchHands",
    "ClipCamera",
    "FakeMachine",
    "FakeModem",
    "KeptMachine",
    "KeptModem",
    "KeptScene",
    "PromptFault",
    "PtyModem",
    "Scene",
    "StagedCabin",
    "SteppedAtm",
    "SteppedModem",
    "bench_board",
]
