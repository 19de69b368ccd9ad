"""One-dimensional stencils as tables: which samples, weighed how, for each sample of an axis.

A row of a table is a sum of weighted differences, ``sum_t w[t] * (f[a[t]] - f[b[t]]) / divisor``. Differences make
derivatives of constants exactly zero. Boundaries, uneven coordinates and higher orders are other numbers in the
table, never other code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import floor, frexp, lcm
from typing import Any

import numpy as np

from ._axes import Axis

#: Entries of `Stencil.edge_index` that name no sample: the constant beyond the edge, and nothing (zero).
OUTSIDE, NOTHING = -1, -2

ONE_SIDED, PERIODIC = "one-sided", "periodic"


def _clamp(i, n):
    return min(max(i, 0), n - 1)


def _reflect(i, n):
    i %= 2 * n
    return min(i, 2 * n - 1 - i)


def _mirror(i, n):
    if n == 1:
        return 0
    i %= 2 * n - 2
    return min(i, 2 * n - 2 - i)


#: Which sample stands for index i of an axis of n samples, beyond its ends too: scipy.ndimage's words.
GHOSTS = {
    PERIODIC: lambda i, n: i % n,
    "reflect": _reflect,
    "mirror": _mirror,
    "nearest": _clamp,
    "constant": lambda i, n: i if 0 <= i < n else OUTSIDE,
}
BOUNDARIES = (ONE_SIDED, *GHOSTS)


@dataclass(frozen=True, eq=False)
class Gaps:
    """Stencils next to absent samples: which, by how many neighbours there are on either side."""

    order: int  # of the derivative
    most: int  # neighbours that are looked at
    ghosts: np.ndarray  # (2, most): the samples that stand for those beyond either end; NOTHING where there is none
    choice: np.ndarray  # (most + 1, most + 1): a row by the neighbours before and after, -1 if none will do
    window: np.ndarray  # (rows, 2): of each row the first sample and the last one, from the sample itself
    index: np.ndarray  # (rows, terms, 2): samples a, b, counted from the first one, or NOTHING
    weights: np.ndarray  # (rows, terms)
    count: np.ndarray  # terms in use, per row
    divisor: np.ndarray
    positions: np.ndarray | None  # (n + 2 most,) where coordinates are uneven: then weights are those of each sample


@dataclass(frozen=True, eq=False)
class Stencil:
    """The table of one axis. Samples ``lo <= i < hi`` are the interior; each other one has a row of its own."""

    n: int
    lo: int
    hi: int
    offsets: np.ndarray  # (terms, 2): samples i + a, i + b
    weights: np.ndarray  # (terms,), or (terms, hi - lo) where coordinates are uneven
    ahead: np.ndarray | None  # (terms, hi - lo), there: weights of f[i + a] - f[i]
    behind: np.ndarray | None  # and of f[i] - f[i + b]
    divisor: float
    edge_index: np.ndarray  # (n - hi + lo, edge terms, 2): samples a, b
    edge_weights: np.ndarray  # (n - hi + lo, edge terms)
    edge_count: np.ndarray  # terms in use, per row
    edge_divisor: np.ndarray
    gaps: Gaps | None = None


def fornberg(points: Sequence[Any], at: Any, order: int) -> list[Any]:
    """Weights of the derivative of that order of the polynomial through the values at `points`.

    Works in the arithmetic of its arguments: exactly in fractions, or on arrays for many samples at once.

    B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51 (1988).
    """
    weights = [[0] * (order + 1) for _ in points]
    weights[0][0] = 1
    previous = 1
    ahead = points[0] - at
    for i in range(1, len(points)):
        product = 1
        behind, ahead = ahead, points[i] - at
        for j in range(i):
            gap = points[i] - points[j]
            product = product * gap
            if j == i - 1:
                for k in range(min(i, order), 0, -1):
                    weights[i][k] = previous * (k * weights[j][k - 1] - behind * weights[j][k]) / product
                weights[i][0] = -previous * behind * weights[j][0] / product
            for k in range(min(i, order), 0, -1):
                weights[j][k] = (ahead * weights[j][k] - k * weights[j][k - 1]) / gap
            weights[j][0] = ahead * weights[j][0] / gap
        previous = product
    return [w[order] for w in weights]


def _paired(ahead, behind):
    """Weights p and -q of f[k] and f[-k] as weights of the differences f[k] - f[-k], f[k] - f[0], f[0] - f[-k].

    As much as can be goes to the first, the rest to one of the others. All then have the signs of p and q, so nothing
    cancels: the sum rounds no worse than that of the weighted samples, and is exactly zero for constants.
    """
    p, q = ahead, -behind
    shared = np.where(p * q > 0, np.sign(p) * np.minimum(abs(p), abs(q)), 0)
    return shared, p - shared, q - shared


def _centred(weights, centre):
    """Terms (position, position, weight) of a centred stencil on uneven coordinates, or of a symmetric one."""
    terms = []
    for k in range(1, centre + 1):
        across, ahead, behind = _paired(weights[centre + k], weights[centre - k])
        terms += [(centre + k, centre - k, across), (centre + k, centre, ahead), (centre, centre - k, behind)]
    return terms


def _to_reference(weights, reference):
    """Terms of a one-sided stencil: differences to the sample itself."""
    return [(k, reference, w) for k, w in enumerate(weights) if k != reference]


def _over_common_divisor(terms):
    """Fractions as whole numbers over one divisor: sums of whole multiples round least."""
    divisor = lcm(*(w.denominator for *_, w in terms))
    return [(a, b, int(w * divisor)) for a, b, w in terms], divisor


@lru_cache
def _even_row(size, reference, order):
    """Terms and divisor, at unit spacing, of a derivative at sample `reference` of a window."""
    weights = fornberg([Fraction(k) for k in range(size)], Fraction(reference), order)
    terms = _to_reference(weights, reference)
    if size == 2 * reference + 1 and order % 2:  # antisymmetric
        terms = [(k, size - 1 - k, weights[k]) for k in range(reference + 1, size)]
    return _over_common_divisor(terms)


def _even_edge(window, i, step, order, as_numpy):
    """Terms (sample, sample, weight) and divisor at an edge of an evenly spaced axis."""
    size, reference = len(window), window.index(i)
    if as_numpy and order == 1 and size == 3 and reference != 1:
        factors = (-1.5, 2.0, -0.5) if reference == 0 else (0.5, -2.0, 1.5)
        return [(k, None, factor / step) for k, factor in enumerate(factors)], 1.0
    if size == 2:
        return [(1, 0, 1)], step
    terms, divisor = _even_row(size, reference, order)
    weights, divisor = _fold(np.array([w for *_, w in terms], np.longdouble), divisor * _power(step, order))
    return [(a, b, w) for (a, b, _), w in zip(terms, weights, strict=True)], divisor


def _power(step, order):
    """Of a step, in extended precision; the step itself for first derivatives, which have numpy's bits."""
    return step if order == 1 else np.longdouble(step) ** order


