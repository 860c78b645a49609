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
from collections.abc import Collection, Mapping
from typing import Any

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli import checkpoint_flags, cluster, directories, page
from dlfun.cli.flag_types import bad_value, define, flag_of
from dlfun.cli.flagfile import flag_lines
from dlfun.cli.per_model import default_of, usual_value
from dlfun.cli.shape_flags import NONE, activations, define_shapes, model_shape
from dlfun.config import parsers
from dlfun.config.options import KINDS, SIMPLE, DataOptions, ModelOptions, StudyOptions
from dlfun.data.augmentations import AUGMENTATIONS
from dlfun.data.user_files.cells import check_text
from dlfun.errors import UserError, unknown
from dlfun.models import MODELS
from dlfun.models.sizes import check_sizes
from dlfun.types import CONVOLUTIONS, HPARAMS, HParams, Layout

PLATFORMS = ("cpu", "gpu", "tpu")
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
    define_places(values)
    _define_data(values)
    _define_training(values)
    for name, bounds in HPARAMS.items():
        kind = parsers.by_model(parsers.number(bounds), MODELS)
        usual = usual_value(name, kind)
        define(values, kind, name, NONE, bounds.help, "Numbers", usual=usual)
    define_shapes(values)
    _define_machine(values)
    checkpoint_flags.define_survival(values)
    return values


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


def _define_study(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, DEFAULTS[name], help, "Study", usual=usual)

    add(KINDS["seeds"], "seeds", "replicates of every configuration")
    add(KINDS["seed"], "seed", "the root of all chance")
    add(KINDS["steps"], "steps", "how long to train, in steps", "1000, if no --epochs")
    add(KINDS["epochs"], "epochs", "how long to train, in epochs; instead of --steps")
    add(KINDS["evaluations"], "evaluations", "validations in a run, evenly spread")
    add(KINDS["keep"], "keep", "whose parameters the record keeps")
    add(
        KINDS["likelihood_samples"],
        "likelihood_samples",
        "importance samples for the VAE's log-likelihood of each test example; 0: not computed",
    )


def define_places(values: absl_flags.FlagValues) -> None:
    """Adds the flags that say where data are."""

    def add(kind: parsers.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, None, help, "Data", usual=usual)

    add(parsers.path(), "data_dir", "where prepared data sets lie", "that of tensorflow-datasets")
    add(parsers.path(), "manual_dir", "where files lie that are used instead of a download")
    add(parsers.text(), "target_column", "what is wanted of your own .csv", "its last column")
    what = "of your own .csv or .npz, where dlfun cannot know: names of classes, or numbers"
    add(KINDS["target_type"], "target_type", what, "what the targets look like")


def _define_data(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, help: str, usual: str = "") -> None:
        define(values, kind, name, DEFAULTS[name], help, "Data", usual=usual)

    add(
        KINDS["split"],
        "split",
        "what is tested on: the data set's official test split, a random one of each replicate's "
        "own, or for replicate r all that speaker r said",
    )
    add(
        KINDS["test_fraction"],
        "test_fraction",
        "of all examples, under --split=random",
        "as large as the official test split",
    )
    add(KINDS["validation_fraction"], "validation_fraction", "of the training split, held out")
    add(KINDS["train_examples"], "train_examples", "use only this many training examples", "all")
    add(
        KINDS["permute_features"],
        "permute_features",
        "apply one fixed permutation to the positions of every example",
    )
    add(
        KINDS["input"],
        "input",
        "memory: the data lie on every device; stream: they stay on the host, and batches are "
        "fed in the same order",
    )


def _define_training(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, help: str, default: Any, usual: str = "") -> None:
        define(values, kind, name, default, help, "Training", usual=usual)

    optimizer = parsers.by_model(KINDS["optimizer"], MODELS)
    objective = parsers.by_model(KINDS["objective"], MODELS)
    add(optimizer, "optimizer", "by model", NONE, usual_value("optimizer", optimizer))
    add(objective, "objective", "what is brought down, by model; auto: by the task", NONE, "auto")
    add(
        KINDS["batch_size"],
        "batch_size",
        "examples in a step",
        DEFAULTS["batch_size"],
        "100, cut to the training split",
    )
    add(
        KINDS["schedule"],
        "schedule",
        "of the learning rate: constant, falling to 0 along a cosine, or a linear warm-up",
        DEFAULTS["schedule"],
    )
    augmentations = (f"{name} {row.strength.help}" for name, row in AUGMENTATIONS.items())
    add(
        KINDS["augment"],
        "augment",
        f"changes to the inputs of a training step, as NAME:STRENGTH: {'; '.join(augmentations)}",
        DEFAULTS["augment"],
        "none",
    )
    add(
        KINDS["precision"],
        "precision",
        "of the arithmetic; under bfloat16, parameters and optimiser state stay float32",
        DEFAULTS["precision"],
    )
    add(
        KINDS["matmul_precision"],
        "matmul_precision",
        "of float32 matrix products on GPUs (default: TF32 where there is one) and TPUs (default: "
        "bfloat16); highest is float32",
        "default",
    )


def _define_machine(values: absl_flags.FlagValues) -> None:
    def add(kind: parsers.Kind, name: str, help: str, usual: str = "", default: Any = None) -> None:
        define(values, kind, name, default, help, "Output & machine", usual=usual)

    add(parsers.path(), "output_dir", "a new directory for the record", "runs/SCRIPT-DATE-TIME")
    what = "logs for TensorBoard in the record: curves of each arm, and what a sweep tried"
    add(parsers.boolean(), "tensorboard", what, default=False)
    add(parsers.choice("platform", PLATFORMS), "platform", "where to compute", "the best there is")
    layout = parsers.by_model(parsers.layout(), MODELS)
    add(
        layout,
        "layout",
        "how members meet devices, by model: devices x members at once on each, "
        "such as 2x5; explain measures the choices, and trains nothing; never changes the meaning",
        "auto",
        NONE,
    )
    add(
        parsers.choice("convolution", ("auto", *CONVOLUTIONS)),
        "convolution",
        "how convolutions compute; xla alone has forward-mode derivatives",
        default="auto",
    )
    add(
        KINDS["memory_limit"],
        "memory_limit",
        "of a population, which is run in chunks if it needs more",
        "what is free",
    )
    add(
        parsers.boolean(),
        "deterministic",
        "on a GPU, only operations that give the same bits each time, and no autotuning",
        default=False,
    )
    add(parsers.address(), "coordinator", "of several processes: where the first one listens")
    add(parsers.integer(0), "process_id", "of several processes: which one this is, from 0")
    add(
        parsers.integer(1),
        "processes",
        "how many share the study; 1: alone, also on a cluster",
        "as SLURM, Open MPI, Kubernetes or Cloud TPU started, else 1",
    )


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

    def own(name: str) -> Any:
        chosen = parsers.of_model(getattr(values, name), model, default_of(name, model))
        return changes.get(name, chosen)

    numbers = [n for n, bounds in HPARAMS.items() if MODELS[model].live or not bounds.whole]
    return ModelOptions(
        shape=model_shape(values, model, changes),
        hparams=HParams(**{name: own(name) for name in numbers}),
        optimizer=own("optimizer"),
        objective=own("objective"),
        layout=at if isinstance(at := own("layout"), Layout) else None,
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
        **{name: getattr(values, name) for name in SIMPLE},
    )
