"""Charts around poles, where the coordinates of a grid are singular but the field is not.

Through a pole the field goes on, ``f(-r, theta) = f(r, theta + pi)``, and its spline is made of samples on both sides.
A *cap* has Cartesian coordinates around the pole, ``x = r cos(theta), y = r sin(theta)`` (on a globe, those of an
azimuthal equidistant map), in which that spline is sampled on a regular lattice, twice as fine as the rings. The spline
through these is smooth at the pole, too, and differs from the other one by no more than that does from a smooth field.

A cap has what is within a circle, its *seam*; the grid's own chart what is without. Where along the seam the two
gradients differ by less than they are long, they can be turned into each other without a zero on the way: by Poincaré
and Hopf none is lost then between the charts, nor found twice. Several circles are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ._axes import Axis
from ._charts import Chart, touched
from ._domain import Part, Samples
from ._engine.pool import share
from ._geometry import Pole
from ._space import Space
from ._tensor import TensorSpline, middle, spline_axis

#: Rings beyond a pole that the spline is made of: what is further is of no influence.
_BEYOND = 12
#: Rings that a cap has, if it reaches no further than this part of what there is.
_RINGS, _REACH = 6.0, 0.55
#: The widest seam, as a part of a cap's half side: its outermost pieces know less of what is around. And all, of that.
_OUTERMOST, _SEAMS = 0.8, np.linspace(0.4, 1.0, 12)
#: So far, as a part of that, an interpolant has nothing of the grid's chart.
_ALONE = 0.4
#: How often cells of a seam, a step wide at first, are halved; and what the gradient is taken to change by within one,
#: in units of what it does from the middle to a corner.
_SPLITS, _MORE = 7, 1.5
#: Nearer than this part of a seam's radius a point is at the pole.
_AT_POLE = 1e-7
#: So near, lengths and directions are taken for those at the pole; they are exact but for the square of this part. On
#: an axis through a pole directions are exact but for this angle.
_NEXT_TO_POLE, _NEXT_TO_AXIS = 1e-6, 1e-9


# ---- through the poles -------------------------------------------------------------------------------------


def continued(samples: Samples, poles: list[Pole], workers: int) -> tuple[np.ndarray, np.ndarray | None, list[Axis]]:
    """The field, which samples are absent, and the axes, with rings beyond poles."""
    field, absent, axes = samples.field.astype(float), samples.absent, list(samples.axes)
    for pole in reversed(poles):  # that of all directions first, as long as its rings are whole spheres
        n, x = len(samples.coords[pole.axis]), np.asarray(axes[pole.axis].positions(0), float)
        away = np.arange(1, min(_BEYOND, n - 1) + 1)
        near = -1 - away if pole.last else away
        rings = field.take(near, axis=pole.axis)
        for k in pole.mirrored:
            rings = _resampled(rings, axes[k], k, samples.coords[k][[0, -1]].sum() - samples.coords[k], workers)
        half = abs(axes[pole.circle].period or 0) / 2
        rings = _resampled(rings, axes[pole.circle], pole.circle, samples.coords[pole.circle] + half, workers)
        field = _joined(field, rings, pole.axis, pole.last)
        axes[pole.axis] = Axis(None, _joined(x, 2 * samples.end(pole) - x[near], 0, pole.last))
        if absent is not None:
            absent = _joined(absent, np.zeros(rings.shape, bool), pole.axis, pole.last)  # nothing is searched there
    return field, absent, axes


def _joined(some: np.ndarray, beyond: np.ndarray, axis: int, last: bool) -> np.ndarray:
    """What is beyond a pole, nearest first, is added to what is on this side of it."""
    return np.concatenate([some, beyond] if last else [np.flip(beyond, axis), some], axis=axis)


def _resampled(values: np.ndarray, placement: Axis, k: int, at: np.ndarray, workers: int) -> np.ndarray:
    """The spline along one axis, at other places."""
    n = values.shape[k]
    axis, level = spline_axis(placement, n, k), middle(values)
    forward = values if placement.positions(n)[0] < placement.positions(n)[-1] else np.flip(values, k)
    coefficients = np.ascontiguousarray(np.take(forward - level, np.arange(axis.size) % n, axis=k))
    axis.equations().solve(coefficients, k, workers, share)
    if axis.period is not None:
        at = axis.sites[0] + np.mod(at - axis.sites[0], axis.period)
    first, weights = axis.weights(at)
    weights = weights.reshape(*weights.shape, *[1] * (values.ndim - 1 - k))
    return level + sum(weights[:, j] * np.take(coefficients, first + j, axis=k) for j in range(4))


# ---- Cartesian coordinates ---------------------------------------------------------------------------------


class Disc:
    """Around the pole of one angle. Axes of other coordinates stay what they are."""

    def __init__(self, samples: Samples, pole: Pole) -> None:
        self.axes = pole.axis, pole.circle
        rings = samples.coords[pole.axis]
        self.end, self.inward = samples.end(pole), np.sign(rings[-2] - rings[-1] if pole.last else rings[1] - rings[0])
        self.first, self.name = samples.coords[pole.circle].min(), samples.coords[pole.circle][0]
        self.turn = abs(samples.axes[pole.circle].period or 0)
        self.unit = 2 * np.pi / self.turn

    def at(self, radius: float) -> float:
        """The coordinate at a distance from the pole."""
        return float(self.end + self.inward * radius)

    def to_grid(self, x: np.ndarray) -> np.ndarray:
        p, c = self.axes
        result = x.copy()
        result[:, p] = self.end + self.inward * np.hypot(x[:, p], x[:, c])
        result[:, c] = _turned(np.arctan2(x[:, c], x[:, p]) / self.unit, self.first, self.turn)
        return result

    def from_grid(self, points: np.ndarray) -> np.ndarray:
        p, c = self.axes
        r, angle = self._polar(points)
        result = points.copy()
        result[:, p], result[:, c] = r * np.cos(angle), r * np.sin(angle)
        return result

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        p, c = self.axes
        r, angle = self._polar(points)
        result = np.zeros((*points.shape, points.shape[1])) + np.eye(points.shape[1])
        cosine, sine = np.cos(angle), np.sin(angle)
        result[:, p, p], result[:, c, p] = self.inward * cosine, self.inward * sine
        result[:, p, c], result[:, c, c] = -self.unit * r * sine, self.unit * r * cosine
        return result

    def bends(self, points: np.ndarray) -> np.ndarray:
        """Second derivatives [a, i, j] of coordinate a along axes of the grid."""
        p, c = self.axes
        r, angle = self._polar(points)
        result = np.zeros((*points.shape, *[points.shape[1]] * 2))
        for a, value, slope in ((p, np.cos(angle), -np.sin(angle)), (c, np.sin(angle), np.cos(angle))):
            result[:, a, p, c] = result[:, a, c, p] = self.inward * self.unit * slope
            result[:, a, c, c] = -(self.unit**2) * r * value
        return result

    def named(self, points: np.ndarray, near: float) -> np.ndarray:
        """Points of the grid; those at the pole with the first of its names."""
        points = points.copy()
        p, c = self.axes
        at = np.abs(points[:, p] - self.end) <= near
        points[at, p], points[at, c] = self.end, self.name
        return points

    def beside(self, points: np.ndarray, least: float) -> np.ndarray:
        """Points of the grid, moved away from the pole to that distance at least."""
        points = points.copy()
        p = self.axes[0]
        points[:, p] = self.end + self.inward * np.maximum(self._polar(points)[0], least)
        return points

    def extent(self, centre: np.ndarray, reach: float) -> np.ndarray:
        """Ends of coordinates of the grid within a distance of a place, (2 axes, 2)."""
        r = np.linalg.norm(centre)
        ends = self.end + self.inward * np.array([max(0.0, r - reach), r + reach])
        around = np.array([self.first, self.first + self.turn])
        if reach < r:
            angle = np.arctan2(centre[1], centre[0]) / self.unit
            aside = np.arcsin(reach / r) / self.unit
            around = _turned(angle - aside, self.first, self.turn) + np.array([0, 2 * aside])
        return np.array([np.sort(ends), around])

    def _polar(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, c = self.axes
        return self.inward * (points[:, p] - self.end), points[:, c] * self.unit


class Ball:
    """Around the origin of spherical coordinates."""

    inward, unit = 1, 1.0

    def __init__(self, samples: Samples, pole: Pole) -> None:
        self.axes = pole.axis, *pole.angles
        self.first, self.name = samples.coords[2].min(), samples.coords[2][0]
        self.poles = sorted(samples.coords[1][[0, -1]])

    def at(self, radius: float) -> float:
        return radius

    def to_grid(self, x: np.ndarray) -> np.ndarray:
        aside = np.hypot(x[:, 0], x[:, 1])
        azimuth = _turned(np.arctan2(x[:, 1], x[:, 0]), self.first, 2 * np.pi)
        return np.stack([np.hypot(aside, x[:, 2]), np.arctan2(aside, x[:, 2]), azimuth], axis=1)

    def from_grid(self, points: np.ndarray) -> np.ndarray:
        rho, theta, phi = points.T
        aside = rho * np.sin(theta)
        return np.stack([aside * np.cos(phi), aside * np.sin(phi), rho * np.cos(theta)], axis=1)

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        rho, theta, phi = points.T
        (s, c), (sp, cp), zero = (np.sin(theta), np.cos(theta)), (np.sin(phi), np.cos(phi)), np.zeros(len(points))
        outward, down, around = [s * cp, s * sp, c], [rho * c * cp, rho * c * sp, -rho * s], [-sp * s, cp * s, zero]
        return np.array([outward, down, rho * np.array(around)]).T

    def named(self, points: np.ndarray, near: float) -> np.ndarray:
        points = points.copy()
        at_origin, on_axis = points[:, 0] <= near, points[:, 0] * np.sin(points[:, 1]) <= near
        points[on_axis, 2] = self.name
        points[on_axis, 1] = np.where(points[on_axis, 1] < 1, *self.poles)
        points[at_origin, 0], points[at_origin, 1] = 0, self.poles[0]
        return points

    def beside(self, points: np.ndarray, least: float) -> np.ndarray:
        rho, theta, phi = points.T
        return np.stack([np.maximum(rho, least), np.clip(theta, _NEXT_TO_AXIS, np.pi - _NEXT_TO_AXIS), phi], axis=1)

    def extent(self, centre: np.ndarray, reach: float) -> np.ndarray:
        rho, aside = np.linalg.norm(centre), np.hypot(centre[0], centre[1])
        down, around = np.array(self.poles), np.array([self.first, self.first + 2 * np.pi])
        if reach < rho:
            down = np.arctan2(aside, centre[2]) + np.arcsin(reach / rho) * np.array([-1, 1])
            down = np.clip(down, *self.poles)
        if reach < aside:
            angle, half = np.arctan2(centre[1], centre[0]), np.arcsin(reach / aside)
            around = _turned(angle - half, self.first, 2 * np.pi) + np.array([0, 2 * half])
        return np.array([[max(0.0, rho - reach), rho + reach], down, around])


Around = Disc | Ball


def _turned(angle: Any, first: float, turn: float) -> Any:
    """In the first turn of an angle."""
    beyond = np.mod(angle - first, turn)
    return first + np.where(beyond >= turn, 0, beyond)  # mod of a tiny negative number


# ---- caps --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Cap(Chart):
    """A chart around a pole; its Cartesian axes take the places of those of the pole and its angles."""

    around: Around
    pole: Pole
    radius: float  # of the seam
    overlap: float = 0.0  # how far beyond it points are looked for, if it is not known to whom they belong

    def to_grid(self, x: np.ndarray) -> np.ndarray:
        return self.around.named(self.around.to_grid(x), _AT_POLE * self.radius)

    def around_grid(self, x: np.ndarray) -> np.ndarray:
        return self.around.to_grid(x)

    def from_grid(self, points: np.ndarray) -> np.ndarray:
        return self.around.from_grid(points)

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        return self.around.jacobian(points)

    def bends(self, points: np.ndarray, space: Space) -> np.ndarray | None:
        if isinstance(self.around, Ball):  # space itself
            return None
        return self.around.bends(points) - np.einsum("nak,nkij->naij", self.jacobian(points), space.bends(points))

    def off_poles(self, points: np.ndarray) -> np.ndarray:
        return self.around.beside(points, _NEXT_TO_POLE * self.radius)

    def distance(self, x: np.ndarray) -> np.ndarray:
        """From the pole."""
        return np.linalg.norm(x[:, self.around.axes], axis=1)

    def share(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """From 1 around the pole to 0 on the seam, with two continuous derivatives, which are the others."""
        at, distance = x[:, self.around.axes], self.distance(x)
        width = (1 - _ALONE) * self.radius
        t = np.clip((self.radius - distance) / width, 0, 1)
        direction = np.zeros(x.shape)
        direction[:, self.around.axes] = at / np.where(distance > 0, distance, 1)[:, None]
        across = np.zeros((*x.shape, x.shape[1]))
        across[:, self.around.axes, self.around.axes] = 1
        along = direction[:, :, None] * direction[:, None]
        slope = -30 * (t * (1 - t)) ** 2 / width
        second = 60 * t * (1 - t) * (1 - 2 * t) / width**2
        bend = slope / np.where(distance > 0, distance, 1)
        hessian = second[:, None, None] * along + bend[:, None, None] * (across - along)
        return t**3 * (10 - 15 * t + 6 * t * t), slope[:, None] * direction, hessian

    def owns(self, x: np.ndarray) -> np.ndarray:
        return self.distance(x) <= self.radius + self.overlap

    def part(self, part: Part) -> Part | None:
        at = list(self.around.axes)
        centre, reach = (part.low + part.high)[at] / 2, float(np.linalg.norm((part.high - part.low)[at])) / 2
        if np.linalg.norm(centre) - reach > self.radius:
            return None
        low, high = part.low.copy(), part.high.copy()
        low[at], high[at] = self.around.extent(centre, reach).T
        return Part(low, high, part.turns)


def with_caps(
    main: Chart, samples: Samples, poles: list[Pole], space: Space, workers: int
) -> tuple[list[Chart], list[Part]]:
    """The charts of a domain with poles inside, and the seams where they do not agree."""
    widest = [cap_around(pole, main, samples, workers) for pole in poles]
    start = {cap.pole.axis: cap.around.at(cap.radius * _SEAMS[0]) for cap in widest if cap.pole.mirrored}
    caps: list[Cap] = []
    parts, domain = [], main
    for cap in widest:  # that of all directions is the last: the others are cut where it begins
        along = [
            _between(samples.coords[k], start.get(k), domain.ends[k], axis.period)
            for k, axis in enumerate(main.spline.axes)
            if k != cap.pole.axis
        ]
        fewest: Any = np.inf
        for radius in cap.radius * _SEAMS:
            way = replace(cap, radius=radius)
            doubtful = _doubtful(way, [main, *caps], along, space, workers)
            if doubtful.sum() < fewest:
                chosen, cells, fewest = way, doubtful, doubtful.sum()
            if not fewest:
                break
        else:
            chosen = replace(chosen, overlap=chosen.radius / _RINGS)
            parts += _seams(chosen, cells, along)
        caps.append(chosen)
        main = _outside(main, chosen)
    return [main, *(_inside(cap, main) for cap in caps)], united(parts, samples)


def cap_around(pole: Pole, main: Chart, samples: Samples, workers: int) -> Cap:
    """The largest one, inside of the chart of a grid. Its seam may be at any part of its radius."""
    around = Ball(samples, pole) if pole.mirrored else Disc(samples, pole)
    rings = np.sort(np.abs(samples.coords[pole.axis] - samples.end(pole)))
    reach = min(float(np.interp(_RINGS, np.arange(len(rings)), rings)), _REACH * rings[-1])
    count = 2 * int(np.ceil(np.interp(reach, rings, np.arange(len(rings)))))
    line = np.linspace(-reach, reach, 2 * count + 1)
    axes = [Axis(None, axis.sites, axis.period is not None, axis.period) for axis in main.spline.axes]
    for k in around.axes:
        axes[k] = Axis(None, line)
    shape = tuple(len(axis.positions(0)) for axis in axes)
    x = np.stack(np.meshgrid(*(axis.positions(0) for axis in axes), indexing="ij"), axis=-1).reshape(-1, len(axes))
    values = main.spline(around.to_grid(x), workers=workers).reshape(shape)
    spline = TensorSpline(values, axes, workers)
    skip = None
    if samples.absent is not None:
        absent = np.stack([c[i] for c, i in zip(samples.coords, np.nonzero(samples.absent), strict=True)], axis=1)
        skip = touched(spline, _near(around.from_grid(absent), around, main, x).reshape(shape))
    low, high = main.ends[pole.axis]
    radius = _OUTERMOST * min(reach, high - low)
    return Cap(spline, main.ends, main.sides, skip, main.spread, around, pole, radius)


def _near(absent: np.ndarray, around: Around, main: Chart, x: np.ndarray) -> np.ndarray:
    """Samples of a cap so near to absent ones of the field that pieces between them may be next to those."""
    from scipy.spatial import cKDTree

    at = list(around.axes)
    line = np.unique(x[:, at[0]])
    steps = [np.diff(axis.sites).max() for axis in main.spline.axes]
    most = steps[at[0]] + line[-1] * around.unit * sum(steps[k] for k in at[1:])
    most += (line[1] - line[0]) * np.sqrt(len(at)) / 2
    # Along other axes, samples are near to themselves alone.
    apart = [1.0 if k in at else 2 * most / np.diff(axis.sites).min() for k, axis in enumerate(main.spline.axes)]
    distance, _ = cKDTree(absent * apart).query(x * apart, distance_upper_bound=most)
    return np.isfinite(distance)


def _between(x: np.ndarray, start: float | None, pair: Any, period: float | None) -> np.ndarray:
    """What divides a domain, from a start or from its end, into parts of steps."""
    sites = np.sort(x) if period is None else np.append(np.sort(x), x.min() + period)
    if pair is None:
        return sites
    low, high = pair[0] if start is None else start, pair[1]
    return np.concatenate([[low], sites[(sites > low) & (sites < high)], [high]])


def _doubtful(cap: Cap, outer: list[Chart], along: list[np.ndarray], space: Space, workers: int) -> np.ndarray:
    """Cells of a seam where the gradient may be zero while it is turned into that of the cap.

    In a cell without doubt the gradient in the middle is longer than twice the difference, and than what it changes by
    on the way to a corner. Others are split, unless it is shorter than the difference alone.
    """
    cell = np.indices([len(edges) - 1 for edges in along]).reshape(len(along), -1).T
    result = np.zeros([len(edges) - 1 for edges in along], bool)
    low = np.stack([edges[i] for edges, i in zip(along, cell.T, strict=True)], axis=1)
    high = np.stack([edges[i + 1] for edges, i in zip(along, cell.T, strict=True)], axis=1)
    corners = np.array(list(product((0.0, 1.0), repeat=len(along))))
    at = np.concatenate([np.full((1, len(along)), 0.5), corners])[:, None]
    for _ in range(_SPLITS + 1):
        slopes, difference, known = _compared(cap, outer, low + at * (high - low), space, workers)
        length, apart = np.linalg.norm(slopes[0], axis=-1), 2 * np.linalg.norm(difference[0], axis=-1)
        change = _MORE * np.linalg.norm(slopes[1:] - slopes[0], axis=-1).max(axis=0)
        rest = known.all(axis=0) & ~(length > apart + change)
        hopeless = rest & ~(length > apart)
        result[tuple(cell[hopeless].T)] = True
        rest &= ~hopeless
        if not rest.any():
            return result
        cell, low, width = (np.repeat(one[rest], len(corners), axis=0) for one in (cell, low, (high - low) / 2))
        low = low + np.tile(corners, (int(rest.sum()), 1)) * width
        high = low + width
    result[tuple(cell.T)] = True
    return result


def _compared(
    cap: Cap, outer: list[Chart], at: np.ndarray, space: Space, workers: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """On a seam, at places along the other axes (..., m): the gradient without, in physical components, that of the cap
    minus it, and whether both are searched there."""
    points = np.insert(at.reshape(-1, at.shape[-1]), cap.pole.axis, cap.around.at(cap.radius), axis=1)
    points = cap.off_poles(points)
    main, *others = outer
    slopes, known = main.slopes(points, workers), main.searched(points) & cap.searched(cap.from_grid(points))
    for other in others:
        x = other.from_grid(points)
        owned = other.owns(x)
        slopes[owned] = other.slopes(points[owned], workers)
        known &= other.searched(x) | ~owned
    difference = cap.slopes(points, workers) - slopes
    vectors = space.frames(points)
    physical = (np.einsum("nij,ni->nj", vectors, g).reshape(*at.shape[:-1], -1) for g in (slopes, difference))
    return *physical, known.reshape(at.shape[:-1])


def _outside(main: Chart, cap: Cap) -> Chart:
    """The grid's chart without the part of a cap."""
    k, end = cap.pole.axis, cap.around.at(cap.radius - cap.overlap)
    low, high = main.ends[k]
    pole_is_low = cap.around.inward > 0
    pair = (end, high) if pole_is_low else (low, end)
    sides = tuple(one for one in main.sides[k] if one != (0 if pole_is_low else 1))
    return replace(
        main,
        ends=(*main.ends[:k], pair, *main.ends[k + 1 :]),
        sides=(*main.sides[:k], sides, *main.sides[k + 1 :]),
    )


