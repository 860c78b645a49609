"""The directories that flags name: checked early, and never made here."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dlfun.errors import UserError
from dlfun.studies.folders import check_output_dir as check_output_dir


def default_output_dir(script: str) -> str:
    """runs/SCRIPT-DATE-TIME, with -2, -3 ... where another run has that name already.

    Whoever makes the directory must still be ready to find that someone else was quicker.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path, tried = Path("runs", f"{script}-{stamp}"), 1
    while os.path.lexists(path):
        tried += 1
        path = Path("runs", f"{script}-{stamp}-{tried}")
    return str(path)


def check_input_dirs(data_dir: str | None, manual_dir: str | None) -> None:
    """Raises UserError if --manual_dir is missing, or either is not a directory."""
    if data_dir and os.path.lexists(data_dir) and not os.path.isdir(data_dir):
        raise UserError(f"--data_dir={data_dir}: is not a directory; name one, or leave it out")
    if manual_dir and not os.path.isdir(manual_dir):
        raise UserError(
            f"--manual_dir={manual_dir}: is not a directory; name the one that holds your files"
        )
