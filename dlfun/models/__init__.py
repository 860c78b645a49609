"""The table of models: a new model is one file here and one row below.

A row names the Linen module, its Settings (each field is a flag, prefixed with the model's
name), the learner that trains it and the learning rate it starts from. The modules themselves
are imported only when a model is built, so that `--help` needs no JAX.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any, NamedTuple

from dlfun.deferred import load
from dlfun.objectives.tasks import CLASSES, EACH_STEP, LABELS, UNLABELLED, USUAL
from dlfun.types import ACTIVATIONS as ACTIVATIONS
from dlfun.types import CONVOLUTIONS, RECURRENCES, Spec

CELLS = ("elman", "gru", "lstm")
NORMALIZATIONS = ("none", "batch", "layer")
LIKELIHOODS = ("auto", "bernoulli", "gaussian", "categorical")
PERCEPTRON_UNITS = ("auto", "one", "classes")
POOLINGS = ("max", "average")
READOUTS = ("all", "last")
EMBEDDING = "of text: length of the vector that stands for a token; 0: one-hot"


def option(default: Any, help: str, choices: tuple[str, ...] = (), empty: bool = False) -> Any:
    """A field of a model's Settings: its default, what it means, and its valid values.

    `empty` allows no layer at all where the default has some.
    """
    known = {"help": help, "choices": choices, "empty": empty}
    return dataclasses.field(default=default, metadata=known)


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """Rosenblatt's threshold units and his learning rule."""

    units: str = option(
        "auto",
        "one threshold unit (two classes only), a unit for each of the classes, or auto: one "
        "where there are two classes",
        PERCEPTRON_UNITS,
    )
    averaged: bool = option(False, "predict with the average of all weights since the start")


@dataclasses.dataclass(frozen=True)
class Softmax:
    """The linear model trained by gradient descent: the perceptron's fair twin."""


@dataclasses.dataclass(frozen=True)
class BPNN:
    """Multi-layer network trained by back-propagation."""

    widths: tuple[int, ...] = option((100, 100), "units of each hidden layer")
    residual: bool = option(False, "add a hidden layer's input to its output where widths agree")
    embedding: int = option(16, EMBEDDING)
    activation: str = option("relu", "", ACTIVATIONS)


@dataclasses.dataclass(frozen=True)
class CNN:
    """Convolutional network over one, two or three axes."""

    channels: tuple[int, ...] = option((25, 25, 25), "channels of each convolution")
    kernels: tuple[int, ...] = option((5, 3, 3), "kernel size of each convolution, on every axis")
    strides: tuple[int, ...] = option((2, 2, 2), "stride of each convolution")
    padding: tuple[int, ...] = option((1, 1, 1), "zeros added on both sides before each one")
    pools: tuple[int, ...] = option((1, 1, 1), "pooling after each convolution; 1 is none")
    pooling: str = option("max", "what a pool keeps", POOLINGS)
    dense: tuple[int, ...] = option((), "units of the hidden layers of the head")
    normalization: str = option("none", "after each convolution", NORMALIZATIONS)
    embedding: int = option(16, EMBEDDING)
    activation: str = option("relu", "", ACTIVATIONS)


@dataclasses.dataclass(frozen=True)
class RNN:
    """Recurrent network over the first axis."""

    cell: str = option("gru", "the recurrent cell", CELLS)
    widths: tuple[int, ...] = option((6,), "state size of each layer, in each direction")
    bidirectional: bool = option(True, "read the sequence in both directions")
    readout: str = option("all", "what the linear head sees: all states, or the last", READOUTS)
    recurrent_bias: bool = option(False, "a second bias vector in each gate, as PyTorch has")
    embedding: int = option(16, EMBEDDING)
    activation: str = option("tanh", "", ACTIVATIONS)


