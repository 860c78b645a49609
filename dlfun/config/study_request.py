"""The request for a study: one value that says all that was asked, whoever asked it.

Flags, keywords and the study.json of a record are read into it. `dlfun.records.flagfile` writes it
as a flagfile and as study.json; what its kind of study runs makes of it what is trained.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlfun import deferred
from dlfun.config import parsers
from dlfun.config.model_value import Model
from dlfun.config.option_table import FIELDS
from dlfun.config.options import ModelOptions, StudyOptions
from dlfun.config.start_table import FRESH_ALONE, STARTS
from dlfun.config.studies import STUDIES, StudyKind, options_of
from dlfun.config.tracker_table import check_tracked
from dlfun.data.folds import check_folds
from dlfun.errors import OPT, UserError
from dlfun.types import FOLDS, REPEATS, DataOptions, Layout
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.data.raw import Raw

NOTHING: Mapping[str, Any] = {}


@dataclasses.dataclass(frozen=True)
class StudyRequest:
    """All that a study is asked for.

    Attributes:
      study: its kind, of `STUDIES`.
      models: each with what was given of it; the rest keeps its defaults.
      datasets: names of the table, or the paths that they are read from.
      values: option -> value, of those that were given; `request[name]` has the defaults, too.
      by_value: in words, what was given in Python and no file can give back; else empty.
      modules: models of a record that were given by value, and are not among the models here.
      raw: name or path -> the data set, of those that need not be read by it.
    """

    study: str
    models: tuple[Model, ...]
    datasets: tuple[str, ...]
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    by_value: str = ""
    modules: tuple[str, ...] = ()
    raw: Mapping[str, Raw] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @property
    def kind(self) -> StudyKind:
        """Its row of the table of kinds."""
        return STUDIES[self.study]

    def __getitem__(self, name: str) -> Any:
        """The value of an option; of layouts, a mapping by model."""
        row = options_of(self.study)[name]
        return self.values.get(name, NOTHING if row.by_model else row.default)

    def with_values(self, **values: Any) -> StudyRequest:
        """The same request with other values of options."""
        return dataclasses.replace(self, values={**self.values, **values})

    @property
    def data(self) -> DataOptions:
        """Which examples are learned from."""
        names = [field.name for field in dataclasses.fields(DataOptions)]
        return DataOptions(**{name: self[name] for name in names})

    @property
    def swept(self) -> list[str]:
        """The names that are searched, as flags have them."""
        own = options_of(self.study)
        texts = [text for name in ("grid", "space") if name in own for text in self[name]]
        return list(dict.fromkeys(swept_name(text) for text in texts))

    @property
    def columns(self) -> list[str]:
        """Of these the names that are columns of its rows: those of a sweep."""
        return self.swept if self.kind.searches else []

    def model_options(self, name: str, point: Mapping[str, Any] = NOTHING) -> ModelOptions:
        """One model's options; those of a `point` of a search, by the names of flags, go before."""
        (model,) = (one for one in self.models if one.name == name)
        layout = parsers.of_model(self["layout"], name, None)
        return dataclasses.replace(
            model.at(point).options,
            layout=layout if isinstance(layout, Layout) else None,
            way=self["convolution"] if self["convolution"] in model.row.ways else "",
        )


def study_options(request: StudyRequest, **places: Any) -> StudyOptions:
    """What every study needs, of its request; `places` are those that no request names."""
    return StudyOptions(
        models={model.name: request.model_options(model.name) for model in request.models},
        datasets=request.datasets,
        data=request.data,
        request=request,
        given=request.raw,
        **{name: request[name] for name in FIELDS},
        **{name: request[name] for name in STARTS if name in request.kind.options},
        **places,
    )


def with_replicates(request: StudyRequest) -> StudyRequest:
    """The same request, with as many seeds as its split has folds in all repeats.

    Raises:
      UserError: if another number of seeds was given, or folds of a split that has none.
    """
    data = request.data
    check_folds(data)
    count = data.replicates
    if count is None:
        return request
    folds, repeats = data.folds or FOLDS, data.repeats or REPEATS
    if request.values.get("seeds", count) != count:
        raise UserError(
            f"{OPT.seeds}={request['seeds']} has no say under {OPT.split}={data.split}, whose "
            f"replicates are {plural(folds, 'fold')} x {plural(repeats, 'repeat')}; leave it out, "
            f"or give {count}"
        )
    return request.with_values(seeds=count, folds=folds, repeats=repeats)


def swept_name(text: str) -> str:
    """What is searched by an item of --grid or --space.

    >>> swept_name("learning_rate=0.1,0.2"), swept_name("cnn:dropout_rate=lin:0:0.5")
    ('learning_rate', 'dropout_rate')
    """
    return text.partition("=")[0].rpartition(":")[2].strip()


def check_start(request: StudyRequest) -> None:
    """Raises UserError where arms begin from a record, and others must begin anew."""
    if "initialize_from" not in request.kind.options or request["initialize_from"] is None:
        return
    for name in (name for name in FRESH_ALONE if name in request.kind.options and request[name]):
        raise UserError(
            f"{OPT(name)} trains fresh networks, more than the arms; leave it out, or "
            f"{OPT.initialize_from}"
        )


def check_request(request: StudyRequest) -> None:
    """Raises UserError where options do not go together, or what they need is not installed."""
    check_tracked(request)
    check_start(request)
    if request.kind.check:
        deferred.load(request.kind.check)(request)
