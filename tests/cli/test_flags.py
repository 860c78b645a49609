"""Promises about how flags are read into a study, and written down so that they replay it."""

import contextlib
import dataclasses
import math
import re

import pytest

from dlfun.cli import app, directories, signals, study_flags
from dlfun.cli.flagfiles import read_flagfiles
from dlfun.config import parsers, study_request
from dlfun.config.options import DataOptions, StudyOptions
from dlfun.data import DATASETS
from dlfun.errors import UserError
from dlfun.models import CNN, MODELS
from dlfun.records.flagfile import flag_lines
from dlfun.types import HPARAMS, HParams, Layout

ALL = ",".join(MODELS)
FIRST = next(iter(DATASETS))


def parsed(*args, models=ALL):
    values = study_flags.study_flags("compare", models=models, datasets=FIRST)
    app.parse(values, ["script", *args])
    return values


def options(*args, models=ALL):
    return study_request.study_options(request(*args, models=models))


def request(*args, models=ALL):
    return study_flags.request_of(parsed(*args, models=models))


def numbers(name, *args):
    return {m: getattr(o.hparams, name) for m, o in options(*args).models.items()}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_defaults_are_those_of_the_options():
    found = options()
    for field in (*dataclasses.fields(StudyOptions), *dataclasses.fields(DataOptions)):
        if field.compare and field.name not in (
            "models",
            "datasets",
            "data",
            "output_dir",
        ):
            where = found if hasattr(found, field.name) else found.data
            assert getattr(where, field.name) == field.default
    assert tuple(found.models) == tuple(MODELS)
    for model, own in found.models.items():
        assert own.shape == MODELS[model].settings()
        assert own.hparams == HParams(learning_rate=MODELS[model].learning_rate)
        assert (own.optimizer, own.objective, own.layout) == ("adam", "auto", None)


def test_one_model_and_one_dataset():
    values = study_flags.study_flags("train", model="bpnn", dataset=FIRST)
    app.parse(values, ["script", "--model=cnn"])
    found = study_flags.study_options(values)
    assert tuple(found.models) == ("cnn",)
    assert found.datasets == (FIRST,)


def test_a_script_holds_only_the_flags_it_names():
    assert "models" not in study_flags.study_flags("train", model="bpnn", dataset=FIRST)
    assert "model" not in study_flags.study_flags("compare", datasets=FIRST)


@pytest.mark.parametrize("name", [n for n, bounds in HPARAMS.items() if not bounds.whole])
def test_a_number_for_all_for_some_or_both(name):
    default, other, third = numbers(name), 0.25, 0.5
    assert numbers(name, f"--{name}={other}") == dict.fromkeys(MODELS, other)
    some = numbers(name, f"--{name}=cnn:{other},rnn:{third}")
    assert some == {**default, "cnn": other, "rnn": third}
    both = numbers(name, f"--{name}={other},cnn:{third}")
    assert both == {**dict.fromkeys(MODELS, other), "cnn": third}


@pytest.mark.parametrize("name", [n for n, bounds in HPARAMS.items() if bounds.whole])
def test_a_size_is_for_the_models_that_have_one(name):
    shapes = "--bpnn_widths=9,9", "--rnn_widths=9,9"
    able = {model for model, row in MODELS.items() if row.live}
    given = numbers(name, f"--{name}=2", *shapes)
    assert given == {model: 2 if model in able else math.inf for model in MODELS}
    assert numbers(name, f"--{name}=2,rnn:1", *shapes) == given | {"rnn": 1}
    for wrong, match in ((f"cnn:{2}", "only bpnn and rnn"), ("1.5", "whole"), ("10", "_widths")):
        with pytest.raises(UserError, match=match):
            numbers(name, f"--{name}={wrong}")


def test_a_model_that_is_not_run_may_have_a_number():
    found = options("--models=bpnn", "--learning_rate=cnn:0.5")
    assert found.models["bpnn"].hparams.learning_rate == MODELS["bpnn"].learning_rate


def test_names_and_layouts_by_model():
    found = options(
        "--optimizer=sgd,cnn:adamw", "--activation=tanh,rnn:relu", "--layout=rnn:2x1,cnn:1x5"
    ).models
    assert {m: o.optimizer for m, o in found.items()} == {
        **dict.fromkeys(MODELS, "sgd"),
        "cnn": "adamw",
    }
    assert {m: o.shape.activation for m, o in found.items() if hasattr(o.shape, "activation")} == {
        "bpnn": "tanh",
        "cnn": "tanh",
        "rnn": "relu",
        "vae": "tanh",
    }
    assert {m: o.layout for m, o in found.items() if o.layout} == {
        "rnn": Layout(2, 1),
        "cnn": Layout(1, 5),
    }


