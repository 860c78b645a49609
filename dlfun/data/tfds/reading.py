"""A data set of the table in memory, prepared by its builder where it was not before."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.data.raw import Raw, arrays_checksum, permute
from dlfun.data.tfds.memory import load, verify
from dlfun.data.tfds.prepare import Place, foreign_records, prepare
from dlfun.errors import OPT, UserError
from dlfun.preparation import Preparation
from dlfun.types import DataOptions, Spec, Split


class Row(NamedTuple):
    """A row of the table: `module:Builder` in `dlfun.data`, and a line on the data."""

    builder: str
    summary: str


def data_root(options: DataOptions) -> Path:
    """Where prepared data sets lie: --data_dir, or else the default of TFDS.

    Raises:
      UserError: if that is no text: what reads them takes no other paths.
    """
    from dlfun.data.user_files.cells import check_text

    default = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    found = Path(options.data_dir or default).expanduser()
    check_text([str(found)], f"{OPT.data_dir}")
    return found


def place(name: str, row: Row, options: DataOptions) -> Place:
    """The builder class of a row, its config, and the folder of its prepared data."""
    module, _, attribute = row.builder.partition(":")
    cls = getattr(importlib.import_module(f"dlfun.data.catalog.{module}"), attribute)
    config = name.partition("/")[2] or next((c.name for c in cls.BUILDER_CONFIGS), "")
    return Place(name, cls, config, data_root(options))


def fetch(where: Place, options: DataOptions) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of a data set and their checksum, verified; prepared first where needed."""
    sealed = verify(where.folder, where.encoding)
    if sealed is None and where.folder.exists() and not os.access(where.folder, os.W_OK):
        arrays = foreign_records(where)
        return arrays, arrays_checksum(arrays)
    if sealed is None:
        prepare(where, options.manual_dir)
        sealed = verify(where.folder, where.encoding)
        assert sealed is not None
    return load(where.folder), sealed


def read_row(name: str, row: Row, options: DataOptions) -> Raw:
    """The data set of a row of the table: see `dlfun.data.read`."""
    where = place(name, row, options)
    if options.manual_dir is not None and not Path(options.manual_dir).expanduser().is_dir():
        raise UserError(
            f"{OPT.manual_dir}={options.manual_dir} is not a directory; name the one that holds "
            "your files"
        )
    arrays, checksum = fetch(where, options)
    missing = {"train_inputs", "test_inputs"} - set(arrays)
    if missing:
        raise UserError(
            f"{where.folder} was prepared by another program, without a {min(missing)[:-7]} "
            f"split; delete it, or name another {OPT.data_dir}"
        )
    builder: Any = where.builder()
    return raw_of(name, builder, builder.spec(), arrays, checksum, options)


def raw_of(
    name: str,
    builder: Any,
    spec: Spec,
    arrays: dict[str, np.ndarray],
    checksum: str,
    options: DataOptions,
) -> Raw:
    """The data set that a builder's arrays are, their positions permuted where asked for."""
    if options.permute_features:
        arrays |= {
            name: permute(array, spec) for name, array in arrays.items() if name.endswith("_inputs")
        }
        checksum = arrays_checksum(arrays)
    known = (builder.info.metadata or {}).get("separator")
    return Raw(
        train=split_of(arrays, "train"),
        test=split_of(arrays, "test"),
        spec=spec,
        name=name,
        version=str(builder.version),
        checksum=checksum,
        separator=None if known is None else np.asarray(known),
        validation=split_of(arrays, "validation") if "validation_inputs" in arrays else None,
        groups=groups_of(arrays),
        classes=class_names(builder),
        preparation=Preparation(
            spectrogram=getattr(builder, "LOG_MEL", None), permuted=options.permute_features
        ),
    )


def class_names(builder: Any) -> tuple[str, ...]:
    """The names of the class ids, where the targets are labels of TFDS.

    Raises:
      UserError: if two print alike.
    """
    from dlfun.data.user_files.cells import check_apart, clean

    features, keys = builder.info.features, builder.info.supervised_keys
    label = features[keys[1]] if keys and keys[1] in features else None
    names = tuple(map(clean, getattr(label, "names", None) or ()))
    check_apart(names, builder.name)
    return names


def split_of(arrays: Mapping[str, np.ndarray], name: str) -> Split:
    """The arrays of a split."""
    return Split(arrays[f"{name}_inputs"], arrays[f"{name}_targets"], arrays.get(f"{name}_lengths"))


def groups_of(arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Who made the examples of train and test, where it is known."""
    if "train_groups" not in arrays:
        return None
    return arrays["train_groups"], arrays["test_groups"]
