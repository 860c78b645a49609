"""Layouts of members on devices: they change speed and memory, never the meaning."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from dlfun.errors import OPT, UserError, by_flags
from dlfun.models import row_of
from dlfun.types import CONVOLUTIONS, Layout
from dlfun.words import plural

# Measured on 2 cores by `experiments.benchmark` with --layout (--layout=explain measures anew): a
# recurrence and a convolution lose by vmap, and so do layers from this width on, whose weights and
# moments fill the cache; what is smaller gains a little. Above the largest width nothing is gained.
WIDE_LAYER = 128
LARGEST_WIDTH = 16

# From this state size on, the recurrent weights' gradient costs more than the loop's operations.
WIDE_CELL = 32


def convolves(model: str, shape: Any) -> bool:
    """Whether a model of this shape has convolutions."""
    return row_of(model).ways == CONVOLUTIONS and bool(shape.channels)


def usual_way(model: str, shape: Any) -> str:
    """How the layers of a model compute where nobody measured; empty where it has no choice."""
    if convolves(model, shape):
        return "chunks" if jax.default_backend() == "cpu" else "patches"
    if row_of(model).recurrent:
        return "hoisted" if max(shape.widths) >= WIDE_CELL else "fused"
    return ""


def choose_layout(model: str, shape: Any, members: int, way: str = "") -> Layout:
    """The layout for this many members of a model on the devices that JAX has, unmeasured.

    One device of a CPU is one core's worth of work: small operations leave the other cores
    idle, so members are spread over one host device a core. Every process gets at least one.
    """
    devices = max(min(jax.device_count(), members), jax.process_count())
    each = -(-members // devices)
    way = way or usual_way(model, shape)
    if jax.default_backend() != "cpu":
        return Layout(devices, each, way=way)
    wide = max(getattr(shape, "widths", ()), default=0) >= WIDE_LAYER
    looped = row_of(model).recurrent or convolves(model, shape)
    largest = 1 if looped or wide else LARGEST_WIDTH
    return Layout(devices, even(each, largest), way=way)


def even(members: int, largest: int) -> int:
    """The width of equal groups, none above the largest.

    >>> even(20, 16)
    10
    """
    groups = -(-members // largest)
    return -(-members // groups)


def candidates(model: str, shape: Any, members: int, way: str = "") -> list[Layout]:
    """Layouts worth measuring: the unmeasured choice first, other widths, then other ways.

    A way that is given is not varied.
    """
    first = choose_layout(model, shape, members, way)
    each = -(-members // first.devices)
    cpu = jax.default_backend() == "cpu"
    bounds = (1, 4, 16) if cpu else (each // 16, each // 4, each)
    widths = [even(each, max(1, bound)) for bound in bounds]
    # On a CPU JAX's own gradients are slower inside a loop: a convolution's 15 to 50 times.
    slow = ("xla", "scan") if cpu else ()
    able = row_of(model).recurrent or convolves(model, shape)
    ways = tuple(w for w in row_of(model).ways if w not in slow) if able and not way else ()
    found = [first, *(first._replace(width=w) for w in widths)]
    found += [first._replace(way=w) for w in ways]
    return list(dict.fromkeys(found))


def check_layout(layout: Layout) -> None:
    """Raises UserError if the layout asks for more devices than there are, or for too few."""
    asked = f"{OPT.layout}={layout}"
    if layout.devices > jax.device_count():
        remedy = f"ask for fewer, or leave {OPT.layout} at auto"
        if not by_flags():
            count = f'jax.config.update("jax_num_cpu_devices", {layout.devices})'
            remedy = f"on a CPU {count}, before all else, makes as many"
        here = plural(jax.device_count(), f"{jax.default_backend()} device")
        raise UserError(f"{asked}: only {here} here; {remedy}")
    if layout.devices < jax.process_count():
        raise UserError(
            f"{asked}: fewer devices than the {jax.process_count()} processes; start fewer of "
            f"them, or leave {OPT.layout} at auto"
        )


def mesh_devices(count: int) -> list[jax.Device]:
    """`count` devices, as evenly from every process as can be, those of a process in a row."""
    devices = jax.devices()
    seen: dict[int, int] = {}
    turns = []
    for device in devices:
        turns.append(seen.get(device.process_index, 0))
        seen[device.process_index] = turns[-1] + 1
    chosen = sorted(range(len(devices)), key=lambda i: turns[i])[:count]
    return [devices[i] for i in sorted(chosen)]


def member_rows(members: int, layout: Layout, first: int = 0) -> np.ndarray:
    """Which members are in memory together, from `first` on: [padded]; the last one is repeated.

    Devices hold equal parts of them, in a row.
    """
    return np.minimum(first + np.arange(padded(members, layout)), members - 1)


def padded(members: int, layout: Layout) -> int:
    """Members in memory at a time, after padding: whole groups of `width` on every device."""
    group = layout.devices * layout.width
    return -(-min(members, layout.chunk or members) // group) * group
