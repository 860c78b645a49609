"""One rule for texts: what is a number, a code, a class, or missing, wherever it stands."""

import re
import unicodedata

import numpy as np
import pytest
from PIL import Image

import dlfun
from dlfun import data
from dlfun.cli import app, study_flags
from dlfun.data.user_files.cells import clean
from dlfun.data.user_files.table import read_table
from dlfun.errors import UserError
from dlfun.records.flagfile import flag_lines
from dlfun.studies.population.study_data import load
from dlfun.types import DataOptions
from tests.data.test_own import pixels, save_csv, save_npz
from tests.helpers import options

MANY = [f"{i}.5" for i in range(20)]


def target_in_table(folder, cells, kind):
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    path = save_csv(folder, "x,y", *(f"{i}.5,{cell}" for i, cell in enumerate(quoted)))
    return data.read(str(path), DataOptions(target_type=kind))


def target_in_npz(folder, cells, kind):
    path = save_npz(folder, inputs=np.arange(len(cells))[:, None] / 2, targets=np.array(cells))
    return data.read(str(path), DataOptions(target_type=kind))


def target_in_python(folder, cells, kind):
    inputs = np.arange(len(cells))[:, None] / 2
    return dlfun.from_arrays(inputs, np.array(cells, object), target_type=kind).raw


def seen(raw):
    """The targets of all examples in the order of their inputs, by class or as numbers."""
    inputs = np.concatenate([raw.train.inputs, raw.test.inputs])[:, 0]
    targets = np.concatenate([raw.train.targets, raw.test.targets])[np.argsort(inputs)]
    return [raw.classes[i] for i in targets] if raw.classes else targets[:, 0].tolist()


COLUMNS = {
    "underscores": (["1_0", "2_1", "3_2"] * 4, None, ("1_0", "2_1", "3_2")),
    "underscores, 12 of them": ([f"{i}_0" for i in range(12)] * 2, None, 12),
    "one number as classes": (["1E2", "100", "10E1"] * 4, "class", ("100", "10E1", "1E2")),
    "long ids": ([f"123456789012345678{i}" for i in "123"] * 4, None, 3),
    "zip codes": (["01234", "01235", "11234"] * 4, None, ("01234", "01235", "11234")),
    "hexadecimal": (["0x10", "0x11"] * 4, None, ("0x10", "0x11")),
    "signs": (["+", "-"] * 4, None, ("+", "-")),
    "plus and minus one": (["+1", "-1"] * 4, None, ("-1", "+1")),
    "truth": (["True", "False"] * 4, None, ("False", "True")),
    "dates": (["2024-01-05", "2024-01-06"] * 4, None, ("2024-01-05", "2024-01-06")),
    "infinite": (["inf", "-inf"] * 4, None, ("-inf", "inf")),
    "counts": (["0", "1", "2", "3+"] * 4, None, ("0", "1", "2", "3+")),
    "few decimal commas": (["1,5", "2,5"] * 4, None, ("1,5", "2,5")),
    "ten before nine": (["10", "9"] * 4, None, ("9", "10")),
    "whole as numbers": (["3", "9", "-1"] * 4, "number", None),
    "codes as numbers": (["01", "02", "3"] * 4, "number", None),
    "101 whole ones": ([str(i) for i in range(101)], None, None),
    "101 whole ones as classes": ([str(i) for i in range(101)] * 2, "class", 101),
    "all spellings": (["1.", ".5", "+1e2", "-3E-1", "7", "0.50", *MANY], None, None),
    "blanks around": ([" 1.5 ", "\u00a02.5", *MANY], None, None),
}


@pytest.mark.parametrize("read", [target_in_table, target_in_npz, target_in_python])
@pytest.mark.parametrize("case", COLUMNS)
def test_a_target_is_what_a_person_would_say(case, read, tmp_path):
    cells, kind, classes = COLUMNS[case]
    raw = read(tmp_path, cells, kind)
    assert raw.spec.task == ("classification" if classes else "regression")
    if classes is None:
        assert seen(raw) == pytest.approx([float(cell) for cell in cells])
    elif isinstance(classes, int):
        assert len(raw.classes) == raw.spec.outputs == classes
        assert seen(raw) == cells
    else:
        assert raw.classes == classes
        assert seen(raw) == cells


