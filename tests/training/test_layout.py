"""Which layouts are chosen, measured and kept, and the chunks that fit a memory."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from dlfun.errors import UserError
from dlfun.models import BPNN, CNN, RNN
from dlfun.studies.population.arm import make_members, run_arm
from dlfun.studies.population.assembly import population
from dlfun.training.layout import memory, planner
from dlfun.training.layout.layout import candidates, choose_layout, even, padded
from dlfun.types import HParams, Layout
from tests.helpers import options, prepared


def test_the_unmeasured_choice_uses_every_device_and_even_groups():
    assert choose_layout("softmax", None, 20) == Layout(2, 10)
    assert choose_layout("softmax", None, 1) == Layout(1, 1)
    assert choose_layout("softmax", None, 66) == Layout(2, 11)
    assert choose_layout("cnn", CNN(), 66) == Layout(2, 1, way="chunks")
    assert choose_layout("bpnn", BPNN((100, 100)), 20) == Layout(2, 10)
    assert choose_layout("bpnn", BPNN((300,)), 20) == Layout(2, 1)
    assert choose_layout("rnn", RNN(widths=(6,)), 20) == Layout(2, 1, way="fused")
    assert choose_layout("rnn", RNN(widths=(6, 128)), 20) == Layout(2, 1, way="hoisted")


@pytest.mark.parametrize("members", [1, 2, 7, 100])
def test_candidates_begin_with_the_unmeasured_choice_and_differ(members):
    found = candidates("cnn", CNN(), members)
    assert found[0] == choose_layout("cnn", CNN(), members)
    assert len(set(found)) == len(found)
    assert {layout.way for layout in found} == {"chunks", "patches", "shifts"}
    assert {layout.way for layout in candidates("cnn", CNN(), members, "xla")} == {"xla"}


def test_groups_are_even_and_padding_is_whole_groups():
    for members in range(1, 70):
        width = even(members, 16)
        assert width <= 16
        assert -(-members // width) == -(-members // 16)
    assert padded(7, Layout(2, 3)) == 12
    assert padded(100, Layout(2, 3, chunk=8)) == 12


@pytest.fixture
def arm(tmp_path, monkeypatch):
    """An arm of 5 members, with a cache of its own: settings, data, members, model's options."""
    settings, data, _ = prepared("softmax", steps=40, hparams=HParams(learning_rate=1e-3))
    study = options(("softmax",), seeds=5)
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    yield study, settings, data, study.models["softmax"]
    jax.config.update("jax_compilation_cache_dir", before)


def go(arm, **changes):
    study, settings, data, chosen = arm
    limit = changes.pop("memory_limit", None)
    models = {"softmax": dataclasses.replace(chosen, **changes)}
    study = dataclasses.replace(study, memory_limit=limit, models=models)
    return run_arm(study, settings, data, [HParams(learning_rate=1e-3)])


def count_measured(monkeypatch):
    calls = []
    original = planner.measure

    def counted(people, members, tuning):
        calls.append(people.layout)
        return original(people, members, tuning)

    monkeypatch.setattr(planner, "measure", counted)
    return calls


def test_a_short_run_measures_nothing(arm, monkeypatch):
    calls = count_measured(monkeypatch)
    assert go(arm).layout == choose_layout("softmax", None, 5)
    assert calls == []


def test_a_long_run_measures_once_and_keeps_the_choice(arm, monkeypatch, capsys):
    calls = count_measured(monkeypatch)
    monkeypatch.setattr(planner, "WORTH", 0)
    monkeypatch.setattr(planner, "COMPILE_SECONDS", 1e3)  # however slow the machine
    first = go(arm)
    assert calls == candidates("softmax", None, 5)
    assert first.layout in calls
    assert f"measured {len(calls)} layouts in" in capsys.readouterr().err
    assert go(arm).layout == first.layout
    assert calls == candidates("softmax", None, 5)
    again = go(arm, layout=first.layout)
    for name, values in first.parameters.items():
        np.testing.assert_array_equal(values, again.parameters[name])


