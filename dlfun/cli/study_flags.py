"""The flags of a kind of study, and how `main` reads them.

A command makes its flags of the table of studies, and reads them into the request for a study:

    FLAGS = study_flags.study_flags("compare")

    def main(argv):
        request = study_flags.request_of(FLAGS)
        options = study_flags.study_options(FLAGS)

    def start():
        app.run(main, FLAGS)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli import checkpoint_flags, cluster, directories, page
from dlfun.cli.flag_types import StudyFlags, define, flag_of
from dlfun.cli.shape_flags import NONE, activations, define_shapes
from dlfun.config import parsers, study_request
from dlfun.config.model_value import Model, kinds_of
from dlfun.config.option_table import MACHINE, OF_MODELS, OPTIONS, Option
from dlfun.config.options import DataOptions, StudyOptions
from dlfun.config.shape_fields import shape_fields
from dlfun.config.studies import STUDIES, options_of
from dlfun.config.study_request import StudyRequest, check_request, with_replicates
from dlfun.data.user_files.cells import check_text
from dlfun.data.user_files.kinds import OPTIONS_OF, check_options
from dlfun.errors import UserError, bad_value, unknown
from dlfun.models import MODELS
from dlfun.models.sizes import check_sizes
from dlfun.records.flagfile import flag_lines, model_values, shorten
from dlfun.types import HPARAMS

PLACES = ("data_dir", "manual_dir", *OPTIONS_OF)
"""Options that say where data are, and how they are read."""


def study_flags(study: str, **names: str) -> StudyFlags:
    """The flags of a kind of study: all that studies share, and its own.

    Args:
      names: other defaults of what it names, such as `models`.
    """
    kind, values = STUDIES[study], StudyFlags(study)
    for name, default in (dict(kind.names) | names).items():
        table: Collection[str] = MODELS if name.startswith("model") else data.DATASETS
        _define_named(values, name, table, default)
    define_options(values, {n: row for n, row in OPTIONS.items() if row.group != MACHINE})
    for name, bounds in HPARAMS.items():
        number = parsers.by_model(parsers.number(bounds), MODELS)
        usual = usual_value(name, number)
        define(values, number, name, NONE, bounds.help, "Numbers", usual=usual)
    define_shapes(values)
    define_options(values, {n: row for n, row in OPTIONS.items() if row.group == MACHINE})
    define_options(values, kind.options)
    return values


def usual_value(name: str, kind: parsers.Kind) -> str:
    """The defaults of all models, as the flag itself would give them."""
    known = {model: model_values(Model(model), ()) for model in MODELS}
    return kind.show(shorten({m: own[name] for m, own in known.items() if name in own}))


def define_options(values: absl_flags.FlagValues, rows: Mapping[str, Option]) -> None:
    """Adds the flags of these options."""
    for name, row in rows.items():
        kind = parsers.by_model(row.kind, MODELS) if row.by_model else row.kind
        default = NONE if row.by_model else row.default
        usual = row.usual or (usual_value(name, kind) if name in OF_MODELS else "")
        define(values, kind, name, default, row.help, row.group, usual=usual, repeated=row.repeated)


def define_places(values: absl_flags.FlagValues) -> None:
    """Adds the flags that say where data are, and what of them is wanted."""
    define_options(values, {name: OPTIONS[name] for name in PLACES})


def reading_options(values: absl_flags.FlagValues) -> DataOptions:
    """Where data are and how they are read, by the flags."""
    return DataOptions(**{name: getattr(values, name) for name in PLACES})


def _define_named(
    values: absl_flags.FlagValues, name: str, table: Collection[str], default: str
) -> None:
    what, many = name.removesuffix("s"), name.endswith("s")
    kind = parsers.dataset(table) if what == "dataset" else parsers.choice(what, table)
    own = (
        "; or your own, an .npz, .csv or .tsv file or a folder of classes"
        if what == "dataset"
        else ""
    )
    if not many:
        define(values, kind, name, default, f"the {name}{own}", "Study")
        return
    kind = parsers.names(what, table, kind)
    help = f"the {name}, parted by commas{own}"
    define(values, kind, name, tuple(default.split(",")), help, "Study")


def named(values: StudyFlags, what: str) -> tuple[str, ...]:
    """The models or datasets of a study."""
    return getattr(values, what) if what in values else (getattr(values, what.removesuffix("s")),)


def request_of(values: StudyFlags) -> StudyRequest:
    """The request for a study that flags make.

    Raises:
      UserError: if it is said twice how many replicates there are, and not the same.
    """
    flags = {n: values[n] for n in options_of(values.study) if n not in OF_MODELS}
    given = {
        name: flag.value
        for name, flag in flags.items()
        if flag.value is not None and not (flag.using_default_value and flag.value == flag.default)
    }
    request = StudyRequest(
        values.study,
        tuple(model_of(values, name) for name in named(values, "models")),
        named(values, "datasets"),
        given,
    )
    return with_replicates(request)


def model_of(values: StudyFlags, name: str) -> Model:
    """A model as flags give it: its shape, numbers, optimiser and objective."""
    given: dict[str, Any] = {
        field.name: getattr(values, flag)
        for flag, field in shape_fields(name).items()
        if not values[flag].using_default_value
    }
    for option in ("activation", *OF_MODELS, *HPARAMS):
        value = parsers.of_model(getattr(values, option), name, None)
        if value is not None and option in kinds_of(Model(name)):
            given[option] = value
    return Model(name, tuple(given.items()))


def check_sizes_given(values: StudyFlags) -> None:
    """Raises UserError if a width or depth is given that none of the models meant can have."""
    for name in (name for name, bounds in HPARAMS.items() if bounds.whole):
        for model, value in getattr(values, name).items():
            meant = (model,) if model != parsers.REST else named(values, "models")
            if not any(MODELS[one].live for one in meant):
                check_sizes(meant[0], None, value, value)


def check_layouts(request: StudyRequest) -> None:
    """Raises UserError if a model of the study does not compute in the way its layout names."""
    for model in request.models:
        layout, ways = request.model_options(model.name).layout, model.row.ways
        if layout and layout.way and layout.way not in ways:
            raise UserError(
                f"--layout={model.name}:{layout}: {model.name} does not compute by {layout.way}; "
                f"its ways: {', '.join(ways) or 'there is only one'}"
            )


def check_datasets(values: StudyFlags) -> None:
    """Raises UserError if a data set is neither of the table, nor a path, nor lies prepared."""
    check_options(reading_options(values), named(values, "datasets"))
    flag = "datasets" if "datasets" in values else "dataset"
    for name in named(values, "datasets"):
        known = name in data.DATASETS or data.is_path(name)
        if not known and data.find(name, DataOptions(data_dir=values.data_dir)) is None:
            text = flag_of(values, flag).kind.show(values[flag].value)
            raise bad_value(flag, text, unknown("dataset", parsers.short(name), data.DATASETS))


def check(values: StudyFlags) -> None:
    """Raises UserError where flags do not go together. Quick: scripts do it before JAX starts."""
    if values.steps is not None and values.epochs is not None:
        raise UserError(
            f"--steps={values['steps'].value} and --epochs={values['epochs'].value:g}: give one "
            "of them; if one is from a --flagfile, train by that one or take its line out"
        )
    for model in values.activation:
        if model != parsers.REST and model not in activations():
            raise UserError(
                f"--activation={model}:...: {model} has no activation; these models have: "
                f"{', '.join(activations())}"
            )
    for model in MODELS:
        chosen = model_of(values, model).options
        if model in named(values, "models"):
            check_sizes(model, chosen.shape, chosen.hparams.width, chosen.hparams.depth)
    check_sizes_given(values)
    request = request_of(values)
    check_layouts(request)
    page.check_writer(values)
    directories.check_input_dirs(values.data_dir, values.manual_dir)
    check_datasets(values)
    cluster.check(values)
    check_request(request)
    if "continue_from" in values and values.continue_from is not None:
        from dlfun.records.continued import check_continued

        check_continued(Path(values.continue_from), request)


def study_options(values: StudyFlags) -> StudyOptions:
    """What a study needs, from its flags: its record goes to a directory that holds nothing yet.

    Raises:
      UserError: naming the flag, if flags do not go together or the directory will not do.
    """
    check(values)
    request = request_of(values)
    lines = flag_lines(request)
    check_text(lines)
    if checkpoint_flags.only_measures(values):
        return study_request.study_options(request)
    output_dir = checkpoint_flags.output_dir_of(values)
    return study_request.study_options(
        request,
        output_dir=output_dir,
        overwrite=values.overwrite,
        checkpoints=checkpoint_flags.checkpoints_of(values, output_dir, lines),
    )
