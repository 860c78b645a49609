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
import math
from collections.abc import Collection, Mapping
from typing import Any

from absl import flags as absl_flags

from dlfun import data
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.objectives import OBJECTIVES
from dlfun.studies import options
from dlfun.studies.options import DataOptions, ModelOptions, StudyOptions
from dlfun.types import HPARAMS, HParams, Range
from experiments import parsing, paths
from experiments.holders import define
from experiments.shapes import NONE, activations, define_shapes, model_shape, shape_lines

PLATFORMS = ("cpu", "gpu", "tpu")
UNWRITTEN = ("output_dir", "data_dir", "manual_dir", "layout")
"""Flags that config.flags does not hold: places, and the layouts, which the study adds."""

BY_MODEL = ("activation", "objective", "optimizer", *HPARAMS)
"""Flags that take one value for all models, values for some, or both."""

SIMPLE = (
    "seeds",
    "seed",
    "steps",
    "epochs",
    "batch_size",
    "schedule",
    "evaluations",
    "precision",
    "keep",
)
"""Flags that StudyOptions holds as they are."""

POSITIVE = Range(0, math.inf, "", low_allowed=False, high_allowed=False)
FRACTION = Range(0, 1, "", high_allowed=False)
DEFAULTS: Mapping[str, Any] = {
    field.name: field.default
    for field in (*dataclasses.fields(DataOptions), *dataclasses.fields(StudyOptions))
}


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
    _define_study(values)
    _define_data(values)
    _define_training(values)
    for name, bounds in HPARAMS.items():
        kind = parsing.by_model(parsing.number(bounds), MODELS)
        usual = _usual(name, kind)
        define(values, kind, name, NONE, bounds.help, "Numbers", usual=usual)
    define_shapes(values)
    _define_machine(values)
    return values


def _define_named(
    values: absl_flags.FlagValues,
    what: str,
    table: Collection[str],
    one: str | None,
    many: str | None,
) -> None:
    kind, kinds = parsing.choice(what, table), parsing.names(what, table)
    if one is not None:
        define(values, kind, what, one, f"the {what}", "Study")
    if many is not None:
        default = tuple(many.split(","))
        define(values, kinds, f"{what}s", default, f"the {what}s, parted by commas", "Study")


def _define_study(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, DEFAULTS[name], help, "Study", usual=usual)

    add(parsing.integer(1), "seeds", "replicates of every configuration")
    add(parsing.integer(0, 2**32 - 1), "seed", "the root of all chance")
    add(parsing.integer(1), "steps", "how long to train, in steps", "1000, if no --epochs")
    add(parsing.number(POSITIVE), "epochs", "how long to train, in epochs; instead of --steps")
    add(parsing.integer(1), "evaluations", "validations in a run, evenly spread")
    add(parsing.choice("keep", options.KEEP), "keep", "whose parameters the record keeps")


def _define_data(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, DEFAULTS[name], help, "Data", usual=usual)

    add(parsing.path(), "data_dir", "where prepared data sets lie", "that of tensorflow-datasets")
    add(parsing.path(), "manual_dir", "where files lie that are used instead of a download")
    add(
        parsing.choice("split", options.SPLITS),
        "split",
        "the data set's official test split, or a random split of each replicate's own",
    )
    add(parsing.number(FRACTION), "validation_fraction", "of the training split, held out")
    add(parsing.integer(1), "train_examples", "use only this many training examples", "all")
    add(
        parsing.boolean(),
        "permute_features",
        "apply one fixed permutation to the positions of every example",
    )


def _define_training(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, help: str, default: Any, usual: str = "") -> None:
        define(values, kind, name, default, help, "Training", usual=usual)

    optimizer = parsing.by_model(parsing.choice("optimizer", options.OPTIMIZERS), MODELS)
    objectives = ("auto", *OBJECTIVES)
    objective = parsing.by_model(parsing.choice("objective", objectives), MODELS)
    add(optimizer, "optimizer", "by model", NONE, _usual("optimizer", optimizer))
    add(objective, "objective", "what is brought down, by model; auto: by the task", NONE, "auto")
    add(
        parsing.integer(1),
        "batch_size",
        "examples in a step",
        DEFAULTS["batch_size"],
        "100, cut to the training split",
    )
    add(
        parsing.choice("schedule", options.SCHEDULES),
        "schedule",
        "of the learning rate: constant, falling to 0 along a cosine, or a linear warm-up",
        DEFAULTS["schedule"],
    )
    add(
        parsing.choice("precision", options.PRECISIONS),
        "precision",
        "of the arithmetic",
        DEFAULTS["precision"],
    )


