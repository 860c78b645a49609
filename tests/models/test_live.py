"""Widths and depths that are numbers, against networks that were made in these sizes."""

import dataclasses
import itertools
import math

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.extend.core import Literal

import dlfun
from dlfun.errors import UserError
from dlfun.inference.trained_models import unflattened
from dlfun.models import BPNN, CNN, RNN
from dlfun.models.sizes import check_sizes
from dlfun.studies.population.arm import flat_parameters, resolve, run_arm
from dlfun.studies.population.assembly import assemble, population
from dlfun.studies.population.live_sizes import of_its_size, sizes_of
from dlfun.studies.population.remarks import work_notes
from dlfun.studies.population.stacked import stack
from dlfun.types import Batch, HParams, Layout, Settings, Spec
from tests.helpers import options, toy

FULL = 9
NUMBERS = HParams(3e-3, weight_decay=1e-2, gradient_clip=0.5)
CASES = {
    "residual": ("bpnn", BPNN((FULL,) * 3, residual=True), 4, 2),
    "act(0) is not 0": ("bpnn", BPNN((FULL,) * 3, activation="softplus"), 1, 1),
    "gru": ("rnn", RNN("gru", (FULL,) * 2, False), 4, 2),
    "lstm": ("rnn", RNN("lstm", (FULL,) * 2, False, embedding=3), 6, 1),
    "elman": ("rnn", RNN("elman", (FULL,) * 2, True, "last", True, activation="sigmoid"), 3, 1),
}
TEXT = Spec((9,), "text", "next_token", 7, "categorical", vocabulary=7)
PRECISE = {"float32": (40, 1e-5, 1e-4), "float64": (200, 1e-12, 1e-9)}
"""Precision -> steps, and the largest relative difference of the first and of the last one."""


def batch(spec):
    """Twenty examples; of a text each token's target is the next."""
    if spec == TEXT:
        inputs = toy("text").train.inputs[:20]
        targets = np.roll(inputs, -1, axis=1).astype(int)
    else:
        inputs, targets = (leaf[:20] for leaf in toy().train[:2])
    return Batch(jnp.asarray(inputs), jnp.asarray(targets), jnp.ones(20))


def pair(name, precision):
    """A network without some layers and units, the one made so, its numbers, and a batch."""
    model, shape, width, depth = CASES[name]
    spec = TEXT if name == "lstm" else toy().spec
    usual = Settings(model, shape, clip=True, optimizer="adamw", batch_size=20, precision=precision)
    part = dataclasses.replace(usual, width=True, depth=True)
    small = dataclasses.replace(usual, shape=dataclasses.replace(shape, widths=(width,) * depth))
    numbers = HParams(*map(jnp.asarray, NUMBERS._replace(width=width, depth=depth)))
    return assemble(part, spec), assemble(small, spec), numbers, batch(spec)


def cut(leaf, shape, width):
    """The live block of a parameter: of each FULL of its inputs the first `width`."""
    if leaf.ndim == 2 and leaf.shape[0] != shape[0]:
        groups = leaf.reshape(-1, FULL, leaf.shape[1])
        leaf = groups[:, :width].reshape(-1, leaf.shape[1])
    return leaf[..., : shape[-1]] if shape else leaf


def live_and_dead(tree, like, width):
    """A tree's live parameters, in that of the small network, and how many others are not 0."""
    leaves = dict(jax.tree_util.tree_leaves_with_path(tree))
    live = jax.tree_util.tree_map_with_path(
        lambda path, leaf: cut(leaves[path], leaf.shape, width), like
    )
    counts = [sum(map(np.count_nonzero, jax.tree.leaves(t))) for t in (tree, live)]
    return live, counts[0] - counts[1]


def trained(learner, data, numbers, key):
    """(state, steps) -> the state after so many steps, the last loss, and what was said before."""

    @jax.jit
    def run(state, steps):
        def step(_, at):
            state, metrics = learner.update(at[0], data, numbers, key)
            return state, metrics["loss"][0]

        loss = jnp.zeros((), jax.tree.leaves(state.params)[0].dtype)
        said = learner.predict(state, data.inputs, key)
        return *jax.lax.fori_loop(0, steps, step, (state, loss)), said

    return run