REFUSED = {
    "one number": (["1E2", "100", "10E1"] * 4, None, "100 throughout, .* --target_type=class"),
    "one whole number": (["5"] * 8, None, "all examples are of one class"),
    "one whole number wanted": (["5"] * 8, "number", "5 throughout, and nothing can be learned"),
    "long ids as numbers": (["12345678901234567", "12345678901234568"] * 4, "number", "not a numb"),
    "two spellings": (["1", "+1", "2", "-1"] * 4, None, "one number; spell it in one way"),
    "many codes": (
        [f"{i:04}" for i in range(200)],
        None,
        "200 different .* '0000' is a code",
    ),
    "decimal commas": (
        [f"{i},5" for i in range(12)] * 2,
        None,
        "'0,5' .* is not a number, numbers",
    ),
    "thousands": (
        ["999.0", *(f"{i},000.5" for i in range(1, 30))],
        None,
        "'1,000.5' in .* not a num",
    ),
    "two ways": (["500", "999", "1,000"] * 9, None, "'1,000' in .* is not a number, as most"),
    "percent": ([f"{i} %" for i in range(30)], None, "'0 %' in .* is not a number"),
    "currency": ([f"${i}.50" for i in range(30)], None, "is not a number"),
    "Arabic digits": (
        ["\u0661\u0662", *(f"\u0661{i}" for i in range(20))],
        None,
        "is not a number",
    ),
    "full-width digits": ([f"\uff11{i}" for i in range(20)], None, "is not a number"),
    "Fortran": ([f"{i}d5" for i in range(20)], None, "'0d5' in .* is not a number"),
    "a typo": ([*MANY, "1o.5"], None, "'1o.5' in .* is not a number, as most"),
    "not finite": ([*MANY, "inf"], None, "'inf' in .* is not a number, as most"),
    "too large": ([*MANY, "1e39"], None, "'1e39' in .* is not a finite number in float32"),
    "a text as a number": (["a", "b"] * 4, "number", "'a' in .* is not a number"),
    "two forms": (["caf\u00e9", "cafe\u0301", "tea"], None, "class tea has one example"),
    "twins": (["\u0410B", "AB"] * 4, None, r"'\\u0410B' and 'AB' print alike|'AB' and '\\u0410B'"),
    "zero width": (["a\u200db", "ab"] * 4, None, "print alike"),
}


@pytest.mark.parametrize("read", [target_in_table, target_in_npz, target_in_python])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_target_is_refused_in_one_line(case, read, tmp_path):
    cells, kind, words = REFUSED[case]
    in_python = words.replace("--", "") if read is target_in_python else words
    with pytest.raises(UserError, match=in_python) as error:
        read(tmp_path, cells, kind)
    assert "\n" not in str(error.value)


MISSING = ("", " ", "nan", "NaN", "NA", "N/A", "null", "None", "?", "-", "NULL", "<NA>", ".")


@pytest.mark.parametrize("cell", MISSING)
@pytest.mark.parametrize("row", [0, 11])
@pytest.mark.parametrize("others", ["numbers", "texts"])
def test_a_missing_value_is_missing_in_every_row_of_every_column(cell, row, others, tmp_path):
    cells = [str(i % 7 + 0.5) if others == "numbers" else "ab"[i % 2] for i in range(12)]
    cells[row] = cell
    there = rf"line {row + 2}: the cell of column [xy] (is empty|holds '{cell}'.* missing)"
    for names in ("x,y", "y,x"):
        lines = [f'"{cell}",{i}.5' for i, cell in enumerate(cells)]
        path = save_csv(tmp_path, names, *lines)
        for target in ("x", "y"):
            with pytest.raises(UserError, match=there.replace("?'", r"\?'")):
                data.read(str(path), DataOptions(target_column=target))
    if cell.strip():
        with pytest.raises(UserError, match=rf"example {row} of train: the cell of the target"):
            target_in_python(tmp_path, [*cells[:row], None, *cells[row + 1 :]], None)


def features_of(folder, cells):
    lines = [f'"{cell}",{"ab"[i % 2]}' for i, cell in enumerate(cells)]
    return data.read(str(save_csv(folder, "x,y", *lines)), DataOptions())


@pytest.mark.parametrize(
    ("cells", "width"),
    [
        (["1_0", "2_1", "3_2"] * 4, 3),
        (["01234", "01235", "11234"] * 4, 3),
        ([f"123456789012345678{i}" for i in "123"] * 4, 3),
        (["0", "1", "2", "3+"] * 4, 4),
        (["1E2", "100", "7.5"] * 4, 1),
        (["caf\u00e9", "cafe\u0301", "tea", "tea\u200b", " tea\u00a0"] * 4, 2),
    ],
)
def test_features_follow_the_same_rule(cells, width, tmp_path):
    assert features_of(tmp_path, cells).spec.shape == (width,)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"{i},5" for i in range(12)] * 2, "is not a number"),
        ([f"{i:05}" for i in range(60)], "60 different texts, .* a code"),
        ([*MANY, "x"], "'x' in column x is not a number, as most of the column are"),
        (["1.5", "007", "2.5", "3.5"], "'007' in column x is not a number"),
    ],
)
def test_features_that_are_neither_are_refused(cells, words, tmp_path):
    with pytest.raises(UserError, match=words):
        features_of(tmp_path, cells)


