"""Lengths and directions between the samples of a grid: what makes physical ones of derivatives along its axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ._domain import Samples
from ._geometry import Orthogonal, Product
from ._metric import Mapped, triangle
from .interpolant import Interpolant, straight

Function = Callable[[np.ndarray], np.ndarray]


def frames_of(samples: Samples, workers: int) -> tuple[Function | None, Function | None]:
    """Orthonormal vectors [i, j] at points: component i, along the coordinates, of vector j; None if axes are straight.
    And where points are, if the grid is a map; otherwise None.

    Each vector is in the span of the directions of its axis and of those before it; where these are perpendicular, it
    has its own axis' direction. On a map they are those of the Cartesian axes of its positions.
    """
    geometry, d = samples.geometry, samples.field.ndim
    if geometry is None:
        return None, None
    if isinstance(geometry, Orthogonal):
        return partial(_along_axes, _scales(geometry, samples)), None
    if isinstance(geometry, Mapped):
        splines = _splines(geometry.positions, samples, workers)
        return partial(_along_positions, splines), partial(_positions, splines)
    lower = [(i, k) for i in range(d) for k in range(i + 1)]
    factor = triangle(geometry.metric())
    return partial(_by_metric, d, lower, _splines([factor[pair] for pair in lower], samples, workers)), None


def _splines(arrays: Any, samples: Samples, workers: int) -> list[Interpolant]:
    """Functions of the coordinates, from their values at the samples."""
    lattice = straight(samples.axes, samples.field.shape)
    return [Interpolant(values, lattice, workers=workers) for values in arrays]


def _scales(geometry: Orthogonal, samples: Samples) -> list[Function]:
    return [partial(_product, s, {k: _spline(samples.coords[k], v) for k, v in s.along}) for s in geometry.scales]


def _spline(x: np.ndarray, values: np.ndarray) -> Interpolant:
    return Interpolant(np.asarray(values, float), x)


def _product(scale: Product, splines: dict[int, Interpolant], points: np.ndarray) -> np.ndarray:
    result = np.full(len(points), scale.number)
    for k, spline in splines.items():
        result *= spline(points[:, [k]])
    return result


def _along_axes(scales: list[Function], points: np.ndarray) -> np.ndarray:
    return np.stack([1 / scale(points) for scale in scales], axis=1)[:, None] * np.eye(len(scales))


def _along_positions(splines: list[Interpolant], points: np.ndarray) -> np.ndarray:
    return np.linalg.inv(np.stack([spline.gradient(points) for spline in splines], axis=1))


def _positions(splines: list[Interpolant], points: np.ndarray) -> np.ndarray:
    return np.stack([spline(points) for spline in splines], axis=1)


def _by_metric(d: int, lower: list[tuple[int, int]], splines: list[Interpolant], points: np.ndarray) -> np.ndarray:
    factor = np.zeros((len(points), d, d))
    for (i, k), spline in zip(lower, splines, strict=True):
        factor[:, i, k] = spline(points)
    return np.linalg.inv(factor).swapaxes(1, 2)
