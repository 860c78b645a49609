"""Widths and depths that are numbers, against networks that were made in these sizes."""

import dataclasses
import itertools
import math

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.extend.core import Literal

from dlfun.errors import UserError
from dlfun.models import BPNN, CNN, RNN
from dlfun.models.sizes import check_sizes
from dlfun.studies.arm import flat_parameters, resolve, run_arm
from dlfun.studies.assemble import assemble, population
from dlfun.studies.sizes import extra_work, parameter_counts
from dlfun.studies.stacked import stack
from dlfun.types import Batch, HParams, Layout, Settings
from tests.helpers import options, toy

FULL, WIDTH, STEPS = 9, 4, 8
HPARAMS = HParams(3e-2, weight_decay=1e-2, gradient_clip=0.5, width=WIDTH)
CASES = {
    "residual": ("bpnn", BPNN((FULL,) * 3, residual=True)),
    "act(0) is not 0": ("bpnn", BPNN((FULL,) * 3, activation="softplus")),
    "gru": ("rnn", RNN("gru", (FULL,) * 2)),
    "elman": ("rnn", RNN("elman", (FULL,) * 3, False, "last", True, activation="sigmoid")),
}


def pair(name):
    """A network without its last layer and most units, the one made so, and their numbers."""
    model, shape = CASES[name]
    depth = len(shape.widths) - 1
    usual = Settings(model, shape, clip=True, optimizer="adamw", batch_size=20)
    part = dataclasses.replace(usual, width=True, depth=True)
    small = dataclasses.replace(usual, shape=dataclasses.replace(shape, widths=(WIDTH,) * depth))
    numbers = HParams(*map(jnp.float32, HPARAMS._replace(depth=depth)))
    return assemble(part, toy().spec), assemble(small, toy().spec), numbers


def cut(leaf, shape):
    """The live block of a parameter: of each FULL of its inputs the first WIDTH."""
    if leaf.ndim == 2 and leaf.shape[0] != shape[0]:
        groups = leaf.reshape(-1, FULL, leaf.shape[1])
        leaf = groups[:, :WIDTH].reshape(-1, leaf.shape[1])
    return leaf[..., : shape[-1]] if shape else leaf


def live_and_dead(tree, like):
    """A tree's live parameters, in that of the small network, and how many others are not 0."""
    leaves = dict(jax.tree_util.tree_leaves_with_path(tree))
    live = jax.tree_util.tree_map_with_path(lambda path, leaf: cut(leaves[path], leaf.shape), like)
    counts = [sum(map(np.count_nonzero, jax.tree.leaves(t))) for t in (tree, live)]
    return live, counts[0] - counts[1]


def batch():
    train = toy().train
    return Batch(jnp.asarray(train.inputs[:20]), jnp.asarray(train.targets[:20]), jnp.ones(20))


@pytest.mark.parametrize("name", CASES)
def test_equals_the_network_of_its_size(name, key):
    part, small, numbers = pair(name)
    state = jax.jit(part.learner.init)(numbers, key)
    own = jax.jit(small.learner.init)(numbers, key)
    own = own._replace(params=live_and_dead(state.params, own.params)[0])

    def said(assembly, state):
        return jax.jit(assembly.learner.predict)(state, batch().inputs, key)

    np.testing.assert_allclose(said(part, state), said(small, own), rtol=2e-5, atol=2e-6)
    updates = [jax.jit(made.learner.update) for made in (part, small)]
    for step in range(STEPS):
        (state, found), (own, wanted) = (
            update(s, batch(), numbers, key)
            for update, s in zip(updates, (state, own), strict=True)
        )
        np.testing.assert_allclose(found["loss"][0], wanted["loss"][0], rtol=1e-4)
        # The moments of the first step are the gradient and its square.
        for tree in ("opt_state", "params") if step in (0, STEPS - 1) else ():
            live, dead = live_and_dead(getattr(state, tree), getattr(own, tree))
            assert dead == 0
            for a, b in zip(*map(jax.tree.leaves, (live, getattr(own, tree))), strict=True):
                scale = np.abs(b).max()
                assert np.abs(a - b).max() <= (1e-5 if step == 0 else 1e-3) * scale
    variables = jax.tree.map(np.asarray, part.learner.parameters(state))
    applied = jax.jit(part.module.apply)(variables, batch().inputs)
    np.testing.assert_allclose(applied, said(part, state), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", ["bpnn", "rnn"])
def test_starts_by_the_live_fan_in(model, key):
    shape = {"bpnn": BPNN((32, 32)), "rnn": RNN("elman", (32, 32))}[model]
    settings = Settings(model, shape, width=True)
    made = assemble(settings, toy().spec)
    plain = assemble(dataclasses.replace(settings, width=False), toy().spec)

    @jax.jit
    @jax.vmap
    def start(width, key):
        numbers = HParams(width=width)
        return made.learner.init(numbers, key).params, plain.learner.init(numbers, key).params

    widths = jnp.repeat(jnp.array([8.0, math.inf]), 100)
    keys = jax.random.split(key, 100)
    params, full = start(widths, jnp.concatenate([keys, keys]))
    for a, b in zip(jax.tree.leaves(params), jax.tree.leaves(full), strict=True):
        np.testing.assert_allclose(a[100:], b[100:], atol=2e-6)  # orthogonal ones to rounding
    if model == "bpnn":
        kernel = params["hidden_1"]["kernel"][:100, :8, :8]
        assert np.mean(kernel**2) * 8 == pytest.approx(1, abs=0.05)
        first = [tree["hidden_0"]["kernel"][:100, :, :8] for tree in (params, full)]
        np.testing.assert_array_equal(*first)
        head = params["head"]["kernel"][:100, :8]
        assert np.mean(head**2) * 8 == pytest.approx(1, abs=0.1)
        return
    layer = params["layer_1"]["backward"]
    block = np.asarray(layer["h"]["kernel"][:100, :8, :8])
    np.testing.assert_allclose(
        np.einsum("mki,mkj->mij", block, block), np.broadcast_to(np.eye(8), block.shape), atol=1e-5
    )
    # Uniform: every entry has mean 0 and variance 1/8 over the draws.
    assert np.abs(block.mean(0)).max() < 4 * math.sqrt(1 / 8 / 100)
    assert np.mean(block**2, axis=0) == pytest.approx(np.full((8, 8), 1 / 8), abs=0.07)
    both = np.asarray(layer["i"]["kernel"][:100].reshape(100, 2, 32, 32)[:, :, :8, :8])
    assert np.mean(both**2) * 16 == pytest.approx(1, abs=0.05)
    assert np.count_nonzero(layer["i"]["kernel"][:100]) == both.size


def test_one_program_trains_all_widths_and_says_what_that_costs():
    widths = (8, 16, 37, 64, 128, 256)
    numbers = [HParams(1e-2, width=w) for w in widths]
    study = options({"bpnn": BPNN((256, 128))}, seeds=1)
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, numbers)
    layout = Layout(1, 2)
    result = run_arm(
        study, settings, stack([toy()]), numbers, layout, [{"width": w} for w in widths]
    )
    programs = population(settings, toy().spec, layout, input="memory").programs
    assert sorted(program.traces for program in programs) == [1] * len(programs)
    assert all(row["status"] == "ok" for row in result.rows)
    sizes = [(24, w, min(w, 128), 3) for w in widths]
    weights = np.array([[a * b for a, b in itertools.pairwise(s)] for s in sizes]).sum(axis=1)
    assert [row["parameters"] for row in result.rows] == [
        w + sum(s[1:]) for w, s in zip(weights, sizes, strict=True)
    ]
    assert result.extra_work == pytest.approx(weights[-1] * len(widths) / weights.sum())
    for i, width in enumerate(widths):
        kernel = result.parameters["params/hidden_1/kernel"][i]
        assert np.count_nonzero(kernel) == width * min(width, 128)


