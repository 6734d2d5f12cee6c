"""Writes the network on top of the chain as `chain.tflite` with its contract, and says what int8 loses.

python -m models.training.chain.export --cache CACHE --run RUNS/all --models models
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch

from edge.vision.chain_net import LABELS, softmax
from models.training.chain.data import load
from models.training.chain.net import ChainNet
from models.training.chain.samples import ARMS, asked, drawn, weights_of
from models.training.chain.train import chances
from models.training.common import Promise, export_int8, seed_all

VERSION = "1.0.0"
_CALIBRATION = 300
_COMPARED = 1000


def main() -> None:
    """Exports the run of seed 0 that learnt with noise and in less light."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(0)
    net = ChainNet()
    net.load_state_dict(torch.load(args.run / "weathered-0-chain.pt", weights_only=True))
    net.eval()
    cuts = load(args.cache)
    every = np.arange(len(cuts.path))
    index = rng.choice(every, _CALIBRATION, p=weights_of(cuts, every))
    seen = [ARMS["chain"](drawn(cuts.grey[i], rng, weathered=True)) for i in index]
    promise = Promise("chain", VERSION, (1, 64, 64, 1), ("cover",), LABELS, {})
    exported = export_int8(
        copy.deepcopy(net), [p.reshape(1, 64, 64, 1) for p in seen], promise, args.models, args.run
    )
    from edge.vision.network import load as load_network

    network = load_network(exported.int8, labels=LABELS)
    index = rng.permutation(every)[:_COMPARED]
    faces = np.stack([ARMS["chain"](asked(cuts.grey[i], "clean", str(cuts.path[i]))) for i in index])
    whole = chances(net, faces)
    steps = (faces.astype(np.int16) - 128).astype(np.int8)
    small = np.array([softmax(network.run_real(s.reshape(1, 64, 64, 1))[0][0])[1] for s in steps])
    off = np.abs(whole - small)
    right = [((said > 0.5) == cuts.covered[index]).mean() for said in (whole, small)]
    print(
        f"{len(index)} faces it learnt from: right float {right[0]:.4f}, int8 {right[1]:.4f}; the chance is "
        f"off by {off.mean():.4f} in the mean, by over {np.quantile(off, 0.99):.4f} for 1 in 100"
    )


if __name__ == "__main__":
    main()
