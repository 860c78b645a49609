"""The options that say where a study begins: anew, from a record's end, or from its parameters."""

from __future__ import annotations

from dlfun.config import parsers
from dlfun.config.option_table import STUDY, Option

STARTS: dict[str, Option] = {
    "continue_from": Option(
        parsers.path(),
        "a record whose members are trained further, --steps=+N more: model, data and all else are "
        "its own, and the new record is that of the longer run",
        STUDY,
        replayed=False,
        frozen=False,
    ),
}
"""Name -> row, in the order of the help."""

ONE_POPULATION = ("tune", "until_decided", "variance", "curve")
"""Options of a comparison under which its runs are not one population an arm, trained as asked."""
