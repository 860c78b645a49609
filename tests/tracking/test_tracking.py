"""Records in trackers, read back with the trackers' own libraries, offline."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from dlfun import deferred
from dlfun.config.tracker_table import TRACKERS
from dlfun.errors import UserError
from dlfun.records.checksums import write_checksums
from dlfun.records.reader import read_table
from dlfun.report.tensorboard import write_logs
from dlfun.tracking import study as tracking
from dlfun.tracking import trackio as trackio_project
from dlfun.tracking.quiet import quiet
from dlfun.tracking.runs import tracked_runs
from tests.report.records import STEPS, make_record, write_csv, write_request

SEEDS = 4


class Found(NamedTuple):
    """A run as a tracker's library reads it: metric -> [(step, value)], and all its texts."""

    metrics: dict
    texts: dict
    page: bytes | None


@pytest.fixture
def folder(tmp_path):
    made = make_record(tmp_path / "mine", seeds=SEEDS)
    (made / "report.html").write_text("<!doctype html>the page")
    return made


def band(values):
    """Mean and ends of the 95 % t interval, of the finite ones, by the formula."""
    values = values[np.isfinite(values)]
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), values.mean() - half, values.mean() + half


def expected(folder, model):
    """METRIC/part -> [(step, value)] of an arm, by numpy from the files of the record."""
    history = np.load(folder / "history.npz")
    found = {}
    for metric in ("validation_accuracy", "train_loss"):
        bands = np.array([band(c) for c in history[f"waves/{model}/{metric}"].T.astype(float)])
        for part, values in zip(("mean", "low", "high"), bands.T, strict=True):
            found[f"{metric}/{part}"] = list(zip(STEPS.tolist(), values.tolist(), strict=True))
    with (folder / "members.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == model]
    scores = np.array([float(row["test_accuracy"]) for row in rows if row["status"] == "ok"])
    for part, value in zip(("mean", "low", "high"), band(scores), strict=True):
        found[f"test_accuracy/{part}"] = [(2000, value)]
    return found | {"test_accuracy/n": [(2000, len(scores))]}


def assert_close(found, wanted):
    assert set(wanted) <= set(found)
    for name, points in wanted.items():
        assert [step for step, _ in found[name]] == [step for step, _ in points]
        np.testing.assert_allclose(
            [v for _, v in found[name]], [v for _, v in points], rtol=1e-6, err_msg=name
        )


def from_mlflow(folder):
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("dlfun")
    found = {}
    for run in client.search_runs([experiment.experiment_id]):
        number = run.info.run_id
        histories = {m: client.get_metric_history(number, m) for m in run.data.metrics}
        points = {m: sorted((x.step, x.value) for x in h) for m, h in histories.items()}
        pages = [a.path for a in client.list_artifacts(number)]
        target = folder.parent / f"from-{number}"
        target.mkdir(exist_ok=True)
        page = client.download_artifacts(number, pages[0], str(target)) if pages else None
        texts = {**run.data.params, **run.data.tags}
        name = run.info.run_name.removeprefix("mine/")
        assert name not in found
        assert run.info.status == "FINISHED"
        found[name] = Found(points, texts, Path(page).read_bytes() if page else None)
    return found


def from_trackio(folder):
    import trackio
    from trackio import cas
    from trackio.sqlite_storage import SQLiteStorage

    project, found = trackio_project.PROJECT, {}
    for run in trackio.Api().runs(project):
        points = {}
        for values in SQLiteStorage.get_logs(project, run.name, run_id=run.id):
            for name in values.keys() - {"step", "timestamp"}:
                points.setdefault(name, []).append((values["step"], values[name]))
        page = None
        for made in SQLiteStorage.get_run_artifacts(project, run.name, run.id)["output"]:
            (file,) = SQLiteStorage.get_artifact_manifest(project, made["name"], "latest")[
                "manifest"
            ]
            page = cas.blob_path(project, file["digest"]).read_bytes()
        assert run.name.removeprefix("mine/") not in found
        found[run.name.removeprefix("mine/")] = Found(points, run.config, page)
    return found


def from_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for path in (folder / "tensorboard").rglob("events.out.*"):
        read = EventAccumulator(str(path.parent), size_guidance={"scalars": 0, "tensors": 0})
        read.Reload()
        tags = read.Tags()
        points = {m: [(s.step, s.value) for s in read.Scalars(m)] for m in tags["scalars"]}
        texts = {}
        for tag in ("configuration", "tags"):
            text = read.Tensors(f"{tag}/text_summary")[0].tensor_proto.string_val[0].decode()
            rows = [line.strip("| ").split(" | ", 1) for line in text.splitlines()[2:]]
            texts |= dict(row for row in rows if len(row) == 2)
        verdicts = read.Tensors("verdicts/text_summary")[0].tensor_proto.string_val[0].decode()
        page = verdicts.partition("Page: ")[2]
        name = path.parent.relative_to(folder / "tensorboard").as_posix()
        assert name not in found
        found[name] = Found(points, texts, Path(page).read_bytes() if page else None)
    return found


READERS = {
    "mlflow": ("mlflow", from_mlflow),
    "trackio": ("trackio", from_trackio),
    "tensorboard": ("tensorboard", from_tensorboard),
}


@pytest.fixture
def tracker(request, tmp_path, monkeypatch):
    """The name of a tracker, whose library is there and keeps all it has in a folder of tests."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    for name in trackio_project.ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    os.environ.setdefault("TRACKIO_DIR", f"{os.environ['DLFUN_TESTS_SCRATCH']}/trackio")
    monkeypatch.setattr(trackio_project, "PROJECT", f"dlfun-{tmp_path.name}")
    monkeypatch.chdir(tmp_path)  # MLflow's artefacts lie in ./mlruns
    with quiet():
        for package in (TRACKERS[request.param].package, READERS[request.param][0]):
            pytest.importorskip(package)
        yield request.param


each_tracker = pytest.mark.parametrize("tracker", list(READERS), indirect=True)
ARMS = {f"waves-{model}" for model in ("softmax", "bpnn", "cnn", "rnn", "vae")}


@each_tracker
def test_an_arm_is_a_run_with_band_configuration_verdicts_and_page(tracker, folder):
    read = READERS[tracker][1]
    assert "5 runs added" in str(tracking.send(folder, tracker, members=False))
    found = read(folder)
    assert set(found) == ARMS
    for model in ("bpnn", "cnn"):
        run = found[f"waves-{model}"]
        assert_close(run.metrics, expected(folder, model))
        assert run.page == (folder / "report.html").read_bytes()
        # That of cnn was tuned and frozen.
        assert float(run.texts["learning_rate"]) == {"bpnn": 0.003, "cnn": 0.004}[model]
        assert int(run.texts["failed_runs"]) == (model == "bpnn")
    pairs = json.loads((folder / "comparison.json").read_text())
    for pair in pairs:
        verdict = pair["verdict"]
        ahead, behind = (found[f"waves-{pair[side]}"].texts for side in "ab")
        assert ahead[f"verdict.{pair['b']}"] == verdict
        other = "worse" if verdict == "better" else verdict
        assert behind[f"verdict.{pair['a']}"] == other

    assert "nothing to add: 5 runs already" in str(tracking.send(folder, tracker, members=False))
    assert set(read(folder)) == ARMS
    added = str(tracking.send(folder, tracker, members=True))
    assert f"{5 * SEEDS} runs added" in added
    members = read(folder)
    assert len(members) == 5 + 5 * SEEDS
    history = np.load(folder / "history.npz")["waves/cnn/validation_accuracy"]
    own = {"validation_accuracy": list(zip(STEPS.tolist(), history[2].tolist(), strict=True))}
    assert_close(members["waves-cnn/member-002"].metrics, own)
    assert int(members["waves-cnn/member-002"].texts["replicate"]) == 2


class Broken:
    """Values that no tracker can take, which it sees when it comes to them."""

    def __iter__(self):
        return iter(["late"])


@each_tracker
def test_what_was_cut_off_is_made_whole_without_doubles(tracker, folder, monkeypatch):
    """The second run fails in its middle, after some of it is there."""
    kind = deferred.load(TRACKERS[tracker].opens)
    write, calls = kind.write, []

    def failing(self, run):
        calls.append(run.name)
        if len(calls) == 2:
            run = run._replace(points={**run.points, STEPS[-1].item(): Broken()})
        write(self, run)

    monkeypatch.setattr(kind, "write", failing)
    with pytest.raises((AttributeError, OSError)):
        tracking.send(folder, tracker, members=False)
    assert "4 runs added" in str(tracking.send(folder, tracker, members=False))
    found = READERS[tracker][1](folder)
    assert set(found) == ARMS
    for model in ("softmax", "bpnn", "cnn"):
        assert_close(found[f"waves-{model}"].metrics, expected(folder, model))


def test_configurations_of_a_sweep_have_their_own_rows_of_the_history(tmp_path):
    rates, rng = ("0.1", "0.2", "0.1", "0.2"), np.random.default_rng(3)
    row = {"model": "bpnn", "dataset": "d", "status": "ok", "parameters": 1, "seconds": 1}
    rows = [
        row | {"replicate": i // 2, "learning_rate": rate, "validation_accuracy": i / 10}
        for i, rate in enumerate(rates)
    ]
    write_csv(tmp_path / "members.csv", rows)
    values = rng.random((4, 3))
    np.savez(
        tmp_path / "history.npz",
        **{"d/bpnn/step": np.array([5, 10, 15]), "d/bpnn/validation_accuracy": values},
    )
    write_request(tmp_path, "sweep", datasets=("d",), grid=("learning_rate=0.1,0.2",))
    (tmp_path / "report.html").write_text("the page")
    first, second = tracked_runs(tmp_path, members=False)
    assert [run.config["learning_rate"] for run in (first, second)] == ["0.1", "0.2"]
    assert [run.page is None for run in (first, second)] == [True, False]
    for i, run in enumerate((first, second)):
        means = [run.points[step]["validation_accuracy/mean"] for step in (5, 10, 15)]
        np.testing.assert_allclose(means, values[[i, i + 2]].mean(0))


def test_a_classical_model_has_scores_beside_the_last_step_of_the_others(folder):
    rows = read_table(folder, "members.csv")
    rows += [row | {"model": "svm+raw", "steps": ""} for row in rows if row["model"] == "cnn"]
    write_csv(folder / "members.csv", rows)
    runs = {run.name: run for run in tracked_runs(folder, members=True)}
    wanted = expected(folder, "cnn")
    names = ("mean", "low", "high", "n")
    for name in (f"test_accuracy/{part}" for part in names):
        assert runs["waves-svm+raw"].points[2000][name] == pytest.approx(wanted[name][0][1])
    assert set(runs["waves-svm+raw"].points) == {2000}
    assert set(runs["waves-svm+raw/member-000"].points) == {2000}


def test_half_a_log_of_a_process_that_was_killed_is_thrown_away(folder):
    pytest.importorskip("tensorboardX")
    half = folder / "tensorboard" / "waves-cnn.part" / "events.out.tfevents.1.x"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    assert "5 runs added" in str(tracking.send(folder, "tensorboard", members=False))
    assert {path.name for path in (folder / "tensorboard").iterdir()} == ARMS
    assert len([*(folder / "tensorboard" / "waves-cnn").iterdir()]) == 1


def test_logs_that_the_study_left_are_not_written_over(folder):
    pytest.importorskip("tensorboardX")
    write_logs(folder)
    before = sorted((folder / "tensorboard").rglob("*"))
    write_checksums(folder)
    with pytest.raises(UserError, match=r"TensorBoard: .*holds TensorBoard's logs of the study"):
        tracking.send_record(folder, "tensorboard", members=False)
    assert sorted((folder / "tensorboard").rglob("*")) == before


def test_a_changed_record_is_another(folder, tmp_path):
    other = tmp_path / "copy"
    shutil.copytree(folder, other)
    (other / "report.html").write_text("made anew")
    same = {run.record for where in (folder, other) for run in tracked_runs(where, False)}
    assert len(same) == 1
    text = (other / "members.csv").read_text()
    (other / "members.csv").write_text(text.replace("0.104", "0.105", 1))
    assert {run.record for run in tracked_runs(other, False)} != same


@pytest.mark.parametrize("name", ["TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"])
@pytest.mark.parametrize("tracker", ["trackio"], indirect=True)
def test_trackio_elsewhere_is_refused(tracker, folder, name, monkeypatch):
    monkeypatch.setenv(name, "https://x")
    with pytest.raises(UserError, match=f"Trackio: {name} is set.*unset it"):
        tracking.send_record(folder, tracker, members=False)
