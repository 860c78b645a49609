"""Letters of tied groups, against all subsets; winners, against the whole comparison."""

import itertools
import string

import numpy as np
import pytest

from dlfun.stats import Arm, compare_arms
from dlfun.stats.arms import make_side
from dlfun.stats.evidence import Plan
from dlfun.stats.letters import compact_letters, letter, tied_groups
from dlfun.stats.winners import winner


def is_tied(alike, group):
    return all(alike[i, j] for i, j in itertools.combinations(group, 2))


def by_subsets(alike):
    """The maximal cliques, from all subsets."""
    everyone = range(len(alike))
    tied = [
        set(group)
        for size in range(1, len(alike) + 1)
        for group in itertools.combinations(everyone, size)
        if is_tied(alike, group)
    ]
    return {frozenset(group) for group in tied if not any(group < other for other in tied)}


def graph(rng, count, share):
    alike = np.triu(rng.random((count, count)) < share, 1)
    return alike | alike.T | np.eye(count, dtype=bool)


def spread_out(text):
    """The letters of a cell, stretches such as a-d among them."""
    known = string.ascii_lowercase
    found = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found |= set(known[known.index(first) : known.index(last or first) + 1])
    return found


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_groups_are_the_maximal_cliques_and_letters_say_who_is_alike(share):
    rng = np.random.default_rng(round(10 * share))
    for count in (*range(8), 8, 8, 8):
        alike = graph(rng, count, share)
        groups, complete = tied_groups(alike)
        assert complete
        assert len(groups) == len(set(groups))
        assert {frozenset(group) for group in groups} == by_subsets(alike)
        assert groups == sorted(groups)
        own = list(map(spread_out, compact_letters(groups, count)))
        for i, j in itertools.product(range(count), repeat=2):
            assert bool(own[i] & own[j]) == alike[i, j]


def test_of_too_many_groups_those_given_are_maximal_and_hold_every_pair():
    alike = graph(np.random.default_rng(0), 12, 0.6)
    every, _ = tied_groups(alike)
    some, complete = tied_groups(alike, most=5)
    assert not complete
    assert set(some) < set(every)
    held = {pair for group in some for pair in itertools.combinations(group, 2)}
    assert held == {(i, j) for i, j in itertools.combinations(range(12), 2) if alike[i, j]}
    assert {at for group in some for at in group} == set(range(12))


def test_letters_go_on_behind_z():
    assert [letter(k) for k in (26 * 27 - 1, 26 * 27)] == ["zz", "aaa"]
    assert len({letter(k) for k in range(2000)}) == 2000


def arms(rng, count, n):
    """Arms with ties, skew, failed runs, runs at chance and copies."""
    made = []
    for k in range(count):
        scores = 0.8 + 0.012 * (k % 4) + 0.01 * rng.normal(size=n)
        if k % 3 == 1:
            scores = 0.8 + 0.005 * (k % 4) - 0.01 * rng.exponential(size=n)
        chance, copies = [False] * n, None
        if k == 4:
            scores[:2] = np.nan
        if k == 5:
            chance = [True] + [False] * (n - 1)
        if k in (6, 7):
            scores, copies = np.full(n, scores[0]), [0] * n
        made.append(Arm(f"m{k}", scores, chance, copies))
    return made


@pytest.mark.parametrize(("n", "paired"), [(10, True), (10, False), (6, True), (4, False)])
@pytest.mark.parametrize("higher", [True, False])
def test_a_winner_is_that_of_the_whole_comparison(n, paired, higher):
    made = arms(np.random.default_rng(n), 9, n)
    pairs = compare_arms(made, delta=0.002, higher_is_better=higher, paired=paired)
    sides = {arm.name: make_side(arm, 1 if higher else -1) for arm in made}
    plan = Plan(0.002, 0.05 / len(pairs), len(pairs), paired, 0.0, 0.8, False)
    wanted = {frozenset((pair.a, pair.b)): pair.winner for pair in pairs}
    found = {key: winner(*(sides[name] for name in sorted(key)), plan) for key in wanted}
    assert found == wanted
    assert n < 5 or len(set(wanted.values())) > 1


def test_a_winner_by_rank_is_found_where_the_t_interval_holds_0():
    """Of one arm most runs failed; of the others one result each, by the test examples."""
    rng = np.random.default_rng(0)
    good, bad = rng.normal(0.8, 0.01, (2, 12))
    bad[:10] = np.nan
    by_rank = Arm("good", good), Arm("bad", bad)
    right = np.arange(300)[None] < np.array([[280], [200]])
    constant = [
        Arm(name, [own.mean()] * 3, None, [0] * 3, np.tile(own, (3, 1)).astype(float))
        for name, own in zip(("first", "second"), right, strict=True)
    ]
    plan = Plan(0.0, 0.05, 1, True, 0.0, 0.8, False)
    for one, other in (by_rank, constant):
        (pair,) = compare_arms([one, other], delta=0.0)
        assert pair.decided_by in ("ranks", "examples")
        assert winner(make_side(other, 1), make_side(one, 1), plan) == pair.winner == one.name
