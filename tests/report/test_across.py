"""Arms over several data sets: on one scale, in the page, as text and for papers."""

import csv
import io
import itertools
import json
import re

import numpy as np
import pytest
from scipy import stats

from dlfun.report.html import write_report
from dlfun.report.scales import gather, side_by_side
from dlfun.report.text.across import across_table, contrasts, summaries
from dlfun.report.text.papers import print_tables
from tests.report import records
from tests.report.test_html import Page, section, tables

ACCURACY = {"a": (0.9, 0.8, 0.7), "b": (0.85, 0.86, 0.5), "c": (0.4, 0.5, 0.3)}
CHANCE = (0.1, 0.2, 0.25)
LOSS = {"a": 0.5, "b": 0.9, "c": 1.5}


def row(arm, dataset, replicate, chance, **score):
    known = {"model": arm, "dataset": dataset, "replicate": str(replicate), "status": "ok"}
    usual = {"parameters": "10", "seconds": "1", "compile_seconds": "1", "at_chance": "false"}
    return known | usual | {"chance": str(chance)} | {n: str(v) for n, v in score.items()}


def rows_of(seeds=8, datasets=("x", "y", "z"), arms=ACCURACY, seed=0):
    """Runs on as many data sets as are named; their levels repeat."""
    rng = np.random.default_rng(seed)
    return [
        row(arm, name, r, CHANCE[k % 3], test_accuracy=levels[k % 3] + 0.02 * rng.normal())
        for k, name in enumerate(datasets)
        for arm, levels in arms.items()
        for r in range(seeds)
    ]


def losses(seeds=8):
    """Runs on a data set where less is better and guessing costs 2."""
    rng = np.random.default_rng(9)
    return [
        row(arm, "sums", r, 2.0, test_loss=level + 0.05 * rng.normal())
        for arm, level in LOSS.items()
        for r in range(seeds)
    ]


def pairs_of(rows, split="official"):
    """Pairs as a comparison.json has them, whose p values rise."""
    found = []
    for dataset in dict.fromkeys(r["dataset"] for r in rows):
        arms = list(dict.fromkeys(r["model"] for r in rows if r["dataset"] == dataset))
        for a, b in itertools.combinations(arms, 2):
            x, y = (
                np.array(
                    [float(r["test_accuracy"]) for r in rows if (r["model"], r["dataset"]) == k]
                )
                for k in ((a, dataset), (b, dataset))
            )
            found.append(
                {
                    "a": a, "b": b, "dataset": dataset, "metric": "test_accuracy", "n": len(x),
                    "paired": True, "split_scheme": split, "scope": "this-test-set",
                    "diff": float((x - y).mean()), "ci": [-0.1, 0.1], "ci_level": 0.95,
                    "theta": 0.5, "theta_ci": [0.4, 0.6], "hedges_g": 0.1, "p_holm": 0.5,
                    "p": (1e-3 if split == "official" else 2e-3) * (len(found) + 1) ** 2,
                    "p_test": "t test" if split == "random" else "exact sign-flip test",
                    "p_at_floor": False, "p_disagrees": False, "decided_by": "t",
                    "mixture": False, "alpha": 0.05, "unit": "runs",
                    "n_distinct_a": len(x), "n_distinct_b": len(y),
                    "verdict": "unresolved", "winner": None, "words": f"{a} and {b}: unresolved",
                }
            )  # fmt: skip
    return found


def flipped(differences):
    """The exact two-sided sign-flip p value, pattern by pattern."""
    signs = np.array(list(itertools.product((-1, 1), repeat=len(differences))))
    return np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12)


def written(folder, rows, pairs=None):
    """A record of members, and pairs if there are any."""
    folder.mkdir()
    records.write_csv(folder / "members.csv", rows)
    records.write_request(folder)
    if pairs is not None:
        (folder / "comparison.json").write_text(json.dumps(pairs))
    return folder


