"""Learning curves of records made by hand: training, validation, over-fitting, and sweeps."""

import re

import numpy as np
import pytest
from scipy import stats

from dlfun.report.figures.learning_curves import curves_figure
from dlfun.report.html import write_report
from dlfun.report.html.arm_curves import swept_curves
from dlfun.report.html.record import read_record
from dlfun.report.html.sections.curves import curves
from dlfun.report.html.sections.generalisation import generalisation
from dlfun.report.html.sections.training_curves import training_curves
from dlfun.report.sweeps import configurations, highlighted
from dlfun.report.text.table import study_table
from tests.report import records

STEPS = np.arange(1, 13) * 10
COLOURS = ("#000000", "#ff0000", "#00ff00", "#0000ff")


def losses(rng, runs, rise):
    """Training loss that falls, and validation loss that rises by `rise` in the second half."""
    t = np.arange(len(STEPS))
    train = 2 * np.exp(-t / 3) + 0.01 * rng.normal(size=(runs, len(t)))
    held_out = 2 * np.exp(-t) + rise * np.clip(t - 5, 0, None) / 6
    seeds = np.linspace(-0.1, 0.1, runs)[:, None]
    return train, held_out + 0.02 * rng.normal(size=(runs, len(t))) + seeds


def arm_of(rng, dataset, model, runs, rise, **values):
    """The rows of an arm and its history."""
    train, held_out = losses(rng, runs, rise)
    history = {
        "train_loss": train,
        "validation_loss": held_out,
        "train_accuracy": np.clip(1 - train / 3, 0, 1),
        "validation_accuracy": np.clip(1 - held_out / 3, 0, 1),
    }
    rows = [
        {
            "model": model,
            "dataset": dataset,
            "replicate": r,
            "status": "ok",
            "copy_of": "",
            "parameters": 10,
            "steps": STEPS[-1],
            "seconds": 1.0,
            "test_accuracy": "",
            **{name: curve[r, -1] for name, curve in history.items()},
            **values,
        }
        for r in range(runs)
    ]
    return rows, history


def write(folder, arms, **asked):
    """A record of arms [(rows, history)], those of one name one arm; of a sweep with its grid."""
    folder.mkdir(parents=True)
    arrays = {}
    for rows, history in arms:
        name = f"{rows[0]['dataset']}/{rows[0]['model']}"
        arrays[f"{name}/step"] = STEPS
        for metric, values in history.items():
            key = f"{name}/{metric}"
            arrays[key] = np.concatenate([arrays[key], values]) if key in arrays else values
    rows = [row for own, _ in arms for row in own]
    records.write_csv(folder / "members.csv", rows)
    np.savez(folder / "history.npz", **arrays)
    if asked:
        records.write_request(folder, "sweep", {rows[0]["model"]: {}}, **asked)
    return read_record(folder)


