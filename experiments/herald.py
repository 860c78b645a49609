"""Passes on what the libraries of a process print, and says first what it means for the user.

    python herald.py PROCESSES LINE_IS_OPEN < what_they_print

JAX ends a process whose study lost another one from within C++, by a log line and an abort: no
Python runs any more that could say a word before it. So what libraries print goes through here,
a process of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator

FATAL = b"JAX distributed service detected fatal errors"
END = b"*** Check failure"
CHATTER = b"[Gloo] Rank "

AGAIN = "see what it said last, and start all of them again"


def lost(text: str, processes: str) -> str:
    r"""Which process was lost, by JAX's words.

    >>> lost("tasks are unhealthy (stopped sending heartbeats):\n1\nThe", "2")
    'process 1 of 2 was lost; see what it said last, and start all of them again'
    """
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
    lines, said = iter(lines), False
    for line in lines:
        if line.startswith(CHATTER):
            continue
        if said or FATAL not in line:
            yield line
            continue
        words, said = [line], True
        while END not in words[-1] and (more := next(lines, None)) is not None:
            words.append(more)
        text = b"".join(words).decode(errors="replace")
        yield opening + f"error: {meaning(text, processes)}\n".encode()
        yield from words


def main() -> None:
    """Passes stdin on to stderr until its end."""
    processes, is_open = sys.argv[1:]
    opening = b"\n" if is_open == "1" else b""
    for line in heralded(sys.stdin.buffer, processes, opening):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()


if __name__ == "__main__":
    main()
