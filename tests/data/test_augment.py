"""Augmentation against plain loops over every outcome, and its place in a step of training."""

import dataclasses

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy import stats

from dlfun.config import parsers
from dlfun.data.augment import augment_batch, crop, flip, frequency_mask, noise, shift, time_mask
from dlfun.data.augmentations import AUGMENTATIONS, check_augment
from dlfun.errors import UserError
from dlfun.studies.population.assembly import assemble
from dlfun.types import Batch, HParams, Spec
from tests.helpers import prepared, toy

KEY = jax.random.key(7)


def drawn(shape):
    """Inputs without a zero, no two of them alike."""
    return np.random.default_rng(0).uniform(1, 2, shape).astype(np.float32)


def moved(example, by, mode):
    """Every outcome of moving an example by up to `by`: {(down, right): array}."""
    axes = (-3, -2) if example.ndim > 2 else (-2,)
    pads = [(by, by) if axis - example.ndim in axes else (0, 0) for axis in range(example.ndim)]
    padded = np.pad(example, pads, mode=mode)
    found = {}
    for at in np.ndindex(*(2 * by + 1 for _ in axes)):
        cut = padded
        for axis, start in zip(axes, at, strict=True):
            cut = np.take(cut, start + np.arange(example.shape[axis]), axis=axis)
        found[at] = cut
    return found


@pytest.mark.parametrize(
    ("function", "mode", "shape"),
    [
        (shift, "constant", (300, 6, 5, 2)),
        (shift, "constant", (60, 9, 2)),
        (crop, "reflect", (300, 6, 5, 1)),
        (crop, "reflect", (60, 3, 4, 5, 1)),
    ],
)
def test_each_example_is_one_of_its_shifts_and_every_shift_comes(function, mode, shape):
    """Zeros follow a shift, reflections a crop; the frames of a video move together."""
    inputs = drawn(shape)
    outputs = np.asarray(function(KEY, jnp.asarray(inputs), 1.0))
    assert outputs.shape == shape
    seen = []
    for before, after in zip(inputs, outputs, strict=True):
        ways = [at for at, one in moved(before, 1, mode).items() if np.array_equal(one, after)]
        assert len(ways) == 1
        seen += ways
    _, counts = np.unique(seen, axis=0, return_counts=True)
    assert len(counts) == (9 if len(shape) > 3 else 3)
    if len(inputs) == 300:
        assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("probability", [0.5, 0.2, 0.0, 1.0])
def test_flip_mirrors_exactly_and_as_often_as_asked(probability):
    inputs = drawn((400, 3, 4, 1))
    outputs = np.asarray(flip(KEY, jnp.asarray(inputs), probability))
    same = (outputs == inputs).all((1, 2, 3))
    mirrored = (outputs == inputs[:, :, ::-1]).all((1, 2, 3))
    assert (same != mirrored).all()
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], 400, probability) if probability else (0, 0)
    assert low <= mirrored.sum() <= high


@pytest.mark.parametrize(("function", "axis"), [(time_mask, 1), (frequency_mask, 2)])
def test_a_mask_hides_one_band_of_uniform_width(function, axis):
    inputs = drawn((600, 9, 7))
    outputs = np.asarray(function(KEY, jnp.asarray(inputs), 3.0))
    hidden = outputs == 0
    np.testing.assert_array_equal(outputs[~hidden], inputs[~hidden])
    along = hidden.any(3 - axis)
    np.testing.assert_array_equal(along, hidden.all(3 - axis))
    widths = along.sum(1)
    edges = np.abs(np.diff(np.pad(along, ((0, 0), (1, 1))).astype(int), axis=1)).sum(1)
    np.testing.assert_array_equal(edges, 2 * (widths > 0))
    assert stats.chisquare(np.bincount(widths, minlength=4)).pvalue > 1e-3
    starts = along.argmax(1)[widths == 3]
    places = inputs.shape[axis] - 2
    assert stats.chisquare(np.bincount(starts, minlength=places)).pvalue > 1e-3


def test_time_is_hidden_within_the_length_of_an_example():
    lengths = np.tile([1, 3, 9], 100)
    inputs = jnp.asarray(drawn((300, 9, 2)))
    hidden = np.asarray(time_mask(KEY, inputs, 5.0, jnp.asarray(lengths)))[..., 0] == 0
    assert not hidden[np.arange(9)[None] >= lengths[:, None]].any()
    assert [hidden.sum(1)[lengths == length].max() for length in (1, 3, 9)] == [1, 3, 5]


