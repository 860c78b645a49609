"""Results of other tools: read from what those tools themselves wrote."""

import json

import numpy as np
import pytest

from dlfun.errors import UserError
from dlfun.results.columns import Columns
from dlfun.results.entries import Entry
from dlfun.results.scores import read_scores
from dlfun.results.sources import SOURCES, read_results

CURVE = {
    ("cnn", 0): [0.25, 0.75, 0.5],
    ("cnn", 1): [0.5, 0.625, 0.875],
    ("rnn", 0): [0.125, 0.25, 0.25],
    ("rnn", 1): [0.25, 0.5, 0.375],
}
"""Method, seed -> scores at three steps; all of them exact in float32."""

ENDS = {
    "last": {key: curve[-1] for key, curve in CURVE.items()},
    "best": {key: max(curve) for key, curve in CURVE.items()},
    "mean2": {key: (curve[-1] + curve[-2]) / 2 for key, curve in CURVE.items()},
}


def written(folder, method, seed):
    place = folder / method / f"seed{seed}"
    place.mkdir(parents=True)
    return place


def tensorboardx(folder):
    from tensorboardX import SummaryWriter

    for (method, seed), curve in CURVE.items():
        with SummaryWriter(str(written(folder, method, seed))) as writer:
            for step, value in enumerate(curve):
                writer.add_scalar("val/accuracy", value, step)
            writer.add_hparams({"model": method}, {"end": 1.0})
    return folder, {"seed": "config.seed"}


def torch(folder):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    for (method, seed), curve in CURVE.items():
        with tensorboard.SummaryWriter(str(written(folder, method, seed))) as writer:
            for step, value in enumerate(curve):
                writer.add_scalar("val/accuracy", value, step)
            writer.add_hparams({"model": method}, {"end": 1.0})
    return folder, {}


