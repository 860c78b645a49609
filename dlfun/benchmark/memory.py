"""The most memory that was held: on the device, or in this process."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path
from typing import Any

import jax

PROCESS = Path("/proc/self")


def kibibytes(file: Path, field: str) -> int | None:
    """A field of one of Linux' files of figures, in bytes; None elsewhere."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", file.read_text(), re.M)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def device_figures(count: int, name: str) -> int | None:
    """The sum of a figure over the first devices, or None where they tell nothing."""
    found: list[Any] = [device.memory_stats() for device in jax.local_devices()[:count]]
    return sum(stats[name] for stats in found) if all(found) else None


class Growth:
    """The most memory held since this was made: a device's own, else this process' resident.

    A process holds what the compiler freed, and its peak remembers the compiler: both are given
    back to the system first, so that the growth is that of the run alone.
    """

    def __init__(self, devices: int) -> None:
        self.devices = devices
        gc.collect()
        self.before: int | None = None
        try:
            ctypes.CDLL(None).malloc_trim(0)
            (PROCESS / "clear_refs").write_text("5")
        except (OSError, AttributeError):
            return
        self.before = kibibytes(PROCESS / "status", "VmRSS")

    def peak(self) -> int | None:
        """Bytes, or None where it cannot be told."""
        of_device = device_figures(self.devices, "peak_bytes_in_use")
        if of_device is not None:
            return of_device
        most = kibibytes(PROCESS / "status", "VmHWM")
        return None if most is None or self.before is None else most - self.before
