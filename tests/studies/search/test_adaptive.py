"""Searches that decide on the way: whom they keep, whom they copy, and how they go on.

Halving is held to a full training of everybody, of which a loop picks; population-based training
to members that are trained alone and copied by hand; TPE to Optuna's own loop.
"""

import dataclasses

import jax
import numpy as np
import optuna
import pytest

from dlfun import keys
from dlfun.config.search_space import Dimension, Search
from dlfun.errors import UserError
from dlfun.models import BPNN
from dlfun.studies.population.arm import run_arm
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import shut, stack
from dlfun.studies.search import adaptive, halving, pbt
from dlfun.studies.search.evolution import shrunk
from dlfun.studies.search.field import Field
from dlfun.studies.search.samplers import drawn
from dlfun.studies.search.task import Task
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.population import Population
from dlfun.types import HParams, Layout, Members
from tests.helpers import After, options, toy

SPACE = {"learning_rate": Dimension("log", 1e-3, 0.3), "momentum": Dimension("lin", 0.0, 0.9)}
TIMES = ("seconds", "compile_seconds")


def task(method, store=None, layout=None, apart=False, space=SPACE, **changes):
    """A search of a small net over momentum's numbers: twelve steps, six validations, two seeds."""
    more = {n: changes.pop(n) for n in ("trials", "rounds", "eta", "brackets") if n in changes}
    usual = {"steps": 12, "evaluations": 6, "seeds": 2, "checkpoints": store}
    study = options({"bpnn": BPNN((8,))}, **(usual | changes))
    own = dataclasses.replace(study.models["bpnn"], optimizer="momentum", layout=layout)
    study = dataclasses.replace(study, models={"bpnn": own})

    def make(point):
        return dataclasses.replace(own, hparams=HParams(**point))

    asked = Search(method, space=space, **({"trials": 9, "rounds": 3} | more))
    return Task(study, shut(stack([toy()])), asked, make, apart)


def rows_of(found):
    """Rows without what differs between runs of the same thing."""
    return [
        {name: value for name, value in row.items() if name not in TIMES}
        for result in found.results
        for row in result.rows
    ]


def whole(asked):
    """All members of a search without decisions, trained to the end: [members] rows, in order."""
    points = drawn("random", asked.asked.space, asked.asked.trials, asked.key(0))
    (settings,) = asked.settings(points)
    numbers = [asked.make(point).hparams for point in points]
    return run_arm(asked.options, settings, asked.data, numbers)


def test_halving_keeps_those_whom_a_full_training_would_rank_best():
    asked = task("halving")
    (result,), told = adaptive.search(asked)
    everyone = whole(asked)
    accuracy = everyone.history["validation_accuracy"]  # [9 configurations x 2 seeds, 6]
    left = np.arange(9)
    reached = np.zeros(9, int)
    for configurations, until in ((9, 1), (3, 2), (1, 6)):
        means = {
            c: accuracy[2 * c : 2 * c + 2, before - 1].mean() if before else 0.0
            for before in (reached[left].max(),)
            for c in left
        }
        left = sorted(sorted(left), key=lambda c: -means[c])[:configurations]
        reached[left] = until
    wanted = np.repeat(reached, 2)
    assert [row["steps"] for row in result.rows] == (2 * wanted).tolist()
    assert [row["status"] for row in result.rows] == [
        "ok" if until == 6 else "stopped" for until in wanted
    ]
    for name, values in result.history.items():
        for member, until in enumerate(wanted):
            np.testing.assert_allclose(
                values[member, :until], everyone.history[name][member, :until], rtol=1e-4
            )
            assert np.isnan(values[member, until:]).all()
    survivor = int(np.flatnonzero(wanted == 6)[0])
    for name, array in result.parameters.items():
        np.testing.assert_allclose(
            array[survivor], everyone.parameters[name][survivor], rtol=1e-4, atol=1e-6
        )
    assert sum(row["steps"] for row in result.rows) == 2 * 2 * halving.validations_spent(
        [halving.rungs(9, 6, 3)]
    )
    assert {row["member"] for row in told if row["goes_on"] == "true" and row["step"] == 4} == set(
        np.flatnonzero(wanted == 6).tolist()
    )


def test_halving_in_chunks_and_on_other_devices_decides_the_same():
    usual = rows_of(adaptive.search(task("halving")))
    for layout in (Layout(1, 2, chunk=4), Layout(2, 3)):
        rows = rows_of(adaptive.search(task("halving", layout=layout)))
        assert [row["steps"] for row in rows] == [row["steps"] for row in usual]
        np.testing.assert_allclose(
            [row["train_loss"] for row in rows],
            [row["train_loss"] for row in usual],
            rtol=1e-4,
        )


