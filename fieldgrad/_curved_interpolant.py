"""The spline of a field on a curved grid: that of its coordinates, and around poles those of their caps.

Between the two it goes over smoothly: on the way from the inner to the outer circle of a cap, its part falls from 1 to 0
with two continuous derivatives. Derivatives are covariant, and physical: along unit vectors of the coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._charts import Chart, of_grid
from ._config import as_workers
from ._domain import samples_of
from ._space import Space, space_of
from .interpolant import Interpolant, as_samples, middle
from .stencils import ONE_SIDED

#: Values (n,), gradients (n, d) and Hessians (n, d, d) at points, or the first of these.
Jets = list[np.ndarray]


class CurvedInterpolant(Interpolant):
    """An `Interpolant` whose grid is curved."""

    def __init__(self, f: Any, *spacing: Any, boundary: Any = ONE_SIDED, workers: int | None = None) -> None:
        samples, workers = as_samples(f), as_workers(workers)
        middle(samples)  # says whether they are finite
        if boundary != ONE_SIDED:
            raise ValueError(f"boundary must be {ONE_SIDED!r} on a curved grid, which knows what closes; got {boundary!r}")
        self.shape, self.ndim, self.grid = samples.shape, samples.ndim, spacing[0]
        lattice = samples_of(samples, spacing)
        self._main = of_grid(lattice, workers)
        self._space: Any = space_of(lattice, workers)
        self._poles = [(pole.axis, lattice.end(pole), pole.last) for pole in lattice.poles]
        inner = lattice.inner_poles(lattice.whole)
        self._caps = []
        if inner:
            from ._caps import cap_around

            self._caps = [cap_around(pole, self._main, lattice, workers) for pole in inner]

    def _located(self, points: Any) -> np.ndarray:
        return np.asarray(self._space.coordinates(super()._located(points)))

    def _named(self, points: np.ndarray) -> np.ndarray:
        points = points.copy()
        for cap in self._caps:
            near = cap.distance(cap.from_grid(points)) < cap.radius
            points[near] = cap.to_grid(cap.from_grid(points[near]))
        return np.asarray(self._space.places(points))

    def _jets(self, points: np.ndarray, order: int, extrapolate: bool, workers: int) -> Jets:
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
        jets = chart.spline._evaluate(chart.from_grid(points), order, extrapolate, workers)
        return _physical(chart, self._space, points, jets, order)

    def _beyond_poles(self, points: np.ndarray) -> np.ndarray:
        beyond = np.zeros(len(points), bool)
        for axis, end, last in self._poles:
            ascending = (self.grid.coords[axis][-1] > self.grid.coords[axis][0]) == last
            beyond |= points[:, axis] > end if ascending else points[:, axis] < end
        return beyond

    def _moved(self, points: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
            size[mine] = chart.spline._part_of_axes(along)
        return result, size

    def _slopes(self, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        if not np.isfinite(gradient).all():
            raise ValueError(f"point must not be a pole on the rim of the field, got {point}")
        return self._space.between_units(self._space.coordinates(point[None]))[0] @ gradient

    def _largest_curvature(self, point: np.ndarray, radius: float) -> float:
        raise ValueError("error_bound is known on straight grids only, got one for " + repr(self.grid))


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
