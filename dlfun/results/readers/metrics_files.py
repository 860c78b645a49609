"""Folders of metrics.csv, as Keras' CSVLogger and Lightning write them: a file is a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dlfun.config import numerals
from dlfun.errors import UserError, short
from dlfun.results.columns import FAILED, MISSING, Columns, is_numeric
from dlfun.results.curves import STEPS, step_of
from dlfun.results.runs import Run, flat, from_path, log_error, run_table
from dlfun.results.tables import Table, check_size, from_text

SUFFIXES = (".csv", ".tsv", ".log")

CONFIGS = (
    *("hparams.yaml", "config.yaml", ".hydra/config.yaml"),
    *("config.json", "hparams.json", "args.json"),
)
"""Files beside the metrics that say what a run was told; the first that is there."""


def files_of(folder: Path) -> list[Path]:
    """The files below a folder that log a run, in the order of their names."""
    found = (f for f in sorted(folder.rglob("*")) if f.suffix.lower() in SUFFIXES and f.is_file())
    return [file for file in found if step_of(header(file)) is not None]


def header(file: Path) -> list[str]:
    """The names in the first line of a file; none of what is no text."""
    try:
        with file.open(encoding="utf-8-sig") as text:
            first = text.readline(100_000)
    except (UnicodeDecodeError, OSError):
        return []
    return [name.strip() for name in first.strip().replace("\t", ",").split(",")]


def read(path: str, columns: Columns) -> Table:
    """The runs below a folder.

    Raises:
      UserError: if a file is no table, or its scores are no numbers.
    """
    top = Path(path)
    files = files_of(top)
    folders = [file.parent for file in files]
    size, runs = 0, []
    for file in files:
        curves = read_curves(file)
        size += sum(map(len, curves.values()))
        check_size(size, path)
        alone = folders.count(file.parent) == 1 and file.parent != top
        name = (file.parent if alone else file.with_suffix("")).relative_to(top).as_posix()
        runs.append(Run(name, from_path(name) | config_beside(file.parent), curves))
    return run_table(runs, path, columns)


def read_curves(file: Path) -> dict[str, list[float]]:
    """Metric -> its scores in the order of steps; an empty cell says that it was not scored then.

    Columns of texts are left out.
    """
    with file.open(newline="", encoding="utf-8-sig") as text:
        table = from_text(text, str(file), file.suffix.lower())
    step = step_of(table.columns)
    when = [numerals.read(text) for text in table.columns[step or ""]]
    order = sorted(range(table.rows), key=lambda row: when[row])
    return {
        name: [score_of(texts[row]) for row in order if texts[row].lower() not in MISSING]
        for name, texts in table.columns.items()
        if name.lower() not in STEPS and is_numeric(texts)
    }


def score_of(text: str) -> float:
    """The number in a cell; NaN of one that says that the run failed."""
    return float("nan") if text.lower() in FAILED else numerals.read(text)


def config_beside(folder: Path) -> dict[str, Any]:
    """What the run in a folder was told, of the first file there that says so.

    Raises:
      UserError: if that holds no names and values.
    """
    import yaml  # type: ignore[import-untyped]

    for name in CONFIGS:
        file = folder / name
        if not file.is_file():
            continue
        try:
            text = file.read_text(encoding="utf-8-sig")
            found = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        except (ValueError, OSError, yaml.YAMLError, RecursionError) as error:
            raise log_error(file, "a configuration", error) from None
        if not isinstance(found, dict | None):
            raise UserError(f"{file}: holds {short(found)}; give names and values")
        return flat(found or {})
    return {}
