"""Which arms are bold: the best, and those that a verdict calls equivalent to it."""

import pytest

from dlfun.report.best import best_arms

MEANS = {"a": 0.9, "b": 0.88, "c": 0.5}


def pairs(**verdicts):
    """`ab="equivalent"`, or `ab="b better"` with the name of the winner."""
    found = []
    for names, verdict in verdicts.items():
        winner, _, label = verdict.rpartition(" ") if verdict.endswith("better") else ("", "", "")
        known = {"winner": winner or None, "verdict": label or verdict}
        found.append({"a": names[0], "b": names[1], "dataset": "d", **known})
    return found


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        ({"ab": "unresolved", "ac": "a better", "bc": "b better"}, {"a"}),
        ({"ab": "no verdict", "ac": "no verdict", "bc": "no verdict"}, {"a"}),  # of 3 seeds
        ({"ab": "equivalent", "ac": "a better", "bc": "b better"}, {"a", "b"}),
        ({"ab": "unresolved", "ac": "a better", "bc": "equivalent"}, {"a"}),  # not to the best
        ({"ab": "b better", "ac": "a better", "bc": "b better"}, {"b"}),  # by the ranks of runs
        ({}, set()),
    ],
)
def test_the_best_arm_and_its_equivalents(verdicts, wanted):
    assert best_arms(MEANS, pairs(**verdicts), "d") == wanted
    assert best_arms(MEANS, pairs(**verdicts), "another") == set()


def test_arms_of_one_mean_are_equally_the_best():
    known = pairs(ab="no verdict", ac="no verdict", bc="no verdict")
    assert best_arms({"a": 0.5, "b": 0.5, "c": 0.25}, known, "d") == {"a", "b"}
