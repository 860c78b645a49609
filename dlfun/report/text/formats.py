"""A table of the same cells as CSV, LaTeX or Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from dlfun.data.user_files import csv_file
from dlfun.errors import unknown, visible
from dlfun.report.text.table import WORDS

Cells = Mapping[str, str]

LEFT = (*WORDS, "record", "a", "b", "verdict")
"""Columns of words, which stand to the left."""

PAGE = 40
"""Lines of a LaTeX table that fit on a page."""

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # behind a line's end it would begin an argument
    "]": "{]}",
    "*": "{*}",  # the same
    "±": r"$\pm$",
    "Δ": r"$\Delta$",
    "θ": r"$\theta$",
    "×": r"$\times$",
    "–": "--",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
"""Characters that mean something to LaTeX, or that its fonts lack, and how they are written."""


FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""Begins what a spreadsheet may take for a formula."""

NUMBER = r"(?:-|[-+]?(?:inf|(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?))"
NUMBERS = re.compile(rf"{NUMBER}(?: (?:to|±) {NUMBER})?")
"""A number, the mark of none, or an interval: no formulas, though a sign begins them."""


class Bold(str):
    """A cell to be printed bold, where a format can."""


def latex_text(text: str) -> str:
    r"""A text that LaTeX prints as it is; a sign before a number becomes a minus.

    >>> print(latex_text("copy_memory, 50 %"), latex_text("-0.5"))
    copy\_memory, 50 \% $-$0.5
    """
    signed = re.sub(r"(?<![\w.)])-(?=\d)", "−", text)
    return "".join("$-$" if sign == "−" else LATEX.get(sign, sign) for sign in one_line(signed))


def latex_cell(cell: str) -> str:
    """A cell of a LaTeX table."""
    return rf"\textbf{{{latex_text(cell)}}}" if isinstance(cell, Bold) else latex_text(cell)


def markdown_cell(cell: str) -> str:
    """A cell of a Markdown table."""
    return f"**{markdown_text(cell)}**" if isinstance(cell, Bold) else markdown_text(cell)


def markdown_text(text: str) -> str:
    r"""A text that Markdown prints as it is.

    >>> print(markdown_text("a|b_c"))
    a\|b\_c
    """
    return re.sub(r"([\\|*_`<>\[\]~#])", r"\\\1", one_line(text))


def one_line(text: str) -> str:
    """The text with spaces in place of line ends, all of it visible."""
    return visible(" ".join(text.split()))


def csv_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that spreadsheets show and do not run: a ' before what they take for a formula.

    >>> csv_cells({"class": "=1+1", "mean": "-0.5", "interval": "-1.0 to 2.0", "sd": "-"})
    {'class': "'=1+1", 'mean': '-0.5', 'interval': '-1.0 to 2.0', 'sd': '-'}
    """
    return {csv_text(name): csv_text(cell) for name, cell in row.items()}


def csv_text(cell: Any) -> Any:
    """One cell of it."""
    if not isinstance(cell, str):
        return cell
    is_formula = FORMULA.match(cell) and not NUMBERS.fullmatch(cell)
    return f"'{visible(cell)}" if is_formula else visible(cell)


def csv_table(rows: Sequence[Cells], left: Collection[str], caption: str = "") -> str:
    """Comma-separated values with a line of names, without the caption."""
    file = io.StringIO()
    writer = csv_file.writer(file, list(csv_cells(rows[0])))
    writer.writeheader()
    writer.writerows(map(csv_cells, rows))
    return file.getvalue().rstrip("\n")


def latex_table(rows: Sequence[Cells], left: Collection[str], caption: str = "") -> str:
    """A tabular with the rules of booktabs; a longtable where it fills more than a page.

    With a caption a tabular stands in a table, which floats.
    """

    def line(cells: Sequence[str]) -> str:
        return " & ".join(map(latex_cell, cells)) + r" \\"

    columns = "".join("l" if name in left else "r" for name in rows[0])
    head = [r"\toprule", line(list(rows[0])), r"\midrule"]
    body = [*(line(list(row.values())) for row in rows), r"\bottomrule"]
    above = [rf"\caption{{{latex_text(caption)}}}"] if caption else []
    if len(rows) > PAGE:
        # What stands before an \endhead is repeated on every page, and a caption is not to be.
        first = [*(rf"{text} \\" for text in above), *head, r"\endfirsthead"] if above else []
        lines = inside("longtable", f"{{{columns}}}", [*first, *head, r"\endhead", *body])
        return "\n".join([r"% \usepackage{booktabs,longtable}", *lines])
    lines = inside("tabular", f"{{{columns}}}", [*head, *body])
    lines = inside("table", "", [*above, r"\centering", *lines]) if above else lines
    return "\n".join([r"% \usepackage{booktabs}", *lines])


def inside(environment: str, argument: str, lines: Sequence[str]) -> list[str]:
    """Lines of LaTeX in an environment."""
    return [rf"\begin{{{environment}}}{argument}", *lines, rf"\end{{{environment}}}"]


def markdown_table(rows: Sequence[Cells], left: Collection[str], caption: str = "") -> str:
    """A table of GitHub's Markdown, below its caption."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = [":---" if name in left else "---:" for name in rows[0]]
    texts = [list(rows[0]), *(list(row.values()) for row in rows)]
    head, *body = (line([markdown_cell(cell) for cell in cells]) for cells in texts)
    above = [markdown_text(caption), ""] if caption else []
    return "\n".join([*above, head, line(rule), *body])


FORMATS: Mapping[str, Callable[[Sequence[Cells], Collection[str], str], str]] = {
    "csv": csv_table,
    "latex": latex_table,
    "markdown": markdown_table,
}


def table_as(
    rows: Sequence[Cells], format: str, left: Collection[str] = LEFT, caption: str = ""
) -> str:
    """Rows of the same columns as a table, without a line end behind it.

    Args:
      rows: name of a column -> its text; at least one row.
      format: one of `FORMATS`.
      left: the columns that stand to the left, where a format has sides.
      caption: what the table holds, where a format has room for it.

    Raises:
      UserError: if there is no such format.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    return FORMATS[format](rows, left, caption)