@dataclasses.dataclass(frozen=True)
class VAE:
    """Variational auto-encoder with a linear read-out of its latent mean."""

    widths: tuple[int, ...] = option(
        (128,), "dense hidden units of the encoder; the decoder mirrors it", empty=True
    )
    latent: int = option(16, "dimensions of the latent Gaussian")
    likelihood: str = option("auto", "of the inputs; auto: by the data set", LIKELIHOODS)
    embedding: int = option(16, EMBEDDING)
    channels: tuple[int, ...] = option(
        (), "of the encoder's convolutions, each of stride 2, before its dense layers"
    )
    kernel: int = option(3, "kernel size of the convolutions, on every axis")
    activation: str = option("relu", "", ACTIVATIONS)


@dataclasses.dataclass(frozen=True)
class Own:
    """A Linen module given by value: its fields shape it, and not options."""

    module: Any


"""The tasks of a model that gives one output vector an example."""


class Row(NamedTuple):
    """A model's row.

    Attributes:
      module: `module:class` of the Linen module.
      settings: the dataclass of its shape.
      learner: gradient or perceptron.
      learning_rate: what it starts from where the user gives none.
      objective: of `dlfun.objectives`; auto goes by the task.
      generative: its outputs are a VAE's, trained by the ELBO beside a read-out.
      ways: how its layers can compute; its module has a field `way` for it.
      lengths: its module takes `lengths` of examples that are padded.
      tasks: what it can be trained for.
      live: its widths and depth may be numbers; the module's file has a function `live_parts`.
    """

    module: str
    settings: type
    learner: str = "gradient"
    learning_rate: float = 3e-3
    objective: str = "auto"
    generative: bool = False
    ways: tuple[str, ...] = ()
    lengths: bool = False
    tasks: tuple[str, ...] = USUAL
    live: bool = False

    @property
    def by_gradient(self) -> bool:
        """Whether it learns by its gradient, and not by a rule of its own."""
        return self.learner == "gradient"

    @property
    def recurrent(self) -> bool:
        """Whether its layers loop over time."""
        return self.ways == RECURRENCES


MODELS: dict[str, Row] = {
    "perceptron": Row(
        "dlfun.models.perceptron:Perceptron",
        Perceptron,
        "perceptron",
        objective="perceptron",
        tasks=CLASSES,
    ),
    "softmax": Row("dlfun.models.softmax:Softmax", Softmax),
    "bpnn": Row("dlfun.models.bpnn:BPNN", BPNN, live=True),
    "cnn": Row("dlfun.models.cnn:CNN", CNN, ways=CONVOLUTIONS),
    "rnn": Row(
        "dlfun.models.rnn:RNN",
        RNN,
        ways=RECURRENCES,
        lengths=True,
        tasks=(*USUAL, *EACH_STEP),
        live=True,
    ),
    "vae": Row(
        "dlfun.models.vae:VAE",
        VAE,
        generative=True,
        ways=CONVOLUTIONS,
        tasks=(*USUAL, *UNLABELLED),
    ),
}


OWN = Row("dlfun.models.own:own", Own, tasks=(*USUAL, *LABELS))
"""The row of every model that is a Linen module given by value."""


def row_of(name: str) -> Row:
    """The row of a model: of the table, or that of modules given by value, whose names are free."""
    return MODELS.get(name, OWN)


def build(name: str, settings: Any, spec: Spec, way: str = "") -> Any:
    """The Linen module of a model, for data of this spec.

    `way` is one of the row's ways; empty is the module's own choice.
    """
    row = row_of(name)
    chosen = {"way": way} if way and row.ways else {}
    return load(row.module)(settings, spec, **chosen)


def live_parts(name: str, settings: Any, spec: Spec, width: Any, depth: Any) -> Any:
    """Layer -> what is live of it, of a model whose row says that widths may be numbers.

    `width` and `depth` are numbers, which may be traced.
    """
    module = importlib.import_module(MODELS[name].module.partition(":")[0])
    return module.live_parts(settings, spec, width, depth)
