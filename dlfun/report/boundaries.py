"""Decision boundaries of an arm as lines and regions, from the evidence that it left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

FINE = 4
"""Regions are drawn with so many places for each that a member was asked about, along each side."""

KEPT = 2e-3
"""Of the width and the height: a line is drawn no further from its place."""

CLASS_STYLES = (2, 3, 4, 5, 1, 0, 6, 7, 8, 9, 10, 11)
"""Class -> its style: two classes are blue and brown, which everybody tells apart."""


class Boundaries(NamedTuple):
    """What an arm says over a plane of two inputs.

    Attributes:
      xs, ys: [places], of both inputs, in their unit.
      names: of both inputs; and of the classes.
      points: [points, 2], training examples, with their classes in `targets`.
      members: [members], rows of the arm, the best first.
      scores: [members, ys, xs, classes] at the end.
      steps: [frames]; empty where no member was run again.
      history: [some members, frames, ys, xs, classes].
      agreement: how much of the plane they said at last like the record.
    """

    xs: np.ndarray
    ys: np.ndarray
    names: tuple[str, str]
    classes: tuple[str, ...]
    points: np.ndarray
    targets: np.ndarray
    members: np.ndarray
    scores: np.ndarray
    steps: np.ndarray
    history: np.ndarray
    agreement: float


def boundaries_of(arrays: Mapping[str, np.ndarray]) -> Boundaries | None:
    """The boundaries in the evidence of an arm; None where there are none."""
    if "boundary_scores" not in arrays:
        return None
    scores = np.asarray(arrays["boundary_scores"], float)
    first, second = (str(name) for name in arrays["boundary_names"])
    numbered = [str(k) for k in range(scores.shape[-1])]
    return Boundaries(
        np.asarray(arrays["boundary_x"], float),
        np.asarray(arrays["boundary_y"], float),
        (first, second),
        tuple(str(name) for name in arrays.get("classes", numbered)),
        np.asarray(arrays["boundary_points"], float),
        np.asarray(arrays["boundary_targets"]),
        np.asarray(arrays["boundary_members"]),
        scores,
        np.asarray(arrays.get("boundary_steps", np.empty(0, int))),
        np.asarray(arrays.get("boundary_history", np.empty((0, 0, *scores.shape[1:]))), float),
        float(arrays.get("boundary_agreement", np.nan)),
    )


def margins(scores: np.ndarray) -> np.ndarray:
    """How far each class is above the best of the others: [..., classes].

    >>> margins(np.array([[3.0, 1.0, 2.0]])).tolist()
    [[1.0, -2.0, -1.0]]
    """
    best = np.sort(scores, axis=-1)[..., -2:]
    first = scores == best[..., 1:]
    return scores - np.where(first, best[..., :1], best[..., 1:])


def lines(found: Boundaries, scores: np.ndarray) -> list[np.ndarray]:
    """Where the class that is said changes: lines [points, 2] of scores [ys, xs, classes]."""
    from contourpy import contour_generator

    own = margins(scores)
    extent = np.array([np.ptp(found.xs), np.ptp(found.ys)])
    made: list[np.ndarray] = []
    for k in range(own.shape[-1] - 1):  # a border of the last class is one of another, too
        level = contour_generator(found.xs, found.ys, own[..., k]).lines(0.0)
        made += [straightened(np.asarray(line), extent) for line in level]
    return made


def straightened(line: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """A line with as few of its points as keep it in place (Douglas and Peucker 1973).

    >>> straightened(np.array([[0.0, 0.0], [1.0, 1e-9], [2.0, 0.0], [2.0, 1.0]]), np.ones(2))
    array([[0., 0.],
           [2., 0.],
           [2., 1.]])
    """
    kept, parts = np.zeros(len(line), bool), [(0, len(line) - 1)]
    kept[[0, -1]] = True
    places = line / extent
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away = distances(places[first + 1 : last], places[first], places[last])
        if away.max() > KEPT:
            middle = first + 1 + int(away.argmax())
            kept[middle] = True
            parts += [(first, middle), (middle, last)]
    return line[kept]


def distances(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How far points [n, 2] are from the stretch between two others."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.asarray(np.linalg.norm(points - start - share[:, None] * along, axis=1))


def regions(scores: np.ndarray) -> np.ndarray:
    """The class that is said [ys, xs], `FINE` times as finely as scores are known."""
    across = np.linspace(0, scores.shape[0] - 1, FINE * scores.shape[0])
    return np.asarray(between(between(scores, across, 0), across, 1).argmax(-1))


def between(values: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Values at places between those of an axis, by straight lines."""
    low = np.minimum(places.astype(int), values.shape[axis] - 2)
    share = (places - low).reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    start, end = (np.take(values, low + k, axis) for k in (0, 1))
    return np.asarray((1 - share) * start + share * end)