def _define_machine(values: absl_flags.FlagValues) -> None:
    def add(kind: parsing.Kind, name: str, help: str, usual: str = "", default: Any = None) -> None:
        define(values, kind, name, default, help, "Output & machine", usual=usual)

    add(parsing.path(), "output_dir", "a new directory for the record", "runs/SCRIPT-DATE-TIME")
    add(parsing.choice("platform", PLATFORMS), "platform", "where to compute", "the best there is")
    layout = parsing.by_model(parsing.layout(), MODELS)
    add(
        layout,
        "layout",
        "how members meet devices, by model: devices x members at once on each, "
        "such as 2x5; never changes the meaning",
        "auto",
        NONE,
    )


def default_of(name: str, model: str) -> Any:
    """A model's own default of a flag that goes by model; None where it has no such thing."""
    if name == "activation":
        return activations().get(model)
    if name == "learning_rate":
        return MODELS[model].learning_rate
    field = ModelOptions.__dataclass_fields__.get(name)
    return field.default if field else HParams._field_defaults[name]


def _usual(name: str, kind: parsing.Kind) -> str:
    return kind.show(_shorten({model: default_of(name, model) for model in MODELS}))


def _shorten(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """One value for all instead of the same value for each model."""
    different = set(values.values())
    return {parsing.REST: different.pop()} if len(different) == 1 else values


def models_of(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The models of a study."""
    return values["models"].value if "models" in values else (values["model"].value,)


def datasets_of(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The data sets of a study."""
    return values["datasets"].value if "datasets" in values else (values["dataset"].value,)


def model_options(
    values: absl_flags.FlagValues, model: str, changes: Mapping[str, Any] = NONE
) -> ModelOptions:
    """One model's options; `changes` (name of a flag -> value) go before the flags, in a sweep.

    Raises:
      UserError: if the lengths of the model's layers do not agree.
    """

    def own(name: str) -> Any:
        chosen = parsing.of_model(values[name].value, model, default_of(name, model))
        return changes.get(name, chosen)

    return ModelOptions(
        shape=model_shape(values, model, changes),
        hparams=HParams(**{name: own(name) for name in HPARAMS}),
        optimizer=own("optimizer"),
        objective=own("objective"),
        layout=own("layout"),
    )


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where flags do not go together. Quick: scripts do it before JAX starts."""
    if values["steps"].value is not None and values["epochs"].value is not None:
        raise UserError(
            f"--steps={values['steps'].value} and --epochs={values['epochs'].value:g}: give one "
            "of them; if one is from a --flagfile, train by that one or take its line out"
        )
    for model in values["activation"].value:
        if model != parsing.REST and model not in activations():
            raise UserError(
                f"--activation={model}:...: {model} has no activation; these models have: "
                f"{', '.join(activations())}"
            )
    for model in MODELS:
        model_options(values, model)
    paths.check_input_dirs(values["data_dir"].value, values["manual_dir"].value)


def flag_lines(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The lines of config.flags, defaults included, that replay these flags.

    Left out are `UNWRITTEN`, and flags that have no value.
    """
    lines: list[str] = []
    for name in values:
        if name in BY_MODEL:
            lines += _by_model_lines(values, name)
        elif name not in UNWRITTEN and values[name].group not in MODELS:
            lines += values[name].lines()
    searched = (text for name in ("grid", "space") if name in values for text in values[name].value)
    swept = {text.partition("=")[0].strip() for text in searched}
    return (*lines, *shape_lines(values, swept))


def _by_model_lines(values: absl_flags.FlagValues, name: str) -> list[str]:
    """What was given; for models left to their own default, that default."""
    given = values[name].value
    if parsing.REST not in given:
        own = {model: default_of(name, model) for model in models_of(values)}
        given = {model: value for model, value in own.items() if value is not None} | given
    return [values[name].line(_shorten(given))] if given else []


def study_options(
    values: absl_flags.FlagValues, script: str, *, fresh: bool = True
) -> StudyOptions:
    """What a study needs, from the flags of its script.

    `fresh` says that the record is to be written to a directory that holds nothing yet.

    Raises:
      UserError: naming the flag, if flags do not go together or the directory will not do.
    """
    check(values)
    output_dir = values["output_dir"].value or paths.default_output_dir(script)
    if fresh:
        paths.check_output_dir(output_dir)
    return StudyOptions(
        models={model: model_options(values, model) for model in models_of(values)},
        datasets=datasets_of(values),
        data=DataOptions(**{f.name: values[f.name].value for f in dataclasses.fields(DataOptions)}),
        output_dir=output_dir,
        flags=flag_lines(values),
        **{name: values[name].value for name in SIMPLE},
    )
