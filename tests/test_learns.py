"""Tasks with known answers."""

import pytest

from dlfun.models import BPNN, MODELS, RNN, Perceptron
from dlfun.stats.separability import novikoff_bound
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.remarks import notes
from dlfun.studies.population.study_data import load
from dlfun.types import HParams
from tests.helpers import data_options, options


def learned(name, model, shape, data_dir, seeds, steps, rate=1e-2, **changes):
    study = options(
        {model: shape},
        datasets=(name,),
        data=data_options(data_dir),
        seeds=seeds,
        steps=steps,
        **({"batch_size": None} | changes),
    )
    data = load(name, study)
    numbers = [HParams(learning_rate=rate)]
    settings = resolve(
        study, model, study.models[model], data.tuning.train.targets.shape[1], numbers
    )
    return run_arm(study, settings, data, numbers), data


def test_xor_is_beyond_a_perceptron_and_within_a_net_of_four_units(data_dir):
    result, data = learned("xor", "perceptron", Perceptron(), data_dir, 5, 50)
    assert max(row["test_accuracy"] for row in result.rows) <= 0.75
    assert any("not linearly separable" in note for note in notes(result, data))
    result, data = learned("xor", "bpnn", BPNN((4,), activation="tanh"), data_dir, 50, 500, 3e-2)
    solved = [row["test_accuracy"] == 1 for row in result.rows]
    assert sum(solved) >= 25
    (said,) = notes(result, data)
    assert f"in {sum(solved)} of 50 runs" in said


@pytest.mark.parametrize("name", ["separable", "separable/five_classes"])
def test_perceptron_converges_within_novikoffs_bound(name, data_dir):
    result, data = learned(name, "perceptron", Perceptron(), data_dir, 4, 400)
    first = data.first
    units = 1 if first.spec.outputs == 2 else first.spec.outputs
    bound = novikoff_bound(first.train.inputs, first.train.targets, first.separator, units)
    for row in result.rows:
        assert 0 < row["mistakes"] <= bound.mistakes
        assert row["train_accuracy"] == 1


def test_softmax_and_bpnn_read_digits(data_dir):
    for model, least in (("softmax", 0.90), ("bpnn", 0.92)):
        result, _ = learned("digits", model, MODELS[model].settings(), data_dir, 3, 500)
        assert min(row["test_accuracy"] for row in result.rows) > least


@pytest.mark.slow
def test_gru_learns_to_add(data_dir, optimised):
    """Predicting 1 for every sequence leaves 1/6."""
    shape = RNN("gru", (24,), bidirectional=False, readout="last")
    result, _ = learned("adding", "rnn", shape, data_dir, 1, 2500, 1e-2)
    assert result.rows[0]["test_loss"] < 0.01
