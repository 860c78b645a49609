"""The vocabulary of dlfun: what is swept, what shapes a program, what is learned from.

Nothing here imports JAX, so that a script can define its flags from it at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlfun.scaling import Scaling

if TYPE_CHECKING:
    from dlfun.preparation import Preparation

Array = Any
"""A jax.Array, or a numpy array on its way to one. (JAX is not imported here to name it.)"""

Rate = Array | float | None
"""A dropout rate, which may be traced; None leaves dropout out of the program."""

Metrics = dict[str, tuple[Array, Array]]
"""Metric name -> (total, count): pairs that add, and are divided once."""

Predictions = dict[str, Array]
"""What is said of each example, [batch] each. Of a class: `predicted`, the class, and
`confidence`, its probability (NaN where the outputs are no log-probabilities)."""


CONVOLUTIONS = ("patches", "chunks", "shifts", "xla")
"""How a convolution is computed; `dlfun.layers.convolution` says what each is."""

RECURRENCES = ("fused", "hoisted", "scan")
"""How a recurrence is computed; `dlfun.layers.time_loop` says what each is."""

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "elu", "selu", "silu", "softplus", "leaky_relu")
"""Functions between the layers of a network, as Flax names them."""


class HParams(NamedTuple):
    """Numbers that may be swept: every leaf a scalar, or [members] when stacked.

    A new value never recompiles: the optimiser is built inside the traced function.
    `HPARAMS` gives each one's range and meaning.
    """

    learning_rate: Array | float = 1e-3
    weight_decay: Array | float = 0.0
    momentum: Array | float = 0.9
    gradient_clip: Array | float = math.inf
    warmup_fraction: Array | float = 0.1
    dropout_rate: Array | float = 0.0
    label_smoothing: Array | float = 0.0
    kl_weight: Array | float = 1.0
    width: Array | float = math.inf
    depth: Array | float = math.inf


class Range(NamedTuple):
    """Where a hyperparameter may lie, and what it means; `whole` ones are counts."""

    low: float
    high: float
    help: str
    low_allowed: bool = True
    high_allowed: bool = True
    whole: bool = False


HPARAMS: Mapping[str, Range] = {
    "learning_rate": Range(0, math.inf, "step size of the optimiser", high_allowed=False),
    "weight_decay": Range(
        0, math.inf, "L2 added to the gradient; decoupled under adamw", high_allowed=False
    ),
    "momentum": Range(0, 1, "of the optimizer momentum", high_allowed=False),
    "gradient_clip": Range(
        0, math.inf, "largest global norm of the gradient; inf: no clipping", low_allowed=False
    ),
    "warmup_fraction": Range(0, 1, "part of the steps spent warming up, under the schedule warmup"),
    "dropout_rate": Range(0, 1, "chance that a hidden unit is dropped", high_allowed=False),
    "label_smoothing": Range(0, 1, "probability that training moves from the label to all classes"),
    "kl_weight": Range(0, math.inf, "weight of the VAE's KL term in training", high_allowed=False),
    "width": Range(
        1, math.inf, "live units of each hidden layer of a bpnn or rnn; inf: all it has", whole=True
    ),
    "depth": Range(
        1, math.inf, "live hidden layers of a bpnn or rnn, all of one width; inf: all", whole=True
    ),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What shapes the program of a run. Hashable: one Settings, one program.

    `model` is a name of the table of models and `shape` that model's own Settings. `dropout`
    and `clip` say whether the program holds these parts at all; how strong they are is an HParam.
    So do `width` and `depth`: whether only some of the units and layers of the shape are live.
    `augment` is what is done to the inputs of a training step: pairs of a name of
    `dlfun.data.augmentations` and a strength.
    """

    model: str
    shape: Any
    objective: str = "auto"
    optimizer: str = "adam"
    schedule: str = "constant"
    batch_size: int = 100
    steps: int = 1000
    evaluations: int = 20
    dropout: bool = False
    clip: bool = False
    width: bool = False
    depth: bool = False
    augment: tuple[tuple[str, float], ...] = ()
    precision: str = "float32"
    likelihood_samples: int = 0


