"""Line ends in tables, read and written alike by every version of Python's csv."""

import csv
import io

import numpy as np
import pytest

from dlfun import data
from dlfun.data.user_files import csv_file
from dlfun.data.user_files.table import read_table
from dlfun.errors import UserError
from dlfun.types import DataOptions

ROWS = [["x", "kind"], ["1", "a"], ["2", "b"]]


def table(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    found = read_table(tmp_path / "a.csv")
    return [list(found.places), *found.rows]


@pytest.mark.parametrize(
    "content",
    [
        b"x,kind\n1,a\n2,b\n",
        b"x,kind\r\n1,a\r\n2,b",
        b"x,kind\r1,a\r2,b\r",
        b"x,kind\r\r\n1,a\r\r\n2,b\r\r\n",
        b"\xef\xbb\xbfx,kind\n1,a\n\n2,b\n",
        b'\xef\xbb\xbf"x","kind"\r1,a\r2,b',
        b"x,kind\r\n1,a\n2,b\r",
    ],
)
def test_rows_end_at_line_feeds_or_in_old_files_at_carriage_returns(content, tmp_path):
    assert table(tmp_path, content) == ROWS


def test_a_carriage_return_in_quotes_is_part_of_its_cell(tmp_path):
    assert table(tmp_path, b'x,kind\n1,"a\rc"\n2,b\n') == [ROWS[0], ["1", "a c"], ROWS[2]]


@pytest.mark.parametrize("content", [b"x,kind\n1,a\rc\n2,b\n", b"x,kind\n1,a\r2,b\n3,a\n"])
def test_a_carriage_return_without_quotes_ends_no_row(content, tmp_path):
    with pytest.raises(UserError, match=r"\(a carriage return in a cell without quotes\)"):
        table(tmp_path, content)


def test_lines_are_counted_as_editors_count_them(tmp_path):
    with pytest.raises(UserError, match=r"a\.csv, line 3: 1 cell, and line 1 names 2 columns"):
        table(tmp_path, b'x,kind\n1,"a\rc"\n2\n')


@pytest.mark.parametrize("cell", ["a\rb", "\r", "a\nb", "a\r\nb", 'a"b', "a,b", "plain"])
def test_what_is_written_reads_back(cell, tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv_file.writer(file, ["a", "b"])
        writer.writeheader()
        writer.writerow({"a": cell, "b": 1})
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file, strict=True)) == [["a", "b"], [cell, "1"]]
    with csv_file.rows_of(path) as rows:
        assert list(rows) == [["a", "b"], [cell, "1"]]
    assert path.read_bytes().startswith(b"a,b\n")


def test_a_cell_that_is_no_text_keeps_its_row():
    file = io.StringIO()
    csv_file.writer(file, ["a"]).writerow({"a": np.float64(0.5)})
    assert file.getvalue() == "0.5\n"


def rows(first):
    return "\n".join(["x,kind", f"{first},a", *(f"{i},{'ab'[i % 2]}" for i in range(1, 8))])


@pytest.mark.parametrize("first", ["NA", ""])
def test_a_missing_number_is_no_category(first, tmp_path):
    (tmp_path / "a.csv").write_text(rows(first))
    with pytest.raises(UserError, match="line 2: the cell of column x") as caught:
        data.read(str(tmp_path / "a.csv"), DataOptions())
    assert "category" not in str(caught.value)


def test_a_missing_text_may_be_a_category(tmp_path):
    lines = ["x,kind", "NA,a", *(f"{'uv'[i // 2 % 2]},{'ab'[i % 2]}" for i in range(8))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match="or write it in another way if it is a category"):
        data.read(str(tmp_path / "a.csv"), DataOptions())
