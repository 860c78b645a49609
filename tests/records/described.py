"""What a record holds that the table of files and columns does not describe."""

import csv
from fnmatch import fnmatch

from dlfun.objectives.metrics import SPLITS
from dlfun.records.reader import swept_of
from dlfun.records.schema import COLUMNS, FILES
from dlfun.types import HPARAMS


def patterns():
    """The names of files, as `fnmatch` takes them: `.npz` after `a.json` is `a.npz`."""
    for row in FILES:
        first, *more = row.split(", ")
        yield from [first, *(first.rpartition(".")[0] + m if m[0] == "." else m for m in more)]


def undescribed(folder):
    """Names of files and columns that are in no row."""
    files = {path.name + "/" * path.is_dir() for path in folder.iterdir()}
    with (folder / "members.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    metric = tuple(f"{split}_" for split in SPLITS)
    named = [f for f in files if not any(fnmatch(f, pattern) for pattern in patterns())]
    known = {*COLUMNS, *HPARAMS, *swept_of(folder)}
    return sorted(named) + [c for c in columns if c not in known and not c.startswith(metric)]
