"""Lengths and directions between the samples of a grid: what makes physical derivatives of those along its axes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from ._arrays import solutions
from ._domain import Samples
from ._geometry import Orthogonal
from ._metric import Mapped, triangle
from ._tensor import TensorSpline

#: Newton's steps from the nearest sample, none longer than one of indices, and the last one no longer than this.
_STEPS, _ARRIVED = 30, 1e-9


class Space(ABC):
    """A geometry, at any points (n, d) in coordinates of a grid."""

    @abstractmethod
    def frames(self, points: np.ndarray) -> np.ndarray:
        """Orthonormal vectors [i, j]: component i, along the coordinates, of vector j.

        Each vector is in the span of the directions of its axis and of those before it; where these are perpendicular,
        it has its own axis' direction. On a map they are those of the Cartesian axes of its positions.
        """

    @abstractmethod
    def metric(self, points: np.ndarray) -> np.ndarray:
        """Scalar products [i, j] of steps along the axes."""

    @abstractmethod
    def bends(self, points: np.ndarray) -> np.ndarray:
        """Christoffel symbols [k, i, j] of the second kind."""

    def raising(self, points: np.ndarray) -> np.ndarray:
        """What takes derivatives along axes to components along unit vectors [k, i]; NaN where there is none."""
        g = self.metric(points)
        return _lengths(g)[:, :, None] * np.linalg.inv(g)

    def between_units(self, points: np.ndarray) -> np.ndarray:
        """Scalar products [i, j] of the unit vectors."""
        g = self.metric(points)
        return g / (_lengths(g)[:, :, None] * _lengths(g)[:, None])

    def places(self, points: np.ndarray) -> np.ndarray:
        """What users call these points."""
        return points

    def coordinates(self, places: np.ndarray) -> np.ndarray:
        """Of what users call points; NaN where there are none."""
        return places


def space_of(samples: Samples, workers: int) -> Space | None:
    """That of the samples; None if axes are straight."""
    geometry = samples.geometry

    def splines(arrays: Any) -> list[TensorSpline]:
        return [TensorSpline(values, samples.axes, workers) for values in arrays]

    if geometry is None:
        return None
    if isinstance(geometry, Orthogonal):
        return AlongAxes(geometry)
    if isinstance(geometry, Mapped):
        return OnPositions(geometry.positions, splines(geometry.positions), [axis.periodic for axis in samples.axes])
    rows = [splines(row) for row in triangle(geometry.metric())]
    return ByMetric({(i, k): spline for i, row in enumerate(rows) for k, spline in enumerate(row)})


class AlongAxes(Space):
    """Coordinates whose lines meet at right angles."""

    def __init__(self, geometry: Orthogonal) -> None:
        self._factors = geometry.factors

    def _scales(self, points: np.ndarray) -> np.ndarray:
        """Lengths per unit of the coordinates."""
        ones = np.ones(len(points))
        return np.stack([prod((f(points[:, k])[0] for k, f in of.items()), start=ones) for of in self._factors], axis=1)

    def frames(self, points: np.ndarray) -> np.ndarray:
        return _inverse(self._scales(points))[:, None] * np.eye(len(self._factors))

    def metric(self, points: np.ndarray) -> np.ndarray:
        return self._scales(points)[:, None] ** 2 * np.eye(len(self._factors))

    def raising(self, points: np.ndarray) -> np.ndarray:
        return self.frames(points)

    def between_units(self, points: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.eye(len(self._factors)), (len(points), *[len(self._factors)] * 2))

    def bends(self, points: np.ndarray) -> np.ndarray:
        scales, d = self._scales(points), len(self._factors)
        inverse = _inverse(scales)
        result = np.zeros((len(points), d, d, d))
        for i, of in enumerate(self._factors):
            for k, factor in of.items():
                slope = factor(points[:, k])[1]
                result[:, i, i, k] = result[:, i, k, i] = slope
                if k != i:
                    result[:, k, i, i] = -((scales[:, i] * inverse[:, k]) ** 2) * slope
        return result


def _inverse(scales: np.ndarray) -> np.ndarray:
    return np.divide(1, scales, out=np.full_like(scales, np.nan), where=scales != 0)


class OnPositions(Space):
    """A map from indices to positions, by which users call points."""

    def __init__(self, samples: list[np.ndarray], splines: list[TensorSpline], periodic: list[bool]) -> None:
        self._samples, self._splines, self._periodic = samples, splines, periodic

    def _jacobian(self, points: np.ndarray) -> np.ndarray:
        return np.stack([spline.gradient(points, True) for spline in self._splines], axis=1)

    def frames(self, points: np.ndarray) -> np.ndarray:
        return np.linalg.inv(self._jacobian(points))

    def metric(self, points: np.ndarray) -> np.ndarray:
        jacobian = self._jacobian(points)
        return jacobian.swapaxes(1, 2) @ jacobian

    def bends(self, points: np.ndarray) -> np.ndarray:
        second = np.stack([spline.hessian(points, True) for spline in self._splines], axis=1)
        return np.einsum("nka,naij->nkij", self.frames(points), second)

    def places(self, points: np.ndarray) -> np.ndarray:
        return np.stack([spline(points, True) for spline in self._splines], axis=1)

    @cached_property
    def _nearest(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(np.stack([x.ravel() for x in self._samples], axis=1))

    def coordinates(self, places: np.ndarray) -> np.ndarray:
        known = np.isfinite(places).all(axis=1)
        result = np.full(places.shape, np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            result[known] = self._found(places[known])
        return result

    def _found(self, places: np.ndarray) -> np.ndarray:
        shape = self._samples[0].shape
        within = np.clip(places, self._nearest.mins, self._nearest.maxes)
        x = np.stack(np.unravel_index(self._nearest.query(within)[1], shape), axis=1).astype(float)
        step = np.full(x.shape, np.inf)
        for _ in range(_STEPS):
            step = solutions(self._jacobian(x), places - self.places(x))
            step /= np.maximum(np.abs(step).max(axis=1, keepdims=True), 1)
            x += step
            if not (np.abs(step) > _ARRIVED).any():
                break
        x[~(np.abs(step) <= _ARRIVED).all(axis=1)] = np.nan
        for k, (n, periodic) in enumerate(zip(shape, self._periodic, strict=True)):
            if not periodic:  # rounding does not lead out
                for end in (0, n - 1):
                    x[np.abs(x[:, k] - end) <= _ARRIVED, k] = end
        return x


class ByMetric(Space):
    """A metric, as a product of triangles: between samples it is positive, too."""

    def __init__(self, splines: dict[tuple[int, int], TensorSpline]) -> None:
        self._splines, self._d = splines, max(splines)[0] + 1

    def _triangle(self, points: np.ndarray) -> np.ndarray:
        result = np.zeros((len(points), self._d, self._d))
        for (i, k), spline in self._splines.items():
            result[:, i, k] = spline(points, True)
        return result

    def frames(self, points: np.ndarray) -> np.ndarray:
        return np.linalg.inv(self._triangle(points)).swapaxes(1, 2)

    def metric(self, points: np.ndarray) -> np.ndarray:
        triangle = self._triangle(points)
        return triangle @ triangle.swapaxes(1, 2)

    def bends(self, points: np.ndarray) -> np.ndarray:
        slopes = np.zeros((len(points), self._d, self._d, self._d))  # [i, k, m]: derivative along m
        for (i, k), spline in self._splines.items():
            slopes[:, i, k] = spline.gradient(points, True)
        half = np.einsum("nikm,njk->nijm", slopes, self._triangle(points))
        slopes = half + half.swapaxes(1, 2)
        first = 0.5 * (slopes + slopes.swapaxes(2, 3) - np.moveaxis(slopes, 3, 1))  # [l, i, j]
        return np.einsum("nkl,nlij->nkij", np.linalg.inv(self.metric(points)), first)


def _lengths(g: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("nkk->nk", g))
