"""Linear read-outs, and the features that networks learned."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from dlfun.learners.prepare import prepare
from dlfun.records.outcome import Result
from dlfun.studies.baselines.feature_tables import Table, Tables
from dlfun.studies.baselines.learned_features import learned_features
from dlfun.studies.baselines.readout import STRENGTHS, linear_readout, readout
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import stack
from dlfun.types import Layout
from tests.helpers import prepared, toy


def untrained(model, *data):
    """An arm of two members as their weights begin."""
    settings = prepared(model, data[0])[0]
    module = assemble(settings, data[0].spec).module
    example = prepare(jnp.zeros((1, *data[0].spec.shape), jnp.uint8), data[0].spec, "float32")

    def init(key):
        return module.init({"params": key, "noise": key}, example)

    variables = jax.jit(jax.vmap(init))(jax.random.split(jax.random.key(0)))
    rows = [{"replicate": i, "status": "ok"} for i in range(2)]
    result = Result(
        model, data[0].name, settings, Layout(1, 1), rows, {}, np.array([1]), {}, variables, {}
    )
    return result, stack(data), module


def with_lengths(data):
    def some(split):
        ends = 3 + np.arange(len(split.targets)) % 9
        return split._replace(lengths=ends.astype(np.int32))

    spec = data.spec.__class__(**{**data.spec.__dict__, "padded": True})
    return data._replace(
        train=some(data.train), validation=some(data.validation), test=some(data.test), spec=spec
    )


@pytest.mark.parametrize("model", ["bpnn", "cnn", "rnn", "vae"])
def test_the_last_layer_on_learned_features_is_the_network(model):
    data = toy("sequence") if model != "rnn" else with_lengths(toy("sequence"))
    result, stacked, module = untrained(model, data)
    found = learned_features(result, stacked, 1)
    tree = jax.tree.map(lambda leaf: leaf[1], result.variables)
    whole = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), data.train, *data[1:3])
    inputs = prepare(whole.inputs, data.spec, "float32")
    if model == "vae":
        apply = jax.jit(lambda: module.apply(tree, inputs, rngs={"noise": jax.random.key(0)}))
        outputs, layer = apply().readout, "readout"
    else:
        more = {"lengths": whole.lengths} if model == "rnn" else {}
        outputs, layer = jax.jit(lambda: module.apply(tree, inputs, **more))(), "head"
    weights = tree["params"][layer]
    wanted = np.concatenate(found) @ weights["kernel"] + weights["bias"][None]
    assert [len(features) for features in found] == [70, 23, 31]
    np.testing.assert_allclose(wanted, outputs, rtol=2e-4, atol=2e-5)
    shut = stacked._replace(test=None)
    assert learned_features(result, shut, 1, open_test=False)[2] is None


def test_learned_features_are_those_of_the_replicates_own_split():
    result, data, _ = untrained("bpnn", toy(seed=0), toy(seed=1))
    alone, lone, _ = untrained("bpnn", toy(seed=1))
    np.testing.assert_array_equal(
        learned_features(result, data, 1)[2], learned_features(alone, lone, 1)[2]
    )


def gaussians(seed, n):
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    means = np.array([[0, 0, 0, 0], [1, 0, 2, 0], [0, 3, 1, 0]])
    return Table((means[targets] + 3 * rng.normal(size=(n, 4))).astype(np.float32), targets)


def test_a_read_out_is_the_logistic_regression_that_validates_best():
    tables = Tables(gaussians(75, 24), gaussians(76, 60), gaussians(77, 90))
    scale = StandardScaler().fit(tables.train.features)
    models = [
        LogisticRegression(C=c).fit(scale.transform(tables.train.features), tables.train.targets)
        for c in STRENGTHS
    ]
    others = tables.validation, tables.test
    scores = [[m.score(scale.transform(t.features), t.targets) for m in models] for t in others]
    best = int(np.argmax(scores[0]))
    assert len({scores[1][best], scores[1][3], scores[1][int(np.argmin(scores[0]))]}) == 3
    assert linear_readout(tables) == pytest.approx(scores[1][best])
    assert linear_readout(tables._replace(validation=None)) == pytest.approx(scores[1][3])


def test_rows_of_a_read_out():
    result, data, _ = untrained("bpnn", toy("sequence"))
    perceptron = result._replace(model="softmax")
    result.rows[0]["status"] = "failed"
    rows = readout(data, [result, perceptron], range(2))
    assert [(row["features"], row["replicate"]) for row in rows] == [
        ("raw", 0),
        ("raw", 1),
        ("spectrum", 0),
        ("spectrum", 1),
        ("learned by bpnn", 1),
    ]
    assert [row["dimensions"] for row in rows] == [24, 24, 24, 24, 100]
    assert all(0.5 < row["test_accuracy"] <= 1 for row in rows)
    assert rows[0]["test_accuracy"] == rows[1]["test_accuracy"]