def _inside(cap: Cap, main: Chart) -> Cap:
    """A cap, without what is on the other side of seams of the grid's chart."""
    reach = cap.radius + cap.overlap
    own = [k in cap.around.axes for k in range(len(main.ends))]
    return replace(
        cap,
        ends=tuple((-reach, reach) if mine else pair for mine, pair in zip(own, main.ends, strict=True)),
        sides=tuple(() if mine else sides for mine, sides in zip(own, main.sides, strict=True)),
    )


def _seams(cap: Cap, cells: np.ndarray, along: list[np.ndarray]) -> list[Part]:
    """What is around connected cells of a seam."""
    from scipy.ndimage import find_objects, label

    k = cap.pole.axis
    across = sorted(cap.around.at(cap.radius + way * cap.overlap) for way in (-1, 1))
    parts = []
    for part in find_objects(label(cells, np.ones((3,) * cells.ndim))[0]):
        ends = [(edges[one.start], edges[one.stop]) for edges, one in zip(along, part, strict=True)]
        ends.insert(k, (across[0], across[1]))
        parts.append(Part(*np.transpose(ends)))
    return parts


# ---- what two charts have ----------------------------------------------------------------------------------


def each_once(tables: list[Any]) -> list[Any]:
    """Points of the grid's chart and of caps, those that two have at a seam once. Where it is not known whose they are,
    one of each pair that is close is kept, and of others those on their own side."""
    done: list[Any] = []
    for table in tables:
        cap = table.chart
        if done and cap.overlap:
            keep = cap.distance(table.x) <= cap.radius
            for i, other in enumerate(done):
                place = cap.from_grid(other.points)
                kept = cap.distance(place) > cap.radius
                for row, partner in _pairs(table.x, place, table.index, other.index, cap.overlap):
                    keep[row], kept[partner] = False, True
                done[i] = other.some(kept)
            table = table.some(keep)
        done.append(table)
    return done


