"""The options of a comparison's protocol: what is claimed, by how many seeds, tuned over what."""

from __future__ import annotations

import dataclasses
import math

from dlfun.config import comparison_spec, parsers
from dlfun.config.classical import ALL, CLASSICAL
from dlfun.config.gates import FORM, gate
from dlfun.config.option_table import Option
from dlfun.config.search_space import SPACES
from dlfun.errors import unknown
from dlfun.objectives.metrics import METRICS, usual
from dlfun.types import Range

CLAIM, TUNING = "Claim", "Tuning"
STAGES = ("all", "tune", "confirm")
NUMBER = parsers.number(Range(0, math.inf, "", high_allowed=False))
"""One delta."""

OPEN = Range(0, 1, "", low_allowed=False, high_allowed=False)


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


def usual_deltas() -> str:
    """The deltas of data sets that none is given for, in words."""
    share, numbers = METRICS[usual(numbers=False)], METRICS[usual(numbers=True)]
    known = ", ".join(f"{name}:{value:g}" for name, value in share.deltas.items())
    return (
        f"{known}, others {share.delta:g}; of an rmse, {numbers.of_spread:g} of the standard "
        "deviation of the training targets"
    )


DELTA = Option(
    by_dataset(NUMBER),
    "the largest difference that counts as none, in the metric's unit, accuracies as fractions: "
    "one number, or DATASET:NUMBER,...",
    CLAIM,
    usual=usual_deltas(),
)

REQUIRE = Option(
    gate(),
    f"a claim to decide, {FORM}, with ' on DATASET' behind it for one data set alone; may be "
    "repeated. The exit code is 0 where all hold, 1 where one fails, 2 of bad input, 3 where none "
    "fails and one is undecided",
    CLAIM,
    (),
    usual="none",
    repeated=True,
    frozen=False,
    may_differ=True,
)

NOISE_FLOOR = Option(
    parsers.boolean(),
    "say what differences seeds alone make: a model against itself",
    CLAIM,
    False,
    frozen=False,
    may_differ=True,
)

PROTOCOL: dict[str, Option] = {
    "delta": DELTA._replace(help=f"{DELTA.help}; needed by --tune"),
    "family": Option(
        parsers.choice("family", comparison_spec.FAMILIES),
        "the pairs that claims are made of, which share the error rate",
        CLAIM,
        "all-pairs",
    ),
    "reference": Option(
        parsers.text(), "the model that --family=vs-reference compares with", CLAIM
    ),
    "scope": Option(
        parsers.choice("scope", comparison_spec.SCOPES),
        "what a claim is about: new seeds on this test set, or on all examples like those in it",
        CLAIM,
        "this-test-set",
    ),
    "require": REQUIRE,
    "noise_floor": NOISE_FLOOR,
    "power": Option(parsers.number(OPEN), "chance to find a difference of delta", CLAIM, 0.8),
    "until_decided": Option(
        parsers.boolean(),
        "add seeds, in declared looks, until every pair has its verdict",
        CLAIM,
        False,
    ),
    "max_seeds": Option(parsers.integer(2), "where --until_decided stops", CLAIM, 40),
    "looks": Option(
        parsers.sizes(2),
        "the numbers of seeds at which --until_decided looks",
        CLAIM,
        usual="--seeds, doubled up to --max_seeds",
    ),
    "plan": Option(
        parsers.boolean(),
        "say how many seeds delta needs, and what they cost here; trains nothing",
        CLAIM,
        False,
    ),
    "pilot": Option(
        parsers.path(),
        "for --plan: a record of the same models, whose spread over seeds is used",
        CLAIM,
    ),
    "baselines": Option(
        baseline_names(),
        "classical models of scikit-learn to compare with, or all that can learn a data set; each "
        "on raw inputs and on hand-made features, or on one of them, as svm+raw or svm+hog",
        CLAIM,
        (),
        usual="none",
    ),
    "curve": Option(
        parsers.boolean(),
        "train every arm on rising numbers of training examples, too",
        CLAIM,
        False,
        frozen=False,
    ),
    "variance": Option(
        parsers.boolean(),
        "find out which source of chance moves the result most: init, order, split or noise",
        CLAIM,
        False,
        frozen=False,
    ),
    "tune": Option(
        parsers.boolean(),
        "tune every model on validation, among the configuration given and --trials random ones; "
        "freeze what was chosen, and confirm it with fresh seeds",
        TUNING,
        False,
    ),
    "stage": Option(
        parsers.choice("stage", STAGES),
        "tune: stop when it is frozen; confirm: go on with what --frozen names",
        TUNING,
        "all",
        frozen=False,
    ),
    "frozen": Option(
        parsers.path(),
        "for --stage=confirm: the record, or frozen.json in it",
        TUNING,
        frozen=False,
    ),
    "trials": Option(
        parsers.integer(1), "configurations that are drawn for each model", TUNING, 32
    ),
    "tuning_seeds": Option(
        parsers.integer(1), "seeds of each of them, apart from those that confirm", TUNING, 3
    ),
    "space": Option(
        parsers.text(),
        "what a model is tuned over instead of its default space: [MODEL:]NAME=SCALE:LOW:HIGH, "
        "where the scale is lin or log, or NAME=choice:VALUE,VALUE; may be repeated",
        TUNING,
        (),
        usual="; ".join(
            f"{model}: {', '.join(f'{n}={d}' for n, d in space.items()) or 'nothing'}"
            for model, space in SPACES.items()
        ),
        repeated=True,
    ),
}
"""Name -> row, in the order of the help."""
