"""One study in several processes: how they find each other, and how they end together."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from typing import Any, TextIO

from absl import flags as absl_flags

from dlfun.cli import stderr_filter
from dlfun.data.tfds.prepare import said_when_slow
from dlfun.decoration import Output, Unfailing
from dlfun.errors import UserError
from dlfun.phases import mute
from dlfun.version import __version__

HEARTBEAT = 30
"""Seconds of silence after which a process counts as lost; it takes a few more to say so."""

START = 300
"""Seconds that processes wait for each other at the start."""

RECORDING = 24 * 3600
"""Seconds that the others wait at the end, while the first one writes the record."""

PARTING = 3.0
"""Seconds that a process whose study failed waits for the others, should they fail alike."""

ALONE = "--processes=1, which runs this process alone"


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError where the flags of several processes do not go together."""
    named = {name: getattr(values, name) for name in ("coordinator", "process_id", "processes")}
    given = [f"--{name}={value}" for name, value in named.items() if value is not None]
    missing = [f"--{name}" for name, value in named.items() if value is None]
    if given and missing and given != ["--processes=1"]:
        raise UserError(
            f"{' '.join(given)}: one of several processes; also give {' and '.join(missing)}, "
            f"or only {ALONE}"
        )
    if values.processes and values.process_id and values.process_id >= values.processes:
        raise UserError(
            f"--process_id={values.process_id}: must be below --processes={values.processes}, "
            "as the first one has 0"
        )


def by_slurm() -> int:
    """Tasks of the step; JAX needs all of these variables."""
    names = ("JOB_ID", "STEP_NODELIST", "NTASKS", "PROCID", "LOCALID")
    known = all(f"SLURM_{name}" in os.environ for name in names)
    # In an allocation outside of srun, SLURM_NTASKS counts tasks that nobody started.
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) if known else 1


def by_open_mpi() -> int:
    """Ranks, where JAX finds the address of the launcher."""
    known = "OMPI_MCA_orte_hnp_uri" in os.environ
    return int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1)) if known else 1


def by_kubernetes() -> int:
    """Two or more, not known how many, in an indexed job that JAX can ask about itself."""
    known = {"KUBERNETES_SERVICE_HOST", "JOB_COMPLETION_INDEX"} <= set(os.environ)
    return 2 if known and importlib.util.find_spec("kubernetes") else 1


def by_cloud_tpu() -> int:
    """Hosts of a TPU slice, or of several; JAX alone knows whether this is one."""
    try:
        from jax._src import cloud_tpu_init
        from jax._src.clusters import GceTpuCluster, GkeTpuCluster

        if not cloud_tpu_init.running_in_cloud_tpu_vm:
            return 1
        here = [c for c in (GkeTpuCluster, GceTpuCluster) if c.is_env_present()]
        return here[0].get_process_count() if here else 1
    except Exception:  # no such names in this JAX, or no answer from the machine: one host
        return 1


def size(values: absl_flags.FlagValues) -> int:
    """How many processes there are, as far as can be told without JAX.

    A process that is alone must not wait for others, so this asks more than JAX does.
    """
    return values.processes or max(by_open_mpi(), by_slurm(), by_kubernetes())


def join(values: absl_flags.FlagValues) -> None:
    """Meets the other processes of the study, if there are any; before JAX starts its devices.

    Raises:
      UserError: if they cannot be met.
    """
    processes = size(values)
    if not values.processes and processes == 1 and values.platform in (None, "tpu"):
        processes = by_cloud_tpu()
    if processes == 1:
        return
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # It takes SIGTERM for a warning, and keeps the script from hearing it.
    with contextlib.suppress(AttributeError):
        jax.config.update("jax_enable_preemption_service", False)
    where: dict[str, Any] = {}
    if values.coordinator:
        where = {
            "coordinator_address": values.coordinator,
            "num_processes": processes,
            "process_id": values.process_id,
            "cluster_detection_method": "deactivate",
        }
    atexit.register(part, 1)  # where a traceback ends the script
    unknown = not where and by_kubernetes() > 1
    listen("several" if unknown else str(processes), is_open=not values.process_id)
    with said_when_slow("dlfun: waiting for the other processes ...", 5.0):
        if where:
            find(values.coordinator, values.process_id)
        initialize(where)
    if jax.process_index():
        mute()


