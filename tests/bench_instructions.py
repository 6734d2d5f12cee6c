"""How many instructions a frame takes on a Cortex-A53: find and check of a face, and a look at the owner.

    python -m tests.bench_instructions --root ROOT --qemu qemu-aarch64 [--models models]

Counted, not timed: the whole program runs under qemu's user emulation with a plugin that counts what is
executed, once for few frames and once for more; the difference is the frames' own. The count does not depend
on how busy the machine is. ROOT is a folder with an arm64 Python 3.11 (`ROOT/usr/bin/python3.11` and its
libraries) and, in `ROOT/site`, the arm64 wheels of tflite-runtime, numpy, OpenCV and msgspec;
`models/peers.md` says how to make one. Needs a C compiler and qemu 7.2 or later with plugins. Not a test: it
judges nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench_peers import FRAMES, write_pictures

ROOT: Final = Path(__file__).resolve().parent.parent
_FEW: Final = 2

# What is needed of qemu's plugin interface, version 1, whose header is rarely installed.
_PLUGIN: Final = r"""
#include <stdint.h>
#include <stdio.h>
struct qemu_plugin_tb;
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
__attribute__((visibility("default"))) int qemu_plugin_version = 1;
static uint64_t run;
static void seen(uint64_t id, struct qemu_plugin_tb *block) {
    qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &run, qemu_plugin_tb_n_insns(block));
}
static void end(uint64_t id, void *none) { fprintf(stderr, "instructions %llu\n", (unsigned long long)run); }
__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *i, int n, char **a) {
    qemu_plugin_register_vcpu_tb_trans_cb(id, seen);
    qemu_plugin_register_atexit_cb(id, end, 0);
    return 0;
}
"""

_GUEST: Final = """
import sys
import numpy as np, cv2
from pathlib import Path
from edge.vision.face.faces import Faces
cv2.setNumThreads(1)
frames, faces, found = np.load(sys.argv[2])[:, :, :, 1], Faces(Path(sys.argv[1])), 0
for number in range(int(sys.argv[3])):
    found += len(faces(np.ascontiguousarray(frames[number % len(frames)])))
print("faces", found, file=sys.stderr)
"""

_OWNER: Final = """
import sys
import numpy as np, cv2
from pathlib import Path
from edge.identity.likeness import Known
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from hw.camera.port import Frame
cv2.setNumThreads(1)
colour = np.ascontiguousarray(np.load(sys.argv[2])[0])
grey = np.ascontiguousarray(colour[:, :, 1])
faces, embedder, found = Faces(Path(sys.argv[1]))(grey), Embedder.open(Path(sys.argv[1])), 0
for number in range(int(sys.argv[3])):
    look = embedder.look(Frame(number, 0.0, grey, colour), faces)
    if look.template is not None:
        found += 1
        Known([look.template] * 10).likeness(look.template)
print("faces", found, file=sys.stderr)
"""


def counted(command: list[str], surroundings: dict[str, str]) -> tuple[int, int]:
    """Instructions of one run, and the faces that it found. RuntimeError where it ends badly."""
    told = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False)
    numbers = dict(re.findall(r"^(instructions|faces) (\d+)$", told.stderr, re.M))
    if told.returncode or len(numbers) < 2:
        raise RuntimeError(f"the emulated program ended with {told.returncode}: {told.stderr[-600:]}")
    return int(numbers["instructions"]), int(numbers["faces"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="the arm64 root")
    parser.add_argument("--qemu", default="qemu-aarch64")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    args = parser.parse_args()
    root = args.root.resolve()
    with tempfile.TemporaryDirectory(prefix="cabinguard-instructions-") as name:
        folder = Path(name)
        write_pictures(folder / "pictures.npy")
        (folder / "count.c").write_text(_PLUGIN)
        plugin = folder / "count.so"
        compiled = ["cc", "-shared", "-fPIC", "-O2", "-w", "-o", str(plugin), str(folder / "count.c")]
        subprocess.run(compiled, check=True)
        paths = f"{ROOT}:{root / 'site'}"
        own = {"PYTHONHOME": str(root / "usr"), "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        surroundings = os.environ | own | one_thread
        command = [args.qemu, "-cpu", "cortex-a53", "-L", str(root), "-plugin", str(plugin)]
        command += [str(root / "usr/bin/python3.11"), str(folder / "guest.py"), str(args.models.resolve())]
        command.append(str(folder / "pictures.npy"))
        for name, guest in (("frame", _GUEST), ("look at the owner", _OWNER)):
            (folder / "guest.py").write_text(guest)
            few, _ = counted([*command, str(_FEW)], surroundings)
            more, found = counted([*command, str(_FEW + FRAMES)], surroundings)
            each = (more - few) / FRAMES / 1e6
            print(f"{each:.1f} M instructions a {name}, {found} faces in {_FEW + FRAMES}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