def by_hand(rows, dataset, arm, metric, sign=1):
    """Normalised scores of an arm by a loop, failed runs at 0."""
    own = [r for r in rows if r["dataset"] == dataset]
    chance = float(own[0]["chance"])
    means = []
    for name in dict.fromkeys(r["model"] for r in own):
        scores = [
            float(r[metric]) if r["status"] == "ok" else chance for r in own if r["model"] == name
        ]
        means.append(sign * sum(scores) / len(scores))
    best = sign * max(means)
    return [
        (float(r[metric]) - chance) / (best - chance) if r["status"] == "ok" else 0.0
        for r in own
        if r["model"] == arm
    ]


def test_scores_are_normalised_between_chance_and_the_best_mean():
    rows = rows_of() + losses()
    failed = next(r for r in rows if (r["model"], r["dataset"], r["replicate"]) == ("b", "y", "3"))
    failed |= {"status": "failed", "test_accuracy": ""}
    across = gather(rows)
    assert [s.dataset for s in across.scales] == ["x", "y", "z", "sums"]
    assert [s.best for s in across.scales] == ["a", "a", "a", "a"]  # the failure cost b the lead
    for arm, scores in across.arms.items():
        wanted = [by_hand(rows, name, arm, "test_accuracy") for name in ("x", "y", "z")]
        wanted.append(by_hand(rows, "sums", arm, "test_loss", -1))
        np.testing.assert_allclose(scores, np.transpose(wanted))
    assert across.arms["b"][3, 1] == 0
    np.testing.assert_allclose(across.arms["a"].mean(0), 1)
    assert across.left_out == []


def test_what_cannot_enter_is_named():
    rows = rows_of()
    rows += [row(arm, "bound", r, 0.5, test_elbo=-80 - r) for arm in "abc" for r in range(8)]
    rows += [
        row(arm, "noise", r, 0.5, test_accuracy=0.5 + 0.01 * (-1) ** r)
        for arm in "abc"
        for r in range(8)
    ]
    rows += rows_of(datasets=("x", "y", "noise"), arms={"d": (0.6, 0.6, 0.5)})
    rows += [row("a", "x", 8, 0.1, test_accuracy=0.9)]
    across = gather(rows)
    assert list(across.arms) == ["a", "b", "c"]
    assert across.left_out == [
        "bound: chance is unknown in test elbo",
        "d: is not on z",
        "noise: no arm is told apart from chance",
        "runs: only the 8 replicates that all arms have everywhere",
    ]


def test_without_chance_the_worst_arm_is_0():
    rows = rows_of() + losses()
    for one in rows:
        one["chance"] = ""
    failed = next(r for r in rows if (r["model"], r["dataset"], r["replicate"]) == ("b", "y", "3"))
    failed |= {"status": "failed", "test_accuracy": ""}
    across = gather(rows)
    assert across.left_out == []
    for place, scale in enumerate(across.scales):
        own = [r for r in rows if r["dataset"] == scale.dataset and r["status"] == "ok"]
        mean = {a: np.mean([float(r[scale.metric]) for r in own if r["model"] == a]) for a in "abc"}
        worst = (max if scale.metric == "test_loss" else min)(mean.values())
        assert scale.zero == pytest.approx(worst)
        assert mean[scale.worst] == pytest.approx(worst)
        first = next(r for r in own if r["model"] == "a")
        wanted = (float(first[scale.metric]) - worst) / (scale.reference - worst)
        assert across.arms["a"][0, place] == pytest.approx(wanted)
    assert across.arms["b"][3, 1] == 0
    assert "0 is the mean of the worst arm" in across_table(rows)


@pytest.mark.parametrize(
    "rows", [rows_of(datasets=("x", "y")), rows_of(arms={"a": ACCURACY["a"]}), losses()]
)
def test_two_data_sets_or_one_arm_are_too_few(rows):
    assert gather(rows) is None
    assert across_table(rows) == ""