def initialize(where: dict[str, Any]) -> None:
    """Starts JAX's service for several processes."""
    import jax

    try:
        jax.distributed.initialize(
            **where,
            initialization_timeout=START,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=RECORDING,
        )
    except Exception as error:  # each cluster fails in its own way
        raise UserError(
            f"cannot meet the other processes: {str(error).splitlines()[0]}; name them by "
            f"--coordinator, --process_id and --processes, or give {ALONE}"
        ) from error


def find(coordinator: str, process_id: int) -> None:
    """Raises UserError where JAX would only abort: a wrong address, or one that is taken."""
    host, _, port = coordinator.rpartition(":")
    host = host.strip("[]")
    try:
        if process_id == 0:
            both = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if both else socket.AF_INET
            socket.create_server(("", int(port)), family=family, dualstack_ipv6=both).close()
            return
        socket.getaddrinfo(host, int(port))
    except OSError as error:
        raise UserError(f"--coordinator={coordinator}: {error.strerror}; name another") from None
    end = time.monotonic() + START
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            if time.monotonic() > end:
                raise UserError(
                    f"--coordinator={coordinator}: {error.strerror or error}; it must be the "
                    "machine of --process_id=0, and a port of it that others may reach"
                ) from None
        time.sleep(0.2)


def listen(processes: str, is_open: bool) -> None:
    """Leads past the herald what libraries print; Python's own output goes out as it did.

    `is_open` says that a line of progress may stand before it.
    """
    # JAX ends a process by an abort; nobody wants gigabytes of memory in a file for each.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    sys.stdout.flush()
    missing = getattr(sys.stdout, "missing", False)
    sys.stdout = Output(stream(os.dup(1), sys.stdout), missing)
    sys.stderr = Unfailing(stream(os.dup(2), sys.stderr))
    command = [sys.executable, "-I", "-S", stderr_filter.__file__, processes, str(int(is_open))]
    # A session of its own: what ends the study by its group must not end its last words.
    reader = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    assert reader.stdin is not None
    os.dup2(reader.stdin.fileno(), 1)
    os.dup2(reader.stdin.fileno(), 2)
    reader.stdin.close()
    reader.returncode = 0  # it ends when this process does, which is nothing to warn of


def stream(fd: int, like: TextIO) -> TextIO:
    """A text stream into a file descriptor, written line by line."""
    return os.fdopen(fd, "w", buffering=1, encoding=like.encoding, errors=like.errors)


def agree(lines: tuple[str, ...]) -> None:
    """From here on the first process alone prints; all must have these flags, and one version.

    Raises:
      UserError: in every process, if they do not.
    """
    if not joined():
        return
    import jax

    from dlfun.training import hosts

    if not hosts.is_first():
        sys.stdout = Output(stream(os.open(os.devnull, os.O_WRONLY), sys.stdout))
    versions = (f"dlfun {__version__}", f"JAX {jax.__version__}")
    hosts.agree("flags and versions", "\n".join([*lines, *versions]))


def joined() -> bool:
    """Whether this process is one of several, and has not left them."""
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


def part(code: int = 0) -> None:
    """Leaves the others: with code 0 when all are done, with another one soon, and for good."""
    if not joined():
        return
    import jax

    thread = threading.Thread(target=jax.distributed.shutdown, daemon=True)
    thread.start()
    thread.join(PARTING if code else None)
    if code:
        with contextlib.suppress(OSError, ValueError, UserError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
