"""Tiny works of the benchmark, and peers that do wrong; workers import these by name."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from typing import Any

from dlfun.benchmark.options import Job
from dlfun.benchmark.peers import Peer
from dlfun.benchmark.peers.stock_flax import StockFlax
from dlfun.benchmark.works import Work
from dlfun.models import BPNN, CNN, RNN, VAE, Perceptron, Softmax

SMALL: dict[str, Any] = {"batch_size": 8, "steps": 2, "examples": 80}
TINY = {
    "softmax": Work("", "softmax", Softmax(), (6,), **SMALL),
    "bpnn": Work("", "bpnn", BPNN((5,)), (6,), members=3, **SMALL),
    "residual": Work("", "bpnn", BPNN((5, 5), residual=True), (7, 1), members=2, **SMALL),
    "conv1d": Work("", "cnn", CNN((3, 4, 5)), (40, 1), members=2, **SMALL),
    "conv2d": Work(
        "",
        "cnn",
        CNN((3, 4), (3, 3), (1, 1), (1, 1), pools=(2, 2), dense=(6,)),
        (8, 8, 1),
        **SMALL,
    ),
    "lstm": Work(
        "", "rnn", RNN("lstm", (4,), bidirectional=False, readout="last"), (5, 3), **SMALL
    ),
    "gru": Work("", "rnn", RNN(recurrent_bias=True), (5, 1), members=2, **SMALL),
    "vae": Work("", "vae", VAE((7,), 3, "bernoulli"), (9,), likelihood="bernoulli", **SMALL),
    "perceptron": Work("", "perceptron", Perceptron("classes"), (6,), **SMALL),
}


def small_device(*where: Any) -> None:
    """Sets a worker up in which a device's peaks, which tests do not look at, take no time."""
    from dlfun.benchmark import device

    device.SIZE, device.COPIED, device.TRIES, device.AT_LEAST = 64, 2**12, 1, 0.0


def crashing(job: Job) -> Any:
    """Dies while it is made."""
    print("noise on stdout")
    print("the last word", file=sys.stderr, flush=True)
    os._exit(3)


class Sleeping(StockFlax):
    """Agrees, and then does not answer."""

    def go(self, steps: int) -> None:
        """Never comes back."""
        time.sleep(600)


def hanging(job: Job) -> Sleeping:
    """A side that hangs."""
    return Sleeping(job, scanned=False)


def hasty(job: Job) -> StockFlax:
    """A side that learns at a larger rate."""
    rate = 1.5 * job.work.learning_rate
    print("noise on stdout")
    work = dataclasses.replace(job.work, learning_rate=rate)
    return StockFlax(dataclasses.replace(job, work=work), scanned=False)


BAD_PEERS = {
    "crashing": Peer("tests.sides:crashing", "flax", "dies"),
    "hanging": Peer("tests.sides:hanging", "flax", "hangs"),
    "hasty": Peer("tests.sides:hasty", "flax", "learns faster"),
    "missing": Peer("tests.sides:missing", "no_such_package", "is not installed"),
    "unwilling": Peer("tests.sides:missing", "flax", "", lambda work: "it has no such model"),
}
