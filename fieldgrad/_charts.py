"""Charts: coordinates in which a field is smooth, each with the spline of the field in them.

Those of the grid are one. Where a grid has poles, its coordinates are singular there, and around each pole there is a
chart of its own. Together they cover the domain, each point of it once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ._domain import Ends, Part, Samples
from ._geometry import Pole
from ._space import Space, space_of
from ._tensor import TensorSpline, as_samples

_MOST_AXES = 3
#: For each axis, which ends are sides of the domain: 0 is the lower one, 1 the upper one.
Sides = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Chart:
    """A spline, and where it is searched for critical points: here, one in the coordinates of the grid."""

    spline: TensorSpline
    ends: Ends
    sides: Sides
    skip: np.ndarray | None  # pieces that are not searched
    spread: float  # of the whole field: what is flat is so beside this

    def to_grid(self, x: np.ndarray) -> np.ndarray:
        """Coordinates of the grid."""
        return x

    def around_grid(self, x: np.ndarray) -> np.ndarray:
        """The same, also for points next to a pole, which then have no other name."""
        return x

    def from_grid(self, points: np.ndarray) -> np.ndarray:
        return points

    def jacobian(self, points: np.ndarray) -> np.ndarray | None:
        """Derivatives [a, i] of coordinate a of the chart along axis i of the grid; None is the identity."""
        return None

    def bends(self, points: np.ndarray, space: Space) -> np.ndarray | None:
        """Second covariant derivatives [a, i, j] of coordinate a of the chart along axes of the grid; None where its
        coordinates are straight."""
        return -space.bends(points)

    def off_poles(self, points: np.ndarray) -> np.ndarray:
        """Points of the grid, those at a pole moved to where its coordinates are regular."""
        return points

    def owns(self, x: np.ndarray) -> np.ndarray:
        """Which points of the chart, of those between its ends, are its and no other's."""
        return np.ones(len(x), bool)

    def part(self, part: Part) -> Part | None:
        """A part in coordinates of the grid; None if it belongs to other charts."""
        return part

    def within(self, ends: Ends) -> Chart:
        """The same for a part of the domain, all of whose ends are sides."""
        return replace(self, ends=ends, sides=tuple(() if pair is None else (0, 1) for pair in ends))

    def searched(self, x: np.ndarray) -> np.ndarray:
        """Whether points are in pieces that are searched."""
        if self.skip is None:
            return np.ones(len(x), bool)
        return ~self.skip[tuple(axis.piece_of(x[:, k]) for k, axis in enumerate(self.spline.axes))]

    def slopes(self, points: np.ndarray, workers: int) -> np.ndarray:
        """The gradient at points of the grid, along its axes."""
        gradient = self.spline.gradient(self.from_grid(points), workers=workers)
        jacobian = self.jacobian(points)
        return gradient if jacobian is None else np.einsum("na,nai->ni", gradient, jacobian)


class Atlas(NamedTuple):
    """All charts of a domain, and what is said of it as a whole."""

    charts: list[Chart]
    ends: Ends
    poles: list[Pole]  # with the domain all around them
    seams: list[Part]  # where charts meet that do not agree
    cut: list[Part]  # next to poles that the domain has not all around them
    space: Space | None  # None if axes are straight


def atlas_of(samples: Samples, box: Any, workers: int) -> Atlas:
    """The charts of a field.

    Raises
    ------
    TypeError, ValueError
        As `Interpolant` and `as_ends`.
    """
    field, absent = as_samples(samples.field), samples.absent
    if absent is not None:
        samples = samples._replace(field=_filled(field, absent))
    main = of_grid(samples, workers)
    if main.spline.ndim > _MOST_AXES:
        raise ValueError(f"f must have one to {_MOST_AXES} axes, got {main.spline.ndim}")
    ends = samples.domain(box)
    inner = samples.inner_poles(ends)
    ends, cut = _cut_off(samples, ends, inner)
    main = main.within(ends)
    space = space_of(samples, workers)
    charts: list[Chart] = [main]
    seams: list[Part] = []
    if inner and space is not None:
        from ._caps import with_caps

        charts, seams = with_caps(main, samples, inner, space, workers)
    return Atlas(charts, ends, inner, seams, cut, space)


def of_grid(samples: Samples, workers: int) -> Chart:
    """The chart of the grid's own coordinates, with all of the field; through poles inside it goes on."""
    complete = samples.inner_poles(samples.whole)
    if complete:
        from ._caps import continued

        extended, marks, axes = continued(samples, complete, workers)
    else:
        extended, marks, axes = samples.field, samples.absent, samples.axes
    spline = TensorSpline(extended, axes, workers)
    skip = None if marks is None else touched(spline, marks)
    return Chart(spline, (), (), skip, float(np.ptp(spline.coefficients))).within(samples.whole)


def _filled(field: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Absent samples become equal to the nearest one that is present."""
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(absent, return_distances=False, return_indices=True)
    return field[tuple(nearest)]


def _cut_off(samples: Samples, ends: Ends, inner: list[Pole]) -> tuple[Ends, list[Part]]:
    """Without what is next to poles on the rim of a domain, where coordinates are singular: up to the next sample."""
    result, parts = list(ends), []
    for pole in samples.poles:
        end, pair = samples.end(pole), result[pole.axis]
        if pole not in inner and end in pair:
            step = abs(float(samples.coords[pole.axis][-2 if pole.last else 1]) - end)
            step = min(step, (pair[1] - pair[0]) / 2)
            near, rest = ((end, end + step), (end + step, pair[1]))
            if end == pair[1]:
                near, rest = ((end - step, end), (pair[0], end - step))
            result[pole.axis] = near
            parts.append(Part(*np.transpose([p or e for p, e in zip(result, samples.extent, strict=True)])))
            result[pole.axis] = rest
    return tuple(result), parts


def touched(spline: TensorSpline, absent: np.ndarray) -> np.ndarray:
    """Pieces with an absent sample on them."""
    for k, axis in enumerate(spline.axes):
        if spline.descending[k]:
            absent = np.flip(absent, k)
        first, last = (np.searchsorted(axis.sites, ends) for ends in (axis.breaks[:-1], axis.breaks[1:]))
        some: Any = False
        for j in range(int((last - first).max()) + 1):
            some = some | absent.take(np.minimum(first + j, last) % len(axis.sites), axis=k)
        absent = some
    return absent
