"""What a comparison promises, held against whole studies: no more wrong verdicts than it says.

Each of 200 comparisons trains two arms over ten seeds each, as one population, and judges them by
the code that writes comparison.json: `make simulations` prints what came of it.
"""

import dataclasses

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import keys
from dlfun.config.comparison_spec import Claim
from dlfun.config.options import ModelOptions
from dlfun.models import MODELS
from dlfun.records.outcome import extended
from dlfun.stats.power import WEAKER, detection_power
from dlfun.studies.comparison import compare as comparing
from dlfun.studies.comparison.sequential import levels
from dlfun.studies.comparison.verdicts import Look, chance_columns, judge
from dlfun.studies.population.arm import resolve, run_members
from dlfun.studies.population.study_data import load_all
from dlfun.types import HParams, Members
from tests.helpers import data_options, options

STUDIES = 200
SEEDS = 10
MOST_WRONG = 18
"""Of 200, if each errs with chance 0.05: the 99 % limit of the binomial distribution."""

pytestmark = pytest.mark.simulation


def members(arms, dtype=np.float32):
    """Both arms of every study over all seeds: arms alike in order, with inits of their own."""
    studies, replicates = jnp.arange(STUDIES).repeat(SEEDS), jnp.tile(jnp.arange(SEEDS), STUDIES)

    def of_arm(name):
        def one(study, replicate):
            return keys.replicate_streams(keys.root_key(study), replicate, name, 0)

        return jax.vmap(one)(studies, replicates)

    def in_turns(*leaves):
        """[arms, studies * seeds] -> [studies * arms * seeds]."""
        return jnp.stack([leaf.reshape(STUDIES, SEEDS) for leaf in leaves], axis=1).reshape(-1)

    streams = jax.tree.map(in_turns, *map(of_arm, arms))
    hparams = [arms[name] for _ in range(STUDIES) for name in arms for _ in range(SEEDS)]
    stacked = HParams(*(np.array(values, dtype) for values in zip(*hparams, strict=True)))
    return Members(stacked, streams, tuple(range(SEEDS)) * (len(arms) * STUDIES))


@pytest.fixture(scope="module")
def studied(data_dir):
    """A function: the hyperparameters of two arms -> their rows, study by study, and the facts."""
    shape = MODELS["bpnn"].settings(widths=(8,))
    chosen = ModelOptions(shape, HParams(learning_rate=1e-2))
    asked = options({"bpnn": shape}, datasets=("digits",), data=data_options(data_dir), steps=40)
    asked = dataclasses.replace(asked, batch_size=50, evaluations=1)
    loaded = load_all(asked)
    data = loaded["digits"]
    settings = resolve(asked, "bpnn", chosen, data.tuning.train.targets.shape[1], [chosen.hparams])

    def run(arms):
        found = run_members(asked, settings, data, members(arms))
        rows = np.array(found.rows, dtype=object).reshape(STUDIES, len(arms), SEEDS)
        for at, name in enumerate(arms):
            for row in rows[:, at].ravel():
                row |= {"model": name, "chance": 0.1012}
        return rows, comparing.examined(asked, [found], loaded["digits"])

    return run


def verdicts(rows, facts, claim):
    """The record of the only pair of each study."""
    found = []
    for study in rows:
        flat = list(study.ravel())
        flat = extended(flat, chance_columns(flat, facts, "test_accuracy"))
        found += judge(flat, "digits", facts, claim, Look(1, levels(claim, 2)[0]))
    return found


def test_a_model_is_rarely_better_than_itself(studied):
    rows, facts = studied({"one": HParams(1e-2), "other": HParams(1e-2)})
    lines = []
    for delta in (0.0, 0.005, 0.01, 0.02):
        labels = [pair["verdict"] for pair in verdicts(rows, facts, Claim({"digits": delta}))]
        wrong = sum(label.startswith("better") for label in labels)
        counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
        lines.append(f"delta {delta:g}: {counts}")
        assert wrong <= MOST_WRONG
    print("", f"a model against itself, {STUDIES} studies of {SEEDS} seeds:", *lines, sep="\n")


def test_a_planted_difference_is_found_with_the_promised_power(studied):
    rows, facts = studied({"good": HParams(1e-2), "worse": HParams(5e-3)})
    scores = np.array([[[row["test_accuracy"] for row in arm] for arm in s] for s in rows])
    differences = scores[:, 0] - scores[:, 1]
    truth, sd = differences.mean(), differences.std(ddof=1)
    # Seeds asked for are one more than a t test needs: ten promise what nine give it.
    n = SEEDS - WEAKER
    promised = detection_power(truth / sd * np.sqrt(n), n - 1, 0.05)
    pairs = verdicts(rows, facts, Claim({"digits": 0.0}))
    found = np.mean(
        [pair["verdict"].startswith("better") and pair["winner"] == "good" for pair in pairs]
    )
    error = np.sqrt(promised * (1 - promised) / STUDIES)
    print(
        f"\na planted difference of {100 * truth:.2f} points (sd {100 * sd:.2f}): found in "
        f"{100 * found:.1f} % of {STUDIES} studies of {SEEDS} seeds, promised "
        f"{100 * promised:.1f} %"
    )
    assert 0.3 < promised < 0.99  # else nothing is tested
    assert abs(found - promised) <= 3 * error
