"""Runs a checked int8 network, whichever interpreter this Python has; a wrong or damaged model never runs.

Python 3.11 has `tflite-runtime`, 3.12 and later `ai-edge-litert`: the same `Interpreter`. The stock
tflite-runtime 2.14 leaves XNNPACK out for int8 models, so its own delegate is made here through ctypes
with the quantized flags set, and where that is refused the plain kernels answer the same, more slowly.

Beside every `models/NAME.tflite` lies its contract `models/NAME.json`. `load` compares the file's hash and
the tensors that the interpreter really has with it; any difference is a `ModelFault`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.faults.fault import FaultError

Int8 = NDArray[np.int8]
Float = NDArray[np.float32]

_SCALE_TOLERANCE: Final = 1e-5
"""Relative: scales are 32-bit floats in the file and decimal text in the contract."""


class ModelFault(FaultError):
    """A model that must not run: `model_missing`, `_damaged`, `_wrong` or `_runtime` of the catalogue.

    The previous model goes on; with none the kiosk cannot judge faces and never locks for them.
    """


class TensorContract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor: `name` is our name, `tensor` the one inside the file, real = scale * (int8 - zero)."""

    name: str
    tensor: str
    shape: tuple[int, ...]
    dtype: str
    scale: Annotated[float, msgspec.Meta(gt=0.0)]
    zero: Annotated[int, msgspec.Meta(ge=-128, le=127)]

    def quantise(self, values: Float) -> Int8:
        """Real numbers to int8, rounded and clipped."""
        steps: Float = np.rint(values / np.float32(self.scale)) + np.float32(self.zero)
        return np.clip(steps, -128, 127).astype(np.int8)

    def dequantise(self, values: Int8) -> Float:
        """int8 to real numbers (32-bit)."""
        return (values.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model file must be: hash, tensors, labels, and the thresholds chosen on held-out data.

    `multiply_adds` is what one pass costs, counted over its convolutions and linear layers.
    """

    name: str
    version: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    multiply_adds: Annotated[int, msgspec.Meta(ge=1)]
    input: TensorContract
    outputs: tuple[TensorContract, ...]
    labels: tuple[str, ...]
    operating_points: dict[str, float]


class Network:
    """A checked network: one int8 input, int8 outputs in the contract's order. For one thread."""

    def __init__(
        self, contract: Contract, interpreter: _Interpreter, order: Sequence[int], accelerated: bool
    ) -> None:
        self.contract = contract
        self.accelerated = accelerated
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        self._order = tuple(order)

    def run(self, picture: Int8) -> tuple[Int8, ...]:
        """One forward pass. `picture` has the contract's input shape; ValueError where it has not."""
        self._interpreter.set_tensor(self._input, picture)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(i) for i in self._order)

    def run_real(self, picture: Int8) -> tuple[Float, ...]:
        """As `run`, with every output as real numbers."""
        outputs = self.run(picture)
        return tuple(c.dequantise(o) for c, o in zip(self.contract.outputs, outputs, strict=True))


def load(model_path: Path, num_threads: int = 1, labels: Sequence[str] | None = None) -> Network:
    """The network in `model_path`, checked against the contract beside it (same name, `.json`).

    `labels`, where given, are those the caller's code was written for, in order. One thread is the safe
    default: two on shared cores were measured up to a hundred times slower. Raises `ModelFault`.
    """
    contract = read_contract(model_path.with_suffix(".json"))
    if labels is not None and tuple(labels) != contract.labels:
        raise ModelFault(
            "model_wrong",
            f"{model_path.name}: labels {contract.labels} where the program knows {tuple(labels)}",
        )
    try:
        content = model_path.read_bytes()
    except OSError as error:
        raise ModelFault("model_missing", f"{model_path.name} cannot be read ({error.strerror})") from error
    found = hashlib.sha256(content).hexdigest()
    if found != contract.sha256:
        raise ModelFault(
            "model_damaged",
            f"{model_path.name} has hash {found[:12]}, its contract says {contract.sha256[:12]}",
        )
    interpreter, accelerated = _interpreter(content, num_threads)
    order = _check(model_path.name, contract, interpreter)
    return Network(contract, interpreter, order, accelerated)


def load_or_previous(
    model_paths: Sequence[Path], num_threads: int = 1, labels: Sequence[str] | None = None
) -> tuple[Network, tuple[ModelFault, ...]]:
    """The first of `model_paths` (newest first) that passes, and the faults of those refused before it.

    So a bad update leaves the kiosk on the model it had: `[models/x.tflite, models/previous/x.tflite]`.
    Raises the first `ModelFault` when none passes.
    """
    refused: list[ModelFault] = []
    for path in model_paths:
        try:
            return load(path, num_threads, labels), tuple(refused)
        except ModelFault as fault:
            refused.append(fault)
    if not refused:
        raise ModelFault("model_missing", "no model was named")
    raise refused[0]


