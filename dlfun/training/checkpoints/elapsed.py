"""The time that an unfinished study has taken, kept beside its checkpoints."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from dlfun.training.checkpoints.files import write_whole

ELAPSED = "elapsed.json"


def read_elapsed(folder: Path) -> float:
    """Seconds that a study took before it ended; 0 where that is not known."""
    try:
        return max(0.0, float(json.loads((folder / ELAPSED).read_text())["seconds"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return 0.0


def write_elapsed(folder: Path, seconds: float) -> None:
    """Keeps them; that this fails is no reason to end a study."""
    with contextlib.suppress(OSError):
        write_whole(folder / ELAPSED, json.dumps({"seconds": seconds}))
