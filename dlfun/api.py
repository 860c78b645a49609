"""The public page of dlfun: a study in a few calls, from Python, without flags.

Every name here is a name of `dlfun`. Options have the names of the flags, are held to the same
bounds, and fail with the same words; nothing stays on disk unless `output_dir` is given, no signal
is taken. What bits depend on, such as JAX's x64, a call sets for itself and puts back afterwards
(`dlfun.numerics`); the rest of JAX is left as it is set up. On a CPU it has one device then, for
one core's worth of small operations; `jax.config.update("jax_num_cpu_devices", 8)` before all else
gives it more.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from dlfun import deferred, numerics
from dlfun.config import arguments, data_value
from dlfun.config.arguments import in_python, several
from dlfun.config.data_value import Data
from dlfun.config.keywords import ArrayOptions, DataOptions, ModelOptions, Options, RunOptions
from dlfun.config.model_value import Model, make_model
from dlfun.config.study_request import StudyRequest
from dlfun.decoration import spared
from dlfun.errors import UserError, unknown
from dlfun.study import Study
from dlfun.tracking.study import begin

if TYPE_CHECKING:
    from flax import linen as nn
    from numpy.typing import ArrayLike

    from dlfun.judgement import Judgement
    from dlfun.studies.population.pure_run import PureRun

__all__ = [
    "compare",
    "from_arrays",
    "judge",
    "load",
    "make_run",
    "model",
    "read",
    "sweep",
    "train",
]


@in_python()
def load(name: str | Path, **options: Unpack[DataOptions]) -> Data:
    """A data set by its name, prepared first where needed, or from a file or folder of your own.

    Args:
      name: one of `dlfun.data.DATASETS`, such as "mnist1d" or "digits"; of other data that
        tensorflow-datasets has prepared; an .npz, .csv or .tsv file; or a folder of classes.

    Raises:
      UserError: if the name or an option is unknown, or the data cannot be had.

    >>> import dlfun
    >>> dlfun.load("xor", validation_fraction=0.0)
    <xor: 4 + 4 of vector [2], classification into 2>
    """
    from dlfun import data
    from dlfun.data.user_files.kinds import check_options

    chosen = data_value.read_data_options(options)
    source = arguments.path("name", name)
    if source not in data.DATASETS and data.is_path(source):
        from dlfun.data.user_files import absolute

        source = absolute(source)
    check_options(chosen, [source])
    with numerics.settled():
        return Data(data_value.doubted(data.read(source, chosen)), chosen, source)


@in_python()
def from_arrays(
    inputs: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    test: tuple[ArrayLike, ArrayLike] | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    groups: ArrayLike | None = None,
    name: str = "arrays",
    **options: Unpack[ArrayOptions],
) -> Data:
    """A data set from arrays of your own, which are copied.

    Args:
      inputs: [n, features], sequences [n, time, channels], images [n, height, width, channels] or
        videos [n, frames, height, width, channels]; uint8 are brightnesses, 0 to 255.
      targets: class ids [n] or their names; or numbers [n] or [n, outputs] in floating point.
        None: there are no labels, and a vae alone can learn.
      test, validation: pairs of the same kind, of which None stands for no labels. Without `test`
        a fixed fifth is held out, stratified by class; without `validation` a
        `validation_fraction` of the rest.
      groups: ids or texts [n], equal for inputs that stay in one fold under split="kfold".
      name: what tables and records call it.

    Raises:
      UserError: if the arrays do not go together, or an option is unknown or out of range.

    >>> import dlfun
    >>> import numpy as np
    >>> x = np.arange(40.0).reshape(20, 2)
    >>> dlfun.from_arrays(x, x[:, 0] > 20, name="halves")
    <halves: 16 + 4 of vector [2], classification into 2>
    """
    from dlfun.data.user_files import read_arrays

    together = {} if groups is None else {"groups": "groups"}
    chosen = data_value.read_data_options({**options, **together})
    name = arguments.text("name", name, "'mine'")
    arrays = {"train_inputs": inputs, "train_targets": targets, "groups": groups}
    for part, given in (("test", test), ("validation", validation)):
        if given is not None:
            pair = arguments.pair(part, given)
            arrays |= {f"{part}_inputs": pair[0], f"{part}_targets": pair[1]}
    arrays = {what: array for what, array in arrays.items() if array is not None}
    with numerics.settled():
        return Data(data_value.doubted(read_arrays(arrays, name, chosen)), chosen)


@in_python()
def model(
    what: str | nn.Module, *, name: str | None = None, **options: Unpack[ModelOptions]
) -> Model:
    """A model with its numbers and its shape; what is not given keeps its default.

    Args:
      what: one of `dlfun.models.MODELS`: perceptron, softmax, bpnn, cnn, rnn, vae. Or a Flax Linen
        module of your own, whose `__call__` takes inputs [batch, *shape] and gives
        [batch, outputs], each row of its own alone; it is also given those of `train`, `training`,
        `is_training`, `deterministic`, `use_running_average` and `dropout_rate` (a rate that may be
        swept) that it takes. Its random streams may have any names; it draws in training alone.
      name: of a module of your own, in tables and records; its class's name unless given.

    Raises:
      UserError: if a name is unknown, or a value is out of range.

    >>> import dlfun
    >>> dlfun.model("cnn", channels=(25, 25), learning_rate=1e-2)
    <cnn, channels=(25, 25), learning_rate=0.01>
    >>> dlfun.model("cnn", learning_rate=-1.0)
    Traceback (most recent call last):
    dlfun.errors.UserError: learning_rate=-1.0: must be a number, at least 0 and finite
    """
    return make_model(what, name, options)


@in_python()
def make_run(
    model: str | Model | nn.Module, data: str | Data, **options: Unpack[RunOptions]
) -> PureRun:
    """One pure run, to be driven by hand: `init`, `advance` and `score`, and their inputs.

    It has the numbers, keys and splits that the same model has in `train`, so that replicate r
    comes out as there. All three are pure, and may be put under `jax.jit` and `jax.vmap`.

    Raises:
      UserError: if an option is unknown or out of range, or the model cannot learn such data.

    >>> import dlfun
    >>> import jax
    >>> run = dlfun.make_run("softmax", "xor", steps=10)
    >>> carry, advance = run.init(run.hparams, run.streams(0)), jax.jit(run.advance)
    >>> for _ in run.intervals:
    ...     carry, history = advance(carry, run.hparams, run.data)
    >>> sorted(history), int(carry.step)
    (['train_accuracy', 'train_loss', 'validation_accuracy', 'validation_loss'], 10)
    """
    from dlfun.config.study_request import study_options
    from dlfun.studies.call import request_of
    from dlfun.studies.population.pure_run import pure_run

    for option in options:
        if option not in RunOptions.__annotations__:
            raise unknown("option of a run", option, RunOptions.__annotations__)
    return pure_run(study_options(request_of("train", [as_model(model)], [as_data(data)], options)))


@in_python()
def train(
    model: str | Model | nn.Module | None = None,
    data: str | Data | None = None,
    *,
    continue_from: str | Path | Study | None = None,
    initialize_from: str | Path | Study | None = None,
    **options: Unpack[Options],
) -> Study:
    """Trains a population: one model on one data set, over `seeds` replicates, as one program.

    Args:
      continue_from: a record whose members are trained further, as with steps="+2000"; model, data
        and all else are its own, and the study is that of the longer run.
      initialize_from: a record whose parameters all seeds begin from, those of its best member of
        that model, or of another as "RUN:3"; what has another name or shape stays fresh.

    Raises:
      UserError: if an option is unknown or out of range, or the model cannot learn such data.

    >>> import dlfun
    >>> study = dlfun.train("softmax", "xor", seeds=3, steps=10)
    >>> [row["replicate"] for row in study.rows], study.history["xor/softmax/train_loss"].shape
    ([0, 1, 2], (3, 10))
    >>> dlfun.train(continue_from=study, steps="+5").history["xor/softmax/train_loss"].shape
    (3, 15)
    """
    begun = continue_from is not None  # then model and data may be left out
    if not begun and model is None and data is None:
        raise UserError("train needs a model and data, or a record by continue_from=")
    some = [] if begun and model is None else [as_model(model)]
    sets = [] if begun and data is None else [as_data(data)]
    own = {"continue_from": continue_from, "initialize_from": initialize_from}
    return made("train", some, sets, options, own)


@in_python()
def compare(
    models: Sequence[str | Model | nn.Module] = (),
    data: str | Data | Sequence[str | Data] = (),
    *,
    continue_from: str | Path | Study | None = None,
    initialize_from: str | Path | Study | None = None,
    delta: float | Mapping[str, float] | None = None,
    reference: str | None = None,
    baselines: Sequence[str] = (),
    require: str | Sequence[str] = (),
    **options: Unpack[Options],
) -> Study:
    """Trains every model on every data set over the same seeds, and judges each pair of them.

    Args:
      delta: the largest difference that counts as none, in the metric's unit, accuracies as
        fractions; one number, or data set -> number.
      reference: judge every model against this one alone, instead of all pairs.
      baselines: classical models of scikit-learn beside them, such as "svm"; or ["all"].
      require: claims to decide, such as "cnn better than rnn"; `Study.gates` has the decisions.
      continue_from: a record whose members are trained further, as with steps="+2000"; models, data
        and all else but `require` are its own.
      initialize_from: a record; each model that it holds has a second arm MODEL+pretrained, which
        begins from its best member's parameters, or another's as "RUN:3", on the same seeds.

    Raises:
      UserError: if an option is unknown or out of range, or a model cannot learn a data set.

    >>> import dlfun
    >>> study = dlfun.compare(["softmax"], "xor", baselines=["tree+raw"], seeds=3, steps=10)
    >>> [(pair["verdict"], pair["n"]) for pair in study.pairs]
    [('no verdict', 3)]
    """
    from dlfun.studies.call import claim_values, gate_values

    some, sets = [as_model(one) for one in several(models)], [as_data(one) for one in several(data)]
    claimed = delta is not None or reference is not None or len(several(baselines)) > 0
    own = gate_values(require) | {"initialize_from": initialize_from}
    own |= {"continue_from": continue_from}
    if claimed or continue_from is None:  # else the claims are those of the record
        own |= claim_values(some, sets, delta, reference, baselines)
    return made("compare", some, sets, options, own)


@in_python()
def sweep(
    model: str | Model | nn.Module,
    data: str | Data,
    space: Mapping[str, Sequence[Any]],
    *,
    search: str | None = None,
    trials: int = 64,
    rounds: int = 8,
    eta: int = 3,
    brackets: int = 1,
    **options: Unpack[Options],
) -> Study:
    """Trains one model under many configurations, with all seeds; judged by validation alone.

    Numbers do not recompile: all configurations of one shape are one program. The test split stays
    closed.

    Args:
      space: name of `model`'s keywords -> a list of values, or ("log" or "lin", low, high).
      search: grid crosses the lists, and is the default where there are no others; random (else
        the default), sobol, halving, pbt and tpe draw `trials` configurations.
      rounds: how often pbt and tpe decide.
      eta: halving keeps one of so many; brackets: it is begun so often.

    Raises:
      UserError: if a name is unknown, a value is out of range, or nothing is held out.

    >>> import dlfun
    >>> study = dlfun.sweep("softmax", "xor", {"learning_rate": [0.1, 0.5, 1]}, seeds=1, steps=10)
    >>> [row["learning_rate"] for row in study.rows]
    [0.1, 0.5, 1.0]
    """
    from dlfun.config.search_call import search_values

    one = as_model(model)
    numbers = {"trials": trials, "rounds": rounds, "eta": eta, "brackets": brackets}
    asked = search_values(one, space, search, numbers)
    return made("sweep", [one], [as_data(data)], options, asked)


@in_python()
def judge(
    table: Any,
    *,
    method: str | None = None,
    by: str | Sequence[str] = (),
    dataset: str | None = None,
    seed: str | None = None,
    score: str | Sequence[str] | None = None,
    lower: str | Sequence[str] = (),
    pairs: str = "auto",
    delta: float | Mapping[str, float] | None = None,
    reference: str | None = None,
    require: str | Sequence[str] = (),
) -> Judgement:
    """Judges results from anywhere: each pair of methods on each data set, and ranks over all.

    Args:
      table: rows, a mapping of columns, a frame of pandas or polars, or the path of a .csv, .tsv,
        .json, .jsonl or .parquet; a row a run, or without a column of methods a column a method.
        Or the path of what other tools left: `dlfun.results.sources.SOURCES` says which.
      method, dataset, seed, score: names of columns; by default known by their usual names. Of runs
        with a curve "name:last", "name:best" or "name:mean10", the mean of the last ten.
      by: columns whose values together name the method; instead of method.
      lower: of the scores, those of which less is better.
      pairs: paired (by seed), unpaired, or auto: paired where all methods have the same seeds.
      delta: the largest difference that counts as none; one number, or data set -> number (0).
      reference: judge every method against this one alone.
      require: claims to decide, such as "new better than old"; `Judgement.gates` has the decisions.

    Raises:
      UserError: if it is no table, a column is not there, or a cell is no number.

    >>> import dlfun
    >>> runs = {"old": [0.80, 0.81, 0.79, 0.80, 0.82], "new": [0.90, 0.90, 0.91, 0.90, 0.92]}
    >>> found = dlfun.judge(runs)
    >>> [(pair["winner"], pair["n"], round(pair["diff"], 3)) for pair in found.pairs]
    [('new', 5, 0.102)]
    """
    from dlfun.judgement import judge_table

    named = {"method": method, "dataset": dataset, "seed": seed, "reference": reference}
    asked: dict[str, Any] = {}
    asked |= {n: v if v is None else arguments.text(n, v) for n, v in named.items()}
    lists = {"by": by, "score": () if score is None else score, "lower": lower, "require": require}
    asked |= {name: several(value) for name, value in lists.items()}
    return judge_table(table, asked | {"pairs": pairs, "delta": delta})


@in_python()
def read(
    folder: str | Path, *, models: Model | nn.Module | Sequence[str | Model | nn.Module] = ()
) -> Study:
    """The study of a record that a call or a script left, such as runs/compare.

    Args:
      models: those of its modules of your own that you mean to use: no record holds their code.
        Each is found by its name, and held to the parameters that the record keeps when it is used.

    Raises:
      UserError: if there is no record, it is damaged, or has no module of such a name.

    >>> import dlfun
    >>> study = dlfun.train("softmax", "xor", seeds=3, steps=10)
    >>> dlfun.read(study.folder).rows == study.rows
    True
    """
    given = [as_model(model) for model in several(models)]
    return Study(Path(arguments.path("folder", folder)), models=given)


def as_model(given: Any) -> Model:
    """A model, or that of a name or module with its defaults."""
    return given if isinstance(given, Model) else make_model(given, None, {})


def as_data(given: str | Data | None) -> Data:
    """A data set, or that of a name."""
    if isinstance(given, Data):
        return given
    if not isinstance(given, str | PathLike):
        raise UserError(
            "data are a name, a path, or what dlfun.load and dlfun.from_arrays(inputs, targets) "
            f"give, and not {type(given).__name__}"
        )
    return load(given)


def made(
    study: str,
    models: Sequence[Model],
    data: Sequence[Data],
    given: Mapping[str, Any],
    own: Mapping[str, Any] = {},
) -> Study:
    """The study of a call; without an output_dir its record goes with it.

    Args:
      given: the keywords of all studies.
      own: the options of this kind of study.
    """
    from dlfun.studies.call import kept, options_in
    from dlfun.studies.continued_call import request_of_call

    output_dir = given.get("output_dir")
    if output_dir is not None:
        output_dir = arguments.path("output_dir", output_dir)
    elif given.get("track") is not None:
        raise UserError(f"track={given['track']}: is of a record that stays; give output_dir, too")
    rest = {name: value for name, value in given.items() if name != "output_dir"}
    temporary = None if output_dir is not None else tempfile.mkdtemp(prefix="dlfun-")
    try:
        request = request_of_call(study, models, data, rest, own)
        options = options_in(request, output_dir or f"{temporary}/study")
        tracking = begin(request, output_dir)
        with (
            numerics.settled(options.precision, options.matmul_precision),
            kept(request, options) if output_dir else contextlib.nullcontext(options) as going,
        ):
            draw = drawing(request) if output_dir else lambda folder: None
            found = deferred.load(request.kind.runs)(request, going, draw)
        made = Study(found.folder, [*found.notes, *tracking.notes(found.folder)], request)
    except BaseException:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise
    if temporary is not None:
        weakref.finalize(made, shutil.rmtree, temporary, ignore_errors=True)
    return made


def drawing(request: StudyRequest) -> Callable[[Path], None]:
    """What adds pictures and page to a record that stays, as the scripts do."""
    from dlfun.report.html import write_report

    kind = request.kind
    swept = request.columns

    def draw(folder: Path) -> None:
        spared("pictures", lambda: deferred.load(kind.pictures)(folder, swept))
        spared("the page", lambda: write_report(folder, [folder]))

    return draw
