"""One arm of a study: one model under one Settings on one data set, all its members."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp

from dlfun import keys
from dlfun.errors import UserError
from dlfun.learners.prepare import STORED
from dlfun.studies.assemble import assemble, population
from dlfun.studies.options import ModelOptions, StudyOptions
from dlfun.training import hosts
from dlfun.training.layout import choose_layout
from dlfun.training.monitor import Monitor
from dlfun.types import Dataset, HParams, Layout, Members, Settings, Split, Streams, TuneData

DEFAULT_STEPS = 1000
DEFAULT_BATCH = 100


class Stacked(NamedTuple):
    """The splits [splits, n, ...] of a data set: one, or one a replicate under random splits."""

    datasets: tuple[Dataset, ...]
    tuning: TuneData
    test: Split

    @property
    def first(self) -> Dataset:
        """The data set as the first replicate sees it."""
        return self.datasets[0]


class Result(NamedTuple):
    """What an arm leaves.

    Attributes:
      rows: one a member, as in members.csv.
      history: metric -> [members, intervals].
      steps: [intervals], the step at which each was taken.
      parameters: name -> [members, ...].
      carry: the final carry of all members, padding included, for what else may be asked.
    """

    model: str
    dataset: str
    settings: Settings
    layout: Layout
    rows: list[dict[str, Any]]
    history: dict[str, np.ndarray]
    steps: np.ndarray
    parameters: dict[str, np.ndarray]
    carry: Any


def stack(datasets: Sequence[Dataset]) -> Stacked:
    """The same split of several data sets, stacked on a new first axis."""

    def both(splits: Sequence[Split]) -> Split:
        return Split(*(np.stack(arrays) for arrays in zip(*splits, strict=True)))

    held_out = [d.validation for d in datasets if d.validation is not None]
    tuning = TuneData(both([d.train for d in datasets]), both(held_out) if held_out else None)
    return Stacked(tuple(datasets), tuning, both([d.test for d in datasets]))


def resolve(
    options: StudyOptions,
    model: str,
    chosen: ModelOptions,
    examples: int,
    configurations: Sequence[HParams],
) -> Settings:
    """Settings for this many training examples: durations become steps, here and only here.

    The program holds dropout and clipping if some configuration needs them.

    Raises:
      UserError: if the batch size given is larger than the training split.
    """
    batch_size = options.batch_size or min(DEFAULT_BATCH, examples)
    if batch_size > examples:
        raise UserError(
            f"--batch_size={batch_size} is larger than the training split of {examples} "
            f"examples; give {examples} or less"
        )
    steps = options.steps or DEFAULT_STEPS
    if options.epochs is not None:
        steps = max(1, round(options.epochs * (examples // batch_size)))
    return Settings(
        model=model,
        shape=chosen.shape,
        objective=chosen.objective,
        optimizer=chosen.optimizer,
        schedule=options.schedule,
        batch_size=batch_size,
        steps=steps,
        evaluations=options.evaluations,
        dropout=any(h.dropout_rate > 0 for h in configurations),
        clip=any(np.isfinite(h.gradient_clip) for h in configurations),
        precision=options.precision,
    )


def make_members(
    options: StudyOptions, model: str, configurations: Sequence[HParams], splits: int
) -> Members:
    """Every configuration with every seed, seeds running fastest."""
    root = keys.root_key(options.seed)
    streams = [
        keys.replicate_streams(root, r, model, r if splits > 1 else 0) for r in range(options.seeds)
    ]
    dtype = STORED[options.precision]
    hparams = HParams(
        *(
            jnp.repeat(jnp.asarray(values, dtype), options.seeds)
            for values in zip(*configurations, strict=True)
        )
    )
    repeated = streams * len(configurations)
    stacked: Streams = jax.tree.map(lambda *leaves: jnp.stack(leaves), *repeated)
    return Members(hparams, stacked, tuple(range(options.seeds)) * len(configurations))


def train_members(
    settings: Settings, data: Stacked, members: Members, layout: Layout, open_test: bool
) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray], dict[str, float]]:
    """Trains all members; scores the test split once, after the last step, if it may be opened.

    Returns:
      the carry, history [members, intervals] by metric, test metrics [members], and seconds of
      `compile` and `run`.
    """
    people = population(settings, data.first.spec, layout)
    before = sum(program.phases.total for program in people.programs)
    count = len(members.replicates)
    hparams, streams = people.place(members)
    tuning = people.place_data(data.tuning)
    monitor = Monitor(f"{data.first.name}: {settings.model}", len(people.run.intervals), count)
    start = time.perf_counter()
    carry = people.init(hparams, streams)
    intervals = []
    for steps in people.run.intervals:
        carry, history = people.advance(carry, hparams, tuning, steps)
        intervals.append(hosts.own_rows(history))
        monitor.update({name: rows[:count] for name, rows in intervals[-1].items()})
    monitor.close()
    history = {name: np.stack([i[name] for i in intervals], axis=1) for name in intervals[0]}
    test: dict[str, np.ndarray] = {}
    if open_test:
        test = hosts.own_rows(people.score(carry, hparams, people.place_data(data.test)))
    elapsed = time.perf_counter() - start
    compiling = sum(program.phases.total for program in people.programs) - before
    history, test = jax.tree.map(lambda rows: rows[:count], hosts.gather((history, test)))
    return hosts.whole(carry), history, test, {"compile": compiling, "run": elapsed - compiling}


def flat_parameters(tree: Any, count: int) -> dict[str, np.ndarray]:
    """Arrays by Flax's names, layer/array, of the first `count` members."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        "/".join(str(part.key) for part in path): np.asarray(leaf)[:count] for path, leaf in leaves
    }


