"""The section on calibration: is a model right as often as it is sure?"""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks, plots
from dlfun.report.html.axes import Axis
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.plots import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plane, Series
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.report.html.results import style_of
from dlfun.stats import t_interval

Arrays = dict[str, np.ndarray]
Found = tuple[Arm, Arrays]
NEEDED = ("calibration_count", "calibration_confidence", "calibration_accuracy")


def calibration(record: Record) -> list[Block]:
    """A reliability diagram for every data set."""
    by_dataset: dict[str, list[Found]] = {}
    for arm, arrays in arm_arrays(record, "evidence"):
        if all(name in arrays for name in NEEDED):
            by_dataset.setdefault(arm[0], []).append((arm, arrays))
    return [figure(record, dataset, found) for dataset, found in by_dataset.items()]


def figure(record: Record, dataset: str, found: list[Found]) -> Figure:
    """Accuracy against confidence of all arms of a data set."""
    series = [arm_series(record, arm, arrays) for arm, arrays in found]
    errors = {arm[1]: np.ravel(a.get("ece", np.nan)).astype(float) for arm, a in found}
    told = [f"{name} {100 * np.nanmean(e):.1f} points" for name, e in errors.items() if known(e)]
    finding = (
        f"Calibration on {dataset}; expected calibration error: {'; '.join(told) or 'unknown'}"
    )
    axes = Plane(
        Axis(0, 100, LEFT, WIDTH - RIGHT),
        Axis(0, 100, HEIGHT - plots.BOTTOM, TOP),
        "confidence (%)",
        "right (%)",
    )
    keys = plots.keys_of(series, mark=True)
    return Figure(
        f"Calibration on {dataset}",
        finding,
        plots.curves(series, axes, finding, [diagonal(axes)], points=True),
        numbers(found, errors),
        "Of the predictions that were so sure, so many were right; below the dashed line a model "
        "is surer than it should be.",
        keys,
    )


def known(values: np.ndarray) -> bool:
    """Whether there is a number among values."""
    return bool(np.isfinite(values).any())


def arm_series(record: Record, arm: Arm, arrays: Arrays) -> Series:
    """The bins of an arm that hold predictions."""
    count, sure, right = (np.asarray(arrays[name], float) for name in NEEDED)
    kept = count > 0
    return Series(arm[1], style_of(record, arm[1]), 100 * sure[kept], 100 * right[kept])


def diagonal(axes: Plane) -> Markup:
    """Where confidence is accuracy."""
    return marks.rule(axes.x.start, axes.y.start, axes.x.end, axes.y.end, "mark")


def numbers(found: list[Found], errors: dict[str, np.ndarray]) -> Table:
    """Errors of each arm, and its bins."""
    rows: list[list[object]] = []
    for (_, model), arrays in found:
        for count, sure, right in zip(*(arrays[name] for name in NEEDED), strict=True):
            if count:
                rows.append([model, int(count), float(100 * sure), float(100 * right)])
    means = {name: t_interval(e) for name, e in errors.items() if known(e)}
    note = "Expected calibration error in points, mean over runs ± 95 % t interval: " + "; ".join(
        f"{n} {100 * m.estimate:.2f}" + (f" ± {100 * m.half_width:.2f}" if m.n > 1 else "")
        for n, m in means.items()
    )
    brier = {arm[1]: np.ravel(a["brier"]).astype(float) for arm, a in found if "brier" in a}
    if brier:
        note += ". Brier score of the predicted class: " + "; ".join(
            f"{name} {np.nanmean(values):.3f}" for name, values in brier.items() if known(values)
        )
    columns = ["arm", "predictions", "confidence (%)", "right (%)"]
    return table(columns, rows, "Calibration", f"{note}.")
