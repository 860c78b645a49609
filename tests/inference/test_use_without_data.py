"""A record is used without the data it was made from: edited, renamed or gone, nothing changes."""

import json
import shutil

import numpy as np
import pytest

import dlfun
from dlfun.cli import app, study_flags, trained_model
from dlfun.cli.commands import compare as compare_script
from dlfun.cli.commands import export, predict, sweep
from dlfun.data.user_files.recordings import read_wav
from dlfun.errors import UserError
from dlfun.records.study_file import read_request
from dlfun.studies.artifacts.data_preparation import read_datasets, some_examples
from dlfun.studies.comparison.compare import compare
from dlfun.studies.population.stacked import stack
from dlfun.studies.search.sweep import configurations_of
from dlfun.studies.search.sweep import sweep as run_sweep
from dlfun.types import Dataset, Spec, Split
from tests.data.test_own import (
    noise,
    numbers,
    pixels,
    save_csv,
    save_images,
    save_npz,
    save_recordings,
    save_wav,
)

TINY = ("--steps=20", "--evaluations=2", "--seeds=3", "--batch_size=8")


@pytest.fixture(autouse=True)
def no_second_start(monkeypatch):
    """JAX is set up once, by the tests."""
    monkeypatch.setattr(trained_model, "start_jax", lambda request: None)


def record_of(data, folder, *given, models="softmax"):
    """The record of a short study."""
    words = [f"--datasets={data}", f"--models={models}", *TINY, *given, f"--output_dir={folder}"]
    app.parse(compare_script.FLAGS, ["compare", *words])
    compare(study_flags.study_options(compare_script.FLAGS))
    return folder


def said(capsys, script, folder, *given):
    """What a script prints on stdout."""
    capsys.readouterr()
    words = app.parse(
        script.FLAGS, [script.__name__, str(folder), *given], check=script.check, words="RUN_DIR"
    )
    script.main(words)
    return capsys.readouterr().out


def table_lines(seed=0, count=40):
    random = np.random.default_rng(seed)
    a, b = random.normal(3, 2, count), random.normal(-1e6, 3, count)
    kinds = random.choice(["red", "blue", "white"], count)
    names = np.where(a + random.normal(size=count) > 3, "yes", "no")
    return [
        f"{x!r},{k},{y!r},{n}"
        for x, k, y, n in zip(a.tolist(), kinds, b.tolist(), names, strict=True)
    ]


def renamed(path):
    path.write_text(path.read_text().replace(",yes", ",nay").replace(",no", ",yes"))


def other_numbers(path):
    save_csv(path.parent, "a,kind,b,y", *table_lines(seed=1), name=path.name)


def new_column(path):
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join(f"{i if i else 'more'},{line}" for i, line in enumerate(lines)) + "\n"
    )


def shuffled(path):
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *rows[::-1]]) + "\n")


def damaged(path):
    path.write_bytes(b"\xff\x00")


