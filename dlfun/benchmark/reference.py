"""The reference that dlfun hands its peers: the start of a work, its first losses, its cost."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.benchmark.cost import Cost, cost_of
from dlfun.benchmark.options import Job
from dlfun.benchmark.side import COMPARED, LISTED, write_start
from dlfun.benchmark.teacher import teach
from dlfun.benchmark.works import Work
from dlfun.config.options import StudyOptions
from dlfun.models import MODELS
from dlfun.studies.population.arm import flat_parameters, make_members
from dlfun.studies.population.assembly import Assembly, assemble, population
from dlfun.training.layout.layout import choose_layout
from dlfun.training.order import batch_indices
from dlfun.types import Batch, Layout, Members, Split, TuneData


def members_of(work: Work, precision: str) -> Members:
    """As many replicates as the work has members."""
    study = StudyOptions({}, (), seeds=work.members, precision=precision)
    return make_members(study, work.model, [work.hparams], 1)


def step_cost(assembly: Assembly, work: Work, state: Any, hparams: Any, train: Split) -> Cost:
    """The cost of one step of one member: gather a batch, update.

    XLA would count the whole data set as read by the gathering, which is added by hand.
    """
    first = jax.tree.map(lambda leaf: jnp.asarray(leaf[0, : work.batch_size]), train)
    inputs, targets = first.inputs, first.targets
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


class Reference:
    """A work's members under the layout asked for, else the one that dlfun chooses."""

    def __init__(self, job: Job) -> None:
        work = job.work
        self.job, self.work = job, work
        usual = choose_layout(work.model, work.shape, work.members)
        self.layout: Layout = job.layout or usual
        if not self.layout.way:
            self.layout = self.layout._replace(way=usual.way)
        inputs, targets = teach(work, job.precision)
        self.data = TuneData(Split(inputs[None], targets[None]), None)
        self.members = members_of(work, job.precision)

    def populate(self, interval: int) -> Any:
        """The programs of runs in intervals of this many steps."""
        settings = self.work.settings(interval, self.job.precision)
        return population(settings, self.work.spec, self.layout)

    @property
    def assembly(self) -> Assembly:
        """The parts of a member's run."""
        settings = self.work.settings(1, self.job.precision)
        return assemble(settings, self.work.spec, self.layout.way)

    def curve(self, steps: int, learning: bool = True) -> np.ndarray:
        """Losses [members, steps] of the first steps, one a program.

        Without learning, those of the initial parameters on the same batches. With it, the start
        of the run is left for the peers.
        """
        people, count = self.populate(1), self.work.members
        hparams, streams = people.place(self.members)
        tuning, carry = people.place_data(self.data), people.init(hparams, streams)
        if learning:
            parameters = flat_parameters(self.assembly.learner.parameters(carry.state))
            self.leave_start({n: np.asarray(leaf)[:count] for n, leaf in parameters.items()})
        else:
            hparams = hparams._replace(learning_rate=jnp.zeros_like(hparams.learning_rate))
        found = []
        for _ in range(steps):
            carry, history = people.advance(carry, hparams, tuning, 1)
            found.append(np.asarray(history["train_loss"])[:count])
        return np.stack(found, axis=1)

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

    def step_cost(self) -> Cost:
        """The cost of a member's step."""
        one = jax.tree.map(lambda leaf: leaf[0], (self.members.hparams, self.members.streams))
        state = jax.eval_shape(self.assembly.run.init, *one).state
        return step_cost(self.assembly, self.work, state, one[0], self.data.train)
