"""A judgement of results, as a call from Python gets it: verdicts, ranks, and a page if asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config import arguments
from dlfun.config.arguments import in_python
from dlfun.config.comparison_spec import ALL
from dlfun.config.parsers import checked, choice
from dlfun.config.protocol_table import NUMBER, REQUIRE
from dlfun.errors import UserError
from dlfun.results.columns import Columns, folder_name
from dlfun.results.judged import Judged, Rules, judge_all
from dlfun.results.scores import PAIRS, read_scores
from dlfun.results.sources import results_from


class Judgement:
    """What comes of a table of results. Made by `dlfun.judge`; `print` shows all of it.

    Attributes:
      judged: of each column of scores what was found.
    """

    def __init__(self, judged: Sequence[Judged], source: str) -> None:
        self.judged, self._source = tuple(judged), source

    @property
    def gates(self) -> list[dict[str, Any]]:
        """A record of each claim that was to be decided, as gates.json has them."""
        return [gate for one in self.judged for gate in one.gates]

    @property
    def pairs(self) -> list[dict[str, Any]]:
        """A record of each pair of methods: difference, interval, verdict; of the first score."""
        return self.judged[0].pairs

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """A row a run, as members.csv has them; of the first score."""
        return list(self.judged[0].rows)

    @property
    def ranks(self) -> dict[str, float]:
        """Method -> mean rank over data sets, best first; empty of fewer than two data sets."""
        ranked = self.judged[0].ranked
        return {} if ranked is None else dict(zip(ranked.names, ranked.mean, strict=True))

    @in_python()
    def save(self, folder: str | Path) -> Path:
        """Writes tables and page to a new folder; of several scores one for each in it.

        Raises:
          UserError: if the folder holds something, or cannot be written to.
        """
        from dlfun.records.folders import check_output_dir, followed
        from dlfun.report.html import write_report
        from dlfun.results.record import Origin, write_judged

        def draw(folder: Path) -> None:
            write_report(folder, [folder])

        target = followed(arguments.path("folder", folder))
        for one in self.judged:
            own = target if len(self.judged) == 1 else str(Path(target, folder_name(one.name)))
            check_output_dir(own, None)
            write_judged(one, own, Origin(self._source), draw)
        return Path(target)

    @in_python()
    def __repr__(self) -> str:
        """Scores, verdicts and ranks, as the command prints them."""
        from dlfun.report.text.gates import gate_lines
        from dlfun.report.text.judged import judged_text

        parts = ["\n\n".join(judged_text(one) for one in self.judged), *gate_lines(self.gates)]
        return "\n".join(parts)


def judge_table(table: Any, asked: Mapping[str, Any]) -> Judgement:
    """The judgement of a table in any form; `asked` has the arguments of `dlfun.judge`."""
    given = asked["delta"]
    given = given if isinstance(given, Mapping) else {} if given is None else {ALL: given}
    if asked["by"] and asked["method"]:
        raise UserError("by and method both say what the method is; leave one out")
    for name in ("by", "score", "lower", "require"):
        for one in asked[name]:
            arguments.text(name, one)
    columns = Columns(
        tuple(asked["by"]) or asked["method"],
        asked["dataset"],
        asked["seed"],
        tuple(asked["score"]),
        tuple(asked["lower"]),
    )
    rules = Rules(
        {str(name): checked(NUMBER, "delta", value) for name, value in given.items()},
        checked(choice("pairs", PAIRS), "pairs", asked["pairs"]),
        asked["reference"],
        [checked(REQUIRE.kind, "require", one) for one in asked["require"]],
    )
    found = results_from(table, columns)
    return Judgement(judge_all(read_scores(found, columns), rules), found.name)
