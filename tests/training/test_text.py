"""Texts: read in order with a state carried on, and scored whole."""

import itertools

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import data, objectives
from dlfun.errors import UserError
from dlfun.models import BPNN, RNN
from dlfun.studies.artifacts.text_samples import write_tokens
from dlfun.studies.population.arm import run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.training import run
from dlfun.training.order import stream_indices
from dlfun.types import Batch, Dataset, HParams, Layout, Spec, Split
from tests.helpers import options, prepared

SPEC = Spec((5,), "text", "next_token", 4, "categorical", vocabulary=4)
SHAPE = RNN("lstm", (8,), bidirectional=False, embedding=3)


def text(windows, seed=0):
    """A random walk on a circle of four letters, cut into windows of five."""
    moves = np.random.default_rng(seed).integers(1, 3, 5 * windows + 1)
    ids = np.cumsum(moves) % 4
    return Split(ids[:-1].reshape(-1, 5).astype(np.uint8), ids[1:].reshape(-1, 5).astype(np.int32))


def dataset():
    return Dataset(text(60), text(23, 1), text(31, 2), SPEC, "toy_text", "1", "none")


def test_each_place_of_a_batch_reads_on(key):
    windows, batch = 23, 4
    found = np.asarray(stream_indices(key, jnp.int32(0), 15, windows, batch))
    for before, after in itertools.pairwise(found):
        jumps = (after - before) % windows != 1
        assert jumps.sum() <= 1  # where the last part ends, the windows left over are passed
    for epoch in found.reshape(3, 5, batch):
        assert len(set(epoch.ravel())) == 20
    later = np.asarray(stream_indices(key, jnp.int32(7), 4, windows, batch))
    np.testing.assert_array_equal(later, found[7:11])
    other = stream_indices(jax.random.key(1), jnp.int32(0), 15, windows, batch)
    assert not np.array_equal(found, other)


def test_steps_that_carry_their_state_read_the_text_as_one(key):
    settings, loaded, _ = prepared("rnn", dataset(), SHAPE, batch_size=3)
    learner = assemble(settings, SPEC).learner
    init, update, evaluate = map(jax.jit, (learner.init, learner.update, learner.evaluate))
    hparams = HParams(learning_rate=0.0)
    state = init(hparams, key)
    windows = loaded.tuning.train
    nats = tokens = 0
    for step in range(4):
        rows = np.arange(3) * 4 + step
        batch = Batch(windows.inputs[0, rows], windows.targets[0, rows], jnp.ones(3))
        state, metrics = update(state, batch, hparams, key)
        nats, tokens = nats + metrics["nats"][0], tokens + metrics["nats"][1]
    whole = Batch(
        windows.inputs[0, :12].reshape(3, 20), windows.targets[0, :12].reshape(3, 20), jnp.ones(3)
    )
    total, count = evaluate(state, whole, hparams, key)["nats"]
    assert tokens == count == 60
    assert float(nats) == pytest.approx(float(total), rel=1e-5)


def test_a_state_that_is_carried_on_is_computed_with_in_the_layers_precision(key):
    """Steps in bfloat16 beside the same in float32."""
    found, split = {}, text(3)
    for precision in ("float32", "bfloat16"):
        settings, _, _ = prepared("rnn", dataset(), SHAPE, batch_size=3, precision=precision)
        parts = assemble(settings, SPEC, "hoisted")
        batch = Batch(split.inputs, split.targets, jnp.ones(3))
        state = parts.learner.init(HParams(), key)
        for _ in range(2):
            state, _ = jax.jit(parts.learner.update)(state, batch, HParams(), key)
        found[precision] = state.model_state["carried"]["state_0"]
        assert found[precision].dtype == jnp.float32
        low = jax.tree.map(lambda leaf, to=precision: leaf.astype(to), state.params)
        held = {"params": low, **state.model_state}
        said, _ = parts.module.apply(held, split.inputs, train=True, mutable=["carried"])
        assert said.dtype == precision
    np.testing.assert_allclose(found["bfloat16"], found["float32"], atol=0.03)


def test_a_text_is_scored_whole(key, monkeypatch):
    """Spans of four windows: by hand, each from the state at the start of a text."""
    monkeypatch.setattr(run, "SPAN", 20)
    monkeypatch.setattr(run, "SPANS", 4)
    settings, loaded, members = prepared("rnn", dataset(), SHAPE, batch_size=3)
    hparams, streams = jax.tree.map(lambda leaf: leaf[0], (members.hparams, members.streams))
    assemble.cache_clear()
    parts = assemble(settings, SPEC)
    carry = parts.run.init(hparams, streams)
    found, said = parts.run.score(carry, hparams, loaded.test)
    assert said == {}
    assemble.cache_clear()
    nats = []
    inputs, targets = loaded.test.inputs[0], loaded.test.targets[0]
    for first in range(0, 31, 4):
        span = inputs[first : first + 4].reshape(1, -1)
        logits = parts.learner.predict(carry.state, span, key)[0]
        logits = np.asarray(logits, np.float64)
        normal = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        wanted = targets[first : first + 4].ravel()
        nats.extend(-normal[np.arange(len(wanted)), wanted])
    assert len(nats) == 155
    assert float(found["nats"]) == pytest.approx(np.mean(nats), rel=1e-5)


