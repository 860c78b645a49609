"""The memory that a population needs, that there is, and the chunks that fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from dlfun import host_memory
from dlfun.errors import OPT, UserError
from dlfun.host_memory import shown
from dlfun.training import hosts
from dlfun.training.monitor import say
from dlfun.training.population import Population
from dlfun.types import Layout
from dlfun.words import plural

USABLE = 0.9
"""Part of the free memory that a population may take."""


def free_memory() -> int | None:
    """Free bytes of the device with the least, or of the host if it computes; None: unknown."""
    if jax.default_backend() == "cpu":
        return host_memory.free_bytes()
    stats = [device.memory_stats() for device in jax.local_devices()]
    if not all(s and "bytes_limit" in s for s in stats):
        return None
    return min(s["bytes_limit"] - s["bytes_in_use"] for s in stats)


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
                f"{title}: one member needs {shown(one)}, and {shown(limit)} may be used; give "
                f"{OPT.batch_size} a smaller value, choose a smaller model, or raise "
                f"{OPT.memory_limit}"
            )
        layout = halved(layout)
    people = make(_chunked(layout, count, whole, one, limit))
    while needed(people) > limit and people.layout.chunk > group:
        people = make(people.layout._replace(chunk=people.layout.chunk - group))
    chunks = -(-count // people.layout.chunk)
    say(
        f"{title}: {plural(count, 'member')} would need {shown(whole)}, more than the "
        f"{shown(limit)} that may be "
        f"used: run in {chunks} chunks of at most {people.layout.chunk}"
    )
    return people


def halved(layout: Layout) -> Layout:
    """Half as many members at once: of each device, and where that is one, half the devices."""
    if layout.width == 1:
        return layout._replace(devices=-(-layout.devices // 2), chunk=0)
    return layout._replace(width=-(-layout.width // 2), chunk=0)


def _chunked(layout: Layout, count: int, whole: int, one: int, limit: int) -> Layout:
    """Equal chunks of whole groups; memory grows in a line with the groups."""
    group = layout.devices * layout.width
    groups = -(-count // group)
    each = max((whole - one) / max(groups - 1, 1), 1.0)
    fitting = min(1 + int((limit - one) / each), groups)
    chunks = -(-groups // fitting)
    return layout._replace(chunk=-(-groups // chunks) * group)
