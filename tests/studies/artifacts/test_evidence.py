"""What a record keeps of answers and first layers, against scikit-learn, SciPy and plain loops."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import brier_score_loss, confusion_matrix

from dlfun.data.lazy import lazy
from dlfun.models import CNN, MODELS, RNN, VAE
from dlfun.studies.artifacts.evidence import describe_mistakes, describe_predictions, evidence
from dlfun.studies.artifacts.generation import generate
from dlfun.studies.artifacts.pictures import filters, first_layer_outputs
from dlfun.studies.population.arm import run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import stack
from dlfun.types import HParams, Layout, Split
from tests.helpers import SHAPES, options, prepared, toy


@pytest.fixture(scope="module")
def trained():
    """Softmax regression on three test splits, one a replicate."""
    datasets = []
    for seed in range(3):
        made = toy("image", seed=seed)
        test = jax.tree.map(lambda leaf, by=seed: np.roll(leaf, by, axis=0), made.test)
        datasets.append(made._replace(test=test, classes=("a", "b", "c")))
    data = stack(datasets)
    settings, _, _ = prepared("softmax", datasets[0], steps=12)
    study = options({"softmax": settings.shape})
    return run_arm(study, settings, data, [HParams(1e-2)], Layout(1, 3)), data


@pytest.fixture(scope="module")
def described(trained):
    return evidence(*trained)


def test_answers_are_those_of_the_final_parameters(trained, described):
    result, data = trained
    for i, row in enumerate(result.rows):
        weights = result.parameters
        flat = data.test.inputs[i].reshape(31, -1) / 255
        logits = flat @ weights["params/head/kernel"][i] + weights["params/head/bias"][i]
        np.testing.assert_array_equal(described["predicted"][i], logits.argmax(1))
        np.testing.assert_allclose(
            described["confidence"][i], softmax(logits, axis=1).max(1), rtol=1e-3
        )
        right = described["predicted"][i] == described["targets"][i]
        assert right.mean() == pytest.approx(row["test_accuracy"], abs=1e-6)
        assert 0 < right.mean() < 1
    bits = np.unpackbits(described["correct"], axis=1, count=31)
    np.testing.assert_array_equal(bits, result.predictions["predicted"] == data.test.targets)
    np.testing.assert_array_equal(described["targets"], data.test.targets)
    assert not described["shared_test"]
    assert described["classes"].tolist() == ["a", "b", "c"]


def test_it_is_kept_how_many_units_the_first_layer_has(described):
    assert described["filter_count"] == len(described["filters"]) == 3


def test_confusion_is_scikit_learns(described):
    wanted = confusion_matrix(described["targets"].ravel(), described["predicted"].ravel())
    np.testing.assert_array_equal(described["confusion"], wanted)


def test_the_most_confident_mistakes_come_first_with_their_inputs(trained, described):
    result, data = trained
    confidence = result.predictions["confidence"][0]
    wrong = [i for i in range(31) if described["predicted"][0, i] != data.test.targets[0, i]]
    at = sorted(wrong, key=lambda i: -confidence[i])[:12]
    assert described["shown_member"] == 0
    assert described["mistakes_index"].tolist() == at
    np.testing.assert_array_equal(described["mistakes_probability"], confidence[at])
    np.testing.assert_allclose(described["mistakes_inputs"], data.test.inputs[0, at] / 255)
    np.testing.assert_array_equal(described["mistakes_target"], data.test.targets[0, at])
    np.testing.assert_array_equal(described["mistakes_predicted"], described["predicted"][0, at])


def test_data_that_stay_on_the_host_are_described_alike(trained, described):
    result, data = trained
    fed = stack([d._replace(test=lazy(d.test)) for d in data.datasets[:1]])
    first = result._replace(
        rows=result.rows[:1], predictions=jax.tree.map(lambda x: x[:1], result.predictions)
    )
    found, wanted = (evidence(first, d) for d in (fed, stack(data.datasets[:1])))
    assert set(found) == set(wanted) == set(described)
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name])


def answers(members=3, n=400, classes=4):
    rng = np.random.default_rng(0)
    targets = rng.integers(classes, size=n)
    guesses = rng.integers(classes, size=(members, n))
    predicted = np.where(rng.random((members, n)) < 0.7, targets, guesses)
    return predicted, rng.uniform(0.25, 1, (members, n)).astype(np.float32), targets


def test_calibration_equals_a_loop_over_bins():
    predicted, confidence, targets = answers()
    edges = np.linspace(0, 1, 16)
    confidence = confidence.astype(np.float64)
    confidence[:, :12] = edges[4:]  # the upper end of a bin is its own
    found = describe_predictions(predicted, confidence, targets, 4)
    np.testing.assert_array_equal(found["calibration_edges"], edges)
    right = predicted == targets
    for b in range(15):
        inside = (confidence > edges[b]) & (confidence <= edges[b + 1])
        assert found["calibration_count"][b] == inside.sum()
        if inside.any():
            assert found["calibration_confidence"][b] == pytest.approx(confidence[inside].mean())
            assert found["calibration_accuracy"][b] == pytest.approx(right[inside].mean())
        else:
            assert np.isnan(found["calibration_accuracy"][b])
    for i in range(3):
        gaps = [
            inside.mean() * abs(right[i, inside].mean() - confidence[i, inside].mean())
            for b in range(15)
            if (inside := (confidence[i] > edges[b]) & (confidence[i] <= edges[b + 1])).any()
        ]
        assert found["ece"][i] == pytest.approx(sum(gaps))
        assert found["brier"][i] == pytest.approx(brier_score_loss(right[i], confidence[i]))


def test_a_failed_member_is_left_out_of_what_is_pooled():
    predicted, confidence, targets = answers()
    with_it = predicted.copy(), confidence.copy()
    with_it[0][1], with_it[1][1] = -1, np.nan
    found = describe_predictions(*with_it, targets, 4)
    wanted = describe_predictions(predicted[[0, 2]], confidence[[0, 2]], targets, 4)
    for name in ("confusion", "calibration_count", "calibration_accuracy"):
        np.testing.assert_array_equal(found[name], wanted[name])
    for name in ("ece", "brier"):
        assert np.isnan(found[name][1])
        np.testing.assert_array_equal(found[name][[0, 2]], wanted[name])
    assert not np.unpackbits(found["correct"], axis=1)[1].any()
    assert found["shared_test"]
    none = describe_predictions(np.full((2, 9), -1), np.full((2, 9), np.nan), targets[:9], 4)
    assert none["confusion"].sum() == 0
    assert "ece" not in none


def test_without_probabilities_there_is_no_calibration_and_mistakes_are_the_first():
    predicted, confidence, targets = answers()
    unknown = np.full_like(confidence, np.nan)
    found = describe_predictions(predicted, unknown, targets, 4)
    assert "calibration_count" not in found
    shown = describe_mistakes(predicted[0], unknown[0], targets, lambda rows: rows)
    np.testing.assert_array_equal(
        shown["mistakes_index"], np.flatnonzero(predicted[0] != targets)[:12]
    )


def initial(model, dataset, shape=None):
    """Settings, module and parameters before the first step; no run is compiled."""
    settings, _, members = prepared(model, dataset, shape)
    parts = assemble(settings, dataset.spec)
    hparams, streams = jax.tree.map(lambda leaf: leaf[0], (members.hparams, members.streams))
    state = jax.jit(parts.learner.init)(hparams, streams.init)
    return settings, parts.module, jax.tree.map(np.asarray, parts.learner.parameters(state))


@pytest.mark.parametrize("modality", SHAPES)
@pytest.mark.parametrize("model", MODELS)
def test_every_first_layer_has_filters_like_its_inputs(model, modality):
    shapes = {"cnn": CNN((40,), (5,), (2,), (1,), (1,)), "rnn": RNN(widths=(3,))}
    dataset, shape = toy(modality), shapes.get(model)
    settings, _, _ = prepared(model, dataset, shape)
    learner = assemble(settings, dataset.spec).learner
    abstract = jax.eval_shape(
        lambda key: learner.parameters(learner.init(HParams(), key)), jax.random.key(0)
    )
    counter = iter(range(1000))
    params = jax.tree.map(lambda leaf: np.full(leaf.shape, next(counter)), abstract)
    found = filters(params, settings, dataset.spec)
    own = 16 if modality == "text" and model in ("bpnn", "cnn", "vae", "rnn") else 7
    places, numbers = {
        "vector": ((6,), 1),
        "sequence": ((12,), 2),
        "image": ((8, 8), 1),
        "video": ((5, 6, 6), 1),
        "text": ((9,), own),
    }[modality]
    units = {"perceptron": 3, "softmax": 3, "bpnn": 100, "cnn": 40, "vae": 128}.get(model)
    if model == "rnn":
        each = {"vector": 1, "image": 8, "video": 36}.get(modality, numbers)
        assert found.shape == (6, each)
    elif model == "cnn":
        assert found.shape == (units, *(min(5, n + 2) for n in places), numbers)
    else:
        assert found.shape == (units, *places, numbers)


def test_filters_lie_as_the_inputs_do():
    dataset = toy("sequence")
    settings, module, variables = initial("softmax", dataset)
    found = filters(variables, settings, dataset.spec)
    x = np.asarray(dataset.test.inputs)
    np.testing.assert_allclose(
        np.tensordot(x, found, ((1, 2), (1, 2))), module.apply(variables, x), rtol=1e-4, atol=1e-5
    )


def convolved(x, kernel, bias, stride, padding):
    """Kernel [*window, channels, features] over x [*axes, channels], place by place."""
    window = kernel.shape[:-2]
    x = np.pad(x, [(padding, padding)] * len(window) + [(0, 0)])
    size = [(n - k) // stride + 1 for n, k in zip(x.shape, window, strict=False)]
    out = np.zeros((*size, kernel.shape[-1]))
    for at in np.ndindex(*size):
        part = x[tuple(slice(stride * i, stride * i + k) for i, k in zip(at, window, strict=True))]
        out[at] = np.tensordot(part, kernel, part.ndim) + bias
    return out


@pytest.mark.parametrize("modality", ["sequence", "image"])
def test_feature_maps_equal_a_loop_over_places(modality):
    dataset = toy(modality)
    shape = CNN(channels=(9, 3), kernels=(3, 3), strides=(2, 1), padding=(1, 1), pools=(1, 1))
    settings, module, variables = initial("cnn", dataset, shape)
    stored = np.asarray(dataset.test.inputs[:2])
    found = first_layer_outputs(module, variables, Split(stored, None), settings, dataset.spec)
    kernel, bias = (variables["params"]["conv_0"][n] for n in ("kernel", "bias"))
    wanted = [np.maximum(convolved(x * dataset.spec.scale, kernel, bias, 2, 1), 0) for x in stored]
    assert wanted[0].max() > 0
    np.testing.assert_allclose(
        found["feature_maps"], np.stack(wanted)[..., :8], rtol=1e-4, atol=1e-5
    )


def steps(cell, weights, x):
    """A cell over x [time, channels] from a state of zeros: states, and the gates of each step."""
    h = c = np.zeros(weights["i" + {"elman": "", "gru": "n", "lstm": "g"}[cell]]["kernel"].shape[1])
    states, opened = [], []

    def side(name, value):
        return value @ weights[name]["kernel"] + weights[name].get("bias", 0)

    for now in x:
        if cell == "elman":
            h = np.tanh(side("i", now) + side("h", h))
        elif cell == "gru":
            r, z = (expit(side(f"i{g}", now) + side(f"h{g}", h)) for g in "rz")
            n = np.tanh(side("in", now) + r * side("hn", h))
            h = (1 - z) * n + z * h
            opened.append((r, z, n))
        else:
            i, f, o, g = (side(f"i{g}", now) + side(f"h{g}", h) for g in "ifog")
            i, f, o, g = expit(i), expit(f), expit(o), np.tanh(g)
            c = f * c + i * g
            h = o * np.tanh(c)
            opened.append((i, f, o, g))
        states.append(h)
    return np.array(states), np.array(opened)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("elman", None),
        ("gru", ["reset", "update", "candidate"]),
        ("lstm", ["input", "forget", "output", "candidate"]),
    ],
)
def test_states_and_gates_equal_a_loop_over_time(cell, names):
    """Both directions, of sequences that end at different steps; lstm with PyTorch's biases."""
    rng = np.random.default_rng(0)
    dataset = toy("sequence")
    spec = dataclasses.replace(dataset.spec, padded=True)
    shape = RNN(cell=cell, widths=(5, 2), recurrent_bias=cell == "lstm")
    settings, module, variables = initial("rnn", dataset._replace(spec=spec), shape)
    variables = jax.tree.map(lambda a: a + rng.normal(0, 0.3, a.shape).astype(a.dtype), variables)
    stored, lengths = np.asarray(dataset.test.inputs[:2]), np.array([12, 7])
    found = first_layer_outputs(module, variables, Split(stored, None, lengths), settings, spec)
    assert ("gate_names" in found) == (names is not None)
    for e, end in enumerate(lengths):
        layer = variables["params"]["layer_0"]
        forward = steps(cell, layer["forward"], stored[e, :end])
        back = steps(cell, layer["backward"], stored[e, :end][::-1])
        states = np.concatenate([forward[0], back[0][::-1]], axis=-1)
        np.testing.assert_allclose(found["states"][e, :end], states, rtol=1e-4, atol=1e-5)
        assert not found["states"][e, end:].any()
        if names:
            assert found["gate_names"].tolist() == names
            wanted = np.concatenate([forward[1], back[1][::-1]], axis=-1).swapaxes(0, 1)
            np.testing.assert_allclose(found["gates"][:, e, :end], wanted, rtol=1e-4, atol=1e-5)
            assert not found["gates"][:, e, end:].any()


