"""The cubic spline of samples along straight axes."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ._arrays import as_field
from ._axes import Axis
from ._config import as_workers
from ._engine.pool import share
from ._engine.splines import Spline
from ._programs import as_pairs, as_placements, with_boundary
from ._splines import LEAST_SAMPLES, SplineAxis, differences, restricted
from .stencils import ONE_SIDED, PERIODIC


class TensorSpline:
    """A constant plus the tensor product of the splines of `axes` with `coefficients`.

    Coordinates ascend there: where those of the samples descend, samples are taken from behind.
    """

    def __init__(self, samples: np.ndarray, placements: list[Axis], workers: int) -> None:
        self.ndim = samples.ndim
        coords = [axis.positions(n) for axis, n in zip(placements, samples.shape, strict=True)]
        self.descending = tuple(bool(x[0] > x[-1]) for x in coords)
        self.axes = tuple(spline_axis(p, n, k) for k, (p, n) in enumerate(zip(placements, samples.shape, strict=True)))
        self.constant = middle(samples)
        self.coefficients = _coefficients(samples, self.constant, self.axes, self.descending, workers)

    @cached_property
    def _compiled(self) -> Spline:
        return Spline(self.coefficients, self.axes, self.constant)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_compiled"}

    def __call__(self, points: np.ndarray, extrapolate: bool = False, workers: int | None = None) -> np.ndarray:
        return self.jets(points, 0, extrapolate, workers)[0]

    def gradient(self, points: np.ndarray, extrapolate: bool = False, workers: int | None = None) -> np.ndarray:
        return self.jets(points, 1, extrapolate, workers)[1]

    def hessian(self, points: np.ndarray, extrapolate: bool = False, workers: int | None = None) -> np.ndarray:
        return self.jets(points, 2, extrapolate, workers)[2]

    def jets(self, points: np.ndarray, order: int, extrapolate: bool, workers: int | None) -> Any:
        """Values, gradients and Hessians at points, up to that order, in one pass."""
        at = np.require(points, np.float64, ["C", "A"])  # which the compiled part relies on
        return self._compiled.evaluate(at, order, extrapolate, as_workers(workers), share)

    def part_of_axes(self, steps: np.ndarray) -> np.ndarray:
        """How long steps are, in lengths of the axes."""
        lengths = np.array([axis.breaks[-1] - axis.breaks[0] for axis in self.axes])
        return np.asarray(np.abs(steps / lengths).max(axis=1))

    def largest_curvature(self, point: np.ndarray, radius: float) -> float:
        """A bound of the norm of the Hessian within a ball."""
        low, high = self.second_derivatives_within(point - radius, point + radius)
        middle, half = (low + high) / 2, (high - low) / 2
        return float(np.linalg.norm(middle, 2) + np.linalg.norm(half, 2))

    # What follows is other on curved grids.

    def located(self, points: np.ndarray) -> np.ndarray:
        """Points that a user gives, in coordinates of the grid."""
        return points

    def named(self, points: np.ndarray) -> np.ndarray:
        """Points in coordinates of the grid, as a user calls them."""
        return points

    def moved(self, points: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points after steps along the components of gradients; and how long these were, in lengths of the axes."""
        return points + steps, self.part_of_axes(steps)

    def slopes(self, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """What displacements from a point are multiplied with."""
        return gradient

    def second_derivatives_within(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds (d, d) of the Hessian over the part of a box that is within the field.

        A derivative of a spline is a spline, and none exceeds its coefficients. Those of its restriction to the box
        are closest.
        """
        windows = [axis.window(*ends) for axis, *ends in zip(self.axes, low, high, strict=True)]
        block = self.coefficients[np.ix_(*(indices for indices, *_ in windows))]
        bounds = np.empty((2, self.ndim, self.ndim))
        for i in range(self.ndim):
            for j in range(i + 1):
                net = block
                for k, (_, knots, *ends) in enumerate(windows):
                    degree = 3
                    for _ in range((k == i) + (k == j)):
                        net = differences(net, knots, degree, k)
                        knots, degree = knots[1:-1], degree - 1
                    net = np.moveaxis(np.tensordot(restricted(knots, degree, *ends), net, (1, k)), 0, k)
                bounds[:, i, j] = bounds[:, j, i] = net.min(), net.max()
        return bounds[0], bounds[1]


# ---- arguments ---------------------------------------------------------------------------------------------


def as_real(f: Any) -> np.ndarray:
    samples = as_field(f)
    if samples.dtype.kind not in "biuf":
        raise TypeError(f"f must be made of real numbers, got dtype {samples.dtype}")
    return samples


def as_samples(f: Any) -> np.ndarray:
    """Real, finite samples, enough along each axis."""
    samples = as_real(f)
    if np.ma.is_masked(samples):
        raise ValueError("f must have no masked samples")
    for k, n in enumerate(samples.shape):
        if n < LEAST_SAMPLES:
            raise ValueError(f"f has {n} samples along axis {k}, a cubic spline needs at least {LEAST_SAMPLES}")
    return np.asarray(samples)


def placed(spacing: tuple, shape: tuple[int, ...], boundary: Any) -> list[Axis]:
    """Where the samples are along each axis, periodic or open."""
    placements = []
    pairs = as_pairs(boundary, len(shape))
    for k, axis in enumerate(as_placements(spacing, shape, range(len(shape)))):
        placement, (low, high) = with_boundary(axis, shape[k], pairs[k], k)
        for word in (low, high):
            if word not in (ONE_SIDED, PERIODIC):
                raise ValueError(f"boundary must be {ONE_SIDED} or {PERIODIC} for a spline; got {word!r} for axis {k}")
        placements.append(placement)
    return placements


def spline_axis(placement: Axis, n: int, k: int) -> SplineAxis:
    """The axis of coefficients, ascending."""
    x = np.asarray(placement.positions(n), np.float64)
    sites = x if x[0] < x[-1] else x[::-1]
    period = None
    if placement.periodic:
        period = abs(placement.period if placement.period is not None else n * float(placement.step or 0))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        steps = np.append(np.diff(sites), [] if period is None else period - (sites[-1] - sites[0]))
        ranges = np.append(steps, steps.sum()) ** 2
        usable = (steps > 0).all() and np.isfinite(ranges).all() and np.isfinite(1 / ranges).all()
    if not usable:
        raise ValueError(
            f"spacing along axis {k} must have steps whose squares, and their reciprocals, are finite float64; "
            f"got steps from {steps.min()} to {steps.max()}"
        )
    return SplineAxis.through(sites, period)


# ---- samples to coefficients ------------------------------------------------------------------------------------


def middle(samples: np.ndarray) -> float:
    """What is taken from the samples, so that rounding is relative to their range."""
    low, high = float(samples.min()), float(samples.max())
    middle = low / 2 + high / 2
    if not math.isfinite(middle):
        raise ValueError(f"f must be finite float64 numbers, got samples from {low} to {high}")
    return middle


def _coefficients(samples, constant, axes, descending, workers):
    """Coefficients of the samples minus a constant, in C order."""
    coefficients = np.empty([axis.size for axis in axes])
    forward = samples[tuple(slice(None, None, -1) if backwards else slice(None) for backwards in descending)]
    inner = coefficients[tuple(slice(n) for n in samples.shape)]
    np.subtract(forward, constant, out=inner, dtype=np.float64, casting="unsafe")
    for k, n in enumerate(samples.shape):
        ends = np.moveaxis(coefficients, k, 0)
        ends[n:] = ends[: len(ends) - n]
    for k, axis in enumerate(axes):
        axis.equations().solve(coefficients, k, workers, share)
    return coefficients
