"""Runs of one arm from several records: pooled where all that they come from agrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dlfun.stats.spread import finite
from dlfun.studies.comparison.verdicts import Row, score
from dlfun.studies.leaderboard.facts import difference_words, different, value
from dlfun.studies.leaderboard.record_arms import RecordArm

IN_LABEL = 2
"""So many facts tell arms of one name apart in their labels."""

Scores = dict[tuple[str, ...], float]


class Pool(NamedTuple):
    """Runs that are of one arm.

    Attributes:
      parts: the arms of records that they come from.
      label: the name of the arm; with what tells it from others of the name, where there are any.
      apart: in words, why it is not one with the pool before that is most like it; else empty.
    """

    parts: list[RecordArm]
    label: str
    apart: str = ""


def pool_arms(arms: Sequence[RecordArm]) -> list[Pool]:
    """The arms of one name, those together whose facts agree, in their order."""
    groups: list[list[RecordArm]] = []
    for arm in arms:
        group = next((parts for parts in groups if belongs(arm, parts)), None)
        if group is None:
            groups.append([arm])
        else:
            group.append(arm)
    names = labels_of([parts[0] for parts in groups])
    named = list(zip(names, groups, strict=True))
    return [
        Pool(parts, label, why_apart(parts[0], named[:k])) for k, (label, parts) in enumerate(named)
    ]


def labels_of(firsts: Sequence[RecordArm]) -> list[str]:
    """What arms of one name are called: by the facts that they differ in, if few, or by number."""
    name = firsts[0].model
    if len(firsts) == 1:
        return [name]
    known = dict.fromkeys(fact for one in firsts for fact in different(one.run, firsts[0].run))
    labels = [
        f"{name} ({', '.join(f'{fact} {value(one.run.get(fact))}' for fact in known)})"
        for one in firsts
    ]
    if len(known) <= IN_LABEL and len(set(labels)) == len(labels):
        return labels
    return [f"{name} ({k})" for k in range(1, len(firsts) + 1)]


def belongs(arm: RecordArm, parts: Sequence[RecordArm]) -> bool:
    """Whether runs come from the same as those of others, and score alike where they are the same.

    Of judged results so little is known that they must share a run.
    """
    first = parts[0]
    if different(arm.run, first.run):
        return False
    known = {key: found for part in parts for key, found in scores_of(part).items()}
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


def why_apart(arm: RecordArm, before: Sequence[tuple[str, list[RecordArm]]]) -> str:
    """In words, what keeps an arm apart from those of its name, by the one most like it."""
    if not before:
        return ""
    label, parts = min(before, key=lambda one: len(different(arm.run, one[1][0].run)))
    first, beside = parts[0], f"beside {label}"
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
    constant = {result for part in parts if (result := one_result(part)) is not None}
    place = {key: k for k, key in enumerate(order)}
    first: dict[float, int] = {}
    found: list[Row] = []
    for k, key in enumerate(order):
        result = score(rows[key], parts[0].metric)
        source = place[original[key]]
        if result in constant:
            source = first.setdefault(result, k)
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