@pytest.mark.parametrize("text", ["64,32", "64x32"])
def test_sizes_by_comma_or_x(text):
    assert options(f"--bpnn_widths={text}").models["bpnn"].shape.widths == (64, 32)


def test_every_field_of_every_shape_is_a_flag():
    values = parsed()
    for model, row in MODELS.items():
        for field in dataclasses.fields(row.settings):
            name = "activation" if field.name == "activation" else f"{model}_{field.name}"
            assert name in values


def test_shape_flags_of_each_kind():
    found = options(
        "--cnn_dense=",
        "--rnn_recurrent_bias",
        "--nornn_bidirectional",
        "--rnn_cell=lstm",
        "--vae_latent=3",
    ).models
    assert found["cnn"].shape.dense == ()
    assert found["rnn"].shape.recurrent_bias
    assert not found["rnn"].shape.bidirectional
    assert found["rnn"].shape.cell == "lstm"
    assert found["vae"].shape.latent == 3


@pytest.mark.parametrize(
    ("args", "shape"),
    [
        (["--cnn_channels=32,64"], CNN(channels=(32, 64), kernels=(5, 3), strides=(2, 2),
                                       padding=(1, 1), pools=(1, 1))),
        (["--cnn_channels=8,8,8,8"], CNN(channels=(8,) * 4, kernels=(5, 3, 3, 3), strides=(2,) * 4,
                                         padding=(1,) * 4, pools=(1,) * 4)),
        (["--cnn_kernels=7", "--cnn_padding=0"], CNN(kernels=(7, 7, 7), padding=(0, 0, 0))),
        (["--cnn_channels=9", "--cnn_pools=2"], CNN(channels=(9,), kernels=(5,), strides=(2,),
                                                    padding=(1,), pools=(2,))),
    ],
)  # fmt: skip
def test_the_layers_of_a_cnn_agree(args, shape):
    assert options(*args).models["cnn"].shape == shape


@pytest.mark.parametrize("name", ["kernels", "strides", "padding", "pools"])
def test_a_given_length_that_does_not_fit_is_an_error(name):
    with pytest.raises(UserError, match=f"^--cnn_{name}=3,2: .* or 3, as many as --cnn_channels"):
        parsed(f"--cnn_{name}=3,2")


REPLAYED = [
    [],
    ["--models=cnn,bpnn", "--learning_rate=0.1234567890123456789,cnn:1e-17"],
    ["--models=vae", "--kl_weight=vae:0.5", "--momentum=cnn:0.1"],
    ["--gradient_clip=inf,rnn:0.3", "--epochs=2.5", "--batch_size=7", "--precision=float64"],
    ["--steps=3", "--cnn_channels=32,64", "--cnn_dense=10", "--nornn_bidirectional"],
    ["--models=softmax,perceptron", "--activation=rnn:relu", "--perceptron_averaged"],
    ["--split=kfold", "--folds=3", "--repeats=2", "--groups=speaker"],
    ["--split=random", "--permute_features", "--train_examples=99", "--validation_fraction=0"],
    ["--cnn_dense=5", "--cnn_dense="],
]


@pytest.mark.parametrize("args", REPLAYED)
def test_the_lines_written_down_replay_the_study(args, tmp_path):
    first = request(*args)
    lines = flag_lines(first)
    (tmp_path / "config.flags").write_text("# a comment\n\n" + "\n".join(lines) + "\n")
    again = request(f"--flagfile={tmp_path}/config.flags", models="bpnn")
    assert flag_lines(again) == lines
    assert study_request.study_options(again) == study_request.study_options(first)


def test_a_flagfile_may_come_from_any_editor(tmp_path):
    file = tmp_path / "mine.flags"
    comments = ("# a comment\r\n", "", "// a comment\n", "  # a comment\n", "\n", " \n", "\ufeff")
    for text in (f"{comment}--seeds=7\r\n" for comment in comments):
        file.write_bytes(f"\ufeff{text}".encode())
        assert options(f"--flagfile={file}").seeds == 7


def test_a_way_is_asked_of_the_models_of_the_study_alone():
    found = options("--layout=2x1+shifts", models="cnn").models["cnn"]
    assert found.layout == Layout(2, 1, way="shifts")
    with pytest.raises(UserError, match=r"^--layout=bpnn:2x1\+shifts: bpnn does not compute by"):
        options("--layout=2x1+shifts", models="cnn,bpnn")


