"""Arrays given from Python are copied: what a checksum was taken of stays as it is."""

import tempfile

import numpy as np
import pytest

import dlfun
from dlfun.data.raw import arrays_checksum
from dlfun.data.user_files import arrays_of


def of_list(array):
    return list(array)


def of_writeable_base(array):
    view = array[:]
    view.flags.writeable = False
    return view


def in_a_file(array):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapped[:] = array
    return mapped


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
@pytest.mark.parametrize("given", [np.asarray, of_list, of_writeable_base, in_a_file])
def test_arrays_are_copied(given, dtype):
    """What their checksum says is so, whatever their owner does with them afterwards."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 9, (3, 8, 5, 4, 1)).astype(dtype)
    labels = np.arange(24).reshape(3, 8) % 2
    x, y = [given(part) for part in base], [given(part) for part in labels]
    data = dlfun.from_arrays(x[0], y[0], test=(x[1], y[1]), validation=(x[2], y[2]))
    before = [part.inputs.copy() for part in (data.raw.train, data.raw.test, data.raw.validation)]
    for array in (base, labels, *x, *y):
        owned = array if isinstance(array, np.ndarray) else np.empty(1)
        while owned.base is not None and isinstance(owned.base, np.ndarray):
            owned = owned.base
        owned[...] = 7
    for inputs, part in zip(before, ("train", "test", "validation"), strict=True):
        split = getattr(data.raw, part)
        np.testing.assert_array_equal(split.inputs, inputs)
        np.testing.assert_array_equal(split.targets, np.arange(8) % 2)
        with pytest.raises(ValueError, match="read-only"):
            split.inputs[0] = 0
    assert data.raw.checksum == arrays_checksum(arrays_of(splits_of(data.raw)))


def splits_of(raw):
    return {part: getattr(raw, part) for part in ("train", "validation", "test")}


def test_masked_values_are_no_values():
    inputs = np.ma.masked_less(np.arange(40.0).reshape(20, 2), 3)
    with pytest.raises(dlfun.UserError, match="train_inputs holds 3 masked values"):
        dlfun.from_arrays(inputs, np.arange(20) % 2)


@pytest.mark.parametrize(
    "far", [1.7e9 + np.arange(40.0), 2**40 + np.arange(40), 1e6 + np.linspace(0, 1, 40)]
)
def test_inputs_that_float32_cannot_tell_apart_are_refused(far):
    """They would become one number, or a few, and a feature that says nothing."""
    words = r"number 1 of the inputs lies near \d+ and varies by .* subtract \d+ from it"
    inputs = np.stack([np.arange(40), far], axis=1)
    with pytest.raises(dlfun.UserError, match=words):
        dlfun.from_arrays(inputs, np.arange(40) % 2)
    dlfun.from_arrays(inputs - [0, far.min()], np.arange(40) % 2)
    deep = np.zeros((40, 3, 2, 1))
    deep[:, 2, 0, 0] = far
    with pytest.raises(dlfun.UserError, match=r"number \[2, 0, 0\] of the inputs lies near"):
        dlfun.from_arrays(deep, np.arange(40) % 2)


@pytest.mark.parametrize(
    "held", [2**24 + 2 * np.arange(40), 0.1 + 1e-17 * np.arange(40), np.full(40, 1.7e9 + 1)]
)
def test_inputs_that_float32_holds_or_that_are_constant_pass(held):
    dlfun.from_arrays(np.stack([np.arange(40), held], axis=1), np.arange(40) % 2)


def test_classes_written_as_rows_of_0_and_1_are_doubted(capsys):
    inputs, rows = np.arange(40.0)[:, None], np.eye(3)[np.arange(40) % 3]
    dlfun.from_arrays(inputs, rows)
    assert "give their argmax(axis=1) as classes" in capsys.readouterr().err
    dlfun.from_arrays(inputs, rows, target_type="number")
    dlfun.from_arrays(inputs, rows + np.arange(40.0)[:, None])
    assert not capsys.readouterr().err
