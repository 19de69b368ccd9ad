"""Critical points of a spline: where zeros of its gradient are, each once; the terms of sides; what is undecided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ._zeros import Boxes, Search
from .interpolant import Interpolant

#: Zeros are the same if they are of one kind and closer than this part of a piece.
SAME = 1e-7

#: For each axis the ends of the domain, in coordinates; None for a whole period.
Ends = tuple[Any, ...]


class Found(NamedTuple):
    """Zeros of the gradient, some of them more than once: from both sides of a face."""

    points: np.ndarray  # (n, d), in coordinates
    place: np.ndarray  # (n, d), in pieces
    undecided: Boxes
    complete: bool  # no limit was met


def find(axes: Any, coefficients: np.ndarray, ends: Ends, max_boxes: int) -> Found:
    """All zeros in a domain."""
    ranges = [_pieces(axis, pair) for axis, pair in zip(axes, ends, strict=True)]
    zeros = Search(axes, np.ascontiguousarray(coefficients), max_boxes).run(ranges)
    # Others belong to the piece beside.
    own = ((zeros.fraction >= -SAME) & (zeros.fraction <= 1 + SAME)).all(axis=1)
    piece, fraction = zeros.piece[own], zeros.fraction[own]
    points, inside = np.empty(fraction.shape), np.ones(len(piece), bool)
    for k, (axis, pair) in enumerate(zip(axes, ends, strict=True)):
        first, width = axis.breaks[:-1], np.diff(axis.breaks)[piece[:, k]]
        x = first[piece[:, k]] + fraction[:, k] * width
        if pair is None:
            x = first[0] + np.mod(x - first[0], axis.period)
            x[x >= first[0] + axis.period] = first[0]  # mod of a tiny negative number
        else:
            inside &= (x >= pair[0] - SAME * width) & (x <= pair[1] + SAME * width)
            x = np.clip(x, *pair)
        points[:, k] = x
    place = piece + np.clip(fraction, 0, 1)
    return Found(points[inside], place[inside], zeros.undecided, zeros.complete)


def _pieces(axis: Any, pair: tuple[float, float] | None) -> tuple[int, int]:
    if pair is None:
        return 0, len(axis.basis)
    first, last = axis.piece_of(np.array(pair))
    return int(first), int(last) + 1


def firsts(axes: Any, place: np.ndarray, index: np.ndarray) -> np.ndarray:
    """One of all zeros that are the same: of one Morse index, and in one place."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    count = len(place)
    if not count:
        return np.empty(0, np.intp)
    around = np.array([len(axis.basis) if axis.period is not None else 0 for axis in axes])
    turned = np.where(around > 0, np.mod(place, np.maximum(around, 1)), place)
    turned = np.where((around > 0) & (turned >= around), 0, turned)
    pairs = cKDTree(turned, boxsize=around).query_pairs(3 * SAME, p=np.inf, output_type="ndarray")
    pairs = pairs[index[pairs[:, 0]] == index[pairs[:, 1]]]
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    return np.unique(labels, return_index=True)[1]


def in_samples(spline: Interpolant, points: np.ndarray) -> np.ndarray:
    """Coordinates as fractional indices."""
    indices = np.empty(points.shape)
    for k, axis in enumerate(spline._axes):
        n, sites = len(axis.sites), axis.sites
        if axis.period is not None:
            sites = np.append(sites, sites[0] + axis.period)
        at = np.interp(points[:, k], sites, np.arange(len(sites)))
        if spline._descending[k]:  # their samples are taken from behind
            at = n - 1 - at
        indices[:, k] = at if axis.period is None else np.mod(at, n)
    return indices


# ---- the count ---------------------------------------------------------------------------------------------


def sum_over_sides(spline: Interpolant, ends: Ends, max_boxes: int) -> tuple[int, bool]:
    """The sum of (-1)^index over critical points of the restrictions to sides, edges and corners of a domain from which
    the field ascends into it; and whether each of them was found."""
    total, complete = 0, True
    for fixed in _sides(ends):
        free = [k for k in range(spline.ndim) if k not in fixed]
        axes, coefficients = tuple(spline._axes[k] for k in free), _restricted(spline, ends, fixed)
        points, found = np.zeros((1, spline.ndim)), None
        if free:
            found = find(axes, coefficients, tuple(ends[k] for k in free), max_boxes)
            complete &= found.complete and not len(found.undecided.piece)
            points = np.zeros((len(found.points), spline.ndim))
            points[:, free] = found.points
        for k, end in fixed.items():
            points[:, k] = ends[k][end]
        _, gradient, hessian = spline._evaluate(points, 2, False, 1)
        index = (np.linalg.eigvalsh(hessian[:, free][:, :, free]) < 0).sum(axis=1) if free else np.zeros(1, int)
        if found is not None:
            keep = firsts(axes, found.place, index)
            gradient, index = gradient[keep], index[keep]
        inward = np.array([1.0 if end == 0 else -1.0 for end in fixed.values()])
        ascends = (gradient[:, list(fixed)] * inward > 0).all(axis=1)
        total += int(((-1) ** index[ascends]).sum())
    return total, complete


