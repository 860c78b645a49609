"""Decision boundaries in the plane of two inputs, moved through training by a slider."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report import styles
from dlfun.report.boundaries import CLASS_STYLES, Boundaries, boundaries_of, lines, regions
from dlfun.report.html import marks, pixels, plots
from dlfun.report.html.axes import Axis
from dlfun.report.html.blocks import Block, Figure, Key, Table, table
from dlfun.report.html.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plane
from dlfun.report.html.record import Arm, Record, arm_arrays, arms
from dlfun.report.html.units import unit_of
from dlfun.words import plural

TINT = 58
"""Of 255: how strongly a region is coloured, on a page of any colour."""


def boundary(record: Record) -> list[Block]:
    """A figure of every arm that left its boundaries."""
    found = ((arm, boundaries_of(arrays)) for arm, arrays in arm_arrays(record, "evidence"))
    return [figure(record, arm, own) for arm, own in found if own is not None]


def figure(record: Record, arm: Arm, found: Boundaries) -> Figure:
    """Regions and boundary of the best member, those of others faint, and training points."""
    runs, frames = len(found.members), len(found.steps)
    parts = [f"{name} {100 * share:.0f} %" for name, share in shares(found)]
    finding = (
        f"Decision boundary of {arm[1]} on {arm[0]}; of the plane the best run takes for class "
        + ", ".join(parts)
    )
    moved = (
        f" The slider moves through training: {plural(len(found.history), 'run')}, the best, the "
        f"middle and the worst, were run again for it, and say the same as the record at the end "
        f"in {100 * found.agreement:.4g} % of the plane."
        if frames
        else ""
    )
    keys = [Key(name, CLASS_STYLES[k]) for k, name in enumerate(found.classes)]
    return Figure(
        f"Boundary of {arm[1]}, {arm[0]}",
        finding,
        drawn(record, arm, found, finding),
        numbers(found),
        f"Shaded: what the best of {plural(runs, 'run')} says, by validation; strong line: where "
        f"it changes its mind; faint lines: the other runs; marks: training examples.{moved}",
        keys,
    )


def shares(found: Boundaries) -> list[tuple[str, float]]:
    """Class -> the part of the plane that the best member takes for it."""
    said = found.scores[0].argmax(-1)
    return [(name, float((said == k).mean())) for k, name in enumerate(found.classes)]


def numbers(found: Boundaries) -> Table:
    """The parts of the plane that each run takes for each class."""
    said = found.scores.argmax(-1)
    rows = [
        [int(member) + 1, *(float(100 * (own == k).mean()) for k in range(len(found.classes)))]
        for member, own in zip(found.members, said, strict=True)
    ]
    names = ["run", *(f"class {name} (%)" for name in found.classes)]
    return table(names, rows, "Parts of the plane, by class")


def drawn(record: Record, arm: Arm, found: Boundaries, finding: str) -> Markup:
    """The drawing, a layer a frame, and the slider that chooses one of them."""
    axes = Plane(
        Axis(found.xs[0], found.xs[-1], LEFT, WIDTH - RIGHT),
        Axis(found.ys[0], found.ys[-1], HEIGHT - BOTTOM, TOP),
        *found.names,
    )
    frames = [found.history[:, k] for k in range(len(found.steps) - 1)]
    layers = [layer(found, axes, scores) for scores in [*frames, found.scores]]
    shown = [
        marks.element("g", body, class_=f"frame{' shown' if k == len(layers) - 1 else ''}")
        for k, body in enumerate(layers)
    ]
    picture = marks.drawing(WIDTH, HEIGHT, finding, *shown, plots.frame(axes), *points(found, axes))
    return picture + slider(record, arm, found) if frames else picture


def layer(found: Boundaries, axes: Plane, scores: np.ndarray) -> Markup:
    """Regions of the first member of scores [members, ys, xs, classes], and lines of all."""
    others = "".join(outline(found, axes, own) for own in scores[1:])
    parts = [tinted(axes, regions(scores[0]))]
    if others:
        parts.append(marks.element("path", class_="side-line", d=others))
    parts.append(marks.element("path", class_="main-line", d=outline(found, axes, scores[0])))
    return Markup("").join(parts)


def outline(found: Boundaries, axes: Plane, scores: np.ndarray) -> str:
    """The lines of one member as a path."""
    made = lines(found, scores)
    return "".join(marks.path(axes.x.at(one[:, 0]), axes.y.at(one[:, 1])) for one in made)


def tinted(axes: Plane, said: np.ndarray) -> Markup:
    """Regions [ys, xs] as a picture of clear colours behind the axes."""
    colours = [styles.colour(CLASS_STYLES[k]).light for k in range(len(CLASS_STYLES))]
    table_of = np.array([[*bytes.fromhex(c[1:]), TINT] for c in colours], np.uint8)
    return marks.element(
        "image",
        href=pixels.png(table_of[said[::-1]]),
        x=axes.x.start,
        y=axes.y.end,
        width=axes.x.end - axes.x.start,
        height=axes.y.start - axes.y.end,
        preserveAspectRatio="none",
    )


def points(found: Boundaries, axes: Plane) -> list[Markup]:
    """Training examples, each class with its colour and marker."""
    size = 5.0 if len(found.points) <= 20 else 2.6
    made = []
    for k in range(len(found.classes)):
        own = found.points[found.targets == k]
        look = "dots rimmed" if size > 4 else "dots faint"
        made.append(
            marks.dots(axes.x.at(own[:, 0]), axes.y.at(own[:, 1]), CLASS_STYLES[k], size, look)
        )
    return made


def slider(record: Record, arm: Arm, found: Boundaries) -> Markup:
    """A slider over the evaluations; beside it the step, and the best run's score there."""
    said = at_each(record, arm, found)
    last = len(said) - 1
    box = marks.element(
        "input", type="range", min=0, max=last, step=1, value=last, data_frames="|".join(said),
        aria_label="training step",
    )  # fmt: skip
    return marks.element("label", f"{box}<output>{said[-1]}</output>", class_="slider")


def at_each(record: Record, arm: Arm, found: Boundaries) -> list[str]:
    """Step by step, what stands beside the slider."""
    steps = [f"step {int(step):,}" for step in found.steps]
    name, unit = "validation_accuracy", unit_of("validation_accuracy")
    values = record.history.get(f"{arm[0]}/{arm[1]}/{name}")
    best = int(found.members[0])
    if values is None or len(values) != len(arms(record)[arm]) or values.shape[1] != len(steps):
        return steps
    return [
        f"{s}: {unit.name} {unit.whole(float(v))}" for s, v in zip(steps, values[best], strict=True)
    ]
