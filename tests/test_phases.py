"""The line that says what is being done: at a terminal at once, in a file only if it takes long."""

import io
import time

import pytest

from dlfun import decoration, phases
from dlfun.decoration import Unfailing


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self):
        return True


@pytest.fixture
def line(monkeypatch):
    """A line of its own."""
    made = phases.Line()
    monkeypatch.setattr(phases, "LINE", made)
    monkeypatch.setattr(decoration, "CLEARED", [made.clear])
    return made


def test_a_terminal_is_told_at_once_and_every_second(line, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(phases, "TICK", 0.05)
    with phases.phase("digits: cnn"), phases.phase("compiling"):
        assert screen.getvalue().endswith("\r\x1b[Kdigits: cnn: compiling ...")
        deadline = time.monotonic() + 5
        while "digits: cnn: compiling 0 s" not in screen.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        print("words", file=Unfailing(screen))
        assert screen.getvalue().split("words")[0].endswith("\r\x1b[K")
    assert screen.getvalue().endswith("\r\x1b[K") or screen.getvalue().endswith("words\n")


def test_an_error_leaves_the_line_empty(line, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with pytest.raises(KeyboardInterrupt), phases.phase("tracing"):
        raise KeyboardInterrupt
    assert screen.getvalue().endswith("\r\x1b[K")


def test_a_file_has_a_line_for_each_phase_that_lasts(line, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    monkeypatch.setattr(phases, "TICK", 0.02)
    with phases.phase("short"):
        pass
    assert log.getvalue() == ""
    monkeypatch.setattr(phases, "MOMENT", 0.05)
    for _ in range(2):
        with phases.phase("compiling"):
            time.sleep(0.3)
    assert log.getvalue() == "compiling ...\n"


def test_of_several_processes_one_speaks(line, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    phases.mute()
    with phases.phase("tracing"):
        assert screen.getvalue() == ""
