"""The end of a script that a signal stops: cleaned up where it can be, and soon in any case.

Python hears of a signal only between two of its own instructions. A compiled program may run for
minutes in between, and an exception raised in a callback of the garbage collector goes nowhere.
So a thread watches that a signal is heard, and that the script ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from dlfun.decoration import MAKE_WAY, open_closed
from dlfun.errors import UserError

GRACE = 5.0
"""Seconds until a script that does not hear a signal ends without cleaning up."""

CLEANING = 20.0
"""Seconds until a script that heard a signal ends even if it is not done with cleaning up."""

AGAIN = 1.0
"""Seconds after which another signal means: at once. Some senders send the first one twice."""

PAUSE = 0.1
"""Seconds until a signal is sent again."""

SAID = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


class Ending:
    """Listens to the signals of `SAID`; what one of its methods learns, the others must know.

    Attributes:
      hint: what to say to the user of how the script goes on, when it ends; may be nothing.
      closing: what is still to be done when the script ends, the last one first.
    """

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.own = 0
        self.reader, self.writer = os.pipe()
        self.held, self.number = False, 0
        self.hint: Callable[[], str] = str
        self.closing = contextlib.ExitStack()

    def listen(self) -> None:
        """Turns signals into exceptions, and watches that they are heard."""
        for number in SAID:
            self.listen_to(number)
        os.set_blocking(self.writer, False)
        signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        sys.unraisablehook = self.lost
        threading.Thread(target=self.watch, daemon=True).start()

    def listen_to(self, number: int) -> None:
        """Turns a signal into an exception, unless it is ignored, as in background jobs."""
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, self.raise_it)

    def raise_it(self, number: int, frame: Any) -> None:
        """Ends the script as an exception does, so that what it holds is cleaned up; only once.

        While it is held, what holds it is asked to end instead.
        """
        if self.held:
            self.number = number
        elif not self.heard.is_set():
            self.heard.set()
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """While it is held, a signal waits for `obey`, or for the end of this."""
        self.held = True
        try:
            yield
        finally:
            self.held = False
        self.obey()

    def asked(self) -> bool:
        """Whether a signal waits; it counts as heard from then on."""
        if self.number:
            self.heard.set()
        return bool(self.number)

    def obey(self) -> None:
        """Ends the script if a signal waits."""
        if self.number:
            self.held = False
            self.heard.clear()
            self.raise_it(self.number, None)

    def lost(self, what: sys.UnraisableHookArgs) -> None:
        """Has the signal sent once more whose exception was raised where none can be."""
        if not isinstance(what.exc_value, KeyboardInterrupt | SystemExit):
            sys.__unraisablehook__(what)
            return
        interrupted = isinstance(what.exc_value, KeyboardInterrupt)
        self.own += 1
        self.heard.clear()
        os.write(self.writer, bytes([signal.SIGINT if interrupted else signal.SIGTERM]))

    def watch(self) -> None:
        """Ends the script if it does not hear a signal, or does not end, or is sent another one."""
        received, first, number = 0, 0.0, 0
        while True:
            if not select.select([self.reader], [], [], CLEANING if received else None)[0]:
                leave(128 + number)
            read = os.read(self.reader, 1)[0]
            if read not in SAID:
                continue
            received, number = received + 1, read
            first = first or time.monotonic()
            another = received - self.own > 1
            if another and time.monotonic() - first < AGAIN:
                continue
            if another or not self.wait(number):
                leave(128 + number)

    def wait(self, number: int) -> bool:
        """Whether the script hears a signal before its grace ends.

        The signal is sent again meanwhile: a wait that begins just after a signal does not end.
        """
        main = threading.main_thread().ident
        assert main is not None
        end = time.monotonic() + GRACE
        while not self.heard.wait(PAUSE):
            if time.monotonic() > end:
                return False
            self.own += 1
            signal.pthread_kill(main, number)
        return True


def leave(code: int) -> NoReturn:
    """Ends the process, and the compiled programs that still run in it, at once."""
    for make_way in MAKE_WAY:
        make_way()
    with contextlib.suppress(OSError, ValueError, UserError):
        sys.stdout.flush()
    hint = CURRENT.hint()
    with contextlib.suppress(OSError):
        os.write(2, f"{SAID[signal.Signals(code - 128)]}{hint and f'; {hint}'}\n".encode())
    os._exit(code)


open_closed()  # before it has pipes
CURRENT = Ending()
"""The ending of this process: it has only one."""
