"""JAX as the studies need it: set up before it starts, and what it used in the end."""

from __future__ import annotations

import importlib.util
import os
import sys

from dlfun import numerics
from dlfun.decoration import stderr
from dlfun.errors import UserError

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
    update("jax_compilation_cache_dir", cache_dir())
    update("jax_persistent_cache_min_compile_time_secs", 0.0)
    update("jax_persistent_cache_min_entry_size_bytes", -1)


def start_jax(platform: str | None, precision: str, devices: int = 1) -> None:
    """Sets JAX up and starts it, in a process of its own.

    Raises:
      UserError: if the platform asked for is not here.
    """
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


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