def test_measuring_ends_with_its_budget(arm, monkeypatch):
    calls = count_measured(monkeypatch)
    monkeypatch.setattr(planner, "COMPILE_SECONDS", 0.0)
    assert go(arm).layout == choose_layout("softmax", None, 5)
    assert len(calls) == 1


def test_a_given_layout_is_never_measured(arm, monkeypatch):
    calls = count_measured(monkeypatch)
    monkeypatch.setattr(planner, "WORTH", 0)
    assert go(arm, layout=Layout(1, 2)).layout == Layout(1, 2)
    assert calls == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"key": [1, 2]}', '{"key": [99, 1, 0, ""]}'])
def test_a_cache_that_cannot_be_used_is_ignored(arm, tmp_path, text):
    (tmp_path / "layouts.json").write_text(text)
    assert planner.cached_choice("key") is None
    planner.keep_choice("key", Layout(2, 3, 4, "xla"))
    assert planner.cached_choice("key") == Layout(2, 3, 4, "xla")
    assert planner.cached_choice("other") is None


def test_a_choice_holds_for_its_program_only():
    settings, data, _ = prepared("softmax", steps=40)
    spec = data.first.spec
    keys = {
        planner.cache_key(settings, spec, 5, ""),
        planner.cache_key(dataclasses.replace(settings, batch_size=3), spec, 5, ""),
        planner.cache_key(settings, dataclasses.replace(spec, outputs=7), 5, ""),
        planner.cache_key(settings, spec, 6, ""),
        planner.cache_key(settings, spec, 5, "xla"),
    }
    assert len(keys) == 5
    assert planner.cache_key(settings, spec, 5, "") in keys


def test_chunks_equal_the_whole_population(arm, capsys):
    """Rule 2 of the design, for a population that needs many times what it may have."""
    study, settings, data, chosen = arm
    arm = (dataclasses.replace(study, seeds=40), settings, data, chosen)
    whole = go(arm, layout=Layout(2, 1))
    people = population(settings, data.first.spec, Layout(2, 1, chunk=2))
    study = arm[0]
    members = members_of(study, settings)
    least = memory.bytes_needed(people, members, data.tuning, data.test)
    parts = go(arm, layout=Layout(2, 1), memory_limit=least)
    assert parts.layout == Layout(2, 1, chunk=2)
    assert "run in 20 chunks of at most 2" in capsys.readouterr().err
    assert len(parts.rows) == 40
    for name, values in whole.parameters.items():
        scale = np.abs(values).max()
        assert np.abs(values - parts.parameters[name]).max() / scale < 1e-4
    for metric, values in whole.history.items():
        np.testing.assert_allclose(parts.history[metric], values, rtol=1e-3, atol=1e-5)
    assert [row["replicate"] for row in parts.rows] == list(range(40))


def members_of(study, settings):
    return make_members(study, settings.model, [HParams(learning_rate=1e-3)], 1)


def test_a_width_too_large_is_halved_and_nothing_fits_in_nothing(arm):
    study, settings, data, _ = arm
    members = members_of(study, settings)
    make = functools.partial(population, settings, data.first.spec)
    needed = functools.partial(
        memory.bytes_needed, members=members, tuning=data.tuning, test=data.test
    )
    limit = needed(make(Layout(1, 2, chunk=2)))
    people = memory.fit(make, Layout(1, 4), 5, needed, limit, "toy")
    assert people.layout.width < 4
    assert needed(people) <= limit
    with pytest.raises(UserError, match=r"one member needs .* raise --memory_limit"):
        memory.fit(make, Layout(1, 1), 5, needed, 10, "toy")


def test_free_memory_is_what_the_system_says():
    found = memory.free_memory()
    assert found is None or 2**20 < found < 2**50
