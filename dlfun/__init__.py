"""dlfun trains and compares small neural networks: a whole training run is one pure function.

>>> import dlfun
>>> dlfun.models.MODELS["cnn"].settings().channels
(25, 25, 25)

Subpackages are imported on first use, so that this import needs no JAX.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "data",
    "errors",
    "keys",
    "layers",
    "learners",
    "models",
    "objectives",
    "report",
    "stats",
    "studies",
    "training",
    "types",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'dlfun' has no attribute '{name}'")
    return importlib.import_module(f"dlfun.{name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
