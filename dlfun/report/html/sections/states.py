"""The section on recurrent networks: their states and gates over time."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks, pixels
from dlfun.report.html.axes import Axis, ticks
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.words import plural

Arrays = dict[str, np.ndarray]
WIDTH, LEFT, ROW, GAP = 420.0, 30.0, 9.0, 24.0


EVERY = 2
"""Rows from one number to the next."""

SIGNED = "Blue: negative, pale: near zero, red: positive."


def states(record: Record) -> list[Block]:
    """State traces, and every gate, of each arm that left them."""
    blocks: list[Block] = []
    for arm, arrays in arm_arrays(record, "evidence"):
        total = int(arrays.get("state_count", 0))
        if arrays.get("states", np.empty(0)).size:
            values = np.asarray(arrays["states"], float)
            blocks.append(traces(arm, "States", values, counted(values, total, SIGNED), False))
        names = arrays.get("gate_names", np.empty(0, str))
        for name, values in zip(names, arrays.get("gates", np.empty(0)), strict=False):
            blocks.append(gate(arm, str(name), np.asarray(values, float), total))
    return blocks


def counted(values: np.ndarray, total: int, how: str) -> str:
    """How traces are read, and how many units they are of where these are not all."""
    units = values.shape[-1]
    shown = f" {units} of {plural(total, 'unit')} shown." if total > units else ""
    return f"{how}{shown}"


def gate(arm: Arm, name: str, values: np.ndarray, total: int) -> Figure:
    """A gate, which is in [0, 1]; a candidate of a new state has a sign and is drawn like one."""
    if values.min() < 0:
        how = counted(values, total, SIGNED)
        return traces(arm, f"New states (“{name}”)", values, how, False)
    how = counted(values, total, "Dark: closed (0), light: open (1).")
    return traces(arm, f"Gate “{name}”", values, how, True)


def traces(arm: Arm, what: str, values: np.ndarray, how: str, gate: bool) -> Figure:
    """Traces [examples, time, units]: a panel an example, a row a unit, time to the right."""
    count, time, units = values.shape
    change = np.abs(np.diff(values, axis=1)).mean() if time > 1 else 0.0
    finding = (
        f"{what} of {arm[1]} on {arm[0]}: {plural(units, 'unit')} over "
        f"{plural(time, 'step')} for {plural(count, 'example')}; "
        f"in [{values.min():.2g}, {values.max():.2g}], mean change a step {change:.2g}"
    )
    numbers = [
        [u + 1, *(float(f(values[..., u])) for f in (np.mean, np.min, np.max, np.std))]
        for u in range(units)
    ]
    return Figure(
        f"{what} of {arm[1]}, {arm[0]}",
        finding,
        panels(values, finding, gate),
        table(["unit", "mean", "smallest", "largest", "sd"], numbers, what),
        f"A panel an example, a row a unit, numbered as in the network. {how}",
    )


def panels(values: np.ndarray, finding: str, gate: bool) -> Markup:
    """The drawing: pictures of pixels under a common axis of time."""
    count, time, units = values.shape
    tall = ROW * units
    height = count * (tall + GAP) + 24
    axis = Axis(0, max(time - 1, 1), LEFT, WIDTH - 10)
    top = float(np.abs(values).max()) or 1.0
    parts = []
    for k, own in enumerate(values):
        start = k * (tall + GAP) + 14
        picture = gate_colours(own.T) if gate else pixels.signed(own.T, top)
        parts.append(marks.words(LEFT, start - 4, f"example {k + 1}", "aside"))
        parts.append(embedded(picture, LEFT, start, WIDTH - 10 - LEFT, tall))
        for u in range(0, units, EVERY):
            y = start + ROW * (u + 0.5) + 4.5
            parts.append(marks.words(LEFT - 4, y, str(u + 1), "tick", "end"))
    bottom = count * (tall + GAP)
    for value, text in ticks(axis, 6):
        parts.append(marks.words(float(axis.at(value)), bottom + 4, text, "tick", "middle"))
    parts.append(marks.words(WIDTH / 2, height - 4, "time step", "label", "middle"))
    return marks.drawing(WIDTH, height, finding, *parts)


def gate_colours(values: np.ndarray) -> np.ndarray:
    """Gates in [0, 1] from dark to light, on the same scale everywhere."""
    return pixels.blended(np.nan_to_num(values).clip(0, 1), pixels.RISING)


def embedded(picture: np.ndarray, x: float, y: float, width: float, height: float) -> Markup:
    """A picture inside a drawing, stretched to a box."""
    return marks.element(
        "image",
        class_="pixels",
        href=pixels.png(picture),
        x=float(x),
        y=float(y),
        width=float(width),
        height=float(height),
        preserveAspectRatio="none",
    )
