"""How a script starts and ends: flags, JAX, errors in one line, exit codes.

0 is success, 2 bad input, 130 and 143 an interrupt or a termination from outside.
"""

from __future__ import annotations

import difflib
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from absl import app as absl_app
from absl import flags as absl_flags
from absl import logging as absl_logging

from dlfun.errors import UserError
from experiments.flags import check, models_of
from experiments.usage import HELP, usage

BAD_INPUT = 2
JAX_PLATFORMS = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}


def run(main: Callable[[list[str]], None], values: absl_flags.FlagValues) -> None:
    """Parses the command line, sets JAX up, calls main, and says in one line what was wrong."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        absl_app.run(
            lambda argv: _start(main, argv, values),
            flags_parser=lambda argv: parse(argv, values, sys.modules["__main__"]),
        )
    except UserError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was written", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")


def _fail(message: str) -> None:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(BAD_INPUT)


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def parse(argv: Sequence[str], values: absl_flags.FlagValues, script: ModuleType) -> list[str]:
    """Reads the flags; --help prints the script's help and exits with 0.

    Raises:
      UserError: naming the flag and what is wrong with it.
    """
    if any(argument in HELP for argument in argv[1:]):
        _print_help(usage(script, values))
        sys.exit(0)
    try:
        rest = values(_with_flagfiles(argv, values))
    except absl_flags.UnrecognizedFlagError as error:
        raise _unknown_flag(error.flagname, values) from None
    except absl_flags.Error as error:
        raise UserError(str(error)) from None
    if len(rest) > 1:
        raise UserError(f"'{rest[1]}' is not a flag; flags are written --name=value")
    check(values)
    return rest


def _print_help(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unknown_flag(name: str, values: absl_flags.FlagValues) -> UserError:
    name = name.lstrip("-").partition("=")[0]
    near = difflib.get_close_matches(name, list(values), n=1, cutoff=0.5)
    hint = f"did you mean --{near[0]}? " if near else ""
    return UserError(f"unknown flag --{name}; {hint}--help lists all flags")


def _with_flagfiles(argv: Sequence[str], values: absl_flags.FlagValues) -> list[str]:
    """The command line with the lines of its flagfiles in their places."""
    found: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        name, equals, path = argument.partition("=")
        if name.lstrip("-") != "flagfile" or not name.startswith("-"):
            found.append(argument)
            continue
        path = path if equals else next(arguments, "")
        found += _flagfile_lines(path)
    return found


def _flagfile_lines(path: str) -> list[str]:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--flagfile={path}: {error.strerror}; name a file of flags") from None
    except UnicodeDecodeError:
        raise UserError(f"--flagfile={path}: is not a text file; name a file of flags") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "//"))]


def _start(
    main: Callable[[list[str]], None], argv: list[str], values: absl_flags.FlagValues
) -> None:
    absl_logging.set_verbosity(absl_logging.ERROR)
    layouts = values["layout"].value.values()
    devices = max([layout.devices for layout in layouts if layout is not None], default=0)
    configure_jax(values["platform"].value, values["precision"].value, devices)
    import jax

    try:
        main(argv)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        models = ",".join(f"{model}:1x1" for model in models_of(values))
        raise UserError(f"out of memory; give fewer --seeds or --layout={models}") from None
    print(f"peak memory {peak_memory():.2f} GiB")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory() -> float:
    """The largest resident size of this process so far, in GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def cache_dir() -> Path:
    """Where compiled programs are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    own = Path(home).expanduser() / "dlfun" / "compilation"
    return Path(os.environ.get("JAX_COMPILATION_CACHE_DIR") or own)


def configure_jax(platform: str | None, precision: str, devices: int) -> None:
    """Everything that must be set before JAX starts.

    Args:
      platform: cpu, gpu, tpu, or None for the best there is.
      precision: float64 needs JAX's 64-bit mode.
      devices: host devices that a layout asks for; 0 is one a core.

    Raises:
      UserError: if the platform is not here.
    """
    # The loader of cached CPU programs compares tuning hints that do not matter here, at length.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax

    settings: dict[str, Any] = {
        "jax_num_cpu_devices": devices or cores(),
        "jax_default_prng_impl": "threefry2x32",
        "jax_threefry_partitionable": True,
        "jax_enable_x64": precision == "float64",
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    if platform is not None:
        settings["jax_platforms"] = JAX_PLATFORMS[platform]
    for name, value in settings.items():
        jax.config.update(name, value)
    use_cache(cache_dir())
    try:
        jax.devices()
    except RuntimeError:
        asked = f"--platform={platform}" if platform else "JAX_PLATFORMS"
        raise UserError(f"{asked}: no such device here; use --platform=cpu") from None


def use_cache(folder: Path) -> None:
    """Keeps compiled programs there; goes on without, and says so, where it cannot."""
    import jax

    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if usable:
        jax.config.update("jax_compilation_cache_dir", str(folder))
    else:
        print(f"warning: {folder} cannot be written; programs are compiled anew", file=sys.stderr)
