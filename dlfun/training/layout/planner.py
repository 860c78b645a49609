"""Chooses layouts by measuring: a few candidates, one group of members each, a few steps.

A measurement costs compilations, so it pays only where a run takes much longer than it. What was
found is kept beside the compilation cache, and the record of a study holds the layouts it ran on.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from dlfun.phases import phase
from dlfun.training.monitor import say
from dlfun.training.population import Population, selected
from dlfun.types import Layout, Members, Settings, Spec, TuneData

WORTH = 20
"""A run must be predicted to take this many times what measuring costs."""

COMPILE_SECONDS = 5.0
"""What one candidate is taken to cost: its compilation, and its steps."""

PROBE_STEPS = 20
PROBE_SECONDS = 0.5


class Measured(NamedTuple):
    """A candidate: compilation, time of one step of one member, and bytes of one device."""

    layout: Layout
    compile_seconds: float
    member_step_seconds: float
    device_bytes: int


def measure(people: Population, members: Members, tuning: TuneData) -> Measured:
    """Times a few steps of one group of members on every device; validation is left out."""
    layout = people.layout
    group = layout.devices * layout.width
    rows = min(group, len(members.replicates))
    hparams, streams = people.place(selected(members, range(rows)))
    data = people.place_data(tuning._replace(validation=None))
    steps = min(PROBE_STEPS, people.run.intervals[0])
    before = people.compile_seconds
    carry = people.init(hparams, streams)
    people.advancing(steps).compiled(carry, hparams, data)
    spent = people.compile_seconds - before
    carry = jax.block_until_ready(people.advance(carry, hparams, data, steps))[0]
    start, calls = time.perf_counter(), 0
    while calls < 1 or time.perf_counter() - start < PROBE_SECONDS:
        carry = jax.block_until_ready(people.advance(carry, hparams, data, steps))[0]
        calls += 1
    seconds = (time.perf_counter() - start) / (calls * steps * group)
    return Measured(layout, spent, seconds, people.compile(members, tuning, None))


def worth_measuring(run_seconds: float, count: int) -> bool:
    """Whether a run of this length pays for measuring so many candidates."""
    return run_seconds > WORTH * budget(count)


def budget(count: int) -> float:
    """Seconds that measuring so many candidates may take."""
    return count * COMPILE_SECONDS


def measure_all(
    make: Callable[[Layout], Population],
    layouts: Sequence[Layout],
    members: Members,
    tuning: TuneData,
    seconds: float,
) -> list[Measured]:
    """Every candidate, fastest first; no new one is begun once so many seconds are spent."""
    start = time.perf_counter()
    found: list[Measured] = []
    for k, layout in enumerate(layouts, 1):
        if not found or time.perf_counter() - start < seconds:
            with phase(f"measuring layout {k} of {len(layouts)}"):
                found.append(measure(make(layout), members, tuning))
    return sorted(found, key=lambda one: one.member_step_seconds)


def cache_key(settings: Settings, spec: Spec, count: int, way: str) -> str:
    """What a choice holds for: program, data, number of members, machine and versions."""
    device = jax.local_devices()[0]
    machine = (device.platform, device.device_kind, jax.local_device_count(), os.cpu_count())
    text = repr((settings, spec, count, way, machine, jax.__version__))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _cache_file() -> Path | None:
    folder = jax.config.values["jax_compilation_cache_dir"]
    return Path(folder) / "layouts.json" if folder and "://" not in folder else None


def _read_cache() -> dict[str, Any]:
    path = _cache_file()
    try:
        found = json.loads(path.read_text()) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def cached_choice(key: str) -> Layout | None:
    """The layout measured before under this key, if its entry can be read."""
    try:
        devices, width, chunk, way = _read_cache()[key]
        layout = Layout(int(devices), int(width), int(chunk), str(way))
    except (KeyError, TypeError, ValueError):
        return None
    return layout if layout.devices <= jax.local_device_count() else None


def keep_choice(key: str, layout: Layout) -> None:
    """Adds a choice to the cache, all or nothing; without a cache, or room, nothing is kept."""
    path = _cache_file()
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".layouts-")
        with os.fdopen(handle, "w") as file:
            json.dump(_read_cache() | {key: list(layout)}, file, indent=1)
        os.replace(name, path)
    except OSError as error:
        say(f"warning: the layout chosen is not kept: {error.strerror}")
