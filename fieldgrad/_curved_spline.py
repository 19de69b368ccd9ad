"""The spline of a field on a curved grid: that of its coordinates, and around poles those of their caps.

Between the two it goes over smoothly: on the way from the inner to the outer circle of a cap, its share falls from 1 to
0 with two continuous derivatives. Derivatives are covariant, and physical: along unit vectors of the coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._charts import Chart, of_grid
from ._domain import samples_of
from ._space import Space, space_of
from ._tensor import middle

#: Values (n,), gradients (n, d) and Hessians (n, d, d) at points, or the first of these.
Jets = list[np.ndarray]


class CurvedSpline:
    """What `TensorSpline` is along straight axes."""

    def __init__(self, field: np.ndarray, spacing: Any, workers: int) -> None:
        middle(field)  # says whether samples are finite
        samples = samples_of(field, spacing)
        self._main = of_grid(samples, workers)
        self._space: Any = space_of(samples, workers)
        inner = samples.inner_poles(samples.whole)
        ends = [(pole.axis, samples.end(pole)) for pole in samples.poles]
        self._poles = [(axis, end, end == samples.extent[axis][0]) for axis, end in ends]
        self._caps = []
        if inner:
            from ._caps import cap_around

            self._caps = [cap_around(pole, self._main, samples, workers) for pole in inner]

    def located(self, points: np.ndarray) -> np.ndarray:
        """Points that a user gives, in coordinates of the grid."""
        return np.asarray(self._space.coordinates(np.where(np.isfinite(points), points, np.nan)))

    def named(self, points: np.ndarray) -> np.ndarray:
        """Points in coordinates of the grid, as a user calls them."""
        points = points.copy()
        for cap in self._caps:
            near = cap.distance(cap.from_grid(points)) < cap.radius
            points[near] = cap.to_grid(cap.from_grid(points[near]))
        return np.asarray(self._space.places(points))

    def jets(self, points: np.ndarray, order: int, extrapolate: bool, workers: int) -> Jets:
        """At points in coordinates of the grid. Caps come in order: that of all directions lies on the others."""
        jets = self._of_chart(self._main, points, order, extrapolate, workers)
        for cap in self._caps:
            near = np.flatnonzero(cap.distance(cap.from_grid(points)) < cap.radius)
            inside = self._of_chart(cap, points[near], order, extrapolate, workers)
            share = _physical(cap, self._space, points[near], cap.share(cap.from_grid(points[near])), order)
            for whole, part in zip(jets, _mixed([whole[near] for whole in jets], inside, share), strict=True):
                whole[near] = part
        beyond = self._beyond_poles(points)
        for whole in jets:
            whole[beyond] = np.nan
        return jets

    def _of_chart(self, chart: Chart, points: np.ndarray, order: int, extrapolate: bool, workers: int) -> Jets:
        jets = chart.spline.jets(chart.from_grid(points), order, extrapolate, workers)
        return _physical(chart, self._space, points, jets, order)

    def _beyond_poles(self, points: np.ndarray) -> np.ndarray:
        beyond = np.zeros(len(points), bool)
        for axis, end, is_lower in self._poles:
            beyond |= points[:, axis] < end if is_lower else points[:, axis] > end
        return beyond

    def moved(self, points: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        result, size = points.copy(), np.empty(len(points))
        home = np.zeros(len(points), int)
        for k, cap in enumerate(self._caps, start=1):
            home[cap.distance(cap.from_grid(points)) < cap.radius] = k
        for k, chart in enumerate([self._main, *self._caps]):
            mine = home == k
            at = chart.off_poles(points[mine])
            jacobian = chart.jacobian(at)
            along = np.einsum("nki,nk->ni", self._space.raising(at), steps[mine])
            along = along if jacobian is None else np.einsum("nai,ni->na", jacobian, along)
            result[mine] = chart.around_grid(chart.from_grid(points[mine]) + along)
            size[mine] = chart.spline.part_of_axes(along)
        return result, size

    def slopes(self, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        if not np.isfinite(gradient).all():
            raise ValueError(f"point must not be a pole on the rim of the field, got {point}")
        return self._space.between_units(self._space.coordinates(point[None]))[0] @ gradient

    def largest_curvature(self, point: np.ndarray, radius: float) -> float:
        raise ValueError("error_bound is for straight axes: no bound is known for curved ones")


def _physical(chart: Chart, space: Space, points: np.ndarray, jets: Any, order: int) -> Jets:
    """From derivatives along the axes of a chart to covariant ones along unit vectors of the grid."""
    result = [jets[0]]
    if order:
        at = chart.off_poles(points)
        raising, jacobian = space.raising(at), chart.jacobian(at)
        along = raising if jacobian is None else np.einsum("nki,nai->nka", raising, jacobian)
        result.append(np.einsum("nka,na->nk", along, jets[1]))
    if order > 1:
        second, bends = along @ jets[2] @ along.swapaxes(1, 2), chart.bends(at, space)
        if bends is not None:
            second += raising @ np.einsum("naij,na->nij", bends, jets[1]) @ raising.swapaxes(1, 2)
        result.append(second)
    return result


def _mixed(outer: Jets, inner: Jets, share: Jets) -> Jets:
    """The sum of both, `inner` by its share, which is a function of the place."""
    result, apart = [], [one - other for one, other in zip(inner, outer, strict=True)]
    all_inner = share[0] == 1  # others may not be numbers there
    for order, (some, other) in enumerate(zip(outer, inner, strict=True)):
        mixed = some + share[0].reshape(-1, *[1] * order) * apart[order]
        if order == 1:
            mixed += share[1] * apart[0][:, None]
        if order == 2:
            turned = share[1][:, :, None] * apart[1][:, None]
            mixed += turned + turned.swapaxes(1, 2) + share[2] * apart[0][:, None, None]
        mixed[all_inner] = other[all_inner]
        result.append(mixed)
    return result
