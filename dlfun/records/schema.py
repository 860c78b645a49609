"""The tables of a record: its files and the columns of its members.csv, and what they mean.

`python -m dlfun.records.schema` prints them as the guide has them. Needs no JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from dlfun.objectives.metrics import METRICS, SPLITS

FILES: dict[str, str] = {
    "report.html": "the page: verdicts, every run, curves, cost, what was learned, mistakes, "
    "calibration, failures, how it was made; one file, no network",
    "comparison.json": "a record of each pair: difference, simultaneous interval, p values and "
    "their tests, P(A>B), effect size, verdict, the metric it is about and what decided it, seeds "
    "needed",
    "gates.json": "of `--require`: each claim, whether it holds, fails or is undecided, the "
    "interval that says so, and the seeds that would decide it",
    "notes.json": "what the console says below its table, a sentence each: `text`, and the "
    "`dataset` and `arm` that it is about",
    "members.csv": "a row a run; the columns are below",
    "history.npz": "`dataset/model/metric` [member, interval], and the steps",
    "parameters/": "the final parameters of every member, by Flax's names (`--keep=best` or `none` "
    "for less)",
    "state/": "what training goes on from beside the parameters, for `--continue_from`: the "
    "optimiser's state, random keys and counters of every member",
    "config.flags": "replays the study to the same numbers: `--flagfile=.../config.flags` (a "
    "confirmation takes another `--seed`)",
    "study.json": "all that was asked for, from which the record is opened again: kind of study, "
    "data sets, models and options with their values",
    "preparation.json, .npz": "how the data were read: columns, categories, classes, alphabet, "
    "spectrogram; what was fitted on training rows; up to 256 held-out examples",
    "environment.json": "date, duration, command, versions, devices, commit, checksums of the "
    "data; by which metric "
    "the members of an arm are ranked, and its best one is chosen",
    "*-evidence.npz": "of each model: what it said of every test example and how sure it was, its "
    "first layer, its worst mistakes; of two inputs its decision boundary, and how it moved",
    "curves.png": "curves of validation with 95 % t bands and of training, dashed: what arms are "
    "judged by, and the loss; of a sweep a curve a configuration",
    "*-samples.npz, .png": "inputs, reconstructions, new samples and latent traversals of a VAE; "
    "of texts also `.txt`",
    "*-samples.txt": "what a model of next tokens writes, at three temperatures",
    "readout.csv": "of `--baselines`: what one linear read-out scores on raw, hand-made and "
    "learned features",
    "variance.csv": "of `--variance`: scores with one source of chance varied at a time",
    "curve.csv": "of `--curve`: scores against the number of training examples",
    "tuning.csv": "of `--tune`: every trial, and which was chosen",
    "frozen.json, confirmed.json": "of the protocol: what was frozen before the test split was "
    "opened",
    "openings.csv": "beside a frozen.json: a line for each time the test split was opened by it",
    "response.png": "of a sweep: the score against each number searched",
    "trials.csv": "of a comparison of searches: every run of every search",
    "search.csv": "of halving and pbt: who went on after each part, from whom, with which numbers",
    "checksums.txt": "the sha256 of all of these: `sha256sum -c checksums.txt`",
}
"""Name -> what it holds. A study writes those that it has something for."""


class Column(NamedTuple):
    """A column of members.csv.

    Attributes:
      means: what is in it.
      cell: what a cell is that is not empty.
      always: whether every members.csv has it, be it empty.
    """

    means: str
    cell: Literal["text", "whole", "number", "truth"] = "text"
    always: bool = False


COLUMNS: dict[str, Column] = {
    "model": Column("the model; of a comparison of searches, the search", always=True),
    "dataset": Column("the data set", always=True),
    "replicate": Column("the seed; arms of one replicate share their draws", "whole", always=True),
    "fold": Column("of cross-validation: the fold that it was tested on", "whole"),
    "repeat": Column("of cross-validation: the repeat that the fold is of", "whole"),
    "status": Column("`ok`, `failed` or `stopped` (by its search)", always=True),
    "failed_at": Column("the step at which its loss was no number any more", "whole", always=True),
    "at_chance": Column("whether it scores what guessing could", "truth", always=True),
    "copy_of": Column("the replicate that gave the same answers", "whole", always=True),
    "parameters": Column("how many it has", "whole", always=True),
    "steps": Column("of training", "whole", always=True),
    "seconds": Column("its part of the time that its population trained", "number", always=True),
    "compile_seconds": Column("of the whole population", "number", always=True),
    "extra_work": Column(
        "multiply-adds over those of a network of its own size, where sizes share a program",
        "number",
    ),
    "mistakes": Column("of the perceptron's rule in training", "whole"),
    "mistake_bound": Column("Novikoff's, where the classes can be separated", "number"),
    "round": Column("of a search in rounds: the one that it was of", "whole"),
    "trials": Column("how many runs its search made", "whole"),
    "chance": Column("what guessing scores (the mean over splits)", "number"),
    "target_sd": Column("the standard deviation of numbers to predict, likewise", "number"),
    "split_variance": Column(
        "n_test / n_train where each replicate has a split of its own: what Nadeau and Bengio add "
        "to 1 / n in the variance of a mean",
        "number",
    ),
}
"""Name -> column, in the order of the file; those of `OTHERS` stand among them."""

TRIAL = ("trial", "drawn", "chosen")
"""Further columns of tuning.csv: which trial a run is of, whether it was drawn, and chosen."""

OTHERS = [
    (
        "`train_`, `validation_` and `test_` with a metric",
        "its last value: losses without label smoothing, weight penalty or `--kl_weight`; those of "
        "`train_` under dropout and augmentation",
    ),
    ("a hyperparameter", "of searches: the value that the run had"),
]
"""The columns whose names depend on what was trained, and how."""

ALWAYS = (
    *(name for name, column in COLUMNS.items() if column.always),
    "train_loss",
    "validation_accuracy",
    "test_accuracy",
)
"""The columns that every members.csv begins with, be they empty."""


def cell(column: str) -> str:
    """What the cells of a column are, as `Column.cell` says it; a hyperparameter's are text.

    >>> cell("steps"), cell("test_rmse"), cell("readout"), cell("bpnn_widths")
    ('whole', 'number', 'text', 'text')
    """
    if column in COLUMNS:
        return COLUMNS[column].cell
    split, _, name = column.partition("_")
    return "number" if split in SPLITS and name in METRICS else "text"


def is_searched(column: str) -> bool:
    """Whether a column of tuning.csv is a number or a shape that was searched.

    >>> is_searched("learning_rate"), is_searched("seconds"), is_searched("test_pinball")
    (True, False, False)
    """
    return column not in {*COLUMNS, *TRIAL} and column.partition("_")[0] not in SPLITS


def tables() -> str:
    """Both tables as Markdown, as the guide has them."""
    files = [
        (", ".join(f"`{n}`" for n in name.split(", ")), holds) for name, holds in FILES.items()
    ]
    columns = [(f"`{name}`", column.means) for name, column in COLUMNS.items()]
    return f"{table('file', 'holds', files)}\n\n{table('column', 'holds', columns + OTHERS)}\n"


def table(first: str, second: str, rows: Sequence[tuple[str, str]]) -> str:
    """A table of two columns as Markdown."""
    return "\n".join([f"| {first} | {second} |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


if __name__ == "__main__":
    print(tables(), end="")