def test_arms_are_summed_up_as_scipy_does():
    rows = rows_of()
    found = {one.arm: one for one in summaries(gather(rows))}
    assert list(found) == ["a", "b", "c"]
    for arm, one in found.items():
        scores = np.transpose([by_hand(rows, n, arm, "test_accuracy") for n in ("x", "y", "z")])
        assert one.found.iqm.estimate == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))
        assert one.found.mean.estimate == pytest.approx(scores.mean())
        assert one.found.iqm.low < one.found.iqm.estimate < one.found.iqm.high
        assert one.found.optimality_gap.estimate == pytest.approx((1 - scores).clip(0).mean())
    assert [round(one.rank, 3) for one in found.values()] == [1.333, 1.667, 3.0]
    lines = across_table(rows).splitlines()
    assert lines[1] == "over 3 data sets"
    a = found["a"].found
    wanted = [f"{x:.3f}" for x in (a.iqm.estimate, a.iqm.low, a.iqm.high, a.mean.estimate)]
    assert lines[4].split() == [
        "a",
        wanted[0],
        f"[{wanted[1]},",
        f"{wanted[2]}]",
        wanted[3],
        "1.33",
    ]
    assert "x (a), y (b), z (a)" in lines[7]
    assert "approximate, as 8 runs are fewer than 10" in lines[7]
    assert "approximate" not in across_table(rows_of(10))


def test_pairs_are_tested_over_all_data_sets_and_adjusted():
    across = gather(rows_of(arms=ACCURACY | {"e": (0.9, 0.8, 0.69)}))
    found = contrasts(across, ["a", "b", "e", "c"], paired=True)
    assert len(found) == 6
    for one in found:
        x, y = across.arms[one.a], across.arms[one.b]
        assert one.p == pytest.approx(flipped((x - y).mean(1)))
        wins = np.mean([(u > v) + 0.5 * (u == v) for u, v in zip(x.T, y.T, strict=True)
                        for u, v in itertools.product(u, v)])  # fmt: skip
        assert one.wins.estimate == pytest.approx(wins)
    adjusted = stats.false_discovery_control([one.p for one in found])
    np.testing.assert_allclose([one.adjusted for one in found], adjusted)
    assert len(set(adjusted)) > 1
    assert not any(np.isfinite(one.p) for one in contrasts(across, list(across.arms), False))


