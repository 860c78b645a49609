"""A complete record made by hand, for the report: no training, and every file a study may leave."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.gates import parse_gate
from dlfun.config.model_value import Model
from dlfun.config.study_request import StudyRequest
from dlfun.records import writer
from dlfun.studies.comparison.gates import DatasetRuns, decide_gates
from dlfun.studies.comparison.verdicts import Examined

MODELS = ("softmax", "bpnn", "cnn", "rnn", "vae")
LEVEL = {"softmax": 0.33, "bpnn": 0.655, "cnn": 0.915, "rnn": 0.905, "vae": 0.38}
STEPS = np.arange(1, 21) * 100
CLASSES = 10
NOTE = "learns without labels; its figure is that of a linear read-out"


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of any columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def member(rng: np.random.Generator, dataset: str, model: str, r: int) -> dict[str, Any]:
    """A run; replicates are better or worse in all models at once."""
    accuracy = LEVEL[model] + 0.008 * np.sin(r) + 0.006 * rng.normal()
    return {
        "model": model,
        "dataset": dataset,
        "replicate": r,
        "status": "ok",
        "failed_at": "",
        "parameters": 400 * (1 + 7 * MODELS.index(model)),
        "steps": 2000,
        "seconds": 0.05 * 3.0 ** MODELS.index(model),
        "compile_seconds": 1.0 + MODELS.index(model) / 2,
        "train_loss": 1 - accuracy,
        "train_accuracy": min(accuracy + 0.02 * (1 + MODELS.index(model)), 1.0),
        "validation_accuracy": accuracy + 0.005 * rng.normal(),
        "test_accuracy": accuracy,
        "chance": 0.1,
        "at_chance": "false",
    }


def members(seeds: int, datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Runs of all models; one of bpnn failed, one of softmax stayed at chance."""
    rng = np.random.default_rng(0)
    rows = [
        member(rng, dataset, model, r)
        for dataset in datasets
        for model in MODELS
        for r in range(seeds)
    ]
    failed = next(row for row in rows if row["model"] == "bpnn" and row["replicate"] == 1)
    failed |= {"status": "failed", "failed_at": 731, "test_accuracy": "", "train_accuracy": ""}
    idle = next(row for row in rows if row["model"] == "softmax" and row["replicate"] == 2)
    idle |= {"test_accuracy": 0.104, "at_chance": "true"}
    return rows


