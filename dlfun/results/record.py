"""The record of judged results: tables, verdicts and ranks in a folder, with their page."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.commands import command, typed
from dlfun.decoration import spared
from dlfun.errors import by_flags
from dlfun.results.judged import Judged
from dlfun.studies.comparison.gates import GATES


class Origin(NamedTuple):
    """Where results came from: what was read, and the flags by which it is judged so again."""

    source: str
    flags: Sequence[str] = ()


def write_judged(
    judged: Judged,
    output_dir: str,
    origin: Origin,
    draw: Callable[[Path], None],
    overwrite: bool = False,
) -> Path:
    """members.csv, comparison.json, ranks.csv, rank_pairs.csv, environment.json, config.flags.

    Args:
      draw: adds the page.

    Raises:
      UserError: if the folder cannot be written.
    """
    from dlfun.records import writer
    from dlfun.records.dates import DATE, now
    from dlfun.records.environment import version
    from dlfun.records.folders import FLAGS
    from dlfun.records.notes import Note

    def fill(folder: Path) -> None:
        writer.write_members(folder, judged.rows)
        writer.write_json(folder / "comparison.json", judged.pairs)
        writer.write_notes(folder, [Note(text) for text in judged.notes])
        if judged.gates:
            writer.write_json(folder / GATES, judged.gates)
        for name, rows in rank_tables(judged).items():
            writer.write_table(folder / f"{name}.csv", rows)
        facts = {
            "source": origin.source,
            "score": judged.name,
            "notes": judged.notes,
            DATE: now(),
            **({"command": typed()} if by_flags() else {}),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in ("dlfun", "numpy", "scipy")},
        }
        writer.write_json(folder / "environment.json", facts)
        first = f"# {command('judge')} {origin.source} --flagfile={FLAGS}"
        (folder / FLAGS).write_text("\n".join([first, *origin.flags]) + "\n", encoding="utf-8")
        spared("the page", lambda: draw(folder))

    return writer.write_record(output_dir, fill, overwrite)


def rank_tables(judged: Judged) -> dict[str, list[dict[str, Any]]]:
    """Name -> rows: mean ranks, and what tells pairs of methods apart; those that there are."""
    ranked = judged.ranked
    if ranked is None:
        return {}
    means = zip(ranked.names, ranked.mean, strict=True)
    found = {"ranks": [{"arm": name, "mean_rank": mean} for name, mean in means]}
    found |= {"rank_pairs": ranked.pairs()}
    return {name: rows for name, rows in found.items() if rows}
