"""Promises of the line that says what a command does: where it is shown, and that it leaves."""

import io
import re
import sys

import pytest

from dlfun import decoration, phases
from dlfun.cli import signals
from dlfun.phases import PhaseLine, phase, scope
from dlfun.training.monitor import Monitor


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True

    def rows(self):
        """What stands on it, as a terminal obeys carriage returns and ends of lines."""
        rows = []
        for line in self.getvalue().split("\n"):
            cells = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            rows.append("".join(cells).rstrip())
        return rows


@pytest.fixture
def line(monkeypatch):
    """A line of its own, without the thread that looks at the clock."""
    found = PhaseLine()
    monkeypatch.setattr(found, "_watch", lambda ended: None)
    for module in (phases, sys.modules["dlfun.training.monitor"]):
        monkeypatch.setattr(module, "LINE", found)
    yield found
    found.stop()
    assert found.clear not in decoration.MAKE_WAY


@pytest.fixture
def started(line, monkeypatch):
    """Shows the line on a stream from now on; pytest's own is back when a test begins."""

    def start(stream):
        monkeypatch.setattr(sys, "stderr", decoration.Unfailing(stream))
        line.start()
        return stream

    return start


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand: seconds."""
    now = [100.0]
    monkeypatch.setattr(phases.time, "monotonic", lambda: now[0])
    return now


def test_a_terminal_shows_one_line_that_ticks_and_is_gone_in_the_end(line, clock, started):
    terminal = started(Terminal())
    with scope("waves: cnn"), phase("compiling", 5) as compiling:
        assert terminal.rows() == ["waves: cnn: compiling 0/5"]
        clock[0] += 12.9
        compiling.step()
        line.show()
        assert terminal.rows() == ["waves: cnn: compiling 1/5, 12 s"]
        with phase("x"):
            assert terminal.rows() == ["waves: cnn: x"]
    assert terminal.rows() == [""]


def test_what_is_said_meanwhile_stands_on_lines_of_its_own(line, started):
    terminal = started(Terminal())
    with phase("compiling"):
        print("warning: a word", file=sys.stderr)
        line.show()
        print("error: another", file=decoration.stderr())
    assert terminal.rows() == ["warning: a word", "error: another", ""]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_a_phase_leaves_no_line(error, started):
    terminal = started(Terminal())
    with pytest.raises(error), phase("compiling"):
        raise error
    assert terminal.rows() == [""]


def test_a_process_that_is_ended_at_once_leaves_no_line(started, monkeypatch):
    terminal = started(Terminal())
    written = []
    monkeypatch.setattr(signals.os, "_exit", lambda code: None)
    monkeypatch.setattr(signals.os, "write", lambda to, text: written.append(terminal.rows()))
    with phase("compiling"):
        signals.leave(130)
    assert written == [[""]]


def test_a_file_gets_a_line_of_each_phase_that_lasts(line, clock, started):
    file = started(io.StringIO())
    for name, seconds in (("short", 0.5), ("first", 1), ("soon after", 3), ("last", 9)):
        with phase(name, 4) as found:
            for _ in range(5):
                clock[0] += seconds / 5
                line.show()
            found.step()
    assert file.getvalue() == "dlfun: first ...\ndlfun: last ...\n"


def test_a_call_from_python_says_nothing(capsys):
    with phase("compiling"):
        pass
    assert capsys.readouterr().err == ""


def test_no_progress_is_shown_before_there_is_some(line, started):
    """The phase stands there until the first interval is over, and tells the time it took."""
    terminal = started(Terminal())
    monitor = Monitor("waves: cnn", 20, 3)
    assert terminal.rows() == ["training 0/20"]
    monitor._began -= 10
    monitor.update({})
    assert re.fullmatch("waves: cnn, 3 members: 1/20 intervals, 03:[01]. left", terminal.rows()[0])
    monitor.close()
    assert "?" not in terminal.getvalue()


def test_a_study_that_goes_on_from_its_end_says_that_it_is_there(started):
    terminal = started(Terminal())
    Monitor("waves: cnn", 20, 3, 20).close()
    assert terminal.rows()[0].startswith("waves: cnn, 3 members: 20/20 intervals")
