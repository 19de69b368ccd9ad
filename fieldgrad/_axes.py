"""Where samples are along the axes of an array."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a grid: an even `step`, or `coordinates` where steps differ (then `step` is None)."""

    step: float | None
    coordinates: np.ndarray | None = None
    periodic: bool = False
    period: float | None = None
    repeated: bool = False  # the last sample of a period is the first one again

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


def as_shape(shape: Any) -> tuple[int, ...]:
    """Check the shape of fields."""
    try:
        sizes = tuple(map(operator.index, shape if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)))
    except TypeError:
        raise TypeError(f"shape must be an integer or a tuple of integers, got {shape!r}") from None
    if not sizes or min(sizes) < 0:
        raise ValueError(f"shape must have at least one axis, and no negative sizes, got {shape!r}")
    return sizes


def per_axis(value: Any, count: int, name: str, default: Any) -> list:
    """One value for all axes, or one per axis."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if not isinstance(value, (tuple, list)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} needs one entry per axis ({count}), got {len(value)}")
    return [default if v is None else v for v in value]


def as_loops(periodic: Any, count: int, default: bool | None = False) -> list[Any]:
    """Which axes are periodic."""
    if isinstance(periodic, np.ndarray):
        periodic = periodic.tolist()
    loops = [default] * count if periodic is None else per_axis(periodic, count, "periodic", default)
    for loop in loops:
        if not (loop is default or isinstance(loop, (bool, np.bool_))):
            raise TypeError(f"periodic must be True, False or one of these per axis, got {periodic!r}")
    return loops


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
    if period <= 0:
        raise ValueError(f"period of {name} must be positive, got {period!r}")
    span = float(x[-1] - x[0])
    length = float(period)
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
    return abs(float(len(x) * ((x[-1] - x[0]) / len(steps))))


class Lattice:
    """Samples along axes, as numbers alone tell of them: without geometry."""

    __slots__ = ("__weakref__", "_axes", "_shape")
    _axes: tuple[Axis, ...]
    _shape: tuple[int, ...] | None

    def __init__(self, axes: tuple[Axis, ...], shape: tuple[int, ...] | None) -> None:
        self._axes, self._shape = axes, shape

    @property
    def ndim(self) -> int:
        return len(self._axes)

    def axes_for(self, shape: tuple[int, ...]) -> tuple[Axis, ...]:
        """The axes, for a field of that shape."""
        if self.ndim != len(shape):
            raise ValueError(f"the grid has {self.ndim} axes, f has {len(shape)}")
        for k, (axis, n) in enumerate(zip(self._axes, shape, strict=True)):
            length = axis.length if self._shape is None else self._shape[k]
            if length is not None and length != n:
                raise ValueError(f"the grid has {length} samples along axis {k}, f of shape {shape} has {n}")
        return self._axes


class Box(Lattice):
    """Samples of a lattice side by side, whose stencils are those that they have there."""

    __slots__ = ("first", "lattice", "whole")

    def __init__(
        self, lattice: Lattice, whole: tuple[int, ...], first: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        super().__init__(lattice.axes_for(whole), shape)
        self.lattice, self.whole, self.first = lattice, whole, first
