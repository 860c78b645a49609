"""The flags that studies share, defined once, and how `main` reads them.

A script makes its flags with `study_flags` and reads them with `study_options`:

    FLAGS = flags.study_flags(models="perceptron,softmax,bpnn", datasets="mnist1d")

    def main(argv):
        options = flags.study_options(FLAGS, script="compare")

    if __name__ == "__main__":
        app.run(main, FLAGS)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli import checkpoint_flags, cluster, directories, page
from dlfun.cli.flag_types import bad_value, define, flag_of
from dlfun.cli.flagfile import flag_lines
from dlfun.cli.model_flags import model_of
from dlfun.cli.per_model import usual_value
from dlfun.cli.shape_flags import NONE, activations, define_shapes
from dlfun.config import parsers
from dlfun.config.option_table import FIELDS, MACHINE, OPTIONS
from dlfun.config.options import DataOptions, ModelOptions, StudyOptions
from dlfun.data.user_files.cells import check_text
from dlfun.errors import UserError, unknown
from dlfun.models import MODELS
from dlfun.models.sizes import check_sizes
from dlfun.types import HPARAMS, Layout


def study_flags(
    *,
    model: str | None = None,
    models: str | None = None,
    dataset: str | None = None,
    datasets: str | None = None,
) -> absl_flags.FlagValues:
    """The flags of a script: all that studies share, and the ones named here, with defaults.

    Give `model` for one model, or `models` for a list of them; the same with `dataset`.
    """
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    _define_named(values, "model", MODELS, model, models)
    _define_named(values, "dataset", data.DATASETS, dataset, datasets)
    define_options(values, (name for name, row in OPTIONS.items() if row.group != MACHINE))
    for name, bounds in HPARAMS.items():
        kind = parsers.by_model(parsers.number(bounds), MODELS)
        usual = usual_value(name, kind)
        define(values, kind, name, NONE, bounds.help, "Numbers", usual=usual)
    define_shapes(values)
    define_options(values, (name for name, row in OPTIONS.items() if row.group == MACHINE))
    return values


def define_options(values: absl_flags.FlagValues, names: Iterable[str]) -> None:
    """Adds the flags of these options."""
    for name in names:
        row = OPTIONS[name]
        kind = parsers.by_model(row.kind, MODELS) if row.by_model else row.kind
        default = NONE if row.by_model else row.default
        usual = row.usual or (usual_value(name, kind) if row.by_model else "")
        define(values, kind, name, default, row.help, row.group, usual=usual)


def define_places(values: absl_flags.FlagValues) -> None:
    """Adds the flags that say where data are, and what of them is wanted."""
    define_options(values, ("data_dir", "manual_dir", "target_column", "target_type"))


def _define_named(
    values: absl_flags.FlagValues,
    what: str,
    table: Collection[str],
    one: str | None,
    many: str | None,
) -> None:
    kind = parsers.dataset(table) if what == "dataset" else parsers.choice(what, table)
    kinds = parsers.names(what, table, kind)
    own = "; or your own, an .npz or .csv file or a folder of classes" if what == "dataset" else ""
    if one is not None:
        define(values, kind, what, one, f"the {what}{own}", "Study")
    if many is not None:
        default = tuple(many.split(","))
        define(values, kinds, f"{what}s", default, f"the {what}s, parted by commas{own}", "Study")


def models_of(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The models of a study."""
    return values.models if "models" in values else (values.model,)


