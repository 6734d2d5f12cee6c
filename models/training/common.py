"""What both trainings share: reading the data folder, honest splits, and export to a checked int8 file.

The data folder has `faces/manifest.csv` with the columns path, kind, label, sub, covered, boxes, landmarks,
person, group, source, licence; `read_faces` says what each row means. Nothing here runs on the kiosk.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import random
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Left, top, width, height in pixels of the stored file, and what covers the face (or `ignore`)."""

    x: float
    y: float
    w: float
    h: float
    label: str


@dataclass(frozen=True, slots=True)
class FaceRow:
    """One picture of the manifest. `landmarks` is 5 x 2 pixels for one labelled face, else empty.

    `group` is the unit of splitting: pictures of one person or one shoot share it.
    """

    path: Path
    kind: str
    label: str
    boxes: tuple[FaceBox, ...]
    landmarks: tuple[tuple[float, float], ...]
    person: str
    group: str
    source: str
    licence: str


def read_faces(data: Path) -> list[FaceRow]:
    """All rows of `data/faces/manifest.csv`. FileNotFoundError where there is none."""
    rows: list[FaceRow] = []
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            boxes = tuple(
                FaceBox(float(x), float(y), float(w), float(h), str(label))
                for x, y, w, h, label in json.loads(line["boxes"] or "[]")
            )
            numbers = [float(n) for n in json.loads(line["landmarks"] or "[]")]
            points = tuple((numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2))
            rows.append(
                FaceRow(
                    data / "faces" / line["path"],
                    line["kind"],
                    line["label"],
                    boxes,
                    points,
                    line["person"],
                    line["group"],
                    line["source"],
                    line["licence"],
                )
            )
    return rows


def part(group: str, seed: str = "cabin") -> str:
    """`train` (80 %), `val` (10 %) or `test` (10 %), the same for a group in every run."""
    share = int.from_bytes(hashlib.sha256(f"{seed}/{group}".encode()).digest()[:4], "big") / 2**32
    return "train" if share < 0.8 else "val" if share < 0.9 else "test"


def seed_all(seed: int) -> np.random.Generator:
    """Seeds Python, NumPy and PyTorch; returns a generator of the same seed."""
    random.seed(seed)
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


class Average:
    """An exponential moving average of a module's weights; evaluate and export with these."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: nn.Module, step: int) -> None:
        """After an optimiser step; early on the average follows faster."""
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, value in model.state_dict().items():
                if value.dtype.is_floating_point:
                    self.state[key].lerp_(value, 1 - decay)
                else:
                    self.state[key].copy_(value)


class Progress:
    """A line a minute (or a step bar on a terminal): where the training is, how fast, when it ends."""

    def __init__(self, total: int, every_s: float = 20.0) -> None:
        self.total = total
        self.every_s = every_s
        self._begun = time.monotonic()
        self._first: int | None = None
        self._told = 0.0

    def tell(self, step: int, **numbers: float) -> None:
        """Call at every step; prints when it is time."""
        now = time.monotonic()
        if self._first is None:
            self._first = step
        if now - self._told < self.every_s and step + 1 < self.total:
            return
        self._told = now
        done = max(1, step - self._first)
        left_s = (now - self._begun) / done * (self.total - step)
        shown = "  ".join(f"{k} {v:.4g}" for k, v in numbers.items())
        print(
            f"{100 * step / self.total:5.1f} %  step {step}/{self.total}  {left_s / 60:.1f} min left",
            shown,
            sep="  ",
            flush=True,
        )


def save_checkpoint(path: Path, content: dict[str, object]) -> None:
    """Written beside and renamed, so that a stop half-way leaves the last whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save(content, fresh)
    fresh.replace(path)


def fuse_batch_norms(model: nn.Module) -> nn.Module:
    """Folds every BatchNorm after a convolution in an `nn.Sequential` into it, in place; model in eval."""
    for child in model.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for i in range(len(child) - 1):
            conv, norm = child[i], child[i + 1]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                child[i] = torch.nn.utils.fusion.fuse_conv_bn_eval(conv, norm)
                child[i + 1] = nn.Identity()
    return model


