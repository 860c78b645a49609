"""Tables as spreadsheets of several countries write them, packed ones, and columns left out."""

import gzip
import io
import zlib

import numpy as np
import pytest

import dlfun
from dlfun import data
from dlfun.data.user_files.inputs import source_of
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.types import DataOptions
from tests.data.test_own import save_csv

ROWS = [("Größe", "Ort", "Preis")] + [
    (f"{i * 1.25:.2f}", ("Zürich", "Köln")[i % 2], f"{1000 + i * 0.5}") for i in range(12)
]


def read(path, **options):
    return data.read(str(path), DataOptions(**options))


def content(separator, decimal):
    lines = (separator.join(cell.replace(".", decimal) for cell in row) for row in ROWS)
    return "".join(f"{line}\r\n" for line in lines)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The same table with commas, points and UTF-8."""
    path = tmp_path_factory.mktemp("plain") / "own.csv"
    path.write_text(content(",", "."), encoding="utf-8")
    raw = read(path)
    assert raw.doubts == ()
    return raw


FORMATS = {
    "Excel in German": ("own.csv", content(";", ",").encode("cp1252"), "Windows-1252", "comma"),
    "Excel's CSV UTF-8": ("own.csv", content(";", ",").encode("utf-8-sig"), "semicolons", "comma"),
    "semicolons and points": ("own.csv", content(";", ".").encode(), "semicolons", ""),
    "tabs and decimal commas": ("own.tsv", content("\t", ",").encode(), "", "comma"),
    "Unicode text": ("own.csv", content("\t", ",").encode("utf-16"), "tabs", "comma"),
    "packed": ("own.csv.gz", gzip.compress(content(",", ".").encode()), "", ""),
    "packed tabs": ("own.tsv.gz", gzip.compress(content("\t", ",").encode()), "", "comma"),
}


@pytest.mark.parametrize("case", FORMATS)
def test_the_numbers_are_the_same_however_they_are_written(case, plain, tmp_path):
    name, written, found, mark = FORMATS[case]
    (tmp_path / name).write_bytes(written)
    raw = read(tmp_path / name)
    assert raw.checksum == plain.checksum
    assert raw.name == "own"
    assert raw.preparation.features == plain.preparation.features
    said = " ".join(raw.doubts)
    assert found in said
    assert (f"decimals are written with a {mark} (line 2: '0,00' in column Größe)" in said) == bool(
        mark
    )


@pytest.mark.parametrize("name", ["new.csv", "new.tsv.gz"])
def test_new_rows_are_read_as_the_table_was(name, plain, tmp_path):
    (tmp_path / "own.csv").write_bytes(content(";", ",").encode("cp1252"))
    source = source_of(read(tmp_path / "own.csv"))
    separator = "\t" if "tsv" in name else ";"
    text = separator.join(("Ort", "Größe")) + f"\nKöln{separator}1,250\n"
    pack = gzip.compress if name.endswith(".gz") else bytes
    (tmp_path / name).write_bytes(pack(text.encode()))
    found = read_given([tmp_path / name], source)
    stored = [1.25, 1, 0]  # Größe, Ort=Köln, Ort=Zürich
    np.testing.assert_array_equal(found.inputs, [np.float32(stored)])
    assert found.said == ()
    if name == "new.csv":
        (tmp_path / name).write_bytes(text.encode("cp1252"))
        again = read_given([tmp_path / name], source)
        np.testing.assert_array_equal(again.inputs, found.inputs)
        assert "is read as Windows-1252 (line 1: 'Ort;Größe')" in " ".join(again.said)
    text = f"Ort{separator}Größe\nKöln{separator}1.25\n"
    (tmp_path / name).write_bytes(pack(text.encode()))
    with pytest.raises(UserError, match=r"with a point .*, and those of the data set with a comma"):
        read_given([tmp_path / name], source)


def test_a_separator_that_is_given_decides(tmp_path):
    path = save_csv(tmp_path, "a;b,c", *(f"{i % 2};{i % 2},{'xy'[i % 2]}" for i in range(18)))
    with pytest.raises(UserError, match=r"parted by commas \(2 columns\) or semicolons"):
        read(path)
    assert read(path, separator="comma").classes == ("x", "y")
    assert len(read(path, separator="semicolon").preparation.features) == 1
    new = save_csv(tmp_path, "a;b,c", "1;1,x", "1;0,y", name="new.csv")
    raw = read(path, separator="comma", target_column="a;b")
    assert read_given([new], source_of(raw)).inputs.tolist() == [[1, 0], [0, 1]]


def test_thousands_are_told_by_the_other_numbers(tmp_path):
    lines = [f"{i},250\t{'xy'[i % 2]}" for i in range(1, 9)]
    with pytest.raises(UserError, match="line 2: '1,250' in column a may have a decimal comma or"):
        read(save_csv(tmp_path, "a\tb", *lines))
    raw = read(save_csv(tmp_path, "a\tb", *lines, "9,5\tx", "0,125\ty"))
    found = np.sort(np.concatenate([raw.train.inputs, raw.test.inputs])[:, 0])
    np.testing.assert_array_equal(found, [0.125, *np.arange(1.25, 9), 9.5])
    points = save_csv(tmp_path, "a\tb", *(line.replace(",", ".") for line in lines))
    assert "('1.250' in column a); if points part thousands" in read(points).doubts[-1].replace(
        "line 2: ", ""
    )
    sure = save_csv(tmp_path, "a\tb", "0.5\tx", *(line.replace(",", ".") for line in lines))
    assert not any("part thousands" in doubt for doubt in read(sure).doubts)


def bomb():
    """A packed table of a thousand times its size."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb") as packed:
        packed.write(b"a,b\n" + b"1,x\n2,y\n" * 2**18)
    return file.getvalue()


