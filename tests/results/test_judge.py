"""Judged results: published ranks, honest error rates, and verdicts that no order moves."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import judge
from dlfun.results.columns import Columns
from dlfun.results.judged import Rules, judge_scores
from dlfun.results.scores import read_scores
from dlfun.results.tables import from_python

RUNS = Path(__file__).parents[3] / "shared" / "data" / "results" / "dl4tsc_ucr85_runs.csv"

PUBLISHED = {
    "resnet": 1.988235,
    "fcn": 2.682353,
    "encoder": 3.682353,
    "mlp": 4.611765,
    "cnn": 4.970588,
    "twiesn": 5.264706,
    "mcdcnn": 5.364706,
    "mcnn": 8.017647,
    "tlenet": 8.417647,
}
"""Mean ranks recomputed from the runs of Fawaz et al. 2019, arXiv 1809.04356."""


def judged(rows, **given):
    (scores,) = read_scores(from_python(rows), Columns())
    return judge_scores(scores, Rules(**given))


def run(*given):
    words = app.parse(judge.FLAGS, ["judge", *map(str, given)], check=judge.check, words="TABLE")
    judge.main(words)


@pytest.mark.skipif(not RUNS.exists(), reason="the published runs are not beside this clone")
def test_the_published_ranks_come_out(tmp_path, capsys):
    named = ["--method=classifier_name", "--dataset=dataset_name", "--seed=iteration"]
    run(RUNS, *named, "--score=accuracy", f"--output_dir={tmp_path / 'D'}")
    out = capsys.readouterr().out
    assert "Friedman's chi-squared: 425.332150" in out
    with (tmp_path / "D" / "ranks.csv").open() as file:
        found = {row["arm"]: float(row["mean_rank"]) for row in csv.DictReader(file)}
    assert list(found) == list(PUBLISHED)
    np.testing.assert_allclose(list(found.values()), list(PUBLISHED.values()), atol=5e-7)
    with (tmp_path / "D" / "rank_pairs.csv").open() as file:
        pairs = list(csv.DictReader(file))
    untold = {frozenset((p["a"], p["b"])) for p in pairs if float(p["p_holm"]) >= 0.05}
    assert untold == {
        frozenset(p) for p in (("mlp", "twiesn"), ("cnn", "twiesn"), ("cnn", "mlp"))
    } | {frozenset(("mcdcnn", "twiesn"))}
    page = (tmp_path / "D" / "report.html").read_text(encoding="utf-8")
    assert len(page) < 5e6
    assert "resnet leads with a mean rank of 1.99 over 85 data sets" in page
    assert "encoder over resnet" in page  # where the order turns over


def test_a_pair_is_that_of_scipy():
    rng = np.random.default_rng(0)
    new, old = rng.normal(0.8, 0.01, 10), rng.normal(0.78, 0.01, 10)
    (pair,) = judged({"new": new, "old": old}).pairs
    wanted = stats.ttest_rel(new, old)
    assert pair["diff"] == pytest.approx(np.mean(new - old))
    np.testing.assert_allclose(pair["ci"], wanted.confidence_interval(0.95), rtol=1e-9)
    rows = [{"method": m, "accuracy": v} for m, own in (("new", new), ("old", old)) for v in own]
    (apart,) = judged(rows).pairs
    assert not apart["paired"]
    welch = stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(apart["ci"], welch, rtol=1e-9)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("repeats", [1, 2])
def test_folds_are_no_independent_runs(repeats, wide):
    """Of the corrected resampled t test of Nadeau and Bengio 2003, by hand."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.9, 0.02, (2, 10 * repeats))
    keys = [{"repeat": k // 10, "fold": k % 10} for k in range(10 * repeats)]
    keys = [{"fold": key["fold"]} for key in keys] if repeats == 1 else keys
    rows = [key | {"a": x, "b": y} for key, x, y in zip(keys, a, b, strict=True)]
    if not wide:
        rows = [
            {name: row[name] for name in keys[0]} | {"method": m, "score": row[m]}
            for row in rows
            for m in "ab"
        ]
    found = judged(rows)
    (pair,) = found.pairs
    gap = a - b if a.mean() > b.mean() else b - a
    n = len(gap)
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((1 / n + 1 / 9) * gap.var(ddof=1))
    np.testing.assert_allclose(pair["ci"], [gap.mean() - half, gap.mean() + half])
    assert pair["p_test"] == "corrected resampled t test"
    assert any("10 folds of cross-validation" in note for note in found.notes)


def test_runs_are_pairs_where_all_methods_have_the_same_seeds():
    rows = [{"method": m, "seed": s, "score": 0.1 * s} for m in "ab" for s in range(6)]
    assert "paired by seed: all methods have the same seeds" in judged(rows).notes
    assert "unpaired, as asked" in judged(rows, pairing="unpaired").notes
    rows[-1]["seed"] = 99
    found = judged(rows)
    assert not found.pairs[0]["paired"]
    assert "unpaired, as methods have other seeds" in found.notes
    with pytest.raises(dlfun.UserError, match="--pairs=paired: a and b have other seeds on these"):
        judged(rows, pairing="paired")
    with pytest.raises(dlfun.UserError, match="there is no column of seeds to pair by"):
        judged([{"method": m, "score": 0.5} for m in "aabb"], pairing="paired")


@pytest.mark.parametrize("seed", [int, float, lambda s: 2**60 + s, lambda s: f"s{s}"])
def test_seeds_are_told_apart_whatever_they_are(seed):
    """Runs of one seed are pairs, in whatever order they stand."""
    rng = np.random.default_rng(0)
    base = rng.normal(0, 1, 10)
    rows = [
        {"method": m, "seed": seed(k), "score": base[k] + gap + 0.01 * rng.normal()}
        for m, gap in (("a", 0.0), ("b", 0.1))
        for k in rng.permutation(10).tolist()
    ]
    (pair,) = judged(rows).pairs
    assert (pair["paired"], pair["winner"], pair["sd_diff"] < 0.03) == (True, "b", True)


def test_means_that_differ_by_rounding_alone_are_not_told_apart():
    rows = [
        {"method": m, "dataset": d, "seed": s, "score": v}
        for m, values in (("a", (0.1, 0.2, 0.3)), ("b", (0.3, 0.2, 0.1)))
        for d in range(14)
        for s, v in enumerate(values)
    ]
    assert [pair["p_holm"] for pair in judged(rows).ranked.pairs()] == [1.0]


def test_failed_runs_are_counted_and_rank_last():
    table = {"a": [0.9] * 3 + [0.91] * 4 + [float("nan")], "b": [0.5, 0.51] * 4}
    found = judged(table)
    (pair,) = found.pairs
    assert (pair["n_failed_a"], pair["n_failed_b"]) == (1, 0)
    assert "1 run that failed: a 1" in found.notes


def test_less_is_better_of_what_is_known_or_said_to_be_a_loss():
    rng = np.random.default_rng(0)
    rows = [
        {"method": method, "seed": seed, "loss": mean + rng.normal(0, 0.01)}
        for method, mean in (("a", 1.0), ("b", 2.0))
        for seed in range(6)
    ]
    assert judged(rows).pairs[0]["winner"] == "a"
    other = [{"method": r["method"], "seed": r["seed"], "gap": r["loss"]} for r in rows]
    found = dlfun.judge(other, score="gap", lower="gap", delta=0.5)
    assert (found.pairs[0]["winner"], found.pairs[0]["delta"]) == ("a", 0.5)
    assert dlfun.judge(other, score="gap").pairs[0]["winner"] == "b"


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_order_of_rows_or_columns_moves_a_verdict(random):
    rng = np.random.default_rng(1)
    rows = [
        {"method": m, "dataset": d, "seed": s, "score": float(rng.normal(k * 0.5))}
        for k, m in enumerate("abc")
        for d in "xy"
        for s in range(6)
    ]
    mixed = [dict(random.sample(list(row.items()), len(row))) for row in rows]
    random.shuffle(mixed)

    def told(found):
        return {(p["dataset"], p["a"], p["b"]): (p["verdict"], *p["ci"]) for p in found.pairs}

    assert told(judged(mixed)) == told(judged(rows))


NULLS = {
    "normal": lambda rng: rng.normal(0.8, 0.02, (2, 10)),
    "heavy tails": lambda rng: rng.standard_t(2, (2, 10)),
    "100 examples": lambda rng: rng.binomial(100, 0.9, (2, 10)) / 100,
}


@pytest.mark.parametrize("kind", NULLS)
def test_a_method_is_rarely_better_than_itself(kind):
    """Of 200 comparisons of equals at 5 %, 18 and more are one chance in a hundred."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(200):
        a, b = NULLS[kind](rng)
        wrong += judged({"a": a, "b": b}).pairs[0]["verdict"].startswith("better")
    assert wrong <= 18


def test_a_call_from_python_shows_all_and_saves_a_page(tmp_path):
    rng = np.random.default_rng(0)
    table = {
        "dataset": np.repeat(["a", "b", "c"], 6),
        "seed": np.tile(np.arange(6), 3),
        "old": rng.normal(0.5, 0.01, 18),
        "new": rng.normal(0.6, 0.01, 18),
    }
    found = dlfun.judge(table)
    assert found.ranks == {"new": 1.0, "old": 2.0}
    assert "mean rank over 3 data sets" in repr(found)
    folder = found.save(tmp_path / "judged")
    assert json.loads((folder / "comparison.json").read_text()) == json.loads(
        json.dumps(found.pairs)
    )
    assert "new" in (folder / "report.html").read_text(encoding="utf-8")
    with pytest.raises(dlfun.UserError, match=r"^output_dir=.*already holds a record; name a new"):
        found.save(folder)
    with pytest.raises(dlfun.UserError, match=r"^delta=z: unknown data set 'z'"):
        dlfun.judge(table, delta={"z": 0.1})
    with pytest.raises(dlfun.UserError, match="reference=older: unknown method 'older'"):
        dlfun.judge(table, reference="older")
    with pytest.raises(dlfun.UserError, match="delta=-1: must be a number, at least 0"):
        dlfun.judge(table, delta=-1)


def test_a_record_of_results_is_replaced_only_if_asked_and_judged_again(tmp_path, capsys):
    file, folder = tmp_path / "scores.csv", tmp_path / "out"
    file.write_text("old,new\n" + "".join(f"0.{k}1,0.{k + 4}2\n" for k in range(1, 6)))
    given = [file, f"--output_dir={folder}", "--delta=0.1", "--reference=old"]
    run(*given)
    first = json.loads((folder / "comparison.json").read_text())
    with pytest.raises(dlfun.UserError, match="--overwrite"):
        run(*given)
    lines = (folder / "config.flags").read_text().splitlines()
    assert "--reference=old" in lines
    assert str(file) in lines[0]
    run(file, f"--flagfile={folder}/config.flags", f"--output_dir={folder}", "--overwrite")
    assert json.loads((folder / "comparison.json").read_text()) == first
    assert capsys.readouterr().out.count("new - old") == 2


def test_other_commands_read_a_record_of_folds(tmp_path):
    from dlfun.report.text.leaderboard import leaderboard_text
    from dlfun.report.text.papers import print_tables
    from dlfun.studies.leaderboard.leaderboard import make_leaderboard

    rng = np.random.default_rng(0)
    table = {"fold": np.arange(10), "a": rng.normal(0.9, 0.02, 10), "b": rng.normal(0.8, 0.02, 10)}
    folder = dlfun.judge(table).save(tmp_path / "judged")
    a = table["a"]
    half = stats.t.ppf(0.975, 9) * np.sqrt((1 / 10 + 1 / 9) * a.var(ddof=1))
    assert f"a,{a.mean():.4g},{half:.4g}" in print_tables([folder], "csv")
    board = leaderboard_text(make_leaderboard([folder], {}), "csv")
    assert f"{a.mean() - half:.4g} to {a.mean() + half:.4g}" in board


def test_judging_needs_no_jax():
    code = (
        "import sys, dlfun; found = dlfun.judge({'a': [1, 3, 2, 4, 5], 'b': [2, 3, 4, 5, 7]}); "
        "repr(found); print('jax' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