def _sides(ends: Ends) -> Iterator[dict[int, int]]:
    """For each side, edge and corner the axes that are fixed, and at which end."""
    for choice in product(*((None,) if pair is None else (None, 0, 1) for pair in ends)):
        fixed = {k: end for k, end in enumerate(choice) if end is not None}
        if fixed:
            yield fixed


def _restricted(spline: Interpolant, ends: Ends, fixed: dict[int, int]) -> np.ndarray:
    """Coefficients of the spline where some coordinates are fixed."""
    coefficients = spline._coefficients
    for k in sorted(fixed, reverse=True):
        first, weights = spline._axes[k].weights(np.array([ends[k][fixed[k]]]))
        coefficients = np.tensordot(weights[0], coefficients.take(first[0] + np.arange(4), axis=k), (0, k))
    return coefficients


# ---- what is undecided ---------------------------------------------------------------------------------------


class Cluster(NamedTuple):
    low: np.ndarray
    high: np.ndarray
    turns: int | None  # of the gradient on the way around


def clusters(spline: Interpolant, boxes: Boxes) -> list[Cluster]:
    """Boxes in neighbouring pieces, together."""
    from scipy.ndimage import label

    if not len(boxes.piece):
        return []
    axes = spline._axes
    marked = np.zeros([len(axis.basis) for axis in axes], bool)
    marked[tuple(boxes.piece.T)] = True
    wrap = [(1, 1) if axis.period is not None else (0, 0) for axis in axes]
    labels, _ = label(marked, np.ones((3,) * spline.ndim))
    labels = _joined(labels, wrap)
    found = []
    of_box = labels[tuple(boxes.piece.T)]
    for number in np.unique(of_box):
        some = boxes[of_box == number]
        low, high = np.empty(spline.ndim), np.empty(spline.ndim)
        for k, axis in enumerate(axes):
            breaks, width = axis.breaks, np.diff(axis.breaks)
            piece = some.piece[:, k]
            start = breaks[piece] + np.clip(some.low[:, k], 0, 1) * width[piece]
            stop = breaks[piece] + np.clip(some.high[:, k], 0, 1) * width[piece]
            low[k], high[k] = _extent(start, stop, axis)
        found.append(Cluster(low, high, _turns(spline, low, high)))
    return found


def _joined(labels: np.ndarray, wrap: list) -> np.ndarray:
    """Labels that meet across the seam of a periodic axis, as one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    padded = np.pad(labels, wrap, mode="wrap")
    pairs = []
    for offset in product((-1, 0, 1), repeat=labels.ndim):
        here = padded[tuple(slice(max(0, o), n + min(0, o)) for o, n in zip(offset, padded.shape, strict=True))]
        there = padded[tuple(slice(max(0, -o), n + min(0, -o)) for o, n in zip(offset, padded.shape, strict=True))]
        both = (here > 0) & (there > 0) & (here != there)
        pairs.append(np.stack([here[both], there[both]]))
    joined = np.concatenate(pairs, axis=1)
    count = int(labels.max()) + 1
    graph = coo_array((np.ones(joined.shape[1]), (joined[0], joined[1])), shape=(count, count))
    return connected_components(graph, directed=False)[1][labels]


def _extent(start: np.ndarray, stop: np.ndarray, axis: Any) -> tuple[float, float]:
    """From the first to the last; on a periodic axis around the largest gap between them."""
    if axis.period is None:
        return float(start.min()), float(stop.max())
    order = np.argsort(start)
    start, stop = start[order], np.maximum.accumulate(stop[order])
    gaps = np.append(start[1:], start[0] + axis.period) - stop
    last = int(np.argmax(gaps))
    if gaps[last] <= 0 or last == len(start) - 1:
        return float(start[0]), float(stop[-1])
    return float(start[last + 1]), float(stop[last] + axis.period)


def _turns(spline: Interpolant, low: np.ndarray, high: np.ndarray) -> int | None:
    """How often the gradient turns on the way around a box a little larger, in two dimensions."""
    if spline.ndim != 2:
        return None
    scale = np.array([np.diff(axis.breaks).min() for axis in spline._axes])
    pad = np.maximum(high - low, 1e-3 * scale)  # nearer, the gradient may be no more than rounding
    corner, side = low - pad, high - low + 2 * pad
    for axis, a, b in zip(spline._axes, corner, corner + side, strict=True):
        if axis.period is None and (a < axis.breaks[0] or b > axis.breaks[-1]):
            return None
    t = np.linspace(0, 1, 256, endpoint=False)
    zero, one = np.zeros_like(t), np.ones_like(t)
    way = np.concatenate([np.stack(leg, axis=1) for leg in ((t, zero), (one, t), (1 - t, one), (zero, 1 - t))])
    gradient = spline.gradient(corner + way * side)
    if not (np.abs(gradient).max(axis=1) > 0).all():
        return None
    angle = np.arctan2(gradient[:, 1], gradient[:, 0])
    steps = np.diff(np.append(angle, angle[0]))
    steps = np.mod(steps + np.pi, 2 * np.pi) - np.pi
    if np.abs(steps).max() > 1:
        return None
    return int(np.rint(steps.sum() / (2 * np.pi)))
