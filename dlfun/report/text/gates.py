"""Gates as text: a line each, with what speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlfun.objectives.metrics import metric as metric_row
from dlfun.report.text.verdicts import interval, scaled
from dlfun.words import plural


def gate_lines(decided: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a gate; its data set where there are several."""
    several = len({one["dataset"] for one in decided}) > 1
    return [gate_line(one, several) for one in decided]


def gate_line(one: Mapping[str, Any], several: bool) -> str:
    """What a gate claims, whether that holds, and by what evidence."""
    where = f" on {one['dataset']}" if several else ""
    head = f"{one['outcome']}: {one['gate']}{where}"
    if one["interval"] is None:
        return f"{head} ({one['why']}{needed(one)})"
    metric = one["metric"]
    unit = f" {metric_row(metric).step}" if metric_row(metric).step else ""
    level = f"{100 * one['level']:.4g} %"
    counted = plural(one["n"], one["run"] if one["unit"] == "runs" else "test example")
    more = "".join(f"; {remark}" for remark in one["remarks"])
    side = "behind" if one["difference"] < 0 else "ahead"
    by = scaled(abs(one["difference"]), metric)
    return (
        f"{head} ({side} by {by}{unit}; {interval(one['interval'], metric)}, {level}; "
        f"{counted}{more}{needed(one)})"
    )


def needed(one: Mapping[str, Any]) -> str:
    """How many seeds, or folds, would decide it, where that is known."""
    if one.get("seeds") is None:
        return ""
    return f"; if that is the difference, about {plural(one['seeds'], one['run'])} decide it"
