"""The determinism certificate: honest records repeat, and every kind of change is seen."""

import csv
import json
import shutil

import jax
import numpy as np
import pytest

from dlfun import keys
from dlfun.cli import app, study_flags, trained_model
from dlfun.cli.commands import compare as compare_script
from dlfun.cli.commands import sweep, train, verify
from dlfun.cli.study_command import run_study
from dlfun.config import parsers
from dlfun.config.model_value import Model
from dlfun.config.option_table import Option
from dlfun.config.studies import STUDIES, StudyKind
from dlfun.config.study_request import StudyRequest, study_options
from dlfun.errors import UserError
from dlfun.records import checksums, reader, recorded, writer
from dlfun.records.study_file import read_request
from dlfun.report.text.determinism import certificate_table
from dlfun.studies.comparison.compare import chosen_for, compare
from dlfun.studies.comparison.protocol import protocol_of
from dlfun.studies.population.arm import make_members
from dlfun.studies.reproducibility import arms, drift
from dlfun.studies.reproducibility.rerun import ALONE, OTHER, SAME, other_layout
from dlfun.studies.search.sweep import configurations_of
from dlfun.studies.search.sweep import sweep as run_sweep
from dlfun.training.population import selected
from dlfun.types import HParams, Layout
from tests.helpers import options

TINY = ("--steps=12", "--evaluations=3", "--batch_size=10", "--train_examples=100")
SWEPT = (*TINY, "--dataset=digits", "--model=softmax")


def parsed(module, *given):
    app.parse(module.FLAGS, [module.__name__, *given])
    return module.FLAGS


@pytest.fixture(scope="module")
def honest(tmp_path_factory, data_dir):
    """A record of a comparison that was tuned, and grew from five seeds to seven."""
    folder = tmp_path_factory.mktemp("verify") / "honest"
    models = ("--datasets=digits", "--models=perceptron,softmax")
    tuned = ("--tune", "--delta=0.001", "--trials=2", "--tuning_seeds=1")
    space = "--space=softmax:learning_rate=log:1e-3:1e-1"
    grown = ("--until_decided", "--looks=5,7", "--seeds=5")
    values = parsed(compare_script, *TINY, *models, *tuned, space, *grown, f"--output_dir={folder}")
    chosen = study_flags.study_options(values)
    compare(chosen, protocol_of(chosen.request))
    return folder


@pytest.fixture
def record(honest, tmp_path):
    """A copy of it, to be changed."""
    return shutil.copytree(honest, tmp_path / "record")


def verified(folder, monkeypatch, *given):
    """The certificate that the script writes, without setting JAX up once more."""
    monkeypatch.setattr(trained_model, "start_jax", lambda request: None)
    words = ["verify", str(folder), *given]
    check, allowed = trained_model.check, trained_model.WORDS
    verify.main(app.parse(verify.FLAGS, words, check=check, words=allowed))
    return json.loads((folder / "determinism.json").read_text())


def reruns(found, arm):
    return {run["run"]: run for run in found["arms"][arm]["reruns"]}


