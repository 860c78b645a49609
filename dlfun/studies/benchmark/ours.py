"""dlfun's own side: the population that every study trains, and what there is to know of it."""

from __future__ import annotations

import time
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.experimental.compilation_cache import compilation_cache

from dlfun.models import MODELS
from dlfun.studies.arm import flat_parameters, make_members
from dlfun.studies.assemble import Assembly, assemble, population
from dlfun.studies.benchmark.cost import Cost, cost_of
from dlfun.studies.benchmark.memory import Growth, free_memory
from dlfun.studies.benchmark.options import Job
from dlfun.studies.benchmark.side import COMPARED, LISTED, write_start
from dlfun.studies.benchmark.teacher import teach
from dlfun.studies.benchmark.works import Work
from dlfun.studies.options import StudyOptions
from dlfun.training.layout import choose_layout
from dlfun.training.order import batch_indices
from dlfun.training.program import Phases, bytes_needed
from dlfun.types import Batch, Layout, Members, Split, Streams, TuneData


def use_cache(wanted: bool) -> None:
    """Whether programs are looked up in the compilation cache from now on."""
    jax.config.update("jax_enable_compilation_cache", wanted)
    compilation_cache.reset_cache()


def members_of(work: Work, precision: str) -> Members:
    """As many replicates as the work has members."""
    study = StudyOptions({}, (), seeds=work.members, precision=precision)
    return make_members(study, work.model, [work.hparams], 1)


def step_cost(assembly: Assembly, work: Work, state: Any, hparams: Any, train: Split) -> Cost:
    """The cost of one step of one member: gather a batch, update.

    XLA would count the whole data set as read by the gathering, which is added by hand.
    """
    inputs, targets = (jnp.asarray(leaf[0, : work.batch_size]) for leaf in train)
    batch = Batch(inputs, targets, jnp.ones(work.batch_size, jnp.float32))
    update = jax.make_jaxpr(assembly.learner.update)(state, batch, hparams, jax.random.key(0))
    found = cost_of(update)
    return found._replace(bytes=found.bytes + 2 * (inputs.nbytes + targets.nbytes))


def drawn_noise(assembly: Assembly, work: Work, key: Any, steps: int) -> Any:
    """[steps, batch, latent]: what a VAE draws in the first steps of a run with this noise key."""

    def draw(step: Any) -> Any:
        own = assembly.module.apply(
            {},
            method=lambda module: module.make_rng("noise"),
            rngs={"noise": jax.random.fold_in(key, step)},
        )
        return jax.random.normal(own, (work.batch_size, work.shape.latent))

    return jax.vmap(draw)(jnp.arange(steps))


class Ours:
    """A population under the layout asked for, else the one that dlfun chooses."""

    def __init__(self, job: Job) -> None:
        work = job.work
        self.job, self.work = job, work
        self.layout: Layout = job.layout or choose_layout(work.model, work.members)
        inputs, targets = teach(work, job.precision)
        self.data = TuneData(Split(inputs[None], targets[None]), None)
        self.people = self.populate(work.steps)
        self.members = members_of(work, job.precision)
        self.hparams, self.streams = self.people.place(self.members)
        # Compile time is reported: a program kept from an earlier run would hide it.
        use_cache(not job.counting)
        self.known = self.compile()
        use_cache(True)
        if not self.known["too_large"]:
            self.known |= self.first_run()

    def populate(self, interval: int) -> Any:
        """The programs of runs in intervals of this many steps."""
        settings = self.work.settings(interval, self.job.precision)
        return population(settings, self.work.spec, self.layout)

    def compile(self) -> dict[str, Any]:
        """Compiles; says how long it took, and the memory that the run will need."""
        carry = self.people.init(self.hparams, self.streams)
        *_, advance = self.people.programs
        compiled = advance.compiled(carry, self.hparams, self.data)
        spent = [program.phases for program in self.people.programs]
        needed = bytes_needed(compiled) * self.layout.devices
        free = free_memory(self.layout.devices)
        return {
            "phases": Phases(*map(sum, zip(*spent, strict=True)))._asdict(),
            "predicted_bytes": needed,
            "too_large": free is not None and needed > free,
        }

    def first_run(self) -> dict[str, Any]:
        """Places the data and trains one interval; says how long it took, and the peak memory."""
        growth, began = Growth(self.layout.devices), time.perf_counter()
        self.tuning = self.people.place_data(self.data)
        self.carry = self.people.init(self.hparams, self.streams)
        self.go(self.work.steps)
        return {
            "first_run_seconds": time.perf_counter() - began,
            "measured_bytes": growth.peak(),
        }

    def go(self, steps: int) -> None:
        """Trains on: a whole number of the program's own intervals."""
        for _ in range(steps // self.work.steps):
            self.carry, history = self.people.advance(
                self.carry, self.hparams, self.tuning, self.work.steps
            )
        jax.block_until_ready((self.carry, history))

    def losses(self, steps: int) -> np.ndarray:
        """Trains anew, one step a program; leaves the start of it for the peers."""
        people, count = self.populate(1), self.work.members
        carry = people.init(self.hparams, self.streams)
        self.leave_start(flat_parameters(self.assembly.learner.parameters(carry.state), count))
        found = []
        for _ in range(steps):
            carry, history = people.advance(carry, self.hparams, self.tuning, 1)
            found.append(np.asarray(history["train_loss"])[:count])
        return np.stack(found, axis=1)

    @property
    def assembly(self) -> Assembly:
        """The parts of a member's run."""
        return assemble(self.work.settings(1, self.job.precision), self.work.spec)

    def leave_start(self, parameters: dict[str, np.ndarray]) -> None:
        """Writes what the peers need to do the same work."""
        work, streams = self.work, self.members.streams

        def rows(order: Any) -> Any:
            return batch_indices(order, jnp.int32(0), LISTED, work.examples, work.batch_size)

        noise = None
        if MODELS[work.model].generative:
            draw = jax.vmap(lambda key: drawn_noise(self.assembly, work, key, COMPARED))
            noise = np.asarray(draw(streams.noise))
        write_start(self.job.folder, parameters, np.asarray(jax.vmap(rows)(streams.order)), noise)

    def facts(self) -> dict[str, Any]:
        """Layout, phases, memory, and the cost of a member's step."""
        told = {"members": self.work.members, "layout": "{}x{}".format(*self.layout), **self.known}
        if self.job.counting and not self.known["too_large"]:
            one: Streams = jax.tree.map(lambda leaf: leaf[0], self.members.streams)
            hparams = jax.tree.map(lambda leaf: leaf[0], self.members.hparams)
            state = jax.eval_shape(self.assembly.run.init, hparams, one).state
            cost = step_cost(self.assembly, self.work, state, hparams, self.data.train)
            told |= cost._asdict()
        return told
