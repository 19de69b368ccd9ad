"""Zeros of the gradient of a spline: all of them, each once, each certified or listed as undecided.

On each of its pieces a spline is a polynomial. Its *net*, the coefficients in the Bernstein basis of a box, bounds it
there: the values lie between the least and the largest coefficient. A box without a zero shows it by a component of
the gradient whose net has one sign. Others are decided by Krawczyk's test, which says that there is none, or exactly
one; or they are split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: Boxes reach beyond their faces by this part of their sides, so that a zero on a face is inside of both.
MARGIN = 1e-4
#: Splits of a piece, at most: boxes of 2^-DEEPEST of its sides are the smallest.
DEEPEST = 26
#: Not the middle: zeros of symmetric fields would be on faces of boxes.
SPLIT_AT = 0.4921875
#: Pieces whose nets are made at once.
AT_ONCE = 1 << 14
#: What counts as flat, in units of the last place of the field's range.
FLAT = 64
#: Bounds for the test of Krawczyk are of boxes that reach so far beyond, in sides.
WIDER = 0.25
#: What the test takes for a contraction.
CONTRACTION = 0.9
EPSILON = np.finfo(float).eps
NEWTON_STEPS = 9
#: The last step of a Newton iteration that has found a zero, in sides of its box, at most.
CONVERGED = 1e-7


@dataclass(frozen=True, eq=False)
class Boxes:
    """Parts of pieces: `low` and `high` are fractions of them, `net` is the spline there."""

    piece: np.ndarray  # (n, d)
    low: np.ndarray  # (n, d)
    high: np.ndarray  # (n, d)
    net: np.ndarray  # (n, 4, ..., 4)

    def __getitem__(self, which):
        """Some of the boxes."""
        return Boxes(*(part[which] for part in (self.piece, self.low, self.high, self.net)))


class Zeros(NamedTuple):
    """Where the gradient is zero, in pieces and fractions of them; and the boxes that are undecided."""

    piece: np.ndarray  # (n, d)
    fraction: np.ndarray  # (n, d)
    undecided: Boxes
    complete: bool  # no limit was met


def _to_bernstein() -> np.ndarray:
    """Coefficients of 1, t, t², t³ to those of the Bernstein basis."""
    return np.array([[comb(i, q) / comb(3, q) if q <= i else 0.0 for q in range(4)] for i in range(4)])


def _part(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """What turns Bernstein coefficients on 0 ... 1 into those on low ... high: (n, 4, 4)."""
    # Blossoms: coefficient i is the value at i arguments `high` and 3 - i `low`.
    result = np.empty((*low.shape, 4, 4))
    for i in range(4):
        basis = np.ones((*low.shape, 1))
        for k in range(3):
            t = (high if k < i else low)[..., None]
            wider = np.zeros((*low.shape, k + 2))
            wider[..., :-1] = basis * (1 - t)
            wider[..., 1:] += basis * t
            basis = wider
        result[..., i, :] = basis
    return result


def _applied(matrices: np.ndarray, nets: np.ndarray, axis: int) -> np.ndarray:
    """One matrix per net, along one of its axes."""
    moved = np.moveaxis(nets, axis + 1, 1)
    shape = moved.shape
    result = matrices @ moved.reshape(shape[0], shape[1], prod(shape[2:]))
    return np.moveaxis(result.reshape(shape[0], matrices.shape[1], *shape[2:]), 1, axis + 1)


def _slope(nets: np.ndarray, axis: int) -> np.ndarray:
    """Nets of the derivative along an axis, per side of the box."""
    return (nets.shape[axis + 1] - 1) * np.diff(nets, axis=axis + 1)


def _anchored(nets: np.ndarray) -> np.ndarray:
    """Without the constant, whose rounding would hide what is left of the gradient in small boxes."""
    return nets - nets[(slice(None), *[slice(1)] * (nets.ndim - 1))]


def _rounding(nets: np.ndarray) -> np.ndarray:
    """What arithmetic may have changed a derivative by, at most."""
    return 64 * EPSILON * np.abs(_flat(nets)).max(axis=1, initial=0)


def _flat(nets: np.ndarray) -> np.ndarray:
    return nets.reshape(len(nets), prod(nets.shape[1:]))


_WIDENED = _part(np.array([-WIDER]), np.array([1 + WIDER]))


class Search:
    """The search for zeros of the gradient of a spline, given by its axes and coefficients.

    `max_boxes` is how many boxes may be looked at, pieces without a sign of a zero not counted.
    """

    def __init__(self, axes, coefficients, max_boxes):
        self._axes, self._coefficients = axes, coefficients
        self.ndim = len(axes)
        self._left = max_boxes
        widened = _part(np.array([-MARGIN]), np.array([1 + MARGIN]))
        self._nets = [widened @ _to_bernstein() @ axis.basis for axis in axes]
        spread = float(np.ptp(coefficients))
        self._level = FLAT * EPSILON * spread
        self._noise = 8 * EPSILON * spread  # of derivatives over a box, from that of samples

    # ---- pieces ----------------------------------------------------------------------------------------------

    def _pieces(self, ranges):
        """Boxes of the pieces that may have a zero, and those that are flat."""
        counts = [stop - start for start, stop in ranges]
        total = prod(counts)
        found, flat = [self._none()], [self._none()]
        windows = sliding_window_view(self._coefficients, (4,) * self.ndim)
        for begin in range(0, total, AT_ONCE):
            index = np.arange(begin, min(begin + AT_ONCE, total))
            piece = np.stack(np.unravel_index(index, counts), axis=1) + [start for start, _ in ranges]
            net = windows[tuple(piece.T)]
            for k in range(self.ndim):
                net = _applied(self._nets[k][piece[:, k]], net, k)
            net = _anchored(net)
            level = np.ptp(_flat(net), axis=1) <= self._level
            boxes = Boxes(piece, np.full(piece.shape, -MARGIN), np.full(piece.shape, 1 + MARGIN), net)
            found.append(boxes[~level & ~self._one_sign(net)])
            flat.append(boxes[level])
        return _together(found), _together(flat)

    def _none(self):
        corners = np.empty((0, self.ndim))
        return Boxes(corners.astype(np.intp), corners, corners, np.empty((0,) + (4,) * self.ndim))

    def _one_sign(self, nets):
        """Whether some component of the gradient has no zero."""
        empty, rounding = np.zeros(len(nets), bool), _rounding(nets)
        for k in range(self.ndim):
            slope = _flat(_slope(nets, k))
            empty |= (slope.min(axis=1) > rounding) | (slope.max(axis=1) < -rounding)
        return empty

    # ---- boxes -----------------------------------------------------------------------------------------------

    def run(self, ranges: Sequence[tuple[int, int]]) -> Zeros:
        """Search pieces `start` to `stop` - 1 of each axis."""
        boxes, flat = self._pieces(ranges)
        found = [(boxes.piece[:0], boxes.low[:0])]
        depth, complete = 0, True
        while len(boxes.piece):
            self._left -= len(boxes.piece)
            complete = self._left >= 0
            if depth == DEEPEST or not complete:
                break
            rest = [boxes[:0]]
            for begin in range(0, len(boxes.piece), AT_ONCE):
                some = boxes[begin : begin + AT_ONCE]
                empty, unique, at = self._krawczyk(some.net)
                fraction = some.low + at * (some.high - some.low)
                found.append((some.piece[unique], fraction[unique]))
                parts = self._split(some[~empty & ~unique])
                rest.append(parts[~self._one_sign(parts.net)])
            boxes = _together(rest)
            depth += 1
        pieces, fractions = zip(*found, strict=True)
        undecided = _together([flat, boxes])
        return Zeros(np.concatenate(pieces), np.concatenate(fractions), undecided, complete)

    def _krawczyk(self, nets):
        """Which boxes have no zero, which exactly one, and where that is, in fractions of the box."""
        n, d = len(nets), self.ndim
        middle = np.full((n, d), 0.5)
        gradient, hessian = self._derivatives(nets, middle)
        inverse, regular = _inverses(hessian)
        centre, radius = self._second_derivatives(nets)
        error = (np.abs(np.eye(d) - inverse @ centre) + np.abs(inverse) @ radius).sum(axis=2)
        doubt = np.abs(inverse).sum(axis=2) * _rounding(nets)[:, None]
        shift = -(inverse @ gradient[..., None])[..., 0]
        empty = regular & (np.abs(shift) - error / 2 - doubt > 0.5).any(axis=1)
        # A contraction has one zero at most, in all of the wider box. If that is beside the box, the box has none.
        # Where the noise of the samples could move it out of the box, nothing is proven of their field.
        firm = np.abs(inverse).sum(axis=2).max(axis=1) * self._noise < WIDER
        contracts = regular & ~empty & firm & (error.max(axis=1) < CONTRACTION)
        at = np.full((n, d), np.nan)
        at[contracts] = self._newton(nets[contracts], middle[contracts] + shift[contracts])
        inside = contracts & (at > -MARGIN).all(axis=1) & (at < 1 + MARGIN).all(axis=1)
        beside = contracts & ~inside & (at > -WIDER).all(axis=1) & (at < 1 + WIDER).all(axis=1)
        return empty | beside, inside, at

    def _second_derivatives(self, nets):
        """Middles and half ranges of the Hessian's bounds, in the wider boxes."""
        n, d = len(nets), self.ndim
        for k in range(d):
            nets = _applied(_WIDENED, nets, k)
        centre, radius = np.empty((n, d, d)), np.empty((n, d, d))
        for i in range(d):
            slope = _slope(nets, i)
            for j in range(i + 1):
                second = _flat(_slope(slope, j))
                low, high = second.min(axis=1), second.max(axis=1)
                centre[:, i, j] = centre[:, j, i] = (low + high) / 2
                radius[:, i, j] = radius[:, j, i] = (high - low) / 2
        # The wider box has longer sides.
        return centre / (1 + 2 * WIDER) ** 2, radius / (1 + 2 * WIDER) ** 2

    def _newton(self, nets, at):
        """The zero near a first guess; NaN where steps do not come to an end."""
        step = np.zeros_like(at)
        for _ in range(NEWTON_STEPS):
            at = np.clip(at, -0.5, 1.5)
            gradient, hessian = self._derivatives(nets, at)
            inverse, regular = _inverses(hessian)
            step = np.where(regular[:, None], -(inverse @ gradient[..., None])[..., 0], np.nan)
            at = at + np.clip(step, -1, 1)
        return np.where((np.abs(step) < CONVERGED).all(axis=1, keepdims=True), at, np.nan)

    def _derivatives(self, nets, at):
        """Gradients and Hessians of nets at fractions of their boxes."""
        n, d = at.shape
        # Values of the Bernstein basis and its derivatives, for each axis.
        t = at[..., None]
        value = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=2)
        quadratic = np.concatenate([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=2)
        linear = np.concatenate([1 - t, t], axis=2)
        first, second = np.zeros_like(value), np.zeros_like(value)
        first[..., 1:] += 3 * quadratic
        first[..., :-1] -= 3 * quadratic
        twice = np.zeros_like(quadratic)
        twice[..., 1:] += 2 * linear
        twice[..., :-1] -= 2 * linear
        second[..., 1:] += 3 * twice
        second[..., :-1] -= 3 * twice
        rows = (value, first, second)
        gradient, hessian = np.empty((n, d)), np.empty((n, d, d))
        for i in range(d):
            gradient[:, i] = _contracted(nets, [rows[int(k == i)][:, k] for k in range(d)])
            for j in range(i + 1):
                weights = [rows[int(k == i) + int(k == j)][:, k] for k in range(d)]
                hessian[:, i, j] = hessian[:, j, i] = _contracted(nets, weights)
        return gradient, hessian

    def _split(self, boxes):
        """Each into 2^d, which overlap a little."""
        parts = []
        for corner in np.ndindex((2,) * self.ndim):
            upper = np.array(corner, bool)
            low = np.where(upper, SPLIT_AT - MARGIN, 0.0)
            high = np.where(upper, 1.0, SPLIT_AT + MARGIN)
            side = boxes.high - boxes.low
            net = boxes.net
            for k in range(self.ndim):
                net = _applied(_part(low[k : k + 1], high[k : k + 1]), net, k)
            parts.append(Boxes(boxes.piece, boxes.low + low * side, boxes.low + high * side, _anchored(net)))
        return _together(parts)


def _contracted(nets, weights):
    """Sums over each axis, by weights of their own for each net."""
    for w in reversed(weights):
        nets = np.einsum("n...i,ni->n...", nets, w)
    return nets


def _inverses(matrices):
    """Inverses of symmetric matrices, and which are regular."""
    d = matrices.shape[-1]
    size = np.abs(matrices).max(axis=(1, 2), initial=0)
    scaled = np.divide(matrices, size[:, None, None], out=np.zeros_like(matrices), where=size[:, None, None] > 0)
    regular = np.abs(np.linalg.det(scaled)) > 1e-12
    safe = np.where(regular[:, None, None], scaled, np.eye(d))
    return np.linalg.inv(safe) / np.where(size > 0, size, 1)[:, None, None], regular


def _together(boxes: list[Boxes]) -> Boxes:
    names = ("piece", "low", "high", "net")
    return Boxes(*(np.concatenate([getattr(some, name) for some in boxes]) for name in names))