EDITS = {f.__name__: f for f in (renamed, other_numbers, new_column, shuffled, damaged)}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Records of a table: of its official split, of random ones, of numbers, and of a sweep."""
    folder = tmp_path_factory.mktemp("tables")
    path = save_csv(folder, "a,kind,b,y", *table_lines())
    found = {
        "official": record_of(path, folder / "official"),
        "random": record_of(path, folder / "random", "--split=random"),
        "number": record_of(path, folder / "number", "--target_column=b", "--split=random"),
    }
    given = (*TINY, "--model=bpnn", f"--dataset={path}", "--grid", "bpnn_widths=2,3")
    app.parse(sweep.FLAGS, ["sweep", *given, f"--output_dir={folder / 'sweep'}"])
    options = study_flags.study_options(sweep.FLAGS)
    run_sweep(options, configurations_of(options.request))
    (folder / "new").mkdir()
    new = save_csv(folder / "new", "kind,b,y,a", "red,-1000002.5,no,4.5", "blue,-999999,no,1e0")
    return path, new, found | {"sweep": folder / "sweep"}


@pytest.fixture
def edited(tables):
    """The table, put back at the end."""
    path, before = tables[0], tables[0].read_bytes()
    yield path
    path.write_bytes(before)


@pytest.mark.parametrize("name", ["official", "random", "number", "sweep"])
def test_a_table_that_was_edited_changes_no_answer(name, tables, edited, capsys):
    _, new, records = tables
    member = "1" if name == "sweep" else "ensemble"
    given = (f"--inputs={new}", f"--member={member}")
    before = said(capsys, predict, records[name], *given)
    assert before.count("\n") == 3
    content = edited.read_bytes()
    for edit in EDITS.values():
        edited.write_bytes(content)
        edit(edited)
        assert edited.read_bytes() != content
        assert said(capsys, predict, records[name], *given) == before
    edited.unlink()
    assert said(capsys, predict, records[name], *given) == before


def test_answers_are_those_of_the_training_rows(tables, capsys):
    """By hand: standardise by the recorded rows, multiply, and name the classes."""
    path, new, records = tables
    line = said(capsys, predict, records["official"], f"--inputs={new}", "--member=0").splitlines()
    data = dlfun.load(path)
    train = np.asarray(data.split().train.inputs, float)
    kept = dict(np.load(records["official"] / "parameters/own-softmax.npz"))
    rows = np.array([[4.5, 0, 1, 0, -1000002.5], [1, 1, 0, 0, -999999]])
    assert json.loads((records["official"] / "preparation.json").read_text())["datasets"]["own"][
        "features"
    ][1] == {"name": "kind", "categories": ["blue", "red", "white"]}
    rows[:, 4] -= data.raw.scaling.inputs.origin[4]
    numeric = [0, 4]
    rows[:, numeric] = (rows[:, numeric] - train[:, numeric].mean(0)) / train[:, numeric].std(0)
    logits = rows @ kept["params/head/kernel"][0] + kept["params/head/bias"][0]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    cells = [row.split(",") for row in line]
    assert cells[0][-2:] == ["probability_no", "probability_yes"]
    for row, wanted in zip(cells[1:], p, strict=True):
        assert [float(x) for x in row[-2:]] == pytest.approx(wanted, abs=1e-4)
        assert row[1] == ["no", "yes"][int(wanted.argmax())]


def test_each_split_keeps_what_was_fitted_on_its_rows(tables):
    path, _, records = tables
    kept = read_datasets(records["number"])["own"].data
    data = dlfun.load(path, target_column="b", split="random")
    for replicate, found in enumerate(kept.datasets):
        wanted = data.split(replicate)
        for a, b in zip(found.scaling, wanted.scaling, strict=True):
            for one, other in zip(a, b, strict=True):
                np.testing.assert_array_equal(one, other)
        assert found.train.inputs.shape == wanted.train.inputs.shape
        assert found.spec == wanted.spec
        assert found.preparation == wanted.preparation
    means = [found.scaling.inputs.mean[0] for found in kept.datasets]
    assert len(set(means)) == 3


@pytest.mark.parametrize("edit", [*EDITS, "gone"])
def test_what_needs_the_data_themselves_says_so_in_one_line(edit, tables, edited, capsys):
    _, new, records = tables
    given = (f"--inputs={new}", "--temperature=fit")
    calibrated = said(capsys, predict, records["official"], *given)
    edited.unlink() if edit == "gone" else EDITS[edit](edited)
    words = r"--temperature=fit needs the data set own as the study had it, and "
    why = "cannot be read" if edit in ("gone", "damaged") else r"was changed since \(another check"
    with pytest.raises(UserError, match=words + f".*{why}") as error:
        said(capsys, predict, records["official"], *given)
    assert "\n" not in str(error.value)
    assert calibrated != said(capsys, predict, records["official"], f"--inputs={new}")


def test_each_of_two_tables_is_read_again_by_its_own_target(tables, tmp_path, capsys):
    other = save_csv(tmp_path, "a,kind,b,y", *table_lines(seed=2), name="other.csv")
    sets = [dlfun.load(tables[0]), dlfun.load(other, target_column="kind")]
    dlfun.compare(["softmax"], sets, seeds=2, steps=9, batch_size=8, output_dir=tmp_path / "two")
    for name, classes in (("own", "no,probability_yes"), ("other", "blue,probability_red")):
        given = (f"--inputs={other}", f"--dataset={name}", "--temperature=fit")
        assert classes in said(capsys, predict, tmp_path / "two", *given)


def test_an_export_needs_no_data(tables, edited, tmp_path, capsys):
    pytest.importorskip("flatbuffers")
    records = tables[2]
    said(capsys, export, records["random"], f"--output_dir={tmp_path / 'a'}")
    edited.unlink()
    said(capsys, export, records["random"], f"--output_dir={tmp_path / 'b'}")
    about = [json.loads((tmp_path / f"{name}/export.json").read_text()) for name in "ab"]
    assert about[0] == about[1]
    assert about[0]["checked"]["examples"] == 3  # a tenth of the 32 to learn from
    assert about[0]["classes"] == ["no", "yes"]
    assert about[0]["columns"] == ["a", "kind=blue", "kind=red", "kind=white", "b"]


def of_npz(folder):
    inputs = numbers(40, 5)
    targets = np.where(inputs[:, 0] > 0, "up", "down")
    path = save_npz(folder, inputs=inputs, targets=targets)
    np.save(folder / "new.npy", inputs[:3])
    return path, folder / "new.npy"


def of_images(folder):
    path = save_images(folder / "own", count=8)
    shutil.copytree(path / "cat", folder / "new")
    return path, folder / "new"


def of_recordings(folder):
    path = save_recordings(folder / "own", counts=(800, 1000, 900, 1100))
    assert read_wav(path / "no" / "0.wav")[1] == 8000
    shutil.copytree(path / "yes", folder / "new")
    return path, folder / "new"


@pytest.mark.parametrize(
    ("make", "split"),
    [(of_npz, "official"), (of_images, "random"), (of_recordings, "official")],
)
def test_files_and_folders_may_be_gone(make, split, tmp_path, capsys):
    path, new = make(tmp_path)
    record = record_of(path, tmp_path / "record", f"--split={split}", "--batch_size=4")
    before = said(capsys, predict, record, f"--inputs={new}")
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert said(capsys, predict, record, f"--inputs={new}") == before


@pytest.mark.parametrize("name", ["vowels", "stdlib_text"])
def test_a_built_in_data_set_need_not_be_prepared(name, data_dir, tmp_path, capsys):
    record = record_of(name, tmp_path / "record")
    if name == "vowels":
        inputs = tmp_path / "new.wav"
        save_wav(inputs, noise(4000))
    else:
        inputs = tmp_path / "new.txt"
        inputs.write_text("import os\n" * 100)
    before = said(capsys, predict, record, f"--inputs={inputs}")
    (tmp_path / "nowhere").mkdir()
    away = f"--data_dir={tmp_path / 'nowhere'}"
    assert said(capsys, predict, record, f"--inputs={inputs}", away) == before
    assert not list((tmp_path / "nowhere").iterdir())


def test_arrays_from_python_have_no_file_at_all(tmp_path, capsys):
    inputs = numbers(60, 3)
    targets = np.stack([inputs[:, 0] * 100 + 7e5, inputs[:, 1]], 1)
    data = dlfun.from_arrays(inputs, targets, split="random", name="Größe")
    study = dlfun.train("softmax", data, seeds=3, steps=30, output_dir=tmp_path / "record")
    np.save(tmp_path / "new.npy", inputs[:4])
    printed = said(capsys, predict, tmp_path / "record", f"--inputs={tmp_path / 'new.npy'}")
    wanted = study.predict(inputs[:4]).predicted
    found = [[float(x) for x in line.split(",")[1:]] for line in printed.splitlines()[1:]]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    with pytest.raises(UserError, match=r"was made in Python with the data set .*arrays in memory"):
        read_request(tmp_path / "record")
    again = dlfun.read(tmp_path / "record").predict(inputs[:4]).predicted
    np.testing.assert_array_equal(again, wanted)


def test_an_older_record_is_refused_in_one_line(tables, tmp_path, capsys):
    copy = shutil.copytree(tables[2]["official"], tmp_path / "copy")
    (copy / "checksums.txt").unlink()
    for name, words in (("preparation.npz", "missing or damaged"), ("preparation.json", "older")):
        (copy / name).unlink()
        with pytest.raises(UserError, match=words) as error:
            said(capsys, predict, copy, f"--inputs={tables[1]}")
        assert "\n" not in str(error.value)
    (copy / "preparation.json").write_text('{"format": 1, "datasets": {"own": {}}}')
    shutil.copy(tables[2]["official"] / "preparation.npz", copy)
    with pytest.raises(UserError, match=r"preparation\.json: missing or damaged"):
        said(capsys, predict, copy, f"--inputs={tables[1]}")


def test_few_examples_are_kept_of_large_ones():
    big = Split(pixels(9, 1024, 1024), np.zeros(9, np.int32))
    spec = Spec((1024, 1024), "sequence", "classification", 2)
    data = stack([Dataset(big, None, big, spec, "big", "1", "none")])
    assert len(some_examples(data).inputs) == 4
