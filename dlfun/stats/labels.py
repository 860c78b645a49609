"""The labels a verdict can have, and the numbers of seeds that they ask for."""

BETTER = "better"
SMALL = "better (small)"
SUGGESTIVE = "suggestive"
EQUIVALENT = "equivalent"
UNRESOLVED = "unresolved"
NONE = "no verdict"

FEW = 10
"""With fewer seeds no arm is called better: the label is suggestive."""

TOO_FEW = 5
"""With fewer seeds there is no verdict."""


def label(ci: tuple[float, float], inner: tuple[float, float], delta: float, n: int) -> str:
    """The label of a difference that is estimated from n seeds.

    `ci` is its interval and `inner` the narrower one of two one-sided tests of equivalence within
    delta (Schuirmann 1987), both at the level of the family.

    >>> label((0.4, 0.9), (0.5, 0.8), 0.3, 20), label((-0.1, 0.2), (0.0, 0.1), 0.3, 20)
    ('better', 'equivalent')
    """
    if n < TOO_FEW:
        return NONE
    if ci[0] > delta or ci[1] < -delta:
        return BETTER if n >= FEW else SUGGESTIVE
    if ci[0] > 0 or ci[1] < 0:
        return SMALL if n >= FEW else SUGGESTIVE
    return EQUIVALENT if -delta <= inner[0] and inner[1] <= delta else UNRESOLVED


def rank_label(theta_ci: tuple[float, float], n: int) -> str:
    """The label of a pair that is compared by rank alone: never equivalent."""
    if n < TOO_FEW:
        return NONE
    if theta_ci[0] > 0.5 or theta_ci[1] < 0.5:
        return BETTER if n >= FEW else SUGGESTIVE
    return UNRESOLVED
