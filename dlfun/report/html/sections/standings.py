"""The sections of a leaderboard: its tables, with bars that join what no verdict tells apart."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.objectives import metrics
from dlfun.report.html import marks
from dlfun.report.html.axes import Axis, spanning
from dlfun.report.html.blocks import Block, Cell, Figure, Table, Words, cell
from dlfun.report.html.strips import FOOT, HEAD, PITCH, SIDE, WIDTH, Strip, grid, reach, row_marks
from dlfun.report.html.units import NOTHING, number, unit_of
from dlfun.report.text import standing
from dlfun.stats.letters import letter
from dlfun.studies.leaderboard.contenders import Contender
from dlfun.studies.leaderboard.standings import Line, Standings
from dlfun.words import listed, plural

DRAWN = 24
"""So many of the best arms are drawn."""

BARS, STEP, GAP = 12, 12.0, 8.0
"""So many groups have a bar; how far bars are apart, and from the axis."""

MIDDLE = 31.0
"""Where in its row an arm's interval lies."""

COLUMNS = (
    *("arm", "groups", "place"),
    *("95 % interval", "n", "failed", "behind the first"),
    *("parameters", "s a run", "device", "date", "versions", "records", "protocol"),
)


def standings_blocks(standings: Standings) -> list[Block]:
    """The figure, the table, and what is to be said of single arms."""
    notes = [(line.contender.label, standing.note(line)) for line in standings.lines]
    lines = [f"{label}: {note}" for label, note in notes if note]
    said = [Words(lines, "Apart, pooled, or without a verdict", beside=True)] if lines else []
    return [figure(standings), *said, table_of(standings)]


def table_of(standings: Standings) -> Table:
    """The table, best arm first; the first one is strong."""
    unit = unit_of(standings.metric)
    rows = [row(standings, k) for k in range(len(standings.lines))]
    names = [*COLUMNS[:3], unit.label, *COLUMNS[3:]]
    said = [*standing.meaning(standings), *(["Bold: the first."] if standings.tied else [])]
    return Table(names, rows, standing.title(standings), " ".join(said))


def row(standings: Standings, at: int) -> list[Cell]:
    """An arm's cells, with the numbers that they are sorted by."""
    line, unit = standings.lines[at], unit_of(standings.metric)
    one, leads = line.contender, at in standings.tied[:1]
    mean = one.score.estimate
    low, high = metrics.shown_ends(one.score.low, one.score.high, standings.metric)
    place = None if line.place is None else line.place[0] + line.place[1] / 1e6
    counts, spent, score = standing.parameters(one), standing.seconds(one), finite(mean)
    return [
        Cell(one.label, None, leads),
        Cell(line.letters or NOTHING),
        Cell(standing.place(line) or NOTHING, place),
        Cell(unit.text(mean), score, leads),
        Cell(unit.interval((low, high)) if np.isfinite(low) else NOTHING),
        cell(one.score.n),
        cell(standing.failed(one)),
        behind(line, standings.metric),
        Cell("–".join(f"{n:,}" for n in counts) or NOTHING, counts[0] if counts else None),
        Cell(number(spent), finite(spent)),
        *origin(one),
    ]


def origin(one: Contender) -> list[Cell]:
    """Where an arm's runs come from."""
    texts = standing.devices(one), " – ".join(standing.dates(one)), standing.versions(one)
    protocol = one.pool.parts[0].origin.protocol
    return [Cell(text or NOTHING) for text in (*texts, standing.records(one), protocol)]


def finite(value: float) -> float | None:
    """A number to sort by; None where there is none."""
    return float(value) if np.isfinite(value) else None


def behind(line: Line, metric: str) -> Cell:
    """How much the first arm is ahead, with the interval of the family."""
    if line.behind is None:
        return Cell(NOTHING)
    unit, (diff, ends) = unit_of(metric), line.behind
    far = f" {unit.interval(ends)}" if np.isfinite(ends[0]) else ""
    return Cell(f"{unit.text(diff)}{far}", diff)


def figure(standings: Standings) -> Figure:
    """Every run, mean and interval of the best arms, and a bar for each group of them."""
    shown = [k for k, line in enumerate(standings.lines[:DRAWN]) if line.contender.score.n]
    names = [line.contender.label for line in standings.lines]
    alike = [listed([names[k] for k in group], 12) for group in standings.groups if len(group) > 1]
    finding = f"{standing.leader(standings)}; not told apart: {'; '.join(alike[:BARS])}"
    if not alike:
        finding = f"{standing.leader(standings)}; all that have a verdict are told apart"
    left = len(names) - len(shown)
    caption = (
        "Dots are runs, the bar across is the 95 % t interval of their mean. The upright bars at "
        "the right join arms no two of which are told apart; their letters are those of the table."
        + (f" {plural(left, 'further arm')}: in the table alone." if left else "")
    )
    drawn = drawing(standings, shown, finding)
    return Figure("Who is tied with whom", finding, drawn, caption=caption, wide=True)


def drawing(standings: Standings, shown: list[int], finding: str) -> Markup:
    """Strips of the arms over one axis, and beside them the bars of their groups."""
    unit = unit_of(standings.metric)
    rows = [strip(standings, at, unit.factor) for at in shown]
    height = HEAD + PITCH * len(rows) + FOOT
    axis = spanning(reach(rows, (), None), SIDE, WIDTH - SIDE) if rows else Axis(0, 1, SIDE, WIDTH)
    groups = standings.groups[:BARS]
    parts = [
        *grid(axis, height - FOOT),
        *(row_marks(one, axis, HEAD + PITCH * k) for k, one in enumerate(rows)),
        *(
            bar(k, [shown.index(at) for at in group if at in shown])
            for k, group in enumerate(groups)
        ),
        marks.words(WIDTH / 2, height - 6, unit.label, "label", "middle"),
    ]
    return marks.drawing(WIDTH + GAP + STEP * len(groups), height, finding, *parts)


def strip(standings: Standings, at: int, factor: float) -> Strip:
    """The row of an arm, its runs in shown units."""
    line = standings.lines[at]
    one, unit = line.contender, unit_of(standings.metric)
    sign = factor * metrics.sign(standings.metric)  # a side is turned so that more is better
    values = np.array([]) if one.side is None else sign * one.side.scores
    text = f"{unit.text(one.score.estimate)} {line.letters or NOTHING}"
    ends = metrics.shown_ends(one.score.low, one.score.high, standings.metric)
    mean, low, high = (factor * value for value in (one.score.estimate, *ends))
    return Strip(one.label, values, 0, (mean, low, high), text, at in standings.tied[:1])


def bar(number_: int, rows: list[int]) -> Markup:
    """The bar of a group, with a dot at each of its arms and its letter above."""
    if not rows:
        return Markup("")
    x = WIDTH + GAP + STEP * (number_ + 0.25)
    ys = [HEAD + PITCH * row + MIDDLE for row in rows]
    line = marks.rule(x, ys[0], x, ys[-1], "arrow")
    name = marks.words(x, ys[0] - 10, letter(number_), "tick", "middle")
    return line + marks.dots([x] * len(ys), ys, 0, 3.0) + name
