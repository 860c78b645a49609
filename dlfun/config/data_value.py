"""A data set with its options, as a call from Python gives it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dlfun import data as datasets
from dlfun import numerics
from dlfun.config import arguments, parsers
from dlfun.config.option_table import OPTIONS
from dlfun.config.parsers import checked
from dlfun.data.folds import check_folds
from dlfun.data.raw import Raw
from dlfun.decoration import stderr
from dlfun.errors import unknown
from dlfun.objectives.tasks import task_of
from dlfun.types import DataOptions, Dataset, Spec

if TYPE_CHECKING:
    pass


def column_names(name: str, value: Any) -> tuple[str, ...]:
    """Names of columns, as a list or as their flag takes them.

    Raises:
      UserError: if they are none.
    """
    kind = OPTIONS[name].kind
    if isinstance(value, list | tuple):
        value = kind.show(tuple(arguments.text(name, one) for one in value))
    found: tuple[str, ...] = checked(kind, name, value)
    return found


PLACES: Mapping[str, Callable[[str, Any], Any]] = {
    "data_dir": arguments.path,
    "manual_dir": arguments.path,
    "target_column": arguments.text,
    "groups": arguments.text,
    "ignore_columns": column_names,
    "validation": arguments.place,
}
"""Options of data that are text, and what reads them."""


def doubted(raw: Raw) -> Raw:
    """The same data; what of them could have been meant otherwise is said on stderr."""
    for doubt in raw.doubtful():
        print(doubt, file=stderr())
    return raw


@dataclasses.dataclass(frozen=True, eq=False)
class Data:
    """A data set in memory, and how studies split it. Made by `dlfun.load` and `from_arrays`.

    Attributes:
      raw: as published, numpy arrays: `raw.train.inputs` [n, *shape] and `.targets`, the same of
        `raw.test`, and of `raw.validation` unless that is None. Columns of a table and numbers to
        predict that lie far from 0 are less the `origin` of `raw.scaling.inputs` or `.targets`;
        numbers that a table lacks are NaN.
      options: which examples are learned from.
      source: the name or path it was read by; empty of arrays given by value.
    """

    raw: Raw
    options: DataOptions
    source: str = ""

    @property
    def name(self) -> str:
        """What tables and records call it."""
        return self.raw.name

    @property
    def spec(self) -> Spec:
        """What models need to know of it: shape, modality, task, outputs."""
        return self.raw.spec

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the class ids, where they have some."""
        return self.raw.classes

    def split(self, replicate: int = 0, *, seed: int = 0) -> Dataset:
        """The training, validation and test split of a replicate, as studies of this seed see it.

        Raises:
          UserError: if an option is out of range, or asks for more examples than there are.
        """
        from dlfun import keys

        seed = checked(OPTIONS["seed"].kind, "seed", seed)
        replicate = checked(parsers.integer(0), "replicate", replicate)
        with numerics.settled():
            key = keys.stream(keys.root_key(seed), "split")
            return datasets.split(self.raw, key, replicate, self.options)

    def __repr__(self) -> str:
        """Name, sizes, shape and task."""
        sizes = f"{len(self.raw.train.targets):,} + {len(self.raw.test.targets):,}"
        to = f" into {self.spec.outputs}" if task_of(self.spec).classes else ""
        shape = ", ".join(map(str, self.spec.shape))
        return f"<{self.name}: {sizes} of {self.spec.modality} [{shape}], {self.spec.task}{to}>"


def read_data_options(given: Mapping[str, Any]) -> DataOptions:
    """The options of a data set, checked.

    Raises:
      UserError: if a name is unknown, or a value is out of range.
    """
    fields = [field.name for field in dataclasses.fields(DataOptions)]
    for name in given:
        if name not in fields:
            raise unknown("option of data", name, fields)
    values: dict[str, Any] = {
        name: PLACES[name](name, value)
        if name in PLACES
        else checked(OPTIONS[name].kind, name, value)
        for name, value in given.items()
        if value is not None
    }
    found = DataOptions(**values)
    check_folds(found)
    return found
