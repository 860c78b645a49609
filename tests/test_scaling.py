"""Standardised numbers: against numpy, and what float32 keeps of numbers far from 0."""

import jax
import numpy as np
import pytest

from dlfun.learners.prepare import seen
from dlfun.scaling import Scaling, Standard, origin_of, standard_of
from dlfun.types import Spec

ROWS = np.array([[1.0, 4.0, 0, 1], [3.0, 4.0, 0, 0], [8.0, 4.0, 0, 1]])
NUMERIC = np.array([True, True, False, False])


def test_columns_are_standardised_by_the_rows_they_are_fitted_on():
    standard = standard_of(ROWS, NUMERIC).fitted(ROWS)
    assert standard.mean.tolist() == [4.0, 4.0, 0.0, 0.0]
    np.testing.assert_allclose(standard.sd, [ROWS[:, 0].std(), 0, 0, 1])
    new = np.array([[4.0, 9.0, 1.0, 1.0]])  # what never varied, and what no row held, is 0
    np.testing.assert_allclose(standard.standardised(new), [[0.0, 0.0, 0.0, 1.0]])
    np.testing.assert_allclose(standard.stored(standard.standardised(ROWS)), ROWS, rtol=1e-12)


def test_arrays_of_a_device_are_standardised_alike():
    standard = standard_of(ROWS, NUMERIC).fitted(ROWS)
    found = jax.jit(Standard.standardised)(standard, ROWS.astype(np.float32))
    np.testing.assert_allclose(found, standard.standardised(ROWS), rtol=1e-6)
    back = jax.jit(Standard.in_user_unit)(standard, found)
    np.testing.assert_allclose(back, standard.in_user_unit(np.asarray(found)), rtol=1e-6)


@pytest.mark.parametrize("far", [0.0, 1e6, -1.7e9])
def test_what_varies_survives_however_far_from_0_it_lies(far):
    values = far + np.random.default_rng(0).normal(size=(200, 1))
    standard = standard_of(values)
    stored = (values - standard.origin).astype(np.float32)
    found = standard.fitted(stored[:50]).standardised(stored)
    rows = values[:50]
    np.testing.assert_allclose(found, (values - rows.mean()) / rows.std(), atol=1e-5)
    assert (standard.origin != 0).tolist() == [far != 0]


@pytest.mark.parametrize(
    ("column", "origin"),
    [
        ([5.0, 6, 7, 8], 0),
        ([1e5 + 1, 1e5 + 2, 1e5 + 3, -1e30], 1e5 + 2),  # one wild row moves nothing
        ([7.0] * 9 + [8.0], 0),
        ([7e6] * 9 + [7e6 + 1], 7e6),
        ([7e6] * 9, 0),  # a constant becomes 0 in any case
    ],
)
def test_an_origin_is_near_values_that_lie_far_away(column, origin):
    assert origin_of(np.array(column)[:, None]).tolist() == [origin]


def test_a_model_sees_pixels_scaled_ids_as_they_are_and_numbers_standardised():
    stored = np.array([[0, 255]], np.uint8)
    assert seen(stored, Spec((2,), "image", "generation", 0, scale=1 / 255), None).tolist() == [
        [0.0, 1.0]
    ]
    assert seen(stored, Spec((2,), "text", "generation", 0, vocabulary=256), None) is stored
    scaling = Scaling(standard_of(ROWS, NUMERIC)).fitted(ROWS, None)
    found = seen(ROWS, Spec((4,), "vector", "regression", 1), scaling)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scaling.inputs.standardised(ROWS), rtol=1e-6)
