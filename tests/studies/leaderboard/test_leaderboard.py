"""Leaderboards: what is pooled, what stands apart and why, and who is told apart."""

import json
import re
import shutil

import numpy as np
import pytest
from scipy import stats

from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.records.checksums import write_checksums
from dlfun.records.reader import read_rows
from dlfun.records.writer import write_members
from dlfun.report.text import standing
from dlfun.results.columns import Columns
from dlfun.results.judged import judge_scores
from dlfun.results.record import Origin, write_judged
from dlfun.results.scores import read_scores
from dlfun.results.tables import from_python
from dlfun.studies.leaderboard.leaderboard import make_leaderboard
from dlfun.studies.leaderboard.standings import MOST
from tests.report.records import write_request

SIZES = {"train": 3600, "validation": 400, "test": 1000}
STUDY = {"study": "compare", "checksum": "ab", "metric": "test_accuracy", "steps": 1000}


def make(folder, scores, models=None, devices=("cpu",), columns=None, **given):
    """A record: model -> scores by replicate, NaN for a run that failed."""
    known = STUDY | {name: given.pop(name) for name in STUDY if name in given}
    folder.mkdir()
    rows = [
        {
            **{"model": model, "dataset": "d", "replicate": r, "steps": known["steps"]},
            **({"status": "ok", known["metric"]: float(v)} if v == v else {"status": "failed"}),
            **(columns or {}),
        }
        for model, values in scores.items()
        for r, v in enumerate(values)
    ]
    write_members(folder, rows)
    asked = models or {model: {} for model in scores if model in MODELS} or {"bpnn": {}}
    write_request(folder, known["study"], asked, ("d",), **given)
    data = {"d": {"version": "1", "checksum": known["checksum"], "examples": SIZES}}
    facts = {"date": "2026-01-02T03:04:05Z", "devices": devices, "datasets": data}
    (folder / "environment.json").write_text(json.dumps(facts | {"versions": {"dlfun": "1"}}))
    write_checksums(folder)
    return folder


def drawn(seed, mean, n=12):
    return np.random.default_rng(seed).normal(mean, 0.01, n)


def one_table(*folders, **given):
    (table,) = make_leaderboard(folders, **given).tables
    return table


def labels(table):
    return [line.contender.label for line in table.lines]


def test_runs_of_records_that_agree_are_pooled_and_each_counts_once(tmp_path):
    values = drawn(0, 0.8), drawn(1, 0.8)
    first = make(tmp_path / "first", {"cnn": values[0]}, seed=0)
    second = make(tmp_path / "second", {"cnn": values[1]}, seed=1, study="train")
    shutil.copytree(first, tmp_path / "again")
    table = one_table(first, second, tmp_path / "again")
    (line,) = table.lines
    every = np.concatenate(values)
    right = stats.t.interval(0.95, 23, every.mean(), stats.sem(every))
    assert line.contender.score[:3] == pytest.approx((every.mean(), *right))
    assert (line.contender.score.n, line.contender.repeated) == (24, 12)
    assert [part.origin.label for part in line.contender.pool.parts] == ["first", "second", "again"]
    assert (table.family, line.place) == (0, (1, 1))


APART = {
    "another learning rate: 0.003 / 0.01": {"models": {"cnn": {"learning_rate": 0.01}}},
    "other steps: 1000 / 2000": {"steps": 2000},
    "another schedule: constant / cosine": {"schedule": "cosine"},
    "another validation fraction: 0.1 / 0.2": {"validation_fraction": 0.2},
    "other train examples: unset / 500": {"train_examples": 500},
}
ELSEWHERE = {
    "another data checksum: ab / cd": {"checksum": "cd"},
    "another split: official / random": {"split": "random"},
    "other permute features: no / yes": {"permute_features": True},
}
THE_SAME = [
    {"keep": "none"},
    {"devices": ("gpu",)},
    {"delta": {"": 0.5}},
    {"likelihood_samples": 0},
    {"epochs": 3.0},
]


