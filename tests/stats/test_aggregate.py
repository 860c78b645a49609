"""Aggregates over data sets, against published numbers, SciPy and loops."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats import (
    aggregate_scores,
    normalise,
    overall_sign_flip,
    probability_of_improvement,
    rank_algorithms,
    score_profile,
    sign_flip,
    stratified,
    superiority,
)

GOLDEN = np.arange(1, 13).reshape(4, 3) ** 1.5
TABLES = arrays.arrays(
    float,
    st.tuples(st.integers(2, 6), st.integers(3, 5)),
    elements=st.integers(-8, 8).map(lambda n: n / 8),
)


@pytest.fixture(scope="module")
def scores():
    return np.random.default_rng(0).normal([0.2, 0.5, 0.9], [0.1, 0.2, 0.1], (12, 3))


def test_aggregates_equal_the_published_ones():
    found = [part.estimate for part in aggregate_scores(GOLDEN, target=20, resamples=9)]
    wanted = [17.004159086603, 18.393700228693, 18.279764176031, 6.548156910911]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_probability_of_improvement_equals_the_published_one():
    x = np.array([[0.9, 0.5], [0.8, 0.6], [0.7, 0.7], [0.95, 0.4], [0.85, 0.65]])
    y = np.array([[0.6, 0.55], [0.65, 0.6], [0.9, 0.5], [0.7, 0.45]])
    # The published numbers are of one or two data sets: repeated, they have the same mean.
    twice = probability_of_improvement(np.tile(x, 2), np.tile(y, 2), resamples=9)
    assert twice.estimate == pytest.approx(0.725)
    ties = np.tile([[0.9], [0.9], [0.8]], 3), np.tile([[0.9], [0.8], [0.8]], 3)
    assert probability_of_improvement(*ties, resamples=9).estimate == pytest.approx(2 / 3)


def test_bootstrap_estimates_equal_those_of_the_resampled_tables(scores):
    # The same draws, as tables: each column's runs repeated as often as they are counted.
    rng = np.random.Generator(np.random.PCG64(3))
    counts = stratified._counts(rng, 200, *scores.shape)
    assert (counts.sum(1) == len(scores)).all()
    tables = np.stack(
        [
            np.stack([np.repeat(scores[:, d], c[:, d].astype(int)) for d in range(3)], axis=1)
            for c in counts
        ]
    )
    wanted = [
        stats.trim_mean(tables.reshape(200, -1), 0.25, axis=1),
        tables.mean((1, 2)),
        np.median(tables.mean(1), axis=1),
        1 - np.minimum(tables, 1).mean((1, 2)),
    ]
    found = aggregate_scores(scores, resamples=200, seed=3)
    for part, draws in zip(found, wanted, strict=True):
        np.testing.assert_allclose(part[1:3], np.quantile(draws, [0.025, 0.975]), rtol=1e-12)
    profile = score_profile(scores, [0.2, 0.5], resamples=200, seed=3)
    above = (tables[..., None] > [0.2, 0.5]).mean((1, 2))
    np.testing.assert_allclose(profile[2:], np.quantile(above, [0.025, 0.975], axis=0))
    np.testing.assert_allclose(profile.share, (scores[..., None] > [0.2, 0.5]).mean((0, 1)))


def test_every_run_is_as_likely_to_be_drawn_and_data_sets_are_drawn_apart():
    counts = stratified._counts(np.random.Generator(np.random.PCG64(0)), 20_000, 5, 3)
    np.testing.assert_allclose(counts.mean(0), 1, atol=0.03)
    np.testing.assert_allclose(counts.var(0), 0.8, atol=0.05)  # n p (1 - p) of 5 draws
    across = np.corrcoef(counts[:, 0].T)
    np.testing.assert_allclose(across, np.eye(3), atol=0.03)


def test_the_interval_of_the_mean_has_the_width_of_the_strata():
    # Data sets at different levels: runs mixed across them would make it many times wider.
    table = np.random.default_rng(1).normal([0, 10, 20], 1, (30, 3))
    found = aggregate_scores(table, resamples=4000).mean
    error = np.sqrt(sum(table[:, d].var() / 30 for d in range(3))) / 3
    assert found.half_width == pytest.approx(1.96 * error, rel=0.05)


def test_improvement_is_the_mean_of_superiority_and_its_bootstrap_that_of_loops(scores):
    other = scores[:7] + 0.05
    found = probability_of_improvement(scores, other, resamples=300, seed=1)
    parts = [superiority(scores[:, d], other[:, d]).estimate for d in range(3)]
    assert found.estimate == pytest.approx(np.mean(parts))
    rng, draws = np.random.default_rng(0), []
    for _ in range(300):
        x, y = (t[rng.integers(len(t), size=t.shape), np.arange(3)] for t in (scores, other))
        draws.append(np.mean([(x[:, d, None] > y[:, d]).mean() for d in range(3)]))
    np.testing.assert_allclose(found[1:3], np.quantile(draws, [0.025, 0.975]), atol=0.04)


@settings(max_examples=30, deadline=None)
@given(TABLES, TABLES)
def test_swapping_turns_the_probability_over(a, b):
    width = min(a.shape[1], b.shape[1])
    a, b = a[:, :width], b[:, :width]
    forth = probability_of_improvement(a, b, resamples=50)
    back = probability_of_improvement(b, a, resamples=50)
    assert forth.estimate == pytest.approx(1 - back.estimate)
    assert 0 <= forth.low <= forth.high <= 1 + 1e-12


@settings(max_examples=30, deadline=None)
@given(TABLES, st.sampled_from([0.5, 2.0]), st.integers(-2, 2))
def test_shift_scale_and_order(table, factor, shift):
    plain = aggregate_scores(table, resamples=50)
    moved = aggregate_scores(factor * table[::-1, ::-1] + shift, factor + shift, resamples=50)
    for name in ("iqm", "mean", "median"):
        estimate = getattr(plain, name).estimate
        assert getattr(moved, name).estimate == pytest.approx(factor * estimate + shift)
    assert moved.optimality_gap.estimate == pytest.approx(factor * plain.optimality_gap.estimate)
    assert plain.mean.estimate >= 1 - plain.optimality_gap.estimate - 1e-12


def test_one_seed_gives_one_answer_whatever_else_runs(scores, monkeypatch):
    first = aggregate_scores(scores, resamples=300)
    np.random.default_rng(5).normal()
    assert repr(aggregate_scores(scores, resamples=300)) == repr(first)
    assert aggregate_scores(scores, resamples=300, seed=1) != first
    monkeypatch.setattr(stratified, "CHUNK", 1000)  # many chunks
    chunked = aggregate_scores(scores, resamples=300)
    assert chunked.mean.estimate == first.mean.estimate
    assert chunked.mean.half_width == pytest.approx(first.mean.half_width, rel=0.2)


def test_normalised_scores():
    found = normalise([[0.1, 3.0, 1.0], [1.0, 0.0, 1.5]], [0.1, 3.0, 2.0], [1.0, 0.0, 1.0])
    np.testing.assert_allclose(found, [[0, 0, 1], [1, 1, 0.5]])
    with pytest.raises(UserError, match="equals chance"):
        normalise([[0.5]], [0.1], [0.1])


def test_the_overall_test_flips_whole_runs():
    a, b = np.random.default_rng(2).normal(size=(2, 6, 4))
    differences = (a - b).mean(1)
    flipped = [
        abs(np.dot(signs, differences)) >= abs(differences.sum()) - 1e-12
        for signs in itertools.product([-1, 1], repeat=6)
    ]
    assert overall_sign_flip(a, b) == pytest.approx(np.mean(flipped))
    assert overall_sign_flip(a, b) == sign_flip(differences)
    with pytest.raises(UserError, match="as many runs"):
        overall_sign_flip(a, b[:5])


def test_what_cannot_be_aggregated():
    with pytest.raises(UserError, match="3 data sets or more"):
        aggregate_scores([[0.5, 0.5]])
    with pytest.raises(UserError, match="give it that of chance"):
        aggregate_scores([[0.5, np.nan, 0.5]])
    with pytest.raises(UserError, match="the same ones"):
        probability_of_improvement(np.ones((2, 3)), np.ones((2, 4)))
    single = aggregate_scores([[0.5, 0.6, 0.7]], resamples=9)
    assert single.mean.estimate == pytest.approx(0.6)
    assert np.isnan(single.mean[1:3]).all()


def test_ranks_equal_scipys():
    rng = np.random.default_rng(4)
    scores = rng.normal([0.0, 0.1, 1.5, 1.6], 0.5, (14, 4))
    found = rank_algorithms(scores)
    np.testing.assert_allclose(found.mean, stats.rankdata(-scores, axis=1).mean(0))
    pairs = list(itertools.combinations(range(4), 2))
    raw = np.array([stats.wilcoxon(scores[:, a], scores[:, b]).pvalue for a, b in pairs])
    ordered = sorted(raw)
    for (a, b), p in zip(pairs, raw, strict=True):
        wanted = max((6 - i) * q for i, q in enumerate(ordered) if q <= p)
        assert found.p[a, b] == found.p[b, a] == pytest.approx(min(1, wanted))
    assert {frozenset(group) for group in found.groups} == {frozenset({0, 1}), frozenset({2, 3})}


def test_ranks_of_algorithms_that_do_not_differ():
    found = rank_algorithms(np.ones((10, 3)))
    assert found.mean.tolist() == [2, 2, 2]
    assert (found.p == 1).all()
    assert found.groups == ((0, 1, 2),)
    assert rank_algorithms(np.arange(20).reshape(10, 2), higher_is_better=False).groups == ()
    with pytest.raises(UserError, match="10 data sets"):
        rank_algorithms(np.ones((9, 3)))


def test_overlapping_groups_of_ranks():
    from dlfun.stats.ranks import _groups

    alike = np.eye(4, dtype=bool)
    for a, b in [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3)]:
        alike[a, b] = alike[b, a] = True
    assert _groups(np.arange(4), alike) == ((0, 1, 2), (1, 2, 3))
