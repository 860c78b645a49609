"""A record as commands name it: its flags, and the model that these choose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags as absl_flags

from dlfun.cli import directories
from dlfun.cli.flag_types import define
from dlfun.cli.module_files import ADDRESS, model_in
from dlfun.cli.runtime import check_platform, configure_for
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.model_value import Model
from dlfun.config.option_table import OPTIONS
from dlfun.config.study_request import StudyRequest
from dlfun.errors import UserError

if TYPE_CHECKING:
    from dlfun.inference.opened import Opened

WORDS = "RUN_DIR"
PLACES = ("data_dir", "manual_dir", "platform")
"""Options that no record answers for itself: where its data lie, and where to compute."""


MODULE_HELP = (
    "a module of your own that the record has, whose code no record holds: runs that file, and "
    "takes a class, instance or function of it; NAME is that of the record, where it is not the "
    "class's; may be given again"
)


def record_flags() -> absl_flags.FlagValues:
    """The flags of a command that uses a record: what no record says of itself."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    for name in PLACES:
        row = OPTIONS[name]
        usual = "that of the record" if name == "platform" else row.usual
        define(values, row.kind, name, None, row.help, row.group, usual=usual)
    define(values, ADDRESS, "module", (), MODULE_HELP, "Model", usual="none", repeated=True)
    return values


def trained_flags(several: bool) -> absl_flags.FlagValues:
    """The flags that choose a model of a record; `several` allows many members together."""
    values = record_flags()

    def add(kind: parsers.Kind, name: str, default: Any, help: str, usual: str = "") -> None:
        define(values, kind, name, default, help, "Model", usual=usual)

    only = "the only one of the record"
    add(parsers.text(), "model", None, "which model of the record", only)
    add(parsers.text(), "dataset", None, "which data set of the record, by its name", only)
    what = "best by validation, or the number of its row in members.csv within model and data set"
    if several:
        what += "; mean averages the logits of all members, ensemble their probabilities"
    add(parsers.member(several), "member", parsers.MEMBERS[0], what)
    return values


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    directories.check_input_dirs(values.data_dir, values.manual_dir)


def folder_of(words: list[str], script: str) -> Path:
    """The directory that the command line names.

    Raises:
      UserError: if it names none, or several.
    """
    if len(words) != 1:
        raise UserError(f"name the directory of one record: {command(script)} {WORDS}")
    return Path(words[0])


def request_in(folder: Path, values: absl_flags.FlagValues, data: bool = True) -> StudyRequest:
    """The request that a record is the answer to, with the places of the flags.

    Args:
      data: whether its data sets are needed, and not what the record keeps of them alone.

    Raises:
      UserError: if it cannot be read, or holds what was given by value.
    """
    from dlfun.records.study_file import read_request

    given = {name: values[name].value for name in PLACES if values[name].value is not None}
    models: Sequence[Model] = ()
    if values["module"].value:
        start_jax(read_request(folder, data=False).with_values(**given))  # the file may compute
        models = [model_in(address) for address in values["module"].value]
    return read_request(folder, data, models).with_values(**given)


def start_jax(request: StudyRequest) -> None:
    """Sets JAX up as for the study.

    Raises:
      UserError: if the platform that the study named is not here.
    """
    configure_for(request)
    try:
        check_platform(request["platform"])
    except UserError:
        raise UserError(
            f"--platform={request['platform']}: no such device here; --platform=cpu uses the "
            "record on another"
        ) from None


@contextlib.contextmanager
def chosen(values: absl_flags.FlagValues, words: list[str], script: str) -> Iterator[Opened]:
    """The model that flags and words choose, in a process where JAX is set up for it.

    Raises:
      UserError: if the record, the model or its data cannot be read, or the choice is unclear; or
        if what is done with it fails by a file of the record.
    """
    from dlfun.records.reader import unsealed
    from dlfun.records.recorded import read_record

    folder = folder_of(words, script)
    with unsealed(folder):
        record = read_record(folder)
        request = request_in(folder, values, data=False)
        start_jax(request)
        from dlfun.inference.opened import Wanted, open_model

        wanted = Wanted(values["dataset"].value, values["model"].value, values.member)
        yield open_model(record, request, wanted)
