"""A trained model of a record, opened by what the record says of itself."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from dlfun import deferred
from dlfun.config.options import StudyOptions
from dlfun.config.start_table import pretrained
from dlfun.config.study_request import StudyRequest, study_options
from dlfun.data.user_files.inputs import Source, source_of
from dlfun.errors import OPT, UserError
from dlfun.inference.own_code import doubt_code
from dlfun.inference.trained_models import Network, network, pick
from dlfun.records.own_modules import alike, given_by_value
from dlfun.records.reader import STUDY, broken
from dlfun.records.recorded import Recorded
from dlfun.studies.artifacts.data_preparation import FILE, Kept, read_again, read_datasets
from dlfun.types import Split
from dlfun.words import plural


class Wanted(NamedTuple):
    """Which model of a record: the only one unless it is named, and which of its members."""

    dataset: str | None = None
    model: str | None = None
    member: str = "best"


class Opened(NamedTuple):
    """A record, how its study was made, its data set as the record keeps it, and members."""

    record: Recorded
    options: StudyOptions
    kept: Kept
    network: Network

    @property
    def source(self) -> Source:
        """What new inputs must be like."""
        return source_of(self.kept.data.first)

    def validation(self, need: str) -> Split:
        """The validation split of the first member, from where the study had it.

        Raises:
          UserError: saying what needs it, if it is not there as it was.
        """
        data = read_again(self.kept, self.options, need)
        held = data.datasets[self.network.splits[0]].validation
        if held is None:  # the record says that there is one, and its request that there is none
            raise broken(self.record.folder, STUDY)
        return held

    def words(self) -> str:
        """Which members of what these are."""
        rows = self.network.rows
        members = f"member {rows[0]}" if len(rows) == 1 else plural(len(rows), "member")
        return f"{self.network.settings.model} on {self.network.data.first.name}, {members}"


def open_model(record: Recorded, request: StudyRequest, wanted: Wanted) -> Opened:
    """The model that is wanted of a record.

    Raises:
      UserError: if the record cannot be read, there is no such model, or the choice is unclear.
    """
    models = [*(model.name for model in request.models), *request.modules]
    known = {*models, *map(pretrained, models)}
    classical = {row["model"] for row in record.rows} - known
    rows = [row for row in record.rows if row["model"] in known]
    dataset = pick("dataset", wanted.dataset, [row["dataset"] for row in rows])
    own = [row["model"] for row in rows if row["dataset"] == dataset]
    check_kept(wanted.model, classical, own)
    model = pick("model", wanted.model and (alike(wanted.model, own) or wanted.model), own)
    if model in request.modules:
        raise given_by_value(record.folder, request.by_value, [model])
    sets = read_datasets(record.folder)
    if dataset not in sets:
        raise broken(record.folder, FILE)
    kept = sets[dataset]
    options = dataclasses.replace(study_options(request), datasets=(kept.given,))
    arms = deferred.load(request.kind.arms)(request, options, record, kept.data)
    arms = [arm for arm in arms if arm.name == model]
    found = network(record, arms, wanted.member, kept.examples)
    if not request.raw:  # the module of a call is the one that was trained
        doubt_code(record, arms[0])
    return Opened(record, options, kept, found)


def check_kept(model: str | None, classical: set[str], networks: list[str]) -> None:
    """Raises UserError if the model is a classical one: what it learned is in no record."""
    if model in classical:
        raise UserError(
            f"{OPT.model}={model}: a record keeps what networks learned, and of a classical model "
            "its scores alone, since scikit-learn stores estimators as pickles, which run code "
            f"when they are read; give {OPT.model}={'|'.join(dict.fromkeys(networks))}, or fit it "
            "anew"
        )
