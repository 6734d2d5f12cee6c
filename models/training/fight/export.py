"""Writes `fight.tflite` and its contract: the folds' mean weights, scale and cut from what they left out.

    python -m models.training.fight.export --cache CACHE --folds RUNS --models models

`RUNS` holds `fold-0` to `fold-4`, which began with the same weights and each saw four fifths of the scenes:
their mean has seen all of them, and none of the other sources, on which it is judged here. Also prints what
the motion adds, which stands in `edge/judge/fight.py`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from edge.vision.network import Network, load
from edge.vision.scene.fight import HEIGHT_PX, LABELS, WIDTH_PX
from models.training.common import Promise, export_int8, seed_all
from models.training.fight.data import FOLDS, MAIN, Clip, read_clips
from models.training.fight.figures import auc, left_out, logistic, motion_columns, moved_in, said_of
from models.training.fight.net import FightNet
from models.training.fight.train import log_odds
from models.training.fight.windows import drawn, windows

VERSION = "1.0.0"
_AREA, _CHANGE = 1, 4


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clips = [c for c in read_clips(arguments.cache, ("fight",)) if c.fight is not None]
    said = said_of(clips, arguments.folds)
    scale, constant = logistic(said.net[:, None], said.fight)
    net_alone = said.net[:, None]
    motion = motion_columns([moved_in(c) for c in said.clips])[:, [_AREA, _CHANGE]]
    print(f"network alone: AUC {auc(left_out(net_alone, said), said.fight):.3f}")
    both = np.c_[scale[0] * said.net + constant, motion - motion.mean(0)]
    print(f"with motion: AUC {auc(left_out(both, said), said.fight):.3f}")
    weights, rest = logistic(both, said.fight)
    area, change = float(weights[1]), float(weights[2])
    bias = rest - float(weights[1:] @ motion.mean(0))
    print(f"both = {weights[0]:.2f} network + {area:.2f} log(area) + {change:.2f} change + {bias:.2f}")

    rng = seed_all(0)
    calibration = [windows(c.frames, 2)[-1][None] for c in clips]
    calibration += [drawn(c.frames, bool(c.fight), rng)[0][None] for c in clips[::2]]
    net = FightNet()
    runs = [torch.load(arguments.folds / f"fold-{n}" / "final.pt")["net"] for n in range(FOLDS)]
    net.load_state_dict({name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]})
    promise = Promise("fight", VERSION, (1, HEIGHT_PX, WIDTH_PX, 3), ("cells",), LABELS, {})
    files = export_int8(net.eval(), calibration, promise, arguments.models, arguments.folds)
    network = load(files.int8, labels=LABELS)
    others = [c for c in clips if c.maker != MAIN]
    fight = np.array([bool(c.fight) for c in others])
    shipped = np.array([_int8_mean(network, c) for c in others])
    print(f"int8 file on the {len(others)} clips of sources never seen: AUC {auc(shipped, fight):.3f}")
    lost = np.array([_int8_mean(network, c) - log_odds(net, c.frames).mean() for c in clips[::3]])
    print(f"int8 less float on {len(lost)} clips: mean {lost.mean():+.3f}, deviation {lost.std():.3f}")
    cut = -constant / float(scale[0]) + float(lost.mean())
    contract = json.loads(files.contract.read_text())
    contract["operating_points"] = {"scale": round(float(scale[0]), 4), "cut": round(cut, 4)}
    files.contract.write_text(json.dumps(contract, indent=1) + "\n")


def _int8_mean(network: Network, clip: Clip) -> float:
    steps = [(p.astype(np.int16) - 128).astype(np.int8)[None] for p in windows(clip.frames)]
    return float(np.mean([network.run_real(step)[0].mean() for step in steps]))


if __name__ == "__main__":
    main()
