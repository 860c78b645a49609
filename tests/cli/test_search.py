"""Promises about what a sweep's flags say."""

import contextlib

import pytest

from dlfun.cli import app, study_flags
from dlfun.config.model_value import Model
from dlfun.config.search_request import kinds_by_flag, search_of
from dlfun.config.search_space import Dimension
from dlfun.config.study_request import StudyRequest, study_options
from dlfun.data import DATASETS
from dlfun.errors import UserError
from dlfun.records.flagfile import flag_lines

FIRST = next(iter(DATASETS))


def parsed(*args):
    values = study_flags.study_flags("sweep", model="bpnn", dataset=FIRST)
    app.parse(values, ["sweep", *args])
    return values


def read(*args):
    return study_flags.request_of(parsed(*args))


def searched(model, method="grid", **given):
    values = {"search": method, **{n: tuple(v) for n, v in given.items()}}
    return search_of(StudyRequest("sweep", (Model(model),), (FIRST,), values))


def test_a_grid_keeps_its_order_and_its_types():
    grid = ["rnn_cell=lstm,gru", "learning_rate=1e-2,1e-3", "rnn_widths=6,16x16", "optimizer=sgd"]
    found = searched("rnn", grid=grid)
    assert list(found.grid.items()) == [
        ("rnn_cell", ("lstm", "gru")),
        ("learning_rate", (0.01, 0.001)),
        ("rnn_widths", ((6,), (16, 16))),
        ("optimizer", ("sgd",)),
    ]
    assert found.space == {}


def test_a_grid_of_yes_and_no_and_of_no_layer():
    grid = ["bpnn_residual=true,false"]
    assert searched("bpnn", grid=grid).grid == {"bpnn_residual": (True, False)}
    grid = ["cnn_dense=,8x8"]
    assert searched("cnn", grid=grid).grid == {"cnn_dense": ((), (8, 8))}


def test_a_space():
    space = ["learning_rate=log:1e-4:1e-1", "momentum=lin:0:0.9", "activation=choice:relu,tanh"]
    found = search_of(read("--search=sobol", "--trials=8", *(f"--space={one}" for one in space)))
    assert found.space == {
        "learning_rate": Dimension("log", 1e-4, 1e-1),
        "momentum": Dimension("lin", 0.0, 0.9),
        "activation": Dimension("choice", values=("relu", "tanh")),
    }
    assert (found.method, found.trials, found.grid) == ("sobol", 8, {})


def test_repeated_flags_are_crossed_and_written_down(tmp_path):
    args = ["--model=cnn", "--grid", "learning_rate=1e-3,1e-2", "--grid=cnn_channels=4x4,8"]
    request = read(*args)
    found = search_of(request)
    assert found.grid == {"learning_rate": (0.001, 0.01), "cnn_channels": ((4, 4), (8,))}
    config = tmp_path / "config.flags"
    config.write_text("\n".join(flag_lines(request)))
    again = read(f"--flagfile={config}")
    assert search_of(again) == found
    assert flag_lines(again) == flag_lines(request)
    assert study_options(again) == study_options(request)


def test_layers_follow_a_swept_number_of_layers(tmp_path):
    args = ["--model=cnn", "--grid=cnn_channels=4x4,8", "--cnn_kernels=7"]
    config = tmp_path / "config.flags"
    config.write_text("\n".join(flag_lines(read(*args))))
    for request in (read(*args), read(f"--flagfile={config}")):
        shapes = [
            request.model_options("cnn", {"cnn_channels": channels}).shape
            for channels in search_of(request).grid["cnn_channels"]
        ]
        assert [shape.kernels for shape in shapes] == [(7, 7), (7,)]
        assert [shape.strides for shape in shapes] == [(2, 2), (2,)]


