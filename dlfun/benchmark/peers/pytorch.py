"""PyTorch's side: one member, eager or compiled. Every layer is PyTorch's own.

PyTorch is imported inside the functions, so that this file can be read where it is not installed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlfun.benchmark.options import Job
from dlfun.benchmark.peers.torch_models import forward_of, layers_of
from dlfun.benchmark.peers.torch_parameters import to_torch
from dlfun.benchmark.side import Start, read_start
from dlfun.benchmark.works import Work
from dlfun.models import CNN, VAE


def set_up(job: Job) -> str:
    """Threads and precision; returns the device."""
    import torch

    affine = hasattr(os, "sched_getaffinity")
    torch.set_num_threads(len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1)
    if job.backend != "gpu":
        return "cpu"
    if not torch.cuda.is_available():
        raise RuntimeError("this PyTorch sees no GPU")
    # As XLA multiplies by default: both sides may use the tensor cores.
    torch.set_float32_matmul_precision("high")
    return "cuda"


def network(work: Work) -> Any:
    """A module of the work's layers, before it gets its parameters."""
    import torch

    forward = forward_of(work)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleDict(layers_of(work))

        def forward(self, *inputs: Any) -> Any:
            return forward(self.layers, *inputs)

    return Network()


def stored(work: Work, start: Start, device: str) -> tuple[Any, Any]:
    """All examples on the device; images and sequences for convolution with channels first."""
    import torch

    inputs = torch.from_numpy(start.inputs)
    if isinstance(work.shape, CNN):
        inputs = inputs.movedim(-1, 1).contiguous()
    return inputs.to(device), torch.from_numpy(start.targets).long().to(device)


def load(module: Any, parameters: Mapping[str, np.ndarray]) -> None:
    """Gives the module its initial parameters; fails if any is left over or missing.

    Where dlfun's cell has one bias a gate and PyTorch's two, the second stays at zero.
    """
    import torch

    given = {f"layers.{name}": torch.from_numpy(array) for name, array in parameters.items()}
    own = dict(module.named_parameters())
    for name in own.keys() - given.keys():
        if "bias_ih" not in name:
            raise ValueError(f"no initial value for {name}")
        own[name].data.zero_()
        own[name].requires_grad_(False)
    missing, unexpected = module.load_state_dict(given, strict=False)
    if unexpected or any("bias_ih" not in name for name in missing):
        raise ValueError(f"initial values do not fit: {missing}, {unexpected}")


class Eager:
    """One member in PyTorch's own loop: the first of dlfun's population."""

    def __init__(
        self, job: Job, compile: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda f: f
    ) -> None:
        import torch

        self.device = set_up(job)
        start = read_start(job).member()
        self.work, self.torch = job.work, torch
        self.inputs, self.targets = stored(job.work, start, self.device)
        dtype = self.inputs.dtype
        self.module = network(job.work).to(dtype)
        load(self.module, to_torch(job.work, start.parameters))
        self.module.to(self.device)
        learned = [p for p in self.module.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(learned, lr=job.work.learning_rate)
        rows = torch.from_numpy(start.rows).long().to(self.device)
        self.batches = itertools.cycle(rows)
        self.noise = None if start.noise is None else torch.from_numpy(start.noise).to(dtype)
        self.loss = compile(self.loss_of)

    def loss_of(self, inputs: Any, targets: Any, *noise: Any) -> Any:
        """The mean loss of a batch."""
        from dlfun.benchmark.peers.torch_models import elbo_loss

        functional = self.torch.nn.functional
        if isinstance(self.work.shape, VAE):
            return elbo_loss(inputs, targets, self.module(inputs, *noise)).mean()
        return functional.cross_entropy(self.module(inputs), targets)

    def step(self, noise: Any = None) -> Any:
        """One step on the next batch; its loss on the old parameters."""
        rows = next(self.batches)
        inputs, targets = self.inputs[rows], self.targets[rows]
        more: tuple[Any, ...] = ()
        if isinstance(self.work.shape, VAE):
            shape = (len(inputs), self.work.shape.latent)
            drawn = noise if noise is not None else self.torch.randn(shape, device=self.device)
            more = (drawn.to(inputs),)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(inputs, targets, *more)
        loss.backward()
        self.optimizer.step()
        return loss

    def losses(self, steps: int) -> np.ndarray:
        """Of the first steps, from the same start as dlfun's."""
        noise = itertools.repeat(None) if self.noise is None else self.noise
        return np.array([[self.step(drawn).item() for drawn in itertools.islice(noise, steps)]])

    def go(self, steps: int) -> None:
        """Trains on."""
        for _ in range(steps):
            self.step()
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def facts(self) -> dict[str, Any]:
        """It trains one member."""
        return {"members": 1}


def eager(job: Job) -> Eager:
    """PyTorch as most write it."""
    return Eager(job)


def compiled(job: Job) -> Eager:
    """Forward and backward by torch.compile."""
    import torch

    return Eager(job, torch.compile)
