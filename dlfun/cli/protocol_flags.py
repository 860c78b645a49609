"""The flags of a comparison's protocol."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from absl import flags as absl_flags

from dlfun.errors import unknown
from dlfun.studies import claim as claims
from dlfun.studies.classical import ALL, CLASSICAL
from dlfun.studies.spaces import SPACES
from dlfun.types import Range
from experiments import parsing
from experiments.holders import define

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
        kind: parsing.Kind,
        name: str,
        default: Any,
        help: str,
        usual: str = "",
        group: str = "Claim",
    ) -> None:
        define(values, kind, name, default, help, group, usual=usual)

    define_delta(values, "; needed by --tune")
    add(
        parsing.choice("family", claims.FAMILIES),
        "family",
        "all-pairs",
        "the pairs that claims are made of, which share the error rate",
    )
    add(parsing.text(), "reference", None, "the model that --family=vs-reference compares with")
    add(
        parsing.choice("scope", claims.SCOPES),
        "scope",
        "this-test-set",
        "what a claim is about: new seeds on this test set, or on all examples like those in it",
    )
    add(parsing.number(OPEN), "power", 0.8, "chance to find a difference of delta")


def define_delta(values: absl_flags.FlagValues, more: str = "") -> None:
    """Adds the flag of the difference that does not matter; `more` ends its help."""
    usual = ", ".join(f"{name}:{value:g}" for name, value in claims.ACCURACIES.items())
    what = (
        "the largest difference that counts as none, in the metric's unit, accuracies as "
        f"fractions: one number, or DATASET:NUMBER,...{more}"
    )
    usual += f", others {claims.OTHERS['accuracy']:g}; of an rmse, {claims.OF_SPREAD:g} of the "
    usual += "standard deviation of the training targets"
    kind = by_dataset(parsing.number(POSITIVE))
    define(values, kind, "delta", None, what, "Claim", usual=usual)


def _define_seeds(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Claim", usual=usual)

    add(
        parsing.boolean(),
        "until_decided",
        False,
        "add seeds, in declared looks, until every pair has its verdict",
    )
    add(parsing.integer(2), "max_seeds", 40, "where --until_decided stops")
    add(
        parsing.sizes(2),
        "looks",
        None,
        "the numbers of seeds at which --until_decided looks",
        "--seeds, doubled up to --max_seeds",
    )
    add(
        parsing.boolean(),
        "plan",
        False,
        "say how many seeds delta needs, and what they cost here; trains nothing",
    )
    add(
        parsing.path(),
        "pilot",
        None,
        "for --plan: a record of the same models, whose spread over seeds is used",
    )


def _define_more(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
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
        parsing.boolean(),
        "curve",
        False,
        "train every arm on rising numbers of training examples, too",
    )
    add(
        parsing.boolean(),
        "variance",
        False,
        "find out which source of chance moves the result most: init, order, split or noise",
    )


def _define_tuning(values: absl_flags.FlagValues) -> None:
    def add(
        kind: parsing.Kind, name: str, default: Any, help: str, usual: str = "", many: bool = False
    ) -> None:
        define(values, kind, name, default, help, "Tuning", usual=usual, repeated=many)

    add(
        parsing.boolean(),
        "tune",
        False,
        "tune every model on validation, among the configuration given and --trials random ones; "
        "freeze what was chosen, and confirm it with fresh seeds",
    )
    add(
        parsing.choice("stage", STAGES),
        "stage",
        "all",
        "tune: stop when it is frozen; confirm: go on with what --frozen names",
    )
    add(parsing.path(), "frozen", None, "for --stage=confirm: the record, or frozen.json in it")
    add(parsing.integer(1), "trials", 32, "configurations that are drawn for each model")
    add(
        parsing.integer(1),
        "tuning_seeds",
        3,
        "seeds of each of them, apart from those that confirm",
    )
    add(
        parsing.text(),
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


def baseline_names() -> parsing.Kind:
    """Classical models, parted by commas; nothing is none."""

    def one(given: str) -> str:
        method = given.partition("+")[0]
        if method not in CLASSICAL:
            raise ValueError(str(unknown("baseline", parsing.short(method), CLASSICAL)))
        return given

    def parse(given: str) -> tuple[str, ...]:
        if given.strip() == ALL:
            return (ALL,)
        return tuple(one(name.strip()) for name in given.split(",")) if given.strip() else ()

    return parsing.Kind(parse, ",".join, "NAME[+FEATURES],...", (ALL, *CLASSICAL))


def by_dataset(kind: parsing.Kind) -> parsing.Kind:
    """One value for all data sets, values for some, or both: `0.01,mnist:0.001`."""
    return dataclasses.replace(parsing.by_name(kind, "data set"), form="NUMBER|DATASET:NUMBER,...")
