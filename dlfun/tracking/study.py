"""A study or a record sent to a tracker; a study loses nothing where the tracker fails."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from dlfun import deferred
from dlfun.commands import command
from dlfun.config.tracker_table import TRACKERS
from dlfun.decoration import stderr
from dlfun.errors import OPT, UserError, by_flags, first_line
from dlfun.tracking.quiet import GLANCE, quiet
from dlfun.words import plural

T = TypeVar("T")


class Sent(NamedTuple):
    """What came of tracking a record.

    Attributes:
      added: how many runs.
      there: how many were there before, and stay as they are.
      place: where they are.
    """

    added: int
    there: int
    place: str

    def __str__(self) -> str:
        """In a sentence."""
        if not self.added:
            return f"nothing to add: {plural(self.there, 'run')} already in {self.place}"
        there = f" ({self.there} already there)" if self.there else ""
        return f"{plural(self.added, 'run')} added to {self.place}{there}"


def send(folder: Path, name: str, members: bool) -> Sent:
    """Adds the runs of a record to a tracker; those that are there already are left alone.

    Raises:
      UserError: if there is no record, or it is damaged. What the tracker raises is raised.
    """
    from dlfun.tracking.runs import digest_of, tracked_runs

    row, added = TRACKERS[name], 0
    runs = list(tracked_runs(folder, members))
    with quiet():
        tracker = deferred.load(row.opens)(folder)
        there = tracker.names(digest_of(folder))
        for run in runs:
            if run.name not in there:
                tracker.write(run)
                added += 1
    kept = sum(run.name in there for run in runs)
    return Sent(added, kept, f"{row.title}, {tracker.place}")


def reach(name: str, folder: Path) -> bool:
    """True where a tracker can take runs now; what it raises else is raised."""
    with quiet(GLANCE):
        deferred.load(TRACKERS[name].opens)(folder).reach()
    return True


def reason(name: str, error: BaseException) -> str:
    """What a tracker said when it failed, on one line."""
    words = first_line(error)
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    return f"{TRACKERS[name].title}: {'' if words in kind else kind}{words}"


def send_record(folder: Path, name: str, members: bool) -> Sent:
    """The same for who asks for nothing else: all that fails is a line.

    Raises:
      UserError: if there is no such record, or the tracker fails.
    """
    from dlfun.report.html.record import read_record

    read_record(folder)
    try:
        return send(folder, name, members)
    except Exception as error:
        raise UserError(f"{reason(name, error)}; mend that, and track the record again") from error


class Tracking(NamedTuple):
    """The tracking of a study that runs.

    Attributes:
      name: of `TRACKERS`; None where it was not asked for.
      members: whether each member is a run, too.
      failed: the tracker did not answer when the study began, which the user was told.
    """

    name: str | None
    members: bool
    failed: bool

    def notes(self, folder: Path) -> list[str]:
        """What came of it, for the notes of the study, once its record is there."""
        name = self.name
        if name is None:
            return []
        if not (folder / "members.csv").is_file():
            return ["not tracked: the record holds no runs yet"]

        def sent() -> Sent:
            reach(name, folder)  # it is seen soon where nobody answers
            return send(folder, name, self.members)

        for _ in range(1 if self.failed else 2):
            found, error = attempt(sent)
            if found is not None:
                return [f"tracked: {found}"]
        later = f"{command('track')} {shlex.quote(str(folder))} {OPT.to}={name}"
        if not by_flags():
            later = f"dlfun.read({str(folder)!r}).track({name!r})"
        return [f"not tracked ({reason(name, error)}); when that is mended: {later}"]


def begin(request: Any, output_dir: str | Path | None) -> Tracking:
    """The tracking that a study asks for; a line on stderr if its tracker does not answer.

    Args:
      request: of the study, a `StudyRequest`.
      output_dir: where the record will be.
    """
    from dlfun.training.hosts import is_first

    name, members = request["track"], request["track_members"]
    if name is None or not is_first():
        return Tracking(None, False, False)
    found, error = attempt(lambda: reach(name, Path(output_dir or "")))
    if found is None:
        line = f"warning: {reason(name, error)}; the study goes on, and tries again at its end"
        print(line, file=stderr(), flush=True)
    return Tracking(name, members, found is None)


def attempt(make: Callable[[], T]) -> tuple[T | None, BaseException]:
    """What `make` gives, or None and why it failed: whatever a tracker does, a study goes on."""
    try:
        return make(), Exception()
    except (Exception, SystemExit) as error:
        return None, error
