"""What the scripts that use trained models share: their flags, and the model that these choose."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags as absl_flags

from dlfun import data
from dlfun.data.own import name_of
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.studies.options import StudyOptions
from experiments import flags, parsing, paths, verify
from experiments.holders import define

if TYPE_CHECKING:
    from dlfun.data.given import Source
    from dlfun.studies.recorded import Recorded
    from dlfun.studies.use.trained import Network

WORDS = "RUN_DIR"
BEST = "best"
SEVERAL = ("mean", "ensemble")


class Chosen(NamedTuple):
    """A record, how its study was made, the data set as it was given, and members of one arm."""

    record: Recorded
    options: StudyOptions
    given: str
    network: Network

    @property
    def source(self) -> Source:
        """What new inputs must be like."""
        from dlfun.data.given import Source

        first = self.network.data.first
        dtype, options = first.train.inputs.dtype, self.options.data
        return Source(self.given, first.spec, dtype, options, first.scaling)

    def words(self) -> str:
        """Which members of what these are."""
        rows = self.network.rows
        members = f"member {rows[0]}" if len(rows) == 1 else f"{len(rows)} members"
        return f"{self.network.settings.model} on {self.network.data.first.name}, {members}"


def member(several: bool) -> parsing.Kind:
    """best, a number, or where several members may be chosen mean or ensemble."""
    known = (BEST, *SEVERAL) if several else (BEST,)
    number = parsing.integer(0)

    def parse(given: str) -> str:
        if given.strip() in known:
            return given.strip()
        try:
            return str(number.parse(given))
        except ValueError:
            raise ValueError(f"must be {', '.join(known)}, or a member's number") from None

    return parsing.Kind(parse, str, f"{'|'.join(known)}|N")


def trained_flags(several: bool) -> absl_flags.FlagValues:
    """The flags that choose a model of a record; `several` allows many members together."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)

    def add(kind: parsing.Kind, name: str, default: Any, help: str, group: str, usual: str) -> None:
        define(values, kind, name, default, help, group, usual=usual)

    only = "the only one of the record"
    add(parsing.text(), "model", None, "which model of the record", "Model", only)
    add(parsing.text(), "dataset", None, "which data set of the record, by its name", "Model", only)
    what = "best by validation, or the number of its row in members.csv within model and data set"
    if several:
        what += "; mean averages the logits of all members, ensemble their probabilities"
    add(member(several), "member", BEST, what, "Model", "")
    verify.define_where(values)
    return values


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together."""
    paths.check_input_dirs(values.data_dir, values.manual_dir)


def called(given: str) -> str:
    """The name of a data set in a record, from how the study was given it."""
    known = given in data.DATASETS or not data.is_path(given)
    return given if known else name_of(Path(given))


def check_kept(record: Recorded, dataset: str, model: str | None, networks: list[str]) -> None:
    """Raises UserError if the model is a classical one: what it learned is in no record."""
    known = {row["model"] for row in record.rows if row["dataset"] == dataset}
    if model in known - set(networks):
        raise UserError(
            f"--model={model}: a record keeps what networks learned, and of a classical model its "
            "scores alone, since scikit-learn stores estimators as pickles, which run code when "
            f"they are read; give --model={'|'.join(dict.fromkeys(networks))}, or fit it anew"
        )


def chosen(values: absl_flags.FlagValues, words: list[str], script: str) -> Chosen:
    """The model that flags and words choose, in a process where JAX is set up for it.

    Raises:
      UserError: if the record, the model or its data cannot be read, or the choice is unclear.
    """
    from dlfun.studies.recorded import read_record

    if len(words) != 1:
        raise UserError(f"name the directory of one record: python -m experiments.{script} RUN_DIR")
    record = read_record(Path(words[0]))
    study = verify.study_of(record.script, record.folder, values)
    verify.start_jax(study)
    from dlfun.studies.use.trained import network, pick

    rows = [row for row in record.rows if row["model"] in MODELS]
    wanted = pick("dataset", values["dataset"].value, [row["dataset"] for row in rows])
    own = [row["model"] for row in rows if row["dataset"] == wanted]
    check_kept(record, wanted, values["model"].value, own)
    model = pick("model", values["model"].value, own)
    options = flags.study_options(study, record.script, fresh=False)
    given = next((name for name in options.datasets if called(name) == wanted), wanted)
    options = dataclasses.replace(options, datasets=(given,))
    arms = verify.arms_of(study, options, record)
    found = network(record, [arm for arm in arms if arm.settings.model == model], values.member)
    warn_of_other_data(record, found)
    return Chosen(record, options, given, found)


def warn_of_other_data(record: Recorded, found: Network) -> None:
    """Says on stderr that the data set is not the one that the study was made with."""
    first = found.data.first
    then = record.environment.get("datasets", {}).get(first.name, {}).get("checksum")
    if then != first.checksum:
        print(
            f"warning: {first.name} is not as it was when the study ran (another checksum)",
            file=sys.stderr,
        )
