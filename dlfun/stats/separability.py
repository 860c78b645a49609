"""Linear separability and the perceptron's bound on mistakes (Novikoff 1962)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, sparse

# A linear programme over more numbers than this takes longer than most studies.
LARGEST_PROGRAMME = 2_000_000


class Bound(NamedTuple):
    """What a separator promises: R, its margin, and the most mistakes the rule can make."""

    radius: float
    margin: float
    mistakes: float


def extended(inputs: np.ndarray) -> np.ndarray:
    """[n, ...] -> [n, features + 1]: a constant 1 stands for the bias."""
    flat = np.asarray(inputs, float).reshape(len(inputs), -1)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)


def novikoff_bound(
    inputs: np.ndarray, targets: np.ndarray, separator: np.ndarray, units: int
) -> Bound:
    """The bound for one unit, (R / margin)^2, or for a unit a class, 2 (R / margin)^2.

    Args:
      inputs: [n, ...]; targets: [n], classes.
      separator: [features + 1, columns], bias last: one column for two classes, else one a class.
      units: threshold units of the perceptron.
    """
    points = extended(inputs)
    if units > 1 and separator.shape[1] == 1:
        separator = np.concatenate([-separator, separator], axis=1)
    scores = points @ (separator / np.linalg.norm(separator))
    rows = np.arange(len(points))
    if units == 1:
        margins = scores[:, 0] * (2 * targets - 1)
    else:
        rivals = scores.copy()
        rivals[rows, targets] = -np.inf
        margins = scores[rows, targets] - rivals.max(axis=1)
    radius, margin = np.linalg.norm(points, axis=1).max(), margins.min()
    factor = 1 if units == 1 else 2
    return Bound(radius, margin, factor * (radius / margin) ** 2 if margin > 0 else np.inf)


def is_separable(inputs: np.ndarray, targets: np.ndarray, classes: int) -> bool | None:
    """Whether linear units can tell all examples apart: exact, by linear programming.

    Returns:
      None where the programme would be too large to solve by the way.
    """
    points = extended(inputs)
    n, features = points.shape
    if n * features * (classes - 1) * 2 > LARGEST_PROGRAMME:
        return None
    rows = np.arange(n)
    blocks = []
    for shift in range(1, classes):
        rival = (targets + shift) % classes
        # rival's score minus the wanted one's must be at most -1.
        wanted_at = rows[:, None], targets[:, None] * features + np.arange(features)[None]
        rival_at = rows[:, None], rival[:, None] * features + np.arange(features)[None]
        block = np.zeros((n, classes * features))
        block[wanted_at] = -points
        block[rival_at] = points
        blocks.append(sparse.csr_array(block))
    constraints = sparse.vstack(blocks)
    found = optimize.linprog(
        np.zeros(classes * features),
        A_ub=constraints,
        b_ub=-np.ones(constraints.shape[0]),
        bounds=(None, None),
        method="highs",
    )
    return bool(found.status == 0)