def test_the_lines_hold_every_flag_that_has_a_value():
    values = parsed("--layout=1x1", "--output_dir=here", "--data_dir=there", "--steps=3")
    lines = flag_lines(study_flags.request_of(values))
    written = {re.sub("^--(no)?", "", line).partition("=")[0] for line in lines}
    left_out = {"output_dir", "data_dir", "manual_dir", "overwrite", "requeue_signal"}
    left_out |= {"coordinator", "process_id", "processes", "checkpoint_seconds"}
    left_out |= {"epochs", "batch_size", "train_examples", "platform", "memory_limit"}  # no value
    left_out |= {"target_column", "target_type", "test_fraction", "folds", "repeats", "groups"}
    left_out |= {"missing", "ignore_columns", "separator", "validation", "resize"}
    left_out |= {"track", "track_members", "require"}
    left_out |= {"continue_from", "initialize_from"}
    left_out |= {"delta", "reference", "looks", "pilot", "frozen", "space"}
    assert written == set(values) - left_out
    assert len(lines) == len(written)


def test_what_comes_later_wins(tmp_path):
    (tmp_path / "recipe").write_text("--steps=6000\n--cnn_channels=1,2,3\n")
    values = parsed("--flagfile=recipe", "--steps=50")
    assert values["steps"].value == 50
    assert parsed("--steps=50", "--flagfile=recipe")["steps"].value == 6000


def test_flagfiles_nest(tmp_path):
    (tmp_path / "inner").write_text("--seeds=3\n")
    (tmp_path / "outer").write_text("--flagfile=inner\n// no flag\n--steps=4\n")
    found = options("--flagfile", "outer")
    assert (found.seeds, found.steps) == (3, 4)


