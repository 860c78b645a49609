"""Parts of the benchmark, each against something independent."""

import math
import os
import time

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun.benchmark import energy
from dlfun.benchmark.agreement import largest_difference, of_learning
from dlfun.benchmark.cost import cost_of
from dlfun.benchmark.memory import Growth
from dlfun.benchmark.options import Job
from dlfun.benchmark.others import Watch
from dlfun.benchmark.reference import Reference
from dlfun.benchmark.scaling import doubled
from dlfun.benchmark.teacher import teach
from dlfun.benchmark.works import NAMES, WORKS
from tests.sides import TINY


def test_every_work_is_whole():
    for name, work in WORKS.items():
        assert math.prod(work.input) > 0
        assert work.examples >= work.batch_size
        assert work.spec.shape == work.input
        assert name in NAMES


def test_flops_of_softmax_against_the_closed_form(tmp_path):
    work = WORKS["softmax"]
    cost = Reference(Job("", work, tmp_path)).step_cost()
    products = 2 * 2 * 128 * 784 * 10  # forward, and the kernel's gradient
    assert products < cost.flops < 1.1 * products
    touched = 4 * (3 * 128 * 784 + 6 * 784 * 10)  # the batch read twice and written, Adam's arrays
    assert 0.5 * touched < cost.bytes < 3 * touched


def test_loops_are_counted_in_full():
    def looped(state, xs):
        def body(state, x):
            inner, _ = jax.lax.scan(lambda s, _: (jnp.sin(s @ x), None), state, None, length=3)
            return inner, None

        return jax.jit(lambda state: jax.lax.scan(body, state, xs)[0])(state)

    closed = jax.make_jaxpr(looped)(jnp.ones((8, 16)), jnp.ones((5, 16, 16)))
    products = 5 * 3 * 2 * 8 * 16 * 16
    assert products <= cost_of(closed).flops < 1.1 * products


def test_difference_of_losses():
    ours = [[2.0, 1.0, 0.5], [3.0, 2.0, 1.0]]
    assert largest_difference(ours, ours) == 0
    assert largest_difference(ours, [[2.0, 1.02, 0.5]]) == pytest.approx(0.02)
    assert largest_difference(ours, [[2.0, 1.0, 0.5], [3.0, 2.0, 1.1]]) == pytest.approx(0.1)
    assert largest_difference(ours, [[2.0, 1.0]]) == math.inf
    assert largest_difference(ours, [[2.0, math.nan, 0.5]]) == math.inf
    assert largest_difference([[1.0, 0.0]], [[1.0, 1e-6]]) == pytest.approx(1e-3)


def test_difference_as_a_part_of_learning():
    frozen, ours = [[2.0, 2.0], [1.0, 1.0]], [[2.0, 1.8], [1.0, 0.6]]
    assert of_learning(ours, ours, frozen) == 0
    assert of_learning(ours, [[2.0, 1.7]], frozen) == pytest.approx(0.5)
    assert of_learning(ours, [[2.0, 1.8], [1.0, 0.5]], frozen) == pytest.approx(0.25)
    assert of_learning(ours, [[2.0, 1.6], [1.0, 0.6]], ours) == pytest.approx(0.1)
    assert of_learning(ours, [[2.0]], frozen) == math.inf


def test_the_teacher_is_fixed_and_names_every_class():
    inputs, targets = teach(WORKS["bpnn64"])
    again, _ = teach(WORKS["bpnn64"])
    np.testing.assert_array_equal(inputs, again)
    assert inputs.dtype == np.float32
    assert inputs.min() > 0
    assert inputs.max() < 1
    assert set(targets) == set(range(10))
    assert teach(TINY["vae"], "float64")[0].dtype == np.float64


def test_populations_double_up_to_the_limit():
    assert list(doubled(1)) == [1]
    assert list(doubled(8)) == [1, 2, 4, 8]
    assert list(doubled(9)) == [1, 2, 4, 8, 9]


def test_growth_is_what_was_held_at_most():
    growth = Growth(1)
    if growth.peak() is None:
        pytest.skip("this system does not tell")
    held = np.ones(50 * 2**20 // 8)
    del held
    assert 45 * 2**20 < growth.peak() < 80 * 2**20


def test_others_are_not_oneself():
    watch, computed = Watch(), time.process_time()
    while time.process_time() - computed < 0.5:
        pass
    own = watch.share(time.process_time() - computed)
    if own is None:
        pytest.skip("this system does not tell")
    foreign = watch.share(0.0)
    assert 0 <= own < foreign
    assert foreign - own > 0.3 / os.cpu_count()


def test_energy_of_the_processor(tmp_path, monkeypatch):
    assert energy.packages_joules(tmp_path) is None
    for i in range(2):
        (tmp_path / f"intel-rapl:{i}").mkdir()
        (tmp_path / f"intel-rapl:{i}" / "energy_uj").write_text("2000000\n")
    assert energy.packages_joules(tmp_path) == 4
    told = iter([1.0, 3.5])
    monkeypatch.setattr(energy, "packages_joules", lambda: next(told))
    assert energy.used(lambda: "done", "cpu") == ("done", 2.5)
    assert energy.used(lambda: "done", "tpu") == ("done", None)


def test_energy_of_a_gpu_is_power_by_time(monkeypatch):
    monkeypatch.setattr(energy, "gpu_watts", lambda: 200.0)
    result, joules = energy.used(lambda: time.sleep(0.3), "gpu")
    assert result is None
    assert joules == pytest.approx(60, rel=0.2)