def shortest(value: np.generic) -> float | int:
    """A Python number with the fewest digits that read back as this value in its own precision.

    >>> shortest(np.float32(0.255))
    0.255
    """
    return value.item() if isinstance(value, np.integer) else float(str(value))


def make_rows(
    result: Result, members: Members, columns: Sequence[dict[str, Any]], finals: dict[str, Any]
) -> list[dict[str, Any]]:
    """A row a member: what it is, whether it failed, and the last value of every metric."""
    failed_at = np.asarray(result.carry.failed_at)
    seeds = len(members.replicates) // max(len(columns), 1)
    rows = []
    for i, replicate in enumerate(members.replicates):
        failed = failed_at[i] >= 0
        row = {
            "model": result.model,
            "dataset": result.dataset,
            "replicate": replicate,
            **(columns[i // seeds] if columns else {}),
            "status": "failed" if failed else "ok",
            "failed_at": int(failed_at[i]) if failed else "",
            "parameters": sum(
                a[0].size for n, a in result.parameters.items() if n.startswith("params/")
            ),
            "steps": result.settings.steps,
        }
        rows.append(row | {name: shortest(values[i]) for name, values in finals.items()})
    return rows


def run_arm(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    configurations: Sequence[HParams],
    layout: Layout | None = None,
    columns: Sequence[dict[str, Any]] = (),
    open_test: bool = True,
) -> Result:
    """Trains every configuration with every seed and describes each run in a row.

    Args:
      configurations: plain numbers, one HParams a configuration.
      columns: for each configuration, further columns of its rows: what is swept.
      open_test: False leaves the test split closed.
    """
    members = make_members(options, settings.model, configurations, len(data.datasets))
    count = len(members.replicates)
    layout = layout or choose_layout(settings.model, count)
    carry, history, test, seconds = train_members(settings, data, members, layout, open_test)
    assembly = assemble(settings, data.first.spec)
    parameters = flat_parameters(assembly.learner.parameters(carry.state), count)
    steps = np.cumsum(assembly.run.intervals)
    result = Result(
        settings.model, data.first.name, settings, layout, [], history, steps, parameters, carry
    )
    finals = {
        "seconds": np.full(count, seconds["run"] / count),
        "compile_seconds": np.full(count, seconds["compile"]),
        **{name: values[:, -1] for name, values in history.items()},
        **{f"test_{name}": values for name, values in test.items()},
        **{n: np.asarray(v) for n, v in assembly.learner.counters(carry.state).items()},
    }
    return result._replace(rows=make_rows(result, members, columns, finals))
