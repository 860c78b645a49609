"""Tables of results from anywhere: read as they are meant, or refused in one clear line."""

import io
import itertools
import json

import numpy as np
import pytest

from dlfun.cli import app
from dlfun.cli.commands import judge
from dlfun.errors import UserError
from dlfun.results import tables
from dlfun.results.columns import Columns
from dlfun.results.entries import Entry
from dlfun.results.scores import read_scores
from dlfun.results.sources import results_from
from dlfun.results.tables import Table, from_lines, from_python, read_table

LONG = [
    {"method": m, "dataset": d, "seed": s, "accuracy": 0.5 + 0.01 * s + 0.1 * (m == "new")}
    for m in ("old", "new")
    for d in ("a", "b")
    for s in range(3)
]


def csv_of(rows, separator=","):
    lines = [separator.join(rows[0]), *(separator.join(map(str, r.values())) for r in rows)]
    return "\n".join(lines) + "\n"


FORMS = {
    "csv": lambda rows: csv_of(rows),
    "tsv": lambda rows: csv_of(rows, "\t"),
    "txt": lambda rows: "\ufeff\n" + csv_of(rows).replace("\n", "\r\n"),
    "json": lambda rows: json.dumps(rows),
    "jsonl": lambda rows: "\n".join(map(json.dumps, rows)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_results(form, tmp_path, monkeypatch):
    file = tmp_path / f"scores.{form}"
    file.write_text(FORMS[form](LONG), encoding="utf-8", newline="")
    (wanted,) = read_scores(from_python(LONG), Columns())
    assert wanted.entries[4] == Entry("old", "b", "1", 0.51)
    assert read_scores(read_table(str(file)), Columns())[0].entries == wanted.entries
    monkeypatch.setattr("sys.stdin", io.StringIO(file.read_text(encoding="utf-8-sig")))
    assert read_scores(read_table("-"), Columns())[0].entries == wanted.entries


def test_columns_and_frames_hold_the_same_results():
    columns = {name: [row[name] for row in LONG] for name in LONG[0]}
    (wanted,) = read_scores(from_python(LONG), Columns())
    arrays = {name: np.array(cells) for name, cells in columns.items()}
    assert read_scores(from_python(arrays), Columns())[0].entries == wanted.entries
    pandas = pytest.importorskip("pandas")
    assert read_scores(from_python(pandas.DataFrame(LONG)), Columns())[0].entries == wanted.entries
    columns = {"old": [1.5, 2, 3], "new": [2.5, pandas.NA, 3]}
    assert len(read_scores(from_python(columns), Columns())[0].entries) == 5
    for kind in ("float64", "Float64"):
        frame = pandas.DataFrame(
            {"old": [1.5, 2, 3], "new": pandas.array([2, None, 3], dtype=kind)}
        )
        (found,) = read_scores(from_python(frame), Columns())
        assert len(found.entries) == 5, "a frame has no other sign of what is missing"


def test_a_parquet_file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(LONG), tmp_path / "s.parquet")
    (wanted,) = read_scores(from_python(LONG), Columns())
    found = read_scores(read_table(str(tmp_path / "s.parquet")), Columns())
    assert found[0].entries == wanted.entries


def test_a_wide_table_has_a_column_a_method():
    table = {"index": [0, 1], "seed": [7.0, 8.0], "old": [0.5, None], "new": [0.6, "failed"]}
    (found,) = read_scores(from_python(table), Columns())
    old, new = [entry for entry in found.entries if entry.seed == "7"]
    assert (old.method, new.score) == ("old", 0.6)
    assert found.notes == [
        "each column is a method: old, new",
        "1 row without a score (a run that failed says so), left out: old 1",
        "1 run that failed: new 1",
    ]
    by_dataset = {"Data set": ["a", "b"], "old": [1, 2.5], "new": [3, 4.5]}
    (found,) = read_scores(from_python(by_dataset), Columns())
    assert [entry[:3] for entry in found.entries[:2]] == [("old", "a", "0"), ("old", "b", "0")]


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("trial", [0, 1, 2], "column trial only counts the rows; name it by"),
        ("#", [1, 2, 3], "column # only counts the rows"),
        ("instance", ["x", "y", "z"], "column instance holds no scores; name it by"),
    ],
)
def test_what_can_be_no_method_is_none(name, cells, said):
    table = {name: cells, "old": [0.5, 0.6, 0.7], "new": [0.6, 0.7, 0.9]}
    with pytest.raises(UserError) as error:
        read_scores(from_python(table), Columns())
    assert said in str(error.value)


def test_a_long_table_of_other_names_is_not_taken_for_a_wide_one():
    rows = [{"Algo": m, "Rep.": k, "Wert": 0.1 * k} for m in ("a", "b") for k in range(3)]
    with pytest.raises(UserError, match="column Algo holds no scores; name it by --method"):
        read_scores(from_python(rows), Columns())


@pytest.mark.parametrize(
    ("name", "higher"),
    [("accuracy", True), ("log_loss", False), ("WER", False), ("val_loss", False), ("f1", True)],
)
def test_the_direction_of_a_score_is_known_by_its_words(name, higher):
    rows = [{"method": r["method"], "seed": r["seed"], name: 0.5} for r in LONG[:3] + LONG[6:9]]
    assert read_scores(from_python(rows), Columns(scores=(name,)))[0].higher == higher


