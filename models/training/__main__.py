"""Every network from a data folder, with one command; started again, it goes on where it stopped.

    python -m models.training --data ../shared/data --work runs --out models --version 2.1.0
    python -m models.training scene --data ../shared/data --work runs --out models      # one network alone

Every step is a module of this folder with a command line of its own; this file knows their order, where each
leaves what the next one needs, and which are done. A step that ended well leaves `WORK/done/STEP` with its
command line; it and what stands on it run again only if that has changed. Other pictures want another `WORK`,
for caches and checkpoints are kept. `--trial` makes every step as short as can be and writes to `WORK/trial`
alone: for trying a new data folder out, not for networks worth having.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FIND_OUT = ("rxkt", "formatcom", "surabhiiyer", "lightly-ai", "dusty-nv", "intel-iot")
"""Sources that the finder's measured run never sees."""

CHECK_FOLDS = (
    ("shreyas0906", "rxkt", "aghamohammadi94", "lightly-ai", "intel-iot-devkit", "dusty-nv"),
    ("chandrikadeb7", "tonhathuy", "prajnasb", "anthonyhuang19"),
)
"""Sources that each of the check's measured runs never sees: of faces, and of pictures without one."""

_CABINS = (
    "71 75 78 87 89 36a 36b 36c n12-25 n42 n52 n59 62",
    "10 53 67b 68 72 80 82b 83 88 n47 n51 n55 n63 n65",
)
_ELSEWHERE = (
    ("lightly-ai", "dusty-nv", "intel-iot", "marellanoc", "ekramalam"),
    ("SceneBoW", "CreepyTeddy", "seymanurakti", "mausam"),
)
SCENE_FOLDS = tuple(
    (*(f"atm_{video}" for video in videos.split()), *sources)
    for videos, sources in zip(_CABINS, _ELSEWHERE, strict=True)
)
"""Sources, and videos of the cabin source, that each of the scene network's measured runs never sees."""

FIGHT_FOLDS = 5
"""Runs of the fight network, each without a fifth of the scenes."""

THINGS_FOLDS = (
    ("chunmusic", "lightly-ai"),
    ("AhmedMohsen", "seymanurakti", "dusty-nv"),
    ("mausam", "intel-iot", "ekramalam"),
)
"""Sources that each of the measured runs of the second look never sees: weapons, and people without any."""

SEEDS = 2
"""Runs whose mean each of the check's networks is."""


SHIPPED = Path(__file__).resolve().parents[1]
"""Where the shipped files lie: the check learns from what a finder takes for faces, this one or a new one."""

CHAIN_FOLDS = 3
"""Measured runs of the network behind the chain; which sources each leaves out stands in `chain/data.py`."""

NETWORKS = (
    "find",
    "check",
    "faces",
    "scene",
    "things",
    "fight",
    "unusual",
    "patches",
    "chain",
    "field",
    "attacks",
)
"""In the order in which they are made."""


