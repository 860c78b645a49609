"""Studies that meet members which fail, and too little memory."""

import dataclasses

import jax
import numpy as np
import pytest

from dlfun.errors import UserError
from dlfun.models import BPNN
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.layout_choice import halved, saved_of
from dlfun.studies.population.stacked import stack
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.population import Population
from dlfun.types import HParams, Layout
from tests.helpers import options, toy

NUMBERS = [HParams(learning_rate=rate) for rate in (1e-2, 1e30)]


def arm(layout, **changes):
    """Four seeds of a rate that learns, and of one that fails."""
    study = options({"bpnn": BPNN((8,))}, seeds=4, **changes)
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, NUMBERS)
    settings = dataclasses.replace(settings, optimizer="sgd")
    return run_arm(study, settings, stack([toy()]), NUMBERS, layout)


def test_a_study_ends_when_too_many_members_failed(tmp_path, fault):
    failed = [row for row in arm(Layout(1, 8)).rows if row["status"] == "failed"]
    assert len(failed) == 4
    said = f"status {failed[0]['status']}, failed_at {failed[0]['failed_at']}"
    what = "members whose loss or parameters are no numbers any more, in members.csv and the report"
    fault(what, said, "the others, to the last bit")
    arm(Layout(1, 8), stop_when_failed=0.5)
    store = Checkpoints(tmp_path / "x", {}, every=0)
    with pytest.raises(
        UserError,
        match=r"toy_sequence: bpnn: 4 of 8 members failed by step 4, more than "
        r"--stop_when_failed=0.4 allows \(learning_rate 1e\+30\)",
    ) as caught:
        arm(Layout(1, 8), stop_when_failed=0.4, checkpoints=store)
    fault("more of them than `--stop_when_failed`", caught.value, "all up to the last checkpoint")
    store.close()
    assert list((tmp_path / "x").glob("*/*.json"))  # what was done is kept
    with pytest.raises(UserError, match="4 of 4 members"):
        arm(Layout(1, 4, chunk=4), stop_when_failed=0.6)


def test_where_memory_runs_out_half_as_many_members_are_trained_at_a_time(
    monkeypatch, capfd, fault
):
    wanted = arm(Layout(1, 4, chunk=4))
    advance = Population.advance

    def short(self, carry, *rest):
        if len(carry.step) > 4:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")
        return advance(self, carry, *rest)

    monkeypatch.setattr(Population, "advance", short)
    found = arm(Layout(1, 8))
    assert found.layout == Layout(1, 4, chunk=4)
    said = next(line for line in capfd.readouterr().err.splitlines() if "out of memory" in line)
    assert "out of memory; 4 of 8 members at a time" in said
    kept = "the populations before it; the record has the layout"
    fault("out of memory in the middle", said, kept)
    jax.tree.map(np.testing.assert_array_equal, found.parameters, wanted.parameters)
    monkeypatch.setattr(
        Population, "advance", lambda *args: short(*args[:1], wanted_carry(), *args)
    )
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        arm(Layout(1, 8))


def wanted_carry():
    """A carry that is always too large."""

    class Carry:
        step = range(99)

    return Carry()


@pytest.mark.parametrize(
    ("layout", "count", "wanted"),
    [
        (Layout(2, 5), 10, Layout(2, 2, chunk=4)),
        (Layout(2, 5), 40, Layout(2, 5, chunk=20)),
        (Layout(2, 5, chunk=20), 40, Layout(2, 5, chunk=10)),
        (Layout(2, 5, chunk=10), 40, Layout(2, 2, chunk=4)),
        (Layout(1, 8), 3, Layout(1, 1, chunk=1)),
        (Layout(2, 1, chunk=2), 40, None),
    ],
)
def test_half_of_a_layout(layout, count, wanted):
    assert halved(layout, count) == wanted


def test_a_population_of_more_devices_than_there_are_is_trained_anew(tmp_path, capfd, fault):
    store = Checkpoints(tmp_path / "x", {})
    store.open()
    for name, devices in (("here", 1), ("elsewhere", 99)):
        store.note(name, {"a": np.ones(3)}, {"layout": [devices, 1, 0, ""], "chunks": {}})
    assert saved_of(store, "here") is not None
    assert saved_of(store, "elsewhere") is None
    said = capfd.readouterr().err.splitlines()[-1]
    assert "elsewhere: was begun on 99 devices, and here are fewer" in said
    fault("fewer devices than at the start", said, "the populations that are finished")
    store.remove()
