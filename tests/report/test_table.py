"""The table and the pictures of a study, from rows made by hand."""

import matplotlib.image
import numpy as np
import pytest

from dlfun.report.figures.record_figures import axes_grid, draw_comparison, draw_example, save
from dlfun.report.rows import summarise
from dlfun.report.text.table import study_table, text_table
from dlfun.stats import t_interval


def row(model, accuracy, dataset="toy", status="ok", **more):
    return {
        "model": model,
        "dataset": dataset,
        "status": status,
        "test_accuracy": accuracy,
        "test_loss": 0.5,
        "parameters": 1234,
        "compile_seconds": 1.5,
        "seconds": 0.25,
        "chance": 0.1,
    } | more


ROWS = [row("a", x) for x in (0.5, 0.6, 0.7)] + [row("b", x) for x in (0.9, 0.8, np.nan)]
ROWS[-1]["status"] = "failed"


def test_sorted_by_score_with_failures_counted():
    lines = summarise(ROWS, "test", ["model"])
    assert [line.label for line in lines] == ["b", "a"]
    assert lines[0].score == t_interval([0.9, 0.8])
    first, second = study_table(ROWS).splitlines()[2:4]
    wanted = t_interval([50, 60, 70])
    assert second.split() == [
        "a",
        "60.00",
        f"{wanted.half_width:.2f}",
        "10.00",
        "3",
        "0",
        "1,234",
        "1.5",
        "0.8",
        "10.00",
    ]
    assert first.split()[4:6] == ["3", "1"]
    assert "95 % t interval" in study_table(ROWS)


def test_a_long_table_shows_its_best_lines_and_says_so():
    rows = [row(f"m{i:02}", i / 100) for i in range(60)]
    table = study_table(rows, most=50).splitlines()
    assert [line.split()[0] for line in table[2:4]] == ["m59", "m58"]
    assert table[52:] == [
        "... and 10 more lines, all in members.csv",
        *study_table(rows).splitlines()[62:],
    ]
    assert len(study_table(rows[:50], most=50).splitlines()) == 53


def test_what_a_search_stopped_comes_last_with_its_steps():
    stopped = row("early", 0.95, status="stopped", steps=30)
    rows = [row("a", 0.5, steps=90), stopped, row("late", 0.6, status="stopped", steps=60)]
    table = study_table(rows).splitlines()
    assert [(line.split()[0], line.split()[-1]) for line in table[2:5]] == [
        ("a", "90"),
        ("late", "60"),
        ("early", "30"),
    ]


def test_several_data_sets_stand_apart_and_regression_sorts_upwards():
    rows = ROWS + [row(m, "", "sums", test_loss=x) for m, x in (("a", 0.2), ("b", 0.1))]
    table = study_table(rows).splitlines()
    assert [line.split()[:4] for line in table[2:6]] == [
        ["toy", "test", "accuracy", "b"],
        ["toy", "test", "accuracy", "a"],
        ["sums", "test", "loss", "b"],
        ["sums", "test", "loss", "a"],
    ]
    assert table[4].split()[4] == "0.1"


def test_numbers_have_an_r2_beside_them_and_the_mean_to_beat():
    def arm(model, rmse, r2):
        return row(model, "", "houses", test_rmse=rmse, test_r2=r2, chance=5.0)

    rows = [arm("a", 1.0, 0.96), arm("a", 3.0, 0.64), arm("b", 6.0, -0.44), arm("c", 7.0, -1.0)]
    table = study_table(rows).splitlines()
    assert [line.split()[0] for line in table[2:5]] == ["a", "b", "c"]
    assert "R²" in table[0].split()
    assert "0.8" in table[2].split()
    assert table[5] == "b, c are no better than always saying the mean of the training targets."
    assert "no better" not in study_table(rows[:2])
    near = study_table([*rows[:2], arm("d", 4.99, -0.1)])  # nearer than the mean that was known
    assert "By R², d is no better than always saying the mean of the test targets.\n" in near
    assert "training targets" not in near
    assert "R²" not in study_table(ROWS)


def test_sweeps_name_their_values_as_flags_do():
    rows = [row("a", 0.5, validation_accuracy=0.5, bpnn_widths=(4, 4), learning_rate=0.1)]
    table = study_table(rows, "validation", ["bpnn_widths", "learning_rate"])
    names, _, values, *_ = table.splitlines()
    assert names.split()[:2] == ["bpnn_widths", "learning_rate"]
    assert values.split()[:2] == ["4,4", "0.1"]


@pytest.mark.parametrize("validated", [True, False])
def test_curves_are_drawn_from_the_history(tmp_path, validated):
    metric = "validation_accuracy" if validated else "train_loss"
    arrays = {
        "d/a/step": np.array([1, 2, 3]),
        f"d/a/{metric}": np.random.default_rng(0).random((4, 3)),
    }
    np.savez(tmp_path / "history.npz", **arrays)
    examples = np.random.default_rng(0).random((10, 40, 1))
    same = dict.fromkeys(("inputs", "reconstructions", "samples"), examples)
    more = {"modality": "sequence", "traversed": np.array([3]), "traversals": examples[None]}
    np.savez(tmp_path / "d-vae-samples.npz", **same, **more)
    draw_comparison(tmp_path)
    for name in ("curves.png", "d-vae-samples.png"):
        picture = matplotlib.image.imread(tmp_path / name)
        assert picture.shape[1] > 500
        assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 50


@pytest.mark.parametrize(
    "shape", [(5,), (6, 1), (4, 4, 1), (4, 4, 2), (4, 4, 3), (4, 1, 1), (3, 4, 4, 1)]
)
def test_every_modality_can_be_drawn(shape):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    draw_example(axes, np.ones(shape))
    assert len(axes.images) == (len(shape) > 2)
    assert bool(axes.lines) == (len(shape) <= 2)


def test_spectrograms_stand_upright_and_videos_are_strips():
    from matplotlib.figure import Figure

    axes, others = Figure().subplots(1, 2)
    spectrogram = np.arange(12.0).reshape(4, 3)
    draw_example(axes, spectrogram, "speech")
    np.testing.assert_array_equal(axes.images[0].get_array(), spectrogram.T)
    assert axes.images[0].origin == "lower"
    video = np.arange(24, dtype=np.uint8).reshape(3, 2, 4, 1)
    draw_example(others, video)
    shown = np.asarray(others.images[0].get_array())
    assert shown.shape == (2, 3 * 4 + 2)
    np.testing.assert_array_equal(shown[:, 10:], video[2, ..., 0])
    np.testing.assert_array_equal(shown[:, 4], video.max())


def test_columns_are_aligned_as_terminals_show_them():
    """A letter of Chinese takes two columns, and an accent of its own none."""
    rows = [{"model": name, "n": "1"} for name in ("cnn", "猫", "Cafe\u0301")]
    lines = text_table(rows).splitlines()[2:]
    assert lines == ["cnn    1", "猫     1", "Cafe\u0301   1"]


def test_a_picture_of_letters_that_no_font_has_is_saved_without_a_warning(tmp_path):
    figure, (axes,) = axes_grid(1, 1, 1.0)
    axes.set_title("猫 हिन्दी")
    save(figure, tmp_path / "a.png")
    assert matplotlib.image.imread(tmp_path / "a.png").ndim == 3
