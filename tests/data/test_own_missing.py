"""Missing cells of a user's table, held against scikit-learn's imputer on the same rows."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

import dlfun
from dlfun import data, keys
from dlfun.data.user_files.inputs import source_of
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.learners.prepare import prepare, seen
from dlfun.preparation import Preparation
from dlfun.types import DataOptions
from tests.data.test_own import save_csv

ROWS = 60


def cells(seed=0):
    """Numbers [rows, 3] of which some of the first two are missing; the second lies far from 0."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(ROWS, 3)) * [1, 30, 2] + [0, 1e6, 5]
    numbers[rng.random((ROWS, 3)) < [0.3, 0.1, 0]] = np.nan
    return numbers


def table(folder, numbers, words=None, name="own.csv"):
    """Each row with a target of its own, by which it is known again."""
    lines = []
    for i, row in enumerate(numbers):
        known = ["" if np.isnan(x) else repr(float(x)) for x in row]
        lines.append(",".join([*known, *([words[i]] if words else []), f"{i}.5"]))
    heads = [f"x{i}" for i in range(numbers.shape[1])] + ["kind"] * bool(words)
    return save_csv(folder, ",".join([*heads, "y"]), *lines, name=name)


def splits(path, replicate=0, **options):
    """The splits of a replicate: rows of the file, and their inputs as a model sees them."""
    raw = data.read(str(path), DataOptions(**options))
    key = keys.stream(keys.root_key(0), "split")
    own = data.split(raw, key, replicate, DataOptions(**options))
    found = {}
    for name in ("train", "validation", "test"):
        part = getattr(own, name)
        ids = np.round(part.targets[:, 0] + own.scaling.target_origin - 0.5).astype(int)
        found[name] = ids, seen(part.inputs, own.spec, own.scaling), part.inputs, own
    return found


@pytest.mark.parametrize("missing", ["mean", "indicator"])
@pytest.mark.parametrize("scheme", [{}, {"split": "kfold", "folds": 3}, {"split": "random"}])
def test_means_are_those_of_the_training_rows_of_each_replicate(missing, scheme, tmp_path):
    numbers, replicate = cells(), 2 if scheme else 0
    found = splits(table(tmp_path, numbers), replicate, missing=missing, **scheme)
    imputer, scaler = SimpleImputer(), StandardScaler()
    scaler.fit(imputer.fit_transform(numbers[found["train"][0]]))
    assert len({id for ids, *_ in found.values() for id in ids}) == ROWS
    for ids, inputs, stored, own in found.values():
        expected = scaler.transform(imputer.transform(numbers[ids]))
        width = (slice(None), [0, 2, 4]) if missing == "indicator" else slice(None)
        np.testing.assert_allclose(inputs[width], expected, atol=2e-5)
        inside = prepare(stored, own.spec, "float32", own.scaling)  # by JAX, as in a step
        np.testing.assert_allclose(inside, inputs, atol=1e-6)
        if missing == "indicator":
            np.testing.assert_array_equal(inputs[:, [1, 3]], np.isnan(numbers[ids])[:, :2])


def test_a_missing_text_is_a_category_of_its_own_and_a_training_row_makes_it(tmp_path):
    words = ["red" if i % 3 else "?" if i % 2 else "" for i in range(ROWS)]
    path = table(tmp_path, np.ones((ROWS, 1)) * np.arange(ROWS)[:, None] / 2, words)
    found = splits(path, missing="mean")
    for ids, inputs, *_ in found.values():
        gone = np.array([words[i] != "red" for i in ids])
        np.testing.assert_array_equal(inputs[:, 1:], np.stack([gone, ~gone], 1))
    own = found["train"][3]
    assert own.preparation.features[1].categories == ("missing", "red")
    fitted = own.scaling.fitted(own.train.inputs[found["train"][1][:, 2] == 1], np.ones((1, 1)))
    assert fitted.inputs.sd[1] == 0  # as of any category that no training row has