def datasets_of(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The data sets of a study."""
    return values.datasets if "datasets" in values else (values.dataset,)


def model_options(
    values: absl_flags.FlagValues, model: str, changes: Mapping[str, Any] = NONE
) -> ModelOptions:
    """One model's options; `changes` (name of a flag -> value) go before the flags, in a sweep.

    Raises:
      UserError: if the lengths of the model's layers do not agree.
    """
    layout = parsers.of_model(values.layout, model, None)
    return dataclasses.replace(
        model_of(values, model).at(changes).options,
        layout=layout if isinstance(layout, Layout) else None,
        way=values.convolution if values.convolution in MODELS[model].ways else "",
    )


def check_sizes_given(values: absl_flags.FlagValues) -> None:
    """Raises UserError if a width or depth is given that none of the models meant can have."""
    for name in (name for name, bounds in HPARAMS.items() if bounds.whole):
        for model, value in getattr(values, name).items():
            meant = (model,) if model != parsers.REST else models_of(values)
            if not any(MODELS[one].live for one in meant):
                check_sizes(meant[0], None, value, value)


def check_model(model: str, chosen: ModelOptions) -> None:
    """Raises UserError if a model of this shape has not as many units or layers as it should."""
    check_sizes(model, chosen.shape, chosen.hparams.width, chosen.hparams.depth)


def check_layouts(values: absl_flags.FlagValues) -> None:
    """Raises UserError if a model of the study does not compute in the way its layout names."""
    for model in models_of(values):
        layout = model_options(values, model).layout
        if layout and layout.way and layout.way not in MODELS[model].ways:
            ways = ", ".join(MODELS[model].ways) or "there is only one"
            raise UserError(
                f"--layout={model}:{layout}: {model} does not compute by {layout.way}; "
                f"its ways: {ways}"
            )


def check_target(column: str | None, kind: str | None, datasets: Collection[str]) -> None:
    """Raises UserError if it is said what the target is, and no data set of the user's has one."""
    for name, given, ends in (
        ("target_column", column, (".csv",)),
        ("target_type", kind, (".csv", ".npz")),
    ):
        if given is not None and not any(one.lower().endswith(ends) for one in datasets):
            files = " or ".join(ends)
            raise bad_value(name, given, f"none of the data sets is a {files} file; leave it out")


def check_datasets(values: absl_flags.FlagValues) -> None:
    """Raises UserError if a data set is neither of the table, nor a path, nor lies prepared."""
    check_target(values.target_column, values.target_type, datasets_of(values))
    flag = "datasets" if "datasets" in values else "dataset"
    for name in datasets_of(values):
        known = name in data.DATASETS or data.is_path(name)
        if not known and data.find(name, DataOptions(data_dir=values.data_dir)) is None:
            text = flag_of(values, flag).kind.show(values[flag].value)
            raise bad_value(flag, text, unknown("dataset", parsers.short(name), data.DATASETS))


def check(values: absl_flags.FlagValues) -> None:
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
        chosen = model_options(values, model)
        if model in models_of(values):
            check_model(model, chosen)
    check_sizes_given(values)
    check_layouts(values)
    page.check_writer(values)
    directories.check_input_dirs(values.data_dir, values.manual_dir)
    check_datasets(values)
    cluster.check(values)


def study_options(
    values: absl_flags.FlagValues, script: str, *, fresh: bool = True
) -> StudyOptions:
    """What a study needs, from the flags of its script.

    `fresh` says that the record is to be written to a directory that holds nothing yet.

    Raises:
      UserError: naming the flag, if flags do not go together or the directory will not do.
    """
    check(values)
    lines = flag_lines(values, models_of(values))
    check_text(lines)
    output_dir = checkpoints = None
    if fresh and not checkpoint_flags.only_measures(values):
        output_dir = checkpoint_flags.output_dir_of(values, script)
        checkpoints = checkpoint_flags.checkpoints_of(values, script, output_dir, lines)
    return StudyOptions(
        models={model: model_options(values, model) for model in models_of(values)},
        datasets=datasets_of(values),
        data=DataOptions(
            **{f.name: getattr(values, f.name) for f in dataclasses.fields(DataOptions)}
        ),
        output_dir=output_dir,
        flags=lines,
        overwrite=values.overwrite,
        checkpoints=checkpoints,
        **{name: getattr(values, name) for name in FIELDS},
    )
