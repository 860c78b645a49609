"""Studies end to end: what the record holds, how it is written, and what stays closed."""

import csv
import json

import numpy as np
import pytest

from dlfun.config.options import ModelOptions
from dlfun.config.search_space import Search
from dlfun.errors import UserError
from dlfun.records import checksums, writer
from dlfun.studies.comparison.compare import compare
from dlfun.studies.search.samplers import configurations, crossed
from dlfun.studies.search.sweep import sweep
from dlfun.types import HParams
from tests.helpers import data_options, options


def study(folder, data_dir, models=("softmax", "vae"), **changes):
    changes = {
        "datasets": ("digits",),
        "data": data_options(data_dir),
        "batch_size": None,
    } | changes
    return options(models, output_dir=str(folder), **changes)


def test_record_of_a_comparison(tmp_path, data_dir):
    folder = tmp_path / "record"
    found = compare(study(folder, data_dir))
    with (folder / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert [row["replicate"] for row in rows] == ["0", "1", "2"] * 2
    for name in ("train_loss", "validation_accuracy", "test_accuracy", "seconds"):
        assert all(float(row[name]) >= 0 for row in rows)
    assert all(float(row["compile_seconds"]) > 0 for row in rows)
    assert rows[0]["test_elbo"] == ""
    assert float(rows[3]["test_elbo"]) == found.rows[3]["test_elbo"]
    with np.load(folder / "history.npz") as history:
        assert history["digits/vae/validation_accuracy"].shape == (3, 3)
        assert history["digits/vae/step"].tolist() == [4, 8, 12]
        last = history["digits/softmax/validation_accuracy"][:, -1]
    assert [float(row["validation_accuracy"]) for row in rows[:3]] == pytest.approx(last.tolist())
    with np.load(folder / "parameters" / "digits-softmax.npz") as arrays:
        assert arrays["params/head/kernel"].shape == (3, 64, 10)
        assert int(rows[0]["parameters"]) == 650
    with np.load(folder / "digits-vae-samples.npz") as made:
        shapes = {name: made[name].shape for name in made}
        count = len(made["traversed"])
        assert 0 < count <= 16
        assert shapes == dict.fromkeys(("inputs", "reconstructions", "samples"), (10, 8, 8, 1)) | {
            "modality": (),
            "traversed": (count,),
            "traversals": (count, 10, 8, 8, 1),
        }
        assert 0 <= made["samples"].min() <= made["samples"].max() <= 1
    with np.load(folder / "digits-softmax-evidence.npz") as kept:
        right = np.unpackbits(kept["correct"], axis=1, count=kept["targets"].size).mean(axis=1)
        assert right.tolist() == pytest.approx([row["test_accuracy"] for row in found.rows[:3]])
        assert kept["confusion"].sum() == kept["predicted"].size
        assert kept["filters"].shape == (10, 8, 8, 1)
        assert kept["shared_test"]
    with np.load(folder / "digits-vae-evidence.npz") as kept:
        assert kept["latent"].shape == (len(kept["latent_targets"]), 2)
    checksums.check_record(folder)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(checksums.read_lines(folder)) == files - {checksums.NAME}
    known = json.loads((folder / "environment.json").read_text())
    assert len(known["datasets"]["digits"]["checksum"]) == 64
    assert known["versions"]["jax"]
    flags = (folder / "config.flags").read_text().splitlines()
    assert "--seeds=3" in flags
    assert any(line.startswith("--layout=softmax:") for line in flags)
    assert any("read-out" in note for note in found.notes)


def test_same_options_give_the_same_bits(tmp_path, data_dir):
    for name in ("a", "b"):
        compare(study(tmp_path / name, data_dir, ("bpnn",)))
    with np.load(tmp_path / "a/history.npz") as a, np.load(tmp_path / "b/history.npz") as b:
        assert set(a) == set(b)
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize(("keep", "members"), [("best", 1), ("none", 0)])
def test_keep(tmp_path, data_dir, keep, members):
    found = compare(study(tmp_path / "r", data_dir, ("softmax",), keep=keep))
    file = tmp_path / "r" / "parameters" / "digits-softmax.npz"
    assert file.exists() == (members > 0)
    if members:
        best = max(found.rows, key=lambda row: row["validation_accuracy"])
        with np.load(file) as arrays:
            assert arrays["member"].tolist() == [best["replicate"]]
            assert arrays["params/head/bias"].shape == (1, 10)


def test_random_splits_are_each_replicates_own_and_shared_by_models(tmp_path, data_dir):
    data = data_options(data_dir, split="random")
    found = compare(study(tmp_path / "r", data_dir, ("softmax", "bpnn"), data=data))
    assert len({row["test_accuracy"] for row in found.rows}) > 1
    assert all(row["status"] == "ok" for row in found.rows)


def test_a_diverging_arm_is_counted_and_reported(tmp_path, data_dir):
    found = compare(
        study(tmp_path / "r", data_dir, ("softmax",), hparams=HParams(learning_rate=1e38))
    )
    assert {row["status"] for row in found.rows} == {"failed"}
    assert any("3 of 3 runs of softmax stopped being finite" in note for note in found.notes)
    text = (tmp_path / "r" / "members.csv").read_text()
    assert "nan" not in text


def test_sweep_never_opens_the_test_split(tmp_path, data_dir, monkeypatch):
    monkeypatch.setattr("dlfun.training.population.Population.place_data", spy := Spy())
    base = study(tmp_path / "r", data_dir, ("bpnn",))
    points = crossed({"learning_rate": [1e-3, 1e-2], "bpnn_widths": [(8,), (4, 4)]})
    chosen = [
        (
            p,
            ModelOptions(
                base.models["bpnn"].shape.__class__(p["bpnn_widths"]),
                HParams(learning_rate=p["learning_rate"]),
            ),
        )
        for p in points
    ]
    found = sweep(base, chosen)
    assert len(found.rows) == 12
    assert not [name for row in found.rows for name in row if name.startswith("test")]
    assert spy.seen == {"TuneData"}
    values = {(row["learning_rate"], row["bpnn_widths"]) for row in found.rows}
    assert len(values) == 4


class Spy:
    """Places data on the device as a population does, and remembers what kind they were."""

    def __init__(self):
        self.seen = set()

    def __get__(self, population, owner):
        def place(data):
            import jax

            self.seen.add(type(data).__name__)
            return jax.device_put(data, population._copied)

        return place


def test_sweep_without_validation_is_refused(tmp_path, data_dir):
    base = study(
        tmp_path / "r", data_dir, ("bpnn",), data=data_options(data_dir, validation_fraction=0.0)
    )
    with pytest.raises(UserError, match="--validation_fraction=0"):
        sweep(base, [({"learning_rate": 0.1}, base.models["bpnn"])])
    assert not (tmp_path / "r").exists()


def test_batch_larger_than_the_training_split_is_refused(tmp_path, data_dir):
    with pytest.raises(UserError, match="--batch_size=5000 is larger than the training split"):
        compare(study(tmp_path / "r", data_dir, ("softmax",), batch_size=5000))
    assert not list(tmp_path.iterdir())


def test_nothing_half_written(tmp_path):
    def fill(folder):
        (folder / "members.csv").write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        writer.write_record(tmp_path / "record", fill)
    assert not list(tmp_path.iterdir())
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "other").touch()
    with pytest.raises(UserError, match="--output_dir"):
        writer.write_record(tmp_path / "record", lambda folder: None)


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_searches_are_reproducible_and_cover_the_space(method):
    from dlfun.config.search_space import Dimension

    space = {
        "learning_rate": Dimension("log", 1e-4, 1e-1),
        "dropout_rate": Dimension("lin", 0.0, 0.5),
        "rnn_cell": Dimension("choice", values=("gru", "lstm")),
    }
    points = configurations(Search(method, space=space), 3)
    assert points == configurations(Search(method, space=space), 3)
    assert points != configurations(Search(method, space=space), 4)
    rates = np.log10([p["learning_rate"] for p in points])
    assert -4 <= rates.min() < -3.5
    assert -1.5 < rates.max() <= -1
    assert abs(np.mean([p["dropout_rate"] for p in points]) - 0.25) < 0.07
    assert {p["rnn_cell"] for p in points} == {"gru", "lstm"}


def test_what_is_drawn_of_a_count_is_whole():
    from dlfun.config.search_space import Dimension

    space = {"width": Dimension("log", 8, 256, whole=True)}
    widths = [point["width"] for point in configurations(Search("random", space=space), 0)]
    assert all(isinstance(width, int) and 8 <= width <= 256 for width in widths)
    assert sum(width < 45 for width in widths) in range(22, 43)  # half, on a log scale
