"""The tables of a record's files and columns: what the guide says, and what a reader checks."""

from pathlib import Path

from dlfun.records import schema
from dlfun.types import HPARAMS

GUIDE = (Path(__file__).parents[2] / "experiments/GUIDE.md").read_text(encoding="utf-8")


def test_the_readme_has_the_tables():
    files, columns = schema.tables().strip().split("\n\n")
    assert f"\n{files}\n\n" in GUIDE
    assert f"\n{columns}\n\n" in GUIDE


def test_no_column_is_also_a_hyperparameter():
    assert not set(schema.COLUMNS) & set(HPARAMS)