def test_brackets_follow_one_another_and_one_that_fails_is_not_kept():
    space = {"learning_rate": Dimension("choice", values=(1e-2, 2e-2, 3e-2, 1e30))}
    asked = task("halving", space=space, brackets=2)
    (result,), told = adaptive.search(asked)
    plan = halving.brackets(9, 6, 3, 2)
    assert [[rung.configurations for rung in one] for one in plan] == [[9, 3, 1], [5, 1]]
    assert len(result.rows) == 2 * (9 + 5)
    assert {row["bracket"] for row in told} == {0, 1}
    assert max(row["member"] for row in told) == 27
    assert {row["status"] for row in result.rows} == {"failed", "stopped", "ok"}
    for row in result.rows:
        assert (row["status"] == "failed") == (row["learning_rate"] == 1e30)


def by_hand(asked, told):
    """Parameters of all members of population-based training, each trained and copied alone."""
    points = drawn("random", asked.asked.space, asked.asked.trials, asked.key(0))
    (settings,) = asked.settings(points)
    made = assemble(settings, asked.data.first.spec)
    advance = jax.jit(made.run.advance, static_argnames="steps")
    members = asked.field([points]).members
    count = len(members.replicates)
    pick = lambda tree, i: jax.tree.map(lambda leaf: leaf[i], tree)  # noqa: E731
    hparams = [pick(members.hparams, i) for i in range(count)]
    streams = [pick(members.streams, i) for i in range(count)]
    carries = [made.run.init(hparams[i], streams[i]) for i in range(count)]
    ends = [*sorted({row["step"] for row in told}), settings.steps]
    for begin, end in zip([0, *ends], ends, strict=False):
        for i in range(count):
            for _ in range((end - begin) // 2):
                carries[i], _ = advance(carries[i], hparams[i], asked.data.tuning, steps=2)
        own = [row for row in told if row["step"] == end]
        before = list(carries)
        for row in own:
            i = row["member"]
            carries[i] = before[row["from"]]._replace(streams=streams[i])
            numbers = {name: np.float32(row[name]) for name in SPACE}
            hparams[i] = hparams[i]._replace(**numbers)
    return [made.learner.parameters(carry.state) for carry in carries]


def test_population_based_training_equals_members_that_are_copied_by_hand():
    asked = task("pbt")
    (result,), told = adaptive.search(asked)
    copied = [row for row in told if row["from"] != row["member"]]
    assert len(copied) == 2 * 2 * 2  # two decisions, two seeds, a fifth of nine
    for i, wanted in enumerate(by_hand(asked, told)):
        jax.tree.map(
            lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-4, atol=1e-6),
            result.variables,
            wanted,
        )
    last = {row["member"]: row for row in told if row["step"] == 8}
    for i, row in enumerate(result.rows):
        assert (row["status"], row["steps"]) == ("ok", 12)
        assert row["learning_rate"] == last[i]["learning_rate"]


def test_the_worst_go_on_from_the_best_of_their_own_group_with_numbers_in_bounds():
    groups = np.tile([3, 7], 10)
    rng = np.random.default_rng(0)
    accuracy = rng.random((20, 4)).astype(np.float32)
    accuracy[5, -1] = np.nan  # a failed member is the worst of all
    hparams = HParams(learning_rate=np.geomspace(1e-3, 0.3, 20), momentum=np.linspace(0, 0.9, 20))
    nothing = Members(hparams, None, tuple(groups))
    field = Field(nothing, [], np.arange(20), groups)
    moves, of_groups = [], {3: [], 7: []}
    for seed in range(40):
        decide = pbt.decider(SPACE, field, jax.random.key(seed))
        found = decide(1, np.arange(20), hparams, {"validation_accuracy": accuracy})
        np.testing.assert_array_equal(found.rows, np.arange(20))
        changed = np.flatnonzero(found.parents != found.rows)
        for group in (3, 7):
            own = np.flatnonzero(groups == group)
            order = sorted(own, key=lambda i: -np.nan_to_num(accuracy[i, -1], nan=-1))
            assert set(changed) & set(own) == set(order[-2:])
            assert set(found.parents[order[-2:]]) <= set(order[:2])
            of_groups[group] += [order.index(parent) for parent in found.parents[order[-2:]]]
        for name, dimension in SPACE.items():
            values = getattr(found.hparams, name)
            assert (values >= dimension.low).all()
            assert (values <= dimension.high).all()
            same = np.setdiff1d(np.arange(20), changed)
            np.testing.assert_array_equal(values[same], getattr(hparams, name)[same])
        rate = found.hparams.learning_rate
        moves += (rate[changed] / hparams.learning_rate[found.parents[changed]]).tolist()
    assert 5 in changed
    assert of_groups[3] != of_groups[7]
    stepped = np.isclose(moves, 1.25) | np.isclose(moves, 0.8) | np.isclose(moves, 1.0)
    assert 0.6 < stepped.mean() < 0.9  # three in four move a step, or to the end of the range