def _uneven_edge(window, i, positions, order):
    reference = window.index(i)
    if len(window) == 2:
        return [(1, 0, 1)], positions[1] - positions[0]
    weights = fornberg(positions, positions[reference], order)
    if len(window) != 2 * reference + 1:
        return _to_reference(weights, reference), 1.0
    if order % 2 and _symmetric(positions, reference):
        weights = [(w - opposite) / 2 for w, opposite in zip(weights, reversed(weights), strict=True)]
    return _centred(weights, reference), 1.0


def _symmetric(positions, centre):
    """Whether positions are, but for rounding: then what mirrors say of a slope is exactly zero."""
    ahead = np.array([x - positions[centre] for x in positions[centre + 1 :]])
    behind = np.array([positions[centre] - x for x in positions[:centre]])[::-1]
    return bool((np.abs(ahead - behind) <= 16 * np.finfo(np.longdouble).eps * np.abs(ahead)).all())


def radius_of(order: int, accuracy: int) -> int:
    """How far a central stencil reaches."""
    return accuracy // 2 + (order + 1) // 2 - 1


def _span(before, after, order, accuracy, edge_order):
    """How far a stencil reaches back and ahead where there are so many samples before and after; None where there are
    too few."""
    full = radius_of(order, accuracy)
    radius = min(full, before, after)
    if radius == full or (2 * radius >= order and 2 * radius + 2 - order - order % 2 >= edge_order):
        return radius, radius
    points = min(edge_order + order - 1, before + after)
    if points < order:
        return None
    back = max(min((edge_order + order - 1) // 2, before), points - after)
    return back, points - back


def _window(i, n, order, accuracy, edge_order, low, high):
    """The indices that sample i's stencil spans; those beyond the ends are ghosts."""
    far = radius_of(order, accuracy) + edge_order + order
    before = i if low == ONE_SIDED else far
    after = n - 1 - i if high == ONE_SIDED else far
    back, ahead = _span(before, after, order, accuracy, edge_order)
    return list(range(i - back, i + ahead + 1))


def _ghost(axis, i, n, low, high):
    """The sample that stands for index i."""
    return i if 0 <= i < n else GHOSTS[low if i < 0 else high](i, n - axis.repeated)


def _position(axis, i, n):
    """Coordinate of index i, in extended precision; beyond the ends too."""
    x = axis.coordinates
    if 0 <= i < n:
        return np.longdouble(x[i])
    if axis.periodic:
        distinct = n - axis.repeated
        return np.longdouble(x[i % distinct]) + floor(i / distinct) * np.longdouble(axis.period)
    # Its own steps, mirrored, as often as need be.
    turns, rest = divmod(i, 2 * (n - 1))
    first, last = np.longdouble(x[0]), np.longdouble(x[-1])
    within = x[rest] - first if rest < n else 2 * (last - first) - (x[2 * (n - 1) - rest] - first)
    return first + 2 * turns * (last - first) + within


def derivative(
    axis: Axis,
    n: int,
    accuracy: int,
    edge_order: int,
    low: str,
    high: str,
    with_gaps: bool = False,
    order: int = 1,
    as_numpy: bool = True,
) -> Stencil:
    """The table of a derivative along an axis of `n` samples.

    Parameters
    ----------
    axis : Axis
        Coordinates, or an even step.
    accuracy, edge_order : int
        Order of the truncation error inside, and at one-sided ends.
    low, high : str
        What is beyond either end, one of `BOUNDARIES`.
    with_gaps : bool
        Samples may be absent.
    order : {1, 2, 3, 4}
        Of the derivative.
    as_numpy : bool
        Take numpy's formula of second order at the ends of even axes, for numpy's bits: it sums samples, where
        differences of samples round less.
    """
    radius = radius_of(order, accuracy)
    size = 2 * radius + 1
    lo = min(radius, n)
    hi = max(lo, n - radius)
    offsets = [(k, -k) for k in range(1, 1 + radius)]
    if axis.step is not None:
        terms, divisor = _even_row(size, radius, order)
        offsets = [(a - radius, b - radius) for a, b, _ in terms]
        weights, divisor = _fold(np.array([w for *_, w in terms], np.longdouble), divisor * _power(axis.step, order))
        ahead = behind = None
    else:
        x = np.asarray(axis.coordinates, np.longdouble)
        around = [x[k : k + hi - lo] for k in range(size)]
        weights = fornberg(around, around[radius], order)
        parts = [_paired(weights[radius + k], weights[radius - k]) for k in range(1, radius + 1)]
        weights, ahead, behind = np.array(parts, np.longdouble).reshape(radius, 3, hi - lo).swapaxes(0, 1)
        divisor = 1.0

    rows = []
    for i in (*range(lo), *range(hi, n)):
        window = _window(i, n, order, accuracy, edge_order, low, high)
        if axis.step is not None:
            row, row_divisor = _even_edge(window, i, axis.step, order, as_numpy)
        else:
            row, row_divisor = _uneven_edge(window, i, [_position(axis, k, n) for k in window], order)
        samples = [_ghost(axis, k, n, low, high) for k in window]
        rows.append(([(samples[a], NOTHING if b is None else samples[b], w) for a, b, w in row if w], row_divisor))
    index, edge_weights, count, edge_divisor = _edge_table(rows)
    return Stencil(
        n,
        lo,
        hi,
        np.array(offsets, np.intp).reshape(-1, 2),
        weights,
        ahead,
        behind,
        divisor,
        index,
        edge_weights,
        count,
        edge_divisor,
        _gaps(axis, n, order, accuracy, edge_order, low, high, as_numpy) if with_gaps else None,
    )


def stretch(table: Stencil, first: int, n: int) -> Stencil:
    """The table of `n` samples side by side, from `first` on and round the axis, as they are in the whole.

    Those whose stencils reach beyond have zeros.
    """
    if first == 0 and n == table.n:
        return table
    reach = int(np.abs(table.offsets).max(initial=0))
    lo = min(n, max(0, max(table.lo, first + reach) - first))
    hi = max(lo, min(table.hi, first + n - reach) - first)
    inside = slice(first + lo - table.lo, first + hi - table.lo)
    varying = ("weights", "ahead", "behind") if table.ahead is not None else ()
    uneven = {name: getattr(table, name)[:, inside] for name in varying}
    rows: list[Any] = []
    for i in (*range(lo), *range(hi, n)):
        terms, divisor = _row_of(table, (first + i) % table.n)
        here = [(_within(a, table.n, first), _within(b, table.n, first), w) for a, b, w in terms]
        rows.append((here, divisor) if all(max(a, b) < n for a, b, _ in here) else ([(NOTHING, NOTHING, 0)], 1.0))
    index, edge_weights, count, edge_divisor = _edge_table(rows)
    return replace(
        table,
        n=n,
        lo=lo,
        hi=hi,
        edge_index=index,
        edge_weights=edge_weights,
        edge_count=count,
        edge_divisor=edge_divisor,
        gaps=None if table.gaps is None else _stretched_gaps(table.gaps, table.n, first, n),
        **uneven,
    )


def _within(i, whole, first):
    """Sample i, or what stands for no sample, counted from `first` on."""
    return (i - first) % whole if i >= 0 else i


def _row_of(table, i):
    """Terms (sample, sample, weight) and divisor of any sample."""
    if not table.lo <= i < table.hi:
        edge = i if i < table.lo else table.lo + i - table.hi
        used = slice(table.edge_count[edge])
        row = zip(*table.edge_index[edge, used].T, table.edge_weights[edge, used], strict=True)
        return list(row), table.edge_divisor[edge]
    if table.ahead is None:
        return [(i + a, i + b, w) for (a, b), w in zip(table.offsets, table.weights, strict=True)], table.divisor
    terms = []
    columns = (part[:, i - table.lo] for part in (table.weights, table.ahead, table.behind))
    for (a, b), across, ahead, behind in zip(table.offsets, *columns, strict=True):
        terms += [(i + a, i + b, across), (i + a, i, ahead), (i, i + b, behind)]
    return terms, table.divisor


def _stretched_gaps(gaps, whole, first, n):
    ghosts = np.full_like(gaps.ghosts, NOTHING)
    for side, at_end in enumerate((first == 0, first + n == whole)):
        if at_end:
            here = np.array([_within(i, whole, first) for i in gaps.ghosts[side]])
            ghosts[side] = np.where(here < n, here, NOTHING)
    positions = gaps.positions
    if positions is not None:
        i = np.arange(first, first + n + 2 * gaps.most)  # counted from the first ghost
        turns = (i >= len(positions)).astype(int) - (i < 0)
        period = positions[gaps.most + whole] - positions[gaps.most]
        positions = positions[i - turns * whole] + turns * period
    return replace(gaps, ghosts=ghosts, positions=positions)


def _gaps(axis, n, order, accuracy, edge_order, low, high, as_numpy):
    """Central where as many neighbours are there as it takes, otherwise of the order `edge_order`, or as high as
    neighbours allow."""
    most = max(radius_of(order, accuracy), edge_order + order - 1)
    beyond = [(range(-1, -most - 1, -1), low), (range(n, n + most), high)]
    ghosts = [[NOTHING if word == ONE_SIDED else _ghost(axis, i, n, low, high) for i in some] for some, word in beyond]
    rows: list[Any] = []
    spans: dict[Any, int] = {None: -1}
    choice = np.empty((most + 1, most + 1), np.intc)
    for before, after in np.ndindex(choice.shape):
        span = _span(before, after, order, accuracy, edge_order)
        if span not in spans:
            spans[span] = len(rows)
            window, step = range(-span[0], span[1] + 1), 1.0 if axis.step is None else axis.step
            row, divisor = _even_edge(window, 0, step, order, as_numpy)
            rows.append(([(a, NOTHING if b is None else b, w) for a, b, w in row], divisor))
        choice[before, after] = spans[span]
    index, weights, count, divisor = _edge_table(rows)
    windows = [(-span[0], span[1]) for span in spans if span is not None]
    positions = None
    if axis.step is None:
        positions = np.array([_position(axis, i, n) for i in range(-most, n + most)], np.longdouble)
    shifts = np.array(windows, np.intp)
    return Gaps(order, most, np.array(ghosts, np.intp), choice, shifts, index, weights, count, divisor, positions)


def _fold(weights, divisor):
    """Multiply instead of dividing, where the reciprocal is exact or where there are several weights."""
    mantissa, exponent = frexp(divisor)
    if len(weights) > 1 or (abs(mantissa) == 0.5 and abs(exponent) < 100):
        return weights / divisor, 1.0
    return weights, divisor


def _edge_table(rows):
    """Rows of terms as rectangular arrays."""
    longest = max((len(terms) for terms, _ in rows), default=0)
    index = np.full((len(rows), longest, 2), NOTHING, np.intp)
    weights = np.zeros((len(rows), longest), np.longdouble)
    for row, (terms, _) in enumerate(rows):
        for t, (a, b, w) in enumerate(terms):
            index[row, t] = a, b
            weights[row, t] = w
    counts = np.array([len(terms) for terms, _ in rows], np.intc)
    return index, weights, counts, np.array([divisor for _, divisor in rows], np.longdouble)
