"""Where the samples of a field are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["Grid"]


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a grid: an even `step`, or `coordinates` where steps differ (then `step` is None)."""

    step: float | None
    coordinates: np.ndarray | None = None
    periodic: bool = False
    period: float | None = None

    @property
    def length(self) -> int | None:
        return None if self.coordinates is None else len(self.coordinates)

    def positions(self, n: int) -> np.ndarray:
        """Coordinates of n samples."""
        if self.coordinates is not None:
            return self.coordinates
        assert self.step is not None
        return np.arange(n) * self.step


def as_axis(spacing: Any, name: str) -> Axis:
    """Check a scalar spacing or 1-D coordinates."""
    if type(spacing) is float and math.isfinite(spacing) and spacing != 0.0:
        return Axis(spacing)
    if isinstance(spacing, np.ndarray) and type(spacing) is not np.ndarray:
        # A mask or a unit would be lost silently.
        raise TypeError(f"{name} must be plain numbers, got {type(spacing).__name__}")
    try:
        x = np.asarray(spacing)
    except ValueError as error:
        raise ValueError(f"{name} must be a number or a 1-D array of coordinates; {error}") from None
    if x.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got {_describe(spacing, x)}")
    if x.ndim == 0:
        if not np.isfinite(x) or x == 0:
            raise ValueError(f"{name} must be finite and not zero, got {spacing!r}")
        step: Any = x[()] if x.dtype.char == "g" else x.item()
        return Axis(step)
    if x.ndim != 1:
        raise ValueError(f"{name} must be a number or 1-D coordinates, got an array of shape {x.shape}")
    if x.dtype.kind != "f" or x.dtype.itemsize < 4:
        x = x.astype(np.float64)
    x = x.astype(x.dtype.newbyteorder("="))  # a copy: a grid does not change
    x.flags.writeable = False
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got {x[~np.isfinite(x)][0]} at {np.argmin(np.isfinite(x))}")
    steps = np.diff(x)
    if not ((steps > 0).all() or (steps < 0).all()):
        wrong = int(np.argmax(steps * (steps.sum() if steps.sum() else 1.0) <= 0))
        raise ValueError(
            f"{name} must increase or decrease strictly, got {x[wrong]} and {x[wrong + 1]} at {wrong} and {wrong + 1}"
        )
    even = len(steps) > 0 and (steps == steps[0]).all()
    return Axis(steps[0].item() if even else None, x)


def _describe(value: Any, array: np.ndarray) -> str:
    return f"{value!r}" if array.ndim == 0 else f"an array of {array.dtype}"


def _per_axis(value: Any, count: int, name: str, default: Any) -> list:
    """One value for all axes, or one per axis."""
    if not isinstance(value, (tuple, list)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} needs one entry per axis ({count}), got {len(value)}")
    return [default if v is None else v for v in value]


def closed(axis: Axis, n: int | None, period: Any, name: str) -> Axis:
    """The axis made periodic: its length is `period`, or what an even axis implies."""
    if axis.coordinates is None and period is None:
        return Axis(axis.step, periodic=True)
    if n is None:
        raise ValueError(f"{name} needs shape= to be used with a period")
    x = axis.positions(n)
    if period is None:
        period = _implied_period(x, name)
    if isinstance(period, bool) or not isinstance(period, Real) or not math.isfinite(period):
        raise ValueError(f"period of {name} must be a finite number, got {period!r}")
    span = float(x[-1] - x[0])
    length = abs(float(period))
    if not length > abs(span):
        raise ValueError(f"period of {name} must exceed the span of its coordinates, {abs(span)}, got {period}")
    if span < 0 or (axis.step is not None and axis.step < 0):
        length = -length
    # If the step across the seam differs, steps are no longer even.
    rounding = 8 * float(np.finfo(x.dtype).eps)
    even = axis.step is not None and math.isclose(length, n * axis.step, rel_tol=rounding)
    return Axis(axis.step if even else None, x, True, length)


def _implied_period(x: np.ndarray, name: str) -> float:
    """n steps, if steps differ by no more than the rounding of the coordinates."""
    steps = np.diff(x)
    if len(steps) == 0 or np.ptp(steps) > 8 * np.finfo(x.dtype).eps * np.abs(x).max():
        raise ValueError(f"{name} has uneven coordinates: give its period")
    return float(len(x) * ((x[-1] - x[0]) / len(steps)))


