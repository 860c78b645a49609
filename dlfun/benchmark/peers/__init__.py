"""The table of peers: what a user would pick instead, doing the same work.

Peers are imported only by the worker that runs them, so that none need be installed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import NamedTuple

from dlfun.benchmark.works import Work
from dlfun.models import BPNN, Perceptron

HERE = "dlfun.benchmark.peers"


def anything(work: Work) -> str:
    """No reason against any work."""
    return ""


def by_gradient(work: Work) -> str:
    """Works whose parameters follow a gradient."""
    return "it has no perceptron rule" if isinstance(work.shape, Perceptron) else ""


def ensembles(work: Work) -> str:
    """Populations, learning by gradient."""
    return by_gradient(work) or ("" if work.members > 1 else "it is for ensembles; this is one run")


def of_scikit(work: Work) -> str:
    """The two models of dlfun that scikit-learn has as well."""
    if isinstance(work.shape, Perceptron):
        return ""
    if not isinstance(work.shape, BPNN) or work.shape.residual:
        return "it has no such model with the same optimiser"
    return ""


class Peer(NamedTuple):
    """A row of the table.

    Attributes:
      side: `module:function`, Job -> Side.
      package: what must be installed, by its import name.
      title: in words.
      why_not: work -> why it cannot do it; empty if it can.
      uses_jax: it computes on JAX's device.
    """

    side: str
    package: str
    title: str
    why_not: Callable[[Work], str] = anything
    uses_jax: bool = False


PEERS: Mapping[str, Peer] = {
    "torch": Peer(f"{HERE}.pytorch:eager", "torch", "PyTorch, eager", by_gradient),
    "torch_compile": Peer(f"{HERE}.pytorch:compiled", "torch", "torch.compile", by_gradient),
    "torch_func": Peer(f"{HERE}.ensemble:ensemble", "torch", "torch.func ensembles", ensembles),
    "keras": Peer(f"{HERE}.keras_on_jax:fit", "keras", "Keras 3 on JAX", by_gradient, True),
    "flax_jit": Peer(f"{HERE}.stock_flax:jitted", "flax", "Flax, jitted step", anything, True),
    "flax_scan": Peer(f"{HERE}.stock_flax:scanned", "flax", "Flax, scan", anything, True),
    "stream": Peer(f"{HERE}.streamed:Streamed", "grain", "dlfun, streamed", anything, True),
    "sklearn": Peer(f"{HERE}.scikit:partial_fit", "sklearn", "scikit-learn", of_scikit),
}


def reason_to_skip(peer: Peer, work: Work, backend: str, precision: str) -> str:
    """Why a peer does not run this work here, in a line; empty if it does."""
    if importlib.util.find_spec(peer.package) is None:
        return f"{peer.package} is not installed"
    if precision == "bfloat16":
        return "bfloat16 rounds differently in each library, so no same work"
    if backend == "tpu":
        one = "only one process at a time holds a TPU"
        return one if peer.uses_jax else f"{peer.package} has no TPU here"
    return peer.why_not(work)
