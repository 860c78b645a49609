"""TensorBoard's logs of a record, read back from their event files."""

import csv
import importlib.util
import struct

import numpy as np
import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.layout_pb2 import Layout
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from dlfun.cli import app, page
from dlfun.cli.commands import sweep, train
from dlfun.errors import UserError
from dlfun.report.tensorboard import write_logs
from dlfun.stats import t_interval

STEPS = np.array([5, 10, 15])


def masked(data):
    """The checksum of the format: of TensorFlow's record files."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events(folder):
    """All events of the one file of a run, their checksums checked."""
    (path,) = (p for p in folder.iterdir() if p.is_file())
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[8:12]) == (masked(data[:8]),)
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked(body),)
        found.append(Event.FromString(body))
        data = data[16 + length :]
    return found


def scalars(folder):
    """Tag -> [(step, value)]."""
    found = {}
    for event in events(folder):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def plugin(folder, name):
    """The values whose metadata name a plugin."""
    values = [value for event in events(folder) for value in event.summary.value]
    return [value for value in values if value.metadata.plugin_data.plugin_name == name]


def record(folder, rows, arrays):
    with (folder / "members.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    np.savez(folder / "history.npz", **arrays)


def row(model, **more):
    return {"model": model, "dataset": "d/x", "status": "ok", "validation_accuracy": 0.5} | more


def test_a_run_an_arm_with_the_band_of_its_members(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"d/x/{m}/step": STEPS for m in "ab"}
    arrays |= {f"d/x/{m}/validation_accuracy": rng.random((4, 3)) for m in "ab"}
    arrays["d/x/a/train_loss"] = rng.random((4, 3))
    arrays["d/x/a/train_loss"][0, 1:] = np.nan
    # A classical model, c, has scores and no curves.
    record(tmp_path, [row(m) for m in "aaaacbbbb"], arrays)
    write_logs(tmp_path)
    runs = sorted(p.name for p in (tmp_path / "tensorboard").iterdir())
    assert runs == ["d-x-a", "d-x-b"]
    found = scalars(tmp_path / "tensorboard/d-x-a")
    metrics = ("train_loss", "validation_accuracy")
    assert set(found) == {f"{m}/{part}" for m in metrics for part in ("mean", "low", "high")}
    reach = {"train_loss": (-np.inf, np.inf), "validation_accuracy": (0, 1)}
    for metric in metrics:
        spans = [t_interval(column) for column in arrays[f"d/x/a/{metric}"].T]
        for part, values in (
            ("mean", [s.estimate for s in spans]),
            ("low", np.clip([s.low for s in spans], *reach[metric])),
            ("high", np.clip([s.high for s in spans], *reach[metric])),
        ):
            steps, written = zip(*found[f"{metric}/{part}"], strict=True)
            assert list(steps) == STEPS.tolist()
            np.testing.assert_array_equal(np.float32(written), np.float32(values))
    (chart,) = plugin(tmp_path / "tensorboard/d-x-a", "custom_scalars")
    layout = Layout.FromString(chart.tensor.string_val[0])
    series = layout.category[0].chart[0].margin.series[0]
    assert {series.value, series.lower, series.upper} <= set(found)
    assert not plugin(tmp_path / "tensorboard/d-x-a", "hparams")


def test_a_sweep_has_its_values_as_hparams(tmp_path):
    points = [("0.1", "8"), ("0.1", "4,4"), ("0.2", "8"), ("0.2", "4,4")]
    rows = [row("bpnn", learning_rate=r, bpnn_widths=w) for r, w in points for _ in range(2)]
    values = np.random.default_rng(1).random((8, 3))
    arrays = {"d/x/bpnn/step": STEPS, "d/x/bpnn/validation_accuracy": values}
    record(tmp_path, rows, arrays)
    write_logs(tmp_path, ["learning_rate", "bpnn_widths"])
    runs = sorted((tmp_path / "tensorboard/d-x-bpnn").iterdir())
    assert [run.name for run in runs][1] == "001 learning_rate=0.1 bpnn_widths=4x4"
    assert len(runs) == 4
    for number, (run, (rate, widths)) in enumerate(zip(runs, points, strict=True)):
        parts = [
            HParamsPluginData.FromString(value.metadata.plugin_data.content)
            for value in plugin(run, "hparams")
        ]
        experiment, start, end = parts
        (metric,) = experiment.experiment.metric_infos
        assert start.session_start_info.hparams["learning_rate"].number_value == float(rate)
        assert start.session_start_info.hparams["bpnn_widths"].string_value == widths
        assert end.HasField("session_end_info")
        assert metric.name.tag == "validation_accuracy/mean"
        final = scalars(run)[metric.name.tag][-1]
        mean = values[2 * number : 2 * number + 2, -1].mean()
        assert final == (15, pytest.approx(mean, rel=1e-6))


def test_one_member_has_a_mean_and_no_band(tmp_path):
    record(tmp_path, [row("a")], {"d/x/a/step": STEPS, "d/x/a/train_loss": np.ones((1, 3))})
    write_logs(tmp_path)
    assert set(scalars(tmp_path / "tensorboard/d-x-a")) == {"train_loss/mean"}


def test_logs_are_written_only_where_they_are_asked_for(tmp_path, monkeypatch):
    drawn = []
    app.parse(train.FLAGS, ["train"])
    record(tmp_path, [row("a")], {"d/x/a/step": STEPS, "d/x/a/train_loss": np.ones((1, 3))})
    monkeypatch.setattr("dlfun.report.html.write_report", lambda folder, records: None)
    page.with_page(train.FLAGS, drawn.append)(tmp_path)
    assert not (tmp_path / "tensorboard").exists()
    app.parse(train.FLAGS, ["train", "--tensorboard"])
    page.with_page(train.FLAGS, drawn.append)(tmp_path)
    assert drawn == [tmp_path] * 2
    assert (tmp_path / "tensorboard").is_dir()


def test_a_missing_package_is_named_before_anything_is_trained(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboardX" else find(name)
    )
    for script in (train, sweep):
        given = [] if script is train else ["--grid=learning_rate=0.1"]
        app.parse(script.FLAGS, ["script", *given])
        with pytest.raises(UserError, match="the extra tensorboard, which is not installed"):
            app.parse(script.FLAGS, ["script", "--tensorboard", *given])
