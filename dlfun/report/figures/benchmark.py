"""The pictures of a benchmark: how populations scale, and where works lie under the roofline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from dlfun.report.figures.record_figures import COLOURS, MAIN, WIDE, axes_grid, save
from dlfun.report.text.benchmark import (
    Found,
    heading,
    member_step,
    middle,
    timed,
)


def draw_benchmark(folder: Path) -> None:
    """scaling.png and roofline.png, where there is something to draw."""
    found = json.loads((folder / "benchmark.json").read_text())
    if any(curve["points"] for curve in found["scaling"]):
        draw_scaling(found, folder / "scaling.png")
    if timed(found):
        draw_roofline(found, folder / "roofline.png")


def draw_scaling(found: Found, path: Path) -> None:
    """Member steps per second against members, a panel a work, the ideal dashed."""
    curves = [curve for curve in found["scaling"] if curve["points"]]
    figure, all_axes = axes_grid(len(curves), 3, 2.6)
    for axes, curve in zip(all_axes, curves, strict=True):
        draw_curve(axes, curve)
    figure.suptitle(
        "member steps per second; dashed: as fast for each as for one", fontsize="small"
    )
    save(figure, path)


def draw_curve(axes: Axes, curve: Found) -> None:
    """One curve: medians, the range over repeats, the ideal."""
    members = [point["members"] for point in curve["points"]]
    speeds = [point["member_steps_per_second"] for point in curve["points"]]
    medians = np.array([middle(values) for values in speeds])
    ends = np.array([[min(values), max(values)] for values in speeds]).T
    axes.plot(members, medians[0] * np.array(members), "--", color="0.5", linewidth=1)
    axes.errorbar(members, medians, abs(ends - medians), marker="o", color=MAIN, capsize=2)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(EngFormatter())
    axes.set_xticks(members, [str(count) for count in members])
    axes.minorticks_off()
    axes.set_title(curve["work"], fontsize="small")
    axes.set_xlabel("members", fontsize="small")
    axes.grid(alpha=0.3)


def draw_roofline(found: Found, path: Path) -> None:
    """GFLOP/s against operations a byte, under the device's two peaks (Williams et al. 2009)."""
    device, rows = found["device"], timed(found)
    flops, moved = device["flops_per_second"], device["bytes_per_second"]
    figure = Figure(figsize=(WIDE, 4.5), layout="constrained")
    axes = figure.subplots()
    places = np.array([row["flops"] / row["bytes"] for row in rows])
    heights = np.array([row["flops"] / member_step(row) / 1e9 for row in rows])
    ends = min(places.min(), flops / moved) / 3, max(places.max(), flops / moved) * 4
    line = np.geomspace(*ends, 200)
    axes.plot(line, np.minimum(line * moved, flops) / 1e9, color="0.3")
    for i, (row, x, y) in enumerate(zip(rows, places, heights, strict=True)):
        axes.plot(x, y, "o", color=COLOURS[i % len(COLOURS)])
        below = i % 2 and len(rows) > 1
        axes.annotate(
            row["work"],
            (x, y),
            xytext=(5, -9 if below else 4),
            textcoords="offset points",
            fontsize="x-small",
        )
    axes.set(xscale="log", yscale="log", xlabel="operations a byte", ylabel="GFLOP/s", xlim=ends)
    axes.set_title(heading(found), fontsize="x-small")
    axes.grid(alpha=0.3)
    save(figure, path)
