"""The one exception that is the user's to mend, and how words of others are shown."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

LOCKS = Path(__file__).resolve().parents[1] / "locks"
"""Where a clone has what its extras are installed from; an installed wheel has none."""

BAD_INPUT = 2
"""The exit code of a command that a `UserError` ends."""

SHOWN = 9
"""So many of the valid names an error lists."""

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)
"""Characters that a terminal obeys or hides and does not print, but for ends of lines and tabs."""


def visible(text: str) -> str:
    r"""A text as a terminal is sent it: what would steer one is written as JSON writes it.

    >>> print(visible("\x1b[31mred\u202e"))
    \u001b[31mred\u202e
    """
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


QUOTED = 60
"""So many characters of a user's value an error quotes."""

LONGEST = 1000
"""Characters of an error, at most: what is quoted in full, such as a path, may be of any length."""


def short(value: object, most: int = QUOTED) -> str:
    r"""A user's value as an error quotes it: on one line, and cut where it is long.

    >>> short("a\nb"), short("x" * 99, most=5), short([1, 2])
    ('a b', 'xxxxx...', '[1, 2]')
    """
    try:
        text = " ".join(str(value).splitlines())
    except Exception:  # whatever a value of the user's own may raise
        return f"a {type(value).__name__}"
    return text if len(text) <= most else f"{text[:most]}..."


def first_line(error: BaseException) -> str:
    r"""What an error says, on one line and shortly, without a full stop; else its name.

    >>> first_line(ValueError("too long.\nSee the manual.")), first_line(AssertionError())
    ('too long', 'AssertionError')
    """
    lines = str(error).strip().splitlines()
    return short(lines[0], 200).rstrip(".") if lines else type(error).__name__


DASHES: ContextVar[bool] = ContextVar("dashes", default=True)
"""Whether the user at hand gives options on a command line, and not in Python."""


def by_flags() -> bool:
    """Whether the user at hand gives options as flags, and not as arguments."""
    return DASHES.get()


class Names:
    """The names of options in a message, as the user at hand gives them.

    A message is made in the words of the door that the user came by: `f"{OPT.seeds}=1: give more"`
    says --seeds=1 to who started a command, and seeds=1 to who called dlfun.

    >>> OPT.seeds, OPT.no("overwrite")
    ('--seeds', '--nooverwrite')
    >>> with in_python_words():
    ...     OPT.seeds, OPT.no("overwrite")
    ('seeds', 'overwrite=False')
    """

    def __call__(self, name: str) -> str:
        """An option by its name."""
        return f"--{name}" if by_flags() else name

    def __getattr__(self, name: str) -> str:
        return self(name)

    def of(self, model: str, field: str) -> str:
        """A field of a model's shape, which on the command line is called by the model, too."""
        return self(f"{model}_{field}" if by_flags() else field)

    def no(self, name: str) -> str:
        """An option of yes or no that is said no to."""
        return f"--no{name}" if by_flags() else f"{name}=False"


OPT = Names()


@contextlib.contextmanager
def in_python_words() -> Iterator[None]:
    """Messages that are made here speak of arguments, and not of flags."""
    token = DASHES.set(False)
    try:
        yield
    finally:
        DASHES.reset(token)


class UserError(Exception):
    """Bad input: one clear line that says what is wrong and what to do.

    Scripts print it without a traceback and exit with code 2. Of a longer line than `LONGEST` the
    middle is left out: what is wrong stands at its beginning, what to do at its end.
    """

    def __str__(self) -> str:
        """The line, which may hold words of others."""
        return visible(super().__str__())

    def __init__(self, message: str) -> None:
        line = " ".join(message.splitlines())
        if len(line) > LONGEST:
            line = f"{line[: LONGEST * 2 // 3]} ... {line[-LONGEST // 4 :]}"
        super().__init__(line)


def bad_value(option: str, text: str, what: object) -> UserError:
    """The error of an option's value: option, value, and what is allowed."""
    return UserError(f"{OPT(option)}={short(text)}: {what}")


class ArgumentError(UserError, ValueError):
    """Bad input in a call from Python, which is a ValueError there as everywhere."""


def missing_extra(what: str, extra: str, instead: str) -> UserError:
    """An error for what needs packages of dlfun's extras that are not installed."""
    how = f"'dlfun[{extra}]'"  # pip adds what the dlfun that is there lacks
    if LOCKS.is_dir():
        how = f"--require-hashes -r locks/{extra}.txt in dlfun's own folder"
    return UserError(
        f"{what} needs the extra {extra}, which is not installed: pip install {how}, or {instead}"
    )


def unknown(kind: str, name: str, valid: Iterable[str]) -> UserError:
    """An error for a name that is not in `valid`, suggesting the nearest one.

    >>> print(unknown("model", "cmm", ["bpnn", "cnn", "rnn"]))
    unknown model 'cmm'; did you mean 'cnn'? Known: bpnn, cnn, rnn
    """
    import difflib

    name, valid = short(name), [short(one) for one in valid]
    near = difflib.get_close_matches(name.lower(), valid, n=1, cutoff=0.3)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    more = f", and {len(valid) - SHOWN} more" if len(valid) > SHOWN else ""
    return UserError(f"unknown {kind} '{name}'{hint} Known: {', '.join(valid[:SHOWN])}{more}")
