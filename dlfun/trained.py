"""The trained models of a study, put to use: what they say, make, and are made of."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from dlfun import numerics
from dlfun.config import parsers
from dlfun.config.arguments import in_python, path, text
from dlfun.config.model_value import Model
from dlfun.config.parsers import checked
from dlfun.config.study_request import StudyRequest
from dlfun.parameters import Parameters
from dlfun.records.checksums import check_record
from dlfun.records.own_modules import given_again
from dlfun.records.reader import read_arrays, read_study, unsealed
from dlfun.records.recorded import read_record

if TYPE_CHECKING:
    from flax import linen as nn

    from dlfun.inference.input_preparation import InputPreparation
    from dlfun.inference.opened import Opened
    from dlfun.inference.predict import Answers

P = ParamSpec("P")
S = TypeVar("S", bound="Trained")
T = TypeVar("T")


def of_record(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """A method of a study whose errors speak of arguments, and of its record's files."""

    @functools.wraps(method)
    def call(study: S, /, *args: P.args, **options: P.kwargs) -> T:
        with in_python(), unsealed(study.folder):
            return method(study, *args, **options)

    return call


class Trained:
    """The models of a record, by model, data set and member.

    Attributes:
      folder: where the record is.
    """

    def __init__(
        self, folder: Path, request: StudyRequest | None = None, models: Sequence[Model] = ()
    ) -> None:
        self.folder = folder
        check_record(folder)
        self._request, self._models = request, tuple(models)
        if models:
            given_again(folder, read_study(folder)["models"], models)

    @functools.cached_property
    def parameters(self) -> Parameters:
        """All parameters that the record keeps; called, those of one member."""
        names = sorted(path.stem for path in (self.folder / "parameters").glob("*.npz"))
        return Parameters(names, self._arrays, self._variables)

    @of_record
    def module(
        self, model: str | None = None, member: str | int = "best", *, dataset: str | None = None
    ) -> nn.Module:
        """The Flax Linen module of a trained model, for `apply` with its `parameters`.

        Its `__call__` takes what `preparation` says, [batch, *shape], and gives [batch, outputs]:
        logits of classes, or standardised numbers; one of the user's own is the module given. A vae
        has the methods `encode`, `decode` and `readout`.

        Args:
          model, dataset: which, where the study has several.
          member: best, or a number, as for `parameters`; members differ in their module where a
            shape was swept.

        Raises:
          UserError: as `parameters`.
        """
        with self._opened(model, dataset, one_member(member)) as opened:
            return opened.network.module

    @of_record
    def preparation(
        self, model: str | None = None, member: str | int = "best", *, dataset: str | None = None
    ) -> InputPreparation:
        """What makes raw inputs into what the module of a trained model takes, and reads it out.

        Args:
          model, member, dataset: as for `module`. Numbers are standardised by the training rows of
            the member's own split.

        Raises:
          UserError: as `parameters`.
        """
        with self._opened(model, dataset, one_member(member)) as opened:
            from dlfun.inference.input_preparation import input_preparation

            return input_preparation(opened)

    @of_record
    def _arrays(self, name: str) -> dict[str, np.ndarray]:
        return read_arrays(self.folder, f"parameters/{name}.npz")

    @of_record
    def _variables(
        self, model: str | None, member: str | int, dataset: str | None
    ) -> dict[str, Any]:
        with self._opened(model, dataset, one_member(member)) as opened:
            found: dict[str, Any] = opened.network.variables_of(0)
            return found

    @of_record
    def predict(
        self,
        inputs: Any,
        *,
        model: str | None = None,
        dataset: str | None = None,
        member: str | int = "best",
    ) -> Answers:
        """What a trained model says of new inputs.

        Args:
          inputs: [examples, *shape], in the units of the data set; one example may stand alone.
          model, dataset: which, where the study has several.
          member: best (by validation, never by test), mean or ensemble of all members, or the
            number of a row within model and data set.

        Returns:
          `predicted`, class ids [examples] or numbers [examples, outputs] in the unit of the
          targets, and `probabilities` [examples, classes], None where the model gives none.

        Raises:
          UserError: if the inputs do not fit, the choice is unclear, or no parameters are kept.
        """
        from dlfun.data.user_files import as_array

        array = as_array(inputs, "inputs", "predict")
        chosen = checked(parsers.member(several=True), "member", member)
        with self._opened(model, dataset, chosen) as opened:
            from dlfun.inference.call import given_of
            from dlfun.inference.predict import answer

            return answer(opened.network, given_of(array, opened), ensemble=chosen == "ensemble")

    @of_record
    def sample(
        self,
        count: int = 1,
        *,
        seed: int = 0,
        prompt: str = "",
        temperature: float = 1.0,
        length: int = 500,
        model: str | None = None,
        dataset: str | None = None,
        member: str | int = "best",
    ) -> np.ndarray | list[str]:
        """What a generative model makes: of a VAE examples, of a network of next tokens texts.

        Args:
          count: examples, or texts.
          seed: of all chance in them.
          prompt, temperature, length: of texts: what they begin with; by what logits are divided;
            how many tokens follow.
          model, dataset, member: as for `predict`, of members one.

        Returns:
          examples [count, *shape] in the unit of the data set, or texts.

        Raises:
          UserError: if the model makes nothing new, or the choice is unclear.
        """
        from dlfun.config.inference_options import COUNT, LENGTH, PROMPT, SEED, TEMPERATURE

        count, seed = checked(COUNT, "count", count), checked(SEED, "seed", seed)
        prompt = checked(PROMPT, "prompt", prompt)
        how = (checked(TEMPERATURE, "temperature", temperature), checked(LENGTH, "length", length))
        chosen = checked(parsers.member(several=False), "member", member)
        with self._opened(model, dataset, chosen) as opened:
            from dlfun.inference import sample

            key = sample.sampling_key(opened.network, seed)
            if sample.kind_of(opened.network) == "text":
                return sample.make_texts(opened.network, count, key, prompt, *how)
            made: np.ndarray = sample.make_examples(opened.network, count, key)["samples"]
            return made

    @of_record
    def export(
        self,
        folder: str | Path,
        *,
        format: str = "jax",
        part: str = "outputs",
        model: str | None = None,
        dataset: str | None = None,
        member: str | int = "best",
    ) -> Path:
        """A trained model in a form that runs without dlfun, checked against the original.

        Args:
          folder: to write, which must be new; export.json in it says how the model is loaded.
          format: jax, stablehlo, onnx, or safetensors (the parameters alone).
          part: outputs, or the decoder of a VAE.
          model, dataset, member: as for `predict`, of members one.

        Raises:
          UserError: if the model has no such part, the folder is taken, or the choice is unclear.
        """
        from dlfun.config.inference_options import FORMAT, PART
        from dlfun.records.folders import check_output_dir, followed

        kind, part = checked(FORMAT, "format", format), checked(PART, "part", part)
        target = followed(path("folder", folder))
        check_output_dir(target, None)
        chosen = checked(parsers.member(several=False), "member", member)
        with self._opened(model, dataset, chosen) as opened:
            from dlfun.inference.export import export_model

            return export_model(opened.network, opened.source, kind, part, target)[0]

    @contextlib.contextmanager
    def _opened(self, model: str | None, dataset: str | None, member: str) -> Iterator[Opened]:
        """A model of the record, while what it computed under is in force."""
        from dlfun.records.study_file import read_request

        named = {"model": model, "dataset": dataset}
        model, dataset = (text(n, v) if v is not None else None for n, v in named.items())
        record = read_record(self.folder)
        request = self._request or read_request(self.folder, data=False, models=self._models)
        with numerics.settled(request["precision"], request["matmul_precision"]):
            from dlfun.inference.opened import Wanted, open_model

            yield open_model(record, request, Wanted(dataset, model, member))


def one_member(member: str | int) -> str:
    """One member of a model: best, or its number."""
    return str(checked(parsers.member(several=False), "member", member))