def to_input(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey levels to the networks' real input, -1 to 127/128: int8 is then simply grey - 128."""
    return grey.astype(np.float32) / np.float32(128.0) - np.float32(1.0)


class _TensorDetails(TypedDict):
    """What the interpreter says of a tensor."""

    name: str
    shape: Sequence[int]
    dtype: type[np.generic]
    quantization: tuple[float, int]


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of one export; the float one is for measuring what int8 loses."""

    int8: Path
    float32: Path
    contract: Path


@dataclass(frozen=True, slots=True)
class Promise:
    """What a network's contract says beside what its file shows. `input_shape` is NHWC.

    `outputs` names the tensors that the network returns, in order.
    """

    name: str
    version: str
    input_shape: tuple[int, int, int, int]
    outputs: Sequence[str]
    labels: Sequence[str]
    operating_points: Mapping[str, float]


def export_int8(
    model: nn.Module, calibration: Iterable[NDArray[np.uint8]], promise: Promise, folder: Path, scratch: Path
) -> Exported:
    """Writes `folder/NAME.tflite` (int8 in and out), its contract `NAME.json`, and a float twin in `scratch`.

    `model` takes 1 x C x H x W reals (`to_input`); what it returns with four axes has channels second and
    comes out channels last. `calibration` yields grey pictures 1 x H x W x C; a few hundred of the kind that
    will be seen.
    """
    import litert_torch
    from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
    from ai_edge_quantizer.utils import qsv_utils

    logging.getLogger("litert_torch").setLevel(logging.ERROR)
    scratch.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    wrapped = _ChannelsLast(fuse_batch_norms(model.eval())).eval()
    edge = litert_torch.convert(wrapped, (torch.zeros(promise.input_shape),))
    float_path = scratch / f"{promise.name}.float.tflite"
    edge.export(str(float_path))

    details = _details(float_path)
    batches = [{details.input_name: to_input(picture)} for picture in calibration]
    rules = recipe_manager.RecipeManager()
    rules.load_quantization_recipe(recipe.static_wi8_ai8())
    # The quantizer's own calibration averages the extremes over pictures, which cuts off every logit that
    # only some pictures reach; the true extremes are what is wanted here.
    measured = calibrator.Calibrator(str(float_path), num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    measured.calibrate({details.signature: batches}, rules)
    ranges = measured.get_model_qsvs()
    for key, value in ranges.items():
        # The input's range is known, not measured: then int8 is grey - 128 on every camera.
        if key == details.input_tensor:
            value["min"] = np.full_like(value["min"], -1.0)
            value["max"] = np.full_like(value["max"], 127.0 / 128.0)
    int8_path = folder / f"{promise.name}.tflite"
    quantised = quantizer.Quantizer(str(float_path), recipe.static_wi8_ai8()).quantize(ranges)
    int8_path.write_bytes(bytes(quantised.quantized_model))
    contract_path = folder / f"{promise.name}.json"
    _, height, width, channels = promise.input_shape
    costs = multiply_adds(model, (1, channels, height, width))
    contract_path.write_text(json.dumps(_contract(int8_path, promise, costs), indent=1) + "\n")
    return Exported(int8_path, float_path, contract_path)


class _ChannelsLast(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        out = self.inner(picture.permute(0, 3, 1, 2))
        out = out if isinstance(out, tuple) else (out,)
        return tuple(o.permute(0, 2, 3, 1) if o.ndim == 4 else o for o in out)


@dataclass(frozen=True, slots=True)
class _FloatDetails:
    signature: str
    input_name: str
    input_tensor: str


def _details(path: Path) -> _FloatDetails:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    signature, names = next(iter(interpreter.get_signature_list().items()))
    return _FloatDetails(signature, names["inputs"][0], str(interpreter.get_input_details()[0]["name"]))


def _contract(path: Path, promise: Promise, costs: int) -> dict[str, object]:
    from ai_edge_litert.interpreter import Interpreter

    content = path.read_bytes()
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    signature = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))
    ours = signature.get_output_details()
    # The converter names a signature's outputs output_0, output_1, ... in the order the model returned them.
    ordered = [ours[f"output_{i}"] for i in range(len(promise.outputs))]

    def tensor(our_name: str, details: _TensorDetails) -> dict[str, object]:
        scale, zero = details["quantization"]
        return {
            "name": our_name,
            "tensor": str(details["name"]),
            "shape": [int(n) for n in details["shape"]],
            "dtype": np.dtype(details["dtype"]).name,
            "scale": float(scale),
            "zero": int(zero),
        }

    return {
        "name": promise.name,
        "version": promise.version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "multiply_adds": costs,
        "input": tensor("picture", interpreter.get_input_details()[0]),
        "outputs": [tensor(n, d) for n, d in zip(promise.outputs, ordered, strict=True)],
        "labels": list(promise.labels),
        "operating_points": dict(promise.operating_points),
    }


def multiply_adds(model: nn.Module, input_shape: tuple[int, int, int, int]) -> int:
    """Multiply-adds of all convolutions and linear layers for one picture of 1 x C x H x W."""
    total = 0

    def count(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            kernel = module.kernel_size[0] * module.kernel_size[1] * module.in_channels // module.groups
            total += output.shape[1] * output.shape[2] * output.shape[3] * kernel
        elif isinstance(module, nn.Linear):
            total += output.numel() * module.in_features

    handles = [m.register_forward_hook(count) for m in model.modules()]
    was_training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(input_shape))
    model.train(was_training)
    for handle in handles:
        handle.remove()
    return total


def show_rate(done: int, total: int, unit: str) -> None:
    """A bar on stderr for work that is not training."""
    width = 30
    filled = width * done // max(1, total)
    print(
        f"\r[{'#' * filled}{'.' * (width - filled)}] {done}/{total} {unit}",
        end="",
        file=sys.stderr,
        flush=True,
    )
