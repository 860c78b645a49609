"""The labels a verdict can have, and the numbers of seeds that they ask for."""

BETTER = "better"
SMALL = "better (small)"
SUGGESTIVE = "suggestive"
EQUIVALENT = "equivalent"
UNRESOLVED = "unresolved"
NONE = "no verdict"

AHEAD = (BETTER, SMALL, SUGGESTIVE)
"""Labels that put one arm before the other, the strongest first."""

FEW = 10
"""With fewer seeds no arm is called better: the label is suggestive."""

TOO_FEW = 5
"""With fewer seeds there is no verdict."""

Ends = tuple[float, float]


def label(ci: Ends, inner: Ends, delta: float, n: int) -> str:
    """The label of a difference that is estimated from n seeds.

    An interval that lies within the margin is of equivalent arms, whether or not it holds 0. One
    that holds 0 is so, too, where two one-sided tests show it (Schuirmann 1987): those are the
    narrower interval `inner`. Both are at the level of the family.

    >>> label((0.4, 0.9), (0.5, 0.8), 0.3, 20), label((-0.1, 0.4), (0.0, 0.2), 0.3, 20)
    ('better', 'equivalent')
    >>> label((0.19, 0.22), (0.19, 0.22), 1.0, 20), label((-0.1, 0.2), (0.0, 0.1), 0.0, 20)
    ('equivalent', 'unresolved')
    """
    if n < TOO_FEW:
        return NONE
    if within(ci, delta):
        return EQUIVALENT
    if ci[0] > 0 or ci[1] < 0:
        beyond = ci[0] > delta or ci[1] < -delta
        return ahead(beyond, n)
    return EQUIVALENT if within(inner, delta) else UNRESOLVED


def within(ends: Ends, delta: float) -> bool:
    """Whether an interval lies inside the margin; no difference is within a margin of 0."""
    return bool(delta > 0 and -delta <= ends[0] and ends[1] <= delta)


def ahead(beyond: bool, n: int) -> str:
    """The label of an arm that is ahead of another, and whether by more than the margin."""
    if n < FEW:
        return SUGGESTIVE
    return BETTER if beyond else SMALL