GOOD = gzip.compress(content(",", ".").encode())
BROKEN = {
    "cut": (GOOD[:-9], "cannot be unpacked by gzip"),
    "changed": (GOOD[:40] + bytes([GOOD[40] ^ 255]) + GOOD[41:], "cannot be unpacked by gzip"),
    "not packed": (content(",", ".").encode(), "cannot be unpacked by gzip"),
    "too much": (bomb(), "unpacks to more than .* MiB, from .*; give it unpacked"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_packed_table_that_is_none_is_one_line(case, tmp_path, monkeypatch):
    written, words = BROKEN[case]
    monkeypatch.setattr("dlfun.data.user_files.csv_format.LARGEST", 2**20)
    (tmp_path / "own.csv.gz").write_bytes(written)
    with pytest.raises(UserError, match=rf"own\.csv\.gz {words}") as error:
        read(tmp_path / "own.csv.gz")
    assert "\n" not in str(error.value)


def test_a_packed_table_that_does_not_fit_the_memory_is_refused(tmp_path, monkeypatch):
    (tmp_path / "own.csv.gz").write_bytes(gzip.compress(zlib.compress(b"0") * 2**12))
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 2**16)
    with pytest.raises(UserError, match=r"its cells would take .* give numbers as \.npz"):
        read(tmp_path / "own.csv.gz")


def test_ignored_columns_are_as_if_they_were_not_there(tmp_path, capsys):
    rows = [(i, f"name {i}", i / 4, "ab"[i % 2]) for i in range(60)]
    path = save_csv(tmp_path, '"id, no",name,x,y', *(",".join(map(str, row)) for row in rows))
    with pytest.raises(UserError, match="column name holds 60 different texts"):
        read(path)
    (tmp_path / "alone").mkdir()
    alone = save_csv(tmp_path / "alone", "x,y", *(f"{row[2]},{row[3]}" for row in rows))
    ignored = dlfun.load(path, ignore_columns=["id, no", "name"])
    assert ignored.raw.checksum == read(alone).checksum
    assert capsys.readouterr().err == ""
    last = dlfun.load(path, ignore_columns="name, y").raw  # the last of the others
    assert last.preparation.target == "x"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ignore_columns": ("idd",)}, "unknown column 'idd'; did you mean 'id'"),
        ({"ignore_columns": ("y",), "target_column": "y"}, "column y is the target; name another"),
        ({"ignore_columns": ("id", "x")}, "has no other column than the target, y; leave one out"),
        ({"ignore_columns": ("id", "x", "y")}, "has no other column; leave one out"),
        ({"ignore_columns": ("id",), "groups": "id", "split": "kfold"}, "--groups names id, too"),
    ],
)
def test_columns_that_cannot_be_ignored(options, words, tmp_path):
    path = save_csv(tmp_path, "id,x,y", *(f"{i},{i}.5,{'ab'[i % 2]}" for i in range(9)))
    with pytest.raises(UserError, match=words):
        read(path, **options)
