"""What the scripts that use trained models share: their flags, and the model that these choose."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags as absl_flags

from dlfun.cli import directories, study_flags
from dlfun.cli.commands import verify
from dlfun.cli.flag_types import define
from dlfun.commands import command
from dlfun.config import parsers
from dlfun.config.options import StudyOptions
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.data.user_files.inputs import Source
    from dlfun.inference.trained_models import Network
    from dlfun.records.reader import Recorded
    from dlfun.studies.artifacts.data_preparation import Kept
    from dlfun.types import Split

WORDS = "RUN_DIR"
BEST = "best"
SEVERAL = ("mean", "ensemble")


class Chosen(NamedTuple):
    """A record, how its study was made, its data set as the record keeps it, and members."""

    record: Recorded
    options: StudyOptions
    kept: Kept
    network: Network

    @property
    def source(self) -> Source:
        """What new inputs must be like."""
        from dlfun.data.user_files.inputs import source_of

        return source_of(self.kept.data.first)

    def validation(self, need: str) -> Split:
        """The validation split of the first member, from where the study had it.

        Raises:
          UserError: saying what needs it, if it is not there as it was.
        """
        from dlfun.records.reader import broken
        from dlfun.studies.artifacts.data_preparation import read_again

        data = read_again(self.kept, self.options, need)
        held = data.datasets[self.network.splits[0]].validation
        if held is None:  # the record says that there is one, and its flags that there is none
            raise broken(self.record.folder, "config.flags")
        return held

    def words(self) -> str:
        """Which members of what these are."""
        rows = self.network.rows
        members = f"member {rows[0]}" if len(rows) == 1 else plural(len(rows), "member")
        return f"{self.network.settings.model} on {self.network.data.first.name}, {members}"


def member(several: bool) -> parsers.Kind:
    """best, a number, or where several members may be chosen mean or ensemble."""
    known = (BEST, *SEVERAL) if several else (BEST,)
    number = parsers.integer(0)

    def parse(given: str) -> str:
        if given.strip() in known:
            return given.strip()
        try:
            return str(number.parse(given))
        except ValueError:
            raise ValueError(f"must be {', '.join(known)}, or a member's number") from None

    return parsers.Kind(parse, str, f"{'|'.join(known)}|N")


def trained_flags(several: bool) -> absl_flags.FlagValues:
    """The flags that choose a model of a record; `several` allows many members together."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)

    def add(kind: parsers.Kind, name: str, default: Any, help: str, group: str, usual: str) -> None:
        define(values, kind, name, default, help, group, usual=usual)

    only = "the only one of the record"
    add(parsers.text(), "model", None, "which model of the record", "Model", only)
    add(parsers.text(), "dataset", None, "which data set of the record, by its name", "Model", only)
    what = "best by validation, or the number of its row in members.csv within model and data set"
    if several:
        what += "; mean averages the logits of all members, ensemble their probabilities"
    add(member(several), "member", BEST, what, "Model", "")
    verify.define_where(values)
    return values


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    directories.check_input_dirs(values.data_dir, values.manual_dir)


def check_kept(record: Recorded, dataset: str, model: str | None, networks: list[str]) -> None:
    """Raises UserError if the model is a classical one: what it learned is in no record."""
    known = {row["model"] for row in record.rows if row["dataset"] == dataset}
    if model in known - set(networks):
        raise UserError(
            f"--model={model}: a record keeps what networks learned, and of a classical model its "
            "scores alone, since scikit-learn stores estimators as pickles, which run code when "
            f"they are read; give --model={'|'.join(dict.fromkeys(networks))}, or fit it anew"
        )


@contextlib.contextmanager
def chosen(values: absl_flags.FlagValues, words: list[str], script: str) -> Iterator[Chosen]:
    """The model that flags and words choose, in a process where JAX is set up for it.

    Raises:
      UserError: if the record, the model or its data cannot be read, or the choice is unclear; or
        if what is done with it fails by a file of the record.
    """
    from dlfun.records.reader import unsealed

    if len(words) != 1:
        raise UserError(f"name the directory of one record: {command(script)} RUN_DIR")
    with unsealed(Path(words[0])):
        yield chosen_of(values, Path(words[0]))


def chosen_of(values: absl_flags.FlagValues, folder: Path) -> Chosen:
    """The model that flags choose of the record in a folder."""
    from dlfun.records.reader import broken, read_record

    record = read_record(folder)
    study = verify.study_of(record.script, record.folder, values, data=False)
    verify.start_jax(study)
    from dlfun.inference.trained_models import network, pick
    from dlfun.studies.artifacts.data_preparation import FILE, read_datasets

    rows = [row for row in record.rows if row["model"] in MODELS]
    wanted = pick("dataset", values["dataset"].value, [row["dataset"] for row in rows])
    own = [row["model"] for row in rows if row["dataset"] == wanted]
    check_kept(record, wanted, values["model"].value, own)
    model = pick("model", values["model"].value, own)
    sets = read_datasets(record.folder)
    if wanted not in sets:
        raise broken(record.folder, FILE)
    kept = sets[wanted]
    options = study_flags.study_options(study, record.script, fresh=False)
    options = dataclasses.replace(options, datasets=(kept.given,))
    arms = verify.arms_of(study, options, record, kept.data)
    arms = [arm for arm in arms if arm.settings.model == model]
    found = network(record, arms, values.member, kept.examples)
    return Chosen(record, options, kept, found)