def test_noise_is_gaussian_of_its_standard_deviation():
    inputs = drawn((20, 30, 2))
    added = (np.asarray(noise(KEY, jnp.asarray(inputs), 0.3)) - inputs).ravel()
    assert stats.kstest(added / 0.3, "norm").pvalue > 1e-3


def test_padding_stays_and_probabilities_stay_probabilities():
    inputs, lengths = drawn((50, 6, 2)) - 1, np.tile([2, 6], 25)
    spec = Spec((6, 2), "speech", "classification", 3, likelihood="bernoulli", padded=True)
    batch = Batch(jnp.asarray(inputs), jnp.zeros(50), jnp.ones(50), jnp.asarray(lengths))
    outputs = np.asarray(augment_batch(KEY, batch, (("noise", 0.5), ("shift", 1.0)), spec).inputs)
    np.testing.assert_array_equal(outputs[::2, 2:], inputs[::2, 2:])
    assert (outputs[::2, :2] != inputs[::2, :2]).any()
    assert outputs.min() == 0
    assert outputs.max() == 1


@pytest.mark.parametrize("model", ["softmax", "perceptron"])
def test_a_step_learns_from_augmented_inputs_and_evaluation_does_not(model):
    augment = (("shift", 1.0), ("noise", 0.2))
    settings, data, _ = prepared(model)
    own = dataclasses.replace(settings, augment=augment)
    plain, learner = (assemble(s, data.first.spec).learner for s in (settings, own))
    first = data.first.train
    batch = Batch(jnp.asarray(first.inputs[:10]), jnp.asarray(first.targets[:10]), jnp.ones(10))
    hparams = HParams(*map(jnp.float32, HParams(learning_rate=0.1)))
    state = plain.init(hparams, KEY)
    keys = jax.random.split(KEY, 2)
    update = jax.jit(jax.vmap(learner.update, (None, None, None, 0)))
    found = update(state, batch, hparams, keys)
    jax.tree.map(np.testing.assert_array_equal, found, update(state, batch, hparams, keys))
    step = jax.jit(plain.update)
    for member, key in enumerate(keys):
        own_key = key if model == "perceptron" else jax.random.split(key)[1]
        changed = augment_batch(own_key, batch, augment, data.first.spec)
        assert (np.asarray(changed.inputs) != np.asarray(batch.inputs)).mean() > 0.5
        wanted = step(state, changed, hparams, key)
        own_found = jax.tree.map(lambda leaf, member=member: leaf[member], found)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), own_found, wanted
        )
    kernels = next(leaf for leaf in jax.tree.leaves(found[0].params) if leaf.ndim == 3)
    assert (kernels[0] != kernels[1]).any()
    evaluations = [
        jax.make_jaxpr(one.evaluate)(state, batch, hparams, KEY) for one in (plain, learner)
    ]
    assert str(evaluations[0]) == str(evaluations[1])


@pytest.mark.parametrize(
    ("augment", "modality", "message"),
    [
        (("flip", 0.5), "text", "for image and video, and this data set is text; .* there is none"),
        (("frequency_mask", 2.0), "sequence", "for that there is shift, noise, time_mask"),
        (("shift", 8.0), "image", r"leaves nothing of examples of shape \(8, 8, 1\); .* at most 7"),
        (("time_mask", 12.0), "sequence", "give at most 11"),
    ],
)
def test_what_data_cannot_be_augmented_so(augment, modality, message):
    settings, data, _ = prepared("softmax", toy(modality))
    settings = dataclasses.replace(settings, augment=(augment,))
    with pytest.raises(UserError, match=rf"^--augment={augment[0]}:.*{message}"):
        assemble(settings, data.first.spec)


def test_labels_of_each_step_stay_with_their_steps():
    spec = Spec((12, 2), "sequence", "sequence_labelling", 3)
    with pytest.raises(UserError, match=r"^--augment=shift:2 would part"):
        check_augment((("shift", 2.0),), spec)
    check_augment((("noise", 2.0),), spec)


def test_the_flag_reads_back_what_it_shows():
    kind = parsers.augment()
    every = tuple((name, float(row.usual)) for name, row in AUGMENTATIONS.items())
    assert kind.parse(",".join(AUGMENTATIONS)) == every
    assert kind.parse(kind.show(every)) == every
    assert kind.show(every[:2]) == "shift:2,flip:0.5"
    assert kind.parse(kind.show(())) == ()
    for text, message in [
        ("flipp", "did you mean|flip"),
        ("shift:0.5", "strength of shift must be a whole number, at least 1"),
        ("flip:2", "strength of flip must be a number"),
        ("noise,noise:2", "'noise' is given twice"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind.parse(text)
