"""The tables of experiments/RESULTS.md, made anew: `python -m tests.results_page`, an hour or two.

A study is run where build/results has no record of it, and what was interrupted goes on. Each table
stands in the page between `<!-- NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.config.studies import STUDIES
from dlfun.records.reader import read_rows, script_of
from dlfun.report.rows import Line, number, summarise
from dlfun.report.text.formats import table_as

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "experiments/RESULTS.md"
RECORDS = ROOT / "build/results"

COMMANDS = {
    "default": "compare",
    "modalities": "compare --flagfile=recipe:modalities",
    "whole": "compare --tune --delta=0.01 --trials=12 --seeds=20 --schedule=cosine --baselines=all "
    "--curve",
    "searches": "searches --space learning_rate=log:1e-4:1e-1 --space weight_decay=log:1e-6:1e-1 "
    "--space dropout_rate=lin:0:0.5",
    "published": "compare --flagfile=recipe:mnist1d_published",
    "shuffled": "compare --flagfile=recipe:mnist1d_shuffled",
}
"""Name of a table -> the command that its study is made by, as the page says."""


def scored(line: Line) -> str:
    """The mean of an arm in %, with the half-width of its interval; "-" where all failed."""
    mean, half = 100 * line.score.estimate, 100 * line.score.half_width
    if not np.isfinite(mean):
        return "-"
    return f"{mean:.2f} ± {half:.2f}" if np.isfinite(half) else f"{mean:.2f}"


def pivot(lines: Sequence[Line]) -> list[dict[str, str]]:
    """A row an arm of one data set; of several a row a data set, and a column an arm."""
    datasets = list(dict.fromkeys(line.dataset for line in lines))
    arms = list(dict.fromkeys(line.label for line in lines))
    if len(datasets) == 1:
        return [{"arm": line.label, "test accuracy %": scored(line)} for line in lines]
    known = {(line.dataset, line.label): line for line in lines}
    chance = {line.dataset: 100 * number(line.rows[0], "chance") for line in lines}
    return [
        {"data set": name, "chance": f"{chance[name]:.2f}"}
        | {arm: scored(known[name, arm]) for arm in arms}
        for name in datasets
    ]


def made(name: str) -> Path:
    """The record of a study, which is run if it is not there."""
    folder = RECORDS / name
    if not folder.is_dir():
        command, *flags = shlex.split(COMMANDS[name])
        call = [sys.executable, "-m", f"experiments.{command}", *flags, f"--output_dir={folder}"]
        subprocess.run(call, cwd=ROOT, check=True)
    return folder


def table(folder: Path) -> str:
    """The scores of a record as Markdown."""
    lines = summarise(read_rows(folder), STUDIES[script_of(folder)].split, ["model"])
    return table_as(pivot(lines), "markdown").strip("\n").replace("| ---:", "| :---", 1)


def write(name: str) -> None:
    """Puts a table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
    new, count = found.subn(lambda m: f"{m[1]}\n{table(made(name))}\n\n{m[2]}", text)
    if count != 1:
        raise SystemExit(f"{PAGE.name}: has {count} places for the table {name}")
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or COMMANDS:
        write(name)
        print(f"{name}: written", file=sys.stderr)