def test_tpe_proposes_what_optuna_does_when_it_is_told_the_same():
    asked = task("tpe", trials=8, rounds=2)
    (result,), _ = adaptive.search(asked)
    rows = result.rows
    assert [row["round"] for row in rows] == [0] * 8 + [1] * 8
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    key = keys.of_algorithm(asked.key(0), "tpe")
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=1, seed=int(jax.random.bits(key)), multivariate=True
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-3, 0.3, log=True),
        "momentum": optuna.distributions.FloatDistribution(0.0, 0.9),
    }
    for row in rows[:8:2]:
        params = {name: row[name] for name in space}
        values = [one["validation_accuracy"] for one in rows if one["momentum"] == row["momentum"]]
        study.add_trial(
            optuna.trial.create_trial(
                params=params, distributions=space, value=float(np.mean(values))
            )
        )
    for row in rows[8::2]:
        assert study.ask(space).params == {name: row[name] for name in space}


def test_tpe_finds_the_best_of_a_choice_and_bears_failures():
    space = {"learning_rate": Dimension("choice", values=(1e-1, 1e30, 1e-4))}
    (result,), _ = adaptive.search(task("tpe", space=space, trials=24, rounds=6))
    by_rate = [row["learning_rate"] for row in result.rows[::2]]
    assert by_rate[8:].count(1e-1) > 8


@pytest.mark.parametrize(
    ("method", "layout"),
    [("halving", None), ("halving", Layout(1, 2, chunk=4)), ("pbt", None), ("tpe", None)],
)
def test_a_stopped_search_goes_on_with_the_same_bits(tmp_path, method, layout):
    wanted = adaptive.search(task(method, layout=layout))
    stops = 0
    while True:
        store = Checkpoints(tmp_path / "x", {}, every=0, stop=After(2))
        try:
            found = adaptive.search(task(method, store, layout))
            break
        except KeyboardInterrupt:
            stops += 1
            store.close()
    assert stops >= 2
    assert rows_of(found) == rows_of(wanted)
    assert found.told == wanted.told
    for a, b in zip(found.results, wanted.results, strict=True):
        for part in ("history", "parameters"):
            jax.tree.map(np.testing.assert_array_equal, getattr(a, part), getattr(b, part))
    store.remove()


@pytest.mark.parametrize("method", ["halving", "pbt", "tpe"])
def test_searches_that_are_apart_are_those_of_one_replicate_each(method):
    """Two searches side by side are the two of which each runs alone."""
    both = rows_of(adaptive.search(task(method, apart=True)))
    rates = [{r["learning_rate"] for r in both if r["replicate"] == one} for one in (0, 1)]
    assert not rates[0] & rates[1]
    for replicate in (0, 1):
        alone = rows_of(adaptive.search(task(method, apart=True, first=replicate, seeds=1)))
        own = [row for row in both if row["replicate"] == replicate]
        assert len(own) == len(alone)
        for row, other in zip(own, alone, strict=True):
            assert row["steps"] == other["steps"]
            np.testing.assert_allclose(row["learning_rate"], other["learning_rate"], rtol=1e-6)
            np.testing.assert_allclose(row["train_loss"], other["train_loss"], rtol=1e-4)


def test_each_size_is_compiled_once_before_the_first_step(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "dlfun.studies.search.evolution.evolve", lambda how, *rest: seen.append(how) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        adaptive.search(task("halving", trials=27, steps=20, evaluations=20))
    (how,) = seen
    assert [part.members for part in how.parts] == [54, 18, 6, 2]
    for part in how.parts:
        people = how.people(part.members)
        assert [program.traces for program in people._advance.values()] == [1]


def test_the_test_split_is_out_of_reach():
    asked = task("halving")
    assert asked.data.test is None
    assert asked.data.first.test is None
    assert not any(
        name.startswith("test_") for row in rows_of(adaptive.search(asked)) for name in row
    )


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        ("halving", {"trials": 2}, "--trials=2, validated 6 times: too few.*--trials=3 or more"),
        ("halving", {"evaluations": 1}, "validated 1 time: too few.*--evaluations=2 or more"),
        ("halving", {"brackets": 4}, "makes 3 rungs; give 3 or less"),
        ("pbt", {"rounds": 7}, "--rounds=7: a run of 6 validations"),
    ],
)
def test_what_cannot_be_planned_is_refused(method, changes, message):
    with pytest.raises(UserError, match=message):
        adaptive.search(task(method, **changes))


def test_layouts_of_smaller_populations():
    assert shrunk(Layout(4, 16), 100) == Layout(4, 16)
    assert shrunk(Layout(4, 16), 2) == Layout(2, 1)
    assert shrunk(Layout(2, 4, chunk=8), 6) == Layout(2, 3)


def test_where_memory_runs_out_a_search_goes_on_with_half_as_many_at_a_time(monkeypatch, capfd):
    wanted = rows_of(adaptive.search(task("halving", layout=Layout(1, 6))))
    advance = Population.advance

    def short(self, carry, *rest):
        if len(carry.step) > 9:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")
        return advance(self, carry, *rest)

    monkeypatch.setattr(Population, "advance", short)
    found = rows_of(adaptive.search(task("halving", layout=Layout(1, 6))))
    assert "out of memory; 6 of 18 members at a time" in capfd.readouterr().err
    assert [row["steps"] for row in found] == [row["steps"] for row in wanted]
