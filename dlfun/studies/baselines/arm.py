"""One classical arm: a model of scikit-learn under all configurations and replicates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import jax
import numpy as np

from dlfun import keys
from dlfun.config.classical import CLASSICAL, parse_arm
from dlfun.config.options import StudyOptions
from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import USUAL, task_of
from dlfun.records.outcome import Row, extended
from dlfun.studies.baselines.feature_tables import Read, Reader, split_of
from dlfun.studies.baselines.features import check_features, extract
from dlfun.studies.baselines.finished_fits import Job, Kept
from dlfun.studies.baselines.pool import do_all
from dlfun.studies.population.stacked import Stacked

if TYPE_CHECKING:  # scikit-learn takes a second to import
    from dlfun.studies.baselines.estimators import Fitted


class Classical(NamedTuple):
    """What a classical arm leaves.

    Attributes:
      rows: one a member, as in members.csv.
      predicted: [members, examples] classes of the test split; None of numbers, or unopened.
      confidence: [members, examples] probability of the class predicted; None where the method
        has none.
      squares: [members, examples] squared errors of numbers; None of classes, or unopened.
    """

    rows: Sequence[Row]
    predicted: np.ndarray | None
    confidence: np.ndarray | None
    squares: np.ndarray | None = None

    def with_columns(self, columns: Sequence[Row]) -> Self:
        """The same with further columns in each of its rows."""
        return self._replace(rows=extended(self.rows, columns))

    def joined(self, more: Any) -> Classical:
        """One arm from two parts of its members."""
        parts = (
            None if a is None or b is None else np.concatenate([a, b])
            for a, b in zip(self[1:], more[1:], strict=True)
        )
        return Classical([*self.rows, *more.rows], *parts)


def check_classical(name: str, data: Stacked) -> None:
    """Raises UserError if this arm cannot learn these data, or not within minutes."""
    method, kind = parse_arm(name)
    row, spec, targets = CLASSICAL[method], data.first.spec, data.tuning.train.targets
    if spec.task not in USUAL:
        raise UserError(
            f"{name} is for {' or '.join(USUAL)}, and {data.first.name} is for {spec.task}; "
            "leave it out"
        )
    check_features(kind, spec)
    one = jax.tree.map(lambda leaf: np.asarray(leaf[0, :1]), data.tuning.train)
    most, count = row.most(extract(kind, one, spec).shape[1]), targets.shape[1]
    if count > most:
        raise UserError(
            f"{name} would take too long to learn from the {count} training examples of "
            f"{data.first.name}; give {OPT.train_examples}={most} or less, or leave it out"
        )
    if task_of(spec).classes and len(np.unique(np.asarray(targets[0]))) < 2:
        raise UserError(f"{name} needs examples of two classes; give more {OPT.train_examples}")


def make_jobs(
    name: str, data: Stacked, configurations: int, replicates: range, root: jax.Array
) -> list[Job]:
    """A job for each member, seeds running fastest.

    A method without chance finds the same on the same split: its members have the same job, which
    is done once for all.
    """
    row = CLASSICAL[parse_arm(name)[0]]

    def job(configuration: int, replicate: int) -> Job:
        at = split_of(data, replicate)
        if not row.seeded:
            return Job(configuration, at, 0)
        init = keys.replicate_streams(root, replicate, name, at).init
        return Job(configuration, at, int(jax.random.bits(init)))

    return [job(c, r) for c in range(configurations) for r in replicates]


def run_classical(
    options: StudyOptions,
    name: str,
    data: Stacked,
    configurations: Sequence[Mapping[str, Any]],
    columns: Sequence[Mapping[str, Any]] = (),
    read: Read | None = None,
) -> Classical:
    """Fits every configuration with every replicate and describes each member in a row.

    Args:
      options: of which replicates, chance and checkpoints count.
      name: a method of `CLASSICAL`, or one and the hand-made features it reads, as svm+hog.
      data: of which the test split is scored, unless it is shut.
      configurations: parameters of scikit-learn, over the defaults of the method's row.
      columns: for each configuration, further columns of its rows: what is searched.
      read: a `Reader` of the data, which arms that read the same features may share.

    Raises:
      UserError: as `check_classical`.
    """
    check_classical(name, data)
    root = keys.root_key(options.seed)
    root = keys.stream(root, "tuning") if options.tuning else root
    replicates = range(options.first, options.first + options.seeds)
    jobs = make_jobs(name, data, len(configurations), replicates, root)
    rows, found = [], fit_all(options, name, data, jobs, configurations, read or Reader(data))
    for i, fitted in enumerate(found):
        replicate, configuration = replicates[i % options.seeds], i // options.seeds
        rows.append(make_row(name, data.first.name, replicate, columns, configuration, fitted))
    told = [[getattr(f, name) for f in found] for name in ("predicted", "confidence", "squares")]
    width = 0 if data.test is None else data.test.targets.shape[1]
    return Classical(rows, *(stacked(each, width) for each in told))


def fit_all(
    options: StudyOptions,
    name: str,
    data: Stacked,
    jobs: Sequence[Job],
    configurations: Sequence[Mapping[str, Any]],
    read: Read,
) -> list[Fitted]:
    """What each job of an arm found; what checkpoints have of them is not done again."""
    from dlfun.studies.baselines.estimators import fit, make

    method, kind = parse_arm(name)
    spec, classes = data.first.spec, task_of(data.first.spec).classes
    seen = {at: read(kind, at) for at in {job.split for job in jobs}}
    size = seen[jobs[0].split].train.features.shape

    def work(job: Job) -> Fitted:
        chosen = configurations[job.configuration]
        estimator = make(name, chosen, spec, size[0], job.random_state)
        return fit(estimator, seen[job.split], classes)

    store, parts = options.checkpoints, (jobs, configurations, data.test is not None, size, classes)
    kept = Kept(store, digest(name, data, parts) if store else "")
    left = [job for job in jobs if job not in kept]
    title, apart = f"{data.first.name}: {name}", CLASSICAL[method].interpreted
    for job, fitted in do_all(work, left, title, size[0] * size[1], apart):
        kept.add(job, fitted)
    return [kept[job] for job in jobs]


def digest(name: str, data: Stacked, parts: tuple[Any, ...]) -> str:
    """A name of all that the fits of an arm depend on."""
    known = (name, data.first.name, data.first.version, data.first.checksum, *parts)
    found = hashlib.sha256(repr(known).encode()).hexdigest()[:16]
    return f"{data.first.name}-{name}-{found}".replace("/", "-")


def make_row(
    name: str,
    dataset: str,
    replicate: int,
    columns: Sequence[Mapping[str, Any]],
    configuration: int,
    fitted: Fitted,
) -> dict[str, Any]:
    """A member as in members.csv, with the columns of its configuration, if there are any."""
    return {
        "model": name,
        "dataset": dataset,
        "replicate": replicate,
        **(columns[configuration] if columns else {}),
        "status": "ok",
        "failed_at": "",
        "parameters": "",
        "steps": "",
        "seconds": fitted.seconds,
        "compile_seconds": 0.0,
        **fitted.scores,
    }


def stacked(arrays: Sequence[np.ndarray | None], width: int) -> np.ndarray | None:
    """Arrays [examples] on a new first axis, padded with 0 to a width; None if one is not there."""
    there = [np.pad(array, (0, width - len(array))) for array in arrays if array is not None]
    return np.stack(there) if there and len(there) == len(arrays) else None
