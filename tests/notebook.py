"""Runs the code of a notebook without Jupyter, and writes what it gave into the notebook.

python -m tests.notebook experiments/lessons/first_study.ipynb
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def code_of(notebook: dict[str, Any]) -> list[str]:
    """The text of each cell of code."""
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def run(cells: Iterable[str]) -> list[list[dict[str, Any]]]:
    """The outputs of each cell, in the form of a notebook: what it prints, and its last value."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    return [run_cell(cell, number, namespace) for number, cell in enumerate(cells, 1)]


def run_cell(text: str, number: int, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    body = ast.parse(text).body
    last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), f"cell {number}", "exec"), namespace)
        if last is not None:
            value = eval(compile(last, f"cell {number}", "eval"), namespace)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        lines = printed.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines})
    if value is not None:
        shown = {"text/plain": repr(value).splitlines(keepends=True)}
        if hasattr(value, "_repr_html_"):
            shown["text/html"] = value._repr_html_().splitlines(keepends=True)
        result = {"output_type": "execute_result", "execution_count": number}
        outputs.append(result | {"data": shown, "metadata": {}})
    return outputs


def fill(path: Path) -> None:
    """Runs a notebook and writes its outputs into it."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = iter(enumerate(run(code_of(notebook)), 1))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = next(found)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
