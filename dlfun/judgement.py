"""A judgement of results, as a call from Python gets it: verdicts, ranks, and a page if asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config import arguments
from dlfun.config.arguments import in_python
from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.parsers import checked, choice
from dlfun.config.protocol_table import NUMBER, REQUIRE
from dlfun.errors import UserError
from dlfun.results.columns import Columns, folder_name
from dlfun.results.judged import Judged, judge_scores
from dlfun.results.scores import PAIRS, read_scores
from dlfun.results.sources import results_from
from dlfun.studies.comparison.gates import decide_gates


class Judgement:
    """What comes of a table of results. Made by `dlfun.judge`; `print` shows all of it.

    Attributes:
      judged: of each column of scores what was found.
      gates: as in gates.json, a record of each claim that was to be decided.
    """

    def __init__(
        self, judged: Sequence[Judged], source: str, gates: Sequence[dict[str, Any]] = ()
    ) -> None:
        self.judged, self._source, self.gates = tuple(judged), source, list(gates)

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
        from dlfun.results.record import write_judged

        def draw(folder: Path) -> None:
            write_report(folder, [folder])

        target = followed(arguments.path("folder", folder))
        for one in self.judged:
            own = target if len(self.judged) == 1 else str(Path(target, folder_name(one.name)))
            check_output_dir(own, None)
            write_judged(one, own, self._source, draw, gates=self.gates)
        return Path(target)

    @in_python()
    def __repr__(self) -> str:
        """Scores, verdicts and ranks, as the command prints them."""
        from dlfun.report.text.gates import gate_lines
        from dlfun.report.text.judged import judged_text

        parts = ["\n\n".join(judged_text(one) for one in self.judged), *gate_lines(self.gates)]
        return "\n".join(parts)


def judge_table(
    table: Any,
    named: Mapping[str, str | None],
    by: Sequence[str],
    scores: Mapping[str, Sequence[str]],
    pairs: str,
    delta: Any,
    require: Sequence[str],
) -> Judgement:
    """The judgement of a table in any form; see `dlfun.judge`."""
    how = checked(choice("pairs", PAIRS), "pairs", pairs)
    given = delta if isinstance(delta, Mapping) else {} if delta is None else {ALL: delta}
    deltas = {str(name): checked(NUMBER, "delta", value) for name, value in given.items()}
    if by and named["method"]:
        raise UserError("by and method both say what the method is; leave one out")
    method = tuple(by) or named["method"]
    lists = (tuple(scores["score"]), tuple(scores["lower"]))
    columns = Columns(method, named["dataset"], named["seed"], *lists)
    found = results_from(table, columns)
    judged = [
        judge_scores(one, deltas, how, named["reference"]) for one in read_scores(found, columns)
    ]
    if require and len(judged) > 1:
        raise UserError("require is about one score; name one by score")
    gates = [checked(REQUIRE.kind, "require", one) for one in require]
    decided = decide_gates(gates, judged[0].tested, Claim({ALL: 0.0} | deltas))
    return Judgement(judged, found.name, decided)
