"""A record's flags are read back as flags that records hold, and as nothing else."""

import json

import pytest

from dlfun.cli import app, flagfile, study_flags
from dlfun.cli.commands import compare, sweep, train
from dlfun.errors import UserError
from dlfun.records.flagfile import flag_lines
from dlfun.studies.comparison.frozen import digest

FOREIGN = {
    "where data are written": "--data_dir={}/made",
    "where a record is written": "--output_dir={}/made",
    "files that are read": "--manual_dir={}",
    "a file whose lines are shown": "--flagfile={}/secret",
    "one with one dash": "-flagfile={}/secret",
    "one behind a word": "word",
    "flags that are no errors": "--undefok=data_dir",
    "an end of flags": "--",
    "help": "--help",
    "other machines": "--coordinator=example.org:80",
    "a record replaced": "--overwrite",
    "no flag of ours": "--colour=blue",
    "steering": "--\x1b[2J=1",
}

GRID = "--grid=learning_rate=0.1,0.2"


@pytest.fixture
def foreign(tmp_path):
    """Writes the config.flags of a record with one more line."""
    (tmp_path / "secret").write_text("password\n")
    (tmp_path / "r").mkdir()

    def write(line, script="train"):
        head = f"# python -m experiments.{script} --flagfile=config.flags"
        text = "\n".join([head, "--seeds=2", "--nodeterministic", line.format(tmp_path)])
        (tmp_path / "r" / "config.flags").write_text(f"{text}\n")
        return tmp_path / "r"

    return write


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_record_gives_no_flag_that_records_do_not_hold(kind, foreign, tmp_path):
    file = foreign(FOREIGN[kind]) / "config.flags"
    with pytest.raises(UserError, match=r"config\.flags: ") as caught:
        app.parse(train.FLAGS, ["train", f"--flagfile={file}"])
    assert "password" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("script", "given"), [(train, ""), (compare, ""), (sweep, GRID)])
def test_what_is_written_can_be_read(script, given):
    app.parse(script.FLAGS, ["x", "--layout=2x3", *given.split()])
    lines = list(flag_lines(study_flags.request_of(script.FLAGS)))
    assert "--layout=2x3" in lines
    flagfile.check_lines(script.FLAGS, lines)


@pytest.mark.parametrize("lines", [["--data_dir={}/made"], ["--flagfile={}/secret"], 5, [5], None])
def test_what_was_frozen_gives_no_other_flags_either(lines, tmp_path):
    (tmp_path / "secret").write_text("password\n")
    lines = [str(one).format(tmp_path) for one in lines] if isinstance(lines, list) else lines
    lines = [5] if lines == ["5"] else lines
    contents = {"format": 1, "configurations": {}, "flags": lines}
    file = tmp_path / "frozen.json"
    file.write_text(json.dumps({**contents, "hash": digest(contents)}))
    given = ["compare", "--tune", "--stage=confirm", f"--frozen={file}"]
    with pytest.raises(UserError, match=r"--frozen=.*as its study left it") as caught:
        app.parse(compare.FLAGS, given)
    assert "password" not in str(caught.value)


def test_a_record_replayed_gives_no_other_flags_either(foreign, tmp_path):
    made = foreign("--output_dir={}/made")
    for given in ([f"--flagfile={made}/config.flags"], ["--flagfile", f"{made}/config.flags"]):
        with pytest.raises(UserError, match=r"--flagfile=.*config\.flags: '--output_dir"):
            app.parse(train.FLAGS, ["train", *given])
    app.parse(train.FLAGS, ["train", f"--flagfile={foreign('')}/config.flags"])
    assert train.FLAGS.seeds == 2
    (tmp_path / "own.flags").write_text((foreign("--steps=3") / "config.flags").read_text())
    with (tmp_path / "own.flags").open("a") as file:
        file.write(f"--output_dir={tmp_path}/made\n")
    app.parse(train.FLAGS, ["train", f"--flagfile={tmp_path}/own.flags"])
    assert train.FLAGS.output_dir == f"{tmp_path}/made"
