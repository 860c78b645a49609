"""The files that a trained model is exported to, and how each is called to be checked.

Converters are imported only when they are asked for: they are in the extra `export`.
"""

from __future__ import annotations

import dataclasses
import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.errors import OPT, UserError, first_line, missing_extra

BATCH = "batch"
"""The name of the free axis."""

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""On which a file of the format jax runs."""


class Exportable(NamedTuple):
    """A trained model as one function, and what it is called with.

    Attributes:
      function: (variables, *arguments) -> outputs, the batch first in all of them.
      variables: by Flax's names, layer/array, without an axis of members.
      tree: the same as the tree that `function` takes.
      arguments: name -> real ones, [examples, ...].
      output: the name of the outputs.
    """

    function: Callable[..., Any]
    variables: Mapping[str, np.ndarray]
    tree: Any
    arguments: Mapping[str, np.ndarray]
    output: str

    def closed(self) -> Callable[..., Any]:
        """The function of its arguments alone, its variables constants in it."""
        held = jax.tree.map(jax.numpy.asarray, self.tree)
        return lambda *arguments: self.function(held, *arguments)


class Format(NamedTuple):
    """A format: its files' bytes by name, and the outputs of the model that they hold.

    Attributes:
      write: Exportable -> name -> content.
      call: (contents, Exportable) -> outputs [examples, ...], of the files alone.
      load: lines of Python that load it.
      needs: packages to make it, and to load it.
    """

    write: Callable[[Exportable], dict[str, bytes]]
    call: Callable[[Mapping[str, bytes], Exportable], np.ndarray]
    load: tuple[str, ...]
    needs: tuple[str, ...]


def needed(name: str) -> Any:
    """A package of the extra `export`, or of `onnx`.

    Raises:
      UserError: if it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        extra = "onnx" if "onnx" in package else "export"
        raise missing_extra(
            f"this format ({package})", extra, f"choose another {OPT.format}"
        ) from None


def lowered(model: Exportable, platforms: Sequence[str]) -> Any:
    """The model for these platforms, with a free batch axis."""
    from jax import export

    needed("flatbuffers")
    (batch,) = export.symbolic_shape(BATCH)
    avals = [
        jax.ShapeDtypeStruct((batch, *array.shape[1:]), array.dtype)
        for array in model.arguments.values()
    ]
    return export.export(jax.jit(model.closed()), platforms=tuple(platforms))(*avals)


def write_jax(model: Exportable) -> dict[str, bytes]:
    """model.jax: what `jax.export` serialises."""
    return {"model.jax": bytes(lowered(model, PLATFORMS).serialize())}


def call_jax(files: Mapping[str, bytes], model: Exportable) -> np.ndarray:
    """The outputs of model.jax."""
    from jax import export

    loaded = export.deserialize(bytearray(files["model.jax"]))
    return np.asarray(loaded.call(*model.arguments.values()))


def write_stablehlo(model: Exportable) -> dict[str, bytes]:
    """model.mlirbc, a portable artifact of StableHLO with its constants; model.mlir, its text."""
    made = lowered(model, ("cpu",))
    text = str(made.mlir_module()).encode()
    return {"model.mlirbc": bytes(made.mlir_module_serialized), "model.mlir": text}


def call_stablehlo(files: Mapping[str, bytes], model: Exportable) -> np.ndarray:
    """The outputs of the program in model.mlirbc."""
    made = lowered(model, ("cpu",))
    held = dataclasses.replace(made, mlir_module_serialized=files["model.mlirbc"])
    with jax.default_device(jax.devices("cpu")[0]):
        return np.asarray(held.call(*model.arguments.values()))