def mlflow(folder, uri=None):
    tool = pytest.importorskip("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        return log_to_mlflow(tool, folder, uri)


def log_to_mlflow(tool, folder, uri):
    client = tool.MlflowClient(uri or folder.as_uri())
    experiment = client.create_experiment("curves")
    for (method, seed), curve in CURVE.items():
        run = client.create_run(experiment)
        for name, value in (("model", method), ("seed", seed)):
            client.log_param(run.info.run_id, name, value)
        for step in (2, 0, 1):
            client.log_metric(run.info.run_id, "val/accuracy", curve[step], step=step)
        client.set_terminated(run.info.run_id)
    return folder, {"method": "params.model"}


def optuna(folder, storage=None):
    tool = pytest.importorskip("optuna")
    tool.logging.set_verbosity(tool.logging.WARNING)
    file = folder / "study.db"
    storage = storage or tool.storages.RDBStorage(f"sqlite:///{file}")
    study = tool.create_study(storage=storage, direction="maximize")
    for (method, seed), curve in CURVE.items():
        study.enqueue_trial({"model": method, "seed": seed})
        trial = study.ask()
        trial.suggest_categorical("model", ["cnn", "rnn"])
        trial.suggest_int("seed", 0, 9)
        for step, value in enumerate(curve):
            trial.report(value, step)
        study.tell(trial, curve[-1])
    if hasattr(storage, "engine"):
        storage.remove_session()
        storage.engine.dispose()
    return file, {"score": "intermediate"}


def journal(folder):
    storages = pytest.importorskip("optuna.storages")
    backend = pytest.importorskip("optuna.storages.journal").JournalFileBackend
    file = folder / "journal.log"
    optuna(folder, storages.JournalStorage(backend(str(file))))
    return file, {"score": "intermediate"}


def keras(folder):
    logger = pytest.importorskip("keras").callbacks.CSVLogger
    for (method, seed), curve in CURVE.items():
        one = logger(str(written(folder, method, seed) / "training.log"))
        one.set_model(type("Model", (), {"stop_training": False})())
        one.on_train_begin()
        for epoch, value in enumerate(curve):
            one.on_epoch_end(epoch, {"loss": 1.0, "val_accuracy": value})
        one.on_train_end()
    return folder, {"method": "path.1", "score": "val_accuracy"}


def lightning(folder):
    loggers = pytest.importorskip("lightning.pytorch.loggers")
    for (method, seed), curve in CURVE.items():
        one = loggers.CSVLogger(str(folder), name=method, version=f"version_{seed}")
        one.log_hyperparams({"model": method, "seed": seed, "optimizer": {"lr": 0.1}})
        for step, value in enumerate(curve):
            one.log_metrics({"train_loss": 1.0}, step=2 * step)
            one.log_metrics({"val/accuracy": value}, step=2 * step + 1)
        one.save()
    return folder, {}


def table(folder):
    """A row a step, as pandas writes what was logged to Weights & Biases."""
    lines = ["Name,State,model,seed,_step,val/accuracy"]
    for (method, seed), curve in CURVE.items():
        lines += [f"x,finished,{method},{seed},{k},{v}" for k, v in enumerate(curve)]
        lines += [f"x,finished,{method},{seed},9,"]
    (folder / "export.csv").write_text("\n".join(lines) + "\n")
    return folder / "export.csv", {"method": "config.model", "seed": "config.seed"}


TOOLS = (tensorboardx, torch, mlflow, optuna, journal, keras, lightning, table)


@pytest.mark.filterwarnings("ignore")  # of the tools
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_curves_end_in_the_score_that_is_asked_for(tool, tmp_path):
    path, known = tool(tmp_path)
    score = known.pop("score", "val/accuracy")
    for how, wanted in ENDS.items():
        columns = Columns(scores=(f"{score}:{how}",), **known)
        (found,) = read_scores(read_results(str(path), columns), columns)
        assert found.seeded
        assert found.higher
        entries = {(e.method, int(e.seed)): e.score for e in found.entries}
        assert entries == wanted, how
        assert any(note.startswith(f"{score}: the ") for note in found.notes)


@pytest.mark.parametrize("end", ["npy", "npz"])
def test_arrays_are_scores_of_seeds_and_data_sets(end, tmp_path):
    scores = np.arange(12.0).reshape(3, 2, 2)  # [seeds, data sets, methods]
    file = tmp_path / f"scores.{end}"
    if end == "npy":
        np.save(file, scores)
    else:
        np.savez(file, **{f"method {k + 1}": scores[..., k] for k in range(2)})
    (found,) = read_scores(read_results(str(file), Columns()), Columns())
    assert set(found.entries) == {
        Entry(f"method {m + 1}", f"data set {d + 1}", str(s), scores[s, d, m])
        for s, d, m in np.ndindex(scores.shape)
    }


EXPORT = """Name,State,model,seed,accuracy
a,finished,cnn,0,0.5
b,crashed,cnn,1,0.9
c,running,cnn,2,0.1
d,finished,cnn,3,
e,finished,rnn,0,0.25
f,failed,rnn,1,
"""


def test_what_failed_or_is_missing_is_counted_and_named(tmp_path):
    (tmp_path / "export.csv").write_text(EXPORT)
    (found,) = read_scores(read_results(str(tmp_path / "export.csv"), Columns()), Columns())
    assert [str(e.score) for e in found.entries] == ["0.5", "nan", "0.25", "nan"]
    assert "1 run that did not come to its end, left out: cnn 1" in found.notes
    assert "1 row without a score (a run that failed says so), left out: cnn 1" in found.notes
    assert "2 runs that failed: cnn 1, rnn 1" in found.notes


def test_a_step_of_a_run_is_no_run(tmp_path):
    path, _ = table(tmp_path)
    with pytest.raises(UserError, match=r"of the rows of a run, by _step, say which counts, as in"):
        read_scores(read_results(str(path), Columns()), Columns(scores=("val/accuracy",)))
    path.write_text("model,epoch,accuracy\n" + "a,0,1\na,1,2\nb,0,1\nb,1,2\n")
    with pytest.raises(UserError, match="its rows are steps of runs, and no column says of which"):
        read_scores(read_results(str(path), Columns()), Columns())


def test_columns_together_name_a_method(tmp_path):
    file = tmp_path / "x.jsonl"
    rows = [
        {"model": m, "lr": lr, "seed": s, "score": s} for m in "ab" for lr in (1, 2) for s in (0, 1)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    columns = Columns(method=("config.model", "lr"))
    (found,) = read_scores(read_results(str(file), columns), columns)
    assert {entry.method for entry in found.entries} == {"a 1", "a 2", "b 1", "b 2"}


BROKEN = {
    "holds no results that can be read, which are: scores in .npy": lambda f: f.mkdir(),
    "is a record of dlfun; name its members.csv": lambda f: (
        f.mkdir(),
        (f / "members.csv").write_text("model\n"),
    ),
    "holds no events of TensorBoard": lambda f: (
        f.mkdir(),
        (f / "events.out.tfevents.1").write_bytes(b"x" * 40),
    ),
    "cannot be read as NumPy's arrays": lambda f: f.with_suffix(".npy").write_bytes(b"no array"),
    "give numbers, for each method": lambda f: np.savez(
        f.with_suffix(".npz"), a=np.zeros((2, 2, 2)), b=np.zeros(2)
    ),
    "cannot be read as a configuration": lambda f: (
        f.mkdir(),
        (f / "metrics.csv").write_text("epoch,acc\n0,1\n"),
        (f / "config.json").write_text("{"),
    ),
    "it cannot be told which of its runs are of one method": lambda f: (
        f.mkdir(),
        (f / "one.csv").write_text("epoch,acc\n0,1\n"),
        (f / "two.csv").write_text("epoch,acc\n0,1\n"),
    ),
}


@pytest.mark.parametrize("said", BROKEN)
def test_what_cannot_be_read_is_refused_in_one_line(said, tmp_path):
    BROKEN[said](tmp_path / "x")
    (path,) = tmp_path.iterdir()
    with pytest.raises(UserError) as error:
        read_scores(read_results(str(path), Columns()), Columns())
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_tool_that_is_not_there_is_named(tmp_path, monkeypatch):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "meta.yaml").write_text("")
    monkeypatch.setitem(SOURCES, "mlflow", SOURCES["mlflow"]._replace(needs="no_such_package"))
    with pytest.raises(UserError, match="needs no_such_package to be read: pip install mlflow"):
        read_results(str(tmp_path), Columns())
