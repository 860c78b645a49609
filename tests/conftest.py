"""What every test runs under: two host devices, strict ranks, headless figures, no user's files."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

# One folder for all processes of the tests: data are prepared once. Compiled programs are each
# process's own, as JAX does not write them in one step, and another would read the half.
_OURS = "PYTEST_XDIST_WORKER" not in os.environ
if _OURS:
    os.environ["DLFUN_TESTS_SCRATCH"] = tempfile.mkdtemp(prefix="dlfun-tests-")
_SCRATCH = Path(os.environ["DLFUN_TESTS_SCRATCH"])

# Read at import by what is imported below, and by the processes that tests start.
os.environ["TFDS_DATA_DIR"] = str(_SCRATCH / "data")
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_SCRATCH / f"programs-{_WORKER}")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
os.environ["MPLBACKEND"] = "Agg"
# A shell ignores the keyboard's interruption for what it runs behind, and a child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Small programs: compiling them takes far longer than running them. 0 tests the optimised ones.
if os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1") == "1":
    # Loops emitted without MLIR, and one LLVM module a program, compile in half the time. Newer XLA
    # has no other emitters, and ends a process that names the flag.
    quick = ["--xla_cpu_parallel_codegen_split_count=1"]
    if metadata.version("jaxlib").startswith("0.10."):
        quick.append("--xla_cpu_use_fusion_emitters=false")
    os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *quick])

import jax
import pytest

from dlfun import decoration
from dlfun.cli.signals import CURRENT
from tests import faults

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_unconfigure() -> None:
    if _OURS:
        shutil.rmtree(_SCRATCH, ignore_errors=True)


def pytest_collection_modifyitems(items: list) -> None:
    if faults.WRITING:
        items[:] = [item for item in items if "fault" in getattr(item, "fixturenames", ())]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    seen = session.config.pluginmanager.get_plugin("terminalreporter")
    if faults.WRITING and exitstatus == 0 and not seen.stats.get("skipped"):
        faults.write()


@pytest.fixture
def fault(tmp_path: Path) -> Callable[..., None]:
    """Takes what a user sees of a fault, and what is kept: a row of BUILD.md's table."""

    def saw(name: str, said: object, kept: str, code: int | None = None) -> None:
        faults.see(faults.row(name, said, kept, code, tmp_path))

    return saw


@pytest.fixture(autouse=True)
def nothing_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures, pages and the like that fail, fail their test, as nothing else would show it."""
    monkeypatch.setattr(decoration, "forgiven", lambda error: False)


@pytest.fixture(autouse=True)
def names_are_given_back() -> Iterator[None]:
    """As when a script ends: a directory that only took a name is gone."""
    yield
    CURRENT.closing.close()


@pytest.fixture
def key() -> jax.Array:
    """The key of a test that needs one."""
    return jax.random.key(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Where data sets are prepared; shared by all tests, and TFDS' default."""
    return Path(os.environ["TFDS_DATA_DIR"])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published files that the project does not ship; the test is skipped where they are not."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data at {folder}")
    return folder


@pytest.fixture
def optimised() -> Iterator[None]:
    """Programs of LLVM's optimisations, for tests that take longer to run than to compile."""
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
