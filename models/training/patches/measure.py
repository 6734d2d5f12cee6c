"""How well a change is told from a change of light, on machines and families that nothing learnt from.

    python -m models.training.patches.measure --data ../shared/data --plain runs/patches/plain \
        --tuned runs/patches/tuned --work runs/patches --card models/patches.md

Writes the card's tables between its marks and prints them; `--curves` draws them. The score of a case is the
largest distance of the cells that its change touches: of the changed picture (true), and of the same picture
without the change in the same light (false). Started again it goes on with the method that it had come to.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from edge.vision.network import read_contract
from edge.vision.scene.patches import MODEL, OUTPUTS, Patches, prepared
from models.training.common import Grey
from models.training.patches.cases import Case, fronts, places, stored
from models.training.patches.data import away, read
from models.training.patches.export import LEFT_OUT, as_input
from models.training.patches.net import PatchNet, averaged, begin, joined
from models.training.patches.peers import Method, by_file, by_heads, grey_difference, structure
from models.training.patches.scores import Scores, area, by_size, by_what, scored

_BEGIN, _END = "<!-- measured: written by models.training.patches.measure -->", "<!-- end of measured -->"


@dataclass(frozen=True, slots=True)
class Network:
    """A network in both forms: the folder of its int8 file, and its float twin."""

    folder: Path
    twin: PatchNet

    @property
    def weights(self) -> dict[str, float]:
        """Of the outputs, as the contract states them."""
        stated = read_contract((self.folder / MODEL).with_suffix(".json")).operating_points
        return {name: stated[f"{name}_weight"] for name in OUTPUTS}

    @property
    def mark(self) -> str:
        """Of its content: scores of another network are not taken for this one's."""
        learnt = self.folder / "last.pt"
        file = learnt if learnt.exists() else self.folder / MODEL
        return hashlib.sha256(file.read_bytes()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Peer:
    """A method, the name it has in the tables, and the name of its file of scores."""

    title: str
    file: str
    method: Method


def peers(plain: Network, tuned: Network | None) -> Iterator[Peer]:
    """In the order of the tables."""
    yield Peer("grey difference", "grey", grey_difference)
    yield Peer("structure (SSIM)", "structure", structure)
    yield Peer("ImageNet trunk, int8", f"int8-{plain.mark}", by_file(plain.folder))
    if tuned is not None and tuned.twin.heads is not None:
        learnt = by_heads(plain.folder, tuned.twin.heads, plain.weights)
        yield Peer("fine-tuned, layers in float", f"float-{tuned.mark}", learnt)
        if (tuned.folder / MODEL).exists():
            yield Peer("fine-tuned, int8", f"int8-{tuned.mark}", by_file(tuned.folder))


def cosine(network: Network, pictures: Sequence[Grey]) -> str:
    """Of the int8 file's vectors with the float twin's: the mean, and the worst hundredth of cells."""
    patches, found = Patches(network.folder), []
    for grey in pictures:
        with torch.no_grad():
            real = joined(network.twin.eval()(as_input([prepared(grey)])), network.weights)[0]
        found.append((patches.embed(grey).vectors * real.permute(1, 2, 0).numpy()).sum(2).ravel())
    every = np.concatenate(found)
    return f"{every.mean():.4f}, {np.quantile(every, 0.01):.4f}"


def look_ms(folder: Path) -> str:
    """CPU time of a look at 640 x 480 on one thread, median of 60."""
    patches, taken = Patches(folder), []
    grey = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    for _ in range(65):
        begun = time.process_time()
        patches.embed(grey)
        taken.append(time.process_time() - begun)
    return f"{np.median(taken[5:]) * 1e3:.1f} ms of CPU"


def tables(sets: Mapping[str, Mapping[str, Scores]]) -> list[str]:
    """The card's, from the scores of each set by each method."""
    parts, whole, other = sets["parts"], sets["fronts"], sets["places"]
    last = list(parts)[-1]
    lines = ["### Machines' fronts, each part by itself", "", *by_size(parts, "cm"), ""]
    if len(parts) > 3:
        lines += [f"| {last} against | area, both ways on the same cases |", "|---|---|"]
        lines += [f"| {name} | {parts[last].better_than(parts[name])} |" for name in list(parts)[:-1]] + [""]
    lines += [*by_what(parts, lambda a: a.kind, "change"), "", *by_what(parts, lambda a: a.lit, "light"), ""]
    lines += ["### Machines' fronts, the whole front at once", "", *by_size(whole, "cm"), ""]
    lines += ["### Any place of left-out pictures", "", *by_size(other, "px"), ""]
    return lines


def draw(sets: Mapping[str, Mapping[str, Scores]], path: Path) -> None:
    """ROC curves of the parts, and the area by the change's size for parts and places."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(13.5, 4.2))
    for name, scores in sets["parts"].items():
        cuts = np.sort(np.concatenate((scores.change, scores.light)))[::-1]
        false = [(scores.light >= cut).mean() for cut in cuts]
        left.plot(false, [(scores.change >= cut).mean() for cut in cuts], label=name, lw=1.3)
    left.plot([0, 1], [0, 1], color="grey", lw=0.6)
    left.set(xlabel="changes of light taken for a change", ylabel="changes found", title="Parts of fronts")
    left.legend(fontsize=7)
    for axis, key, unit in ((middle, "parts", "cm"), (right, "places", "px of the network")):
        for name, scores in sets[key].items():
            sizes = sorted({a.size for a in scores.abouts})
            own = [scores.of([a.size == s for a in scores.abouts]) for s in sizes]
            axis.plot(sizes, [area(o.change, o.light) for o in own], marker="o", ms=3, lw=1.3, label=name)
        axis.axhline(0.5, color="grey", lw=0.6)
        axis.set(xlabel=f"size of the change, {unit}", ylabel="area under the ROC curve", ylim=(0.4, 1.01))
    middle.set_title("Parts of fronts, by size")
    right.set_title("Any place, by size")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def write(card: Path, lines: Sequence[str]) -> None:
    """Between the marks of the card. ValueError where it has none."""
    text = card.read_text("utf-8")
    head, begin_mark, rest = text.partition(_BEGIN)
    _, end_mark, tail = rest.partition(_END)
    if not begin_mark or not end_mark:
        raise ValueError(f"{card} has no marks for what was measured")
    card.write_text("\n".join([head + _BEGIN, "", *lines, _END]) + tail, "utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the embedding of patches")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--plain", type=Path, default=Path("runs/patches/plain"), help="folder of the plain file"
    )
    parser.add_argument("--tuned", type=Path, help="folder of the fine-tuned file, with last.pt in it")
    parser.add_argument("--work", type=Path, default=Path("runs/patches"), help="scores")
    parser.add_argument("--card", type=Path, help="written between its marks")
    parser.add_argument("--curves", type=Path, help="picture of the curves")
    parser.add_argument(
        "--each", type=int, default=2, help="cases of each machine and size, or light and size"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    data, scores_of = arguments.data, arguments.work / "scores"
    scores_of.mkdir(parents=True, exist_ok=True)
    plain = Network(arguments.plain, begin(data / "teachers"))
    tuned = None
    if arguments.tuned is not None:
        tuned = Network(arguments.tuned, averaged(arguments.tuned / "last.pt"))
        left_out = json.loads((arguments.tuned / "run.json").read_text())["leave_out"]
        if not set(LEFT_OUT) <= set(left_out):
            raise SystemExit(f"{arguments.tuned} has learnt from {', '.join(set(LEFT_OUT) - set(left_out))}")
    unseen = [p for p in read(data) if away(p, LEFT_OUT)]
    makers: Mapping[str, Callable[[], Iterator[Case]]] = {
        "parts": lambda: fronts(data, arguments.each, 2, close=True),
        "fronts": lambda: fronts(data, arguments.each, 1),
        "places": lambda: places(unseen, 125 * arguments.each, 5),
    }
    sets: dict[str, dict[str, Scores]] = {}
    for key, maker in makers.items():
        cases = stored(maker, arguments.work / f"cases-{key}-{arguments.each}.npz")
        sets[key] = {}
        for peer in peers(plain, tuned):
            file = scores_of / f"{key}-{arguments.each}-{peer.file}.json"
            sets[key][peer.title] = scored(peer.method, cases, f"{key}, {peer.title}", file)
            print(f"\n{key}: {peer.title} {sets[key][peer.title].auroc()}", file=sys.stderr, flush=True)
    seen = [p.grey for p in unseen[::3]]
    lines = tables(sets)
    lines += [
        "### int8 and the cost of a look",
        "",
        "| | cosine to float: mean, worst 1 % of cells | a look |",
    ]
    lines += ["|---|---|---|"]
    for title, network in (("ImageNet trunk", plain), ("fine-tuned", tuned)):
        if network is not None and (network.folder / MODEL).exists():
            lines.append(f"| {title} | {cosine(network, seen)} | {look_ms(network.folder)} |")
    lines.append("")
    print("\n".join(lines))
    if arguments.card is not None:
        write(arguments.card, lines)
    if arguments.curves is not None:
        draw(sets, arguments.curves)


if __name__ == "__main__":
    main()