def test_dropped_rows_are_counted_and_the_others_are_as_if_they_had_never_been(tmp_path, capsys):
    numbers = cells()
    path = table(tmp_path, numbers)
    whole = ~np.isnan(numbers).any(1)
    dropped = dlfun.load(path, missing="drop").raw
    gaps = np.isnan(numbers)
    said = f"{(~whole).sum()} of {ROWS} rows have missing cells, most of them in column x0, "
    assert f"{said}{gaps[:, 0].sum()}, and are left out" in capsys.readouterr().err
    lines = path.read_text().splitlines()
    kept = [lines[0], *(line for line, there in zip(lines[1:], whole, strict=True) if there)]
    (tmp_path / "other").mkdir()
    alone = data.read(str(save_csv(tmp_path / "other", *kept)), DataOptions())
    assert dropped.checksum == alone.checksum
    target = lines[0].replace("x2,y", "x2,y\n1,2,3,")
    again = save_csv(tmp_path, target, *kept[1:], name="again.csv")
    assert data.read(str(again), DataOptions(missing="drop")).checksum == alone.checksum


@pytest.mark.parametrize("missing", ["mean", "indicator"])
def test_new_rows_may_miss_what_rows_of_the_table_could(missing, tmp_path):
    numbers = cells()
    words = ["ab"[i % 2] for i in range(ROWS)]
    raw = data.read(str(table(tmp_path, numbers, words)), DataOptions(missing=missing))
    kept = Preparation.of_json(raw.preparation.as_json())
    assert kept == raw.preparation
    new = save_csv(tmp_path, "kind,x2,x1,x0", "b,,1e6,NA", ",5,,1", name="new.csv")
    found = read_given([new], source_of(raw._replace(preparation=kept))).inputs
    origin = raw.scaling.inputs.origin
    x1 = 2 if missing == "indicator" else 1
    wanted = np.full((2, raw.spec.shape[0]), 0.0)
    wanted[:, [0, x1]] = [[np.nan, 1e6 - origin[x1]], [1, np.nan]]
    wanted[0, -3:], wanted[1, -3:] = (np.nan, 0, 1), (5, 0, 0)  # no row of the table had no kind
    if missing == "indicator":
        wanted[:, [1, 3]] = [[1, 0], [0, 1]]
    np.testing.assert_array_equal(found, wanted.astype(np.float32))
    source = source_of(raw)
    names = {"mean": ["x0", "x1"], "indicator": ["x0", "x0=missing", "x1", "x1=missing"]}
    assert source.columns == [*names[missing], "x2", "kind=a", "kind=b"]


def test_what_is_not_filled_is_refused_with_what_can_be_done(tmp_path):
    path = table(tmp_path, cells())
    with pytest.raises(UserError, match=r"column x. is empty; .* --missing=mean fills such cells"):
        data.read(str(path), DataOptions())
    rows = [f"{i}.5,{'' if i == 4 else i / 4}" for i in range(12)]
    aim = save_csv(tmp_path, "x,y", *rows, name="aim.csv")
    for missing, words in ((None, "--missing=drop leaves such lines"), ("mean", "is never filled")):
        with pytest.raises(UserError, match=rf"line 6: the cell of column y is empty; .*{words}"):
            data.read(str(aim), DataOptions(missing=missing))
    none = save_csv(tmp_path, "x,z,y", *(f",{i},{i}.5" for i in range(9)), name="none.csv")
    with pytest.raises(UserError, match="all cells of column x are missing; take it out"):
        data.read(str(none), DataOptions(missing="mean"))
    with pytest.raises(UserError, match=r"all rows have missing cells, .* by --ignore_columns"):
        data.read(str(none), DataOptions(missing="drop"))
    raw = data.read(str(path), DataOptions(missing="drop"))
    new = save_csv(tmp_path, "x2,x1,x0", "1,,2", name="new.csv")
    with pytest.raises(UserError, match=r"line 2: the cell of column x1 is empty; .* left out"):
        read_given([new], source_of(raw))
