"""The options of searches: how configurations are chosen, among which, and how many."""

from __future__ import annotations

from dlfun.config import parsers
from dlfun.config.option_table import Option
from dlfun.config.search_space import METHODS

SEARCH = "Search"
COMPARED = tuple(method for method in METHODS if method != "grid")

OF_SPACE: dict[str, Option] = {
    "space": Option(
        parsers.text(),
        "NAME=SCALE:LOW:HIGH of a number, where the scale is lin or log, as in "
        "learning_rate=log:1e-4:1e-1; or NAME=choice:VALUE,VALUE of any name; may be repeated",
        SEARCH,
        (),
        repeated=True,
    ),
    "trials": Option(
        parsers.integer(1),
        "configurations that are drawn; of halving, those of its first bracket; members of pbt",
        SEARCH,
        64,
    ),
    "rounds": Option(
        parsers.integer(1),
        "how often pbt decides who goes on from whom, and in how many batches tpe proposes",
        SEARCH,
        8,
    ),
    "eta": Option(
        parsers.integer(2),
        "halving keeps one of so many configurations after each rung",
        SEARCH,
        3,
    ),
    "brackets": Option(
        parsers.integer(1),
        "halving is begun so often, each time with fewer configurations at a higher rung",
        SEARCH,
        1,
    ),
}
"""What every search of a space may be told."""

NUMBERS = ("trials", "rounds", "eta", "brackets")
"""Of these the numbers."""

SWEEP: dict[str, Option] = {
    "search": Option(
        parsers.choice("search", METHODS),
        "how points are chosen: before the first step (grid, random, sobol), by successive "
        "halving, by population-based training (pbt), or by Optuna's model of what did well (tpe)",
        SEARCH,
        "grid",
    ),
    "grid": Option(
        parsers.text(),
        "NAME=VALUE,VALUE of a number, a shape flag, activation or optimizer, as in "
        "learning_rate=1e-3,1e-2 or bpnn_widths=50x50,100x100; may be repeated, and is then "
        "crossed",
        SEARCH,
        (),
        repeated=True,
    ),
    **OF_SPACE,
}
"""What a sweep may be told."""

SEARCHES: dict[str, Option] = {
    "searches": Option(
        parsers.names("search", COMPARED, parsers.choice("search", COMPARED)),
        "the searches, parted by commas",
        SEARCH,
        ("random", "halving", "pbt", "tpe"),
    ),
    **OF_SPACE,
    "trials": OF_SPACE["trials"]._replace(help="the budget of a search, in whole runs", default=16),
}
"""What a comparison of searches may be told."""
