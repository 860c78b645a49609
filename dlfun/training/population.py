"""Many runs as one program: seeds and hyperparameters mapped, devices shared."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dlfun.phases import phase
from dlfun.training import hosts
from dlfun.training.checkpoints.progress import Stage, restored
from dlfun.training.layout.layout import check_layout, member_rows, mesh_devices, padded
from dlfun.training.program import Program, bytes_needed
from dlfun.types import HParams, Layout, Members, Run, Split, Streams, TuneData


class Session(NamedTuple):
    """A chunk of the members and the data it learns from.

    Attributes:
      advance: (carry, hparams, steps) -> (carry, history): the next interval; eats the carry.
      score: (carry, hparams) -> metrics of the test split, and what is said of each of its
        examples: of this process's own members, on the host.
    """

    advance: Callable[..., Any]
    score: Callable[..., Any]


class Population:
    """A run over members: the same compiled `advance` serves one member or a thousand.

    Members are padded to whole groups of the layout; padding repeats the last member and is
    cut from every result.
    """

    def __init__(self, run: Run, layout: Layout) -> None:
        check_layout(layout)
        self.run = run
        self.layout = layout
        self.mesh = Mesh(np.array(mesh_devices(layout.devices)), ("members",))
        self._sharded = NamedSharding(self.mesh, PartitionSpec("members"))
        self._copied = NamedSharding(self.mesh, PartitionSpec())
        self._at_once = 0.0  # seconds that programs compiled while others did
        self.init = self._program(run.init, own=2)
        self.score = self._program(run.score, own=2, shared=2)
        self._advance = {steps: self._advancing(steps) for steps in sorted(set(run.intervals))}
        self._taking: dict[bool, Program] = {}

    def _advancing(self, steps: int) -> Program:
        function = _with_steps(self.run, steps)
        return self._program(function, own=2, shared=1, donate_argnums=0)

    def _program(
        self,
        function: Callable[..., Any],
        own: int,
        lanes: int = 0,
        shared: int = 0,
        **options: Any,
    ) -> Program:
        """`function` over members.

        Its first `own` arguments are a member's own, the next `lanes` are the same for all
        members of a device, and the last `shared` the same for all.
        """
        sharded, copied = PartitionSpec("members"), PartitionSpec()
        specs = (sharded,) * (own + lanes) + (copied,) * shared

        def local(*args: Any) -> Any:
            common = args[own:]
            return _map(lambda *member: function(*member, *common), args[:own], self.layout.width)

        # Members never talk to each other, and here that is said: it does not hang on what XLA
        # finds out when it partitions a program by itself.
        mapped = jax.shard_map(
            local, mesh=self.mesh, in_specs=specs, out_specs=sharded, check_vma=False
        )
        shardings = tuple(NamedSharding(self.mesh, spec) for spec in specs)
        return Program(mapped, in_shardings=shardings, out_shardings=self._sharded, **options)

    def place(self, members: Members, first: int = 0) -> tuple[HParams, Streams]:
        """Padded hparams and streams on their devices: a chunk of the members, from `first` on."""
        rows = member_rows(len(members.replicates), self.layout, first)
        pair = (members.hparams, members.streams)
        return put(jax.tree.map(lambda leaf: jnp.asarray(leaf)[rows], pair), self._sharded)

    def place_data(self, data: TuneData | Split) -> Any:
        """The data on every device."""
        return put(data, self._copied)

    def advance(self, carry: Any, hparams: HParams, data: TuneData, steps: int) -> Any:
        """One interval of this many steps: carry, history [padded members]. The carry is eaten."""
        return self.advancing(steps)(carry, hparams, data)

    def advancing(self, steps: int) -> Program:
        """The program of one interval; of a length that the run does not have, made on demand."""
        if steps not in self._advance:
            self._advance[steps] = self._advancing(steps)
        return self._advance[steps]

    def compile(self, members: Members, data: TuneData, test: Split | None) -> int:
        """Compiles all programs that a chunk of these members needs, without running anything.

        Returns:
          the bytes that one device must hold, by the largest of them.
        """
        hparams, streams, carry = self._member_shapes(members)
        tuning, held_out = jax.tree.map(lambda leaf: shape_of(leaf, leaf.shape), (data, test))
        spent, began = self.compile_seconds, time.perf_counter()
        with ThreadPoolExecutor() as pool:  # XLA compiles one program while the next is traced
            with phase("tracing"):
                jobs = [pool.submit(self.init.lowered(hparams, streams))]
                for steps in sorted(set(self.run.intervals)):
                    jobs.append(pool.submit(self.advancing(steps).lowered(carry, hparams, tuning)))
                if test is not None:
                    scored = self.score.lowered(carry, hparams, held_out, tuning.scaling)
                    jobs.append(pool.submit(scored))
            with phase("compiling"):
                programs = [job.result() for job in jobs]
        self._at_once += self.compile_seconds - spent - (time.perf_counter() - began)
        return max(bytes_needed(program) for program in programs)

    def _member_shapes(self, members: Members) -> tuple[Any, Any, Any]:
        """The shapes of hparams, streams and carry of a chunk of the members."""
        rows = padded(len(members.replicates), self.layout)
        pair = (members.hparams, members.streams)
        hparams, streams = jax.tree.map(lambda leaf: shape_of(leaf, (rows, *leaf.shape[1:])), pair)
        return hparams, streams, jax.eval_shape(jax.vmap(self.run.init), hparams, streams)

    def place_stage(self, stage: Stage, members: Members) -> Stage:
        """What is known of the members of a chunk, padded, and their carry on its devices."""
        *_, like = self._member_shapes(members)
        return restored(stage, like, self._sharded)

    def take(self, carry: Any, rows: np.ndarray, other: Population) -> Any:
        """The carries of these members [padded members of another population], on its devices."""
        here = np.array_equal(self.mesh.devices, other.mesh.devices)
        if here not in self._taking:
            self._taking[here] = Program(
                lambda carry, rows: jax.tree.map(lambda leaf: leaf[rows], carry),
                out_shardings=other._sharded if here else self._copied,
            )
        return put(self._taking[here](carry, jnp.asarray(rows)), other._sharded)

    @contextlib.contextmanager
    def open(
        self, members: Members, first: int, tuning: Any, test: Any, done: int = 0
    ) -> Iterator[Session]:
        """What trains and scores a chunk of the members on data placed by `place_data`.

        `done` intervals are behind it.
        """
        yield Session(
            lambda carry, hparams, steps: self.advance(carry, hparams, tuning, steps),
            lambda carry, hparams: hosts.own_rows(self.score(carry, hparams, test, tuning.scaling)),
        )

    @property
    def programs(self) -> tuple[Program, ...]:
        """Every program of the population, compiled or not."""
        return (self.init, self.score, *self._advance.values(), *self._taking.values())

    @property
    def compile_seconds(self) -> float:
        """Spent so far on tracing, lowering and compiling; once where several were compiled."""
        return sum(program.phases.total for program in self.programs) - self._at_once


def selected(members: Members, rows: Sequence[int]) -> Members:
    """Some of the members, in this order, each with the numbers and keys it has among all."""
    pair = (members.hparams, members.streams)
    hparams, streams = jax.tree.map(lambda leaf: leaf[np.asarray(rows)], pair)
    return Members(hparams, streams, tuple(members.replicates[row] for row in rows))


def shape_of(leaf: Any, shape: tuple[int, ...]) -> jax.ShapeDtypeStruct:
    """This shape, and the type that an array has on a device."""
    return jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(leaf.dtype, True))


def put(tree: Any, sharding: NamedSharding) -> Any:
    """Arrays that every process has, on the devices of all; each process fills its own."""
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)
    return jax.tree.map(
        lambda leaf: jax.make_array_from_callback(leaf.shape, sharding, lambda at: leaf[at]), tree
    )


def _with_steps(run: Run, steps: int) -> Callable[..., Any]:
    return lambda carry, hparams, data: run.advance(carry, hparams, data, steps=steps)


def _map(function: Callable[..., Any], args: tuple, width: int) -> Any:
    """function over the leading axis of args: `width` members at once, groups in turn."""
    members = jax.tree.leaves(args)[0].shape[0]
    if width == members:
        return jax.vmap(function)(*args)
    if width == 1:
        return jax.lax.map(lambda member: function(*member), args)
    return jax.lax.map(lambda member: function(*member), args, batch_size=width)
