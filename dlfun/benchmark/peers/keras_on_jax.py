"""Keras 3 on JAX: a compiled model and its own fit.

Keras is imported inside the functions: its backend must be named before, and it may be missing.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dlfun.benchmark.options import Job
from dlfun.benchmark.side import read_start
from dlfun.benchmark.works import CLASSES, Work
from dlfun.models import CNN, RNN, VAE

GATES = {"gru": "zrn", "lstm": "ifgo"}


def imported() -> Any:
    """Keras, on JAX."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    return keras


def features(work: Work, hidden: Any) -> Any:
    """All layers of a classifier but its head."""
    layers, shape = imported().layers, work.shape
    if isinstance(work.shape, CNN):
        conv, pool = _of_axes(len(work.input) - 1)
        for i, (size, kernel) in enumerate(zip(shape.channels, shape.kernels, strict=True)):
            hidden = _padded(len(work.input) - 1, shape.padding[i])(hidden)
            strides = shape.strides[i]
            hidden = conv(size, kernel, strides, activation="relu", name=f"conv_{i}")(hidden)
            hidden = pool(shape.pools[i])(hidden) if shape.pools[i] > 1 else hidden
        hidden = layers.Flatten()(hidden)
        for i, width in enumerate(shape.dense):
            hidden = layers.Dense(width, activation="relu", name=f"dense_{i}")(hidden)
        return hidden
    if isinstance(work.shape, RNN):
        kind = {"gru": layers.GRU, "lstm": layers.LSTM}[shape.cell]
        every = shape.readout == "all"
        layer = kind(shape.widths[0], return_sequences=every, name="layer_0")
        layer = layers.Bidirectional(layer, name="layer_0") if shape.bidirectional else layer
        return layers.Flatten()(layer(hidden))
    hidden = layers.Flatten()(hidden)
    for i, width in enumerate(getattr(shape, "widths", ())):
        new = layers.Dense(width, activation="relu", name=f"hidden_{i}")(hidden)
        hidden = layers.Add()([hidden, new]) if i and shape.residual else new
    return hidden


def _of_axes(axes: int) -> tuple[Any, Any]:
    layers = imported().layers
    if axes == 1:
        return layers.Conv1D, layers.MaxPooling1D
    return layers.Conv2D, layers.MaxPooling2D


def _padded(axes: int, zeros: int) -> Any:
    layers = imported().layers
    return layers.ZeroPadding1D(zeros) if axes == 1 else layers.ZeroPadding2D(zeros)


def classifier(work: Work) -> tuple[Any, Any]:
    """The model, and its loss."""
    keras = imported()
    inputs = keras.Input(work.input)
    logits = keras.layers.Dense(CLASSES, name="head")(features(work, inputs))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.Model(inputs, logits), loss


def variational(work: Work) -> tuple[Any, Any]:
    """The VAE with its noise as a second input, and a loss for each of its outputs."""
    keras = imported()
    dense, ops, (width,), latent = (
        keras.layers.Dense,
        keras.ops,
        work.shape.widths,
        work.shape.latent,
    )
    inputs, noise = keras.Input(work.input), keras.Input((latent,))
    hidden = dense(width, activation="relu", name="encoder_0")(inputs)
    posterior = dense(2 * latent, name="posterior")(hidden)
    mean, log_variance = posterior[:, :latent], posterior[:, latent:]
    drawn = mean + ops.exp(0.5 * log_variance) * noise
    hidden = dense(width, activation="relu", name="decoder_0")(drawn)
    decoded = dense(work.input[0], name="likelihood")(hidden)
    readout = dense(CLASSES, name="readout")(ops.stop_gradient(mean))

    def divergence(_: Any, posterior: Any) -> Any:
        mean, log_variance = posterior[:, :latent], posterior[:, latent:]
        return 0.5 * ops.sum(ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1)

    def wrong(values: Any, logits: Any) -> Any:
        return ops.sum(ops.softplus(logits) - values * logits, axis=-1)

    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.Model([inputs, noise], [decoded, posterior, readout]), [wrong, divergence, entropy]


def weights_of(work: Work, layer: str, given: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """One layer's arrays in the order in which Keras holds them."""
    if layer != "layer_0":
        return [given[f"params/{layer}/kernel"], given[f"params/{layer}/bias"]]
    found = []
    for direction in ("forward", "backward") if work.shape.bidirectional else ("forward",):
        parts: dict[tuple[str, str], list[np.ndarray]] = {}
        for side, gate in itertools.product("ih", GATES[work.shape.cell]):
            for kind in ("kernel", "bias"):
                array = given.get(f"params/layer_0/{direction}/{side}{gate}/{kind}")
                if array is not None:
                    parts.setdefault((side, kind), []).append(array)
        whole = {key: np.concatenate(arrays, axis=-1) for key, arrays in parts.items()}
        biases = [array for (_, kind), array in whole.items() if kind == "bias"]
        found += [whole["i", "kernel"], whole["h", "kernel"]]
        found.append(np.stack(biases) if work.shape.cell == "gru" else biases[0])
    return found


class Fit:
    """One member; batches are gathered by index, as a keras.utils.PyDataset does it."""

    def __init__(self, job: Job) -> None:
        self.keras = imported()
        self.keras.config.set_floatx(job.precision)
        start = read_start(job).member()
        self.work, self.start = job.work, start
        make = variational if isinstance(job.work.shape, VAE) else classifier
        self.model, loss = make(job.work)
        for layer in self.model.layers:
            if layer.weights:
                layer.set_weights(weights_of(job.work, layer.name, start.parameters))
        # Keras adds epsilon before the bias is corrected: in the first steps this is like the
        # 1e-8 that the others add after it.
        adam = self.keras.optimizers.Adam(job.work.learning_rate, epsilon=1e-9)
        self.model.compile(adam, loss)
        self.rows = itertools.cycle(start.rows)
        self.random = np.random.default_rng(0)

    def batch(self, noise: np.ndarray | None = None) -> tuple[Any, Any]:
        """Inputs and targets of the next step."""
        rows = next(self.rows)
        inputs, targets = self.start.inputs[rows], self.start.targets[rows]
        if not isinstance(self.work.shape, VAE):
            return inputs, targets
        if noise is None:
            noise = self.random.standard_normal((len(rows), self.work.shape.latent), np.float32)
        # The divergence needs no target; Keras wants one for each output.
        return (inputs, noise), (inputs, targets, targets)

    def losses(self, steps: int) -> np.ndarray:
        """Of the first steps."""
        noise = itertools.repeat(None) if self.start.noise is None else iter(self.start.noise)
        found = []
        for _ in range(steps):
            inputs, targets = self.batch(next(noise))
            told = self.model.train_on_batch(inputs, targets)
            found.append(told[0] if isinstance(told, list) else told)
        return np.array([found], float)

    def go(self, steps: int) -> None:
        """Trains on by fit, over a generator of batches."""

        def batches() -> Iterator[Any]:
            for _ in range(steps):
                yield self.batch()

        self.model.fit(batches(), steps_per_epoch=steps, shuffle=False, verbose=0)

    def facts(self) -> dict[str, Any]:
        """It trains one member."""
        return {"members": 1}


def fit(job: Job) -> Fit:
    """Keras' own loop."""
    return Fit(job)
