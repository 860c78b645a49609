"""The way from raw inputs to what a trained module takes, and from its outputs to answers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from dlfun.data.user_files.inputs import Source
from dlfun.inference.call import given_of
from dlfun.inference.opened import Opened
from dlfun.inference.trained_models import takes_lengths
from dlfun.learners.prepare import COMPUTE, seen
from dlfun.preparation import MISSING, LogMel


@dataclasses.dataclass(frozen=True, eq=False)
class InputPreparation:
    """All that one trained member needs to know of its data set, as plain values.

    `inputs` does it all; by hand, pixels are multiplied by `scale`, the columns of a table become
    (x - mean) / sd, and characters their place in `alphabet`. Outputs of classes are logits in the
    order of `classes`; predicted numbers are outputs * target_sd + target_mean. Arrays are float64,
    in the user's unit, and in the order in which the module reads them.

    Attributes:
      dataset: its name.
      modality, task: vector, image, text ...; classification, regression ...
      shape: of one example.
      dtype: of what the module takes: int32 of ids, else that of the study's precision; where that
        is bfloat16, parameters are cast to it, too.
      scale: what stored inputs are multiplied by; 1/255 of bytes that are pixels, else 1 as a rule.
      columns: of a table, for each number of an example the column, and of a column of text the
        category that the number is 1 for, else ""; MISSING, where it is 1 if there is no number
        in the column. Of other data none.
      origin: [columns] that stored inputs, such as `dlfun.load(...).split().test.inputs`, are less.
      mean, sd: [columns] over the training rows of this member's split; where nothing varies there
        sd is inf. A missing number becomes the mean. None where inputs are not standardised; so are
        those of the targets.
      target: the column of a table that is predicted.
      target_mean, target_sd: [outputs].
      classes: the name of each class id.
      vocabulary, alphabet: how many ids there are of a text, and the character of each; empty where
        ids are bytes.
      lengths: whether the module takes `lengths` [examples] of padded examples, too.
      order: [numbers of an example], where the data set permutes them: x.reshape(n, -1)[:, order].
      spectrogram: how recordings become log-mel spectrograms.
    """

    dataset: str
    modality: str
    task: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    columns: tuple[tuple[str, str], ...]
    origin: np.ndarray | None
    mean: np.ndarray | None
    sd: np.ndarray | None
    target: str
    target_mean: np.ndarray | None
    target_sd: np.ndarray | None
    classes: tuple[str, ...]
    vocabulary: int
    alphabet: str
    lengths: bool
    order: np.ndarray | None
    spectrogram: LogMel | None
    _opened: Opened = dataclasses.field(repr=False)

    def inputs(self, values: Any) -> np.ndarray:
        """Inputs [examples, *shape] in the user's unit, as `Study.predict` takes them, made ready.

        Returns:
          what the module's `apply` takes: [examples, *shape] of `dtype`.

        Raises:
          UserError: if their shape or values cannot be those of inputs.
        """
        network = self._opened.network
        stored = given_of(np.asarray(values), self._opened).inputs
        return seen(stored, network.spec, network.scaling(0)).astype(self.dtype)


def input_preparation(opened: Opened) -> InputPreparation:
    """The preparation of a member's inputs, as its record keeps it."""
    network, source = opened.network, opened.source
    spec, scaling = network.spec, network.scaling(0)
    own, wanted = (None, None) if scaling is None else scaling
    precision = COMPUTE[network.settings.precision]
    return InputPreparation(
        dataset=network.data.first.name,
        modality=spec.modality,
        task=spec.task,
        shape=spec.shape,
        dtype=np.dtype(np.int32 if spec.vocabulary else precision),
        scale=spec.scale,
        columns=columns_of(source),
        origin=own and own.origin,
        mean=own and own.origin + own.mean,
        sd=own and np.where(own.sd > 0, own.sd, np.inf),
        target=source.preparation.target,
        target_mean=wanted and wanted.origin + wanted.mean,
        target_sd=wanted and wanted.sd,
        classes=network.classes,
        vocabulary=spec.vocabulary,
        alphabet=spec.alphabet,
        lengths=takes_lengths(network.settings, spec),
        order=order_of(source),
        spectrogram=source.preparation.spectrogram,
        _opened=opened,
    )


def columns_of(source: Source) -> tuple[tuple[str, str], ...]:
    """The column and the category of each number of a table's example."""
    pairs = [
        (feature.name, one)
        for feature in source.preparation.features
        for one in feature.categories or ("", MISSING)[: feature.width]
    ]
    if not pairs:
        return ()
    return tuple(pairs[i] for i in source.permuted(np.arange(len(pairs))[None])[0])


def order_of(source: Source) -> np.ndarray | None:
    """The places that the numbers of an example come from; None where they stay."""
    if not source.preparation.permuted:
        return None
    places = np.arange(int(np.prod(source.spec.shape))).reshape(1, *source.spec.shape)
    return source.permuted(places).reshape(-1)