@dataclasses.dataclass(frozen=True)
class Spec:
    """What a model must know of the data, and nothing else. Hashable.

    Attributes:
      shape: of one example: vector [features], sequence [time, channels], image
        [height, width, channels], video [frames, height, width, channels], speech [frames,
        bands] of a log-mel spectrogram, text [time] of ids.
      modality: vector, sequence, image, video, speech or text.
      task: classification (targets are class ids), regression (targets [outputs]), next_token
        (targets [time] of ids, -1 where there is none; examples follow one another in the text)
        or sequence_labelling (the same targets, of examples that have nothing to do with each
        other), or generation (targets that mean nothing: there are no labels).
      outputs: classes, numbers to predict, tokens or labels; 0 for generation.
      likelihood: of the input values under a generative model: gaussian, bernoulli
        (values in [0, 1]) or categorical (ids).
      scale: stored inputs are multiplied by it when they become float.
      vocabulary: number of ids of text, else 0.
      alphabet: the character of each id; empty where ids are bytes.
      padded: examples are of different lengths, and say how long they are.
      truth_table: train, validation and test are the same complete table.
      official_split: in words, what the official split is.
    """

    shape: tuple[int, ...]
    modality: str
    task: str
    outputs: int
    likelihood: str = "gaussian"
    scale: float = 1.0
    vocabulary: int = 0
    alphabet: str = ""
    padded: bool = False
    truth_table: bool = False
    official_split: str = ""


class Scheme(NamedTuple):
    """A row of the table of ways to split.

    Attributes:
      help: what is tested on.
      about: what claims are about; empty where all replicates share one test split.
      run: what a replicate is called that is counted.
      more: where more of them would come from, in words that follow.
      folds: whether replicates are folds, whose number is not that of the seeds.
    """

    help: str
    about: str = ""
    run: str = "seed"
    more: str = ""
    folds: bool = False

    @property
    def own(self) -> bool:
        """Whether each replicate has a test split of its own."""
        return bool(self.about)


SPLITS: Mapping[str, Scheme] = {
    "official": Scheme("the data set's official test split"),
    "random": Scheme(
        "a random one of each replicate's own", "new seeds and new splits of data like these"
    ),
    "leave_one_speaker_out": Scheme(
        "for replicate r all that speaker r said", "new seeds and new speakers like these"
    ),
    "kfold": Scheme(
        "cross-validation, each fold once a repeat",
        "training sets of this size drawn from the same source, by the corrected resampled t test",
        "fold",
        " of further repeats",
        folds=True,
    ),
}
"""Name -> row."""

FOLDS, REPEATS = 10, 1
"""Of cross-validation, where nothing else is asked for."""

TARGET_TYPES = ("class", "number")
MISSING = ("drop", "mean", "indicator")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
"""Name of what parts the cells of a table -> the character."""

