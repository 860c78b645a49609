"""What helps where inputs come in a unit that networks do not learn from; and that it does help."""

import re

import numpy as np
import pytest

import dlfun
from dlfun.studies.population.remedies import remedy, unit_notes, unit_of

DRAWN = np.random.default_rng(0).normal(size=(60, 6))
LABELS = (DRAWN[:, 0] > 0).astype(int)
PLAIN = "try a smaller --learning_rate, or --gradient_clip=1"


def data_of(inputs, labels=LABELS):
    return dlfun.from_arrays(np.asarray(inputs, np.float32), labels, name="d").split()


UNITS = {
    "far": (DRAWN + 50, "inputs have mean 49.98 and standard deviation 1.03"),
    "wide": (30 * DRAWN, "standard deviation 30"),
    "narrow": (1e-4 * DRAWN, r"standardise them as \(x - .*\) / 0\.0001"),
    "of one feature": (DRAWN * [1, 1, 400, 1, 1, 1], "feature 2 .* standardise each feature, this"),
    "of a constant": (
        DRAWN * [1, 0, 1, 1, 1, 1] + [0, 99, 0, 0, 0, 0],
        "feature 1 .* leave it out",
    ),
    "of nothing": (0 * DRAWN, "inputs have mean 0 .* tell nothing"),
    "sequences": (DRAWN[:, :, None] + 50, "inputs have mean 49.98 and standard deviation 1.03"),
    "images": (128 + 60 * DRAWN[:, :, None, None], "inputs have mean 12"),
}


@pytest.mark.parametrize("kind", UNITS)
def test_an_unfit_unit_is_named_with_what_to_do(kind):
    inputs, words = UNITS[kind]
    found = data_of(np.round(inputs * 1e6) / 1e6)
    (note,) = unit_notes(found)
    assert re.match(f"d: .*{words}", note)
    assert remedy(found) == note.removeprefix("d: ")
    assert remedy(found, "shortly") == "shortly"


@pytest.mark.parametrize(
    "inputs", [DRAWN, 3 * DRAWN + 2, np.abs(DRAWN) / 9, np.eye(6)[LABELS], DRAWN > 0]
)
def test_a_fit_unit_is_not(inputs):
    found = data_of(inputs)
    assert not unit_notes(found)
    assert remedy(found, "shortly") == PLAIN


def test_brightnesses_are_fit_and_texts_have_no_unit():
    grey = np.random.default_rng(0).integers(0, 256, (60, 4, 4), np.uint8)
    assert not unit_notes(dlfun.from_arrays(grey, LABELS).split())
    assert unit_of(dlfun.load("copy").split()) is None


def test_numbers_of_a_table_are_fit(tmp_path):
    """They are standardised before a network reads them."""
    rows = zip(1000 + 300 * DRAWN[:, 0], 1e-6 * DRAWN[:, 1], LABELS, strict=True)
    lines = ["x,y,label", *(f"{x},{y},c{label}" for x, y, label in rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    assert not unit_notes(dlfun.load(tmp_path / "a.csv").split())


def test_the_advice_to_a_vae_that_failed_at_once_helps():
    inputs = 1000 + 300 * DRAWN
    net = dlfun.model("vae", widths=(8,))
    numbers = {"seeds": 2, "steps": 5, "evaluations": 1}
    failed = dlfun.train(net, dlfun.from_arrays(inputs, LABELS, name="d"), **numbers)
    assert {row["status"] for row in failed.rows} == {"failed"}
    told, said = failed.notes
    assert said.startswith("d: 2 of 2 runs of vae stopped being finite (first at step 0)")
    assert said.endswith("standardise its inputs first")
    mean, sd = map(float, re.search(r"\(x - (.*)\) / (.*)$", told).groups())
    assert (mean, sd) == (pytest.approx(1000, abs=50), pytest.approx(300, abs=30))
    again = dlfun.from_arrays((inputs - mean) / sd, LABELS, name="d")
    learned = dlfun.train(net, again, **numbers)
    assert {row["status"] for row in learned.rows} == {"ok"}
    assert told not in learned.notes


@pytest.mark.parametrize(("units", "most"), [((1, 1000), 1), ((5e-3, 1e-6), 0), ((1, 2), None)])
def test_the_output_that_decides_an_rmse_is_named(units, most):
    found = unit_notes(dlfun.from_arrays(DRAWN, DRAWN[:, :2] * units).split())
    if most is None:
        assert not found
    else:
        assert re.match(f"arrays: the rmse, and so each verdict, .* of output {most} alone", *found)
    assert not unit_notes(dlfun.from_arrays(DRAWN, DRAWN[:, 0] * units[1]).split())