@dataclass(frozen=True, slots=True)
class Step:
    """One program: `module` of this folder and its arguments."""

    name: str
    module: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        """As it is started."""
        return [sys.executable, "-m", f"models.training.{self.module}", *self.arguments]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be made, from what, and how long each part learns."""

    data: Path
    work: Path
    out: Path
    version: str
    find_out: Sequence[str] = FIND_OUT
    folds: Sequence[Sequence[str]] = CHECK_FOLDS
    trial: bool = False
    only: Sequence[str] = NETWORKS
    scene_folds: Sequence[Sequence[str]] = SCENE_FOLDS
    scene_from: Path | None = None
    things_folds: Sequence[Sequence[str]] = THINGS_FOLDS
    things_from: Path | None = None
    sets: Sequence[Path] = ()
    check_from: Path | None = None

    def steps(self) -> Iterator[Step]:
        """In order, of each network that is asked for: the measured runs, then the one that is shipped."""
        makers = {
            "find": self._find,
            "check": self._check,
            "faces": self._faces,
            "scene": self._scene,
            "fight": self._fight,
            "things": self._things,
            "unusual": self._unusual,
            "chain": self._chain,
            "patches": self._patches,
            "field": self._field,
            "attacks": self._attacks,
        }
        for network in self.only:
            yield from makers[network]()

    def _find(self) -> Iterator[Step]:
        """Scenes drawn once for both runs; the run that never sees some sources; the one that is shipped."""
        cache = ("--data", str(self.data), "--cache", str(self.work / "find-cache"))
        length = ("--steps", "20") if self.trial else ("--steps", "8000", "--freeze-stem", "2000")
        away = tuple(word for source in self.find_out for word in ("--leave-out", source))
        pools = str(self.work / "find-pool"), str(self.work / "find-pool-rest")
        many, few = ("60", "60") if self.trial else ("24000", "8000")
        yield Step("find-pool", "find.pool", (*cache, "--out", pools[0], "--count", many, *away))
        only = tuple(word for source in self.find_out for word in ("--only", source))
        yield Step("find-pool-rest", "find.pool", (*cache, "--out", pools[1], "--count", few, *only))
        measured = self.work / "find-measured"
        shipped = self.work / "find"
        for name, work, out, left_out, drawn in (
            ("find-measured", measured, measured, away, pools[:1]),
            ("find", shipped, self.out, (), pools),
        ):
            own = ("--work", str(work), "--out", str(out), *length)
            own += tuple(word for pool in drawn for word in ("--pool", pool))
            yield Step(name, "find.train", (*cache, *own, *left_out))
            twin = ("--float-twin", str(work / "face_find.float.tflite"))
            curves = ("--curves", str(self.out / "face_find_curves.png")) if left_out else ()
            arguments = ("--model", str(out), "--set-point", *twin, *curves, *left_out)
            yield Step(f"{name}-eval", "find.eval", (*cache, *arguments))
            few_photos = ("--at-most", "5") if self.trial else ()
            yield Step(f"{name}-views", "find.views", (*cache, "--model", str(out), *few_photos, *left_out))

    def _check(self) -> Iterator[Step]:
        cache = ("--cache", str(self.work / "check-cache"))
        faces = ("--data", str(self.data / "faces"))
        teachers = self.data / "teachers"
        yield Step(
            "check-data", "check.data", (*faces, *cache, "--teacher", str(teachers / "yunet_2023mar.onnx"))
        )
        yield Step("check-pool", "check.pool", (*cache, "--scale", "0.01" if self.trial else "0.8"))
        yunet = ("--teacher", str(teachers / "yunet_2023mar.onnx"))
        yield Step("check-mesh", "check.mesh", cache)
        few = ("--scale", "0.01") if self.trial else ()
        yield Step("check-turned", "check.turned", (*cache, *yunet, *few))
        finder = ("--models", str(self.out if "find" in self.only else SHIPPED))
        few = ("--faces", "20") if self.trial else ()
        yield Step("check-refound", "check.refound", (*cache, *finder, *few))
        yield Step("check-others", "check.others", (*cache, "--data", str(self.data), *yunet, *finder))
        every = tuple(source for fold in self.folds for source in fold)
        trunk = self.work / "check-trunk"
        framings, samples = ("512", "1280") if self.trial else ("26000", "150000")
        length = ("--framings", framings, "--samples", samples, "--bfloat16")
        teach = (*cache, "--teacher", str(teachers / "reid0095.xml"), "--out", str(trunk), *length)
        yield Step("check-teach", "check.teach", (*teach, "--leave-out", *every))
        folds = []
        for number, fold in enumerate(self.folds, start=1):
            folds.append(str(self.work / f"check-fold-{number}"))
            yield from self._soup(f"check-fold-{number}", "60000", ("--leave-out", *fold), self._trunk())
        final = str(self.work / "check")
        if self.check_from is None:
            yield from self._soup("check", "110000", (), self._trunk())
        else:
            # A shipped file knows its faces: slowly, so that it unlearns none of them.
            slowly = ("--rate", "1e-3", "--trunk", "0.35")
            yield from self._soup("check", "80000", slowly, self.check_from)
        out = ("--models", str(self.out))
        yield Step(
            "check-export",
            "check.export",
            (*cache, "--run", final, "--folds", *folds, *out, "--version", self.version),
        )
        yield Step("check-report", "check.report", (*cache, *faces, "--folds", *folds, *out))
        yield Step("check-limits", "check.limits", (*cache, *out))
        yield Step("check-stress", "check.stress", (*cache, *out, *(("--each", "4") if self.trial else ())))

    def _faces(self) -> Iterator[Step]:
        """What points of both together would do, then what the shipped ones do. Not in a trial."""
        if not self.trial:
            own = ("--data", str(self.data), "--models", str(self.out))
            cache = ("--cache", str(self.work / "find-cache"))
            yield Step("faces-points", "faces.points", (*own, *cache))
            measured = ("--work", str(self.work / "faces"), "--poses", str(self.work / "check-cache"))
            yield Step("faces", "faces.__main__", (*own, *measured))

    def _scene(self) -> Iterator[Step]:
        cache = ("--data", str(self.data), "--cache", str(self.work / "scene-cache"))
        length = ("--steps", "6", "--batch", "8") if self.trial else ("--steps", "1100")
        runs: list[str] = []
        # Begun with shipped weights, nothing is new to a run: it is measured where the weights were made.
        for number, fold in enumerate(() if self.scene_from else self.scene_folds, start=1):
            runs.append(str(self.work / f"scene-fold-{number}"))
            own = ("--work", runs[-1], "--out", runs[-1])
            away = tuple(word for source in fold for word in ("--leave-out", source))
            yield Step(f"scene-fold-{number}", "scene.train", (*cache, *own, *length, *away))
        own = ("--work", str(self.work / "scene"), "--out", str(self.out))
        begin = ("--start-from", str(self.scene_from)) if self.scene_from else ()
        yield Step("scene", "scene.train", (*cache, *own, *length, *begin))
        if runs:
            measured = tuple(word for run in runs for word in ("--run", run))
            curves = ("--card", str(self.out / "scene.md"), "--curves", str(self.out / "scene_curves.png"))
            shipped = ("--shipped", str(self.out / "scene.tflite"), "--set-point")
            yield Step("scene-eval", "scene.eval", (*cache, *measured, *curves, *shipped))

    def _fight(self) -> Iterator[Step]:
        """Five runs that each leave a fifth of the scenes out; the mean of their weights is shipped."""
        data, cache = ("--data", str(self.data)), ("--cache", str(self.work / "fight-cache"))
        runs = self.work / "fight"
        yield Step("fight-data", "fight.data", (*data, *cache))
        length = ("--steps", "6") if self.trial else ()
        for number in range(FIGHT_FOLDS):
            out = ("--out", str(runs / f"fold-{number}"), "--fold", str(number))
            yield Step(f"fight-fold-{number}", "fight.train", (*data, *cache, *out, *length))
        if not self.trial:
            yield Step("fight-teacher", "fight.teacher", (*data, *cache))
        folds = ("--folds", str(runs))
        yield Step("fight", "fight.export", (*cache, *folds, "--models", str(self.out)))
        curves = ("--curves", str(self.out / "fight_curves.png"))
        yield Step("fight-report", "fight.report", (*cache, *folds, *curves))

    def _things(self) -> Iterator[Step]:
        cache = ("--data", str(self.data), "--cache", str(self.work / "things-cache"))
        short, long = ("6", "6") if self.trial else ("850", "1850")
        yield Step("things-data", "things.data", cache)
        runs: list[str] = []
        for number, fold in enumerate(() if self.things_from else self.things_folds, start=1):
            run = str(self.work / f"things-fold-{number}")
            runs += ["--fold", run, *fold]
            away = tuple(word for source in fold for word in ("--leave-out", source))
            yield Step(
                f"things-fold-{number}", "things.train", (*cache, "--out", run, "--steps", short, *away)
            )
        final = str(self.work / "things")
        begin = ("--start-from", str(self.things_from)) if self.things_from else ()
        yield Step("things", "things.train", (*cache, "--out", final, "--steps", long, *begin))
        few = ("--at-most", "60") if self.trial else ()
        own = (*cache, "--run", final, "--models", str(self.out), *few)
        if self.things_from is not None:
            runs = ["--points-from", str(self.things_from.with_suffix(".json"))]
        yield Step("things-export", "things.export", (*own, *runs))
        if self.things_from is None:
            yield Step("things-report", "things.report", (*own, *runs))

    def _unusual(self) -> Iterator[Step]:
        """What single frames teach, which is measured only; then the weights of the whole-clip score."""
        data = ("--data", str(self.data))
        frames = ("--work", str(self.work / "unusual"), "--curves", str(self.out / "unusual_frames.png"))
        length = ("--epochs", "1") if self.trial else ()
        yield Step("unusual-frames", "unusual.frames", (*data, *frames, *length))
        cache = ("--cache", str(self.work / "unusual-cache"), "--models", str(self.out))
        curves = ("--curves", str(self.out / "unusual_curves.png"), "--peers")
        yield Step("unusual", "unusual.score", (*data, *cache, "--out", str(self.out), *curves))

    def _chain(self) -> Iterator[Step]:
        """The network behind the chain of filters beside the same one on plain pictures; it is only shown."""
        cache = ("--cache", str(self.work / "chain-cache"))
        few = ("--at-most", "30") if self.trial else ()
        yield Step("chain-data", "chain.data", ("--data", str(self.data), *cache, *few))
        runs = self.work / "chain"
        length = ("--samples", "256" if self.trial else "32000", "--seeds", "1" if self.trial else "3")
        own = (*cache, "--out", str(runs), *length, "--folds", *(str(fold) for fold in range(CHAIN_FOLDS)))
        yield Step("chain-folds", "chain.train", (*own, "--recipes", "weathered"))
        two = ("--recipes", "clean", "--arms", "plain", "chain")
        yield Step("chain-folds-clean", "chain.train", (*own, *two))
        one = ("--seeds", "1", "--recipes", "weathered", "--arms", "chain")
        yield Step("chain", "chain.train", (*cache, "--out", str(runs), *length[:2], *one))
        to = ("--run", str(runs / "all"), "--models", str(self.out))
        yield Step("chain-export", "chain.export", (*cache, *to))
        curves = ("--curves", str(self.out / "chain_curves.png"))
        draws = ("--draws", "20") if self.trial else ()
        yield Step("chain-report", "chain.eval", (*cache, "--runs", str(runs), *curves, *draws))

    def _patches(self) -> Iterator[Step]:
        """The trunk, which is shipped; beside it a fine-tuned one; both measured."""
        data, work = ("--data", str(self.data)), self.work / "patches"
        shipped, tuned = str(self.out), str(work / "tuned")
        yield Step("patches", "patches.export", (*data, "--models", shipped, "--work", str(work)))
        few = ("--examples", "8", "--steps", "4") if self.trial else ("--examples", "600", "--steps", "400")
        yield Step("patches-tuned", "patches.train", (*data, "--plain", shipped, "--out", tuned, *few))
        run = ("--run", tuned, "--models", tuned, "--work", tuned)
        yield Step("patches-tuned-file", "patches.export", (*data, *run))
        both = ("--plain", shipped, "--tuned", tuned, "--work", str(work))
        card = () if self.trial else ("--card", str(self.out / "patches.md"))
        curves = ("--curves", str(self.out / "patches_curves.png"))
        few_cases = ("--each", "1") if self.trial else ()
        yield Step("patches-measure", "patches.measure", (*data, *both, *card, *curves, *few_cases))

    def _field(self) -> Iterator[Step]:
        """The dictionary of the normal on public sets; nothing without their folders."""
        if self.sets:
            work = ("--work", str(self.work / "field"))
            sets = tuple(word for folder in self.sets for word in ("--set", str(folder)))
            found = ("--models", str(self.out), "--teachers", str(self.data / "teachers"))
            yield Step("field", "field.measure", (*sets, *found, *work))
            yield Step("field-report", "field.report", (*work, "--card", str(self.out / "field.md")))

    def _attacks(self) -> Iterator[Step]:
        """Attacks on the shipped files. Not in a trial: nothing is learnt."""
        if not self.trial:
            own = ("--data", str(self.data), "--work", str(self.work / "attacks"))
            yield Step("attacks", "attacks.__main__", (*own, "--models", str(self.out)))

    def _trunk(self) -> Path:
        return self.work / "check-trunk" / "final.pt"

    def _soup(self, name: str, samples: str, given: Sequence[str], start: Path) -> Iterator[Step]:
        """Runs of the check that differ in their seed, and their mean, which is `WORK/name`."""
        cache = ("--cache", str(self.work / "check-cache"))
        begin = (*cache, "--start", str(start))
        length = ("--samples", "1280" if self.trial else samples)
        runs = []
        for seed in range(SEEDS):
            runs.append(str(self.work / f"{name}-seed-{seed}"))
            one = ("--out", runs[-1], "--seed", str(seed), *length, *given)
            yield Step(f"{name}-seed-{seed}", "check.train", (*begin, *one))
        yield Step(name, "check.soup", (*cache, "--out", str(self.work / name), "--runs", *runs))


def run(plan: Plan) -> int:
    """Runs what is not done yet; the status of the first step that fails, or 0."""
    done = plan.work / "done"
    done.mkdir(parents=True, exist_ok=True)
    plan.out.mkdir(parents=True, exist_ok=True)
    steps = list(plan.steps())
    stale: set[str] = set()
    for number, step in enumerate(steps, start=1):
        mark = done / step.name
        words = shlex.join(step.command[1:])
        network = step.module.split(".")[0]
        if network not in stale and mark.exists() and mark.read_text() == words:
            print(f"[{number}/{len(steps)}] {step.name}: done before", flush=True)
            continue
        print(f"[{number}/{len(steps)}] {step.name}: python {words}", flush=True)
        stale.add(network)
        begun = time.monotonic()
        status = subprocess.run(step.command, check=False).returncode
        if status:
            print(
                f"{step.name} ended with status {status}; put right what it names and start this again: "
                "what is done is not done twice",
                file=sys.stderr,
            )
            return status if status > 0 else 1
        print(f"[{number}/{len(steps)}] {step.name}: {(time.monotonic() - begun) / 60:.1f} min", flush=True)
        mark.write_text(words)
    return 0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(NETWORKS)}; all if none"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("runs"), help="caches, checkpoints, what is done")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where the networks are written")
    parser.add_argument("--version", default="1.0.0", help="the check's version; the finder's is in find.py")
    parser.add_argument(
        "--find-out", nargs="*", default=FIND_OUT, help="sources the finder's measured run never sees"
    )
    parser.add_argument(
        "--fold",
        nargs="+",
        action="append",
        help="sources that one measured run of the check never sees; once for each run",
    )
    parser.add_argument(
        "--scene-fold",
        nargs="+",
        action="append",
        help="sources or groups that one measured run of the scene network never sees; once for each run",
    )
    parser.add_argument(
        "--things-fold",
        nargs="+",
        action="append",
        help="sources that one measured run of the second look never sees; once for each run",
    )
    parser.add_argument(
        "--start-from",
        type=Path,
        help="a shipped scene, things or face_check.tflite that its network goes on from",
    )
    parser.add_argument(
        "--set",
        type=Path,
        action="append",
        help="a public set that `field` measures the dictionary of the normal on; none: not measured",
    )
    parser.add_argument("--trial", action="store_true", help="every step as short as can be")
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    arguments = parser.parse_args()
    unknown = set(arguments.networks) - set(NETWORKS)
    if unknown:
        parser.error(f"no network {', '.join(sorted(unknown))}; there are {', '.join(NETWORKS)}")
    only = arguments.networks or NETWORKS
    begins = {} if arguments.start_from is None else {arguments.start_from.stem: arguments.start_from}
    of = {"scene": "scene", "things": "things", "face_check": "check"}
    if not set(begins) <= {stem for stem, network in of.items() if network in only}:
        parser.error("--start-from names a scene, things or face_check.tflite whose network is to be made")
    if (
        not set(only) <= {"scene", "unusual", "patches", "field"}
        and not (arguments.data / "faces" / "manifest.csv").exists()
    ):
        parser.error(
            f"{arguments.data} has no faces/manifest.csv: --data names the folder that README.md describes"
        )
    trial = arguments.work / "trial"
    plan = Plan(
        arguments.data,
        trial if arguments.trial else arguments.work,
        trial / "models" if arguments.trial else arguments.out,
        arguments.version,
        arguments.find_out,
        arguments.fold or CHECK_FOLDS,
        arguments.trial,
        only,
        arguments.scene_fold or SCENE_FOLDS,
        begins.get("scene"),
        arguments.things_fold or THINGS_FOLDS,
        begins.get("things"),
        arguments.set or (),
        begins.get("face_check"),
    )
    if arguments.list:
        print("\n".join(json.dumps([s.name, *s.command[1:]]) for s in plan.steps()))
        return
    sys.exit(run(plan))


if __name__ == "__main__":
    main()