class Grid:
    """Where the samples of a field are: coordinates, periodic axes, and the geometry of space.

    A grid is immutable. Make one with a constructor such as `Grid.cartesian` and pass it to any function in place
    of the spacings.

    Attributes
    ----------
    ndim : int
    shape : tuple of int, or None
        None where only steps are known.
    coords : tuple of ndarray
        Coordinates along each axis.
    periodic : tuple of bool
    scale_factors : ndarray, (ndim, *shape)
        Length per unit of each coordinate.
    metric : ndarray, (ndim, ndim, *shape)
    volume_element : ndarray, shape
        Volume per unit of the coordinates.
    """

    __slots__ = ("_axes", "_shape")
    _axes: tuple[Axis, ...]
    _shape: tuple[int, ...] | None

    def __init__(self) -> None:
        raise TypeError("use a constructor such as Grid.cartesian")

    @classmethod
    def cartesian(
        cls,
        *spacing: Any,
        shape: Sequence[int] | None = None,
        periodic: bool | Sequence[bool] = False,
        period: float | Sequence[float | None] | None = None,
    ) -> Grid:
        """A grid of straight, perpendicular axes.

        Parameters
        ----------
        *spacing : float or 1-D array
            As `numpy.gradient` has it: nothing (steps of 1), one step for all axes, or one step or array of
            coordinates per axis.
        shape : sequence of int, optional
            Number of samples along each axis. Without it there are as many axes as spacings.
        periodic : bool or sequence of bool
            Which axes close on themselves: the sample after the last one is the first.
        period : float or sequence of float, optional
            Length after which a periodic axis repeats. None is n times the step of an even axis; uneven
            coordinates need one.

        Returns
        -------
        Grid

        Raises
        ------
        TypeError
            A spacing is not a real number.
        ValueError
            Coordinates are not finite or not strictly monotonic, or their number is not that of `shape`; a period
            is missing, or shorter than the coordinates.

        Examples
        --------
        >>> import numpy as np, fieldgrad as fg
        >>> theta = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        >>> grid = fg.Grid.cartesian(theta, 0.5, shape=(8, 3), periodic=(True, False))
        >>> grid
        Grid.cartesian(shape=(8, 3), periodic=(True, False))
        >>> np.round(fg.gradient(np.sin(theta)[:, None] * np.ones(3), grid)[0, 0], 3)
        array([0.9, 0.9, 0.9])
        """
        sizes = None if shape is None else tuple(int(n) for n in shape)
        count = len(spacing) if sizes is None else len(sizes)
        if count == 0:
            raise ValueError("Grid.cartesian needs a spacing or shape=")
        if len(spacing) <= 1 and sizes is not None and (not spacing or np.ndim(spacing[0]) == 0):
            spacing = (spacing or (1.0,)) * count
        if len(spacing) != count:
            raise ValueError(f"Grid.cartesian needs one spacing for each of {count} axes, got {len(spacing)}")
        axes = []
        loops = _per_axis(periodic, count, "periodic", False)
        periods = _per_axis(period, count, "period", None)
        for k in range(count):
            name = f"spacing[{k}]"
            axis = as_axis(spacing[k], name)
            n = sizes[k] if sizes is not None else axis.length
            if axis.length is not None and axis.length != n:
                raise ValueError(f"{name} has {axis.length} coordinates, shape {sizes} needs {n}")
            if loops[k]:
                axis = closed(axis, n, periods[k], name)
            elif periods[k] is not None and isinstance(period, (tuple, list)):
                raise ValueError(f"period[{k}] is given but axis {k} is not periodic")
            axes.append(axis)
        if sizes is None and all(axis.coordinates is not None for axis in axes):
            sizes = tuple(len(axis.positions(0)) for axis in axes)
        grid = object.__new__(cls)
        grid._axes, grid._shape = tuple(axes), sizes
        return grid

    @property
    def ndim(self) -> int:
        return len(self._axes)

    @property
    def shape(self) -> tuple[int, ...] | None:
        return self._shape

    @property
    def periodic(self) -> tuple[bool, ...]:
        return tuple(axis.periodic for axis in self._axes)

    @property
    def coords(self) -> tuple[np.ndarray, ...]:
        shape = self._known_shape()
        return tuple(axis.positions(n) for axis, n in zip(self._axes, shape, strict=True))

    @property
    def scale_factors(self) -> np.ndarray:
        shape = self._known_shape()
        return np.broadcast_to(np.float64(1.0), (self.ndim, *shape))

    @property
    def metric(self) -> np.ndarray:
        shape = self._known_shape()
        identity = np.eye(self.ndim).reshape(self.ndim, self.ndim, *[1] * self.ndim)
        return np.broadcast_to(identity, (self.ndim, self.ndim, *shape))

    @property
    def volume_element(self) -> np.ndarray:
        return np.broadcast_to(np.float64(1.0), self._known_shape())

    def _known_shape(self) -> tuple[int, ...]:
        if self._shape is None:
            raise ValueError("this grid knows steps alone: make it with shape=")
        return self._shape

    def axes_for(self, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        """The axes, for a field of that shape."""
        if self.ndim != len(shape):
            raise ValueError(f"the grid has {self.ndim} axes, f has {len(shape)}")
        for k, (axis, n) in enumerate(zip(self._axes, shape, strict=True)):
            length = axis.length if self._shape is None else self._shape[k]
            if length is not None and length != n:
                raise ValueError(f"the grid has {length} samples along axis {k}, f of shape {shape} has {n}")
        return self._axes

    def __repr__(self) -> str:
        steps = ", ".join("coordinates" if a.step is None else f"{a.step:g}" for a in self._axes)
        what = f"shape={self._shape}" if self._shape is not None else steps
        return f"Grid.cartesian({what}, periodic={self.periodic})"
