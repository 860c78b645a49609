"""The table of objectives: a new objective is one file here and one row below.

A row is `module:function`, a function Spec -> Objective, and the tasks it is for. The modules
are imported only when an objective is built, so that `--help` needs no JAX.
"""

from __future__ import annotations

from typing import NamedTuple

from dlfun.deferred import load
from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import CLASSES, EACH_STEP, NUMBERS, UNLABELLED
from dlfun.types import Objective, Spec


class Row(NamedTuple):
    """Where an objective is made, and the tasks it serves."""

    module: str
    tasks: tuple[str, ...]


OBJECTIVES: dict[str, Row] = {
    "cross_entropy": Row("dlfun.objectives.cross_entropy:cross_entropy", CLASSES),
    "squared_error": Row("dlfun.objectives.squared_error:squared_error", (*NUMBERS, *CLASSES)),
    "next_token": Row("dlfun.objectives.next_token:next_token", EACH_STEP),
    "none": Row("dlfun.objectives.none:none", UNLABELLED),
    "perceptron": Row("dlfun.objectives.perceptron:perceptron", CLASSES),
}


def build(name: str, spec: Spec) -> Objective:
    """The objective of a name; auto takes the first of the table that serves the task.

    Raises:
      UserError: if the objective does not serve the task of the data set.
    """
    if name == "auto":
        name = next(n for n, row in OBJECTIVES.items() if spec.task in row.tasks)
    row = OBJECTIVES[name]
    if spec.task not in row.tasks:
        raise UserError(
            f"{OPT.objective}={name} is for {' or '.join(row.tasks)}, and this data set is for "
            f"{spec.task}; leave {OPT.objective} at auto"
        )
    return load(row.module)(spec)
