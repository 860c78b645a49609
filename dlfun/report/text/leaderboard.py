"""A leaderboard as tables for papers, spreadsheets and pages of one's own."""

from __future__ import annotations

from dlfun.objectives.metrics import metric as metric_row
from dlfun.objectives.metrics import shown_ends
from dlfun.report.text.formats import table_as
from dlfun.report.text.papers import ends
from dlfun.report.text.standing import (
    dates,
    devices,
    failed,
    leader,
    meaning,
    note,
    parameters,
    place,
    records,
    seconds,
    title,
    versions,
)
from dlfun.report.text.table import shown
from dlfun.studies.leaderboard.leaderboard import Board
from dlfun.studies.leaderboard.standings import Line, Standings

LEFT = ("dataset", "metric", "arm", "groups", "device", "versions", "records", "protocol", "note")
"""Columns of words, which stand to the left."""

INTERVAL = (
    "95 % t intervals of the mean over runs, wider where their splits overlap; n: results that did "
    "not fail, copies once."
)


def leaderboard_text(board: Board, format: str) -> str:
    """All tables of a leaderboard; in CSV one, told apart by its first columns.

    Raises:
      UserError: if the format is unknown.
    """
    if format == CSV:
        return table_as([row for table in board.tables for row in rows_of(table)], format, LEFT)
    parts = []
    for table in board.tables:
        about = f"{title(table)}. {leader(table)}. {' '.join([*meaning(table), INTERVAL])}"
        apart = f" Apart from a table before: {table.apart}." if table.apart else ""
        rows = [{n: v for n, v in row.items() if n not in LEFT[:2]} for row in rows_of(table)]
        parts.append(table_as(rows, format, LEFT, about + apart))
    return "\n\n".join(parts)


CSV = "csv"
"""The format that has one table."""


def rows_of(standings: Standings) -> list[dict[str, str]]:
    """A row an arm, best first; the same columns in every table."""
    return [cells(standings, line) for line in standings.lines]


def cells(standings: Standings, line: Line) -> dict[str, str]:
    """An arm: its place and groups, its score, what it cost, and where it comes from."""
    one, metric = line.contender, standings.metric
    least, most = shown_ends(one.score.low, one.score.high, metric)
    mean, low, high = (shown(x, metric) for x in (one.score.estimate, least, most))
    spent, counts = seconds(one), parameters(one)
    behind, far = line.behind or (float("nan"), (float("nan"),) * 2)
    of_table = f"{title(standings).partition(': ')[2]} {metric_row(metric).unit}".rstrip()
    return {
        "dataset": standings.dataset,
        "metric": of_table,
        "arm": one.label,
        "place": place(line) or "-",
        "groups": line.letters or "-",
        "score": mean,
        "interval": ends([low, high]),
        "n": str(one.score.n),
        "failed": str(failed(one)),
        "behind first": shown(behind, metric),
        "behind interval": ends([shown(x, metric) for x in far]),
        "parameters": "–".join(f"{count:,}" for count in counts) or "-",
        "seconds": f"{spent:.3g}" if spent == spent else "-",
        "device": devices(one) or "-",
        "date": "–".join(dates(one)),
        "versions": versions(one) or "-",
        "records": records(one),
        "protocol": one.pool.parts[0].origin.protocol,
        "note": note(line) or "-",
    }
