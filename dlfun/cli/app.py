"""The start of a command: flags, help, JAX, and an exit code for every ending.

0: all went well. 2: bad input, one line on stderr. 129, 130 and 143: hung up, interrupted,
terminated.
1: an error of the program, with its traceback; or a claim of --require that fails, and 3 one that
is undecided.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import functools
import signal
import sys
from collections.abc import Callable
from typing import Any

from absl import app as absl_app
from absl import flags as absl_flags
from absl import logging

from dlfun.cli import checkpoint_flags, cluster, next_steps, study_flags
from dlfun.cli.continued_flags import with_continued
from dlfun.cli.flag_types import StudyFlags
from dlfun.cli.flagfiles import read_flagfiles
from dlfun.cli.frozen_flags import with_frozen
from dlfun.cli.help_text import ASKED, help_text, wanted_help
from dlfun.cli.runtime import check_devices, check_platform, configure_for, peak_memory
from dlfun.cli.signals import CURRENT, SAID, leave
from dlfun.config.parsers import short
from dlfun.data.user_files.cells import is_text
from dlfun.decoration import NO_ROOM, prepare_streams, stderr, tell
from dlfun.errors import BAD_INPUT, UserError
from dlfun.lifetime import follow
from dlfun.phases import LINE, phase
from dlfun.records.flagfile import flag_lines

Main = Callable[[list[str]], Any]
Check = Callable[[absl_flags.FlagValues], None]

INTERRUPTED = 128 + signal.SIGINT

NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR}


def run(
    main: Main,
    values: absl_flags.FlagValues,
    *,
    check: Check = study_flags.check,
    words: str = "",
) -> None:
    """Runs a script: parses its flags, calls main, and exits; for a study JAX is set up first.

    `check` says whether the flags go together. `words` are the arguments that are no flags, as its
    usage shows them; most scripts take none.
    """
    prepare_streams()
    CURRENT.listen()
    follow()
    doc = sys.modules[main.__module__].__doc__ or ""
    parser = functools.partial(parse, values, doc=doc, check=check, words=words)
    is_study = isinstance(values, StudyFlags)
    body = functools.partial(start, main, values) if is_study else quiet(main)
    try:
        code = guarded(lambda: absl_app.run(body, flags_parser=parser))
        code = code or guarded(sys.stdout.flush) or code
    finally:
        LINE.stop()
        CURRENT.closing.close()
    if code and code - 128 in SAID:
        leave(code)
    if code:
        cluster.part(code)
    sys.exit(code)


def quiet(main: Main) -> Main:
    """Main, without absl's messages."""

    def body(argv: list[str]) -> Any:
        logging.set_verbosity(logging.WARNING)
        LINE.start()
        code = main(argv)
        tell(*next_steps.taken())
        return code

    return body


def start(main: Main, values: StudyFlags, argv: list[str]) -> Any:
    """Sets JAX up, runs main, and prints the peak memory if all went well."""
    logging.set_verbosity(logging.WARNING)
    checkpoint_flags.listen(values)
    request = study_flags.request_of(values)
    checkpoint_flags.check_place(values)
    if cluster.size(values) == 1 or values.process_id == 0:
        LINE.start()
    with phase("starting JAX"):
        configure_for(request, cluster.size(values))
        cluster.join(values)
        check_platform(values.platform)
        check_devices(request)
        cluster.agree(flag_lines(request))
    code = main(argv)
    memory = [] if code else [f"peak memory {peak_memory() / 2**30:.2f} GiB"]
    tell(*memory, *next_steps.taken())
    if not code:
        cluster.part()
    return code


