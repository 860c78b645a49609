"""Promises about the flags of a comparison's protocol."""

import json

import pytest

from dlfun.cli import app, study_flags
from dlfun.cli.commands import compare
from dlfun.config.comparison_spec import Claim
from dlfun.config.search_space import SPACES, Dimension
from dlfun.errors import UserError
from dlfun.records import writer
from dlfun.records.study_file import read_request
from dlfun.studies.comparison import protocol
from dlfun.studies.comparison.frozen import CONFIRMED, digest, read_frozen, write_frozen


def parsed(*args):
    values = study_flags.study_flags("compare", models="softmax,cnn", datasets="mnist1d")
    app.parse(values, ["compare", *args])
    return study_flags.request_of(values)


def test_a_claim():
    two = "--datasets=mnist1d,digits"
    values = parsed(two, "--delta=0.02,digits:0.005", "--family=vs-reference", "--reference=cnn")
    delta = {"": 0.02, "digits": 0.005}
    assert protocol.claim_of(values) == Claim(delta, "vs-reference", "cnn")
    assert protocol.claim_of(parsed()) == Claim()
    looking = parsed("--until_decided", "--seeds=6", "--max_seeds=30")
    assert protocol.claim_of(looking).looks == (6, 12, 24, 30)
    looking = parsed("--until_decided", "--looks=8,9")
    assert protocol.claim_of(looking).looks == (8, 9)


def test_spaces_are_declared_for_all_models_or_for_one():
    given = ["--space=learning_rate=log:1e-3:1", "--space=cnn:cnn_channels=choice:4x4,8x8"]
    found = protocol.spaces_of(parsed("--tune", "--delta=0.01", *given))
    rate = Dimension("log", 1e-3, 1.0)
    channels = Dimension("choice", values=((4, 4), (8, 8)))
    assert found == {
        "softmax": {"learning_rate": rate},
        "cnn": {"learning_rate": rate, "cnn_channels": channels},
    }
    assert protocol.spaces_of(parsed())["softmax"] == SPACES["softmax"]


def test_spaces_of_classical_methods_are_declared_by_name():
    given = ["--baselines=svm,tree+raw", "--space=svm:C=log:1:10"]
    depths = ["--space=tree:max_depth=choice:2,4"]
    found = protocol.spaces_of(parsed(*given, *depths))
    assert found["svm"] == {"C": Dimension("log", 1.0, 10.0)}
    assert found["tree"] == {"max_depth": Dimension("choice", values=(2, 4))}
    assert "learning_rate" in found["softmax"]
    with pytest.raises(UserError, match="unknown space name 'degree'"):
        parsed(*given, "--space=svm:degree=choice:2,3")
    with pytest.raises(UserError, match="knn is not one of the models"):
        parsed(*given, "--space=knn:n_neighbors=choice:2,3")


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["--seeds=1"], "--seeds=1 leaves nothing to compare by"),
        (["--tune"], "--tune needs --delta"),
        (["--stage=tune"], "add --tune"),
        (["--stage=confirm"], "needs --frozen"),
        (["--stage", "confirm", "--frozen", "/nowhere"], "there is no frozen.json"),
        (["--frozen=x"], "is for --stage=confirm"),
        (["--looks=10,20"], "add it"),
        (["--until_decided", "--looks=20,10"], "rising numbers"),
        (["--until_decided", "--max_seeds=10"], "larger number"),
        (["--until_decided", "--seeds=3"], "too few for a verdict"),
        (["--family=vs-reference"], "needs --reference"),
        (["--reference=cnn"], "is for --family=vs-reference"),
        (["--delta=-1"], "at least 0"),
        (["--delta=0.1,0.2"], "gives all data sets a value twice; it must be NUMBER for all data"),
        (["--delta=0,5"], "in 0,5 a comma parts the values of data sets; write 0.5"),
        (["--space=rnn:learning_rate=log:1e-3:1"], "is not one of the models"),
        (["--space=cnn:learning_rate=log:1e-3"], "two ends"),
        (["--space=cnn:nothing=log:1e-3:1"], "unknown space name"),
        (["--pilot=x"], "is for --plan"),
        (["--plan", "--delta=0.01", "--baselines=knn"], "--plan is of networks alone"),
    ],
)
def test_bad_flags_are_named(args, what):
    with pytest.raises(UserError, match=what):
        parsed(*args)


@pytest.fixture
def frozen_file(tmp_path):
    """What --stage=tune would have left, of two models tuned by their learning rate."""
    request = parsed("--tune", "--delta=0.01", "--steps=50", "--space=learning_rate=log:1e-3:1")
    lines = protocol.frozen_lines(request)
    points = {
        "softmax": {"learning_rate": 0.5},
        "cnn": {"learning_rate": 0.25, "cnn_channels": [4, 4, 4]},
    }
    contents = {"format": 1, "flags": list(lines), "configurations": {"mnist1d": points}}
    file = tmp_path / "frozen.json"
    file.write_text(json.dumps(contents | {"hash": digest(contents)}))
    return file


def test_a_confirmation_has_the_frozen_flags_and_numbers(frozen_file):
    values = parsed("--stage=confirm", f"--frozen={frozen_file}", "--seed=5")
    assert (values["steps"], values["tune"], values["seed"]) == (50, True, 5)
    asked = protocol.protocol_of(values)
    chosen = asked.choice["mnist1d"]
    assert chosen["softmax"].hparams.learning_rate == 0.5
    assert chosen["cnn"].hparams.learning_rate == 0.25
    assert chosen["cnn"].shape.channels == (4, 4, 4)
    assert asked.frozen == (str(frozen_file), read_frozen(frozen_file))


def test_a_confirmation_is_read_by_its_own_copy_of_what_was_frozen(frozen_file, tmp_path):
    request = parsed("--stage=confirm", f"--frozen={frozen_file}", "--seed=5")
    confirmed = protocol.protocol_of(request).frozen.contents
    record = tmp_path / "moved"
    record.mkdir()
    writer.write_request(record, request)
    frozen_file.unlink()
    again = read_request(record)
    assert (again["steps"], again["seed"]) == (50, 5)
    with pytest.raises(UserError, match=r"there is no frozen\.json; name the record that --tune"):
        protocol.protocol_in(again, record)
    write_frozen(record, confirmed, CONFIRMED)
    chosen = protocol.protocol_in(again, record).choice["mnist1d"]
    assert chosen["softmax"].hparams.learning_rate == 0.5


def test_a_confirmation_takes_no_other_flags(frozen_file):
    where = ["--stage=confirm", f"--frozen={frozen_file}"]
    with pytest.raises(UserError, match="--steps=60: was frozen as --steps=50"):
        parsed(*where, "--steps=60")
    with pytest.raises(UserError, match="--models=cnn: was frozen as --models=softmax,cnn"):
        parsed(*where, "--models=cnn")
    parsed(*where, "--keep=none", "--platform=cpu")


def test_the_help_shows_the_protocol(capsys):
    with pytest.raises(SystemExit):
        app.parse(compare.FLAGS, ["compare", "--helpfull"])
    shown = capsys.readouterr().out
    for name in ("--delta=", "--[no]tune", "--[no]until_decided", "--space=", "--[no]plan"):
        assert name in shown
