"""Colours of families: the same in any company, none shared, told apart by colour-blind readers."""

import itertools
import re

import numpy as np
import pytest

from dlfun.config.classical import CLASSICAL
from dlfun.models import MODELS
from dlfun.report import styles
from dlfun.report.html.page import TEMPLATES

# Machado, Oliveira & Fernandes (2009), table 1, severity 1, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175],
       [0.0193339, 0.119192, 0.9503041]]  # fmt: skip


def lab(colour, sight):
    """CIELAB of #rrggbb as somebody sees it."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(SIGHT[sight]) @ linear, 0, 1)
    scaled = np.array(XYZ) @ seen / [0.95047, 1, 1.08883]
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_networks_are_told_apart_by_everybody(mode, sight):
    seen = {name: lab(getattr(styles.colour(k), mode), sight)
            for name, k in styles.styles(MODELS).items()}  # fmt: skip
    apart = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(seen, 2)}
    assert min(apart.values()) > 18, min(apart, key=apart.get)


def test_a_family_has_its_style_in_any_company_and_alone():
    everybody = styles.styles([*MODELS, *CLASSICAL, "mine", "svm+hog"])
    assert len({k % len(styles.COLOURS) for k in everybody.values()}) == len(styles.COLOURS)
    for name in (*MODELS, *CLASSICAL, "svm+hog"):
        assert styles.styles([name]) == {name: everybody[name]}
        assert styles.styles(["mine", name, "rnn"])[name] == everybody[name]


def test_no_style_is_given_twice_and_order_does_not_matter():
    variants = [f"svm+{k}" for k in range(9)]
    names = [*MODELS, *variants, *(f"own{k}" for k in range(60)), *CLASSICAL]
    found = styles.styles(names)
    assert len(set(found.values())) == len(names)
    assert styles.styles(names[::-1]) == found
    colours = {found[name] % len(styles.COLOURS) for name in variants}
    assert colours == {found["svm"]}
    marks = {(styles.shape(found[n]), styles.dash(found[n])) for n in ("svm", *variants[:5])}
    assert len(marks) == 6


def test_few_own_models_have_colours_that_nobody_else_has():
    names = [*MODELS, "a", "b", "c", "d", "e", "f"]
    assert len({k % len(styles.COLOURS) for k in styles.styles(names).values()}) == 12


def test_the_page_has_the_colours_of_the_table():
    light, dark = (TEMPLATES / "style.css").read_text().split("@media", 2)[:2]
    for k, colour in enumerate(styles.COLOURS):
        assert re.search(rf"--c{k}: (#\w+)", light)[1] == colour.light
        assert re.search(rf"--c{k}: (#\w+)", dark)[1] == colour.dark
        assert f".s{k} {{ --c: var(--c{k}); }}" in (TEMPLATES / "style.css").read_text()
