"""Critical points of a spline: where zeros of its gradient are, each once; the terms of sides; what is undecided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ._charts import Atlas, Chart, atlas_of
from ._config import as_workers
from ._domain import Ends, Part, Samples, euler_characteristic, samples_of
from ._sample_points import names_of, of_filtration
from ._space import Space
from ._tensor import TensorSpline
from ._zeros import Undecided, search

#: Zeros are the same if they are of one kind and closer than this part of a piece.
SAME = 1e-7
#: How far a vertex may be from the point that takes its persistence, in steps.
_MATCH = 1.5


def points_of_spline(
    f: Any, spacing: tuple, box: Any, persistence: bool, max_boxes: int, workers: int | None
) -> dict[str, Any]:
    """The columns of `CriticalPoints` and what is said of all of them."""
    samples, workers = samples_of(f, spacing), as_workers(workers)
    atlas = atlas_of(samples, box, workers)
    tables, undecided, unsearched = [], [*atlas.seams], [*atlas.cut]
    for chart in atlas.charts:
        spline, ends, skip = chart.spline, chart.ends, chart.skip
        found = find(spline.axes, spline.coefficients, ends, skip, max_boxes, workers, chart.spread)
        table = _of_chart(chart, found, workers)
        parts = undecided_parts(spline, found.undecided, table.x, table.index)
        gone = [] if skip is None else skipped_parts(spline, skip, ends)
        gone += [] if found.behind is None else [part_behind(spline, ends, found.behind)]
        tables.append(table)
        undecided += [part for part in map(chart.part, parts) if part is not None]
        unsearched += [part for part in map(chart.part, gone) if part is not None]
    if len(atlas.charts) > 1:
        from ._caps import each_once, united

        tables = each_once(tables)
        undecided, unsearched = (united(parts, samples) for parts in (undecided, unsearched))
    columns = _columns(atlas, samples, tables)
    index_sum, sides_complete = sum_over_sides(atlas, max_boxes, workers)
    index_sum += int(((-1) ** columns["index"].astype(int)).sum()) + sum(part.turns or 0 for part in undecided)
    expected = euler_characteristic(atlas.ends, atlas.poles)
    gap, partner = _matched(samples, atlas, columns, workers) if persistence else (None, None)
    return columns | {
        "persistence": gap,
        "partner": partner,
        "undecided": undecided,
        "unsearched": unsearched,
        "complete": sides_complete and not undecided and not unsearched and index_sum == expected,
        "euler": (index_sum, expected),
    }


def _of_chart(chart: Chart, found: Found, workers: int) -> OfChart:
    """Each point once."""
    values, _, hessian = chart.spline.jets(found.points, 2, False, workers)
    index = (np.linalg.eigvalsh(hessian) < 0).sum(axis=1).astype(np.int8)
    keep = firsts(chart.spline.axes, found.place, index)
    keep = keep[chart.owns(found.points[keep])]
    x = found.points[keep]
    return OfChart(chart, x, chart.to_grid(x), values[keep], hessian[keep], index[keep])


def _columns(atlas: Atlas, samples: Samples, tables: list[OfChart]) -> dict[str, np.ndarray]:
    """Points of all charts, ordered by value and place."""
    points, values, index = (np.concatenate([getattr(t, of) for t in tables]) for of in ("points", "values", "index"))
    hessian = np.concatenate([_physical(table, atlas.space) for table in tables])
    order = np.lexsort((*points.T[::-1], values))
    points, hessian = points[order], hessian[order]
    eigenvalues, eigenvectors = np.linalg.eigh(hessian)
    return {
        "points": points if atlas.space is None else atlas.space.places(points),
        "indices": in_samples(samples, points),
        "values": values[order],
        "hessian": hessian,
        "eigenvalues": eigenvalues,
        "eigenvectors": eigenvectors,
        "index": index[order],
    }


def _physical(table: OfChart, space: Space | None) -> np.ndarray:
    """Second derivatives along orthonormal vectors. Where the gradient is zero they transform as a tensor does."""
    if space is None:
        return table.hessian
    at = table.chart.off_poles(table.points)
    directions, jacobian = space.frames(at), table.chart.jacobian(at)
    if jacobian is not None:
        directions = jacobian @ directions
    return directions.swapaxes(1, 2) @ table.hessian @ directions


def _matched(samples, atlas, columns, workers):
    """Persistence and partner of the nearest vertices of the same index, each given once."""
    from scipy.spatial import cKDTree

    shape = samples.field.shape
    periodic = np.array([axis.periodic for axis in samples.axes])
    vertices, index, gap, partner = of_filtration(samples, samples.whole, True, workers)
    place, number = names_of(vertices, samples)
    around = np.where(periodic, shape, 0)
    matched = np.full(len(columns["index"]), -1)
    for i in range(len(shape) + 1):
        rows, candidates = np.flatnonzero(columns["index"] == i), np.flatnonzero(index[number] == i)
        if not len(rows) or not len(candidates):
            continue
        at = columns["indices"][rows]
        at = np.where((around > 0) & (at >= around), 0, at)
        near = cKDTree(at, boxsize=around).sparse_distance_matrix(
            cKDTree(place[candidates], boxsize=around), _MATCH, output_type="ndarray"
        )
        taken = np.zeros(len(vertices), bool)
        for row, candidate in near[np.lexsort((near["j"], near["i"], near["v"]))][["i", "j"]]:
            vertex = number[candidates[candidate]]
            if matched[rows[row]] < 0 and not taken[vertex]:
                matched[rows[row]], taken[vertex] = vertex, True
    row_of = np.full(len(vertices) + 1, -1)  # the last one is for those without a partner
    known = matched >= 0
    row_of[matched[known]] = np.flatnonzero(known)
    result, others = np.full(len(matched), np.nan), np.full(len(matched), -1)
    result[known], others[known] = gap[matched[known]], row_of[partner[matched[known]]]
    return result, others


# ---- zeros -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class OfChart:
    """Critical points of a chart."""

    chart: Chart
    x: np.ndarray  # (n, d), in its coordinates
    points: np.ndarray  # (n, d), in those of the grid
    values: np.ndarray
    hessian: np.ndarray  # in those of the chart
    index: np.ndarray

    def some(self, rows: np.ndarray) -> OfChart:
        """Of an array of either integers or booleans."""
        columns = (self.x, self.points, self.values, self.hessian, self.index)
        return OfChart(self.chart, *(column[rows] for column in columns))


class Found(NamedTuple):
    """Zeros of the gradient, some of them more than once: from both sides of a face."""

    points: np.ndarray  # (n, d), in coordinates
    place: np.ndarray  # (n, d), in pieces
    undecided: Undecided
    behind: tuple[int, int] | None  # where the limit of boxes was met: an axis, and a piece along it


def find(
    axes: Any,
    coefficients: np.ndarray,
    ends: Ends,
    skip: Any,
    max_boxes: int,
    workers: int,
    spread: float | None = None,
) -> Found:
    """All zeros in a domain, but for pieces to skip."""
    ranges = [pieces(axis, pair) for axis, pair in zip(axes, ends, strict=True)]
    zeros = search(axes, coefficients, ranges, skip, max_boxes, workers, spread)
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
    return Found(points[inside], place[inside], _reaching(zeros.undecided, axes, ends), zeros.behind)


def _reaching(parts: Undecided, axes: Any, ends: Ends) -> Undecided:
    """Those that are not beyond the ends of a domain, as others in pieces that are cut by one may be."""
    inside = np.ones(len(parts.piece), bool)
    for k, (axis, pair) in enumerate(zip(axes, ends, strict=True)):
        if pair is not None:
            start, width = axis.breaks[parts.piece[:, k]], np.diff(axis.breaks)[parts.piece[:, k]]
            inside &= start + (parts.high[:, k] + SAME) * width >= pair[0]
            inside &= start + (parts.low[:, k] - SAME) * width <= pair[1]
    return Undecided(*(column[inside] for column in parts))


def pieces(axis: Any, pair: tuple[float, float] | None) -> tuple[int, int]:
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


def in_samples(samples: Samples, points: np.ndarray) -> np.ndarray:
    """Coordinates as fractional indices."""
    indices = np.empty(points.shape)
    for k, (axis, x) in enumerate(zip(samples.axes, samples.coords, strict=True)):
        n, sites = len(x), np.sort(x)
        if axis.periodic:
            sites = np.append(sites, samples.extent[k][1])
        at = np.interp(points[:, k], sites, np.arange(len(sites)))
        if x[0] > x[-1]:  # their samples are taken from behind
            at = n - 1 - at
        indices[:, k] = np.mod(at, n) if axis.periodic else at
    return indices


# ---- the count ---------------------------------------------------------------------------------------------


#: Axes that are fixed on a side, an edge or a corner of a domain, and at which end.
Side = tuple[tuple[int, int], ...]


class OnSide(NamedTuple):
    """What a side of a domain, or of a part of it, has."""

    morse: np.ndarray  # indices of critical points of the restriction
    ascends: np.ndarray  # whether the field does so from each into the domain, along each axis that is fixed
    flat: np.ndarray  # the same, of places in undecided parts
    complete: bool


def sum_over_sides(atlas: Atlas, max_boxes: int, workers: int) -> tuple[int, bool]:
    """The sum of (-1)^index over critical points of the restrictions to sides, edges and corners of a domain from which
    the field ascends into it; and whether it is known. Pieces to skip are skipped there, too."""
    found: dict[Side, list[OnSide]] = {}
    for chart in atlas.charts:
        for side in _sides(chart):
            found.setdefault(side, []).append(_on_side(chart, dict(side), max_boxes, workers))
    sides = {side: _as_one(parts) for side, parts in found.items()}
    sums = [_sum_of(side, [axis for axis, _ in side], sides, atlas) for side in sides]
    known = all(some is not None for some in sums) and all(part.complete for part in sides.values())
    return sum(some or 0 for some in sums), known


def _as_one(parts: list[OnSide]) -> OnSide:
    morse, ascends, flat = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return OnSide(morse, ascends, flat, all(part.complete for part in parts))


def _sum_of(side: Side, inward: list[int], sides: dict[Side, OnSide], atlas: Atlas) -> int | None:
    """The sum over a side, of points from which the field ascends along some of the fixed axes; None if not known.

    Undecided parts, such as the rim of a disc often is, add nothing where the field does not ascend from them. If it
    does so from all there is, the sum is what the side's own sides leave of its Euler characteristic.
    """
    part, axes = sides[side], [axis for axis, _ in side]
    columns = [axes.index(axis) for axis in inward]
    ascends, flat = (of[:, columns].all(axis=1) for of in (part.ascends, part.flat))
    if not flat.any():
        return int(((-1) ** part.morse[ascends]).sum())
    if not (ascends.all() and flat.all()):
        return None
    total = euler_characteristic(atlas.ends, [pole for pole in atlas.poles if pole.axis not in axes])
    for edge in sides:
        if set(side) < set(edge):
            some = _sum_of(edge, [axis for axis, _ in edge if axis not in axes], sides, atlas)
            if some is None:
                return None
            total -= some
    return total


def _sides(chart: Chart) -> Iterator[Side]:
    """For each side, edge and corner the axes that are fixed, and at which end."""
    for choice in product(*((None, *sides) for sides in chart.sides)):
        fixed = tuple((k, end) for k, end in enumerate(choice) if end is not None)
        if fixed:
            yield fixed


def _on_side(chart: Chart, fixed: dict[int, int], max_boxes: int, workers: int) -> OnSide:
    spline, ends = chart.spline, chart.ends
    free = [k for k in range(spline.ndim) if k not in fixed]
    if not free:
        at = np.array([[ends[k][end] for k, end in fixed.items()]])
        return OnSide(np.zeros(1, int), _ascends(chart, fixed, at, workers), np.zeros((0, len(fixed)), bool), True)
    axes, coefficients = tuple(spline.axes[k] for k in free), _restricted(spline, ends, fixed)
    at_ends, skip = tuple(ends[k] for k in free), _skipped_at(spline, ends, fixed, chart.skip)
    found = find(axes, coefficients, at_ends, skip, max_boxes, workers, chart.spread)
    at = _placed(chart, fixed, free, found.points)
    hessian = spline.hessian(at, workers=workers)[:, free][:, :, free]
    index = (np.linalg.eigvalsh(hessian) < 0).sum(axis=1)
    keep = firsts(axes, found.place, index)
    keep = keep[chart.owns(at[keep])]
    flat = _placed(chart, fixed, free, _within(axes, found.undecided))
    return OnSide(
        index[keep],
        _ascends(chart, fixed, at[keep], workers),
        _ascends(chart, fixed, flat[chart.owns(flat)], workers),
        found.behind is None,
    )


def _placed(chart: Chart, fixed: dict[int, int], free: list[int], points: np.ndarray) -> np.ndarray:
    """Points of a side, with the coordinates that are fixed there."""
    result = np.empty((len(points), chart.spline.ndim))
    result[:, free] = points
    for k, end in fixed.items():
        result[:, k] = chart.ends[k][end]
    return result


def _ascends(chart: Chart, fixed: dict[int, int], points: np.ndarray, workers: int) -> np.ndarray:
    """Whether the field ascends from a side into the domain, along each axis that is fixed (n, m)."""
    inward = np.array([1.0 if end == 0 else -1.0 for end in fixed.values()])
    return chart.spline.gradient(points, workers=workers)[:, list(fixed)] * inward > 0


def _within(axes: Any, parts: Undecided) -> np.ndarray:
    """Corners of undecided parts, and places between them."""
    piece = [axis.breaks[p] for axis, p in zip(axes, parts.piece.T, strict=True)]
    width = [np.diff(axis.breaks)[p] for axis, p in zip(axes, parts.piece.T, strict=True)]
    fractions = np.array(list(product((0.0, 0.5, 1.0), repeat=len(axes))))[:, None]
    low, high = np.clip(parts.low, 0, 1), np.clip(parts.high, 0, 1)
    at = np.stack(piece, axis=1) + (low + fractions * (high - low)) * np.stack(width, axis=1)
    return at.reshape(-1, len(axes))


def _restricted(spline: TensorSpline, ends: Ends, fixed: dict[int, int]) -> np.ndarray:
    """Coefficients of the spline where some coordinates are fixed."""
    coefficients = spline.coefficients
    for k in sorted(fixed, reverse=True):
        first, weights = spline.axes[k].weights(np.array([ends[k][fixed[k]]]))
        coefficients = np.tensordot(weights[0], coefficients.take(first[0] + np.arange(4), axis=k), (0, k))
    return coefficients


def _skipped_at(spline: TensorSpline, ends: Ends, fixed: dict[int, int], skip: Any) -> Any:
    """Pieces to skip of a side."""
    if skip is None:
        return None
    for k in sorted(fixed, reverse=True):
        skip = skip.take(spline.axes[k].piece_of(np.array(ends[k][fixed[k]])), axis=k)
    return skip


# ---- what is undecided -------------------------------------------------------------------------------------


def undecided_parts(spline: TensorSpline, parts: Undecided, points: np.ndarray, index: np.ndarray) -> list[Part]:
    """Those in neighbouring pieces, together."""
    return [Part(low, high, _turns(spline, low, high, points, index)) for low, high in _clusters(spline, parts)]


def skipped_parts(spline: TensorSpline, skip: np.ndarray, ends: Ends) -> list[Part]:
    """Neighbouring pieces of a domain that were not searched, together."""
    inside = np.zeros_like(skip)
    ranges = [pieces(axis, pair) for axis, pair in zip(spline.axes, ends, strict=True)]
    inside[tuple(slice(*some) for some in ranges)] = True
    piece = np.argwhere(skip & inside)
    whole = Undecided(piece, np.zeros(piece.shape), np.ones(piece.shape))
    return [Part(low, high, None) for low, high in _clusters(spline, whole)]


def part_behind(spline: TensorSpline, ends: Ends, behind: tuple[int, int]) -> Part:
    """What is behind the limit of boxes."""
    axes = zip(spline.axes, ends, strict=True)
    low, high = np.transpose([(axis.breaks[0], axis.breaks[-1]) if pair is None else pair for axis, pair in axes])
    axis, piece = behind
    low[axis] = max(low[axis], spline.axes[axis].breaks[piece])
    return Part(low, high, None)


def _clusters(spline: TensorSpline, parts: Undecided) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Low and high ends of connected parts."""
    if not len(parts.piece):
        return
    from scipy.ndimage import label

    axes = spline.axes
    marked = np.zeros([len(axis.basis) for axis in axes], bool)
    marked[tuple(parts.piece.T)] = True
    labels, _ = label(marked, np.ones((3,) * spline.ndim))
    of_part = _joined(labels, axes)[tuple(parts.piece.T)]
    order = np.argsort(of_part, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(of_part[order])) + 1):
        low, high = np.empty(spline.ndim), np.empty(spline.ndim)
        for k, axis in enumerate(axes):
            piece = parts.piece[some, k]
            width = np.diff(axis.breaks)[piece]
            start = axis.breaks[piece] + np.clip(parts.low[some, k], 0, 1) * width
            stop = axis.breaks[piece] + np.clip(parts.high[some, k], 0, 1) * width
            low[k], high[k] = _extent(start, stop, axis)
        yield low, high


