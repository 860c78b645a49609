"""Claims that were to be decided."""

from __future__ import annotations

from dlfun.report.html.blocks import Block, Words
from dlfun.report.html.record import Record
from dlfun.report.text.gates import gate_lines


def gates(record: Record) -> list[Block]:
    """A line a gate: whether it holds, and by what evidence."""
    lines = gate_lines(record.gates)
    return [Words(lines)] if lines else []