def test_recurrent_layers_are_shown_reading_embedded_text():
    dataset = toy("text")
    settings, module, variables = initial("rnn", dataset, RNN(widths=(20,), embedding=4))
    stored = np.asarray(dataset.test.inputs[:2])
    found = first_layer_outputs(module, variables, Split(stored, None), settings, dataset.spec)
    assert filters(variables, settings, dataset.spec).shape == (40, 4)
    table = variables["params"]["embedding"]["embedding"]
    wanted, gates = steps("gru", variables["params"]["layer_0"]["forward"], table[stored[1]])
    assert found["state_count"] == 40
    np.testing.assert_allclose(found["states"][1], wanted[:, :16], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        found["gates"][:, 1], gates.swapaxes(0, 1)[..., :16], rtol=1e-4, atol=1e-5
    )


def test_the_latent_plane_is_where_the_means_vary_most(trained):
    dataset = toy("vector")
    settings, module, variables = initial("vae", dataset, VAE((8,), 5))
    settings = dataclasses.replace(settings, precision="bfloat16")
    arm = trained[0]._replace(
        model="vae",
        settings=settings,
        variables=jax.tree.map(lambda leaf: leaf[None], variables),
        rows=[{"replicate": 0, "status": "failed"}, {"replicate": 0, "status": "ok"}],
        predictions={},
    )
    arm = arm._replace(variables=jax.tree.map(lambda x: np.concatenate([0 * x, x]), arm.variables))
    found = evidence(arm, stack([dataset]))
    means, _ = module.apply(variables, dataset.test.inputs, method="encode")
    means = np.asarray(means)
    first, second = sorted(range(5), key=lambda d: -means[:, d].var())[:2]
    np.testing.assert_allclose(found["latent"], means[:, [first, second]], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found["latent_targets"], dataset.test.targets)
    assert found["shown_member"] == 1
    assert "predicted" not in found
    drawn = generate(arm, stack([dataset]), seed=0, member=1)
    for name in ("inputs", "reconstructions", "samples", "traversals"):
        assert drawn[name].dtype == np.float32


def test_no_confusion_is_kept_of_more_classes_than_anybody_reads():
    ids = np.arange(5000) % 1001
    sure = np.ones((1, 5000))
    assert "confusion" not in describe_predictions(ids[None], sure, ids, 1001)
    assert (
        describe_predictions(ids[None] % 1000, sure, ids % 1000, 1000)["confusion"].trace() == 5000
    )