AUTO = "auto"
"""The separator that a file looks like."""


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Which examples of a data set are learned from, and where its files are.

    Attributes:
      data_dir: where prepared data sets lie; None is TFDS' own default.
      manual_dir: where files lie that are used instead of a download.
      split: one of `SPLITS`: official (fixed test split), random (each replicate draws its own),
        leave_one_speaker_out (the test split of a replicate is all of one speaker), or kfold
        (replicate r is tested on fold r % folds of repeat r // folds).
      folds, repeats: of kfold alone; None is `FOLDS` and `REPEATS`.
      groups: of kfold alone, by what examples belong together, which no two folds share: speaker,
        or a column or array of the user's own; None is by nothing.
      test_fraction: of all examples, under a random split; None is as large as the official one.
      validation_fraction: of the training split, held out; 0 holds nothing out.
      train_examples: use only this many training examples (nested subsets); None is all.
      permute_features: apply one fixed permutation to the positions of every example.
      target_column: of the user's own tables; None is the last column.
      target_type: of the user's own tables and arrays: class or number; None is what their
        targets look like.
      missing: of the user's own tables: drop leaves rows with missing cells out; mean fills
        numbers by the mean of the training rows of each replicate, and makes a category of
        missing texts; indicator does that, and adds 0 or 1 for each column of numbers in which
        some are missing. None refuses them.
      ignore_columns: of the user's own tables: no inputs.
      separator: of the user's own tables: one of `SEPARATORS`; None and `AUTO` are what a
        file looks like.
      validation: a file or folder of the user's own that is the validation split.
      resize: of the user's own images: width and height that they are brought to; None: all must
        be of one size.
    """

    data_dir: str | None = None
    manual_dir: str | None = None
    split: str = "official"
    folds: int | None = None
    repeats: int | None = None
    groups: str | None = None
    test_fraction: float | None = None
    validation_fraction: float = 0.1
    train_examples: int | None = None
    permute_features: bool = False
    target_column: str | None = None
    target_type: str | None = None
    missing: str | None = None
    ignore_columns: tuple[str, ...] | None = None
    separator: str | None = None
    validation: str | None = None
    resize: tuple[int, int] | None = None

    @property
    def replicates(self) -> int | None:
        """How many there are, where the split says it; None leaves it to the seeds."""
        if not SPLITS[self.split].folds:
            return None
        return (self.folds or FOLDS) * (self.repeats or REPEATS)


class Split(NamedTuple):
    """Examples in memory, as compact as stored.

    Attributes:
      inputs: [n, *shape].
      targets: [n], [n, outputs], or [n, time] where each step has one.
      lengths: [n], along the first axis of the shape; None where all are whole.
      real: [n], False of padding, which comes last; None where there is none. Splits of
        different sizes are padded when they are stacked.
    """

    inputs: Array
    targets: Array
    lengths: Array | None = None
    real: Array | None = None


class TuneData(NamedTuple):
    """All that training and tuning may see: there is no test split within reach.

    `scaling` is fitted on the training split; leaves [splits, columns] where splits are stacked.
    """

    train: Split
    validation: Split | None
    scaling: Scaling | None = None


class Dataset(NamedTuple):
    """A data set, split and in memory.

    Attributes:
      train, validation, test: the splits; validation is None when nothing is held out.
      spec: what models need to know.
      name, version, checksum: which data these are; the checksum is over all arrays before
        they were split.
      separator: [features + 1, units] weights (bias last) of a known linear separator, or None.
      classes: the names of the class ids, where they have some.
      scaling: how numbers are standardised, fitted on the training split; None: not at all.
      preparation: how new files become inputs like these; None where nobody knows.
    """

    train: Split
    validation: Split | None
    test: Split
    spec: Spec
    name: str
    version: str
    checksum: str
    separator: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    scaling: Scaling | None = None
    preparation: Preparation | None = None

    def tuning(self) -> TuneData:
        """The data set without its test split."""
        return TuneData(self.train, self.validation, self.scaling)


class Streams(NamedTuple):
    """What makes a run this replicate and no other: a key for each use of chance.

    `split` is the index of the replicate's split among the stacked splits of the data.
    Leaves are scalars, or [members] when stacked.
    """

    init: Array
    order: Array
    noise: Array
    evaluation: Array
    split: Array


class Batch(NamedTuple):
    """Examples of a step: weight [batch] is 0 for padding; the rest as in `Split`.

    `scaling` is that of the replicate, whose stored numbers it brings to the model's unit.
    """

    inputs: Array
    targets: Array
    weight: Array
    lengths: Array | None = None
    scaling: Scaling | None = None


class Examination(NamedTuple):
    """What else the test split is asked, once, after the last step.

    Attributes:
      measure: -> Metrics, which may be vectors. An objective's takes (call, batch, key), where
        call(*inputs, method) applies the model with its parameters; a learner's takes (state,
        batch, hparams, key).
      conclude: metric -> its average over the split, into metric -> number.
    """

    measure: Callable[..., Metrics]
    conclude: Callable[[dict[str, Array]], dict[str, Array]]


def say_nothing(outputs: Any) -> Predictions:
    """The predictions of an objective that has none for each example."""
    return {}


class VAEOutputs(NamedTuple):
    """What a VAE says of a batch.

    Attributes:
      decoded: [batch, *shape]: logits (bernoulli, categorical) or means (gaussian).
      log_scale: [], log standard deviation of a gaussian likelihood, shared by all values.
      mean, log_variance: [batch, latent] of the approximate posterior.
      readout: [batch, outputs], linear in the mean, which it cannot change.
    """

    decoded: Array
    log_scale: Array
    mean: Array
    log_variance: Array
    readout: Array


class Objective(NamedTuple):
    """What is wanted: pure functions of (outputs, batch, hparams).

    Attributes:
      loss: -> [batch], what training brings down.
      metrics: -> Metrics, summed over the batch with its weights, of the outputs alone: numbers
        that only training is to feel, such as label smoothing, change none of them.
      predictions: outputs alone -> Predictions, padding included; empty where there are none.
      examination: None where metrics say all.
    """

    loss: Callable[..., Array]
    metrics: Callable[..., Metrics]
    predictions: Callable[..., Predictions] = say_nothing
    examination: Examination | None = None


class Learner(NamedTuple):
    """How parameters change: pure functions; a state holds arrays only.

    Attributes:
      init: (hparams, key) -> state
      update: (state, batch, hparams, key) -> (state, metrics); metrics are taken on the old
        parameters and hold at least `loss`.
      judge: (state, batch, hparams, key) -> metrics, and what the same outputs say of each example
      predict: (state, inputs, key, lengths=None, scaling=None) -> outputs of the model
      parameters: state -> the parameters that `predict` uses
      trained: such parameters -> a state that judges and predicts by them, and learns no more
      counters: state -> numbers of the run that are not metrics, such as mistakes made
      examination: that of the objective
    """

    init: Callable[..., Any]
    update: Callable[..., Any]
    judge: Callable[..., tuple[Metrics, Predictions]]
    predict: Callable[..., Any]
    parameters: Callable[..., Any]
    trained: Callable[..., Any]
    counters: Callable[..., dict[str, Array]]
    examination: Examination | None = None

    def evaluate(self, state: Any, batch: Batch, hparams: HParams, key: Array) -> Metrics:
        """The metrics alone; compiled, the rest costs nothing."""
        return self.judge(state, batch, hparams, key)[0]


class Run(NamedTuple):
    """A whole training run as pure functions of (hyperparameters, keys, data).

    Attributes:
      init: (hparams, streams) -> carry
      advance: (carry, hparams, data: TuneData) -> (carry, history): one evaluation interval
      score: (carry, hparams, split, scaling=None) -> metrics of one whole split, divided, and
        what is said of each of its examples
      intervals: the number of steps of each call of advance
    """

    init: Callable[..., Any]
    advance: Callable[..., Any]
    score: Callable[..., Any]
    intervals: tuple[int, ...]


class Members(NamedTuple):
    """Many runs: stacked hparams and streams [members], and what each one is."""

    hparams: HParams
    streams: Streams
    replicates: tuple[int, ...]


class Layout(NamedTuple):
    """How members meet devices: it changes speed and memory, never the meaning.

    `devices` share the members evenly; each runs `width` of them at once (vmap) and its
    groups one after the other. Where `chunk` is not 0, only so many members are in memory at a
    time: each chunk is trained from its first step to its last. `way` is how the model's layers
    compute, of the ways its row of the table of models names; empty is the usual one.

    >>> str(Layout(2, 5)), str(Layout(2, 5, 40, "xla"))
    ('2x5', '2x5/40+xla')
    """

    devices: int
    width: int
    chunk: int = 0
    way: str = ""

    def __str__(self) -> str:
        chunk = f"/{self.chunk}" if self.chunk else ""
        way = f"+{self.way}" if self.way else ""
        return f"{self.devices}x{self.width}{chunk}{way}"
