"""Gates: a claim holds, fails or is left undecided, as intervals of SciPy say."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import judge
from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.gates import Gate, parse_gate
from dlfun.stats.noise_floor import noise_floor
from dlfun.stats.skewed import suspicious
from dlfun.studies.comparison.gates import DatasetRuns, decide_gates, exit_code
from dlfun.studies.comparison.verdicts import Examined

FACTS = Examined("official", 0, 0.0, labels=False)
MARGIN = 0.5


def runs(**arms):
    """Rows of arms by their scores, NaN of a run that failed."""
    return [
        {
            "model": name,
            "dataset": "d",
            "replicate": k,
            "status": "failed" if np.isnan(score) else "ok",
            "test_score": "" if np.isnan(score) else float(score),
        }
        for name, scores in arms.items()
        for k, score in enumerate(scores)
    ]


def decided(*gates, delta=0.0, claim=None, **arms):
    tested = {"d": DatasetRuns(runs(**arms), FACTS)}
    return decide_gates([parse_gate(g) for g in gates], tested, claim or Claim({ALL: delta}))


def wanted(gate, a, b, level, delta):
    """By t intervals of the paired differences, as the words of the claim are."""
    low, high = stats.ttest_rel(a, b).confidence_interval(level)
    inner = stats.ttest_rel(a, b).confidence_interval(2 * level - 1)
    m = gate.margin
    if gate.claim == "better than":
        ends = inner if low <= 0 <= high else (low, high)  # else it is told apart from 0
        same = delta > 0 and -delta <= ends[0] and ends[1] <= delta
        return "fails" if same or high < 0 else "holds" if low > 0 else "undecided"
    if gate.claim == "not worse than":
        return "holds" if low > -m else "fails" if high < -m else "undecided"
    if -m <= inner[0] and inner[1] <= m:
        return "holds"
    return "fails" if low > m or high < -m else "undecided"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([-2.0, -0.5, 0.0, 0.4, 0.6, 2.0]),
    st.sampled_from([0.05, 0.4, 1.0]),
    st.sampled_from([6, 12, 40]),
    st.sampled_from([0.0, 0.6]),
)
def test_a_gate_is_decided_as_its_interval_lies(seed, gap, spread, n, delta):
    rng = np.random.default_rng(seed)
    b = rng.normal(0, 1, n)
    a = b + gap + rng.normal(0, spread, n)
    if suspicious(a, b):
        return  # a wider interval counts, too
    gates = [
        "a better than b",
        f"a not worse than b by {MARGIN}",
        f"b equivalent to a within {MARGIN}",
    ]
    found = decided(*gates, delta=delta, a=a, b=b)
    for one, text in zip(found, gates, strict=True):
        gate = parse_gate(text)
        sides = (a, b) if gate.a == "a" else (b, a)
        assert one["outcome"] == wanted(gate, *sides, 1 - 0.05 / 3, delta), text
        low, high = stats.ttest_rel(*sides).confidence_interval(1 - 0.05 / 3)
        np.testing.assert_allclose(one["interval"], (low, high), atol=1e-12)


def test_a_loss_is_better_where_it_is_less():
    rng = np.random.default_rng(0)
    rows = [
        {**row, "test_loss": row["test_score"]}
        for row in runs(a=rng.normal(0, 0.1, 12), b=rng.normal(1, 0.1, 12))
    ]
    for row in rows:
        del row["test_score"]
    gates = [parse_gate("a better than b"), parse_gate("b not worse than a by 0.5")]
    found = decide_gates(gates, {"d": DatasetRuns(rows, FACTS)}, Claim({ALL: 0.0}))
    assert [one["outcome"] for one in found] == ["holds", "fails"]
    assert found[0]["difference"] > 0 > found[1]["difference"]


def test_what_would_decide_a_gate_decides_it_mostly():
    """At the seeds that are named, four of five studies decide, the difference being what it is."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, 10), rng.normal(0, 1, 10)
    (one,) = decided("a better than b", a=0.5 + b + (a - a.mean()) / a.std(ddof=1), b=b)
    assert one["outcome"] == "undecided"
    n = one["seeds"]
    held = 0
    for _ in range(100):
        b = rng.normal(0, 1, n)
        (one,) = decided("a better than b", a=b + rng.normal(0.5, 1, n), b=b)
        held += one["outcome"] == "holds"
    assert 68 < held < 92


def test_a_gate_rarely_holds_that_is_false():
    """At the edge of what is claimed, at most one in twenty; 18 of 200 are one chance in 100."""
    rng = np.random.default_rng(2)
    claims = {"a better than b": 0.0, f"a not worse than b by {MARGIN}": -MARGIN}
    claims[f"a equivalent to b within {MARGIN}"] = MARGIN
    for text, gap in claims.items():
        held = 0
        for _ in range(200):
            b = rng.normal(0, 0.3, 12)
            (one,) = decided(text, a=b + gap + rng.normal(0, 0.3, 12), b=b)
            held += one["outcome"] == "holds"
        assert held <= 18, text


