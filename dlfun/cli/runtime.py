"""JAX as the studies need it: set up before it starts, and what it used in the end."""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from dlfun import numerics
from dlfun.config.study_request import StudyRequest
from dlfun.decoration import stderr
from dlfun.errors import UserError
from dlfun.phases import phase
from dlfun.types import Layout

PLATFORMS = {"cpu": "cpu", "gpu": "cuda,cpu", "tpu": "tpu,cpu"}
"""--platform -> JAX's platforms; callbacks need the host's CPU beside an accelerator."""


DETERMINISTIC = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")
"""XLA's flags for the same bits each time on a GPU; XLA reads them when JAX starts."""


def has_cuda() -> bool:
    """Whether JAX for NVIDIA GPUs is installed."""
    names = ("jax_cuda12_plugin", "jax_cuda13_plugin")
    return any(importlib.util.find_spec(name) is not None for name in names)


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_dir() -> str | None:
    """Where compiled programs are kept between runs; None, after a warning, where they cannot be.

    JAX_COMPILATION_CACHE_DIR names another place; empty, it switches the cache off.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.environ.get("JAX_COMPILATION_CACHE_DIR", os.path.join(home, "dlfun", "compilation"))
    if not path or "://" in path:
        return path or None
    try:
        os.makedirs(path, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(None, "not writable")
    except OSError as error:
        print(
            f"warning: no compilation cache at {path}: {error.strerror}; "
            "JAX_COMPILATION_CACHE_DIR names another place",
            file=stderr(),
        )
        return None
    return path


CACHE_WARNING = re.compile(
    r"Error (reading|writing) persistent compilation cache entry for '(.*?)': (.*)", re.DOTALL
)
"""What JAX says of each program that its cache cannot give or take."""


def mend_cache(path: str) -> None:
    """Has what a killed process or a full disk left in the cache replaced, and says a lack once.

    JAX leaves such an entry as it is, and warns of it in every process that comes by.
    """
    show, told = warnings.showwarning, set[str]()

    def showwarning(message: Any, *rest: Any) -> None:
        found = CACHE_WARNING.match(str(message))
        if found is None:
            show(message, *rest)
            return
        doing, name, why = found.groups()
        for entry in Path(path).glob(f"{glob.escape(name)}-*"):
            with contextlib.suppress(OSError):
                entry.unlink()
        if doing == "writing" and doing not in told:
            told.add(doing)
            why = re.sub(r".*\[Errno \d+\] ", "", why)
            line = f"warning: programs are not kept in the compilation cache at {path}: {why}; "
            print(f"{line}JAX_COMPILATION_CACHE_DIR names another place", file=stderr())

    warnings.showwarning = showwarning  # type: ignore[assignment]


def configure_jax(
    platform: str | None,
    precision: str,
    devices: int = 1,
    matmul_precision: str = "default",
    deterministic: bool = False,
) -> None:
    """Sets JAX up; must come before anything is computed.

    On a CPU each usable core gets a device of its own, and there are at least `devices`.
    """
    # Where a CPU has tuning preferences, XLA logs each program it loads from the cache as an error.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if deterministic and has_cuda():
        os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *DETERMINISTIC])
    import jax

    update = jax.config.update
    if platform:
        update("jax_platforms", PLATFORMS[platform])
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        update("jax_num_cpu_devices", max(usable_cores(), devices))
    numerics.settle(precision, matmul_precision)
    # JAX's own thresholds keep out all that compiles in less than a second.
    cache = cache_dir()
    update("jax_compilation_cache_dir", cache)
    if cache and "://" not in cache:
        mend_cache(cache)
    update("jax_persistent_cache_min_compile_time_secs", 0.0)
    update("jax_persistent_cache_min_entry_size_bytes", -1)


def start_jax(platform: str | None, precision: str, devices: int = 1) -> None:
    """Sets JAX up and starts it, in a process of its own.

    Raises:
      UserError: if the platform asked for is not here.
    """
    with phase("starting JAX"):
        configure_jax(platform, precision, devices)
        check_platform(platform)


def check_platform(platform: str | None) -> None:
    """Raises UserError unless JAX starts where a platform is named, and on this one."""
    if not platform and "JAX_PLATFORMS" not in os.environ:
        return
    import jax

    try:
        found = jax.default_backend()
    except (RuntimeError, AssertionError):  # the latter where JAX lacks the plug-in
        found = "none"
    if found == "none" or (platform and found != platform):
        asked = f"--platform={platform}" if platform else "JAX_PLATFORMS"
        raise UserError(
            f"{asked}: no such device here; leave it out to use what there is, or install JAX for "
            "that platform"
        )


def configure_for(request: StudyRequest, processes: int = 1) -> None:
    """Sets JAX up as a study asks for it, of which this is one of some processes."""
    layouts = [at for at in request["layout"].values() if isinstance(at, Layout)]
    devices = max((at.devices for at in layouts), default=1)
    configure_jax(
        request["platform"],
        request["precision"],
        -(-devices // processes),
        request["matmul_precision"],
        request["deterministic"],
    )


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
