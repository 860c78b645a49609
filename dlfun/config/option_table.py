"""The table of options: what a study may be told, once for flags, keywords, records and resuming.

The shape of a model is not here: its Settings say what fields it has. Nor are the numbers that may
be swept, which `dlfun.types.HPARAMS` has, nor what one kind of study alone is told, which stands
beside it in `dlfun.config.studies`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dlfun.config import parsers
from dlfun.config.tracker_table import TRACKERS
from dlfun.data.augmentations import AUGMENTATIONS
from dlfun.objectives import OBJECTIVES
from dlfun.types import (
    AUTO,
    CONVOLUTIONS,
    FOLDS,
    MISSING,
    REPEATS,
    SEPARATORS,
    SPLITS,
    TARGET_TYPES,
    Range,
)

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "cosine", "warmup")
OPEN_ENDED = ("constant",)
"""Schedules under which a step does not depend on how many there are in all."""
PRECISIONS = ("float32", "bfloat16", "float64")
MATMUL_PRECISIONS = ("default", "high", "highest")
KEEP = ("all", "state", "best", "none")
KEPT_STATE: Mapping[str, float] = {"all": 2**26, "state": math.inf}
"""Whose parameters are kept -> bytes of training state that an arm may keep beside them."""
INPUTS = ("memory", "stream")
PLATFORMS = ("cpu", "gpu", "tpu")
SIGNALS = ("USR1", "USR2", "HUP", "XCPU")
"""What job schedulers send before they take a machine back, beside TERM."""

POSITIVE = Range(0, math.inf, "", low_allowed=False, high_allowed=False)
FRACTION = Range(0, 1, "", high_allowed=False)
STUDY, DATA, TRAINING, MACHINE = "Study", "Data", "Training", "Output & machine"
TESTED, RUN, NOTHING = "tested", "run", "nothing"
DECIDING = {STUDY: RUN, DATA: TESTED, TRAINING: RUN}
"""Group -> what its options decide of an arm, where they do not say so themselves."""


class Option(NamedTuple):
    """What is known of an option.

    Attributes:
      kind: how its values are read, checked and written.
      help: what it means.
      group: the heading that it stands under in the help.
      default: its value where it is not given; of options by model, each model has its own.
      usual: the default in words, if it needs any.
      by_model: whether models may have values of their own.
      repeated: whether it may be given many times; its value is the tuple of all.
      field: whether `StudyOptions` has it under its name, as it is given.
      replayed: whether config.flags holds it: places and machines are left out.
      may_differ: whether a study that goes on may have another value than it was begun with.
      frozen: whether a confirmation must have the value that it was frozen with.
      pairs: whether replicates of one number are pairs across records only where it agrees.
      decides: what of an arm's runs hangs on it: `TESTED`, what they are tested on, `RUN`, how
        they come about, or `NOTHING`; None is what its group says, see `decided_by`.
    """

    kind: parsers.Kind
    help: str
    group: str
    default: Any = None
    usual: str = ""
    by_model: bool = False
    repeated: bool = False
    field: bool = False
    replayed: bool = True
    may_differ: bool = False
    frozen: bool = True
    pairs: bool = False
    decides: str | None = None


OPTIONS: dict[str, Option] = {
    "seeds": Option(
        parsers.integer(1),
        "replicates of every configuration",
        STUDY,
        10,
        field=True,
        decides=NOTHING,
    ),
    "seed": Option(
        parsers.integer(0, 2**32 - 1),
        "the root of all chance",
        STUDY,
        0,
        field=True,
        frozen=False,
        pairs=True,
    ),
    "steps": Option(
        parsers.integer(1),
        "how long to train, in steps",
        STUDY,
        usual="1000, if no --epochs",
        field=True,
        decides=NOTHING,  # the steps taken stand in members.csv, however they were asked for
    ),
    "epochs": Option(
        parsers.number(POSITIVE),
        "how long to train, in epochs; instead of --steps",
        STUDY,
        field=True,
        decides=NOTHING,
    ),
    "evaluations": Option(
        parsers.integer(1), "validations in a run, evenly spread", STUDY, 20, field=True
    ),
    "keep": Option(
        parsers.choice("keep", KEEP),
        "whose parameters the record keeps; of all also what --continue_from goes on from, where "
        "an arm's takes no more than 64 MiB; state keeps it of any size",
        STUDY,
        "all",
        field=True,
        may_differ=True,
        frozen=False,
    ),
    "likelihood_samples": Option(
        parsers.integer(0),
        "importance samples for the VAE's log-likelihood of each test example; 0: not computed",
        STUDY,
        0,
        field=True,
    ),
    "data_dir": Option(
        parsers.path(),
        "where prepared data sets lie",
        DATA,
        usual="that of tensorflow-datasets",
        replayed=False,
    ),
    "manual_dir": Option(
        parsers.path(),
        "where files lie that are used instead of a download",
        DATA,
        replayed=False,
    ),
    "target_column": Option(
        parsers.text(), "what is wanted of your own .csv", DATA, usual="its last column"
    ),
    "target_type": Option(
        parsers.choice("target_type", TARGET_TYPES),
        "of your own .csv or .npz, where dlfun cannot know: names of classes, or numbers",
        DATA,
        usual="what the targets look like",
    ),
    "missing": Option(
        parsers.choice("treatment of missing cells", MISSING),
        "of missing cells of your own .csv: drop leaves their rows out; mean fills numbers by the "
        "mean of the training rows, and makes a category of missing texts; indicator adds to that "
        "a column of 0 and 1 for each that misses numbers",
        DATA,
        usual="they are refused",
    ),
    "ignore_columns": Option(
        parsers.columns(),
        "of your own .csv: no inputs, such as a number of the row",
        DATA,
        usual="none",
    ),
    "separator": Option(
        parsers.choice("separator", (AUTO, *SEPARATORS)),
        "what parts the cells of your own .csv; numbers may have decimal commas where it is no "
        "comma",
        DATA,
        usual="auto, what the file looks like",
    ),
    "validation": Option(
        parsers.place(),
        "your own validation file or folder, like that of --dataset; instead of "
        "--validation_fraction",
        DATA,
        usual="a fraction is held out",
        decides=RUN,
    ),
    "resize": Option(
        parsers.pixels(),
        "bring the images of your own folder to this size, without keeping their proportions",
        DATA,
        usual="all must be of one size",
    ),
    "split": Option(
        parsers.choice("split", SPLITS),
        "what is tested on: " + "; ".join(f"{name}, {row.help}" for name, row in SPLITS.items()),
        DATA,
        "official",
        pairs=True,
    ),
    "folds": Option(
        parsers.integer(2),
        "of --split=kfold, stratified by class; replicate r is tested on fold r % folds",
        DATA,
        usual=f"{FOLDS}",
        pairs=True,
    ),
    "repeats": Option(
        parsers.integer(1),
        "how often --split=kfold deals all examples into folds anew; folds times repeats are the "
        "replicates, and --seeds has no say",
        DATA,
        usual=f"{REPEATS}",
        pairs=True,
    ),
    "groups": Option(
        parsers.text(),
        "what stays in one fold of --split=kfold: the examples of a speaker, or those that have "
        "the same in this column of your own .csv, which is no input then, or array of your .npz; "
        "folds are even in size, and not stratified",
        DATA,
        usual="nothing",
        pairs=True,
    ),
    "test_fraction": Option(
        parsers.number(FRACTION),
        "of all examples, under --split=random",
        DATA,
        usual="as large as the official test split",
    ),
    "validation_fraction": Option(
        parsers.number(FRACTION),
        "of the training split, held out",
        DATA,
        0.1,
        pairs=True,
        decides=RUN,
    ),
    "train_examples": Option(
        parsers.integer(1),
        "use only this many training examples",
        DATA,
        usual="all",
        pairs=True,
        decides=RUN,
    ),
    "permute_features": Option(
        parsers.boolean(),
        "apply one fixed permutation to the positions of every example",
        DATA,
        False,
    ),
    "input": Option(
        parsers.choice("input", INPUTS),
        "memory: the data lie on every device; stream: they stay on the host, and batches are "
        "fed in the same order",
        DATA,
        "memory",
        field=True,
        frozen=False,
    ),
    "optimizer": Option(
        parsers.choice("optimizer", OPTIMIZERS), "by model", TRAINING, by_model=True
    ),
    "objective": Option(
        parsers.choice("objective", ("auto", *OBJECTIVES)),
        "what is brought down, by model; auto: by the task",
        TRAINING,
        by_model=True,
    ),
    "batch_size": Option(
        parsers.integer(1),
        "examples in a step",
        TRAINING,
        usual="100, cut to the training split",
        field=True,
    ),
    "schedule": Option(
        parsers.choice("schedule", SCHEDULES),
        "of the learning rate: constant, falling to 0 along a cosine, or a linear warm-up",
        TRAINING,
        "constant",
        field=True,
    ),
    "augment": Option(
        parsers.augment(),
        "changes to the inputs of a training step, as NAME:STRENGTH: "
        + "; ".join(f"{name} {row.strength.help}" for name, row in AUGMENTATIONS.items()),
        TRAINING,
        (),
        usual="none",
        field=True,
    ),
    "precision": Option(
        parsers.choice("precision", PRECISIONS),
        "of the arithmetic; under bfloat16, parameters and optimiser state stay float32",
        TRAINING,
        "float32",
        field=True,
    ),
    "matmul_precision": Option(
        parsers.choice("matmul_precision", MATMUL_PRECISIONS),
        "of float32 matrix products on GPUs (default: TF32 where there is one) and TPUs (default: "
        "bfloat16); highest is float32",
        TRAINING,
        "default",
        field=True,
    ),
    "output_dir": Option(
        parsers.path(),
        "a new directory for the record",
        MACHINE,
        usual="runs/SCRIPT-DATE-TIME",
        replayed=False,
    ),
    "tensorboard": Option(
        parsers.boolean(),
        "logs for TensorBoard in the record: curves of each arm, and what a sweep tried",
        MACHINE,
        False,
        may_differ=True,
        frozen=False,
    ),
    "track": Option(
        parsers.choice("track", TRACKERS),
        "where runs are shown, too, when the study ends: one an arm, with its band",
        MACHINE,
        usual="nowhere",
        replayed=False,
    ),
    "track_members": Option(
        parsers.boolean(),
        "a tracked run for each member, too",
        MACHINE,
        False,
        replayed=False,
    ),
    "platform": Option(
        parsers.choice("platform", PLATFORMS),
        "where to compute",
        MACHINE,
        usual="the best there is",
        frozen=False,
    ),
    "layout": Option(
        parsers.layout(),
        "how members meet devices, by model: devices x members at once on each, "
        "such as 2x5; explain measures the choices, and trains nothing; never changes the meaning",
        MACHINE,
        usual="auto",
        by_model=True,
        frozen=False,
    ),
    "convolution": Option(
        parsers.choice("convolution", ("auto", *CONVOLUTIONS)),
        "how convolutions compute; xla alone has forward-mode derivatives",
        MACHINE,
        "auto",
    ),
    "memory_limit": Option(
        parsers.memory(),
        "of a population, which is run in chunks if it needs more",
        MACHINE,
        usual="what is free",
        field=True,
        may_differ=True,
        frozen=False,
    ),
    "deterministic": Option(
        parsers.boolean(),
        "on a GPU, only operations that give the same bits each time, and no autotuning",
        MACHINE,
        False,
    ),
    "coordinator": Option(
        parsers.address(),
        "of several processes: where the first one listens",
        MACHINE,
        replayed=False,
    ),
    "process_id": Option(
        parsers.integer(0),
        "of several processes: which one this is, from 0",
        MACHINE,
        replayed=False,
    ),
    "processes": Option(
        parsers.integer(1),
        "how many share the study; 1: alone, also on a cluster",
        MACHINE,
        usual="as SLURM, Open MPI, Kubernetes or Cloud TPU started, else 1",
        replayed=False,
    ),
    "overwrite": Option(
        parsers.boolean(),
        "start anew, and replace the record that --output_dir holds",
        MACHINE,
        False,
        replayed=False,
    ),
    "checkpoint_seconds": Option(
        parsers.number(Range(0, math.inf, "")),
        "between checkpoints of what the study did; 0: after every interval",
        MACHINE,
        usual="60, and more where they would take over 2 % of the time",
        replayed=False,
    ),
    "stop_when_failed": Option(
        parsers.number(Range(0, 1, "")),
        "end the study if more than this part of a population's members failed; 1: never",
        MACHINE,
        1.0,
        field=True,
        may_differ=True,
        frozen=False,
    ),
    "requeue_signal": Option(
        parsers.choice("signal", SIGNALS),
        "a signal that ends the study as TERM does: what was done is kept",
        MACHINE,
        usual="none",
        replayed=False,
    ),
}
"""Name -> row, in the order of the help."""

OF_MODELS = ("optimizer", "objective")
"""Options by model that are part of what a model is."""

FIELDS = tuple(name for name, row in OPTIONS.items() if row.field)
MAY_DIFFER = tuple(name for name, row in OPTIONS.items() if row.may_differ)
PAIRING = tuple(name for name, row in OPTIONS.items() if row.pairs)


def decided_by(row: Option) -> str:
    """What of an arm's runs hangs on an option; nothing, where a confirmation may change it.

    >>> [decided_by(OPTIONS[name]) for name in ("split", "schedule", "seed", "platform")]
    ['tested', 'run', 'nothing', 'nothing']
    """
    known = DECIDING.get(row.group, NOTHING) if row.decides is None else row.decides
    return known if row.frozen else NOTHING


def name_of(line: str) -> str:
    """The option that a line of a flagfile gives a value.

    >>> name_of("--seeds=3"), name_of("--notensorboard"), name_of("--normalization=none")
    ('seeds', 'tensorboard', 'normalization')
    """
    name = line.lstrip("-").partition("=")[0]
    without = name.removeprefix("no")
    return without if name != without and "=" not in line else name


def identity_lines(lines: Iterable[str]) -> list[str]:
    """The lines of config.flags that a study must have again to go on."""
    return [line for line in lines if name_of(line) not in MAY_DIFFER]