def read_contract(path: Path) -> Contract:
    """The contract in `path`, its types, bounds and fields checked. Raises `ModelFault`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Contract)
    except OSError as error:
        raise ModelFault("model_missing", f"{path.name} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise ModelFault("model_damaged", f"{path.name} is no contract: {error}") from error
    except UnicodeDecodeError as error:
        raise ModelFault("model_damaged", f"{path.name} is not text") from error


class _Interpreter(Protocol):
    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, object]]: ...
    def get_output_details(self) -> list[dict[str, object]]: ...
    def set_tensor(self, tensor_index: object, value: Int8) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, tensor_index: object) -> Int8: ...


class _XnnOptions(ctypes.Structure):
    """TfLiteXNNPackDelegateOptions of TensorFlow 2.14 (tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h).

    `rest` is room for what other versions append: the struct is returned through a pointer, so more
    room than needed does no harm and less would.
    """

    _fields_ = (
        ("num_threads", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("rest", ctypes.c_uint8 * 120),
    )


_XNN_QUANTIZED: Final = 0x1 | 0x2
"""TFLITE_XNNPACK_DELEGATE_FLAG_QS8 | _QU8: take signed and unsigned 8-bit operators."""


_WARNING: Final = 2
"""tflite::LogSeverity::TFLITE_LOG_WARNING."""


def _say_warnings_only(shared: ctypes.CDLL) -> None:
    """Without this every load prints that a delegate was made; a build that lacks the call just prints it."""
    with contextlib.suppress(AttributeError):
        shared._ZN6tflite16logging_internal13MinimalLogger21SetMinimumLogSeverityENS_11LogSeverityE(_WARNING)


class _XnnDelegate:
    """tflite-runtime's own XNNPACK with the quantized flags, shaped as `experimental_delegates` wants it."""

    def __init__(self, library: Path, num_threads: int) -> None:
        shared = ctypes.CDLL(str(library))
        _say_warnings_only(shared)
        defaults = shared.TfLiteXNNPackDelegateOptionsDefault
        defaults.restype = _XnnOptions
        create = shared.TfLiteXNNPackDelegateCreate
        create.restype = ctypes.c_void_p
        create.argtypes = (ctypes.POINTER(_XnnOptions),)
        self._delete = shared.TfLiteXNNPackDelegateDelete
        self._delete.argtypes = (ctypes.c_void_p,)
        self._pointer: int | None = None
        options = defaults()
        options.num_threads = num_threads
        options.flags |= _XNN_QUANTIZED
        self._pointer = create(ctypes.byref(options))
        if not self._pointer:
            raise RuntimeError("XNNPACK made no delegate")

    def _get_native_delegate_pointer(self) -> int | None:
        """Called by tflite_runtime.interpreter.Interpreter."""
        return self._pointer

    def __del__(self) -> None:
        # The interpreter keeps this object and lets go of its graph first, in its own __del__.
        if getattr(self, "_pointer", None):
            self._delete(self._pointer)
            self._pointer = None


def _interpreter(content: bytes, num_threads: int) -> tuple[_Interpreter, bool]:
    """An interpreter with its tensors allocated, and whether XNNPACK runs the int8 operators."""
    try:
        runtime = importlib.import_module("ai_edge_litert.interpreter")
        return _allocated(runtime.Interpreter, content, num_threads, None), True
    except ImportError:
        pass
    try:
        runtime = importlib.import_module("tflite_runtime.interpreter")
        wrapper = importlib.import_module("tflite_runtime._pywrap_tensorflow_interpreter_wrapper")
        library = Path(str(wrapper.__file__))
    except ImportError as error:
        raise ModelFault("model_runtime", f"no interpreter for .tflite files ({error})") from error
    try:
        return _allocated(runtime.Interpreter, content, num_threads, _XnnDelegate(library, num_threads)), True
    except (OSError, AttributeError, RuntimeError):
        # No such symbols in this build, or a graph with dynamic tensors: the plain kernels take both.
        return _allocated(runtime.Interpreter, content, num_threads, None), False


def _allocated(
    make: Callable[..., object], content: bytes, num_threads: int, delegate: _XnnDelegate | None
) -> _Interpreter:
    delegates: Mapping[str, object] = {} if delegate is None else {"experimental_delegates": [delegate]}
    try:
        interpreter = cast(_Interpreter, make(model_content=content, num_threads=num_threads, **delegates))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, TypeError, ImportError) as error:
        if delegate is not None:
            raise RuntimeError(str(error)) from error
        raise ModelFault("model_runtime", f"the interpreter refuses the model ({error})") from error
    return interpreter


def _check(file: str, contract: Contract, interpreter: _Interpreter) -> list[int]:
    """The interpreter's output indices in the contract's order. Raises `ModelFault` at any difference."""
    inputs = {str(d["name"]): d for d in interpreter.get_input_details()}
    outputs = {str(d["name"]): d for d in interpreter.get_output_details()}
    if len(inputs) != 1:
        raise ModelFault("model_wrong", f"{file}: {len(inputs)} inputs where one is promised")
    if len(outputs) != len(contract.outputs):
        raise ModelFault(
            "model_wrong", f"{file}: {len(outputs)} outputs where {len(contract.outputs)} are promised"
        )
    _check_tensor(file, contract.input, inputs)
    return [_check_tensor(file, promised, outputs) for promised in contract.outputs]


def _check_tensor(file: str, promised: TensorContract, found: Mapping[str, Mapping[str, object]]) -> int:
    details = found.get(promised.tensor)
    if details is None:
        raise ModelFault(
            "model_wrong",
            f"{file}: no tensor {promised.tensor!r} for {promised.name!r}, it has {sorted(found)}",
        )
    shape = tuple(int(n) for n in cast(Sequence[int], details["shape"]))
    if shape != promised.shape:
        raise ModelFault(
            "model_wrong", f"{file}: {promised.name!r} is {shape} where {promised.shape} is promised"
        )
    dtype = np.dtype(cast(type[np.generic], details["dtype"])).name
    if dtype != promised.dtype or dtype != "int8":
        raise ModelFault("model_wrong", f"{file}: {promised.name!r} is {dtype} where int8 is promised")
    scale, zero = cast(tuple[float, int], details["quantization"])
    if abs(scale - promised.scale) > _SCALE_TOLERANCE * promised.scale or zero != promised.zero:
        raise ModelFault(
            "model_wrong",
            f"{file}: {promised.name!r} is scaled {scale:g}/{zero}"
            f" where {promised.scale:g}/{promised.zero} is promised",
        )
    return cast(int, details["index"])