def test_many_arms_are_compared_with_the_best_alone():
    arms = {f"m{k}": tuple(0.9 - 0.02 * k for _ in range(3)) for k in range(9)}
    across = gather(rows_of(2, arms=arms))
    found = contrasts(across, list(arms), paired=True)
    assert [(one.a, one.b) for one in found] == [("m0", f"m{k}") for k in range(1, 9)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = rows_of()
    return written(tmp_path_factory.mktemp("across") / "study", rows, pairs_of(rows))


@pytest.fixture(scope="module")
def text(folder):
    return write_report(folder, [folder]).read_text(encoding="utf-8")


def test_the_page_has_the_block_with_words_and_numbers(text):
    Page(text)
    block = section(text, "across")
    _, _, arms, pairs, scale = tables(block)
    found = summaries(gather(rows_of()))
    for line, one in zip(arms[1:], found, strict=True):
        parts = (one.found.iqm, one.found.mean, one.found.optimality_gap)
        wanted = [t for p in parts for t in (f"{p.estimate:.3f}", f"[{p.low:.3f}, {p.high:.3f}]")]
        assert line == [one.arm, *(w.replace("-", "−") for w in wanted), f"{one.rank:.2f}"]
    assert pairs[0][3:] == ["sign-flip p", "exploratory p (Benjamini-Hochberg)"]
    assert len(pairs) == 1 + 3
    assert [line[0] for line in scale[1:]] == ["x", "y", "z"]
    assert [line[2] for line in scale[1:]] == ["10.00 %", "20.00 %", "25.00 %"]
    assert [line[4] for line in scale[1:]] == ["a", "b", "a"]
    assert "an arm has only 8 runs on a data set" in block
    assert "With 8 runs none is below 0.007812" in block
    assert "Ranks over data sets" not in block


def test_profiles_show_the_share_of_runs_above_each_score(text):
    _, profile, *_ = tables(section(text, "across"))
    across = gather(rows_of())
    for arm, at, share, low, high in profile[1:]:
        known = 100 * np.mean(across.arms[arm] > float(at.replace("−", "-")))
        assert float(share) == pytest.approx(known, abs=100 / 24 + 0.1)  # one run, as τ is rounded
        assert float(low) <= float(share) <= float(high)
    assert profile[1][2] == "100"
    assert profile[-1][2] == "0"


def test_differences_on_all_data_sets_have_the_exploratory_p_value(text, folder):
    pairs = json.loads((folder / "comparison.json").read_text())
    wanted = stats.false_discovery_control([pair["p"] for pair in pairs])
    named = {(p["dataset"], f"{p['a']} – {p['b']}"): v for p, v in zip(pairs, wanted, strict=True)}
    found = [t for t in tables(section(text, "verdicts")) if t[0][0] == "pair"]
    assert len(found) == 3
    for dataset, (names, *lines) in zip("xyz", found, strict=True):
        place = names.index("exploratory p (Benjamini-Hochberg)")
        assert names[place - 1] == "Holm p"
        for line in lines:
            assert line[place] == f"{named[dataset, line[0]]:.3f}"


def test_splits_that_overlap_have_no_sign_flips(tmp_path):
    rows = rows_of()
    made = written(tmp_path / "r", rows, pairs_of(rows, split="random"))
    text = write_report(made, [made]).read_text(encoding="utf-8")
    assert "sign-flip" not in section(text, "across")
    pairs = json.loads((made / "comparison.json").read_text())
    wanted = stats.false_discovery_control([pair["p"] for pair in pairs])
    shown = [
        line[5] for t in tables(section(text, "verdicts")) if t[0][0] == "pair" for line in t[1:]
    ]
    assert sorted(shown) == sorted(f"{p:.3f}" for p in wanted)


def test_a_record_without_verdicts_has_no_sign_flips(folder, tmp_path):
    made = written(tmp_path / "r", rows_of())
    alone = write_report(made, [made]).read_text(encoding="utf-8")
    both = write_report(tmp_path, [folder, made], "both.html").read_text(encoding="utf-8")
    for text in (alone, both):
        assert "P(first is better)" in section(text, "across")
        assert "sign-flip" not in section(text, "across")


def test_two_data_sets_have_no_block(tmp_path):
    made = written(tmp_path / "r", rows_of(datasets=("x", "y")))
    assert 'id="across"' not in write_report(made, [made]).read_text(encoding="utf-8")


def test_ten_data_sets_are_ranked(tmp_path):
    names = [f"d{k}" for k in range(10)]
    rows = rows_of(4, names, ACCURACY | {"e": (0.88, 0.84, 0.6)})
    made = written(tmp_path / "r", rows)
    block = section(write_report(made, [made]).read_text(encoding="utf-8"), "across")
    across = gather(rows)
    means = np.transpose([scores.mean(0) for scores in across.arms.values()])
    mean_ranks = dict(zip(across.arms, stats.rankdata(-means, axis=1).mean(0), strict=True))
    for arm, rank in mean_ranks.items():
        assert f">{arm} {rank:.2f}</text>" in block
    (found,) = (t for t in tables(block) if t[0] == ["pair", "ranks apart", "Holm p"])
    raw = {}
    for a, b in itertools.combinations(across.arms, 2):
        p = stats.wilcoxon(across.arms[a].mean(0), across.arms[b].mean(0)).pvalue
        raw[frozenset((a, b))] = p
    least = min(raw.values())
    shown = {frozenset(line[0].split(" – ")): float(line[2]) for line in found[1:]}
    assert shown[min(raw, key=raw.get)] == pytest.approx(6 * least, abs=5e-4)
    assert "Nemenyi" not in block


def test_records_of_different_data_sets_are_taken_together(folder, tmp_path):
    rows = rows_of()
    parts = [written(tmp_path / n, [r for r in rows if r["dataset"] == n]) for n in "xyz"]
    one = write_report(tmp_path, parts, "three.html").read_text(encoding="utf-8")
    Page(one)
    block = section(one, "across")
    assert 'class="part"' not in block
    whole = section(write_report(folder, [folder]).read_text(encoding="utf-8"), "across")
    assert tables(block)[2] == tables(whole)[2]
    last = print_tables(parts, "csv").split("\n\n")[-1]
    assert last == print_tables([folder], "csv").split("\n\n")[-1]


def test_records_of_the_same_data_sets_keep_their_arms_apart(folder, tmp_path):
    rows = rows_of(datasets=("x", "y", "z", "v"), arms={"a": (0.95, 0.9, 0.8)}, seed=1)
    other = written(tmp_path / "later", rows, pairs_of(rows))
    found = write_report(tmp_path, [folder, other], "both.html").read_text(encoding="utf-8")
    _, _, arms, pairs, _ = tables(section(found, "across"))
    assert [line[0] for line in arms[1:]] == ["later/a", "study/a", "study/b", "study/c"]
    tested = {line[0]: bool(re.match(r"\d", line[3])) for line in pairs[1:]}
    assert "Runs that are not paired, or are copies" in section(found, "across")
    assert tested == {
        "later/a – study/a": False,
        "later/a – study/b": False,
        "later/a – study/c": False,
        "study/a – study/b": True,
        "study/a – study/c": True,
        "study/b – study/c": True,
    }


def test_records_that_share_too_little_stand_alone(folder, tmp_path):
    other = written(tmp_path / "other", rows_of(datasets=("x", "v")))
    text = write_report(tmp_path, [folder, other], "both.html").read_text(encoding="utf-8")
    assert section(text, "across").count("Nothing of this in the record.") == 1
    assert (
        side_by_side({"p": [row("a", "x", 0, 0)], "q": [row("a", "x", 0, 0)]})[1]["model"] == "q/a"
    )


def test_papers_get_the_same_table(folder):
    found = summaries(gather(rows_of()))
    *_, last = print_tables([folder], "csv").split("\n\n")
    for line, one in zip(csv.DictReader(io.StringIO(last)), found, strict=True):
        assert line == {
            "model": one.arm,
            "IQM": f"{one.found.iqm.estimate:.3f}",
            "interval": f"{one.found.iqm.low:.3f} to {one.found.iqm.high:.3f}",
            "mean": f"{one.found.mean.estimate:.3f}",
            "mean rank": f"{one.rank:.2f}",
        }
    latex = print_tables([folder], "latex")
    assert "Over 3 data sets, normalised" in latex
    assert r"model & IQM & interval & mean & mean rank \\" in latex
    assert "| model | IQM | interval | mean | mean rank |" in print_tables([folder], "markdown")


def test_copies_of_one_result_have_no_interval_and_no_test():
    """Arms b and c repeat themselves on each data set; their ten rows are one result."""
    rows = [
        {"model": arm, "dataset": dataset, "replicate": str(r), "status": "ok", "chance": "0.1"}
        | {"test_accuracy": str(level + 0.01 * k + (0.01 * np.sin(r) if arm == "a" else 0))}
        | {"copy_of": "0" if arm != "a" and r else ""}
        for k, dataset in enumerate("xyz")
        for arm, level in (("a", 0.9), ("b", 0.8), ("c", 0.7))
        for r in range(10)
    ]
    known = gather(rows)
    assert known.fixed == {"b", "c"}
    found = {one.arm: one.found.iqm for one in summaries(known)}
    assert found["a"].low < found["a"].high
    assert np.isnan([found[arm].low for arm in "bc"]).all()
    pairs = {(one.a, one.b): one for one in contrasts(known, list("abc"), paired=True)}
    assert np.isnan([pair.p for pair in pairs.values()]).all()
    assert np.isnan(pairs["b", "c"].wins.low)
    assert "-" in across_table(rows).splitlines()[5]
