"""Two benchmark.json compared: which rows are slower, which faster, which the same."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlfun.errors import OPT, UserError
from dlfun.stats import ratio_interval

SCHEMA = 1
RELEVANT = 0.02
"""A change is told only if its whole interval lies beyond this part of the time."""

KEY = ("work", "members", "batch_size", "precision")


def read_baseline(path: str) -> dict[str, Any]:
    """An earlier benchmark.json.

    Raises:
      UserError: if it is missing, damaged, or of another version.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "benchmark.json"
    try:
        found = json.loads(file.read_text())
    except OSError as error:
        raise UserError(f"{OPT.baseline}={path}: {error.strerror}; name a benchmark.json") from None
    except (ValueError, RecursionError):
        raise UserError(f"{OPT.baseline}={path}: is damaged; name another benchmark.json") from None
    if not isinstance(found, dict) or "schema" not in found:
        raise UserError(
            f"{OPT.baseline}={path}: is no record of a benchmark; name a benchmark.json"
        )
    if found["schema"] != SCHEMA:
        raise UserError(
            f"{OPT.baseline}={path}: has schema {found['schema']}, and this version reads "
            f"{SCHEMA}; "
            "run the benchmark anew for a baseline"
        )
    if not well_formed(found):
        raise UserError(f"{OPT.baseline}={path}: is damaged; name another benchmark.json")
    return found


def well_formed(found: Mapping[str, Any]) -> bool:
    """Whether all is there that a verdict needs."""
    try:
        dict(found["environment"]), dict(found["device"])
        for row in found["rows"]:
            if row["status"] == "ok":
                key(row)
                if not all(math.isfinite(t) and t > 0 for t in row["step_seconds"]):
                    return False
    except (KeyError, TypeError, ValueError):
        return False
    return True


def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two rows the same work."""
    return tuple(row[name] for name in KEY)


def judge(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row's verdict beside the same row of the baseline."""
    said = {"work": new["work"], "members": new["members"]}
    if old is None:
        return said | {"verdict": "not in the baseline"}
    found = ratio_interval(new["step_seconds"], old["step_seconds"])
    said |= {"ratio": found.estimate, "low": found.low, "high": found.high}
    if math.isnan(found.low):
        return said | {"low": None, "high": None, "verdict": "too few repeats to tell"}
    if found.low > 1 + RELEVANT:
        return said | {"verdict": "slower"}
    return said | {"verdict": "faster" if found.high < 1 - RELEVANT else "same within noise"}


def verdicts(rows: list[dict[str, Any]], baseline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A verdict for each row that was timed."""
    old = {key(row): row for row in baseline["rows"] if row["status"] == "ok"}
    timed = [row for row in rows if row["status"] == "ok"]
    return [judge(row, old.get(key(row))) for row in timed]