def parse(
    values: absl_flags.FlagValues,
    argv: list[str],
    doc: str = "",
    check: Check = study_flags.check,
    words: str = "",
) -> list[str]:
    """Reads the flags of a script, and checks that they go together. Prints help if asked.

    Returns argv[0], and the words, where the script takes any.

    Raises:
      UserError: naming the flag, and what to do.
    """
    if asked := wanted_help(argv[1:]):
        show(help_text(values, doc, words, ASKED[asked]))
        raise SystemExit(0)
    if values.is_parsed():
        values.unparse_flags()
    check_text(argv[1:])
    rest = parse_flags(values, argv)
    if len(rest) > 1 and not words:
        usual = "--seeds=10" if "seeds" in values else "--repeats=3"
        hint = f"--{short(rest[1])}" if rest[1].partition("=")[0] in values else usual
        raise UserError(
            f"unexpected argument '{short(rest[1])}': all arguments are flags, such as {hint}"
        )
    check(values)
    absl_flags.FLAGS(argv[:1])  # absl's own flags, and those of libraries, keep their defaults
    return rest


def check_text(args: list[str]) -> None:
    """Raises UserError where an argument holds bytes that are no text: no record could keep it."""
    for arg in args:
        if not is_text(arg):
            shown = short(arg.encode(errors="backslashreplace").decode())
            raise UserError(
                f"argument '{shown}' is no text in {sys.getfilesystemencoding()}; rename the file, "
                "or set a locale of UTF-8, as by LC_ALL=C.UTF-8"
            )


def parse_flags(values: absl_flags.FlagValues, argv: list[str]) -> list[str]:
    """Reads the flags; returns argv[0] and what is no flag."""
    args = with_frozen(values, read_flagfiles(argv[1:], values))
    args = with_continued(values, args)
    try:
        return values([argv[0], *args])
    except absl_flags.UnrecognizedFlagError as error:
        raise unknown_flag(values, error.flagname) from None
    except RecursionError:  # absl looks for the nearest flag, too, as deep as its name is long
        names = (arg.lstrip("-").partition("=")[0] for arg in args if arg.startswith("-"))
        raise unknown_flag(values, max(names, key=len)) from None
    except (absl_flags.Error, ValueError, TypeError) as error:
        raise UserError(f"{error}; see --help") from None


def unknown_flag(values: absl_flags.FlagValues, name: str) -> UserError:
    """The error for a flag that the script does not have, with the nearest that it has."""
    name = short(name)
    flag, space, value = name.partition(" ")
    if space:
        return UserError(f"--{name}: write --{flag}={value.strip()}")
    known = [*values, "flagfile", "help"]
    initials = [other for other in known if "".join(w[0] for w in other.split("_")) == name]
    near = initials or difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean --{near[0]}? " if near else ""
    return UserError(f"unknown flag --{name}; {hint}--helpfull lists all flags")


def show(text: str) -> None:
    """Prints a text; whoever reads it may stop before its end."""
    with contextlib.suppress(BrokenPipeError):
        print(text, end="", flush=True)


def guarded(body: Callable[[], Any]) -> Any:
    """Runs a script's body; says in one line what the user can mend. Returns the exit code.

    What the user cannot mend is raised: it shows its traceback.
    """
    try:
        return body()
    except SystemExit as end:
        return end.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        print(f"error: {' '.join(str(UserError(line)).split())}", file=stderr(), flush=True)
        return BAD_INPUT


def explain(error: Exception) -> str | None:
    """What is wrong and what to do, or None if the user cannot mend it."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return explain_os(error)
    of_jax = type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError")
    if isinstance(error, MemoryError) or (of_jax and "RESOURCE_EXHAUSTED" in str(error)):
        what = str(error).removeprefix("RESOURCE_EXHAUSTED: ").split("\n")[0] or "out of memory"
        return f"{what}; give --layout a smaller width (1x1 is the least), or fewer --seeds"
    return None


def explain_os(error: OSError) -> str | None:
    """The same for an error of the operating system: no room left, or no right to a file."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in NO_ROOM:
        return f"{where}{error.strerror}; make room, or choose another --output_dir"
    if error.errno in NO_RIGHT and error.filename:
        return f"{where}{error.strerror}; choose another directory, or change its rights"
    return None