def test_work_of_a_recurrence_counts_its_steps(key):
    shape, numbers = RNN("elman", (6,), bidirectional=False), HParams(1e-2, width=3)
    settings = Settings("rnn", shape, width=True)
    params = jax.eval_shape(assemble(settings, toy().spec).learner.init, numbers, key).params
    shapes = {n: leaf.shape for n, leaf in flat_parameters(params).items()}
    sized = (settings, toy().spec, jax.tree.map(lambda leaf: np.array([leaf]), numbers), shapes)

    def work(width):
        return 12 * (2 * width + width**2) + 12 * width * 3

    assert extra_work(*sized) == pytest.approx(work(6) / work(3))
    assert parameter_counts(*sized).tolist() == [2 * 3 + 3 * 3 + 3 + 12 * 3 * 3 + 3]


@pytest.mark.parametrize("model", ["bpnn", "rnn"])
def test_other_programs_know_no_widths(model, key):
    """Where no width is swept, nothing of it enters what is computed."""
    shape = {"bpnn": BPNN(), "rnn": RNN()}[model]
    study = options({model: shape})
    usual = resolve(study, model, study.models[model], 70, [HParams(), HParams(1e-2)])
    assert not usual.width
    assert not usual.depth
    learner = assemble(Settings(model, shape), toy().spec).learner
    numbers = HParams(*map(jnp.float32, HParams()))
    state = jax.eval_shape(learner.init, numbers, key)
    for function, args in (
        (learner.init, (numbers, key)),
        (lambda hparams, state: learner.update(state, batch(), hparams, key), (numbers, state)),
    ):
        traced = jax.make_jaxpr(function)(*args).jaxpr
        sized = [traced.invars[HParams._fields.index(name)] for name in ("width", "depth")]
        read = [v for equation in traced.eqns for v in equation.invars]
        used = {v for v in read if not isinstance(v, Literal)}
        assert not used & set(sized)
        assert traced.invars[0] in used or function is learner.init


@pytest.mark.parametrize(
    ("model", "shape", "numbers", "match"),
    [
        ("cnn", CNN(), {"width": 8}, "only bpnn and rnn have; write --width=bpnn:N"),
        ("bpnn", BPNN((64, 32)), {"width": 65}, "--bpnn_widths=64,32 have at most 64 units"),
        ("rnn", RNN(widths=(6,)), {"depth": 2}, "--rnn_widths=6 has 1 layers"),
        ("bpnn", BPNN((64, 32)), {"depth": 1}, "all need the same width"),
    ],
)
def test_sizes_that_a_model_has_not(model, shape, numbers, match):
    with pytest.raises(UserError, match=match):
        check_sizes(model, shape, **({"width": math.inf, "depth": math.inf} | numbers))
    study = options({model: shape}, seeds=1)
    with pytest.raises(UserError, match=match):
        resolve(study, model, study.models[model], 70, [HParams(**numbers)])