DOUBTS = {
    "whole": (
        [str(i) for i in range(20)] * 2,
        "column y is taken as 20 classes, .* --target_type=nu",
    ),
    "many whole": (
        [str(i) for i in range(101)],
        "column y is taken as numbers .* --target_type=class",
    ),
    "few numbers": (["1.0", "2.0", "3.0"] * 4, "taken as numbers, though it has 3 values only"),
    "mixed": (
        ["0", "1", "3+"] * 4,
        "3 classes .line 4: '3[+]' is no number.; --target_type=class con",
    ),
    "codes": (["01", "02"] * 4, "taken as 2 classes .line 2: '01' is a code"),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_what_could_be_meant_otherwise_is_said_in_a_line(case, tmp_path, capsys):
    cells, words = DOUBTS[case]
    (doubt,) = target_in_table(tmp_path, cells, None).doubts
    assert re.search(words, doubt)
    load(str(tmp_path / "own.csv"), options(("softmax",)))
    assert capsys.readouterr().err == f"{doubt}\n"
    dlfun.load(tmp_path / "own.csv")
    assert capsys.readouterr().err == doubt.replace("--", "") + "\n"
    for kind in ("class", "number"):
        if case != "mixed" or kind == "class":
            if case == "many whole":
                cells = cells * 2
            assert not target_in_table(tmp_path, cells, kind).doubts


def test_an_identifier_among_features_is_said(tmp_path):
    (doubt,) = features_of(tmp_path, [str(i) for i in range(20)]).doubts
    assert "column x is a whole number of its own on each line" in doubt
    (doubt,) = features_of(tmp_path, [f"name {i}" for i in range(20)]).doubts
    assert "column x is another text on each line" in doubt
    assert not features_of(tmp_path, MANY).doubts
    names = ",".join([*(f"x{i}" for i in range(9)), "y"])
    lines = [",".join([str(i)] * 9 + ["ab"[i % 2]]) for i in range(20)]
    raw = data.read(str(save_csv(tmp_path, names, *lines)), DataOptions())
    assert raw.doubtful()[5:] == ("... and of 4 more columns",)


def test_names_in_small_and_capital_letters_are_two_and_said(tmp_path):
    raw = target_in_table(tmp_path, ["Yes", "yes", "no"] * 4, None)
    assert raw.classes == ("Yes", "no", "yes")
    assert "column y has 'Yes' and 'yes', which are taken as two" in raw.doubts[0]
    assert "which are taken as two" in features_of(tmp_path, ["\ufb01x", "fix"] * 4).doubts[0]
    raw = features_of(tmp_path, ["1E2", "100", "10E1"] * 4)
    assert "column x is 1E2 on all lines, written in several ways" in raw.doubts[0]


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        (np.array([1, 0] * 4, object), ("0", "1")),
        (np.array(["a", 1] * 4, object), ("1", "a")),
        (np.array(["a", "b"] * 4, np.dtypes.StringDType()), ("a", "b")),
        (np.array([["a"], ["b"]] * 4), ("a", "b")),
        (np.array([1.5, 2.5] * 4, object), ()),
        (np.array([[1, 2], [3, 5]] * 4), ()),
    ],
)
def test_types_of_arrays(targets, classes):
    kind = "number" if targets.shape == (8, 2) else None
    found = dlfun.from_arrays(np.arange(8.0)[:, None], targets, target_type=kind)
    assert found.classes == classes


def test_texts_of_two_splits_are_one_column():
    inputs = np.arange(8.0)[:, None]
    test = (inputs[:2], ["cafe\u0301", "tea"])
    found = dlfun.from_arrays(inputs, ["caf\u00e9", "tea"] * 4, test=test).raw
    assert found.test.targets.tolist() == [0, 1]
    with pytest.raises(UserError, match=r"the test split has labels that .* not have: cake"):
        dlfun.from_arrays(inputs, ["tea", "milk"] * 4, test=(inputs[:1], ["cake"]))
    with pytest.raises(UserError, match="example 1 of test: the cell of the target is empty"):
        dlfun.from_arrays(inputs, ["tea", "milk"] * 4, test=(inputs[:2], ["tea", ""]))


def test_names_of_classes_as_bytes():
    inputs = np.arange(8.0)[:, None]
    names = np.array(["caf\u00e9".encode(), b"tea"] * 4)
    assert dlfun.from_arrays(inputs, names).classes == ("caf\u00e9", "tea")
    with pytest.raises(UserError, match="bytes, but not of UTF-8"):
        dlfun.from_arrays(inputs, np.array([b"\xe9", b"\xe8"] * 4))


