"""How much memory a population needs, how much there is, and the chunks that fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from dlfun.errors import UserError
from dlfun.training import hosts
from dlfun.training.monitor import say
from dlfun.training.population import Population
from dlfun.types import Layout
from dlfun.words import plural

USABLE = 0.9
"""Part of the free memory that a population may take."""

CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int | None:
    """Free bytes of the device with the least, or of the host if it computes; None: unknown."""
    if jax.default_backend() == "cpu":
        return _free_host_memory()
    stats = [device.memory_stats() for device in jax.local_devices()]
    if not all(s and "bytes_limit" in s for s in stats):
        return None
    return min(s["bytes_limit"] - s["bytes_in_use"] for s in stats)


def _free_host_memory() -> int | None:
    """What the system says is available, and no more than a container's limit leaves."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
        limit = (CGROUP / "memory.max").read_text().strip()
        if limit != "max":
            found.append(int(limit) - int((CGROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    if not found and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def bytes_needed(people: Population, members: Any, tuning: Any, test: Any) -> int:
    """Predicted from the compiled programs: of one accelerator, or of the host if it computes."""
    largest = people.compile(members, tuning, test)
    own = sum(device.process_index == jax.process_index() for device in people.mesh.devices)
    return hosts.largest(largest * (own if jax.default_backend() == "cpu" else 1))


def fit(
    make: Callable[[Layout], Population],
    layout: Layout,
    count: int,
    needed: Callable[[Population], int],
    limit: int | None,
    title: str,
) -> Population:
    """The population of this layout, in chunks if all its members do not fit the memory.

    Args:
      make: a layout's population, the same object for the same layout.
      needed: bytes by `bytes_needed`.
      limit: bytes that may be used; None is `USABLE` of what is free now.
      title: of the population, for the line that tells the user.

    Raises:
      UserError: if not even one member fits.
    """
    if limit is None:
        free = free_memory()
        limit = None if free is None else -hosts.largest(-int(free * USABLE))
    people = make(layout)
    whole = needed(people)
    if limit is None or whole <= limit:
        return people
    while True:
        group = layout.devices * layout.width
        one = needed(make(layout._replace(chunk=group)))
        if one <= limit:
            break
        if layout.width == 1 and layout.devices == 1:
            raise UserError(
                f"{title}: one member needs {_size(one)}, and {_size(limit)} may be used; give "
                "--batch_size a smaller value, choose a smaller model, or raise --memory_limit"
            )
        half = layout.width == 1
        layout = layout._replace(
            devices=-(-layout.devices // 2) if half else layout.devices,
            width=layout.width if half else -(-layout.width // 2),
            chunk=0,
        )
    people = make(_chunked(layout, count, whole, one, limit))
    while needed(people) > limit and people.layout.chunk > group:
        people = make(people.layout._replace(chunk=people.layout.chunk - group))
    chunks = -(-count // people.layout.chunk)
    say(
        f"{title}: {plural(count, 'member')} would need {_size(whole)}, more than the "
        f"{_size(limit)} that may be "
        f"used: run in {chunks} chunks of at most {people.layout.chunk}"
    )
    return people


def _chunked(layout: Layout, count: int, whole: int, one: int, limit: int) -> Layout:
    """Equal chunks of whole groups; memory grows in a line with the groups."""
    group = layout.devices * layout.width
    groups = -(-count // group)
    each = max((whole - one) / max(groups - 1, 1), 1.0)
    fitting = min(1 + int((limit - one) / each), groups)
    chunks = -(-groups // fitting)
    return layout._replace(chunk=-(-groups // chunks) * group)


def _size(count: float) -> str:
    """Bytes for people.

    >>> _size(3 * 2**29)
    '1.50 GiB'
    """
    return f"{count / 2**30:.2f} GiB" if count >= 2**29 else f"{count / 2**20:.2f} MiB"
