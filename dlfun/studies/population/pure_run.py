"""One pure run of a model on a data set, with all that it needs, for driving it by hand."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp

from dlfun import keys, numerics
from dlfun.config.options import StudyOptions
from dlfun.config.parsers import checked, integer
from dlfun.errors import OPT, UserError
from dlfun.learners.prepare import STORED
from dlfun.studies.population.arm import resolve
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import fewest
from dlfun.studies.population.study_data import load
from dlfun.types import Array, HParams, Predictions, Settings, Split, Streams, TuneData


class PureRun(NamedTuple):
    """A training run as pure functions, under `jax.jit` and `jax.vmap` as you like, and its inputs.

    Attributes:
      init: (hparams, streams) -> carry, a tree of arrays.
      advance: (carry, hparams, data, steps=intervals[0]) -> (carry, history): so many steps, then
        a validation; history is metric -> scalar. `steps` is static.
      score: (carry, hparams, split) -> (metrics, predictions) of one whole split, such as `test`.
      intervals: the number of steps of each call of advance.
      hparams: the numbers of the model, scalars; any of them may be mapped over, `width` and
        `depth` where the model was given one, up to its shape.
      data: the training and validation split, and how their numbers are standardised; no test
        split is within its reach.
      test: the test split; leaves of all splits are [splits, n, ...].
      streams: replicate -> its keys, those that it has in a study.
      settings: what shapes the program.
    """

    init: Callable[[HParams, Streams], Any]
    advance: Callable[..., tuple[Any, dict[str, Array]]]
    score: Callable[[Any, HParams, Split], tuple[dict[str, Array], Predictions]]
    intervals: tuple[int, ...]
    hparams: HParams
    data: TuneData
    test: Split
    streams: Callable[[int], Streams]
    settings: Settings


def pure_run(options: StudyOptions) -> PureRun:
    """The run of the one model on the one data set of a study.

    Raises:
      UserError: if the model cannot learn such data.
    """
    if options.precision == "float64" and not jax.config.values["jax_enable_x64"]:
        raise UserError(
            f"{OPT.precision}=float64: a run by hand needs JAX's x64; "
            "jax.config.update('jax_enable_x64', True) before it"
        )
    with numerics.settled(options.precision, options.matmul_precision):
        return made(options)


def made(options: StudyOptions) -> PureRun:
    """The same, under the settings of a study."""
    ((model, chosen),), (name,) = options.models.items(), options.datasets
    data = load(name, options)
    examples = fewest(data.tuning.train)
    whole = chosen.hparams._replace(width=math.inf, depth=math.inf)
    settings = resolve(options, model, chosen, examples, [chosen.hparams, whole])
    run = assemble(settings, data.first.spec).run
    dtype = STORED[settings.precision]
    root, own = keys.root_key(options.seed), len(data.datasets) > 1
    settled = functools.partial(numerics.settled, options.precision, options.matmul_precision)

    def streams(replicate: int) -> Streams:
        if not isinstance(replicate, jax.core.Tracer):  # it may be mapped over
            replicate = checked(integer(0), "replicate", replicate)
        return keys.replicate_streams(root, replicate, model, replicate if own else 0)

    hparams = HParams(*(jnp.asarray(value, dtype) for value in chosen.hparams))
    tuning, test = jax.tree.map(jnp.asarray, (data.tuning, data.test))
    of_data = functools.partial(run.score, scaling=tuning.scaling)
    init, advance, score = (under(settled, part) for part in (run.init, run.advance, of_data))
    return PureRun(
        init,
        advance,
        score,
        run.intervals,
        hparams,
        tuning,
        test,
        under(settled, streams),
        settings,
    )


def under(settled: Callable[[], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is called, or traced, under the settings of a study."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        with settled():
            return function(*args, **options)

    return call