def difference(a, b):
    """The largest of two trees, over the largest entry of each of their leaves."""
    leaves = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-12)) for x, y in leaves)


@pytest.mark.parametrize(
    ("name", "precision"),
    [*((name, "float64") for name in CASES), ("residual", "float32"), ("elman", "float32")],
)
def test_equals_the_network_of_its_size(name, precision, key):
    """Rule 2 of the design: 1e-4 after 40 steps of float32, 1e-9 after 200 of float64."""
    steps, *tolerances = PRECISE[precision]
    width = CASES[name][2]
    with jax.enable_x64(precision == "float64"):
        part, small, numbers, data = pair(name, precision)
        start = jax.jit(part.learner.init)(numbers, key)
        like = jax.eval_shape(small.learner.init, numbers, key)
        own, _ = live_and_dead(start, like, width)
        assert jax.tree.leaves(own.params)[0].dtype == precision
        run, run_small = (trained(made.learner, data, numbers, key) for made in (part, small))
        # The moments of the first step are the gradient and its square.
        for count, most in zip((1, steps), tolerances, strict=True):
            state, *found = run(start, count)
            wanted, *said = run_small(own, count)
            live, _ = live_and_dead(state, like, width)
            assert difference((live, *found), (wanted, *said)) < most
            for tree in ("params", "opt_state"):
                assert live_and_dead(getattr(state, tree), getattr(like, tree), width)[1] == 0
        assert difference(state.params, start.params) > 0.1


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


def test_one_program_trains_all_sizes_and_says_what_that_costs():
    sizes = [(8, 2), (16, 1), (37, 2), (64, 1), (128, 2), (256, 2)]
    numbers = [HParams(1e-2, width=width, depth=depth) for width, depth in sizes]
    study = options({"bpnn": BPNN((300, 300, 300))}, seeds=1)
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, numbers)
    assert settings.shape == BPNN((256, 256))  # no larger than the largest needs
    layout = Layout(1, 2)
    columns = [{"width": width, "depth": depth} for width, depth in sizes]
    result = run_arm(study, settings, stack([toy()]), numbers, layout, columns)
    programs = population(settings, toy().spec, layout, input="memory").programs
    assert sorted(program.traces for program in programs) == [1] * len(programs)
    assert all(row["status"] == "ok" for row in result.rows)
    layers = [(24, *(width,) * depth, 3) for width, depth in sizes]
    weights = [sum(a * b for a, b in itertools.pairwise(units)) for units in layers]
    for row, count, units in zip(result.rows, weights, layers, strict=True):
        assert row["parameters"] == count + sum(units[1:])
        assert row["extra_work"] == pytest.approx(weights[-1] / count)
    times = f"{weights[-1] * len(sizes) / sum(weights):.1f} times the multiply-adds"
    (note,) = work_notes([result])
    assert f"one program of --bpnn_widths=256,256: {times}" in note
    for i, (width, depth) in enumerate(sizes):
        kernel = result.parameters["params/hidden_1/kernel"][i]
        assert np.count_nonzero(kernel) == (width**2 if depth == 2 else 0)


@pytest.mark.parametrize("model", ["bpnn", "rnn"])
def test_one_size_is_a_shape_and_no_number(model):
    """Nothing is computed that is not live."""
    make = {"bpnn": BPNN, "rnn": RNN}[model]

    def settings(widths, *numbers):
        study = options({model: make(widths=widths)})
        return resolve(study, model, study.models[model], 70, numbers)

    usual = settings((4, 4), HParams(), HParams(1e-2))
    assert not usual.width
    assert not usual.depth
    assert settings((9, 9, 9), HParams(width=4, depth=2), HParams(1e-2, width=4, depth=2)) == usual
    deep = settings((9, 9, 9), HParams(width=4, depth=2), HParams(width=4, depth=1))
    assert deep == dataclasses.replace(usual, depth=True)