def pair(dataset: str, a: str, b: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A pair as comparison.json has it; its numbers are near enough to those of the runs."""
    means = {n: LEVEL[n] for n in (a, b)}
    a, b = sorted((a, b), key=lambda n: -means[n])
    diff = means[a] - means[b]
    close = diff < 0.02
    verdict = "unresolved" if close else "better"
    words = (
        f"{a} and {b}: unresolved, about 14 more seeds"
        if close
        else f"{a} beats {b} by {100 * diff:.1f} points "
        f"[{100 * diff - 0.9:.1f}, {100 * diff + 0.9:.1f}], 12 seeds"
    )
    return {
        "a": a,
        "b": b,
        "dataset": dataset,
        "metric": "test_accuracy",
        "direction": "higher",
        "n": 12,
        "unit": "runs",
        "n_distinct_a": 12,
        "n_distinct_b": 12,
        "paired": True,
        "split_scheme": "official",
        "mean_a": means[a],
        "mean_b": means[b],
        "diff": diff,
        "sd_diff": 0.008,
        "ci": [diff - 0.009, diff + 0.009],
        "ci_level": 0.995,
        "family": "all-pairs",
        "family_size": 10,
        "p": 0.00048828125,
        "p_test": "exact sign-flip test",
        "p_at_floor": not close,
        "p_disagrees": close,
        "p_signflip": 0.0005,
        "p_holm": 0.005,
        "p_t": 1e-9,
        "theta": 0.71 if close else 1.0,
        "theta_ci": [0.44, 0.88] if close else [0.83, 1.0],
        "hedges_g": 1.1,
        "relative_error_change": -0.2,
        "delta": 0.01,
        "delta_from": "default",
        "p_worse": 0.0,
        "p_rope": 0.4 if close else 0.0,
        "p_better": 0.6 if close else 1.0,
        "verdict": verdict,
        "decided_by": "ranks" if "softmax" in (a, b) else "t",
        "winner": None if close else a,
        "words": words,
        "mde": 0.013,
        "n_detect": 26,
        "n_equiv": 31,
        "n_failed_a": 0,
        "n_failed_b": int(b == "bpnn"),
        "n_at_chance_a": 0,
        "n_at_chance_b": int(b == "softmax"),
        "mixture": "softmax" in (a, b),
        "bouthillier": not close,
        "scope": "this-test-set",
        "alpha": 0.05,
        "look": 1,
        "looks": [12, 24],
        "frozen_hash": "9f2c" * 16,
        "test_openings": 1,
        "protocol": "tuned",
    }


def history(rows: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, np.ndarray]:
    """Curves that rise to the scores."""
    rng = np.random.default_rng(1)
    arrays: dict[str, np.ndarray] = {}
    for dataset, model in dict.fromkeys((row["dataset"], row["model"]) for row in rows):
        rise = 1 - np.exp(-STEPS / (250 + 120 * MODELS.index(model)))
        noise = 0.012 * rng.normal(size=(seeds, len(STEPS)))
        values = 0.1 + (LEVEL[model] - 0.1) * rise + noise
        if model == "bpnn":
            values[1, 7:] = np.nan
        name = f"{dataset}/{model}"
        arrays[f"{name}/step"] = STEPS
        arrays[f"{name}/validation_accuracy"] = values.astype(np.float32)
        arrays[f"{name}/train_loss"] = (1 - values).astype(np.float32)
        if model == "vae":
            elbo = -90 + 48 * rise + 30 * noise
            arrays[f"{name}/validation_elbo"] = elbo.astype(np.float32)
    return arrays


def tuning(dataset: str) -> list[dict[str, Any]]:
    """Sixteen trials of three seeds for each model, over three names."""
    rng = np.random.default_rng(2)
    rows = []
    for model in MODELS:
        rates = 10 ** rng.uniform(-4, -1, 16)
        scores = LEVEL[model] - 0.05 * (np.log10(rates) + 2.4) ** 2
        for trial, (rate, score) in enumerate(zip(rates, scores, strict=True)):
            optimizer, dropout = ("adam", "sgd")[trial % 2], (trial % 4) / 10
            for r in range(3):
                broken = trial == 3
                rows.append(
                    {
                        "dataset": dataset,
                        "model": model,
                        "trial": trial,
                        "replicate": r,
                        "status": "failed" if broken else "ok",
                        "failed_at": 9 if broken else "",
                        "train_loss": "" if broken else 1 - score,
                        "validation_loss": "" if broken else 1 - score,
                        "validation_accuracy": "" if broken else score + 0.01 * rng.normal(),
                        "parameters": 1000,
                        "steps": 2000,
                        "seconds": 0.05 * 3.0 ** MODELS.index(model),
                        "learning_rate": rate,
                        "dropout_rate": dropout,
                        "optimizer": optimizer,
                        "chosen": str(trial == int(scores.argmax())).lower(),
                    }
                )
    return rows


def curve(dataset: str) -> list[dict[str, Any]]:
    """Scores over the number of training examples."""
    rng = np.random.default_rng(3)
    return [
        {
            "dataset": dataset,
            "model": model,
            "replicate": r,
            "train_examples": n,
            "train_accuracy": 1.0,
            "test_accuracy": LEVEL[model] * (1 - 8 / (n**0.5 + 8)) + 0.01 * rng.normal(),
        }
        for model in MODELS[:4]
        for n in (100, 300, 1000, 3600)
        for r in range(4)
    ]


def readout(dataset: str) -> list[dict[str, Any]]:
    """Scores of a linear read-out on hand-made and on learned features."""
    rng = np.random.default_rng(4)
    kinds = {"raw": (40, 0.33), "mfcc": (26, 0.52), "learned by cnn": (125, 0.9)}
    return [
        {
            "dataset": dataset,
            "features": name,
            "replicate": r,
            "dimensions": size,
            "test_accuracy": level + 0.01 * rng.normal(),
        }
        for name, (size, level) in kinds.items()
        for r in range(8)
    ]


def variance(dataset: str) -> list[dict[str, Any]]:
    """Scores under one varying source of chance at a time."""
    rng = np.random.default_rng(5)
    spread = {"init": 0.006, "order": 0.004, "split": 0.009, "noise": 0.001, "all": 0.012}
    return [
        {
            "dataset": dataset,
            "model": model,
            "source": source,
            "replicate": r,
            "score": LEVEL[model] + sd * rng.normal(),
        }
        for model in ("cnn", "rnn")
        for source, sd in spread.items()
        for r in range(8)
    ]


def wave(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Smooth noise along the first axis after the examples."""
    steps = rng.normal(size=shape)
    return np.cumsum(steps, axis=1).astype(np.float32) / 4


def inputs_of(rng: np.random.Generator, modality: str, n: int) -> np.ndarray:
    """Inputs of a modality."""
    if modality == "text":
        return rng.integers(97, 123, (n, 60)).astype(np.uint8)
    if modality in ("image", "video"):
        shape = (28, 28, 1) if modality == "image" else (12, 16, 16, 1)
        y, x = np.mgrid[: shape[-3], : shape[-2]]
        blobs = [np.hypot(y - rng.uniform(8, 14), x - rng.uniform(8, 14)) for _ in range(n)]
        found = np.exp(-((np.stack(blobs) - 5) ** 2) / 4)[..., None].astype(np.float32)
        return found if modality == "image" else np.repeat(found[:, None], shape[0], 1)
    if modality == "speech":
        return wave(rng, n, 60, 24)
    return wave(rng, n, 40, 1)


def evidence(model: str, seeds: int, modality: str, classes: Sequence[str]) -> dict[str, Any]:
    """What an arm leaves of its test split."""
    rng = np.random.default_rng(6 + MODELS.index(model))
    confusion = np.diag(np.full(CLASSES, int(100 * LEVEL[model]) * seeds))
    confusion += rng.poisson(
        (1 - LEVEL[model]) * 100 * seeds / (CLASSES - 1), (CLASSES, CLASSES)
    ) * (1 - np.eye(CLASSES, dtype=int))
    confusion[3, 8] *= 3
    edges = np.linspace(0, 1, 16)
    centre = (edges[1:] + edges[:-1]) / 2
    shapes = {
        "softmax": (10, 40, 1),
        "bpnn": (32, 40, 1),
        "cnn": (25, 5, 1),
        "rnn": (6, 3),
        "vae": (32, 40, 1),
    }
    if modality == "image":
        shapes = {"softmax": (10, 28, 28, 1), "cnn": (16, 5, 5, 1), "rnn": (6, 28)}
    arrays: dict[str, Any] = {
        "modality": modality,
        "classes": np.array(classes),
        "alphabet": "",
        "shown_member": 0,
        "confusion": confusion,
        "calibration_edges": edges,
        "calibration_count": (1000 * centre**2 * seeds).astype(int),
        "calibration_confidence": centre,
        "calibration_accuracy": (centre ** (1.1 + MODELS.index(model) / 5)).clip(0, 1),
        "ece": rng.uniform(0.02, 0.05, seeds),
        "brier": rng.uniform(0.1, 0.2, seeds),
        "mistakes_index": rng.integers(0, 1000, 12),
        "mistakes_target": rng.integers(0, CLASSES, 12),
        "mistakes_predicted": rng.integers(0, CLASSES, 12),
        "mistakes_probability": np.sort(rng.uniform(0.9, 1, 12))[::-1],
        "mistakes_inputs": inputs_of(rng, modality, 12),
    }
    if modality != "text" and model in shapes:
        arrays["filters"] = rng.normal(size=shapes[model]).astype(np.float32)
        arrays["filter_count"] = np.array({"bpnn": 100, "vae": 128}.get(model, shapes[model][0]))
    if model == "cnn" and modality in ("image", "sequence"):
        arrays["feature_inputs"] = inputs_of(rng, modality, 3)
        maps = (3, 14, 14, 8) if modality == "image" else (3, 20, 8)
        arrays["feature_maps"] = rng.normal(size=maps).clip(0).astype(np.float32)

    if model == "bpnn":
        arrays |= plane(4)
    if model == "rnn":
        arrays["states"] = np.tanh(wave(rng, 2, 40, 12))
        arrays["gates"] = 1 / (1 + np.exp(-np.stack([wave(rng, 2, 40, 12) for _ in range(2)])))
        arrays["gate_names"] = np.array(["reset", "update"])
    if model == "vae":
        arrays["latent_targets"] = rng.integers(0, CLASSES, 600)
        centres = 2 * rng.normal(size=(CLASSES, 2))
        arrays["latent"] = centres[arrays["latent_targets"]] + 0.7 * rng.normal(size=(600, 2))
    return arrays


def plane(members: int, frames: int = 3, grid: int = 16) -> dict[str, Any]:
    """Boundaries of two inputs: circles, the wider the later; the first two were run again."""
    xs, ys = np.linspace(-2, 2, grid), np.linspace(-1, 3, grid)
    away = np.hypot(*np.meshgrid(xs, ys - 1))
    angles = np.linspace(0, 6, 30)
    points = np.stack([np.cos(angles), 1 + np.sin(angles)], axis=-1) * np.tile(
        [[0.5], [1.6]], (15, 1)
    )

    def scores(radius: float) -> np.ndarray:
        return np.stack([radius - away, away - radius], axis=-1).astype(np.float16)

    return {
        "boundary_x": xs,
        "boundary_y": ys,
        "boundary_names": np.array(["width", "height"]),
        "boundary_points": points,
        "boundary_targets": np.tile([0, 1], 15),
        "boundary_members": np.arange(members) + 2,
        "boundary_scores": np.stack([scores(1 + 0.05 * k) for k in range(members)]),
        "boundary_steps": 100 * (1 + np.arange(frames)),
        "boundary_history": np.stack(
            [[scores(0.25 * (1 + t) + 0.05 * k) for t in range(frames)] for k in range(2)]
        ),
        "boundary_agreement": np.array(1.0),
    }


def samples(modality: str) -> dict[str, Any]:
    """What a VAE makes."""
    rng = np.random.default_rng(20)
    inputs = inputs_of(rng, modality, 10)
    return {
        "modality": modality,
        "inputs": inputs,
        "reconstructions": inputs + 0.05 * rng.normal(size=inputs.shape).astype(np.float32),
        "samples": inputs_of(rng, modality, 10),
        "traversals": np.stack([inputs_of(rng, modality, 10) for _ in range(3)]),
        "traversed": np.array([4, 1, 7]),
    }


def certificate(dataset: str) -> dict[str, Any]:
    """What verify adds."""

    def rerun(name: str, equal: bool, drift: float) -> dict[str, Any]:
        return {
            "run": name,
            "layout": "2x5",
            "members": [0, 1, 2],
            "population": 12,
            "bit_equal": equal,
            "drift": {"test_accuracy": drift, "train_loss": drift},
            "parameter_drift": drift or 0.0,
            "member_rank_change": 2.0 if drift else 0.0,
            "arm_rank_change": 0.0,
        }

    runs = [rerun("the same", True, 0.0), rerun("alone", False, 0.0021)]
    return {
        "words": ["every arm repeats bit by bit in the same population and layout"],
        "arms": [
            {
                "dataset": dataset,
                "model": model,
                "members": 12,
                "metric": "test_accuracy",
                "reruns": runs,
            }
            for model in MODELS[:3]
        ],
    }


FROZEN = {
    "configurations": {"waves": {"cnn": {"learning_rate": 0.004, "dropout_rate": 0.1}}},
    "spaces": {"cnn": {"learning_rate": "log:1e-4:1e-1", "dropout_rate": "lin:0:0.3"}},
    "trials": {"cnn": 16, "rnn": 16},
    "tuning_seeds": 3,
    "delta": {"": 0.01},
    "family": "all-pairs",
    "alpha": 0.05,
    "n": 12,
    "datasets": ["waves"],
    "hash": "9f2c" * 16,
}

ENVIRONMENT = {
    "python": "3.11.7",
    "system": "Linux",
    "machine": "x86_64",
    "cores": 2,
    "versions": {"dlfun": "0.1.0", "jax": "0.10.2"},
    "commit": "0123456789abcdef",
    "devices": ["cpu", "cpu"],
    "datasets": {"waves": {"version": "1.0.0", "checksum": "ab" * 32, "split": "the official one"}},
}


def gates(dataset: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A claim on two arms, decided."""
    tested = {dataset: DatasetRuns(rows, Examined("official", 1000, 0.0, labels=True))}
    return decide_gates([parse_gate("cnn better than softmax")], tested, Claim({ALL: 0.01}))


def make_record(
    folder: Path,
    seeds: int = 12,
    modality: str = "sequence",
    dataset: str = "waves",
    classes: Sequence[str] = (),
) -> Path:
    """Writes a complete record and returns its folder."""
    folder.mkdir(parents=True)
    rows = members(seeds, [dataset])
    pairs = [pair(dataset, a, b, rows) for i, a in enumerate(MODELS) for b in MODELS[i + 1 :]]
    write_csv(folder / "members.csv", rows)
    np.savez(folder / "history.npz", **history(rows, seeds))
    for name, found in (
        ("comparison", pairs),
        ("gates", gates(dataset, rows)),
        ("notes", [{"dataset": dataset, "arm": "vae", "text": f"{dataset}: vae {NOTE}"}]),
        ("frozen", FROZEN),
        ("environment", ENVIRONMENT),
        ("determinism", certificate(dataset)),
    ):
        (folder / f"{name}.json").write_text(json.dumps(found))
    for make in (tuning, curve, readout, variance):
        write_csv(folder / f"{make.__name__}.csv", make(dataset))
    labels = classes or [str(k) for k in range(CLASSES)]
    for model in MODELS:
        np.savez(
            folder / f"{dataset}-{model}-evidence.npz", **evidence(model, seeds, modality, labels)
        )
    if modality != "text":
        np.savez(folder / f"{dataset}-vae-samples.npz", **samples(modality))
    rates = dict.fromkeys(MODELS, 0.003) | {"cnn": 0.01}
    models = {name: {"learning_rate": rate} for name, rate in rates.items()}
    write_request(folder, models=models, datasets=(dataset,), seeds=seeds)
    return folder


def write_request(
    folder: Path,
    study: str = "compare",
    models: Mapping[str, Mapping[str, Any]] = {"bpnn": {}},
    datasets: Sequence[str] = ("waves",),
    **values: Any,
) -> None:
    """What of a record says what was asked: study.json and config.flags."""
    asked = tuple(Model(name, tuple(given.items())) for name, given in models.items())
    writer.write_request(folder, StudyRequest(study, asked, tuple(datasets), values))
