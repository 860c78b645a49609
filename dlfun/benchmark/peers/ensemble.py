"""torch.func ensembles: PyTorch's module mapped over stacked parameters, all members at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dlfun.benchmark.options import Job
from dlfun.benchmark.peers.pytorch import Eager, network, set_up, stored
from dlfun.benchmark.peers.torch_parameters import to_torch
from dlfun.benchmark.side import read_start


class Ensemble(Eager):
    """All members; Adam is elementwise, so one optimiser serves their stacked parameters."""

    def __init__(self, job: Job) -> None:
        import torch

        self.device = set_up(job)
        start = read_start(job)
        self.work, self.torch = job.work, torch
        self.inputs, self.targets = stored(job.work, start, self.device)
        self.module = network(job.work).to(self.inputs.dtype).to(self.device)
        each = [to_torch(job.work, start.member(i).parameters) for i in range(job.work.members)]
        self.params = {
            f"layers.{name}": torch.from_numpy(np.stack([one[name] for one in each]))
            .to(self.device)
            .requires_grad_()
            for name in each[0]
        }
        self.optimizer = torch.optim.Adam(self.params.values(), lr=job.work.learning_rate)
        rows = torch.from_numpy(start.rows).long().to(self.device)
        self.batches = itertools.cycle(rows.swapaxes(0, 1))
        self.gradient = torch.func.vmap(torch.func.grad_and_value(self.loss_with))

    def loss_with(self, params: dict[str, Any], inputs: Any, targets: Any) -> Any:
        """The mean loss of one member's batch under its parameters."""
        outputs = self.torch.func.functional_call(self.module, params, (inputs,))
        return self.torch.nn.functional.cross_entropy(outputs, targets)

    def step(self, noise: Any = None) -> Any:
        """One step of every member, each on its own batch; their losses [members]."""
        rows = next(self.batches)
        detached = {name: array.detach() for name, array in self.params.items()}
        gradients, losses = self.gradient(detached, self.inputs[rows], self.targets[rows])
        for name, array in self.params.items():
            array.grad = gradients[name]
        self.optimizer.step()
        return losses

    def losses(self, steps: int) -> np.ndarray:
        """Of the first steps: [members, steps]."""
        return np.stack([self.step().cpu().numpy() for _ in range(steps)], axis=1)

    def facts(self) -> dict[str, Any]:
        """It trains all members."""
        return {"members": self.work.members}


def ensemble(job: Job) -> Ensemble:
    """All members of a population by torch.func."""
    return Ensemble(job)