def test_work_of_a_recurrence_counts_its_steps(key):
    shape, numbers = RNN("elman", (6,), bidirectional=False), HParams(1e-2, width=3)
    settings = Settings("rnn", shape, width=True)
    params = jax.eval_shape(assemble(settings, toy().spec).learner.init, numbers, key).params
    arrays = {
        n: np.zeros((1, *leaf.shape)) for n, leaf in flat_parameters({"params": params}).items()
    }
    found = sizes_of(settings, toy().spec, HParams(*map(np.atleast_1d, numbers)), arrays)

    def work(width):
        return 12 * (2 * width + width**2) + 12 * width * 3

    assert found["extra_work"].tolist() == [work(6) / work(3)]
    assert found["parameters"].tolist() == [2 * 3 + 3 * 3 + 3 + 12 * 3 * 3 + 3]


@pytest.mark.parametrize("name", ["residual", "elman"])
def test_a_trained_member_is_cut_to_its_size(name, key):
    """As a network of that size it says what it said."""
    part, small, numbers, data = pair(name, "float32")
    state = jax.jit(part.learner.init)(numbers, key)
    arrays = {n: np.asarray(a)[None] for n, a in flat_parameters({"params": state.params}).items()}
    model, shape, width, depth = CASES[name]
    settings = Settings(model, shape, width=True, depth=True)
    found, cut = of_its_size(
        settings, toy().spec, NUMBERS._replace(width=width, depth=depth), arrays
    )
    assert found == Settings(model, dataclasses.replace(shape, widths=(width,) * depth))
    params = unflattened({n: a[0] for n, a in cut.items()})["params"]
    like = jax.eval_shape(small.learner.init, numbers, key).params
    assert jax.tree.map(np.shape, params) == jax.tree.map(lambda leaf: leaf.shape, like)
    said = small.module.apply({"params": params}, data.inputs)
    wanted = part.learner.predict(state, data.inputs, key)
    np.testing.assert_allclose(said, wanted, rtol=1e-5, atol=1e-6)


def test_a_width_of_a_run_by_hand_may_be_mapped():
    data = dlfun.from_arrays(np.ones((40, 5)), np.arange(40) % 2)
    run = dlfun.make_run(dlfun.model("bpnn", widths=(8, 8), width=4), data, steps=2, evaluations=1)
    assert run.settings.width
    assert not run.settings.depth

    @jax.jit
    @jax.vmap
    def weights(width):
        carry = run.init(run.hparams._replace(width=width), run.streams(0))
        square = [leaf for leaf in jax.tree.leaves(carry) if leaf.shape == (8, 8)]
        return sum(map(jnp.count_nonzero, square))

    assert weights(jnp.array([2.0, 4.0, math.inf])).tolist() == [4, 16, 64]


@pytest.mark.parametrize("model", ["bpnn", "rnn"])
def test_other_programs_know_no_widths(model, key):
    """Where no width is swept, nothing of it enters what is computed."""
    shape = {"bpnn": BPNN(), "rnn": RNN()}[model]
    learner = assemble(Settings(model, shape), toy().spec).learner
    numbers = HParams(*map(jnp.float32, HParams()))
    state, examples = jax.eval_shape(learner.init, numbers, key), batch(toy().spec)
    for function, args in (
        (learner.init, (numbers, key)),
        (lambda hparams, state: learner.update(state, examples, hparams, key), (numbers, state)),
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
        (
            "bpnn",
            BPNN((64, 32)),
            {"width": 65},
            "--bpnn_widths=64,32 have at most 64 units; give --bpnn_widths=65,65",
        ),
        (
            "rnn",
            RNN(widths=(6,)),
            {"depth": 2},
            "--rnn_widths=6 has 1 layer; give --rnn_widths=6,6",
        ),
        ("bpnn", BPNN((64, 32)), {"depth": 1}, "all need the same width"),
    ],
)
def test_sizes_that_a_model_has_not(model, shape, numbers, match):
    with pytest.raises(UserError, match=match):
        check_sizes(model, shape, **({"width": math.inf, "depth": math.inf} | numbers))
    study = options({model: shape}, seeds=1)
    with pytest.raises(UserError, match=match):
        resolve(study, model, study.models[model], 70, [HParams(**numbers)])
