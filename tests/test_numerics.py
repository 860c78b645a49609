"""A call from Python computes as a script does, whatever JAX is set to, and puts that back."""

import contextlib

import flax
import jax
import numpy as np
import pytest

import dlfun
from dlfun import numerics
from dlfun.errors import UserError

INPUTS = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
TARGETS = (INPUTS.mean(1) > 0).astype(int)
NET = dlfun.model("bpnn", widths=(8,), dropout_rate=0.3)

GLOBAL = {
    "jax_enable_x64": True,
    "jax_threefry_partitionable": False,
    "jax_random_seed_offset": 3,
    "jax_numpy_dtype_promotion": "strict",
    "jax_default_matmul_precision": "bfloat16",
    "jax_debug_nans": True,
    "jax_disable_jit": True,
    "jax_transfer_guard": "disallow",
}


@contextlib.contextmanager
def all_set():
    """Every setting at once, as a user's program may have them; they are there afterwards too."""
    before = {name: jax.config.values[name] for name in GLOBAL}
    for name, value in GLOBAL.items():
        jax.config.update(name, value)
    try:
        with np.errstate(all="raise"):
            yield
            after = {name: jax.config.values[name] for name in GLOBAL}
            assert np.geterr()["over"] == "raise"
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
    assert {name: getattr(value, "value", value) for name, value in after.items()} == GLOBAL


def studied():
    """Parameters, metrics and answers of a small study."""
    data = dlfun.from_arrays(INPUTS, TARGETS, name="halves", permute_features=True)
    study = dlfun.train(NET, data, seeds=2, steps=4, batch_size=8, evaluations=1)
    kept = study.parameters["halves-bpnn"]
    said = study.predict(INPUTS).probabilities
    return [*(kept[name] for name in sorted(kept)), study.history["halves/bpnn/train_loss"], said]


def by_hand():
    """What a run by hand, compiled by its caller, leaves."""
    run = dlfun.make_run(NET, dlfun.from_arrays(INPUTS, TARGETS), steps=2, batch_size=8)
    carry = jax.jit(run.init)(run.hparams, run.streams(0))
    carry, history = jax.jit(run.advance)(carry, run.hparams, run.data)
    keyed = jax.dtypes.prng_key
    leaves = [
        leaf for leaf in jax.tree.leaves(carry) if not jax.dtypes.issubdtype(leaf.dtype, keyed)
    ]
    return [np.asarray(leaf) for leaf in (*leaves, *history.values())]


@pytest.mark.parametrize("made", [studied, by_hand])
def test_bits_do_not_depend_on_what_jax_was_set_to(made):
    usual = made()
    with all_set():
        found = made()
    for array, other in zip(usual, found, strict=True):
        assert array.dtype == other.dtype
        np.testing.assert_array_equal(array, other)


def test_a_context_of_the_caller_gives_way_too():
    def state():
        return str(jax.numpy.arange(2).dtype), jax.config.jax_disable_jit

    with jax.enable_x64(True), jax.disable_jit():
        with numerics.settled():
            assert state() == ("int32", False)
        assert state() == ("int64", True)


def test_settings_of_flax_give_way_and_come_back():
    flax.config.update("flax_return_frozendict", True)
    try:
        with numerics.settled():
            assert not flax.config.flax_return_frozendict
        assert flax.config.flax_return_frozendict
    finally:
        flax.config.update("flax_return_frozendict", False)


def test_compilation_is_what_the_environment_says(monkeypatch):
    """Then a script that replays a call compiles as the call did."""
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "0")
    monkeypatch.setenv("JAX_OPTIMIZATION_LEVEL", "O1")
    with numerics.settled():
        assert not jax.config.values["jax_disable_most_optimizations"]
        assert jax.config.values["jax_optimization_level"] == "O1"
        assert numerics.in_force()["jax_optimization_level"] == "O1"
    assert jax.config.values["jax_optimization_level"] == "UNKNOWN"


def test_float64_needs_nothing_set_but_in_a_run_by_hand():
    data = dlfun.from_arrays(INPUTS, TARGETS, name="halves")
    study = dlfun.train("softmax", data, seeds=1, steps=2, precision="float64")
    assert study.parameters["halves-softmax"]["params/head/kernel"].dtype == "float64"
    assert study.predict(INPUTS).probabilities.shape == (40, 2)
    assert not jax.config.jax_enable_x64
    with pytest.raises(UserError, match=r"^precision=float64: a run by hand needs JAX's x64"):
        dlfun.make_run("softmax", data, precision="float64")


def test_the_precision_of_products_is_kept_and_replayed(tmp_path):
    data = dlfun.from_arrays(INPUTS, TARGETS, name="halves")
    folder = tmp_path / "made"
    dlfun.train("softmax", data, seeds=1, steps=2, matmul_precision="highest", output_dir=folder)
    assert "--matmul_precision=highest" in (folder / "config.flags").read_text().splitlines()
    settings = dlfun.records.reader.read_json(folder, "environment.json")["jax_config"]
    assert settings["jax_default_matmul_precision"] == "highest"
    with pytest.raises(UserError, match=r"^matmul_precision=low: "):
        dlfun.train("softmax", data, matmul_precision="low")
