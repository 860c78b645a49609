"""The files of a user's folder, without those that programs leave in it."""

from __future__ import annotations

from pathlib import Path

OF_VIEWERS = ("desktop.ini", "thumbs.db")
"""What Windows leaves in folders that were looked at, in small letters."""


def visible_files(folder: Path) -> list[Path]:
    """The files of a folder in the order of their names, but for hidden ones and `OF_VIEWERS`."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return [p for p in files if not p.name.startswith(".") and p.name.lower() not in OF_VIEWERS]
