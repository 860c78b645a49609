"""The plain arguments of a study, as a script reads them from its flags. Needs no JAX."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlfun.types import DataOptions, HParams, Layout

if TYPE_CHECKING:  # it needs JAX
    from dlfun.data.raw import Raw


@dataclasses.dataclass(frozen=True)
class ModelOptions:
    """One model of a study: its shape, its numbers, and how its members meet devices.

    Attributes:
      shape: the model's Settings, of `dlfun.models`.
      hparams: plain floats.
      optimizer: one of `dlfun.config.option_table.OPTIMIZERS`.
      objective: auto, or one of `dlfun.objectives.OBJECTIVES`.
      layout: None leaves the choice to dlfun.
      way: how the layers compute, of the ways of the model's row; empty leaves it to dlfun.
      pretrained: whether its members begin from the parameters of a record.
    """

    shape: Any
    hparams: HParams
    optimizer: str = "adam"
    objective: str = "auto"
    layout: Layout | None = None
    way: str = ""
    pretrained: bool = False


@dataclasses.dataclass(frozen=True)
class StudyOptions:
    """What every study needs.

    Attributes:
      models: model name -> ModelOptions, in the order given.
      datasets: names.
      seeds: replicates of every configuration.
      first: the first of these replicates; they are counted on from here.
      tuning: members take their keys from the stream of tuning, apart from all that confirm.
      seed: the root of all chance.
      steps, epochs: how long to train; at most one is set, neither means `DEFAULT_STEPS`.
      batch_size: None is 100, cut to the training split; a number given is never cut.
      augment: of the inputs of a training step: names of `AUGMENTATIONS` with their strengths.
      evaluations: validations in a run, evenly spread.
      keep: whose parameters the record keeps.
      likelihood_samples: importance samples of the latent, for the log-likelihood of each test
        example under a generative model; 0 leaves it out.
      input: memory puts the data on every device; stream feeds them from the host in blocks.
      memory_limit: bytes that a population may take; None is what the device has free.
      stop_when_failed: the study ends if more than this part of a population's members failed.
      request: what was asked, as the record keeps it.
      overwrite: whether the record takes the place of one that is there.
      checkpoints: a store of `dlfun.training.checkpoints`, where the study keeps what it did, to go
        on from after any end; None keeps nothing.
      given: data sets by value, which are not read by their names.
      state_limit: bytes of training state that an arm's result holds; 0 holds none.
      continue_from: the record whose members are trained further; None begins anew.
      initialize_from: the record that parameters come from, a `dlfun.config.start_table.Source`;
        None draws all of them.
      pretrained: the models that have an arm which begins from it.
      origins: arm -> what it took of that record, as environment.json has it.
      begins: `dlfun.studies.population.continuing.Beginnings` read from `continue_from`.
      begun: when the study was, by the clock that only goes on.
    """

    models: Mapping[str, ModelOptions]
    datasets: tuple[str, ...]
    data: DataOptions = dataclasses.field(default_factory=DataOptions)
    seeds: int = 10
    first: int = 0
    tuning: bool = False
    seed: int = 0
    steps: int | None = None
    epochs: float | None = None
    batch_size: int | None = None
    schedule: str = "constant"
    augment: tuple[tuple[str, float], ...] = ()
    evaluations: int = 20
    precision: str = "float32"
    matmul_precision: str = "default"
    keep: str = "all"
    likelihood_samples: int = 0
    input: str = "memory"
    memory_limit: int | None = None
    stop_when_failed: float = 1.0
    output_dir: str | None = None
    request: Any = dataclasses.field(default=None, compare=False, repr=False)
    overwrite: bool = False
    checkpoints: Any = dataclasses.field(default=None, compare=False)
    given: Mapping[str, Raw] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    state_limit: float = 0
    continue_from: str | None = None
    initialize_from: Any = None
    pretrained: tuple[str, ...] = ()
    origins: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    begins: Any = dataclasses.field(default=None, compare=False, repr=False)
    begun: float = dataclasses.field(default_factory=time.monotonic, compare=False, repr=False)

    def elapsed(self) -> float:
        """Seconds since the study was begun, with those before an end that it went on from."""
        before: float = 0.0 if self.checkpoints is None else self.checkpoints.before
        return before + time.monotonic() - self.begun
