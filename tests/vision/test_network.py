"""A model runs only when it is the one its contract names; else a named fault, and the old one stays."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.faults.catalogue import CATALOGUE
from edge.vision import network as tflite
from edge.vision.network import ModelFault, TensorContract, load, load_or_previous, read_contract

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for suffix in (".tflite", ".json"):
        shutil.copy(MODELS / f"face_find{suffix}", tmp_path / f"face_find{suffix}")
    return tmp_path / "face_find.tflite"


def _edit(model: Path, changes: Mapping[str, object]) -> None:
    path = model.with_suffix(".json")
    content = json.loads(path.read_text())
    for key, value in changes.items():
        target = content
        *way, last = key.split("__")
        for step in way:
            target = target[int(step) if step.isdigit() else step]
        target[last] = value
    path.write_text(json.dumps(content))


def _picture(model: Path, seed: int = 0) -> NDArray[np.int8]:
    shape = read_contract(model.with_suffix(".json")).input.shape
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)


def test_loads_and_answers_as_promised(model: Path) -> None:
    network = load(model)
    outputs = network.run(_picture(model))
    assert [o.shape for o in outputs] == [o.shape for o in network.contract.outputs]
    assert all(o.dtype == np.int8 for o in outputs)
    for raw, real, promised in zip(
        outputs, network.run_real(_picture(model)), network.contract.outputs, strict=True
    ):
        np.testing.assert_allclose(real, (raw.astype(float) - promised.zero) * promised.scale, rtol=1e-5)


def test_int8_operators_run_in_xnnpack(model: Path) -> None:
    assert load(model).accelerated


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="only tflite-runtime needs the delegate made by hand")
@pytest.mark.parametrize("why", [OSError, AttributeError, RuntimeError])
def test_without_the_delegate_the_plain_kernels_give_the_same_answer(
    model: Path, monkeypatch: pytest.MonkeyPatch, why: type[Exception]
) -> None:
    fast = load(model)

    def refuse(*_: object) -> None:
        raise why("not in this build")

    monkeypatch.setattr(tflite, "_XnnDelegate", refuse)
    plain = load(model)
    assert fast.accelerated
    assert not plain.accelerated
    for a, b in zip(fast.run(_picture(model)), plain.run(_picture(model)), strict=True):
        # Kernels round differently, and forty layers add it up: a few steps of 256, nothing more.
        apart = np.abs(a.astype(int) - b.astype(int))
        assert apart.max() <= 10
        assert apart.mean() < 1.5


def _assert_fault(model: Path, code: str, labels: tuple[str, ...] | None = None) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        load(model, labels=labels)
    assert caught.value.code == code
    assert code in CATALOGUE
    return caught.value


def test_a_missing_file_is_named(model: Path) -> None:
    model.unlink()
    assert "face_find.tflite" in _assert_fault(model, "model_missing").detail


def test_a_missing_contract_is_named(model: Path) -> None:
    model.with_suffix(".json").unlink()
    assert "face_find.json" in _assert_fault(model, "model_missing").detail


@pytest.mark.parametrize("where", [0, 1000, -1])
def test_one_flipped_bit_is_damage(model: Path, where: int) -> None:
    content = bytearray(model.read_bytes())
    content[where] ^= 1
    model.write_bytes(bytes(content))
    _assert_fault(model, "model_damaged")


def test_a_cut_off_file_is_damage(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-100])
    _assert_fault(model, "model_damaged")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 3}', "\x00", "null"])
def test_a_damaged_contract_is_damage(model: Path, text: str) -> None:
    model.with_suffix(".json").write_text(text)
    _assert_fault(model, "model_damaged")


def test_a_contract_with_a_field_nobody_knows_is_refused(model: Path) -> None:
    _edit(model, {"threshold": 0.5})
    _assert_fault(model, "model_damaged")


def test_a_contract_that_is_not_text_is_damage(model: Path) -> None:
    model.with_suffix(".json").write_bytes(b'{"name": "\xff\xfe"}')
    _assert_fault(model, "model_damaged")


@pytest.mark.parametrize(
    "changes",
    [
        {"input__shape": [1, 120, 160, 1]},
        {"input__scale": 0.01},
        {"input__zero": 3},
        {"input__dtype": "uint8"},
        {"input__tensor": "other"},
        {"outputs__0__scale": 0.5},
        {"outputs__1__shape": [1, 1]},
        {"outputs__2__tensor": "other"},
    ],
)
def test_every_promise_is_checked(model: Path, changes: dict[str, object]) -> None:
    _edit(model, changes)
    _assert_fault(model, "model_wrong")


def test_a_missing_output_is_wrong(model: Path) -> None:
    content = json.loads(model.with_suffix(".json").read_text())
    _edit(model, {"outputs": content["outputs"][:-1]})
    _assert_fault(model, "model_wrong")


def test_labels_of_another_program_are_wrong(model: Path) -> None:
    _assert_fault(model, "model_wrong", labels=("bare", "mask"))
    assert load(model, labels=("face",)).contract.labels == ("face",)


def test_something_that_is_no_model_is_a_runtime_fault(model: Path) -> None:
    model.write_bytes(b"not a flatbuffer at all, but long enough to be looked at" * 4)
    _edit(model, {"sha256": hashlib.sha256(model.read_bytes()).hexdigest()})
    _assert_fault(model, "model_runtime")


def test_the_previous_model_goes_on_when_the_new_one_is_bad(model: Path, tmp_path: Path) -> None:
    old = tmp_path / "previous" / model.name
    old.parent.mkdir()
    for suffix in (".tflite", ".json"):
        shutil.copy(model.with_suffix(suffix), old.with_suffix(suffix))
    model.write_bytes(b"half an upd")
    network, refused = load_or_previous([model, old])
    assert [f.code for f in refused] == ["model_damaged"]
    assert network.run(_picture(old))[0].shape == network.contract.outputs[0].shape
    fresh, none = load_or_previous([old, model])
    assert none == ()
    assert fresh.contract == network.contract


def test_with_no_good_model_the_newest_ones_fault_is_raised(model: Path) -> None:
    model.write_bytes(b"")
    with pytest.raises(ModelFault) as caught:
        load_or_previous([model, model.with_name("other.tflite")])
    assert caught.value.code == "model_damaged"
    with pytest.raises(ModelFault) as caught:
        load_or_previous([])
    assert caught.value.code == "model_missing"


def test_reals_and_int8_are_each_others_inverse() -> None:
    tensor = TensorContract("a", "a", (256,), "int8", 0.07, -13)
    every = np.arange(-128, 128, dtype=np.int8)
    np.testing.assert_array_equal(tensor.quantise(tensor.dequantise(every)), every)
    np.testing.assert_array_equal(tensor.quantise(np.array([1e9, -1e9], np.float32)), [127, -128])
