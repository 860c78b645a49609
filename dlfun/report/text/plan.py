"""The plan of a comparison, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlfun.objectives.metrics import metric
from dlfun.report.text.table import text_table
from dlfun.report.text.verdicts import scaled

if TYPE_CHECKING:
    from dlfun.studies.comparison.plan import Need, Plan
    from dlfun.studies.population.layout_candidates import Explained


def plan_table(plan: Plan) -> str:
    """Seeds for each pair, and what the largest number of them costs for each model."""
    most = {name: largest(plan, name) for name in {need.dataset for need in plan.needs}}
    needs = [need_cells(need) for need in plan.needs]
    costs = [cost_cells(cost, most[cost.dataset]) for cost in plan.costs]
    accuracy = all(metric(need.metric).share for need in plan.needs)
    unit = "delta and sd are in points of accuracy; " if accuracy else ""
    return "\n".join(
        [
            text_table(needs, ("dataset", "a - b")),
            f"{unit}found with power {plan.power:g} at the pair's share of the error rate; the sd "
            "of a pilot is its 80 % upper limit",
            "",
            text_table(costs),
            "validation and scoring come on top; memory is of the members that are in it at a time",
        ]
    )


def need_cells(need: Need) -> dict[str, str]:
    """How many seeds a pair needs."""
    return {
        "dataset": need.dataset,
        "a - b": need.pair,
        "delta": scaled(need.delta, need.metric),
        "sd of differences": scaled(need.sd, need.metric),
        "seeds to find delta": count(need.detect),
        "seeds for equivalence": count(need.equivalence),
    }


def cost_cells(cost: Explained, seeds: int) -> dict[str, str]:
    """What so many seeds of a model cost."""
    best = cost.candidates[0]
    seconds = best.member_step_seconds * cost.steps
    return {
        "dataset": cost.dataset,
        "model": cost.model,
        "layout": str(best.layout),
        "compile s": f"{best.compile_seconds:.1f}",
        "s a seed": f"{seconds:.2f}",
        "seeds": str(seeds),
        "run s": f"{seconds * seeds:.0f}",
        "MiB a device": f"{best.device_bytes / 2**20:.0f}",
    }


def count(seeds: int | None) -> str:
    """A number of seeds, or that there is none."""
    return "-" if seeds is None else f"{seeds:,}"


def largest(plan: Plan, dataset: str) -> int:
    """The largest number of seeds that some pair of a data set needs to find delta."""
    found = [need.detect or 0 for need in plan.needs if need.dataset == dataset]
    return max(2, *found)
