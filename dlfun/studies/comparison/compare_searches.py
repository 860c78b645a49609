"""Ways of searching, compared: the same budget, many repetitions, and one verdict on each pair.

Repetition r of every search is that of replicate r, with its split, order and first parameters, so
searches are paired as models are. All searches are over before the test split is opened, once, for
the member that validates best in each repetition.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.config.comparison_spec import Claim, check_deltas
from dlfun.config.options import StudyOptions
from dlfun.config.search_request import check_held_out, searches_of
from dlfun.config.search_space import Search
from dlfun.config.study_request import StudyRequest
from dlfun.objectives.metrics import sign
from dlfun.records import writer
from dlfun.records.environment import write_environment
from dlfun.records.notes import Note, texts
from dlfun.records.outcome import Result, Row
from dlfun.records.writer import Study, draw_nothing
from dlfun.studies.comparison.compare import examine_all
from dlfun.studies.comparison.sequential import judge_all
from dlfun.studies.comparison.verdicts import metric_of, score
from dlfun.studies.population.arm import make_members
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.rows import in_other_units, shortest
from dlfun.studies.population.stacked import Stacked, shut
from dlfun.studies.population.study_data import about_targets, load_all
from dlfun.studies.search.adaptive import Found, check, search
from dlfun.studies.search.halving import most_trials
from dlfun.studies.search.sweep import make_of
from dlfun.studies.search.task import Make, Task
from dlfun.training.monitor import say
from dlfun.training.steps import Carry
from dlfun.words import amount, plural


class Choice(NamedTuple):
    """What one search came to.

    Attributes:
      result: of the program that it chose from.
      member: the place of the chosen one in it.
      row: of members.csv; its steps and seconds are those of the whole search.
    """

    result: Result
    member: int
    row: Row


def run_searches(
    request: StudyRequest, options: StudyOptions, draw: Callable[[Path], None]
) -> Study:
    """The comparison of searches of a request."""
    asked, make = searches_of(request), make_of(request)
    claim = Claim(delta=request["delta"] or {})
    return compare_searches(options, asked, request["searches"], make, claim, draw)


def compare_searches(
    options: StudyOptions,
    asked: Search,
    methods: Sequence[str],
    make: Make,
    claim: Claim = Claim(),  # noqa: B008
    draw: Callable[[Path], None] = draw_nothing,
) -> Study:
    """Runs every search on every data set, as often as there are seeds, and judges each pair.

    Args:
      options: of one model.
      asked: what is searched; a search may take as many steps as its `trials` whole runs.
      methods: names of ways to search.
      make: a point of the space -> the options of the model there.
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if there is no validation split to search by, or a search cannot be planned so.
    """
    check_held_out(options.data.validation_fraction, "a search", "go")
    loaded = load_all(options)
    check_deltas(claim.delta, loaded)
    tasks = {
        (name, method): budgeted(Task(options, shut(data), asked, make, apart=True), method)
        for name, data in loaded.items()
        for method in methods
    }
    for task in tasks.values():
        check(task)
    tried: list[dict[str, Any]] = []
    chosen: dict[tuple[str, str], list[Choice]] = {}
    for (name, method), task in tasks.items():
        say(
            f"{name}: {method}: "
            f"{plural(task.asked.trials, 'configuration')} x {plural(options.seeds, 'repetition')}"
        )
        found = search(task)
        tried += [{"search": method, **row} for result in found.results for row in result.rows]
        replicates = range(options.first, options.first + options.seeds)
        chosen[name, method] = [choose(found, method, replicate) for replicate in replicates]
    arms = [opened(tasks[key], key[1], own, loaded[key[0]]) for key, own in chosen.items()]
    levels = {name: about_targets(data) for name, data in loaded.items()}
    arms = [arm.with_columns([levels[arm.dataset]] * len(arm.rows)) for arm in arms]
    arms, tested = examine_all(options, arms, loaded)
    judged = judge_all(arms, tested, claim, 0)
    pairs = [pair | {"protocol": "searched"} for pair in judged]
    folder = write(options, arms, pairs, tried, loaded, draw)
    rows = [row for arm in arms for row in arm.rows]
    return Study(rows, texts(spent_notes(arms)), folder, pairs)


def write(
    options: StudyOptions,
    arms: Sequence[Result],
    pairs: Sequence[Mapping[str, Any]],
    tried: Sequence[Mapping[str, Any]],
    loaded: Mapping[str, Stacked],
    draw: Callable[[Path], None],
) -> Path:
    """The record of a comparison of searches."""

    def fill(folder: Path) -> None:
        writer.write_members(folder, [row for arm in arms for row in arm.rows])
        writer.write_table(folder / "trials.csv", tried)
        writer.write_history(folder, arms)
        writer.write_json(folder / "comparison.json", pairs)
        write_environment(folder, [data.first for data in loaded.values()], arms, options)
        writer.write_notes(folder, spent_notes(arms))
        writer.write_request(folder, options.request)
        draw(folder)

    return writer.write_study(options, "runs/searches", fill)


def budgeted(task: Task, method: str) -> Task:
    """The task of a search that takes no more steps than the `trials` whole runs of this one."""
    asked = task.asked._replace(method=method)
    if method == "halving":
        each = task.validations
        trials = most_trials(asked.trials * each, each, asked.eta, asked.brackets)
        asked = asked._replace(trials=trials)
    return task._replace(asked=asked)


def choose(found: Found, method: str, replicate: int) -> Choice:
    """The run of a search that validates best, of those that came to the last step."""
    own = [
        (result, place)
        for result in found.results
        for place, row in enumerate(result.rows)
        if row["replicate"] == replicate
    ]
    rows = [result.rows[place] for result, place in own]
    metric = metric_of(rows, "validation")
    scores = np.nan_to_num([sign(metric) * score(row, metric) for row in rows], nan=-np.inf)
    best = int(np.argmax(scores))
    row = {
        **rows[best],
        "model": method,
        "status": "ok" if np.isfinite(scores[best]) else "failed",
        "steps": sum(row["steps"] for row in rows),
        "seconds": sum(row["seconds"] for row in rows),
        "trials": len(rows),
    }
    return Choice(*own[best], row)


def opened(task: Task, method: str, chosen: Sequence[Choice], data: Stacked) -> Result:
    """The arm of a search: what it chose in each repetition, scored on the test split."""
    rows, said = [], []
    for choice in chosen:
        scores, predictions = tested(task, choice, data)
        finals = {f"test_{name}": np.asarray(value)[None] for name, value in scores.items()}
        told = finals | in_other_units(finals)
        rows.append({**choice.row, **{name: shortest(v[0]) for name, v in told.items()}})
        said.append(predictions)
    first = chosen[0].result
    return first._replace(
        model=method,
        rows=rows,
        history={
            name: np.stack([choice.result.history[name][choice.member] for choice in chosen])
            for name in first.history
        },
        parameters={},
        variables={},
        predictions=jax.tree.map(lambda *each: np.stack(each), *said),
    )


def tested(task: Task, choice: Choice, data: Stacked) -> tuple[dict[str, Any], Any]:
    """The metrics of a chosen run on the test split, and what it says of each example."""
    settings, row = choice.result.settings, choice.row
    made = assemble(settings, data.first.spec)
    options = dataclasses.replace(task.options, first=row["replicate"], seeds=1)
    point = {name: row[name] for name in task.asked.space}
    numbers = [task.make(point).hparams]
    members = make_members(options, task.model, numbers, len(data.datasets))
    hparams, streams = jax.tree.map(lambda leaf: leaf[0], (members.hparams, members.streams))
    variables = jax.tree.map(lambda leaf: leaf[choice.member], choice.result.variables)
    failed_at = -1 if row["status"] == "ok" else 0

    @jax.jit
    def of(variables: Any) -> Any:
        state = made.learner.trained(jax.tree.map(jnp.asarray, variables))
        carry = Carry(state, jnp.int32(settings.steps), streams, jnp.int32(failed_at))
        return made.run.score(carry, hparams, data.test, data.tuning.scaling)

    return jax.device_get(of(variables))


def spent_notes(arms: Sequence[Result]) -> list[Note]:
    """A note on the cost of each search."""
    return [Note(spent_note(arm), arm.dataset, arm.model) for arm in arms]


def spent_note(arm: Result) -> str:
    """What a search cost, on average."""
    trials, steps, seconds = (
        np.mean([row[name] for row in arm.rows]) for name in ("trials", "steps", "seconds")
    )
    return (
        f"{arm.dataset}: {arm.model}: {amount(trials, 'run')}, "
        f"{plural(round(steps), 'training step')} and "
        f"{seconds:.1f} s a search"
    )
