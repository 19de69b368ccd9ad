"""Zeros of the gradient of a spline: all of them, each once, each certified or listed as undecided.

On each of its pieces a spline is a polynomial. Its *net*, the coefficients in the Bernstein basis of a box, bounds it
there: the values lie between the least and the largest coefficient. A box without a zero shows it by a component of
the gradient whose net has one sign. Others are decided by Krawczyk's test, which says that there is none, or exactly
one; or they are split.

Before that most pieces are excluded at little cost: the differences of the B-spline coefficients around a piece bound
its gradient, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, NamedTuple

import numpy as np

from ._engine.pool import share
from ._engine.zeros import find_zeros

#: Boxes reach beyond their faces by this part of their sides, so that a zero on a face is inside of both.
MARGIN = 1e-4
#: Splits of a piece, at most: boxes of 2^-DEEPEST of its sides are the smallest.
DEEPEST = 26
#: Not the middle: zeros of symmetric fields would be on faces of boxes.
SPLIT_AT = 0.4921875
#: What counts as flat, in units of the last place of the field's range.
FLAT = 64
#: Bounds for the test of Krawczyk are of boxes that reach so far beyond, in sides.
WIDER = 0.25
EPSILON = np.finfo(float).eps


class Zeros(NamedTuple):
    """Where the gradient is zero, in pieces and fractions of them; and what is undecided."""

    piece: np.ndarray  # (n, d)
    fraction: np.ndarray  # (n, d)
    undecided: Undecided
    behind: tuple[int, int] | None  # where the limit of boxes was met: an axis, and a piece along it


class Undecided(NamedTuple):
    """For each piece with undecided boxes, where they are: between fractions of it."""

    piece: np.ndarray  # (n, d)
    low: np.ndarray  # (n, d)
    high: np.ndarray  # (n, d)


@dataclass(frozen=True)
class Rules:
    """How boxes are treated, as the engine reads it."""

    level: float  # ranges that are flat
    noise: float  # of derivatives over a box, from that of samples
    margin: float = MARGIN
    wider: float = WIDER
    deepest: int = DEEPEST

    @property
    def widen(self) -> np.ndarray:
        """From a net to that of the wider box."""
        return _part(-self.wider, 1 + self.wider)

    @property
    def half_ends(self) -> tuple[tuple[float, float], ...]:
        """Of the lower and the upper half of a box."""
        return (0.0, SPLIT_AT + self.margin), (SPLIT_AT - self.margin, 1.0)

    @property
    def halves(self) -> list[np.ndarray]:
        """From a net to those of the halves."""
        return [_part(*ends) for ends in self.half_ends]


def search(
    axes: Any,
    coefficients: np.ndarray,
    ranges: Sequence[tuple[int, int]],
    skip: Any,
    max_boxes: int,
    workers: int,
    spread: float | None = None,
) -> Zeros:
    """Zeros of the gradient of a spline in pieces `start` to `stop` - 1 of each axis.

    Parameters
    ----------
    axes : sequence of SplineAxis
    coefficients : ndarray
    ranges : sequence of (int, int)
    skip : ndarray of bool, one for each piece, or None
        Where nothing is to be found.
    max_boxes : int
        How many boxes may be looked at, those excluded at first sight not counted.
    workers : int
    spread : float, optional
        Of the coefficients of the whole field, if these are of a part. What is flat or noise is so beside it.

    Returns
    -------
    Zeros
    """
    d = len(axes)
    spread = float(np.ptp(coefficients)) if spread is None else spread
    rules = Rules(level=FLAT * EPSILON * spread, noise=8 * EPSILON * spread)
    to_net = _part(-MARGIN, 1 + MARGIN) @ _to_bernstein()
    nets = [to_net @ axis.basis for axis in axes]
    marks = None if skip is None else np.ascontiguousarray(skip).view(np.uint8)
    zeros, parts, behind = find_zeros(
        np.ascontiguousarray(coefficients), ranges, nets, marks, rules, max_boxes, workers, share
    )
    piece, fraction = zeros["piece"][:, -d:], zeros["fraction"][:, -d:]
    return Zeros(piece, fraction, Undecided(*(parts[name][:, -d:] for name in ("piece", "low", "high"))), behind)


def _to_bernstein() -> np.ndarray:
    """Coefficients of 1, t, t², t³ to those of the Bernstein basis."""
    return np.array([[comb(i, q) / comb(3, q) if q <= i else 0.0 for q in range(4)] for i in range(4)])


def _part(low: float, high: float) -> np.ndarray:
    """What turns Bernstein coefficients on 0 ... 1 into those on low ... high."""
    # Blossoms: coefficient i is the value at i arguments `high` and 3 - i `low`.
    result = np.empty((4, 4))
    for i in range(4):
        basis = np.ones(1)
        for k in range(3):
            t = high if k < i else low
            basis = np.append(basis * (1 - t), 0.0) + np.append(0.0, basis * t)
        result[i] = basis
    return result
