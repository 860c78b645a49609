"""Large inputs: time in proportion to them, memory told before it is taken."""

import csv
import dataclasses
import random
import tracemalloc

import jax
import pytest

from dlfun import data
from dlfun.config.search_space import Dimension
from dlfun.data.user_files.cells import are_clean, are_numbers, clean, is_number
from dlfun.errors import UserError
from dlfun.studies.population.arm import steps_of
from dlfun.studies.population.study_data import load_all
from dlfun.studies.search.samplers import crossed, drawn
from dlfun.types import DataOptions
from tests.helpers import options


class Counted(str):
    """A text that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    comparisons = 0

    def __eq__(self, other):
        Counted.comparisons += 1
        return str.__eq__(self, other)


class CountedReader:
    """The rows of a .csv file, in texts that count."""

    line_num = 0

    def __init__(self, file, **form):
        self.rows = READER(file, **form)

    def __iter__(self):
        return ([Counted(cell) for cell in row] for row in self.rows)


READER = csv.reader


def test_the_names_of_columns_are_not_compared_with_each_other(tmp_path, monkeypatch):
    path, columns = tmp_path / "wide.csv", 300
    names = ",".join(f"x{i}" for i in range(columns))
    rows = [",".join(f"{i}.{row}" for i in range(columns)) + f",{row % 2}" for row in range(4)]
    path.write_text("\n".join([f"{names},y", *rows]))
    monkeypatch.setattr(csv, "reader", CountedReader)
    monkeypatch.setattr(Counted, "comparisons", 0)
    data.read(str(path), DataOptions())
    assert Counted.comparisons < 20 * columns


def test_cells_read_together_are_read_as_one_by_one():
    draw = random.Random(0)
    for _ in range(5000):
        cells = ["".join(draw.choices("01.9-+eE", k=draw.randint(0, 5))) for _ in range(2)]
        assert are_numbers(cells) == all(map(is_number, cells)), cells
        texts = ["".join(draw.choices("a \t\u200b\u00e9", k=draw.randint(0, 3))) for _ in range(2)]
        assert not are_clean(texts) or list(map(clean, texts)) == texts, texts
    long = [str(10**14 + i) for i in range(9999)]
    assert are_numbers(long)
    assert not are_numbers([*long, "0" + long[0]])


def test_more_seeds_than_memory_holds_are_refused_before_data_are_read(monkeypatch):
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 2**33)
    asked = options(("softmax", "bpnn"), datasets=("no such data",), seeds=10**8)
    with pytest.raises(UserError, match=r"200000000 members would take 763 GiB .*fewer --seeds"):
        load_all(asked)


def test_splits_of_seeds_that_memory_does_not_hold_are_refused(monkeypatch):
    asked = options(("softmax",), datasets=("digits",), seeds=20, data=DataOptions(split="random"))
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 2**20)
    with pytest.raises(UserError, match=r"digits: 20 splits, one for each seed, would take"):
        load_all(asked)
    assert load_all(dataclasses.replace(asked, seeds=2))


def test_more_configurations_or_validations_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 2**20)
    key = jax.random.key(0)
    with pytest.raises(UserError, match=r"^5000 configurations would take .*fewer --trials"):
        drawn("random", {"learning_rate": Dimension("log", 1e-4, 1e-1)}, 5000, key)
    with pytest.raises(UserError, match=r"^1000000 configurations would take .*--grid fewer"):
        crossed(dict.fromkeys("abcdef", range(10)))
    long = options(("softmax",), steps=10**9, evaluations=10**8)
    with pytest.raises(UserError, match=r"curves of 100,000,000 validations of 3 seeds would take"):
        steps_of(long, 5)
    with pytest.raises(UserError, match=r"--epochs=1e\+308 are inf steps; 2147483647 are the"):
        steps_of(dataclasses.replace(long, epochs=1e308), 5)


def test_a_category_of_many_characters_takes_memory_once(tmp_path):
    path = tmp_path / "long.csv"
    cells = ["a" * 100_000, *("b" for _ in range(999))]
    path.write_text("x,y\n" + "".join(f"{cell},{'cd'[i % 2]}\n" for i, cell in enumerate(cells)))
    tracemalloc.start()
    data.read(str(path), DataOptions())
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()
