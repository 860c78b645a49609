"""Two-way random effects against an analysis of variance written out, and known cases."""

import numpy as np
import pytest

from dlfun.errors import UserError
from dlfun.stats import paired_t, population_interval, two_way, welch


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (6, 1)) + rng.normal(0, 2, (1, 9)) + rng.normal(0, 0.5, (6, 9))


def mean_squares(table):
    n, m = table.shape
    mean, runs, examples, rest = table.mean(), 0.0, 0.0, 0.0
    for i in range(n):
        runs += m * (table[i].mean() - mean) ** 2 / (n - 1)
    for j in range(m):
        examples += n * (table[:, j].mean() - mean) ** 2 / (m - 1)
    for i in range(n):
        for j in range(m):
            left = table[i, j] - table[i].mean() - table[:, j].mean() + mean
            rest += left**2 / ((n - 1) * (m - 1))
    return runs, examples, rest


def test_variance_equals_the_sum_of_components(table):
    (runs, examples, rest), (n, m) = mean_squares(table), table.shape
    seed, example = (runs - rest) / m, (examples - rest) / n
    assert min(seed, example) > 0
    found = two_way([table])
    assert found.diff == pytest.approx(table.mean())
    assert found.error**2 == pytest.approx(seed / n + example / m + rest / (n * m))
    total = runs + examples - rest
    shares = runs**2 / (n - 1) + examples**2 / (m - 1) + rest**2 / ((n - 1) * (m - 1))
    assert found.df == pytest.approx(total**2 / shares)
    assert found.sd == pytest.approx(table.mean(1).std(ddof=1))


def test_negative_components_are_zero(table):
    n, m = table.shape
    no_seed = table - table.mean(1, keepdims=True)
    runs, examples, rest = mean_squares(no_seed)
    assert runs < rest
    assert two_way([no_seed]).error ** 2 == pytest.approx(examples / (n * m))
    neither = no_seed - no_seed.mean(0)
    assert two_way([neither]).error ** 2 == pytest.approx(mean_squares(neither)[2] / (n * m))


def test_without_an_effect_of_examples_it_is_the_t_interval():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 1)), rng.normal(size=(7, 1))
    one, two = (np.broadcast_to(v, (len(v), 30)) for v in (x, y))
    assert two_way([one])[:4] == pytest.approx(paired_t(x)[:4])
    assert two_way([one, two])[:4] == pytest.approx(welch(x, y)[:4])


def test_two_tables_are_an_unpaired_difference(table):
    other = 1.0 - table[:4, ::-1]
    found, (n, m) = two_way([table, other]), table.shape
    gap = table.mean(0) - other.mean(0)
    (run_a, _, rest_a), (run_b, _, rest_b) = mean_squares(table), mean_squares(other)
    variance = (run_a - rest_a) / (n * m) + (run_b - rest_b) / (4 * m) + np.var(gap, ddof=1) / m
    assert found.diff == pytest.approx(gap.mean())
    assert found.error**2 == pytest.approx(variance)


def test_degenerate_tables():
    assert two_way([np.ones((4, 5))]).error == 0
    assert two_way([np.ones((4, 5))]).p == 0
    assert np.isnan(two_way([np.ones((1, 5))]).error)
    assert population_interval(np.ones((4, 5)))[:3] == (1, 1, 1)
    with pytest.raises(UserError, match="one test set"):
        two_way([np.ones((4, 5)), np.ones((4, 6))])


def test_interval_of_answers():
    correct = np.random.default_rng(2).random((10, 200)) < np.linspace(0.5, 1, 200)
    found = population_interval(correct, 0.9)
    assert found.estimate == pytest.approx(correct.mean())
    seeds_alone = paired_t(correct.mean(1)).interval(0.9)
    assert found.low < seeds_alone[0] < seeds_alone[1] < found.high