TOO_MUCH = {
    "itself": (lambda f: f.write_text(f"--seeds=2\n--flagfile={f}\n"), "it names itself; take"),
    "many lines": (lambda f: f.write_text("--seeds=2\n" * 20_000), "more than 10000 lines"),
    "many comments": (lambda f: f.write_text("#\n" * 20_000), "more than 10000 lines"),
    "a long line": (lambda f: f.write_text("--seeds=" + "2" * 2**21), "larger than 1 MiB"),
    "no text": (lambda f: f.write_bytes(b"--seeds=2\n\0"), "not a text file"),
    "a device": (lambda f: f.symlink_to("/dev/zero"), "not a text file"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_a_flagfile_that_holds_too_much_is_refused(case, tmp_path):
    write, why = TOO_MUCH[case]
    file = tmp_path / "mine.flags"
    write(file)
    with pytest.raises(UserError, match=rf"^--flagfile={file}: .*{why}|^--flagfile={file}: {why}"):
        options(f"--flagfile={file}")


def test_words_behind_two_dashes_are_no_flagfiles(tmp_path):
    assert read_flagfiles(["--seeds=2", "--", "--flagfile=missing"])[1:] == [
        "--",
        "--flagfile=missing",
    ]


def test_flags_are_read_anew_each_time():
    values = parsed("--seeds=3", "--learning_rate=0.5")
    app.parse(values, ["script"])
    assert values["seeds"].value == 10
    assert values["learning_rate"].value == {}


def test_changes_go_before_flags():
    given = request("--learning_rate=0.5", "--cnn_kernels=3", "--optimizer=sgd")
    changes = {"learning_rate": 0.25, "cnn_channels": (4, 5), "activation": "gelu"}
    found = given.model_options("cnn", changes)
    assert found.hparams.learning_rate == 0.25
    assert found.shape == CNN(
        (4, 5), kernels=(3, 3), strides=(2, 2), padding=(1, 1), pools=(1, 1), activation="gelu"
    )
    assert found.optimizer == "sgd"


KINDS = {
    "integer": (parsers.integer(0), [0, 5, 2**31 - 1]),
    "number": (parsers.number(HPARAMS["gradient_clip"]), [1e-300, 0.1, math.pi, math.inf]),
    "sizes": (parsers.sizes(1, empty=True), [(), (3,), (100, 1)]),
    "layout": (
        parsers.layout(),
        [None, parsers.EXPLAIN, Layout(2, 5), Layout(1, 1, 40), Layout(2, 5, 40, "xla")],
    ),
    "memory": (parsers.memory(), [1024, 3 * 2**20 + 7, 2**30, 3 * 2**39, 10**9 + 1]),
    "names": (parsers.names("model", MODELS), [("cnn",), ("rnn", "bpnn")]),
    "boolean": (parsers.boolean(), [True, False]),
    "by_model": (
        parsers.by_model(parsers.number(HPARAMS["momentum"]), MODELS),
        [{"": 0.1}, {"cnn": 0.1 + 0.2}, {"": 0.0, "rnn": 1e-9}],
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_value_shown_reads_back_the_same(name):
    kind, values = KINDS[name]
    for value in values:
        assert kind.parse(kind.show(value)) == value


def test_default_output_dirs_are_taken_at_once(tmp_path, monkeypatch):
    """Whoever is there first has the name: a record, what is left of a study, another process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(directories.time, "strftime", lambda form: "20260102-030405")
    (tmp_path / "runs" / "train-20260102-030405-2.unfinished").mkdir(parents=True)
    mkdir = directories.Path.mkdir
    with contextlib.closing(signals.CURRENT.closing):
        assert directories.new_output_dir("train") == "runs/train-20260102-030405"

        def too_late(path, *args, **how):  # another process is quicker
            if path.name.endswith("-3"):
                mkdir(path)
            mkdir(path, *args, **how)

        monkeypatch.setattr(directories.Path, "mkdir", too_late)
        assert directories.new_output_dir("train") == "runs/train-20260102-030405-4"
        monkeypatch.undo()
        assert {path.name[21:] for path in (tmp_path / "runs").iterdir()} == {
            "", "-2.unfinished", "-3", "-4",
        }  # fmt: skip
        monkeypatch.chdir(tmp_path)
    assert {path.name[21:] for path in (tmp_path / "runs").iterdir()} == {"-2.unfinished", "-3"}


def test_a_name_that_cannot_be_taken_is_said(tmp_path, monkeypatch):
    (tmp_path / "runs").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^runs/train-.*: File exists; name a directory"):
        directories.new_output_dir("train")


def test_what_trains_nothing_takes_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for flag in ("--layout=explain", "--layout=2x5"):
        found = study_flags.study_options(parsed(flag))
        assert (found.output_dir is None) == (flag == "--layout=explain")
    assert found.output_dir == str(next((tmp_path / "runs").iterdir()).relative_to(tmp_path))


def test_an_output_dir_is_checked_and_not_made(tmp_path):
    directories.check_output_dir("new/inner")
    (tmp_path / "empty").mkdir()
    directories.check_output_dir("empty")
    assert not (tmp_path / "new").exists()


def test_an_output_dir_that_may_not_be_written(monkeypatch):
    monkeypatch.setattr(directories.os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=r"^--output_dir=new: you may not write to "):
        directories.check_output_dir("new")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0,01", "a comma parts the values of models; write 0.01"),
        ("1.000,5", "; write 1000.5"),
        ("0,1,0,2", "; write 0.1"),
        ("5,1e-3", "; write 5.1e-3"),
        ("bpnn:0,01", "in 0,01 a comma parts the values of models; write 0.01"),
        ("bpnn:0.1,0,01", "; write 0.01"),
        ("0,5,bpnn:0.1", "; write 0.5"),
        ("0.1,", "has a comma with nothing before or behind it; take it out"),
        (",0.1", "has a comma with nothing before or behind it; take it out"),
        ("0.1,0.2", "gives all models a value twice; it must be NUMBER for all models, MODEL:NUM"),
        ("1e-3;1e-2", "must be NUMBER for all models, MODEL:NUMBER for some, or both, parted by"),
        ("0.1 0.2", "MODEL:NUMBER for some"),
        ("bpnn=0.1", "MODEL:NUMBER for some"),
        ("bpnn:0.1;cnn:0.2", "MODEL:NUMBER for some"),
        ("1_000", "must be a number, at least 0 and finite; write 1000"),
        ("1 000", "; write 1000"),
        ("０.１", "; write 0.1"),
        ("1e\u22123", "; write 1e-3"),
        ("10%", "; write 0.1"),
        ("01", "leave out zeros before a number, and put a point, no comma, before decimals"),
        ("½", "must be a number, at least 0 and finite"),
        ("inf", "must be a number, at least 0 and finite"),
        ("nan", "must be a number, at least 0 and finite"),
    ],
)
def test_a_number_in_another_form_is_told_the_form(value, why):
    with pytest.raises(UserError, match=f"^--learning_rate={re.escape(value)}: .*{re.escape(why)}"):
        parsed(f"--learning_rate={value}")


@pytest.mark.parametrize("value", ["0.1,bpnn:1", "bpnn:1,cnn:2", "bpnn:0.5,1", ".5", "+1e-3", "1."])
def test_points_and_commas_that_are_clear_are_read(value):
    parsed(f"--learning_rate={value}")


@pytest.mark.parametrize("value", ["1,000", "1.000", "1_000", "1e3", "1000.0", "１０００"])
def test_a_whole_number_in_another_form_is_told_the_form(value):
    with pytest.raises(UserError, match=r"must be a whole number, at least 1.*; write 1000$"):
        parsed(f"--steps={value}")
