"""Code that a table names by `module:name`, imported when it is first used."""

import importlib
from typing import Any


def load(path: str) -> Any:
    """What a row of a table names.

    >>> load("math:sqrt")(4.0)
    2.0
    """
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
