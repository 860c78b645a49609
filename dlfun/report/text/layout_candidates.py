"""The table of layouts that a study could run under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlfun.report.text.table import text_table

if TYPE_CHECKING:
    from dlfun.studies.population.layout_candidates import Explained

HEADING = (
    "devices x members at once on each, [/members in memory], [+way the layers compute]; "
    "the fastest of each model is kept for later studies"
)


def layout_table(found: Sequence[Explained]) -> str:
    """Every candidate's times and memory, fastest first, model by model."""
    rows = [
        {
            "dataset": one.dataset,
            "model": one.model,
            "members": str(one.members),
            "layout": str(candidate.layout),
            "compile s": f"{candidate.compile_seconds:.1f}",
            "ms a member step": f"{1e3 * candidate.member_step_seconds:.3f}",
            "run s": f"{candidate.member_step_seconds * one.members * one.steps:.1f}",
            "MiB a device": f"{candidate.device_bytes / 2**20:.1f}",
        }
        for one in found
        for candidate in one.candidates
    ]
    return f"{text_table(rows)}\n{HEADING}"
