"""A benchmark that was stopped measures nothing twice."""

from types import SimpleNamespace

import pytest

from dlfun.benchmark.study import Done
from dlfun.errors import UserError


def options(tmp_path, *flags):
    return SimpleNamespace(output_dir=str(tmp_path / "b"), flags=flags)


def test_what_was_measured_is_recalled_by_the_same_benchmark(tmp_path):
    asked = options(tmp_path, "--works=bpnn")
    with Done(asked) as done:
        assert done.recall("measure", "bpnn") is None
        done.keep("measure", "bpnn", {"seconds": 0.25})
        with pytest.raises(UserError, match="works on it"):
            Done(asked).__enter__()
    with Done(asked) as done:
        assert done.recall("measure", "bpnn") == {"seconds": 0.25}
        assert done.recall("scaling", "bpnn") is None
    with pytest.raises(UserError, match=r"with --works=bpnn where this .* --works=cnn"):
        Done(options(tmp_path, "--works=cnn")).__enter__()
    with Done(asked) as done:
        done.remove()
    assert not list(tmp_path.iterdir())


def test_damage_to_what_was_measured_is_told(tmp_path, capfd):
    asked = options(tmp_path, "--works=bpnn")
    with Done(asked) as done:
        done.keep("measure", "bpnn", {"seconds": 0.25})
    path = tmp_path / "b.unfinished" / "parts.json"
    for damaged in (path.read_text().replace("0.25", "0.15"), "[]", "{"):
        path.write_text(damaged)
        with Done(asked) as done:
            assert done.recall("measure", "bpnn") is None
            done.keep("measure", "bpnn", {"seconds": 0.25})
        assert "parts.json: damaged; all is measured anew" in capfd.readouterr().err


def test_a_benchmark_that_measured_nothing_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="no device"), Done(options(tmp_path)):
        raise UserError("no device")
    assert not list(tmp_path.iterdir())