@pytest.mark.parametrize("why", APART)
def test_an_arm_of_another_protocol_stands_apart_with_the_reason(tmp_path, why):
    first = make(tmp_path / "first", {"cnn": drawn(0, 0.8)})
    other = make(tmp_path / "other", {"cnn": drawn(1, 0.9)}, **{"seed": 1} | APART[why])
    table = one_table(first, other)
    what, was, now = re.fullmatch(r"\w+ (.*): (.*) / (.*)", why).groups()
    assert labels(table) == [f"cnn ({what} {now})", f"cnn ({what} {was})"]
    assert table.lines[0].contender.pool.apart == f"beside cnn ({what} {was}), {why}"
    assert [line.letters for line in table.lines] == ["a", "b"]


@pytest.mark.parametrize("why", ELSEWHERE)
def test_scores_of_other_data_or_splits_have_a_table_of_their_own(tmp_path, why):
    first = make(tmp_path / "first", {"cnn": drawn(0, 0.8)})
    other = make(tmp_path / "other", {"cnn": drawn(1, 0.9)}, **{"seed": 1} | ELSEWHERE[why])
    tables = make_leaderboard([first, other]).tables
    assert [table.apart for table in tables] == ["", why]
    assert [labels(table) for table in tables] == [["cnn"], ["cnn"]]


@pytest.mark.parametrize("given", THE_SAME, ids=str)
def test_what_no_run_depends_on_keeps_nothing_apart(tmp_path, given):
    first = make(tmp_path / "first", {"cnn": drawn(0, 0.8)})
    other = make(tmp_path / "other", {"cnn": drawn(1, 0.8)}, **{"seed": 1} | given)
    assert labels(one_table(first, other)) == ["cnn"]


def test_tuned_arms_stand_apart_from_given_ones(tmp_path):
    first = make(tmp_path / "first", {"cnn": drawn(0, 0.8)})
    other = make(tmp_path / "other", {"cnn": drawn(1, 0.9)}, seed=1)
    frozen = {"configurations": {"d": {"cnn": {"learning_rate": 0.02}}}}
    (other / "frozen.json").write_text(json.dumps(frozen))
    table = one_table(first, other)
    assert labels(table) == ["cnn (2)", "cnn (1)"]  # too much is other to be in their names
    why = table.lines[0].contender.pool.apart
    assert "another protocol: given / tuned; another learning rate: 0.003 / 0.02" in why


def test_the_same_seeds_with_other_scores_are_not_pooled(tmp_path):
    values = drawn(0, 0.8)
    first = make(tmp_path / "first", {"cnn": values})
    other = make(tmp_path / "other", {"cnn": values + 1e-4}, devices=("gpu",))
    table = one_table(first, other)
    why = table.lines[0].contender.pool.apart
    assert why == "beside cnn (1), the same seeds score otherwise (other devices: cpu / gpu)"
    assert table.paired == 1


@pytest.mark.parametrize("metric", ["test_accuracy", "test_rmse"])
@pytest.mark.parametrize("paired", [True, False])
def test_arms_are_told_apart_as_by_scipy(tmp_path, metric, paired):
    """Paired where both have the same seeds; intervals hold for all pairs together."""
    names = ("bpnn", "cnn", "rnn", "vae")
    arms = {name: drawn(k, 0.8 + 0.009 * k) for k, name in enumerate(names)}
    folders = [
        make(tmp_path / name, {name: values}, metric=metric, seed=0 if paired else k)
        for k, (name, values) in enumerate(arms.items())
    ]
    table = one_table(*folders, delta={"": 0.0})
    sign = 1 if metric == "test_accuracy" else -1
    assert labels(table) == sorted(arms, key=lambda name: -sign * arms[name].mean())
    assert (table.family, table.paired) == (6, 6 if paired else 0)
    test = stats.ttest_rel if paired else lambda a, b: stats.ttest_ind(a, b, equal_var=False)
    told = 0
    for i, one in enumerate(table.lines):
        for other in table.lines[i + 1 :]:
            a, b = (arms[line.contender.label] for line in (one, other))
            low, high = test(sign * a, sign * b).confidence_interval(1 - 0.05 / 6)
            assert bool(set(one.letters) & set(other.letters)) == (low <= 0 <= high)
            told += not low <= 0 <= high
            if i == 0:
                assert other.behind[0] == pytest.approx(sign * (a.mean() - b.mean()))
                assert other.behind[1] == pytest.approx((low, high))
    assert 0 < told < 6
    assert table.lines[0].place == (1, len(table.tied))


