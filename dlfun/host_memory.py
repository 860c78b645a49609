"""The memory of this machine: what is free, and whether what is asked for fits it.

Needs no JAX: data are read, and refused, before it is there.
"""

from __future__ import annotations

import os
from pathlib import Path

from dlfun.errors import UserError

CGROUP = Path("/sys/fs/cgroup")


def free_bytes() -> int | None:
    """What the system says is available, and no more than a container's limit leaves."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
        limit = (CGROUP / "memory.max").read_text().strip()
        if limit != "max":
            found.append(int(limit) - used_bytes(CGROUP))
    except (OSError, ValueError):
        pass
    if not found and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def used_bytes(group: Path) -> int:
    """What a container has taken, without the files that are only cached and may be dropped."""
    pairs = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    cached = {name: int(count) for name, count in pairs}.get("inactive_file", 0)
    return int((group / "memory.current").read_text()) - cached


def check_room(needed: int, what: str, remedy: str) -> None:
    """Raises UserError if so many bytes are more than is free; to be called before taking them."""
    free = free_bytes()
    if free is not None and needed > free:
        raise UserError(
            f"{what} would take {shown(needed)} of memory, and {shown(free)} is free; {remedy}"
        )


def shown(count: float) -> str:
    """Bytes for people.

    >>> shown(3 * 2**29)
    '1.50 GiB'
    """
    if count >= 2**37:
        return f"{count / 2**30:.0f} GiB"
    return f"{count / 2**30:.2f} GiB" if count >= 2**29 else f"{count / 2**20:.2f} MiB"