def write_onnx(model: Exportable) -> dict[str, bytes]:
    """model.onnx.

    Raises:
      UserError: if the converter knows some operation not.
    """
    converter = needed("jax2onnx")
    avals = [
        jax.ShapeDtypeStruct((BATCH, *array.shape[1:]), array.dtype)
        for array in model.arguments.values()
    ]
    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # of shapes that it leaves out, as it may
    double = jax.config.values["jax_enable_x64"]
    try:
        made = converter.to_onnx(
            model.closed(),
            inputs=avals,
            input_names=list(model.arguments),
            output_names=[model.output],
            enable_double_precision=double,
        )
    except Exception as error:  # it raises what the operation it stumbles over happens to break
        raise UserError(
            f"jax2onnx cannot convert this model ({type(error).__name__}: {first_line(error)}); "
            f"{OPT.format}=jax can hold it"
        ) from error
    content: bytes = made.SerializeToString()
    return {"model.onnx": content}


def call_onnx(files: Mapping[str, bytes], model: Exportable) -> np.ndarray:
    """The outputs of model.onnx under onnxruntime.

    Raises:
      UserError: if it does not run.
    """
    runtime = needed("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    cpu = ["CPUExecutionProvider"]
    try:
        session = runtime.InferenceSession(files["model.onnx"], options, providers=cpu)
        return np.asarray(session.run(None, dict(model.arguments))[0])
    except Exception as error:  # of classes that its extension makes
        raise UserError(
            f"onnxruntime cannot run this model ({type(error).__name__}: {first_line(error)}); "
            f"{OPT.format}=jax can hold it"
        ) from error


def write_safetensors(model: Exportable) -> dict[str, bytes]:
    """model.safetensors: the parameters under Flax's names, layer/array."""
    arrays = {n: np.array(a, order="C") for n, a in model.variables.items()}
    content: bytes = needed("safetensors.numpy").save(arrays)
    return {"model.safetensors": content}


def call_safetensors(files: Mapping[str, bytes], model: Exportable) -> np.ndarray:
    """The outputs of the model with the parameters in model.safetensors."""
    from dlfun.inference.trained_models import unflattened

    tree = unflattened(needed("safetensors.numpy").load(files["model.safetensors"]))
    return np.asarray(jax.jit(model.function)(tree, *model.arguments.values()))


FORMATS: dict[str, Format] = {
    "jax": Format(
        write_jax,
        call_jax,
        (
            "from jax import export",
            'model = export.deserialize(bytearray(open("model.jax", "rb").read()))',
            "outputs = model.call({arguments})",
        ),
        ("jax", "flatbuffers"),
    ),
    "stablehlo": Format(
        write_stablehlo,
        call_stablehlo,
        ("# model.mlirbc: a portable artifact for any compiler of StableHLO, such as IREE",),
        ("jax", "flatbuffers"),
    ),
    "onnx": Format(
        write_onnx,
        call_onnx,
        (
            "import onnxruntime",
            'session = onnxruntime.InferenceSession("model.onnx")',
            "(outputs,) = session.run(None, {named})",
        ),
        ("jax2onnx", "onnxruntime"),
    ),
    "safetensors": Format(
        write_safetensors,
        call_safetensors,
        (
            "from safetensors.numpy import load_file",
            'parameters = load_file("model.safetensors")',
            "# names are collection/layer/array, as Flax has them: flax.traverse_util."
            'unflatten_dict(parameters, sep="/")',
        ),
        ("safetensors",),
    ),
}


def write_files(kind: str, model: Exportable, own: str = "") -> dict[str, bytes]:
    """The files of a format, for a batch of any size.

    Args:
      own: the name of a module of the user's own; empty for models of the table.

    Raises:
      UserError: if a module of the user's own cannot be traced for that.
    """
    try:
        return FORMATS[kind].write(model)
    except Exception as error:  # whatever the user's code may raise
        if not own or isinstance(error, UserError):
            raise
        raise UserError(
            f"{own}: cannot be exported as {kind} for batches of any size ({first_line(error)}); "
            "let it take that size from x.shape[0], not len(x), and use it in shapes alone, or "
            f"give {OPT.format}=safetensors"
        ) from error