def swept_record(folder, values, seeds=3, name="learning_rate"):
    """A sweep over some values; the larger a value, the more its curves rise."""
    rng, ranks = np.random.default_rng(0), np.argsort(np.argsort(np.array(values, float)))
    arms = [
        arm_of(rng, "waves", "cnn", seeds, 0.2 * rank, **{name: value})
        for value, rank in zip(values, ranks, strict=True)
    ]
    return write(folder, arms, grid=(f"{name}={','.join(map(str, values))}",))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two arms of eight runs, of which one over-fits, and a data set with too few runs."""
    rng = np.random.default_rng(1)
    arms = [
        arm_of(rng, "waves", "fits", 8, 0.0),
        arm_of(rng, "waves", "over", 8, 1.5),
        arm_of(rng, "few", "fits", 3, 0.0),
        arm_of(rng, "few", "over", 3, 1.5),
    ]
    return write(tmp_path_factory.mktemp("record") / "compared", arms), arms


def cells_of(table):
    """The texts of a table, row by row under their names."""
    return [{n: c.text for n, c in zip(table.names, row, strict=True)} for row in table.rows]


def number(text):
    """A number of a page."""
    return float(text.replace("−", "-"))


def test_over_fitting_is_named_with_its_step_where_it_is(compared):
    record, _ = compared
    (waves,), (few,) = training_curves(record, "waves"), training_curves(record, "few")
    fits, over = cells_of(waves.table)
    assert fits["over-fitting from step"] == "not seen"
    assert 60 < int(over["over-fitting from step"]) < 100
    assert int(over["lowest validation loss at step"]) in (50, 60, 70)
    assert f"over-fitting from step {over['over-fitting from step']} on" in waves.finding
    assert waves.drawing.count("no over-fitting seen") == 2  # in words and for who hears the page
    assert waves.drawing.count('class="since"') == 2  # of the arm's two plots
    assert "over-fitting" not in few.drawing
    assert {row["over-fitting from step"] for row in cells_of(few.table)} == {"–"}


def test_the_gap_is_that_of_paired_runs(compared):
    record, arms = compared
    (figure,) = training_curves(record, "waves")
    for row, (_, history) in zip(cells_of(figure.table), arms, strict=False):
        gaps = 100 * (history["train_accuracy"] - history["validation_accuracy"])[:, -1]
        ends = stats.ttest_1samp(gaps, 0).confidence_interval()
        assert number(row["gap in accuracy (points)"]) == pytest.approx(gaps.mean(), abs=0.006)
        found = [number(end) for end in row["95 %"].strip("[]").split(", ")]
        np.testing.assert_allclose(found, ends, atol=0.006)


def test_training_is_dashed_and_validation_solid_on_shared_axes(compared):
    record, arms = compared
    (figure,) = training_curves(record, "waves")
    lines = re.findall(r'class="line (s\d)( train)?" d="([^"]+)"', figure.drawing)
    assert [(look, more) for look, more, _ in lines] == [
        (look, more) for look in ("s0", "s1") for _ in range(2) for more in (" train", "")
    ]
    losses_of = [history for _, history in arms[:2]]
    means = [h[f"{split}_loss"].mean(0) for h in losses_of for split in ("train", "validation")]
    drawn = [lines[i][2] for i in (0, 1, 4, 5)]
    heights = [np.array(re.findall(r"[ML][\d.]+ ([\d.]+)", d), float) for d in drawn]
    slope, offset = np.polyfit(np.concatenate(means), np.concatenate(heights), 1)
    assert slope < 0  # more is higher up
    for mean, height in zip(means, heights, strict=True):
        np.testing.assert_allclose(slope * mean + offset, height, atol=0.1)


def test_copies_are_no_runs_of_their_own(tmp_path):
    rows, history = arm_of(np.random.default_rng(2), "waves", "cnn", 7, 1.5)
    for r in range(3, 7):
        rows[r] |= {"copy_of": 0}
        for values in history.values():
            values[r] = values[0]
    (figure,) = training_curves(write(tmp_path / "copies", [(rows, history)]), "waves")
    (row,) = cells_of(figure.table)
    assert row["seeds"] == "3"
    assert row["over-fitting from step"] == "–"


def test_many_arms_stand_behind_a_click_in_a_small_page(tmp_path):
    rng = np.random.default_rng(3)
    arms = [arm_of(rng, "waves", f"arm{k}", 10, 0.1 * k) for k in range(50)]
    record = write(tmp_path / "many", arms)
    (figure,) = training_curves(record, "waves")
    shown, _, behind = figure.drawing.partition("<details>")
    assert (shown.count('class="fit"'), behind.count('class="fit"')) == (8, 24)
    assert "<summary>24 more</summary>" in behind
    assert "18 more arms in the numbers below" in figure.caption
    assert len(figure.table.rows) == 50
    assert write_report(record.folder, [record.folder]).stat().st_size < 5e6


def test_a_sweep_has_a_curve_a_configuration_in_the_order_of_its_values(tmp_path):
    record = swept_record(tmp_path / "sweep", [0.1, 0.001, 0.01])
    found = swept_curves(record, ("waves", "cnn"))
    assert [one.configuration.label for one in found] == ["0.001", "0.01", "0.1"]
    assert [one.curves.look for one in found] == ["q0", "q2", "q5"]  # evenly by the logarithm
    first, *_ = curves(record)
    assert first.title == "Validation accuracy of cnn on waves, by learning rate"
    assert "learning rate (colours: log scale):" in first.drawing
    drawn = re.findall(r'class="line (q\d)" d="M0 7', first.drawing)
    assert drawn == ["q0", "q2", "q5"]
    history = record.history["waves/cnn/validation_accuracy"]
    rows = cells_of(first.table)
    for label, members in (("0.001", slice(3, 6)), ("0.1", slice(0, 3))):
        own = [row for row in rows if row["configuration"] == f"learning rate {label}"]
        mean = 100 * history[members].mean(0)
        np.testing.assert_allclose(
            [float(row["mean validation accuracy (%)"]) for row in own], mean, atol=0.006
        )
    text = write_report(record.folder, [record.folder]).read_text()
    assert '<p class="kicker">cnn, 3 configurations over learning rate, on waves' in text


def test_a_sweep_shows_train_against_validation_in_the_same_colours(tmp_path):
    record = swept_record(tmp_path / "sweep", [0, 0.2, 0.8], name="dropout_rate")
    (figure,) = generalisation(record)
    assert figure.title == "Train against validation, waves"
    assert "The test split stays closed" in figure.caption
    dots = re.findall(r'class="dots (q\d)" d="([^"]+)"', figure.drawing)
    assert [(look, d.count("M")) for look, d in dots[3:]] == [("q0", 3), ("q1", 3), ("q5", 3)]
    gaps = [number(row[3].text) for row in figure.table.rows]
    both = [record.history[f"waves/cnn/{split}_accuracy"] for split in ("train", "validation")]
    expected = 100 * (both[0] - both[1])[:, -1].reshape(3, 3).mean(1)
    np.testing.assert_allclose(gaps, expected, atol=0.006)


def test_of_many_configurations_a_few_are_named(tmp_path):
    values = [round(0.01 * 1.5**k, 6) for k in range(12)]
    record = swept_record(tmp_path / "many", values)
    found = configurations(record.rows, ["learning_rate"])
    named = {found[i].label: name for i, name in highlighted(found).items()}
    lowest = [str(value) for value in values]  # the less a curve rises, the better
    assert [named.get(value[:6]) or named.get(value) for value in lowest[:3]] == [
        "best",
        "second",
        "third",
    ]
    assert sorted(named.values()) == ["best", "median", "second", "third", "worst"]
    panel, small, *_ = curves(record)
    assert "7 others in grey" in panel.caption
    assert panel.drawing.count('class="line other"') == 7
    assert "band" not in panel.drawing
    assert small.drawing.partition("<details>")[0].count('class="fit"') == 5
    names = re.findall(r'<p class="fit-name">(\w+)', small.drawing)[:5]
    assert names == ["best", "second", "third", "median", "worst"]


def test_two_swept_numbers_are_both_in_the_label():
    rows = [
        {
            "dataset": "d",
            "model": "m",
            "status": "ok",
            "validation_accuracy": a + b,
            "a": a,
            "kl_b": b,
        }
        for b in (5, 1)
        for a in (0.2, 0.1)
    ]
    found = configurations(rows, ["a", "kl_b"])
    assert [c.label for c in found] == [
        "a 0.1, KL b 1",
        "a 0.1, KL b 5",
        "a 0.2, KL b 1",
        "a 0.2, KL b 5",
    ]
    assert [c.members.tolist() for c in found] == [[3], [1], [2], [0]]
    assert [c.rank for c in found] == [3, 1, 2, 0]
    np.testing.assert_allclose([c.place for c in found], [0, 1 / 3, 2 / 3, 1])


def test_names_and_single_values_are_configurations_too():
    def row(value):
        score = {"validation_accuracy": 0.5} if value != "sgd" else {}
        return {"dataset": "d", "model": "m", "status": "ok", "optimizer": value} | score

    named = configurations([row("sgd"), row("adam"), row("sgd")], ["optimizer"])
    assert [(c.label, c.members.tolist()) for c in named] == [("sgd", [0, 2]), ("adam", [1])]
    assert named[0].rank is None
    assert np.isnan([c.place for c in named]).all()
    (one,) = configurations([row("adam")], ["optimizer"])
    assert (one.label, one.place) == ("adam", 0)
    assert highlighted([one]) == {0: "best"}


def test_the_picture_shows_training_and_validation_of_arms(compared):
    record, arms = compared
    figure = curves_figure(record.folder, (), COLOURS)
    assert [axes.get_title() for axes in figure.axes] == ["waves", "waves", "few", "few"]
    accuracy, loss = figure.axes[:2]
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert loss.get_ylabel() == "loss"
    lines = [(line.get_color(), line.get_linestyle()) for line in loss.lines]
    assert lines == [(colour, style) for colour in COLOURS[:2] for style in ("--", "-")]
    for line, (history, split) in zip(
        loss.lines,
        [(history, split) for _, history in arms[:2] for split in ("train", "validation")],
        strict=True,
    ):
        np.testing.assert_allclose(line.get_ydata(), history[f"{split}_loss"].mean(0))
    assert [text.get_text() for text in accuracy.get_legend().texts] == ["fits", "over"]


@pytest.mark.parametrize("count", [3, 12])
def test_the_picture_of_a_sweep_names_what_was_swept(tmp_path, count):
    record = swept_record(tmp_path / "sweep", [k / 16 for k in range(count)], 2, "dropout_rate")
    figure = curves_figure(record.folder, ["dropout_rate"], COLOURS)
    legend = figure.axes[0].get_legend()
    assert legend.get_title().get_text() == "dropout rate"
    labels = [text.get_text() for text in legend.texts]
    if count == 3:
        assert labels == ["0.0", "0.0625", "0.125"]
    else:
        assert labels[0] == "best: 0.0"
        assert [label.split(":")[0] for label in labels[1:]] == [
            "second",
            "third",
            "median",
            "worst",
        ]
    solid = [line for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    assert len(solid) == count
    history = 100 * record.history["waves/cnn/validation_accuracy"]
    means = {tuple(history[2 * k : 2 * k + 2].mean(0).round(9)) for k in range(count)}
    assert {tuple(np.round(line.get_ydata(), 9)) for line in solid} == means


def test_the_table_of_a_sweep_has_a_column_for_what_was_swept(tmp_path):
    record = swept_record(tmp_path / "sweep", [0, 0.5], 2, "dropout_rate")
    lines = study_table(record.rows, "validation", ["dropout_rate"]).splitlines()
    assert [lines[i].split()[0] for i in (0, 2, 3)] == ["dropout_rate", "0", "0.5"]


def test_a_picture_of_many_data_sets_has_an_end(tmp_path):
    rng = np.random.default_rng(5)
    arms = [arm_of(rng, f"d{k}", "cnn", 2, 0.0) for k in range(27)]
    figure = curves_figure(write(tmp_path / "many", arms).folder, (), COLOURS)
    assert len(figure.axes) == 2 * 24
    assert "3 more data sets in history.npz" in figure.get_suptitle()