def test_metrics_never_mix(tmp_path):
    first = make(tmp_path / "first", {"cnn": drawn(0, 0.8)})
    other = make(tmp_path / "other", {"vae": drawn(1, 0.9)}, metric="test_elbo")
    tables = make_leaderboard([first, other]).tables
    assert [(table.metric, table.apart) for table in tables] == [
        ("test_accuracy", ""),
        ("test_elbo", "another metric"),
    ]


def test_failed_and_few_runs_are_counted_and_have_no_letter_where_there_is_no_verdict(tmp_path):
    some = drawn(0, 0.8)
    some[3] = np.nan
    scores = {"cnn": some, "rnn": drawn(1, 0.7), "bpnn": [0.9] * 3, "vae": [np.nan] * 4}
    table = one_table(make(tmp_path / "r", scores, columns={"chance": 0.1}))
    found = {line.contender.label: line for line in table.lines}
    assert labels(table) == ["bpnn", "cnn", "rnn", "vae"]
    assert {name: line.letters for name, line in found.items()} == {
        "bpnn": "",
        "cnn": "a",
        "rnn": "b",
        "vae": "",
    }
    assert (standing.failed(found["cnn"].contender), found["cnn"].contender.score.n) == (1, 11)
    assert standing.note(found["bpnn"]) == "fewer than 5 seeds: no verdict"
    assert standing.note(found["vae"]) == "all runs failed"
    assert standing.leader(table) == "cnn leads: it is better than 1 other arm"


def test_one_result_stays_one_however_often_it_is_recorded(tmp_path):
    for name, seed in (("first", 0), ("second", 1)):
        folder = make(tmp_path / name, {"knn": [0.9] * 12, "cnn": drawn(seed, 0.8)}, seed=seed)
        lines = (folder / "members.csv").read_text().splitlines()
        at = lines[0].split(",").index("copy_of")
        cells = [line.split(",") for line in lines]
        for row in cells[1:]:
            row[at] = "0" if row[0] == "knn" and row[2] != "0" else ""
        (folder / "members.csv").write_text("\n".join(map(",".join, cells)) + "\n")
        (folder / "checksums.txt").unlink()
    table = one_table(tmp_path / "first", tmp_path / "second")
    scores = {line.contender.label: line.contender.score for line in table.lines}
    assert (scores["knn"].n, scores["cnn"].n) == (1, 24)
    assert [line.letters for line in table.lines] == ["a", "b"]


def judged(folder, rows, source="scores.csv"):
    (scores,) = read_scores(from_python(rows), Columns())
    write_judged(judge_scores(scores), str(folder), Origin(source), lambda _: None)
    return folder


def table_of(first_seed=0):
    return [
        {"method": name, "dataset": "d", "seed": first_seed + k, "accuracy": float(value)}
        for name, mean in (("cnn", 0.8), ("rnn", 0.7))
        for k, value in enumerate(drawn(first_seed, mean, 10))
    ]


def test_judged_results_stand_apart_and_are_pooled_where_they_are_the_same_table(tmp_path):
    own = make(tmp_path / "own", {"cnn": drawn(0, 0.8)})
    folders = [judged(tmp_path / name, table_of()) for name in ("one", "two")]
    longer = judged(tmp_path / "longer", table_of(100))
    other = judged(tmp_path / "other", table_of(), source="other.csv")
    tables = make_leaderboard([own, *folders, longer, other]).tables
    assert [labels(table) for table in tables] == [
        ["cnn"],
        ["cnn (2)", "cnn (1)", "rnn (2)", "rnn (1)"],
        ["cnn", "rnn"],
    ]
    assert all("nothing says whether data and split" in table.apart for table in tables[1:])
    found = {line.contender.label: line.contender for line in tables[1].lines}
    assert (found["cnn (1)"].score.n, found["cnn (1)"].repeated) == (10, 10)
    assert found["cnn (2)"].pool.apart == "beside cnn (1), other seeds of a table of the same name"
    assert (tables[1].family, tables[1].paired, tables[1].delta) == (6, 2, 0.0)


