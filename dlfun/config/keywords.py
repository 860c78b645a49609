"""The keywords of library calls: their types for checkers and editors, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from dlfun.config.option_table import FIELDS, OPTIONS
from dlfun.config.parsers import checked, named
from dlfun.errors import UserError


class RunOptions(TypedDict, total=False):
    """Those of `Options` that shape a single run."""

    seed: int | None
    steps: int | None
    epochs: float | None
    batch_size: int | None
    schedule: str | None
    augment: str | Mapping[str, float] | None
    evaluations: int | None
    precision: str | None
    matmul_precision: str | None
    likelihood_samples: int | None


class Options(RunOptions, total=False):
    """What every study can be told by keyword; None is the default.

    seeds: replicates of every configuration (10); seed: the root of all chance (0).
    steps, epochs: how long to train; one of them (1000 steps).
    batch_size: examples in a step (100, cut to the training split).
    schedule: of the learning rate: constant, cosine or warmup.
    augment: of the inputs of a training step, as {"shift": 2} or "shift:2,flip".
    evaluations: validations in a run, evenly spread (20).
    precision: float32, bfloat16 or float64.
    matmul_precision: of float32 matrix products on GPUs and TPUs: default, high or highest.
    keep: whose parameters the record keeps: all, best or none.
    likelihood_samples: for the log-likelihood of a VAE's test examples (0: not computed).
    input: memory, or stream for data larger than the device.
    memory_limit: of a population, such as "2GiB"; it runs in chunks if it needs more.
    stop_when_failed: the study ends if more than this part of its members failed (1: never).
    output_dir: a new folder for the record (none: a temporary one). What was done until an
      interruption is kept beside it, and the same call goes on from there.
    track: mlflow, trackio or tensorboard, where runs are shown, too, when the study ends (none).
    track_members: a tracked run for each member, too, and not for each arm alone (False).
    overwrite: start anew, and replace the record that output_dir holds (False).
    """

    seeds: int | None
    keep: str | None
    input: str | None
    memory_limit: str | None
    stop_when_failed: float | None
    output_dir: str | Path | None
    overwrite: bool | None
    track: str | None
    track_members: bool | None


class ArrayOptions(TypedDict, total=False):
    """Those of `DataOptions` that arrays in memory have, which give groups by value."""

    data_dir: str | Path | None
    manual_dir: str | Path | None
    split: str | None
    folds: int | None
    repeats: int | None
    test_fraction: float | None
    validation_fraction: float | None
    train_examples: int | None
    permute_features: bool | None
    target_column: str | None
    target_type: str | None


class DataOptions(ArrayOptions, total=False):
    """Which examples of a data set are learned from, and where its files are.

    data_dir, manual_dir: where prepared data lie, and files that are used instead of a download.
    split: official, random (each replicate draws its own), leave_one_speaker_out, or kfold, under
      which replicates are folds and `seeds` has no say.
    folds, repeats: of kfold (10 and 1).
    groups: what stays in one fold: speaker, or a column of a .csv or an array of an .npz of your
      own (nothing).
    test_fraction: of all examples, under a random split.
    validation_fraction: of the training split, held out (0.1; 0 holds nothing out).
    train_examples: use only this many training examples; more of them hold the fewer.
    permute_features: apply one fixed permutation to the positions of every example.
    target_column: of a .csv of your own (its last column).
    missing: of missing cells of a .csv: drop, mean or indicator (refused).
    ignore_columns: of a .csv: a list of names that are no inputs (none).
    separator: of a .csv: comma, semicolon, tab or auto (auto: what it looks like).
    validation: a file or folder of your own that is the validation split (a fraction is held out).
    resize: width and height that the images of a folder are brought to (all must be of one size).
    target_type: class or number, of a .csv or arrays of your own (what the targets look like).
    """

    groups: str | None
    missing: str | None
    ignore_columns: str | Sequence[str] | None
    separator: str | None
    validation: str | Path | None
    resize: tuple[int, int] | str | None


class ModelOptions(TypedDict, total=False):
    """What a model can be given: numbers, optimiser, objective, and the shape that its kind has.

    `dlfun.types.HPARAMS` gives the range and meaning of each number, and `dlfun.models` the fields
    of each kind: widths of bpnn, rnn and vae, channels, kernels and so on of cnn, cell of rnn.
    """

    learning_rate: float
    weight_decay: float
    momentum: float
    gradient_clip: float
    warmup_fraction: float
    dropout_rate: float
    label_smoothing: float
    kl_weight: float
    width: float
    depth: float
    optimizer: str
    objective: str
    activation: str
    averaged: bool
    bidirectional: bool
    cell: str
    channels: Sequence[int]
    dense: Sequence[int]
    embedding: int
    kernel: int
    kernels: Sequence[int]
    latent: int
    likelihood: str
    normalization: str
    padding: Sequence[int]
    pooling: str
    pools: Sequence[int]
    readout: str
    recurrent_bias: bool
    residual: bool
    strides: Sequence[int]
    units: str
    widths: Sequence[int]


def read_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a study, checked; those that are None are left out.

    Raises:
      UserError: if a name is unknown, a value is out of range, or two do not go together.
    """
    valid = {name: OPTIONS[name].kind for name in (*FIELDS, "overwrite", "track", "track_members")}
    found = {
        name: checked(named(valid, name, "a study"), name, value)
        for name, value in given.items()
        if value is not None or name not in valid
    }
    if "steps" in found and "epochs" in found:
        raise UserError(f"steps={found['steps']} and epochs={found['epochs']:g}: give one of them")
    return found
