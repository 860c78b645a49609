"""Kinds of values: how one is read from text, checked, and written so that it reads back.

Flags and keywords of calls are read by the same kinds.
"""

from dlfun.config.parsers.compound import (
    EXPLAIN,
    MEMBERS,
    REST,
    address,
    by_model,
    by_name,
    check_commas,
    dataset,
    items_of,
    layout,
    member,
    names,
    of_model,
    path,
    place,
    text,
)
from dlfun.config.parsers.own_data import columns, pixels
from dlfun.config.parsers.scalars import (
    LARGEST,
    Kind,
    augment,
    boolean,
    choice,
    describe,
    integer,
    memory,
    number,
    short,
    sizes,
)
from dlfun.config.parsers.values import checked, named, quoted, written

__all__ = [
    "EXPLAIN",
    "LARGEST",
    "MEMBERS",
    "REST",
    "Kind",
    "address",
    "augment",
    "boolean",
    "by_model",
    "by_name",
    "check_commas",
    "checked",
    "choice",
    "columns",
    "dataset",
    "describe",
    "integer",
    "items_of",
    "layout",
    "member",
    "memory",
    "named",
    "names",
    "number",
    "of_model",
    "path",
    "pixels",
    "place",
    "quoted",
    "short",
    "sizes",
    "text",
    "written",
]
