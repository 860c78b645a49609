"""The choice of a population's layout, and its training under it."""

from __future__ import annotations

import functools
import hashlib
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.start_table import pretrained
from dlfun.data.lazy import Rows
from dlfun.phases import scope
from dlfun.studies.population.assembly import assemble, population
from dlfun.studies.population.continuing import further_state, size_of_member
from dlfun.studies.population.failure_limit import FailureLimit
from dlfun.studies.population.pretrained import origin_of
from dlfun.studies.population.stacked import Stacked
from dlfun.training.checkpoints.files import Saved
from dlfun.training.checkpoints.progress import Progress, without_keys
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.layout.layout import candidates, usual_way
from dlfun.training.layout.memory import bytes_needed, fit
from dlfun.training.layout.planner import (
    PROBE_STEPS,
    Measured,
    budget,
    cache_key,
    cached_choice,
    keep_choice,
    measure_all,
    worth_measuring,
)
from dlfun.training.monitor import say
from dlfun.training.population import Population
from dlfun.training.train import Callbacks, Trained, never, train, untouched
from dlfun.types import Layout, Learner, Members, Settings, TuneData
from dlfun.words import plural


class Kept(NamedTuple):
    """What is kept of final carries: parameters, counters, where a run failed, training state."""

    variables: Any
    counters: dict[str, Any]
    failed_at: Any
    state: dict[str, Any] = {}


def keeping(learner: Learner, state_bytes: float = 0) -> Callable[[Any], Kept]:
    """What keeps of a final carry what a study needs.

    Args:
      state_bytes: the most that a member's training state may take to be kept.
    """

    def keep(carry: Any) -> Kept:
        state, more = carry.state, further_state(learner, carry) if state_bytes else {}
        small = size_of_member(more) <= state_bytes
        parameters, counters = learner.parameters(state), learner.counters(state)
        return Kept(parameters, counters, carry.failed_at, more if small else {})

    return keep


class Attempt(NamedTuple):
    """The training of some members, to be made under one layout or another.

    Attributes:
      name: what checkpoints call it.
      saved: what they have of it.
      arm: what the study calls it.
      begin: what makes of a fresh carry the one that training begins with.
    """

    options: StudyOptions
    settings: Settings
    data: Stacked
    members: Members
    name: str
    saved: Saved | None
    arm: str
    begin: Callable[[Any], Any] = untouched

    @property
    def title(self) -> str:
        """What a user is told is trained."""
        return f"{self.data.first.name}: {self.arm}"

    def run(
        self, layout: Layout, give_up: Callable[[float], bool] = never, saved: Saved | None = None
    ) -> tuple[Population, Trained | None]:
        """Trains all members; None if that was given up."""
        options, data, members = self.options, self.data, self.members
        make = functools.partial(population, self.settings, data.first.spec, input=options.input)
        needed = functools.partial(
            bytes_needed, members=members, tuning=data.tuning, test=data.test
        )
        count, limit = len(members.replicates), options.memory_limit
        with scope(self.title):
            people = make(layout) if saved else fit(make, layout, count, needed, limit, self.title)
            callbacks = Callbacks(
                keeping(
                    assemble(self.settings, data.first.spec).learner, options.state_limit / count
                ),
                FailureLimit(self.title, members, options.stop_when_failed, data.first).check,
                Progress(options.checkpoints, self.name, people.layout, saved),
                give_up,
                self.begin,
            )
            return people, train(people, members, data.tuning, data.test, self.title, callbacks)


def train_members(
    options: StudyOptions,
    settings: Settings,
    data: Stacked,
    members: Members,
    chosen: ModelOptions,
) -> tuple[Population, Trained]:
    """Trains all members under the layout given, measured before, or chosen now.

    An unmeasured layout that makes for a long run is given up after its first interval: then
    the candidates are measured, and the run begins anew under the best. What the options'
    checkpoints have of these members is not trained again, and its layout goes on. Where the device
    has less memory than was predicted, the members are trained once more, half as many at a time.

    Args:
      data: of which the test split is scored, unless it is shut.

    Raises:
      UserError: if more of the members failed than the options allow.
    """
    count, store = len(members.replicates), options.checkpoints
    opened = data.test is not None
    origin = origin_of(options, settings.model, data.first) if chosen.pretrained else None
    more = (opened, options.input) if origin is None else (opened, options.input, origin.name)
    name = digest(settings, data, members, *more) if store else ""
    saved = None if store is None else saved_of(store, name)
    if saved is None and options.begins is not None:
        saved = options.begins.saved(settings, data.first, members, chosen)
    begin, arm = untouched, settings.model
    if origin is not None:
        begin, arm = origin.begin, pretrained(settings.model)
    attempt = Attempt(options, settings, data, members, name, saved, arm, begin)
    layout = known_layout(settings, data, chosen, count, saved)
    if layout is None:
        alone = jax.process_count() == 1
        layouts = candidates(settings.model, settings.shape, count, chosen.way)
        people, found = attempt.run(
            layouts[0], lambda s: alone and worth_measuring(s, len(layouts))
        )
        if found is not None:
            return people, found
        layout = measured(settings, data, members, chosen, budget(len(layouts)))[0].layout
    people, found = with_less_memory(attempt.run, layout, saved, count, attempt.title)
    assert found is not None
    return people, found


