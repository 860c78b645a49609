"""The tables of verdicts, of sources of variance, and of a plan, as a user reads them."""

import numpy as np
import pytest
from scipy import stats

from dlfun.config.comparison_spec import Claim
from dlfun.records.outcome import extended
from dlfun.report.text.plan import plan_table
from dlfun.report.text.verdicts import variance_table, verdict, verdict_table
from dlfun.studies.comparison.verdicts import Examined, Look, chance_columns, judge


def pairs_of(arms, n, metric="test_accuracy", looks=()):
    rng = np.random.default_rng(0)
    rows = [
        {"model": name, "dataset": "d", "replicate": r, "status": "ok", metric: value}
        for name, mean in arms.items()
        for r, value in enumerate(rng.normal(mean, 0.01, n))
    ]
    claim = Claim({"d": 0.02}, looks=looks)
    return judge(rows, "d", Examined("official", 1000, 0.0, True), claim, Look(1, 0.05))


def test_a_line_for_each_pair_best_first_in_points():
    pairs = pairs_of({"a": 0.5, "b": 0.9, "c": 0.7}, 12)
    about, _, *lines = verdict_table(pairs).strip().splitlines()
    assert about == "about new seeds on this test set:"
    assert "difference, points" in lines[0]
    assert [line.split("  ")[0] for line in lines[2:5]] == ["b - c", "b - a", "c - a"]
    first = pairs[0]
    assert f"{100 * first['diff']:+.2f}" in lines[2]
    assert f"[{100 * first['ci'][0]:+.2f}, {100 * first['ci'][1]:+.2f}]" in lines[2]
    assert "better" in lines[2]
    said = " ".join(lines[5:])
    assert "over the 3 pairs" in said
    assert "d 0.02 (given)" in said
    assert "not tuned" in said
    assert "may come in up to 22 % of its runs" in said  # 1 - .05^(1/12)
    assert "none of them reaches" not in said
    assert verdict_table([]) == ""


@pytest.mark.parametrize(
    ("scheme", "about"),
    [
        ("random", "new seeds and new splits of data like these"),
        ("leave_one_speaker_out", "new seeds and new speakers like these"),
    ],
)
def test_where_each_run_has_its_own_test_split_the_claim_is_not_about_one(scheme, about):
    pairs = [pair | {"split_scheme": scheme} for pair in pairs_of({"a": 0.5, "b": 0.9}, 12)]
    assert verdict_table(pairs).strip().splitlines()[0] == f"about {about}:"


def test_claims_over_test_examples_are_not_about_new_seeds():
    pairs = pairs_of({"a": 0.5, "b": 0.9, "c": 0.7}, 12)
    examples = [pair | {"unit": "examples", "n": 1000} for pair in pairs]
    first = [
        verdict_table(given).strip().splitlines()[0] for given in (examples, [*pairs, *examples])
    ]
    assert first == [
        "about examples like those tested, for these trained models:",
        "about new seeds on this test set; of two arms with one result each, examples like those "
        "tested:",
    ]


def test_the_arm_that_ranks_favour_is_named_though_its_mean_is_the_lower_one():
    rows = [
        {"model": name, "dataset": "d", "replicate": r, "status": status, "test_accuracy": value}
        for name, status, values in (
            ("a", "failed", [""] * 9),
            ("a", "ok", [0.99]),
            ("b", "ok", np.linspace(0.84, 0.86, 10)),
        )
        for r, value in enumerate(values, 9 * (len(values) == 1))
    ]
    told = Examined("official", 1000, 0.0, True)
    pairs = judge(rows, "d", told, Claim({"d": 0.02}), Look(1, 0.05))
    assert (pairs[0]["a"], pairs[0]["winner"]) == ("a", "b")
    assert "b better (small) (ranks)" in verdict_table(pairs)
    assert verdict(pairs[0] | {"winner": "a"}) == "better (small)"


def test_each_smallest_p_value_is_named_where_pairs_have_other_numbers_of_seeds():
    pairs = [*pairs_of({"a": 0.5, "b": 0.9}, 10), *pairs_of({"a": 0.5, "b": 0.9}, 12)]
    wanted = "*: p is as small as so few seeds can make it, 0.00049 or 0.002 before Holm"
    assert wanted in verdict_table(pairs)


def test_a_table_without_any_p_value():
    rows = [
        {"model": name, "dataset": "d", "replicate": r, "status": "ok", "test_accuracy": value}
        for name, value in (("a", 0.5), ("b", 0.9))
        for r in range(10)
    ]
    told = Examined("official", 4, 0.0, True)
    table = verdict_table(judge(rows, "d", told, Claim({"d": 0.02}), Look(1, 0.05)))
    assert "no verdict" in table
    assert "error rate 0.05\n" in table
    assert "for delta" not in table  # nothing says how many seeds that takes


