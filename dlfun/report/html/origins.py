"""The records that a study began from, as its page says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlfun.words import plural

SHOWN = 12
"""Digits of a checksum that are shown."""


def origin_facts(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A fact for the record whose members were trained further, and for each arm of parameters."""
    facts = []
    before = environment.get("continued_from")
    if before:
        done = plural(int(before.get("intervals", 0)), "interval")
        facts.append(("Trained further from", f"{named(before)}, after {done}"))
    source = environment.get("initialized_from") or {}
    for arm, found in source.get("arms", {}).items():
        taken, fresh = found.get("taken", []), found.get("fresh", [])
        rest = f"; fresh: {', '.join(fresh)}" if fresh else ""
        facts.append(
            (
                f"Initial parameters of {arm}",
                f"{named(source)}, {found.get('arm')}, member {found.get('member')}: took "
                f"{len(taken)} of {plural(len(taken) + len(fresh), 'array')}{rest}",
            )
        )
    return facts


def named(source: Mapping[str, Any]) -> str:
    """A record by its name and checksum."""
    return f"{source.get('record')} ({str(source.get('checksum'))[:SHOWN]})"