def _pairs(
    some: np.ndarray, others: np.ndarray, index: np.ndarray, other_index: np.ndarray, most: float
) -> Iterator[tuple[int, int]]:
    """Points of one kind that are close, each once, the closest first."""
    from scipy.spatial import cKDTree

    near = cKDTree(some).sparse_distance_matrix(cKDTree(others), most, output_type="ndarray")
    seen: tuple[set[int], set[int]] = set(), set()
    for i, j in near[np.lexsort((near["j"], near["i"], near["v"]))][["i", "j"]]:
        if index[i] == other_index[j] and i not in seen[0] and j not in seen[1]:
            seen[0].add(i)
            seen[1].add(j)
            yield i, j


def united(parts: list[Part], samples: Samples) -> list[Part]:
    """Parts that meet, as one; how often the gradient turns around that is not known."""
    result: list[Part] = []
    for part in parts:
        meeting = [other for other in result if _meet(part, other, samples)]
        result = [other for other in result if all(other is not one for one in meeting)]
        if meeting:
            every = [part, *meeting]
            part = Part(np.min([p.low for p in every], axis=0), np.max([p.high for p in every], axis=0))
        result.append(part)
    return result


def _meet(one: Part, other: Part, samples: Samples) -> bool:
    for k, (low, high) in enumerate(samples.extent):
        turn = high - low if samples.axes[k].periodic else 0.0
        shifts = (-turn, 0.0, turn) if turn else (0.0,)
        if not any(one.low[k] <= other.high[k] + s and other.low[k] + s <= one.high[k] for s in shifts):
            return False
    return True
