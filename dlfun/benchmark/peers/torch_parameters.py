"""Initial parameters under PyTorch's names and in its order of axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from dlfun.benchmark.works import Work
from dlfun.models import CNN, RNN

GATES = {"gru": "rzn", "lstm": "ifgo"}
DIRECTIONS = {"forward": "", "backward": "_reverse"}


def dense_kernel(kernel: np.ndarray) -> np.ndarray:
    """[in, out] -> [out, in]."""
    return kernel.T


def conv_kernel(kernel: np.ndarray) -> np.ndarray:
    """[*window, in, out] -> [out, in, *window]."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def channels_first(kernel: np.ndarray, channels: int, axes: int) -> np.ndarray:
    """Rows [*axes, channels] of the kernel behind a flattening -> [channels, *axes]."""
    side = round((len(kernel) // channels) ** (1 / axes))
    rows = kernel.reshape(*(side,) * axes, channels, -1)
    return np.moveaxis(rows, -2, 0).reshape(kernel.shape)


def recurrent(
    parameters: Mapping[str, np.ndarray], layer: str, gates: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Gates side by side, a matrix for each side and direction."""
    for direction, suffix in DIRECTIONS.items():
        cell = f"{layer}/{direction}"
        for side in "ih":
            names = [f"{cell}/{side}{gate}" for gate in gates]
            if f"{names[0]}/kernel" in parameters:
                kernels = [parameters[f"{name}/kernel"].T for name in names]
                yield f"{layer}.weight_{side}h_l0{suffix}", np.concatenate(kernels)
            if f"{names[0]}/bias" in parameters:
                biases = [parameters[f"{name}/bias"] for name in names]
                yield f"{layer}.bias_{side}h_l0{suffix}", np.concatenate(biases)


def to_torch(work: Work, parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One member's parameters, from layer/array in Flax to layer.array in PyTorch."""
    cut = {name.removeprefix("params/"): array for name, array in parameters.items()}
    found: dict[str, np.ndarray] = {}
    if isinstance(work.shape, RNN):
        found |= recurrent(cut, "layer_0", GATES[work.shape.cell])
    flattened = ""
    if isinstance(work.shape, CNN):
        flattened = "dense_0" if work.shape.dense else "head"
    for name, array in cut.items():
        layer, _, kind = name.partition("/")
        if layer == flattened and kind == "kernel":
            array = channels_first(array, work.shape.channels[-1], len(work.input) - 1)
        if kind == "bias":
            found[f"{layer}.bias"] = array
        elif kind == "kernel":
            change = conv_kernel if layer.startswith("conv_") else dense_kernel
            found[f"{layer}.weight"] = change(array)
    return {name: np.ascontiguousarray(array) for name, array in found.items()}
