"""dlfun trains and compares small neural networks: a whole training run is one pure function.

>>> import dlfun
>>> study = dlfun.train(dlfun.model("softmax", learning_rate=0.1), "xor", seeds=3, steps=10)
>>> [row["replicate"] for row in study.rows]
[0, 1, 2]

From data to a page, in the order in which they are used:

    load, from_arrays     -> Data: a data set by its name or file, or from arrays
    model                 -> Model: a model with its numbers, or a Linen module of your own
    make_run              -> PureRun: one run as pure functions, to be driven by hand
    train, compare, sweep -> Study: rows, history, parameters, pairs, report, save, and of its
                             trained models predict, sample, export, module, preparation
    read                  -> Study, of a record on disk: the same; modules of your own are given
                             again, as no record holds code
    judge                 -> verdicts and ranks, of anybody's table of results
    UserError             what is wrong, and what to do

Beside them are the floors of the house, as modules. All is imported on first use: this import
needs no JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dlfun.version import __version__ as __version__

MODULES = (
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
)
PAGE = {
    "Data": "config.data_value",
    "Model": "config.model_value",
    "PureRun": "studies.population.pure_run",
    "Study": "study",
    "UserError": "errors",
    "compare": "api",
    "from_arrays": "api",
    "judge": "api",
    "load": "api",
    "make_run": "api",
    "model": "api",
    "read": "api",
    "sweep": "api",
    "train": "api",
}
"""The names of the public page -> the module of each."""

if TYPE_CHECKING:
    from dlfun import (
        data,
        errors,
        keys,
        layers,
        learners,
        models,
        objectives,
        report,
        stats,
        studies,
        training,
        types,
    )
    from dlfun.api import compare, from_arrays, judge, load, make_run, model, read, sweep, train
    from dlfun.config.data_value import Data
    from dlfun.config.model_value import Model
    from dlfun.errors import UserError
    from dlfun.studies.population.pure_run import PureRun
    from dlfun.study import Study

__all__ = [
    "Data",
    "Model",
    "PureRun",
    "Study",
    "UserError",
    "compare",
    "data",
    "errors",
    "from_arrays",
    "judge",
    "keys",
    "layers",
    "learners",
    "load",
    "make_run",
    "model",
    "models",
    "objectives",
    "read",
    "report",
    "stats",
    "studies",
    "sweep",
    "train",
    "training",
    "types",
]

if not TYPE_CHECKING:  # a checker is to see the names above, and no others

    def __getattr__(name: str) -> Any:
        if name in PAGE:
            found = getattr(importlib.import_module(f"dlfun.{PAGE[name]}"), name)
        elif name in MODULES:
            found = importlib.import_module(f"dlfun.{name}")
        else:
            raise AttributeError(f"module 'dlfun' has no attribute '{name}'")
        return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
