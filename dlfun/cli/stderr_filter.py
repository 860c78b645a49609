"""Passes on what the libraries of a process print, and says first what it means for the user.

    python herald.py PROCESSES LINE_IS_OPEN < what_they_print

JAX ends a process whose study lost another one from within C++, by a log line and an abort: no
Python runs any more that could say a word before it. So what libraries print goes through here,
a process of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
from collections.abc import Iterable, Iterator

FATAL = b"JAX distributed service detected fatal errors"
HARBINGER = re.compile(rb"E[0-9]{4} .* coordination_service[a-z_]*\.cc:")
"""What JAX may log just before, where TF_CPP_MIN_LOG_LEVEL lets it."""
END = b"*** Check failure"
MOST = 50
"""Lines that are held back before they are passed on."""
CHATTER = b"[Gloo] Rank "

AGAIN = "see what it said last, and start all of them again"


def lost(text: str, processes: str) -> str:
    """Which process was lost, by JAX's words."""
    silent = re.search(r"unhealthy[^\n]*:\n([0-9\n]+)\n", text)
    found = silent[1].split() if silent else re.findall(r"Task (\d+) heartbeat timeout", text)
    leader = "to coordination service" in text or "CoordinationService/Heartbeat" in text
    if not found and leader:
        found = ["0"]
    if not found:
        return f"another of the {processes} processes was lost; {AGAIN}"
    names = " and ".join(dict.fromkeys(found))
    which, were = ("processes", "were") if " " in names else ("process", "was")
    return f"{which} {names} of {processes} {were} lost; {AGAIN}"


def meaning(text: str, processes: str) -> str:
    """What JAX's words before it ends a process mean for the user."""
    if "Unexpected task" in text:
        return "process 0 waits for fewer processes; start all with the same --processes"
    if "ALREADY_EXISTS" in text:
        return "another process has the same --process_id; give each its own, from 0"
    if "CoordinationService/RegisterTask" in text:
        return f"not all of the {processes} processes came; see what the others say, start them too"
    return lost(text, processes)


def heralded(lines: Iterable[bytes], processes: str, opening: bytes) -> Iterator[bytes]:
    """The lines, and before those with which JAX ends a process the one for the user."""
    lines = iter(lines)
    for line in lines:
        if line.startswith(CHATTER):
            continue
        words = [line]
        if FATAL in line or HARBINGER.match(line):
            for more in itertools.islice(lines, MOST):
                words.append(more)
                if END in more:
                    break
        text = b"".join(words).decode(errors="replace")
        if FATAL.decode() in text:
            yield opening + f"error: {meaning(text, processes)}\n".encode()
        yield from words


def main() -> None:
    """Passes stdin on to stderr until its end."""
    processes, is_open = sys.argv[1:]
    opening = b"\n" if is_open == "1" else b""
    for line in heralded(sys.stdin.buffer, processes, opening):
        with contextlib.suppress(OSError):  # what is written here must not fill the pipe
            os.write(2, line)


if __name__ == "__main__":
    main()
