"""The page of a leaderboard: a section a table, and what was left out."""

from __future__ import annotations

from pathlib import Path

from dlfun.report.html.blocks import Block, Section, Words, table
from dlfun.report.html.headline import Headline
from dlfun.report.html.page import Filled, Part, fill, put_named
from dlfun.report.html.sections.standings import standings_blocks
from dlfun.report.text import standing
from dlfun.report.text.leaderboard import INTERVAL
from dlfun.studies.leaderboard.leaderboard import Board
from dlfun.studies.leaderboard.standings import Standings
from dlfun.words import plural

NAME = "leaderboard.html"

READING = (
    "Runs of one arm from several records are pooled only where the protocol, the checksum of the "
    "data and the split agree; else the arm stands there more than once, with the reason. A "
    "run that stands in two records counts once.",
    "Scores of another metric, of other data or of another split stand in a table of their own, as "
    "do judged results, of which nothing says on which data they were made.",
    INTERVAL,
    "The more arms are tried on one test set, the more the score of the first one flatters it: "
    "the verdicts allow for the number of pairs, and the score itself does not.",
)
"""How a leaderboard is read."""

HEADS = 6
"""So many tables are told in the headline."""


def write_leaderboard(board: Board, path: str | None = None) -> Path:
    """Writes the page of a leaderboard, all or nothing, where no path is named here.

    Raises:
      UserError: if it cannot be written.
    """
    return put_named(path or NAME, lambda: leaderboard_page(board))


def leaderboard_page(board: Board) -> str:
    """The text of the page."""
    sections = [
        section(f"table-{k}", standing.title(found), lead(found), standings_blocks(found))
        for k, found in enumerate(board.tables, 1)
    ]
    reading: list[Block] = [Words(list(READING))]
    if board.left_out:
        rows = [list(pair) for pair in board.left_out]
        reading.append(table(["left out", "why"], rows, "What was named, and is not in it"))
    sections.append(section("reading", "How to read it", "And what is not in it.", reading))
    datasets = plural(len({found.dataset for found in board.tables}), "data set")
    kicker = f"Leaderboard of {plural(board.records, 'record')} on {datasets}"
    return fill([headline(board)], [kicker], sections)


def section(key: str, title: str, lead: str, blocks: list[Block]) -> Filled:
    """A section of all records together."""
    return Filled(Section(key, title, lead, lambda _: blocks), [Part("", blocks)])


def lead(standings: Standings) -> str:
    """Who leads a table, and why it stands apart from another."""
    apart = f" Apart from a table before: {standings.apart}." if standings.apart else ""
    return f"{standing.leader(standings)}.{apart}"


def headline(board: Board) -> Headline:
    """Who leads, table by table."""
    lines = [f"{found.dataset}: {standing.leader(found)}." for found in board.tables]
    more = len(lines) - HEADS
    said = [*lines[1:HEADS], *([f"And {plural(more, 'more table')}."] if more > 0 else [])]
    left = f"{plural(len(board.left_out), 'name')} left out, see the end."
    return Headline("leaderboard", lines[0], [*said, *([left] * bool(board.left_out))])
