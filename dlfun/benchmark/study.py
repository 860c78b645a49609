"""The benchmark as a library call."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.benchmark.measure import job_of, measure
from dlfun.benchmark.options import BenchmarkOptions
from dlfun.benchmark.process import Failure, worker
from dlfun.benchmark.published import published
from dlfun.benchmark.scaling import scaling
from dlfun.benchmark.verdict import SCHEMA, read_baseline, verdicts
from dlfun.benchmark.works import PUBLISHED, WORKS
from dlfun.commands import command
from dlfun.decoration import bar
from dlfun.errors import UserError

DEVICE = "dlfun.benchmark.device:Device"
PEER_PACKAGES = ("torch", "keras", "scikit-learn")


class Benchmark(NamedTuple):
    """What was found, as benchmark.json holds it, and the folder of the record."""

    found: dict[str, Any]
    folder: Path

    @property
    def regressed(self) -> bool:
        """Whether any row is slower than the baseline."""
        return any(said["verdict"] == "slower" for said in self.found["verdicts"])


def draw_nothing(folder: Path) -> None:
    """No pictures."""


def benchmark(options: BenchmarkOptions, draw: Callable[[Path], None] = draw_nothing) -> Benchmark:
    """Times every work against every peer and writes the record.

    Nothing is computed in this process: a TPU, for one, belongs to a single process at a time.

    Args:
      options: what to time.
      draw: adds pictures to the folder of the record before it gets its name.

    Raises:
      UserError: if the baseline cannot be read, or the device cannot be used.
    """
    baseline = read_baseline(options.baseline) if options.baseline else None
    with Done(options) as done, tempfile.TemporaryDirectory(prefix="dlfun-benchmark-") as scratch:
        found = {"schema": SCHEMA, **describe(options, Path(scratch))}
        found |= {"rows": [], "scaling": [], "published": None}
        for part, name in parts(options):
            folder = Path(tempfile.mkdtemp(dir=scratch))
            result = done.recall(part.__name__, name)
            if result is None:
                result = part(options, name, folder, found["device"]["backend"])
                done.keep(part.__name__, name, result)
            if name == PUBLISHED:
                found["published"] = result
            else:
                found["rows" if part is measure else "scaling"].append(result)
    found["baseline"] = baseline and {"path": options.baseline, **baseline["environment"]}
    found["verdicts"] = verdicts(found["rows"], baseline) if baseline else []
    folder = write(options, found, draw)
    done.remove()
    return Benchmark(found, folder)


class Done:
    """What a benchmark that was stopped had measured, in a folder beside its record to be."""

    def __init__(self, options: BenchmarkOptions) -> None:
        output = Path(options.output_dir or "runs/benchmark")
        self.folder = output.with_name(f"{output.name}.unfinished")
        self._identity = {"script": "benchmark", "schema": SCHEMA, "flags": list(options.flags)}
        self._parts: dict[str, Any] = {}

    def __enter__(self) -> Done:
        from dlfun.training.checkpoints.files import FORMAT, sealed, write_whole
        from dlfun.training.checkpoints.store import IDENTITY, check_identity, take_lock

        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = take_lock(self.folder / "lock")
        try:
            check_identity(self.folder, self._identity)
        except UserError:
            self._lock.close()
            raise
        identity = {"format": FORMAT, **self._identity}
        write_whole(self.folder / IDENTITY, json.dumps(sealed(identity)))
        self._parts = self._measured()
        return self

    def _measured(self) -> dict[str, Any]:
        """What was written down; nothing where that is damaged, which the user is told."""
        from dlfun.training.checkpoints.files import SEAL, check_seal
        from dlfun.training.monitor import say

        path = self.folder / "parts.json"
        try:
            found = json.loads(path.read_text())
            check_seal(found)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError):
            say(f"{path}: damaged; all is measured anew")
            return {}
        return {name: part for name, part in found.items() if name != SEAL}

    def __exit__(self, *raised: object) -> None:
        self._lock.close()
        if not self._parts:
            self.remove()

    def recall(self, part: str, name: str) -> dict[str, Any] | None:
        """What was measured before."""
        return self._parts.get(f"{part} {name}")

    def keep(self, part: str, name: str, result: dict[str, Any]) -> None:
        """Writes down what was measured now."""
        self._parts[f"{part} {name}"] = result
        from dlfun.training.checkpoints.files import sealed, write_whole

        write_whole(self.folder / "parts.json", json.dumps(sealed(self._parts)))

    def remove(self) -> None:
        """The record is there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def parts(options: BenchmarkOptions) -> Iterator[tuple[Callable[..., dict[str, Any]], str]]:
    """All there is to do, one after the other, under a progress line."""
    wanted: list[tuple[Callable[..., dict[str, Any]], str, str]] = [
        (whole_command if name == PUBLISHED else measure, name, name) for name in options.works
    ]
    wanted += [(scaling, name, f"scaling of {name}") for name in options.scaling]
    form = "{desc}: {n_fmt}/{total_fmt} done, {elapsed} gone"
    with bar("benchmark", total=len(wanted), bar_format=form) as progress:
        for part, name, title in wanted:
            progress.set_description_str(f"benchmark, {title}")
            yield part, name
            progress.update()


def whole_command(
    options: BenchmarkOptions, name: str, folder: Path, backend: str
) -> dict[str, Any]:
    """The published runs, called like the other parts."""
    return published(options, folder, backend)


def describe(options: BenchmarkOptions, folder: Path) -> dict[str, Any]:
    """Environment, device and settings.

    Raises:
      UserError: if the device cannot be used.
    """
    from dlfun.records.environment import version

    job = job_of(options, DEVICE, next(iter(WORKS.values())), folder, "", counting=False)
    with worker(job, "device", options.timeout) as side:
        try:
            told = side.ask("prepare")
        except Failure as failure:
            raise UserError(f"the device cannot be measured: {failure}") from None
    environment = told.pop("environment") | {"command": sys.argv}
    environment["peers"] = {name: version(name) for name in PEER_PACKAGES}
    settings = {
        name: getattr(options, name)
        for name in ("works", "peers", "repeats", "precision", "platform", "seconds", "members_max")
    }
    return {"environment": environment, "device": told, "settings": settings}


def write(options: BenchmarkOptions, found: dict[str, Any], draw: Callable[[Path], None]) -> Path:
    """The record: benchmark.json, config.flags and pictures."""
    from dlfun.records.writer import write_record

    def fill(folder: Path) -> None:
        text = json.dumps(found, indent=1, allow_nan=False)
        (folder / "benchmark.json").write_text(text + "\n")
        lines = [f"# {command('benchmark')} --flagfile=config.flags", *options.flags]
        (folder / "config.flags").write_text("\n".join(lines) + "\n", encoding="utf-8")
        draw(folder)

    return write_record(options.output_dir or "runs/benchmark", fill)
