"""The life of a staged kiosk on a card of its own: mounts it, lives, copies what is there and ends.

    python -m tests.worlds.card_life IMAGE MOUNT KEEP KEY=VALUE...

IMAGE is a file with an ext4, or empty where MOUNT is a plain folder. It runs in a mount namespace of its own
(`unshare -m`), so that nothing stays mounted however it ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from edge.bench.desk import Desk, Props, StoryClock
from edge.cli.main import main as command
from edge.pictures import files
from edge.service.plans import look_of
from edge.settings.load import load
from hw.bench import StagedCabin
from hw.ports import Input


class Life:
    """A kiosk on a card: incidents with real faces, pictures removed, the power cut, reports."""

    def __init__(self, card: Path, *overrides: str) -> None:
        self.card = card
        memory = "/dev/shm"
        self.runtime = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
        words = (
            f"paths.data={card}",
            f"paths.runtime={self.runtime}",
            "evidence.fps=1",
            "evidence.after_s=8",  # each is looked at for faces: fewer show the same
        )
        self.overrides = [*words, "evidence.reserve_mb=10", "flow.crowd_s=3", *overrides]
        settings = load(None, self.overrides)
        self.clock = StoryClock()
        self.stage = StagedCabin(self.clock)
        props = Props(self.stage, lambda: look_of(settings), every_s=1.0, stage=self.stage)
        self.desk = Desk(settings, props, card, lambda _: None, self.clock, runtime=self.runtime)

    def run(self, for_s: float) -> None:
        self.desk.run_to(self.clock.now_s() + for_s)

    def incident(self, *people: str) -> None:
        """Somebody comes, the panic switch is pressed, everybody leaves."""
        self.desk.move_input(Input.DOOR, True)
        self.run(1)
        for name in people:
            self.stage.do(f"enter {name}", self.clock.now_s())
        self.desk.move_input(Input.DOOR, False)
        self.run(4)
        self.desk.move_input(Input.PANIC, True)
        self.run(1)
        self.desk.move_input(Input.PANIC, False)
        self.run(11)
        self.desk.move_input(Input.DOOR, True)
        for name in people:
            self.stage.do(f"leave {name}", self.clock.now_s())
        self.run(2)
        self.desk.move_input(Input.DOOR, False)
        self.run(16)

    def live(self) -> None:
        self.run(2)
        self.incident("anna")
        self.incident("anna", "george")
        self.desk.power_off()
        # As the kiosk removes them, and the power goes before the record has it: the bytes stay on the card.
        files.empty(self.card / files.FOLDER / "1")
        self.desk.power_on()
        self.incident("george")
        options = [word for one in self.overrides for word in ("--set", one)]
        for number in ("2", "3"):
            command(["report", "--incident", number, "--out", str(self.card / f"{number}.html"), *options])
        self.desk.close()
        shutil.rmtree(self.runtime)


def main(image: str, mount: str, keep: str, *overrides: str) -> None:
    if image:
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    Life(Path(mount), *overrides).live()
    shutil.copytree(mount, keep)
    if image:
        subprocess.run(["umount", mount], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
