"""The flags of a comparison's protocol."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from absl import flags as absl_flags

from dlfun.cli.flag_types import define
from dlfun.config import comparison_spec as claims
from dlfun.config import parsers
from dlfun.config.classical import ALL, CLASSICAL
from dlfun.config.search_space import SPACES
from dlfun.errors import unknown
from dlfun.objectives.metrics import METRICS
from dlfun.objectives.metrics import usual as usual_metric
from dlfun.types import Range

STAGES = ("all", "tune", "confirm")
POSITIVE = Range(0, math.inf, "", high_allowed=False)
OPEN = Range(0, 1, "", low_allowed=False, high_allowed=False)


def define_protocol(values: absl_flags.FlagValues) -> None:
    """Adds the flags of the protocol to those of a script."""
    _define_claim(values)
    _define_seeds(values)
    _define_more(values)
    _define_tuning(values)


def _define_claim(values: absl_flags.FlagValues) -> None:
    def add(
        kind: parsers.Kind,
        name: str,
        default: Any,
        help: str,
        usual: str = "",
        group: str = "Claim",
    ) -> None:
        define(values, kind, name, default, help, group, usual=usual)

    define_delta(values, "; needed by --tune")
    add(
        parsers.choice("family", claims.FAMILIES),
        "family",
        "all-pairs",
        "the pairs that claims are made of, which share the error rate",
    )
    add(parsers.text(), "reference", None, "the model that --family=vs-reference compares with")
    add(
        parsers.choice("scope", claims.SCOPES),
        "scope",
        "this-test-set",
        "what a claim is about: new seeds on this test set, or on all examples like those in it",
    )
    add(parsers.number(OPEN), "power", 0.8, "chance to find a difference of delta")


def define_delta(values: absl_flags.FlagValues, more: str = "") -> None:
    """Adds the flag of the difference that does not matter; `more` ends its help."""
    share, numbers = METRICS[usual_metric(numbers=False)], METRICS[usual_metric(numbers=True)]
    usual = ", ".join(f"{name}:{value:g}" for name, value in share.deltas.items())
    what = (
        "the largest difference that counts as none, in the metric's unit, accuracies as "
        f"fractions: one number, or DATASET:NUMBER,...{more}"
    )
    usual += f", others {share.delta:g}; of an rmse, {numbers.of_spread:g} of the "
    usual += "standard deviation of the training targets"
    kind = by_dataset(parsers.number(POSITIVE))
    define(values, kind, "delta", None, what, "Claim", usual=usual)


def _define_seeds(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Claim", usual=usual)

    add(
        parsers.boolean(),
        "until_decided",
        False,
        "add seeds, in declared looks, until every pair has its verdict",
    )
    add(parsers.integer(2), "max_seeds", 40, "where --until_decided stops")
    add(
        parsers.sizes(2),
        "looks",
        None,
        "the numbers of seeds at which --until_decided looks",
        "--seeds, doubled up to --max_seeds",
    )
    add(
        parsers.boolean(),
        "plan",
        False,
        "say how many seeds delta needs, and what they cost here; trains nothing",
    )
    add(
        parsers.path(),
        "pilot",
        None,
        "for --plan: a record of the same models, whose spread over seeds is used",
    )


def _define_more(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Claim", usual=usual)

    add(
        baseline_names(),
        "baselines",
        (),
        "classical models of scikit-learn to compare with, or all that can learn a data set; each "
        "on raw inputs and on hand-made features, or on one of them, as svm+raw or svm+hog",
        "none",
    )
    add(
        parsers.boolean(),
        "curve",
        False,
        "train every arm on rising numbers of training examples, too",
    )
    add(
        parsers.boolean(),
        "variance",
        False,
        "find out which source of chance moves the result most: init, order, split or noise",
    )


def _define_tuning(values: absl_flags.FlagValues) -> None:
    def add(
        kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "", many: bool = False
    ) -> None:
        define(values, kind, name, default, help, "Tuning", usual=usual, repeated=many)

    add(
        parsers.boolean(),
        "tune",
        False,
        "tune every model on validation, among the configuration given and --trials random ones; "
        "freeze what was chosen, and confirm it with fresh seeds",
    )
    add(
        parsers.choice("stage", STAGES),
        "stage",
        "all",
        "tune: stop when it is frozen; confirm: go on with what --frozen names",
    )
    add(parsers.path(), "frozen", None, "for --stage=confirm: the record, or frozen.json in it")
    add(parsers.integer(1), "trials", 32, "configurations that are drawn for each model")
    add(
        parsers.integer(1),
        "tuning_seeds",
        3,
        "seeds of each of them, apart from those that confirm",
    )
    add(
        parsers.text(),
        "space",
        (),
        "what a model is tuned over instead of its default space: [MODEL:]NAME=SCALE:LOW:HIGH, "
        "where the scale is lin or log, or NAME=choice:VALUE,VALUE; may be repeated",
        "; ".join(
            f"{model}: {', '.join(f'{n}={d}' for n, d in space.items()) or 'nothing'}"
            for model, space in SPACES.items()
        ),
        True,
    )


def baseline_names() -> parsers.Kind:
    """Classical models, parted by commas; nothing is none."""

    def one(given: str) -> str:
        method = given.partition("+")[0]
        if method not in CLASSICAL:
            raise ValueError(str(unknown("baseline", parsers.short(method), CLASSICAL)))
        return given

    def parse(given: str) -> tuple[str, ...]:
        if given.strip() == ALL:
            return (ALL,)
        return tuple(one(name.strip()) for name in given.split(",")) if given.strip() else ()

    return parsers.Kind(parse, ",".join, "NAME[+FEATURES],...", (ALL, *CLASSICAL))


def by_dataset(kind: parsers.Kind) -> parsers.Kind:
    """One value for all data sets, values for some, or both: `0.01,mnist:0.001`."""
    return dataclasses.replace(parsers.by_name(kind, "data set"), form="NUMBER|DATASET:NUMBER,...")