def known_layout(
    settings: Settings, data: Stacked, chosen: ModelOptions, count: int, saved: Saved | None
) -> Layout | None:
    """The layout that was kept, given, or measured before; None where there is none yet."""
    layout = Layout(*saved.about["layout"]) if saved else chosen.layout
    if layout is not None:
        way = layout.way or chosen.way or usual_way(settings.model, settings.shape)
        return layout._replace(way=way)
    if jax.process_count() > 1:  # they would have to agree on what each measured
        return None
    return cached_choice(cache_key(settings, data.first.spec, count, chosen.way))


def with_less_memory(
    run: Callable[..., Any], layout: Layout, saved: Saved | None, count: int, title: str
) -> Any:
    """Runs under a layout; where memory runs out, once more with half the members at a time."""
    try:
        return run(layout, saved=saved)
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        smaller = halved(layout, count)
        if smaller is None or not is_out_of_memory(error):
            raise
    say(
        f"{title}: out of memory; {smaller.chunk} of {plural(count, 'member')} at a time "
        "from here on, which "
        "is another program: not bit by bit what all at once would give"
    )
    return run(smaller)


def halved(layout: Layout, count: int) -> Layout | None:
    """The layout with half as many members in memory; None where it has the fewest."""
    now = min(layout.chunk or count, count)
    width = min(layout.width, -(-now // layout.devices))
    groups = now // (2 * layout.devices * width)
    if groups:
        return layout._replace(width=width, chunk=groups * layout.devices * width)
    if width == 1:
        return None
    return layout._replace(width=width // 2, chunk=layout.devices * (width // 2))


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


def digest(settings: Settings, data: Stacked, members: Members, *more: Any) -> str:
    """A name of all that the numbers of a population depend on, but for the layout."""
    first = data.first
    shapes = jax.tree.map(lambda leaf: (leaf.shape, str(leaf.dtype)), data.tuning)
    known = (settings, first.name, first.version, first.checksum, shapes, members.replicates, more)
    found = hashlib.sha256(repr(known).encode())
    for leaf in jax.tree.leaves((members.hparams, members.streams)):
        found.update(np.asarray(without_keys(leaf)).tobytes())
    return f"{first.name}-{settings.model}-{found.hexdigest()[:16]}".replace("/", "-")


def saved_of(store: Checkpoints, name: str) -> Saved | None:
    """What a store has of a population, if it can go on here."""
    store.open()
    saved = store.load(name)
    devices = saved.about["layout"][0] if saved else 0
    if devices > jax.device_count():
        begun = plural(devices, "device")
        say(f"{name}: was begun on {begun}, and here are fewer; it is trained anew")
        return None
    return saved


def resident(data: Stacked, settings: Settings) -> TuneData:
    """What is measured on: of data that are streamed, the examples of a few steps."""
    tuning, few = data.tuning, slice(PROBE_STEPS * settings.batch_size)
    if not isinstance(tuning.train.inputs, Rows):
        return tuning
    own = tuning._replace(scaling=None)
    return jax.tree.map(lambda leaf: np.asarray(leaf[:, few]), own)._replace(scaling=tuning.scaling)


def measured(
    settings: Settings,
    data: Stacked,
    members: Members,
    chosen: ModelOptions,
    seconds: float = math.inf,
) -> list[Measured]:
    """The candidates of a population, fastest first; the user is told what they cost.

    No new one is begun once so many seconds are spent.
    The fastest is kept beside the compilation cache, for later studies.
    """
    count = len(members.replicates)
    make = functools.partial(population, settings, data.first.spec)
    layouts = candidates(settings.model, settings.shape, count, chosen.way)
    start = time.perf_counter()
    with scope(f"{data.first.name}: {settings.model}"):
        found = measure_all(make, layouts, members, resident(data, settings), seconds)
    spent = time.perf_counter() - start
    keep_choice(cache_key(settings, data.first.spec, count, chosen.way), found[0].layout)
    usual = next(one for one in found if one.layout == layouts[0])
    say(
        f"{data.first.name}: {settings.model}: measured {plural(len(found), 'layout')} in "
        f"{spent:.1f} s; "
        f"{found[0].layout} takes {found[0].member_step_seconds / usual.member_step_seconds:.2f} "
        f"of the time of {usual.layout}"
    )
    return found