def test_what_can_be_swept_is_of_the_model():
    kinds = {name: set(kinds_by_flag(Model(name))) for name in ("softmax", "bpnn")}
    assert "activation" not in kinds["softmax"]
    assert "cnn_channels" not in kinds["bpnn"]
    assert {"bpnn_widths", "activation", "optimizer", "dropout_rate"} <= kinds["bpnn"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ("", "--search=grid needs at least one --grid"),
        ("--search=random", "--search=random needs at least one --space"),
        ("--search=sobol --grid=momentum=0.1", "--grid does not go with --search=sobol"),
        ("--space=momentum=lin:0:0.5", "--space does not go with --search=grid"),
        ("--search=grd", "--search=grd: unknown search 'grd'; did you mean 'grid'?"),
        ("--grid=momentum=0.1 --trials=0", "--trials=0: must be a whole number, at least 1"),
        ("--grid=learning_rat=0.1", "unknown grid name 'learning_rat'; did you mean 'learning_ra"),
        ("--grid=cnn_channels=8", "--grid=cnn_channels=8: unknown grid name 'cnn_channels'"),
        ("--grid=learning_rate=1e-3,-1", "--grid=learning_rate=1e-3,-1: '-1' must be a number"),
        ("--grid=learning_rate=nan", "--grid=learning_rate=nan: must be a number"),
        ("--grid=learning_rate=", "--grid=learning_rate=: must be a number"),
        ("--grid=learning_rate", "--grid=learning_rate: must be NAME=VALUES"),
        ("--grid=", "--grid=: must not be empty"),
        ("--grid=momentum=0.1,0.10", "'0.10' is given twice"),
        ("--grid=learning_rate=0,001", "'001' must be a number, at least 0 and finite; leave out"),
        ("--search=random --space=momentum=lin:0,1:0.9", "at least 0 and below 1; write 0.1"),
        ("--grid=momentum=0.1 --grid=momentum=0.2", "'momentum' is given twice"),
        ("--grid=bpnn_widths=10x0", "--grid=bpnn_widths=10x0: must be whole numbers"),
        ("--grid=activation=relo", "unknown activation 'relo'; did you mean 'relu'?"),
        ("--search=random --space=momentum=0.1", "unknown scale '0.1'"),
        ("--search=random --space=momentum=lin:0", "must have two ends, lin:LOW:HIGH"),
        ("--search=random --space=momentum=lin:0.5:0.1", "from a lower to a higher number"),
        ("--search=random --space=momentum=log:0:0.1", "a log scale must start above 0"),
        ("--search=random --space=gradient_clip=lin:1:inf", "both finite"),
        ("--search=random --space=momentum=lin:0:1", "at least 0 and below 1"),
        ("--search=random --space=bpnn_widths=lin:1:5", "write choice:VALUE,VALUE"),
        ("--search=random --space=learning_rte=log:1:2", "unknown space name 'learning_rte'; did"),
        ("--model=cnn --grid=cnn_kernels=3x3", "--cnn_kernels=3,3: must have one entry for all"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(args, why, capsys):
    assert app.guarded(lambda: parsed(*args.split())) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("error: ")
    assert why in err


def test_widths_and_depths_are_whole_and_fit_the_shape():
    grid = ["width=8,16,inf", "depth=1,2"]
    found = searched("bpnn", grid=grid).grid
    assert found == {"width": (8, 16, float("inf")), "depth": (1, 2)}
    assert all(isinstance(value, int) for value in (*found["width"][:2], *found["depth"]))
    space = searched("bpnn", "random", space=["width=log:8:100"]).space
    assert space == {"width": Dimension("log", 8, 100, whole=True)}
    for args, what in (
        (
            ["--grid=width=8,101,256"],
            "--bpnn_widths=100,100 have at most 100 units; give --bpnn_widths=256,256",
        ),
        (["--grid=width=8.5"], "must be a whole number"),
        (["--grid=depth=1,3", "--bpnn_widths=9,9"], "has 2 layers"),
        (["--grid=depth=1,2", "--grid=bpnn_widths=9x9,9x8"], "all need the same width"),
        (["--model=cnn", "--grid=width=8"], "unknown grid name 'width'"),
    ):
        with pytest.raises(UserError, match=what):
            parsed(*args)


@pytest.mark.parametrize(
    ("method", "space", "message"),
    [
        ("pbt", "bpnn_widths=choice:8,16", "makes several programs, and --search=pbt trains one"),
        ("pbt", "width=lin:4:8", "its size stays; leave it out"),
        ("tpe", "width=lin:4:80", "have at most 64 units"),
        ("halving", "width=log:4:64", None),
    ],
)
def test_searches_of_sizes(method, space, message):
    with pytest.raises(UserError, match=message) if message else contextlib.nullcontext():
        parsed(f"--search={method}", f"--space={space}", "--bpnn_widths=64,64")
