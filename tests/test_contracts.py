"""One table of promises over every model, modality, learner and optimiser."""

import dataclasses
import inspect

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import models, objectives
from dlfun.layers import activation
from dlfun.models import CNN, MODELS, RNN
from dlfun.objectives.tasks import EACH_STEP
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import stack
from dlfun.types import HPARAMS, Batch, HParams, Layout, Settings
from tests.helpers import SHAPES, options, prepared, toy

LAYOUT = Layout(1, 2)
QUICK = {
    "rnn": RNN(widths=(3,)),
    "cnn": CNN(channels=(4, 4), kernels=(3, 3), strides=(2, 1), padding=(1, 1), pools=(1, 2)),
}


@pytest.mark.parametrize("modality", SHAPES)
@pytest.mark.parametrize("model", MODELS)
def test_every_model_takes_every_modality(model, modality, key):
    """Outputs and metrics of every model, abstractly evaluated: shapes without arithmetic."""
    dataset = toy(modality)
    settings, _, _ = prepared(model, dataset, QUICK.get(model))
    learner = assemble(settings, dataset.spec).learner
    batch = Batch(dataset.train.inputs[:5], dataset.train.targets[:5], jnp.ones(5))
    hparams = HParams(*map(jnp.float32, HParams()))
    state = jax.eval_shape(learner.init, hparams, key)
    new, metrics = jax.eval_shape(learner.update, state, batch, hparams, key)
    assert new == state
    assert {"loss", "accuracy"} <= set(metrics)
    assert all(leaf.shape == () for leaf in jax.tree.leaves(metrics))
    found = jax.eval_shape(learner.evaluate, state, batch, hparams, key)
    assert jax.tree.structure(found) == jax.tree.structure(metrics)
    outputs = jax.eval_shape(learner.predict, state, batch.inputs, key)
    assert getattr(outputs, "readout", outputs).shape == (5, 3)
    if model == "vae":
        vocabulary = (7,) if modality == "text" else ()
        assert outputs.decoded.shape == (5, *SHAPES[modality], *vocabulary)


@pytest.mark.parametrize(
    ("model", "task"), [(model, task) for model, row in MODELS.items() for task in row.tasks]
)
def test_what_only_training_is_to_feel_changes_no_metric(model, task, key):
    """The same parameters score the same whatever numbers they were trained with."""
    dataset = toy("text" if task in EACH_STEP else "vector")
    spec = dataclasses.replace(
        dataset.spec, task=task, outputs=0 if task == "generation" else dataset.spec.outputs
    )
    inputs, targets = dataset.train.inputs[:5], dataset.train.targets[:5]
    if task in EACH_STEP:
        targets = inputs % 3
    if task == "regression":
        targets = np.ones((5, 3))
    shape = RNN(widths=(3,), bidirectional=False) if model == "rnn" else QUICK.get(model)
    settings = Settings(
        model, shape or MODELS[model].settings(), dropout=True, clip=True, batch_size=5
    )
    learner = assemble(settings, spec).learner
    batch = Batch(jnp.asarray(inputs), jnp.asarray(targets), jnp.ones(5))
    usual = HParams()
    state = learner.init(usual, key)
    strict = HParams(1.0, 0.3, 0.5, 0.1, 0.9, 0.8, 0.3, 0.2)
    found, wanted = (learner.evaluate(state, batch, h, key) for h in (strict, usual))
    assert {n: float(t) for n, (t, _) in found.items()} == {
        n: float(t) for n, (t, _) in wanted.items()
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_model_learns_and_says_what_it_did(model):
    dataset = toy()
    settings, data, _ = prepared(model, dataset, QUICK.get(model), steps=60, seeds=2)
    result = run_arm(
        options({model: settings.shape}, seeds=2),
        settings,
        data,
        [HParams(learning_rate=1e-2)],
        LAYOUT,
    )
    assert len(result.rows) == 2
    for row in result.rows:
        assert row["status"] == "ok"
        assert row["test_accuracy"] > 0.45
        assert row["steps"] == 60
        assert row["parameters"] == sum(
            a[0].size for n, a in result.parameters.items() if n.startswith("params/")
        )
    assert result.history["train_loss"].shape == (2, 3)


@pytest.mark.parametrize("normalization", models.NORMALIZATIONS)
@pytest.mark.usefixtures("optimised")  # unoptimised, XLA of JAX 0.12 makes NaN of this program
def test_running_statistics_live_in_the_state(normalization):
    shape = dataclasses.replace(QUICK["cnn"], normalization=normalization)
    settings, data, _ = prepared("cnn", shape=shape, seeds=2)
    result = run_arm(
        options({"cnn": shape}, seeds=2), settings, data, [HParams(learning_rate=1e-2)], LAYOUT
    )
    means = [a for n, a in result.parameters.items() if n.startswith("batch_stats/")]
    assert bool(means) == (normalization == "batch")
    assert all(np.abs(mean).max() > 0 for mean in means if mean.shape[-1] > 0)


def test_dropout_rate_is_swept_without_a_new_program():
    data = stack([toy()])
    study = options(("bpnn",), seeds=1)
    rates = [HParams(1e-2), HParams(1e-2, dropout_rate=0.5), HParams(1e-2, dropout_rate=0.9)]
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, rates)
    assert settings.dropout
    result = run_arm(study, settings, data, rates, Layout(1, 3))
    losses = result.history["train_loss"][:, -1]
    assert losses[0] < losses[1] < losses[2]


def test_runs_of_other_smoothing_are_scored_by_the_same_measure():
    """Untrained, two runs are the same, and so are all the losses that their record holds."""
    study = options(("softmax",), seeds=2, steps=4)
    hard = HParams(learning_rate=0.0)
    configurations = [hard, hard._replace(label_smoothing=0.3)]
    settings = resolve(study, "softmax", study.models["softmax"], 70, configurations)
    result = run_arm(study, settings, stack([toy(), toy()]), configurations, Layout(1, 4))
    for row, other in zip(result.rows[:2], result.rows[2:], strict=True):
        losses = {name for name in row if name.endswith("_loss")}
        assert losses == {"train_loss", "validation_loss", "test_loss"}
        assert {name: row[name] for name in losses} == {name: other[name] for name in losses}
    for name in ("train_loss", "validation_loss"):
        np.testing.assert_array_equal(result.history[name][:2], result.history[name][2:])


def test_bfloat16_keeps_float32_parameters():
    settings, data, _ = prepared("bpnn", precision="bfloat16", seeds=1)
    result = run_arm(
        options(("bpnn",), seeds=1, precision="bfloat16"),
        settings,
        data,
        [HParams(1e-2)],
        Layout(1, 1),
    )
    exact, data, _ = prepared("bpnn", seeds=1)
    other = run_arm(options(("bpnn",), seeds=1), exact, data, [HParams(1e-2)], Layout(1, 1))
    for name, array in result.parameters.items():
        assert array.dtype == np.float32
        difference = np.abs(array - other.parameters[name]).max()
        assert 0 < difference < 0.2 or name.endswith("bias")


def test_tables_agree_with_what_they_name():
    assert set(HPARAMS) == set(HParams._fields)
    for name, row in MODELS.items():
        module = models.build(name, row.settings(), toy().spec)
        assert isinstance(hash(Settings(name, row.settings())), int)
        call = inspect.signature(type(module).__call__).parameters
        assert {"inputs", "train", "dropout_rate"} <= set(call)
        assert row.objective in ("auto", *objectives.OBJECTIVES)
    for name in models.ACTIVATIONS:
        assert activation(name)(jnp.ones(2)).shape == (2,)
