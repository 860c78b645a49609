"""Time and memory that recordings take to become spectrograms.

    python -m dlfun.benchmark.recordings

writes 100 and 10,000 recordings of a second at 16 kHz into a folder that is removed again, reads
each folder in a process of its own, and prints a line for each; about a minute on two cores.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

COUNTS = (100, 10_000)
RATE = 16_000


def write(folder: Path, count: int, seconds: float = 1.0) -> None:
    """So many recordings of noise, in two classes."""
    noise = np.random.default_rng(0).integers(-9000, 9000, round(seconds * RATE)).astype("<i2")
    for name in "ab":
        (folder / name).mkdir(parents=True)
    for i in range(count):
        with wave.open(str(folder / "ab"[i % 2] / f"{i}.wav"), "w") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(np.roll(noise, i).tobytes())


def peak_bytes() -> int:
    """The most memory that this process has held."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(folder: Path) -> str:
    """A line on the reading of a folder; to be called in a process that has read nothing yet."""
    import jax

    from dlfun import data
    from dlfun.types import DataOptions

    jax.block_until_ready(jax.numpy.zeros(1) + 1)  # the start of JAX is not counted
    before, start = peak_bytes(), time.perf_counter()
    raw = data.read(str(folder), DataOptions())
    seconds, taken = time.perf_counter() - start, peak_bytes() - before
    held = raw.train.inputs.nbytes + raw.test.inputs.nbytes
    count = len(raw.train.targets) + len(raw.test.targets)
    return (
        f"{count:,} recordings: {seconds:.1f} s, {taken / 2**20:,.0f} MiB at most, "
        f"of which the spectrograms are {held / 2**20:,.0f} MiB"
    )


def main() -> None:
    """Prints a line for each number of recordings."""
    for count in COUNTS:
        with tempfile.TemporaryDirectory(prefix="dlfun-recordings-") as scratch:
            write(Path(scratch), count)
            command = [sys.executable, "-m", __spec__.name, scratch]
            print(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout, end=""
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(Path(sys.argv[1])))
    else:
        main()