def test_whole_numbers_in_arrays(tmp_path, capsys):
    inputs, gaps = np.arange(12.0)[:, None], np.array([100, 250, 330] * 4)
    with pytest.raises(UserError, match=r"labels must be 0 to 2 .* target_type=class takes any"):
        dlfun.from_arrays(inputs, gaps)
    found = dlfun.from_arrays(inputs, gaps, target_type="class").raw
    assert found.classes == ("100", "250", "330")
    assert seen(found) == [str(number) for number in gaps]
    assert seen(dlfun.from_arrays(inputs, gaps, target_type="number").raw) == gaps.tolist()
    assert capsys.readouterr().err == ""
    floats = dlfun.from_arrays(inputs, gaps.astype(float))
    assert floats.spec.task == "regression"
    assert "3 values only; target_type=class" in capsys.readouterr().err
    again = dlfun.from_arrays(inputs, gaps.astype(float), target_type="class").raw
    assert seen(again) == seen(found)
    ids = 2**60 + np.arange(12) % 3
    assert len(dlfun.from_arrays(inputs, ids, target_type="class").classes) == 3
    with pytest.raises(UserError, match=r"beyond 2\^53"):
        dlfun.from_arrays(inputs, ids, target_type="number")
    with pytest.raises(UserError, match="not all whole numbers"):
        dlfun.from_arrays(inputs, gaps / 7, target_type="class")


@pytest.mark.parametrize("kind", [None, "number"])
def test_a_constant_target_is_refused(kind, tmp_path):
    inputs = np.arange(12.0)[:, None]
    with pytest.raises(UserError, match="the target is 5 throughout"):
        dlfun.from_arrays(inputs, np.full(12, 5.0), target_type=kind)
    pair = np.stack([np.arange(12.0), np.full(12, 7.0)], 1)
    with pytest.raises(UserError, match="output 1 of the targets is 7 throughout"):
        dlfun.from_arrays(inputs, pair, target_type=kind)
    with pytest.raises(UserError, match="column y is 5 throughout"):
        target_in_table(tmp_path, ["5.0"] * 8, kind)


def test_names_of_columns_are_compared_as_they_print(tmp_path):
    composed, apart = "gr\u00f6\u00dfe", unicodedata.normalize("NFD", "gr\u00f6\u00dfe")
    path = save_csv(tmp_path, f"{apart},kind\u200b", "1.5,a", "2.5,b", "3.5,a", "4.5,b")
    assert list(read_table(path).places) == [composed, "kind"]
    raw = data.read(str(path), DataOptions(target_column=apart))
    assert raw.spec.task == "regression"
    with pytest.raises(UserError, match="every column needs a name of its own"):
        read_table(save_csv(tmp_path, f"{apart},{composed}", "1,2"))


def test_folders_of_one_name_in_two_forms(tmp_path):
    composed, apart = "caf\u00e9", "cafe\u0301"
    for part, name in (("train", composed), ("train", "tea"), ("test", apart), ("test", "tea")):
        (tmp_path / part / name).mkdir(parents=True)
        for i in range(2):
            Image.fromarray(pixels(4, 6, seed=i)).save(tmp_path / part / name / f"{i}.png")
    raw = data.read(str(tmp_path), DataOptions())
    assert raw.classes == (composed, "tea")
    assert raw.test.targets.tolist() == [0, 0, 1, 1]
    (tmp_path / "train" / apart).mkdir()
    with pytest.raises(UserError, match=r"'cafe\\u0301' and 'caf\\xe9' print alike; merge"):
        data.read(str(tmp_path), DataOptions())


def test_what_is_cleaned_stays_as_it_is():
    texts = [
        "plain",
        "two words",
        "caf\u00e9",
        "\u0639\u0644\u06cc",
        "\u043c\u0438\u0440",
        "m\u00b2",
        "\u2460",
    ]
    assert [clean(text) for text in texts] == texts
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert clean(family) == family


def test_the_flag_goes_with_data_of_ones_own(tmp_path):
    values = study_flags.study_flags("train", model="softmax", dataset="digits")
    with pytest.raises(
        UserError, match=r"--target_type=class: none of the data sets is a \.csv or"
    ):
        app.parse(values, ["x", "--target_type=class"])
    path = save_csv(tmp_path, "x,y", *(f"{i}.5,{i % 3}" for i in range(12)))
    app.parse(values, ["x", f"--dataset={path}", "--target_type=number"])
    request = study_flags.request_of(values)
    assert request.data.target_type == "number"
    assert "--target_type=number" in flag_lines(request)
    with pytest.raises(UserError, match="--target_type=text"):
        app.parse(values, ["x", f"--dataset={path}", "--target_type=text"])