def test_the_objective_counts_real_tokens_alone(key):
    logits = jax.random.normal(key, (2, 3, 4))
    targets = jnp.array([[1, 3, -1], [0, -1, -1]])
    batch = Batch(jnp.zeros((2, 3)), targets, jnp.array([1.0, 0.0]))
    objective = objectives.build("auto", SPEC)
    log = np.asarray(jax.nn.log_softmax(logits))
    found = objective.metrics(logits, batch, HParams(label_smoothing=0.3))
    total, count = found["nats"]
    assert float(count) == 2
    assert float(total) == pytest.approx(-(log[0, 0, 1] + log[0, 1, 3]), rel=1e-5)
    assert found["loss"] == found["nats"]
    smoothed = -sum(0.7 * log[0, i, t] + 0.3 * log[0, i].mean() for i, t in ((0, 1), (1, 3)))
    each = objective.loss(logits, batch, HParams(label_smoothing=0.3))
    np.testing.assert_allclose(3 * each[0], smoothed, rtol=1e-5)
    each = objective.loss(logits, batch, HParams())
    np.testing.assert_allclose(each[1], -log[1, 0, 0] / 3, rtol=1e-5)


def test_an_lstm_learns_what_a_text_has_to_learn():
    """A step of one or two on a circle: ln 2 nats a token, of the ln 4 of their frequencies."""
    settings, loaded, _ = prepared("rnn", dataset(), SHAPE, batch_size=6, steps=150, seeds=2)
    study = options({"rnn": SHAPE}, seeds=2, steps=150, batch_size=6)
    result = run_arm(study, settings, loaded, [HParams(learning_rate=3e-2)], Layout(1, 2))
    assert data.chance(dataset()) == pytest.approx(np.log(4), abs=0.02)
    for row in result.rows:
        assert np.log(2) * 0.95 < row["test_nats"] < 0.8
        assert row["test_perplexity"] == pytest.approx(np.exp(row["test_nats"]), rel=1e-5)
        assert row["test_bits"] == pytest.approx(row["test_nats"] / np.log(2), rel=1e-5)
    assert not any(name.startswith("carried") for name in result.parameters)


def test_validation_is_the_end_of_the_text():
    whole = dataset()
    raw = data.Raw(whole.train, whole.test, SPEC, "toy_text", "1", "none")
    split = data.split(raw, jax.random.key(0), 0, options(("rnn",)).data)
    np.testing.assert_array_equal(split.train.inputs, whole.train.inputs[:54])
    np.testing.assert_array_equal(split.validation.inputs, whole.train.inputs[54:])


def test_a_text_is_written_from_the_probabilities_of_the_whole_before_it(key):
    """At a low temperature: always the likeliest token, by a loop that reads all of it anew."""
    settings, _, _ = prepared("rnn", dataset(), SHAPE)
    learner = assemble(settings, SPEC).learner
    state = jax.jit(learner.init)(HParams(), key)
    module = assemble(settings, SPEC).module
    # Larger than drawn: the next letter then depends on more than the last one.
    as_kept = jax.tree.map(lambda leaf: 4 * np.asarray(leaf), learner.parameters(state))
    found = write_tokens(module, as_kept, key, 2, 12, 1e-6)
    read, ids = jax.jit(module.apply), np.zeros(13, int)  # as it knows nothing of what follows
    ids[0] = 2
    for last in range(12):
        ids[last + 1] = np.argmax(read(as_kept, ids[None])[0, last])
    np.testing.assert_array_equal(found, ids[1:])
    # The whole beginning counts as what was written.
    after = write_tokens(module, as_kept, key, ids[:6], 7, 1e-6)
    np.testing.assert_array_equal(after, ids[6:])
    hot = write_tokens(module, as_kept, key, 2, 400, 1e6)
    assert np.bincount(hot, minlength=4).min() > 60  # all four alike at a high one


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        ("rnn", RNN(), "--nornn_bidirectional"),
        ("bpnn", BPNN(), "for next_token; choose rnn"),
    ],
)
def test_models_that_would_see_the_answer_are_refused(model, shape, words):
    settings, _, _ = prepared(model, dataset(), shape)
    with pytest.raises(UserError, match=words):
        assemble(settings, SPEC)
