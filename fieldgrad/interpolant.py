"""A smooth function through the samples of a field."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ._axes import Axis
from ._calls import geometry_of
from ._config import as_workers
from ._tensor import TensorSpline, as_samples, placed
from .grid import Grid
from .stencils import ONE_SIDED

if TYPE_CHECKING:
    from ._curved_spline import CurvedSpline

__all__ = ["Interpolant", "Linearization"]


class Interpolant:
    """The cubic spline through the samples of a field: a function with continuous second derivatives.

    Along every axis it is the *not-a-knot* spline, which makes no assumption about the ends, or the periodic one; over
    all axes, their tensor product. It is the function that `scipy.interpolate.make_interp_spline` makes along one
    axis after the other.

    Parameters
    ----------
    f : array_like, shape S
        Real samples of a scalar field in d dimensions, all finite, at least four along every axis. The arithmetic is
        that of float64, whatever their type.
    *spacing : float, 1-D array or Grid
        Where the samples are, as in `gradient`: nothing (steps of 1), one step for all axes, one step or array of
        coordinates for each axis, or one `Grid`, which may be curved. Coordinates may descend.
    boundary : str or tuple
        ``"one-sided"`` (nothing is known beyond the ends: not-a-knot) or ``"periodic"``, one for all axes or one per
        axis. A periodic axis of a `Grid` needs none, and curved ones allow none.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Attributes
    ----------
    shape : tuple of int
        Of the field.
    ndim : int
    grid : Grid
        Where the samples are.

    Raises
    ------
    TypeError
        `f` or a spacing is not made of real numbers, the number of spacings is wrong, `boundary` is neither a word nor
        a tuple, or `workers` is not an int.
    ValueError
        `f` has no axis, less than four samples along one, or a sample that is masked, NaN, infinite or beyond the range
        of float64; a spacing is not finite, not strictly monotonic, of the wrong length, or so small or large that a
        second derivative leaves the range of float64; `boundary` has another word or length, or is not
        ``"one-sided"`` on a curved `Grid`; `workers` is less than 1.

    Notes
    -----
    For a smooth field and steps of h the error of the value is of the order h⁴, that of the gradient h³, that of the
    Hessian h². Cubic polynomials are reproduced. Rounding is relative to the range of the samples, not to their size.

    On a curved `Grid` points are in its coordinates (on `Grid.geographic` degrees), on `Grid.curvilinear` positions.
    Derivatives are those that `gradient` and `hessian` give there: along unit vectors of the coordinates, the Hessian
    covariant. The spline is that of the coordinates, with metrics and positions between samples from splines, too.
    Around a pole, where it goes on, ``f(-r, theta) = f(r, theta + pi)``, it passes smoothly, within five rings, into
    one in Cartesian coordinates that is made of its values, as `critical_points` has it. So there are two continuous
    derivatives at the pole, resolved in the frame of the point's angle, and errors are of the same orders. But in those
    rings the samples are met up to an error of the order h⁴ only, those at the pole are taken for their mean, and
    `Linearization.error_bound` is not for curved grids. At a pole on the rim of the domain, such as the tip of a
    sector, derivatives are NaN.

    References
    ----------
    .. [1] C. de Boor, "A Practical Guide to Splines", revised edition, Springer 2001, chapters IX, XIII and XVII.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> x, y = np.linspace(0, 2, 21), np.linspace(-1, 1, 11)
    >>> it = fg.Interpolant(x[:, None] ** 3 - y**2, x, y)
    >>> points = [[0.55, 0.1], [1.0, -0.5]]
    >>> np.round(it(points), 12)
    array([0.156375, 0.75    ])
    >>> np.round(it.gradient(points), 12)
    array([[ 0.9075, -0.2   ],
           [ 3.    ,  1.    ]])

    On a globe, at a pole, along two meridians; components point to the north and to the east:

    >>> lat, lon = np.linspace(-90, 90, 37), np.arange(0, 360, 10)
    >>> x = np.cos(np.radians(lat))[:, None] * np.cos(np.radians(lon))
    >>> it = fg.Interpolant(x, fg.Grid.geographic(lat, lon, radius=1))
    >>> it.gradient([[90, 0], [90, 270]]).round(3) + 0.0
    array([[-1.,  0.],
           [ 0.,  1.]])
    """

    def __init__(self, f: Any, *spacing: Any, boundary: Any = ONE_SIDED, workers: int | None = None) -> None:
        samples, workers = as_samples(f), as_workers(workers)
        self.shape = samples.shape
        self.ndim = samples.ndim
        self._spline: TensorSpline | CurvedSpline
        if geometry_of(spacing) is None:
            placements = placed(spacing, samples.shape, boundary)
            self.grid = straight(placements, samples.shape)
            self._spline = TensorSpline(samples, placements, workers)
        else:
            from ._curved_spline import CurvedSpline

            if boundary != ONE_SIDED:
                raise ValueError(f"boundary must be {ONE_SIDED} on a curved grid, got {boundary!r}")
            self.grid = spacing[0]
            self._spline = CurvedSpline(samples, spacing, workers)

    def __repr__(self) -> str:
        return f"Interpolant(shape={self.shape}, periodic={self.grid.periodic})"

    def __call__(self, points: Any, extrapolate: bool = False, *, workers: int | None = None) -> np.ndarray:
        """Return the values of the spline.

        Parameters
        ----------
        points : array_like, (m, d)
            In coordinates; on `Grid.curvilinear` positions. On a periodic axis any number of periods away.
        extrapolate : bool
            What is outside, beyond the end of an axis that is not periodic: NaN, or the polynomial of the last piece.
            Beyond a pole there is nothing but NaN.
        workers : int, optional
            Most threads to use; by default `get_workers`.

        Returns
        -------
        ndarray of float64, (m,)
            NaN for points with a NaN.

        Raises
        ------
        TypeError
            `points` are not real numbers.
        ValueError
            `points` have another shape or masked entries; `workers` is less than 1.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> it = fg.Interpolant(np.arange(5.0) ** 2)
        >>> it([[1.5], [6.0]])
        array([2.25,  nan])
        >>> np.round(it([[6.0]], extrapolate=True), 12)
        array([36.])
        """
        return self._evaluate(points, 0, extrapolate, workers)[0]

    def gradient(self, points: Any, extrapolate: bool = False, *, workers: int | None = None) -> np.ndarray:
        """Return the gradients of the spline.

        Parameters
        ----------
        points, extrapolate, workers
            As for values: see `Interpolant.__call__`.

        Returns
        -------
        ndarray of float64, (m, d)
            Component k is the derivative along axis k, in units of `f` per unit of that axis. On curved grids it is the
            physical component along the unit vector of that axis, per unit of length.

        Raises
        ------
        TypeError, ValueError
            As for values.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> np.round(fg.Interpolant(np.arange(5.0) ** 2, 0.5).gradient([[0.75]]), 12)
        array([[6.]])
        """
        return self._evaluate(points, 1, extrapolate, workers)[1]

    def hessian(self, points: Any, extrapolate: bool = False, *, workers: int | None = None) -> np.ndarray:
        """Return the second derivatives of the spline.

        Parameters
        ----------
        points, extrapolate, workers
            As for values: see `Interpolant.__call__`.

        Returns
        -------
        ndarray of float64, (m, d, d)
            Symmetric, in units of `f` per unit of either axis; on curved grids covariant derivatives in physical
            components, as of the gradient.

        Raises
        ------
        TypeError, ValueError
            As for values.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> y, x = np.mgrid[:5, :6]
        >>> np.round(fg.Interpolant(y**2 + 3 * x * y).hessian([[2.5, 1.5]]), 12) + 0.0
        array([[[2., 3.],
                [3., 0.]]])
        """
        return self._evaluate(points, 2, extrapolate, workers)[2]

    def linearize(self, point: Any) -> Linearization:
        """Return the affine function that touches the spline at a point.

        Parameters
        ----------
        point : array_like, (d,)
            In coordinates, within the field.

        Returns
        -------
        Linearization

        Raises
        ------
        TypeError
            `point` is not made of real numbers.
        ValueError
            `point` has another shape, or is outside, or at a pole on the rim of the field.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> y, x = np.mgrid[:5, :6]
        >>> near = fg.Interpolant(y**2 - x**2).linearize([2.0, 3.0])
        >>> round(near.value, 12), np.round(near.gradient, 12), round(float(near([0.5, 0.0])), 12)
        (-5.0, array([ 4., -6.]), -3.0)
        >>> round(near.error_bound(0.5), 12)
        0.25
        """
        at = _as_coordinates(point, "point")
        if at.shape != (self.ndim,):
            raise ValueError(f"point must have shape ({self.ndim},), got {at.shape}")
        value, gradient = self._evaluate(at[None], 1, False, 1)
        if np.isnan(value[0]):
            raise ValueError(f"point must lie within the field, got {at}")
        return Linearization(float(value[0]), gradient[0], at, self._spline.slopes(at, gradient[0]), self._spline)

    def _evaluate(self, points: Any, order: int, extrapolate: bool, workers: int | None) -> Any:
        """Values, gradients and Hessians at points, up to that order."""
        return self._spline.jets(self._located(points), order, bool(extrapolate), as_workers(workers))

    def _located(self, points: Any) -> np.ndarray:
        at = _as_coordinates(points, "points")
        if at.ndim != 2 or at.shape[1] != self.ndim:
            raise ValueError(f"points must have shape (m, {self.ndim}), got {at.shape}")
        return self._spline.located(at)


@dataclass(frozen=True, eq=False)
class Linearization:
    """An affine function that touches an `Interpolant` at a point: ``f(point + h) ≈ value + gradient · h``.

    On a curved grid h has physical components, along the unit vectors of the coordinates at the point: `point + h` is
    at the end of a straight line or, on a globe or by a metric, of a geodesic.

    Attributes
    ----------
    value : float
        Of the spline at the point.
    gradient : ndarray, (d,)
        Physical components on a curved grid.
    point : ndarray, (d,)
        In coordinates.

    Raises
    ------
    TypeError
        When called, or asked for a bound: a displacement or the radius is not made of real numbers.
    ValueError
        A displacement is masked or of another shape; the radius is negative or not finite; a bound is asked for on a
        curved grid.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> near = fg.Interpolant(np.sin(np.arange(0, 3, 0.25)), 0.25).linearize([1.0])
    >>> h = 0.1
    >>> actual = abs(np.sin(1 + h) - near([h]))
    >>> bool(actual <= near.error_bound(h) <= 1.1 * actual)
    True
    """

    value: float
    gradient: np.ndarray
    point: np.ndarray
    _slopes: np.ndarray = field(repr=False)
    _spline: TensorSpline | CurvedSpline = field(repr=False)

    def __call__(self, displacement: Any) -> np.ndarray:
        """Return the values of the affine function.

        Parameters
        ----------
        displacement : array_like, (..., d)
            From the point, in coordinates; on curved grids in physical components.

        Returns
        -------
        ndarray, (...)

        Raises
        ------
        TypeError
            `displacement` is not made of real numbers.
        ValueError
            Its last axis has another length, or it has masked entries.
        """
        h = _as_coordinates(displacement, "displacement")
        if h.ndim == 0 or h.shape[-1] != len(self.gradient):
            raise ValueError(f"displacement must have shape (..., {len(self.gradient)}), got {h.shape}")
        return self.value + h @ self._slopes

    def error_bound(self, radius: float) -> float:
        """Return what the spline differs from the affine function by, at most.

        Parameters
        ----------
        radius : float
            Of a ball around the point: a Euclidean length in coordinates, not negative.

        Returns
        -------
        float
            A bound of ``|f(point + h) - value - gradient · h|`` for all displacements h with ``|h| <= radius`` that
            do not leave the field. Periodic axes have no end; along the others, what is beyond the ends does not count.

        Raises
        ------
        TypeError
            `radius` is not a real number.
        ValueError
            `radius` is negative or not finite; the grid is curved, where no bound is known.

        Notes
        -----
        By Taylor's theorem the difference is at most ``radius² / 2`` times the largest norm of the Hessian H within
        the ball. Each component of H is within the coefficients of its own spline, restricted to the box around the
        ball. With their middle C and half their range R, ``|hᵀ H h| <= (‖C‖ + ‖R‖) |h|²``. For quadratic fields that is
        the maximum itself. It holds for exact arithmetic; the bound's own rounding is not part of it.
        """
        if isinstance(radius, bool) or not isinstance(radius, Real):
            raise TypeError(f"radius must be a real number, got {radius!r}")
        length = float(radius)
        if not 0 <= length < math.inf:
            raise ValueError(f"radius must be finite and not negative, got {radius!r}")
        return length**2 / 2 * self._spline.largest_curvature(self.point, length)


# ---- arguments ---------------------------------------------------------------------------------------------


def _as_coordinates(points: Any, name: str) -> np.ndarray:
    """An array of float64."""
    if np.ma.is_masked(points):
        raise ValueError(f"{name} must have no masked entries")
    try:
        at = np.asarray(points)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers; {error}") from None
    if at.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got an array of {at.dtype}")
    return np.asarray(at, np.float64)


def straight(placements: list[Axis], shape: tuple[int, ...]) -> Grid:
    """The grid of these axes, whatever their coordinates mean."""
    steps = [axis.step if axis.coordinates is None else axis.coordinates for axis in placements]
    periodic = [axis.periodic for axis in placements]
    periods = [None if axis.period is None else abs(axis.period) for axis in placements]
    return Grid.cartesian(*steps, shape=shape, periodic=periodic, period=periods)
