"""Runs of one arm from several records: pooled where all that they come from agrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dlfun.stats.spread import finite
from dlfun.studies.comparison.verdicts import Row, score
from dlfun.studies.leaderboard.facts import difference_words, different
from dlfun.studies.leaderboard.record_arms import RecordArm

Scores = dict[tuple[str, ...], float]


class Pool(NamedTuple):
    """Runs that are of one arm.

    Attributes:
      parts: the arms of records that they come from.
      apart: in words, why an arm of the same name stands before it by itself; else empty.
    """

    parts: list[RecordArm]
    apart: str = ""


def pool_arms(arms: Sequence[RecordArm]) -> list[Pool]:
    """The arms of one name, those together whose facts agree, in their order."""
    pools: list[Pool] = []
    for arm in arms:
        place = next((k for k, pool in enumerate(pools) if belongs(arm, pool)), None)
        if place is None:
            pools.append(Pool([arm], why_apart(arm, pools)))
        else:
            pools[place].parts.append(arm)
    return pools


def belongs(arm: RecordArm, pool: Pool) -> bool:
    """Whether runs come from the same as those of a pool, and score alike where they are the same.

    Of judged results so little is known that they must share a run.
    """
    first = pool.parts[0]
    if different(arm.run, first.run):
        return False
    known = {key: value for part in pool.parts for key, value in scores_of(part).items()}
    own = scores_of(arm)
    shared = [key for key in own if key in known]
    same = all(is_same(own[key], known[key]) for key in shared)
    return same and (arm.trained or bool(shared))


def scores_of(arm: RecordArm) -> Scores:
    """Run -> its score; NaN where it failed."""
    values = (score(row, arm.metric) for row in arm.rows)
    return dict(zip(arm.keys, values, strict=True))


def is_same(one: float, other: float) -> bool:
    """Whether two scores are of the same run, or both failed."""
    return one == other or (one != one and other != other)


def why_apart(arm: RecordArm, pools: Sequence[Pool]) -> str:
    """In words, what keeps an arm apart from those of its name, by the one most like it."""
    if not pools:
        return ""
    near = min(range(len(pools)), key=lambda k: len(different(arm.run, pools[k].parts[0].run)))
    first = pools[near].parts[0]
    beside = f"beside {first.model} ({near + 1})"
    said = difference_words(first.run, arm.run)
    if said:
        return f"{beside}, {said}"
    if not arm.trained and not set(arm.keys) & set(first.keys):
        return f"{beside}, other seeds of a table of the same name"
    where = difference_words(circumstances(first), circumstances(arm))
    return f"{beside}, the same seeds score otherwise{f' ({where})' if where else ''}"


def circumstances(arm: RecordArm) -> dict[str, Any]:
    """What may make the same runs score otherwise."""
    versions = {f"version of {name}": v for name, v in arm.origin.versions.items()}
    return {"devices": ", ".join(dict.fromkeys(arm.origin.devices)) or None} | versions


def pooled_rows(parts: Sequence[RecordArm]) -> tuple[list[Row], list[tuple[str, ...]], int]:
    """The runs of all parts in the order of their keys, each once, numbered anew.

    What was a copy of a run stays one. An arm whose runs were all one result in a record, and
    have the same score in another one, has one result.

    Returns:
      the rows; their keys; how many stood in more than one record.
    """
    rows: dict[tuple[str, ...], Row] = {}
    original: dict[tuple[str, ...], tuple[str, ...]] = {}
    for part in parts:
        keys = {row["replicate"]: key for row, key in zip(part.rows, part.keys, strict=True)}
        for row, key in zip(part.rows, part.keys, strict=True):
            rows.setdefault(key, row)
            copied = row.get("copy_of", "")
            original.setdefault(key, keys.get(copied, key) if copied != "" else key)
    order = sorted(rows)
    constant = {value for part in parts if (value := one_result(part)) is not None}
    place = {key: k for k, key in enumerate(order)}
    first: dict[float, int] = {}
    found: list[Row] = []
    for k, key in enumerate(order):
        value = score(rows[key], parts[0].metric)
        source = place[original[key]]
        if value in constant:
            source = first.setdefault(value, k)
        copy = {"copy_of": source if source != k else ""}
        found.append({**rows[key], "replicate": k, **copy})
    return found, order, sum(len(part.rows) for part in parts) - len(rows)


def one_result(part: RecordArm) -> float | None:
    """The score that all runs of a record have, where they are copies of one; else None."""
    copies = [row for row in part.rows if row.get("copy_of", "") != ""]
    if not copies or len(copies) != len(part.rows) - 1:
        return None
    values = finite([score(row, part.metric) for row in part.rows])
    return float(values[0]) if len(values) else None