def test_an_arm_that_fails_is_not_held_for_as_good():
    rng = np.random.default_rng(3)
    b = rng.normal(0, 0.1, 20)
    a = b + 0.2
    a[:9] = np.nan
    texts = ["a better than b", "a not worse than b by 0.1", "a equivalent to b within 0.5"]
    assert {one["outcome"] for one in decided(*texts, a=a, b=b)} == {"undecided"}
    none = np.full(20, np.nan)
    found = decided(*texts, "b better than a", a=none, b=b)
    assert [one["outcome"] for one in found] == ["fails", "fails", "fails", "holds"]
    assert {one["why"] for one in found} == {"all 20 runs of a failed"}
    assert decided("a better than b", a=none, b=none)[0]["outcome"] == "undecided"
    assert decided("a better than b", a=b[:3] + 9, b=b[:3])[0]["outcome"] == "undecided"


def test_a_data_set_without_an_arm_leaves_a_gate_undecided():
    rng = np.random.default_rng(3)
    both = runs(a=rng.normal(1, 0.1, 12), b=rng.normal(0, 0.1, 12))
    tested = {"d": DatasetRuns(both, FACTS), "e": DatasetRuns(both[12:], FACTS)}
    found = decide_gates([parse_gate("a better than b")] * 2, tested, Claim({ALL: 0.0}))
    assert [(one["dataset"], one["outcome"]) for one in found] == [
        ("d", "holds"),
        ("e", "undecided"),
    ]
    assert found[1]["why"] == "there is no run of a"
    (one,) = decide_gates([parse_gate("a better than b on d")], tested, Claim({ALL: 0.0}))
    assert one["level"] == 0.95


def test_gates_share_the_error_rate_and_looks_spend_it():
    rng = np.random.default_rng(4)
    arms = {"a": rng.normal(0, 1, 10), "b": rng.normal(0, 1, 10)}
    assert decided("a better than b", **arms)[0]["level"] == 0.95
    two = decided("a better than b", "b better than a", **arms)
    assert [one["level"] for one in two] == [0.975, 0.975]
    (look,) = decided("a better than b", claim=Claim({ALL: 0.0}, looks=(10, 20)), **arms)
    assert 1 - look["level"] == pytest.approx(0.0310, abs=5e-5)  # Pocock's, of two looks


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["holds"], 0),
        (["holds", "undecided"], 3),
        (["undecided", "fails", "holds"], 1),
        ([], 0),
    ],
)
def test_a_failure_counts_before_what_is_undecided(outcomes, code):
    assert exit_code([{"outcome": outcome} for outcome in outcomes]) == code


@pytest.mark.parametrize(
    "gate",
    [
        Gate("a b", "better than", "c+d"),
        Gate("before/cnn", "not worse than", "after/cnn", 0.005, "mnist 2"),
        Gate("a", "equivalent to", "b", 1e-05),
    ],
)
def test_a_gate_is_read_as_it_is_written(gate):
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a beats b", "must be 'A better than B'"),
        ("a not worse than b", "write 'a not worse than b by 0.01'"),
        ("a equivalent to b within 0,5", "write 0.5"),
        ("a equivalent to b within 0", "a number above 0"),
        ("a better than a", "name two"),
    ],
)
def test_what_is_no_gate_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        parse_gate(text)


TABLE = "new,old\n" + "".join(f"0.{k}2,0.{k}1{k}\n" for k in (9, 8, 9, 7, 8, 9, 9, 7, 8, 8))


@pytest.mark.parametrize(
    ("gates", "code", "said"),
    [
        (["new better than old"], 0, "holds: new better than old (ahead by 0.0"),
        (["old better than new"], 1, "fails: old better than new (behind by 0.0"),
        (["old equivalent to new within 0.002"], 3, "seeds decide it)"),
        (["old better than new", "new better than nobody"], 2, "unknown arm 'nobody'"),
    ],
)
def test_the_exit_code_says_what_came_out(gates, code, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.csv").write_text(TABLE)
    words = ["judge", "scores.csv", *(f"--require={gate}" for gate in gates)]
    body = lambda: judge.main(app.parse(judge.FLAGS, words, check=judge.check, words="x"))  # noqa: E731
    assert app.guarded(body) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert (tmp_path / "gates.json").exists() == (code != 2)
    if code != 2:
        assert [one["gate"] for one in json.loads((tmp_path / "gates.json").read_text())] == gates


def test_a_call_from_python_decides_too():
    found = dlfun.judge(
        {"new": [3, 4, 3.5, 5, 4.5], "old": [1, 2, 1, 2, 2.5]}, require="new better than old"
    )
    assert [one["outcome"] for one in found.gates] == ["holds"]
    assert "holds: new better than old" in repr(found)
    with pytest.raises(dlfun.UserError, match=r"^require=.*: unknown arm 'x'"):
        dlfun.judge({"new": [1, 3], "old": [2, 1]}, require=["x better than old"])


def test_seeds_alone_differ_by_less_than_the_noise_floor_mostly():
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(1000):
        arms = rng.normal(0, 2, (4, 8))
        floor = noise_floor(list(arms))
        again = rng.normal(0, 2, (4, 8)).mean(1)
        inside.append(
            (
                abs(rng.normal(0, 2) - rng.normal(0, 2)) < floor.runs,
                abs(again[0] - again[1]) < floor.means,
                np.ptp(again) < floor.lead,
            )
        )
    np.testing.assert_allclose(np.mean(inside, 0), 0.95, atol=0.025)
    assert noise_floor([[1.0], [np.nan, 2.0]]) is None
