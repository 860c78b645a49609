"""What every test runs under: two host devices, strict ranks, headless figures, no user's files."""

import os
import shutil
import tempfile
from pathlib import Path

# Read at import by what is imported below, and by the processes that tests start.
_SCRATCH = Path(tempfile.mkdtemp(prefix="dlfun-tests-"))
os.environ["TFDS_DATA_DIR"] = str(_SCRATCH / "data")
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_SCRATCH / "programs")
os.environ["MPLBACKEND"] = "Agg"

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_unconfigure() -> None:
    shutil.rmtree(_SCRATCH, ignore_errors=True)


@pytest.fixture
def key() -> jax.Array:
    """The key of a test that needs one."""
    return jax.random.key(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Where data sets are prepared; shared by the tests of one process, and TFDS' default."""
    return Path(os.environ["TFDS_DATA_DIR"])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published files that the project does not ship; the test is skipped where they are not."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data at {folder}")
    return folder