def rewrite(folder, change):
    """members.csv with its rows changed."""
    with (folder / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows = change(rows)
    with (folder / "members.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_an_honest_record_repeats_and_keeps_all_its_files(record, monkeypatch, capsys):
    before = {p: p.read_bytes() for p in record.rglob("*") if p.is_file()}
    del before[record / "checksums.txt"]  # which gets a line more
    found = verified(record, monkeypatch)
    assert {p: p.read_bytes() for p in before} == before
    files = {p for p in record.rglob("*") if p.is_file()}
    new = {record / "determinism.json", record / "checksums.txt"}
    assert files - set(before) == new
    checksums.check_record(record)
    assert [arm["members"] for arm in found["arms"]] == [7, 7]
    for number in (0, 1):
        runs = reruns(found, number)
        assert runs[SAME]["bit_equal"]
        assert set(runs[SAME]["bit_equal_in"].values()) == {True}
        assert runs[SAME]["members"] == list(range(7))
        assert runs[SAME]["population"] == 5
        assert set(runs[SAME]["drift"].values()) == {0.0}
        for name, population in ((ALONE, 1), (OTHER, 3)):
            assert runs[name]["members"] == [0, 3, 6]
            assert runs[name]["population"] == population
            # The same members, or they would be apart by more than rounding.
            assert 0 <= runs[name]["parameter_drift"] < 1e-4
            assert runs[name]["drift"]["test_loss"] < 1e-4
        assert len({run["layout"] for run in runs.values()}) == 3
    assert found["differences"] == []
    printed = capsys.readouterr().out
    assert "every arm repeats bit by bit in the same population and layout" in printed
    assert certificate_table(found) in printed


def test_what_was_changed_is_found(record, monkeypatch):
    (record / checksums.NAME).unlink()
    with np.load(record / "history.npz") as arrays:
        history = dict(arrays)
    losses = history["digits/softmax/train_loss"]
    losses[1, 0] = np.nextafter(losses[1, 0], np.float32(9))
    np.savez(record / "history.npz", **history)
    with np.load(record / "parameters/digits-softmax.npz") as arrays:
        parameters = dict(arrays)
    kernel = parameters["params/head/kernel"][3]
    largest = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)
    kernel[largest] *= 1.25
    np.savez(record / "parameters/digits-softmax.npz", **parameters)

    def worst_becomes_best(rows):
        own = [row for row in rows if row["model"] == "softmax"]
        scores = [float(row["test_accuracy"]) for row in own]
        own[int(np.argmin(scores))]["test_accuracy"] = repr(max(scores) + 0.1)
        worst_becomes_best.by = max(scores) + 0.1 - min(scores)
        worst_becomes_best.ties = scores.count(min(scores)) - 1
        return rows

    rewrite(record, worst_becomes_best)
    rewrite(record, lambda rows: [*rows, rows[-1] | {"model": "tree+hog"}])
    environment = json.loads((record / "environment.json").read_text())
    environment["versions"]["jax"] = "0.1"
    environment["datasets"]["digits"]["checksum"] = "f" * 64
    (record / "environment.json").write_text(json.dumps(environment))
    found = verified(record, monkeypatch, "--members=1")
    same = reruns(found, 1)[SAME]
    assert same["bit_equal_in"] == {"history": False, "metrics": False, "parameters": False}
    assert same["drift"]["test_accuracy"] == pytest.approx(worst_becomes_best.by)
    assert same["drift"]["train_loss"] == 0
    assert same["parameter_drift"] == pytest.approx(0.2)  # of the record's own largest
    assert same["member_rank_change"] == 6 - worst_becomes_best.ties / 2
    assert reruns(found, 0)[SAME]["bit_equal"]
    assert reruns(found, 1)[ALONE]["members"] == [0]
    assert "not bit by bit in the same population and layout: digits: softmax" in found["words"]
    assert "classical models are not trained again: tree+hog" in found["words"]
    assert f"jax: 0.1 then, {jax.__version__} now" in found["differences"]
    assert any("digits checksum: ffffffffffff then" in line for line in found["differences"])
    apart = [line for line in found["words"] if line.startswith("members alone")]
    assert all("rounding" not in line for line in apart)  # other data are a reason, too


def test_a_sweep_of_several_programs(tmp_path, data_dir, monkeypatch):
    folder = tmp_path / "sweep"
    grid = ("--grid=learning_rate=1e-3,1e-2", "--grid=optimizer=adam,sgd")
    values = parsed(sweep, *SWEPT, *grid, "--seeds=2", "--keep=best", f"--output_dir={folder}")
    chosen = study_flags.study_options(values)
    run_sweep(chosen, configurations_of(chosen.request))
    found = verified(folder, monkeypatch, "--members=2")
    assert [arm["members"] for arm in found["arms"]] == [4, 4]
    for number in (0, 1):
        runs = reruns(found, number)
        assert runs[SAME]["bit_equal"]
        assert runs[ALONE]["members"] == runs[OTHER]["members"] == [0, 3]
        assert runs[OTHER]["drift"]["validation_loss"] < 1e-4
        assert runs[SAME]["bit_equal_in"]["parameters"]
        assert not [name for name in runs[SAME]["drift"] if name.startswith("test")]
    assert {arm["metric"] for arm in found["arms"]} == {"validation_accuracy"}

    # Learning rates trade places: those that are trained again are not where the record has them.
    def swapped(rows):
        return [rows[i] for i in (2, 3, 0, 1, *range(4, 8))]

    (folder / checksums.NAME).unlink()
    rewrite(folder, swapped)
    moved = verified(folder, monkeypatch, "--members=2")
    assert not reruns(moved, 0)[SAME]["bit_equal"]
    assert reruns(moved, 0)[SAME]["arm_rank_change"] > 0
    assert reruns(moved, 1)[SAME]["bit_equal"]


def test_a_kind_of_study_is_one_row_and_its_own_modules(tmp_path, data_dir, monkeypatch):
    """One that judges arms, and is told one thing of its own: what it is opened by is its row."""
    kind = StudyKind(
        "find out what a part is worth",
        {"models": "softmax", "datasets": "digits"},
        "dlfun.studies.comparison.compare:run_training",
        {"part": Option(parsers.text(), "which part", "Study", "dropout")},
        arms="dlfun.studies.reproducibility.arms:arms_of_training",
        judges=True,
    )
    monkeypatch.setitem(STUDIES, "ablate", kind)
    folder, own = tmp_path / "record", study_flags.study_flags("ablate")
    given = ("--models=perceptron,softmax", "--seeds=2", f"--output_dir={folder}", "--part=head")
    app.parse(own, ["ablate", *TINY, *given])
    study = run_study(own)
    assert read_request(study.folder)["part"] == "head"
    found = verified(folder, monkeypatch)
    assert [reruns(found, i)[SAME]["bit_equal"] for i in range(2)] == [True, True]
    assert (folder / "comparison.json").is_file()
    assert reader.script_of(folder) == "ablate"


def test_tuned_arms_have_the_order_of_the_study():
    study = options(("softmax", "bpnn"))
    frozen = {"toy": dict(sorted(study.models.items()))}  # as frozen.json has them
    assert list(chosen_for(study, "toy", frozen)) == ["softmax", "bpnn"]


def test_the_arm_of_train_is_that_of_its_flags(tmp_path, data_dir):
    given = ("--seeds=3", "--learning_rate=0.02", "--dropout_rate=0.5", "--layout=1x3")
    request = study_flags.request_of(parsed(train, *SWEPT, *given))
    rows = [{"replicate": str(i)} for i in range(3)]
    record = recorded.Recorded(tmp_path, "train", rows, {}, {})
    (arm,) = arms.arms_of_training(request, study_options(request), record)
    assert (arm.ends, arm.tested, arm.chosen.layout) == ((3,), True, Layout(1, 3))
    assert arm.configurations == (HParams(learning_rate=0.02, dropout_rate=0.5),)
    assert arm.settings.dropout


def test_selected_members_have_the_keys_of_their_replicates():
    numbers = [HParams(learning_rate=1e-3), HParams(learning_rate=1e-2)]
    everyone = make_members(options(("softmax",), seeds=3), "softmax", numbers, 1)
    some = selected(everyone, [4, 0])
    assert some.replicates == (1, 0)
    np.testing.assert_array_equal(some.hparams.learning_rate, np.float32([1e-2, 1e-3]))
    for i, replicate in enumerate(some.replicates):
        wanted = keys.replicate_streams(keys.root_key(0), replicate, "softmax", 0)
        for name in ("init", "order", "noise", "evaluation"):
            own = getattr(some.streams, name)[i]
            np.testing.assert_array_equal(*map(jax.random.key_data, (own, getattr(wanted, name))))


@pytest.mark.parametrize("layout", [Layout(1, 1), Layout(2, 2, 4, "chunks"), Layout(1, 3)])
def test_the_other_layout_is_another_one(layout):
    other = other_layout(layout)
    assert other.devices != layout.devices
    assert other.width != layout.width
    assert other.chunk == other.devices * other.width
    assert other.way == layout.way


def test_drifts_of_values_that_are_not_finite():
    nan, inf = np.nan, np.inf
    assert drift.metric_drift(np.array([1.0, nan]), np.array([1.5, nan])) == 0.5
    assert drift.metric_drift(np.array([1.0, 2.0]), np.array([1.0, nan])) == inf
    assert drift.metric_drift(np.array([inf]), np.array([inf])) == 0
    assert drift.metric_drift(np.zeros(2), np.zeros(3)) == inf
    assert not drift.same_bits(np.float32([1]), np.float64([1]))
    assert drift.same_bits(np.float32([nan]), -np.float32([nan]))
    apart = drift.parameter_drift({"w": np.array([[0.0, 4.0], [0, 0]])}, {"w": np.zeros((2, 2))})
    assert apart == 1.0
    np.testing.assert_array_equal(
        drift.rank_change(np.array([0.5, 0.5, nan]), np.array([0.5, 0.4, 0.9])), [0.5, 1.5, 2.0]
    )


def restudy(folder, **parts):
    """study.json with some of its parts replaced."""
    file = folder / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | parts))


