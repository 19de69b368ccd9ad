"""Cubic B-splines along one axis: knots, pieces, and the equations that make a spline pass through samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ._engine.splines import Equations, polynomials

#: The fewest samples that determine a cubic.
LEAST_SAMPLES = 4


@dataclass(frozen=True, eq=False)
class SplineAxis:
    """The cubic splines along an axis: `sum over j of c[j] B[j](x)`, where B[j] lives between knots j and j + 4.

    Piece p, between knots p + 3 and p + 4, is a cubic made of coefficients p to p + 3. Open ends have the knots of
    the not-a-knot spline: every sample but the second and the last but one. On a periodic axis every sample is a knot,
    knots continue beyond both ends, and the last three coefficients repeat the first three.
    """

    sites: np.ndarray  # ascending coordinates of the samples
    period: float | None
    knots: np.ndarray
    basis: np.ndarray  # (pieces, 4, 4): B-splines on each piece, as `polynomials` with the origin at its beginning

    @classmethod
    def through(cls, sites: np.ndarray, period: float | None) -> SplineAxis:
        """The axis of splines that are determined by samples at ascending sites."""
        if period is None:
            ends = np.repeat(sites[:1], 3), np.repeat(sites[-1:], 3)
            knots = np.concatenate((ends[0], sites[:1], sites[2:-2], sites[-1:], ends[1]))
        else:
            knots = np.concatenate((sites[-3:] - period, sites, sites[:4] + period))
        return cls(sites, period, knots, polynomials(knots, np.arange(len(knots) - 7), knots[3:-4]))

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return len(self.knots) - 4

    @property
    def breaks(self) -> np.ndarray:
        """Where pieces begin and end."""
        return self.knots[3:-3]

    def piece_of(self, x: np.ndarray) -> np.ndarray:
        """The piece at each coordinate; the first or the last one beyond the ends.

        A cell between neighbouring samples is in the piece of its lower sample: the first two cells and the last two
        of an open axis share theirs.
        """
        return np.clip(np.searchsorted(self.breaks, x, side="right") - 1, 0, len(self.basis) - 1)

    def weights(self, x: np.ndarray, order: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """What coefficients weigh at coordinates within the axis (a period of it, if it is periodic).

        Parameters
        ----------
        x : ndarray of float64, (m,)
        order : {0, 1, 2}
            Of the derivative.

        Returns
        -------
        first : ndarray of int, (m,)
            The piece, which is the first of the four coefficients.
        weights : ndarray, (m, 4)
        """
        piece = self.piece_of(x)
        per_width = math.factorial(order) / np.diff(self.breaks) ** order
        return piece, polynomials(self.knots, piece, x)[:, order] * per_width[piece, None]

    def equations(self) -> Equations:
        """What turns samples into coefficients, factorised.

        Notes
        -----
        The matrix of B-splines at the samples is banded and totally positive: elimination without pivoting is stable
        (de Boor and Pinkus 1977). On a periodic axis the last unknown is a border of the others, whose matrix is a
        section of a totally positive one. There unknown i is coefficient i + 1, so that the largest weight of sample
        i is on the diagonal.
        """
        n = len(self.sites)
        first, weights = self.weights(self.sites)
        if self.period is not None:
            return Equations(_banded(first[:-1] - 1, weights[:-1], n - 1), weights[[0, -2, -1]])
        return Equations(_banded(first, weights, n), None)

    def window(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray, float, float]:
        """The part of the axis that decides about splines between two coordinates.

        Returns
        -------
        indices : ndarray of int
            Of the coefficients.
        knots : ndarray
            Their knots, four more than coefficients.
        low, high : float
            The ends of what was asked for that lies on the axis: at most one period, or what is between open ends.
        """
        knots, count = self.knots, self.size
        if self.period is None:
            low, high = max(low, self.sites[0]), min(high, self.sites[-1])
        else:
            turns = np.floor((low - self.sites[0]) / self.period)
            high = min(high, low + self.period) - turns * self.period
            low = low - turns * self.period
            knots, count = np.concatenate((knots, knots[7:] + self.period)), 2 * len(self.sites) + 3
        breaks = knots[3:-3]
        first = np.clip(np.searchsorted(breaks, low, side="right") - 1, 0, count - 4)
        last = np.clip(np.searchsorted(breaks, high, side="left") - 1, first, count - 4)
        indices = np.arange(first, last + 4)
        if self.period is not None:
            indices %= len(self.sites)
        return indices, knots[first : last + 8], low, high


def restricted(knots: np.ndarray, degree: int, low: float, high: float) -> np.ndarray:
    """What turns coefficients of a spline into those of its part between two coordinates.

    Parameters
    ----------
    knots : ndarray
        Of n coefficients; low is in the first piece and high in the last one.
    degree : int
        Of the spline.

    Returns
    -------
    ndarray, (m, n)
        No entry is negative, and each row sums to 1: blossoms at successive knots of the part (Ramshaw 1989), found
        by de Boor's recursion.
    """
    inner = knots[degree + 1 : -degree - 1]
    ends = [low] * (degree + 1), [high] * (degree + 1)
    own = np.concatenate((ends[0], inner[(inner > low) & (inner < high)], ends[1]))
    count = len(own) - degree - 1
    # A coefficient belongs to the polynomials on all intervals that its B-spline covers; any of them will do.
    interval = np.clip(np.arange(count), degree, count - 1)
    breaks = knots[degree : len(knots) - degree]
    piece = np.clip(np.searchsorted(breaks, own[interval], side="right") - 1, 0, len(breaks) - 2)
    point = np.broadcast_to(np.eye(degree + 1), (count, degree + 1, degree + 1))
    for q in range(degree, 0, -1):
        at = own[np.arange(count) + degree + 1 - q][:, None, None]
        k = piece[:, None] + np.arange(q) + degree + 1 - q
        below, above = knots[k][..., None], knots[k + q][..., None]
        point = ((above - at) * point[:, :-1] + (at - below) * point[:, 1:]) / (above - below)
    conversion = np.zeros((count, len(knots) - degree - 1))
    np.put_along_axis(conversion, piece[:, None] + np.arange(degree + 1), point[:, 0], axis=1)
    return conversion


def differences(coefficients: np.ndarray, knots: np.ndarray, degree: int, axis: int) -> np.ndarray:
    """Coefficients of a spline's derivative along an axis; its knots are the same without the first and the last."""
    spans = knots[degree + 1 : -1] - knots[1 : -degree - 1]
    return degree * np.diff(coefficients, axis=axis) / np.expand_dims(spans, [*range(1, coefficients.ndim - axis)])


def _banded(first: np.ndarray, weights: np.ndarray, size: int) -> np.ndarray:
    """Rows of a matrix with two diagonals on either side of the main one, from four weights in each row."""
    band = np.zeros((size, 5))
    for k in range(4):
        column = first + k
        inside = (column >= 0) & (column < size) & (weights[:, k] != 0)
        row = np.flatnonzero(inside)
        band[row, column[row] - row + 2] = weights[row, k]
    return band
