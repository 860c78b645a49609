"""How members meet devices. A layout changes speed and memory, never the meaning."""

from __future__ import annotations

import jax

from dlfun.errors import UserError
from dlfun.types import Layout

# On a CPU a vmapped scan over time with small matrix products loses to one member after the
# other; the other families gain from vmap. More members at once than this only cost memory.
CPU_WIDTH = {"rnn": 1}
LARGEST_WIDTH = 16


def choose_layout(model: str, members: int) -> Layout:
    """The layout for this many members of a model on the devices that JAX has.

    One device of a CPU is one core's worth of work: small operations leave the other cores
    idle, so members are spread over one host device a core. Every process gets at least one.
    """
    devices = max(min(jax.device_count(), members), jax.process_count())
    each = -(-members // devices)
    if jax.default_backend() != "cpu":
        return Layout(devices, each)
    largest = CPU_WIDTH.get(model, LARGEST_WIDTH)
    groups = -(-each // largest)
    return Layout(devices, -(-each // groups))


def check_layout(layout: Layout) -> None:
    """Raises UserError if the layout asks for more devices than there are, or for too few."""
    asked = f"--layout={layout.devices}x{layout.width}"
    if layout.devices > jax.device_count():
        raise UserError(
            f"{asked}: only {jax.device_count()} {jax.default_backend()} devices here; "
            "ask for fewer, or leave --layout at auto"
        )
    if layout.devices < jax.process_count():
        raise UserError(
            f"{asked}: fewer devices than the {jax.process_count()} processes; start fewer of "
            "them, or leave --layout at auto"
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


def padded(members: int, layout: Layout) -> int:
    """Members after padding: whole groups of `width` on every device."""
    group = layout.devices * layout.width
    return -(-members // group) * group