def test_why_p_and_the_verdict_differ_is_said_of_the_test_at_hand():
    pairs = pairs_of({"a": 0.5, "b": 0.9}, 12)
    for test, other in (("exact sign-flip test", True), ("Welch's t test", False)):
        text = verdict_table([pair | {"p_disagrees": True, "p_test": test} for pair in pairs])
        assert ("p is by another test" in text) == other
        assert "Holm's correction" in text


@pytest.mark.parametrize(("n", "beyond"), [(6, True), (8, False)])
def test_it_says_where_no_p_value_can_reach_the_level(n, beyond):
    pairs = pairs_of({"a": 0.5, "b": 0.9, "c": 0.7}, n)
    assert (3 * 2 / 2**n > 0.05) == beyond
    assert ("so none of them reaches 0.05" in verdict_table(pairs)) == beyond
    assert f"p is as small as {n} seeds can make it, {2 / 2**n:.2g} before Holm" in (
        verdict_table(pairs)
    )


def test_other_metrics_are_in_their_own_unit_and_looks_are_counted():
    pairs = pairs_of({"a": 1.5, "b": 1.9}, 10, "test_nats", looks=(10, 20))
    table = verdict_table(pairs)
    assert "difference, test nats" in table
    assert "a - b" in table.splitlines()[5]
    assert "look 1 of 2" in table


def test_the_spread_of_a_source_has_the_interval_of_a_variance():
    scores = [0.5, 0.52, 0.49, 0.53]
    rows = [
        {"dataset": "d", "model": "m", "metric": "test_accuracy", "source": "init", "score": s}
        for s in scores
    ]
    line = variance_table(rows).splitlines()[2]
    sd = np.std(scores, ddof=1)
    low, high = (sd * np.sqrt(3 / stats.chi2.ppf(q, 3)) for q in (0.975, 0.025))
    assert f"{100 * sd:.2f}" in line
    assert f"[{100 * low:.2f}, {100 * high:.2f}]" in line


def test_a_plan_says_seeds_and_what_the_most_of_them_cost():
    from dlfun.studies.comparison.plan import Need, Plan, with_seeds
    from dlfun.studies.population.layout_candidates import Explained
    from dlfun.training.layout.planner import Measured
    from dlfun.types import Layout

    needs = [
        with_seeds(Need("d", "test_accuracy", "a - b", 0.01, sd), Claim(), 1) for sd in (0.01, 0.02)
    ]
    cost = Explained("d", "a", 10, 1000, [Measured(Layout(2, 5), 1.5, 0.002, 3 * 2**20)])
    shown = plan_table(Plan(needs, [cost], 0.8))
    # 34 is the classical figure for a standardised difference of 0.5; the weaker of two labels is
    # taken, which costs one more.
    assert needs[1].detect == 34 + 1
    costs = next(line for line in shown.splitlines() if "2x5" in line).split()
    assert costs[-4:] == ["2.00", "35", "70", "3"]


def fixed_rows(name, right, n=10):
    """Runs of an arm that gives the same answers each time, as a study marks them."""
    return [
        {"model": name, "dataset": "d", "replicate": r, "status": "ok"}
        | {"test_accuracy": right.mean(), "copy_of": "" if r == 0 else 0}
        for r in range(n)
    ]


def test_arms_of_one_result_are_told_apart_by_examples():
    right = {"svm": np.repeat([1, 0, 1], [20, 70, 110]), "knn": np.repeat([1, 0, 1], [5, 95, 100])}
    rows = [row for name, own in right.items() for row in fixed_rows(name, own)]
    scored = {name: np.tile(own, (10, 1)) for name, own in right.items()}
    facts = Examined("official", 200, 0.0, True, scored)
    (pair,) = judge(rows, "d", facts, Claim(), Look(1, 0.05))
    only = [int((right["svm"] > right["knn"]).sum()), int((right["svm"] < right["knn"]).sum())]
    assert pair["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    table = verdict_table([pair])
    assert "200 examples" in table
    assert f"{pair['verdict']} (examples)" in table
    assert "p: exact McNemar test" in table
    assert "what none of" not in table


def test_runs_at_chance_are_counted_in_the_table_and_not_said_to_have_held():
    """Two of ten runs of b guess: what ten runs cannot show is said of what none of them showed."""
    rng = np.random.default_rng(0)
    means = {"a": 0.8, "b": 0.7, "c": 0.6}
    rows = [
        {"model": name, "dataset": "d", "replicate": r, "status": "ok"}
        | {"test_accuracy": 0.1 if name == "b" and r < 2 else mean + 0.01 * rng.normal()}
        | {"chance": 0.1}
        for name, mean in means.items()
        for r in range(10)
    ]
    facts = Examined("official", 1000, 0.0, True)
    rows = extended(rows, chance_columns(rows, facts, "test_accuracy"))
    table = verdict_table(judge(rows, "d", facts, Claim(), Look(1, 0.05)))
    assert "(ranks): 2 runs of b failed or stayed at chance; they rank last" in table
    assert "\nwhat none of 10 runs of an arm showed, such as a collapse, may come in" in table
