"""The works that are timed: standard shapes of the five families, fixed so that files compare.

Nothing here imports JAX, so that a script can define its flags from it at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlfun.models import BPNN, CNN, RNN, VAE, Perceptron, Softmax
from dlfun.types import HParams, Settings, Spec

CLASSES = 10
MODALITIES = {1: "vector", 2: "sequence", 3: "image"}


@dataclasses.dataclass(frozen=True)
class Work:
    """One model on data of one shape.

    Attributes:
      title: what it is, in words.
      model: a name of `dlfun.models.MODELS`, and `shape` that model's Settings.
      input: shape of one example.
      members: runs trained together.
      steps: training steps in one timed program.
      examples: of the generated data.
    """

    title: str
    model: str
    shape: Any
    input: tuple[int, ...]
    batch_size: int = 128
    members: int = 1
    steps: int = 100
    learning_rate: float = 1e-3
    likelihood: str = "gaussian"
    examples: int = 10_000

    @property
    def spec(self) -> Spec:
        """What the model must know of the data."""
        modality = MODALITIES[len(self.input)]
        return Spec(self.input, modality, "classification", CLASSES, self.likelihood)

    @property
    def hparams(self) -> HParams:
        """The numbers of every member."""
        return HParams(learning_rate=self.learning_rate)

    def settings(self, interval: int, precision: str) -> Settings:
        """Settings of a run in intervals of this many steps."""
        return Settings(
            self.model,
            self.shape,
            batch_size=self.batch_size,
            steps=interval,
            evaluations=1,
            precision=precision,
        )


def mnist1d(title: str, model: str, shape: Any, steps: int) -> Work:
    """A work of the published MNIST-1D protocol (Greydanus 2020)."""
    return Work(title, model, shape, (40, 1), 100, 20, steps, 1e-2, examples=4_000)


def image_cnn() -> CNN:
    """Two convolutions of 3 x 3, each pooled, and a hidden layer of 256."""
    twice = (1, 1)
    return CNN((32, 64), kernels=(3, 3), strides=twice, padding=twice, pools=(2, 2), dense=(256,))


WORKS: Mapping[str, Work] = {
    "softmax": Work("softmax 784-10", "softmax", Softmax(), (784,), steps=2000),
    "bpnn": Work("BPNN 784-300-10", "bpnn", BPNN((300,)), (784,), steps=500),
    "cnn": Work("CNN conv32-conv64-256-10 on 28x28", "cnn", image_cnn(), (28, 28, 1), steps=20),
    # One bias a gate, as Flax and Keras have; the peers with two hold one of them at zero.
    "lstm": Work(
        "LSTM(128) over 28 rows of 28",
        "rnn",
        RNN("lstm", (128,), bidirectional=False, readout="last"),
        (28, 28),
        steps=50,
    ),
    "vae": Work(
        "VAE 784-400-20",
        "vae",
        VAE((400,), 20, "bernoulli"),
        (784,),
        steps=200,
        likelihood="bernoulli",
    ),
    "perceptron": Work("perceptron 784-10", "perceptron", Perceptron("classes"), (784,), steps=500),
    "bpnn64": Work(
        "BPNN 64-64-10, 64 members", "bpnn", BPNN((64,)), (64,), 64, 64, 300, examples=4_000
    ),
    "mnist1d_linear": mnist1d("MNIST-1D linear 40-10", "softmax", Softmax(), 1500),
    "mnist1d_mlp": mnist1d("MNIST-1D MLP 100-100", "bpnn", BPNN((100, 100), residual=True), 300),
    "mnist1d_cnn": mnist1d("MNIST-1D CNN 3 x conv1d(25)", "cnn", CNN(), 100),
    "mnist1d_gru": mnist1d("MNIST-1D two-directional GRU(6)", "rnn", RNN(recurrent_bias=True), 50),
}

PUBLISHED = "published"
"""The 80 published MNIST-1D runs, 20 of each of four models, as a whole command."""

PUBLISHED_WORKS = ("mnist1d_linear", "mnist1d_mlp", "mnist1d_cnn", "mnist1d_gru")
PUBLISHED_SEEDS, PUBLISHED_STEPS = 20, 6000

NAMES = (*WORKS, PUBLISHED)