def test_columns_are_named_and_several_scores_are_judged():
    rows = [{"who": r["method"], "n": r["seed"], "x": 1.0, "y": 2.0} for r in LONG[:3] + LONG[6:9]]
    named = Columns("who", None, "n", ("x", "y"), ("y",))
    assert [(s.name, s.higher) for s in read_scores(from_python(rows), named)] == [
        ("x", True),
        ("y", False),
    ]


BAD = {
    "is empty; give a first line": "",
    "has column names and no results": "method,seed,accuracy\n",
    "line 3 has 2 cells, and the first 3": "method,seed,accuracy\na,1,0.5\nb,2\n",
    "parted by semicolons; write it with commas": "method;seed;accuracy\na;1;0.5\n",
    "row 1 has accuracy=0,5, which is no number; write 0.5": 'method,accuracy\na,"0,5"\nb,1\n',
    "row 2 has accuracy=good, which is no number; give one": "method,accuracy\na,1\nb,good\n",
    "write 0.95": "method,accuracy\na,95 %\nb,1\n",
    "row 1 and row 2 both are seed 1 of a on these": "method,seed,accuracy\na,1,1\na,1,2\nb,1,3\n",
    "holds results of a alone; give two methods": "method,accuracy\na,1\na,2\n",
    "two columns are called seed; rename one": "method,seed,seed\na,1,2\n",
    "column 2 has no name": "method,,accuracy\na,1,2\n",
    "--score=x: there is no column of methods": "--score=x old,new\n1,2\n",
    "--score=accuracy: is the column of the score, too": (
        "--score=accuracy,accuracy method,accuracy\na,1\nb,2\n"
    ),
    "--dataset=method: is the column of the method, too": (
        "--dataset=method method,accuracy\na,1\nb,2\n"
    ),
    "--lower=los: unknown score 'los'": "--lower=los method,accuracy\na,1\nb,2\n",
    "--delta=nope: unknown data set 'nope'": "--delta=nope:1 method,accuracy\na,1\nb,2\n",
    "column first holds no scores; name it by": "first,second\nx,y\n",
    "holds no score at all; name another": "method,accuracy\na,\nb,failed\n",
    "too large to be judged": "method,accuracy\na,1e300\nb,1\n",
    "it cannot be told which column holds the scores": "method,p,q\na,1,2\nb,1,2\n",
    "row 2 has no method; give it": "method,accuracy\na,1\n,2\n",
    "unexpected end": 'method,accuracy\na,"1\n',
}


@pytest.mark.parametrize("said", BAD)
def test_bad_tables_are_refused_in_one_line(said, tmp_path, capsys):
    file = tmp_path / "scores.csv"
    flag, space, text = BAD[said].partition(" ") if BAD[said][:2] == "--" else ("", "", BAD[said])
    file.write_text(text, newline="")
    words = ["judge", str(file), *([flag] if space else [])]
    body = lambda: judge.main(app.parse(judge.FLAGS, words, check=judge.check, words="TABLE"))  # noqa: E731
    assert app.guarded(body) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


OTHERS = [
    ([1, 2], "must be rows, each an object"),
    ({"a": 1}, "a holds no column; give a list of cells"),
    ({"a": [1], "b": [1, 2]}, "its columns differ in length (a 1, b 2)"),
    ({"a": np.eye(2), "b": [1, 2]}, "a holds no column"),
    ({"a": {1, 2}, "b": [1, 2]}, "a holds no column"),
    ("nowhere.csv", "nowhere.csv: No such file"),
    ("scores.xlsx", "is no table of results; name a file that ends with .csv"),
]


@pytest.mark.parametrize(("table", "said"), OTHERS, ids=str)
def test_what_is_no_table_is_refused(table, said):
    with pytest.raises(UserError) as error:
        results_from(table, Columns())
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["{", "[1", "[[1]]", '{"a": 1}'])
def test_what_is_no_json_of_results_is_refused(text, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=r"x\.json: ") as error:
        read_table(str(tmp_path / "x.json"))
    assert "\n" not in str(error.value)


def test_bytes_on_standard_input_are_text_or_refused(monkeypatch):
    for data in (b"\xef\xbb\xbfold,new\n1,2\n3,5\n", b"old,n\xe9w\n1,2\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        if data.startswith(b"\xef"):
            assert list(read_table("-").columns) == ["old", "new"]
        else:
            with pytest.raises(UserError, match=r"standard input: is no UTF-8"):
                read_table("-")


def test_columns_that_nobody_asked_for_may_hold_anything():
    rows = [row | {"config": {"lr": 1}} for row in LONG]
    assert len(read_scores(from_python(rows), Columns())[0].entries) == len(LONG)


def test_a_table_without_end_is_refused_before_the_memory_is_full(monkeypatch):
    monkeypatch.setattr(tables, "CELLS", 10_000)
    endless = itertools.chain(["method,accuracy\n"], itertools.repeat("a,0.5\n"))
    with pytest.raises(UserError, match="holds more than 10,000 cells; keep the columns"):
        from_lines(endless, "endless", ",")
    with pytest.raises(UserError, match="holds more than 10,000 cells"):
        tables.from_json(itertools.repeat('{"method": "a", "accuracy": 0.5}\n'), "endless")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "modle"}, "unknown column 'modle'; did you mean 'model'?"),
        ({"scores": ("acuracy",)}, "unknown column 'acuracy'; did you mean 'accuracy'?"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_the_nearest(given, said):
    table = Table("t", {"model": ["a", "b"], "accuracy": ["1", "2"]})
    with pytest.raises(UserError) as error:
        read_scores(table, Columns(**given))
    assert said in str(error.value)