def _joined(labels: np.ndarray, axes: Any) -> np.ndarray:
    """Labels that meet across the seam of a periodic axis, as one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    meeting = []
    for k in (k for k, axis in enumerate(axes) if axis.period is not None):
        last, first = labels.take(-1, axis=k), labels.take(0, axis=k)
        for aside, axis in enumerate(axes[:k] + axes[k + 1 :]):
            pad = [(int(other == aside),) * 2 for other in range(first.ndim)]
            first = np.pad(first, pad, mode="constant" if axis.period is None else "wrap")
        for offset in np.ndindex((3,) * last.ndim):
            beside = first[tuple(slice(o, o + n) for o, n in zip(offset, last.shape, strict=True))]
            both = (last > 0) & (beside > 0)
            meeting.append(np.stack([last[both], beside[both]]))
    if not meeting:
        return labels
    joined = np.concatenate(meeting, axis=1)
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


def _turns(
    spline: TensorSpline, low: np.ndarray, high: np.ndarray, points: np.ndarray, index: np.ndarray
) -> int | None:
    """How often the gradient turns on the way around a box a little larger, in two dimensions, beside the turns that
    are due to points within."""
    if spline.ndim != 2:
        return None
    scale = np.array([np.diff(axis.breaks).min() for axis in spline.axes])
    pad = np.maximum(high - low, 1e-3 * scale)  # nearer, the gradient may be no more than rounding
    corner, side = low - pad, high - low + 2 * pad
    for axis, a, b in zip(spline.axes, corner, corner + side, strict=True):
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
    beyond = points - corner
    for k, axis in enumerate(spline.axes):
        beyond[:, k] = beyond[:, k] if axis.period is None else np.mod(beyond[:, k], axis.period)
    within = ((beyond >= 0) & (beyond <= side)).all(axis=1)
    return int(np.rint(steps.sum() / (2 * np.pi))) - int(((-1) ** index[within].astype(int)).sum())