def drop_last(rows):
    return rows[:-1]


BROKEN = {
    "no such directory": shutil.rmtree,
    "holds no study.json that can be read": lambda r: (r / "study.json").unlink(),
    "holds no study.json": lambda r: (r / "study.json").write_text('{"study": "train"}'),
    "unknown argument of a study 'colour'": lambda r: restudy(r, options={"colour": "blue"}),
    "study.json: seeds=0: must be a whole": lambda r: restudy(r, options={"seeds": 0}),
    "unknown model 'cmn'; did you mean 'cnn'": lambda r: restudy(r, models={"cmn": {}}),
    "holds no study.json that can be read; run": lambda r: restudy(r, models={"cnn": 3}),
    "holds no study.json that can be": lambda r: restudy(r, models={}),
    "no study.json that can be read": lambda r: restudy(r, datasets=[None]),
    "holds no study.json that can be read; ": lambda r: restudy(r, datasets=[]),
    "study.json that can be read": lambda r: restudy(r, options={"space": [1.5]}),
    "study.json that can be": lambda r: restudy(r, options={"space": 5}),
    "holds no study.json that": lambda r: restudy(r, study="train"),  # of one model and data set
    "members.csv: missing or damaged": lambda r: (r / "members.csv").write_text("a,b\n"),
    "members.csv has other members": lambda r: rewrite(r, drop_last),
    "history.npz: missing or damaged": lambda r: (r / "history.npz").write_bytes(b"PK\3\4half"),
    "was changed after it was frozen": lambda r: (r / "frozen.json").write_text(
        (r / "frozen.json").read_text().replace('"n": 5', '"n": 6')
    ),
    "environment.json: missing or damaged": lambda r: (r / "environment.json").write_text("{"),
}


@pytest.mark.parametrize("said", BROKEN)
def test_broken_records_are_one_line_and_stay_as_they_are(record, monkeypatch, said):
    (record / checksums.NAME).unlink()
    BROKEN[said](record)
    with pytest.raises(UserError, match=said) as error:
        verified(record, monkeypatch)
    assert "\n" not in str(error.value)
    assert not list(record.glob("*determinism*"))


def test_one_directory_is_named(monkeypatch):
    for words in ([], ["a", "b"]):
        with pytest.raises(UserError, match="name the directory of one record"):
            trained_model.folder_of(words, "verify")


def test_a_record_says_what_it_swept(tmp_path):
    searched = {"grid": ("learning_rate=0.1,0.2",), "space": (" rnn_cell =choice:gru,lstm",)}
    request = StudyRequest("sweep", (Model("rnn"),), ("digits",), searched)
    writer.write_request(tmp_path, request)
    assert reader.swept_of(tmp_path) == ["learning_rate", "rnn_cell"]
    assert reader.script_of(tmp_path) == "sweep"