def test_what_is_no_record_with_test_scores_is_left_out_and_named(tmp_path):
    good = make(tmp_path / "good", {"cnn": drawn(0, 0.8)})
    sweep = make(tmp_path / "sweep", {"bpnn": [0.8]}, study="sweep")
    damaged = make(tmp_path / "damaged", {"cnn": drawn(0, 0.8)})
    text = (damaged / "members.csv").read_text()
    (damaged / "members.csv").write_text(text.replace("0.8", "0.9", 1))
    odd = make(tmp_path / "odd", {"cnn": drawn(0, 0.8)})
    (odd / "checksums.txt").unlink()
    (odd / "environment.json").write_text('{"datasets": {"d": 5}}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    names = [sweep, damaged, odd, tmp_path / "empty", tmp_path / "file", tmp_path / "gone"]
    board = make_leaderboard([good, *names, good])
    assert board.records == 1
    reasons = {name.rpartition("/")[2]: why for name, why in board.left_out}
    for name, why in (
        ("sweep", "has no test scores"),
        ("damaged", "damaged"),
        ("odd", "not as its study left it"),
        ("empty", "has no members.csv"),
        ("file", "is a file"),
        ("gone", "no such directory"),
        ("good", "is named twice"),
    ):
        assert why in reasons.pop(name)
    assert not reasons
    with pytest.raises(UserError, match=r"sweep: .*\(and 5 more\); name records of train"):
        make_leaderboard(names)
    with pytest.raises(UserError, match="unknown data set 'e'"):
        make_leaderboard([good], {"e": 0.1})


def test_no_verdict_hangs_on_the_order_of_records(tmp_path):
    arms = {f"m{k}": drawn(k, 0.8 + 0.004 * k) for k in range(5)}
    folders = [
        make(tmp_path / name, {"cnn": v}, {"cnn": {"learning_rate": 0.001 * (k + 1)}}, seed=k)
        for k, (name, v) in enumerate(arms.items())
    ]

    def seen(order):
        table = one_table(*order)
        names = [line.contender.pool.parts[0].origin.label for line in table.lines]
        return names, table.groups, [line.place for line in table.lines]

    assert seen(folders) == seen(folders[::-1]) == seen(folders[2:] + folders[:2])


def test_of_very_many_arms_the_first_are_judged_in_the_family_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr("dlfun.studies.leaderboard.standings.MOST", 3)
    scores = {name: drawn(k, 0.8 - 0.03 * k) for k, name in enumerate(("a", "b", "c", "d", "e"))}
    folder = make(tmp_path / "r", scores)
    table = one_table(folder)
    assert MOST == 200
    assert [line.letters for line in table.lines] == ["a", "b", "c", "", ""]
    assert (table.family, table.lines[2].place) == (10, (3, 5))
    assert standing.note(table.lines[3]).startswith("not judged, as the first")


def test_two_arms_of_one_result_each_are_told_apart_by_the_test_examples(tmp_path):
    """As McNemar's test of what each got right has it, from the evidence of their records."""
    right = {"knn": np.arange(300) < 280, "tree": np.arange(300) < 200}
    folders = []
    for name, own in right.items():
        folder = make(tmp_path / name, {name: [own.mean()] * 3}, columns={"copy_of": ""})
        rows = [row | {"copy_of": 0 if int(row["replicate"]) else ""} for row in read_rows(folder)]
        write_members(folder, rows)
        bits = np.packbits(np.tile(own, (3, 1)), axis=1)
        np.savez(folder / f"d-{name}-evidence.npz", correct=bits, targets=np.zeros(300, int))
        write_checksums(folder)
        folders.append(folder)
    table = one_table(*folders)
    assert [line.letters for line in table.lines] == ["a", "b"]
    assert table.lines[1].behind[0] == pytest.approx(80 / 300)
    (folders[0] / "d-knn-evidence.npz").write_bytes(b"")  # damaged: nothing tells them apart
    assert [line.letters for line in one_table(*folders).lines] == ["a", "a"]
