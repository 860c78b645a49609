"""Boundaries that a record keeps, against its parameters and a run that is driven by hand."""

import dataclasses

import jax
import numpy as np
import pytest

import dlfun
from dlfun.studies.artifacts import boundary as module
from dlfun.studies.artifacts.boundary import has_boundary
from tests.helpers import toy

RUN = {"steps": 12, "evaluations": 3, "batch_size": 8}
HOW = {"seeds": 4, **RUN}
MODEL = dlfun.model("softmax", learning_rate=0.1)
FAR = np.array([1e6, 0.0])  # from 0, so that inputs are stored as differences


def points(n=60):
    rng = np.random.default_rng(0)
    classes = np.arange(n) % 3
    centres = np.array([[0.0, 0.0], [9.0, 1.0], [4.0, 5.0]])
    return FAR + centres[classes] + rng.normal(size=(n, 2)), classes


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    inputs, classes = points()
    file = tmp_path_factory.mktemp("boundary") / "points.csv"
    rows = [f"{x!r},{y!r},{k}" for (x, y), k in zip(inputs.tolist(), classes, strict=True)]
    file.write_text("\n".join(["width,height,kind", *rows]))
    return dlfun.load(file, split="random")


@pytest.fixture(scope="module")
def study(data, tmp_path_factory):
    """Softmax regression, a split for each seed."""
    folder = tmp_path_factory.mktemp("boundary") / "study"
    return dlfun.train(MODEL, data, output_dir=folder, **HOW)


@pytest.fixture(scope="module")
def kept(study):
    return dict(np.load(next(study.folder.glob("*-evidence.npz"))))


def said_by(kernel, bias, study, kept, member):
    """Classes over the plane [y, x], by numpy, of a member that has a split of its own."""
    places = np.stack(np.meshgrid(kept["boundary_x"], kept["boundary_y"]), axis=-1)
    fitted = np.load(study.folder / "preparation.npz")
    origin, mean, sd = (
        fitted[f"points/inputs/{name}"][member] for name in ("origin", "mean", "sd")
    )
    return ((places - origin - mean) / sd @ np.asarray(kernel) + np.asarray(bias)).argmax(-1)


def test_the_last_boundaries_are_those_of_the_parameters(study, kept):
    parameters = next(iter(study.parameters.values()))
    ranks = np.array([row["validation_accuracy"] for row in study.rows])
    members = kept["boundary_members"]
    assert ranks[members[0]] == ranks.max()
    assert sorted(members) == [0, 1, 2, 3]
    for member, scores in zip(members, kept["boundary_scores"], strict=True):
        kernel, bias = (parameters[f"params/head/{n}"][member] for n in ("kernel", "bias"))
        wanted = said_by(kernel, bias, study, kept, member)
        assert (scores.argmax(-1) == wanted).mean() > 0.995
        assert len(np.unique(wanted)) == 3


def test_the_history_is_that_of_a_run_driven_by_hand(data, study, kept):
    run = dlfun.make_run(MODEL, data, **RUN)
    member = int(kept["boundary_members"][1])
    carry, advance = run.init(run.hparams, run.streams(member)), jax.jit(run.advance)
    seen = []
    for _ in run.intervals:
        carry, _ = advance(carry, run.hparams, run.data)
        head = carry.state.params["head"]
        seen.append(said_by(head["kernel"], head["bias"], study, kept, member))
    found = kept["boundary_history"][1].argmax(-1)
    assert kept["boundary_steps"].tolist() == [4, 8, 12]
    for own, wanted in zip(found, seen, strict=True):
        assert (own == wanted).mean() > 0.995
    assert (seen[0] != seen[2]).mean() > 0.01
    assert kept["boundary_agreement"] == 1.0


def test_points_are_training_examples_in_their_own_unit(kept):
    inputs, classes = points()
    for point, target in zip(kept["boundary_points"], kept["boundary_targets"], strict=True):
        away = np.abs(inputs - point).max(axis=1)
        assert away.min() < 1e-5
        assert classes[away.argmin()] == target
    assert kept["boundary_names"].tolist() == ["width", "height"]
    assert kept["boundary_x"][0] < inputs[:, 0].min()
    assert kept["boundary_x"][-1] > inputs[:, 0].max()


def test_the_plane_holds_all_examples_and_one_threshold_unit_has_two_scores(tmp_path):
    dlfun.train("perceptron", "xor", seeds=3, steps=6, evaluations=2, output_dir=tmp_path / "x")
    kept = np.load(next((tmp_path / "x").glob("*-evidence.npz")))
    assert kept["boundary_x"][0] < 0 < 1 < kept["boundary_x"][-1]
    assert kept["boundary_history"].shape == (3, 2, 32, 32, 2)
    np.testing.assert_array_equal(kept["boundary_history"][:, -1], kept["boundary_scores"])
    assert (kept["boundary_scores"].max(-1) == 0).all()


def test_long_or_streamed_trainings_are_not_run_again(data, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "run_again", None)
    dlfun.train(MODEL, data, output_dir=tmp_path / "s", input="stream", **HOW)
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    dlfun.train(MODEL, data, output_dir=tmp_path / "l", **HOW)
    for name in "sl":
        kept = np.load(next((tmp_path / name).glob("*-evidence.npz")))
        assert "boundary_scores" in kept
        assert "boundary_history" not in kept


def test_only_points_in_a_plane_have_boundaries():
    plane = dataclasses.replace(toy("vector").spec, shape=(2,))
    assert has_boundary(plane)
    for other in (
        {"shape": (3,)},
        {"task": "regression"},
        {"outputs": 100},
        {"vocabulary": 9, "modality": "text"},
    ):
        assert not has_boundary(dataclasses.replace(plane, **other)), other
