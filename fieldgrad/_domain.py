"""Which part of a field is searched for critical points: between which ends, around which poles, and which samples are
there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ._axes import Axis
from ._calls import geometry_of
from ._geometry import Pole
from ._tensor import as_real, placed
from .stencils import ONE_SIDED

#: For each axis the ends of the domain, in coordinates; None for a whole period.
Ends = tuple[Any, ...]


class Part(NamedTuple):
    """A box of a domain, in coordinates."""

    low: np.ndarray
    high: np.ndarray
    turns: int | None = None  # of the gradient on the way around, if known


class Samples(NamedTuple):
    """A field as its lattice has it: each sample of a circle once, and one value at each pole."""

    field: np.ndarray
    absent: np.ndarray | None  # which are masked or NaN
    axes: list[Axis]
    geometry: Any  # None if axes are straight

    @property
    def poles(self) -> tuple[Pole, ...]:
        return getattr(self.geometry, "poles", ())

    @property
    def coords(self) -> list[np.ndarray]:
        return [np.asarray(axis.positions(n), float) for axis, n in zip(self.axes, self.field.shape, strict=True)]

    @property
    def whole(self) -> Ends:
        """The ends of the field."""
        return tuple(None if axis.periodic else pair for axis, pair in zip(self.axes, self.extent, strict=True))

    @property
    def extent(self) -> list[tuple[float, float]]:
        """Of the coordinates along each axis, with the step across the seam of a periodic one."""
        extent = []
        for axis, x in zip(self.axes, self.coords, strict=True):
            low, high = float(x.min()), float(x.max())
            if axis.periodic:
                high = low + abs(axis.period if axis.period is not None else len(x) * float(axis.step or 0))
            extent.append((low, high))
        return extent

    def domain(self, box: Any) -> Ends:
        """The ends of a box, once they are checked; those of the field without one."""
        return as_ends(box, self.whole, self.extent)

    def places(self, indices: np.ndarray) -> np.ndarray:
        """Where samples are: coordinates, or positions if the grid is a map."""
        positions = getattr(self.geometry, "positions", None)
        if positions is not None:
            return np.stack([x[tuple(indices.T)] for x in positions], axis=1)
        return np.stack([x[indices[:, k]] for k, x in enumerate(self.coords)], axis=1)

    def end(self, pole: Pole) -> float:
        """The coordinate of a pole along its axis."""
        return float(self.axes[pole.axis].positions(0)[-1 if pole.last else 0])

    def inner_poles(self, ends: Ends) -> list[Pole]:
        """Those with a domain all around them."""
        found: list[Pole] = []
        for pole in self.poles:
            whole = ends[pole.circle] is None and all(sum(p.axis == k for p in found) == 2 for k in pole.mirrored)
            if whole and self.end(pole) in ends[pole.axis]:
                found.append(pole)
        return found


def samples_of(f: Any, spacing: tuple) -> Samples:
    field, absent = without_absent(f)
    geometry = geometry_of(spacing)
    axes = placed(spacing if geometry is None else (spacing[0].lattice,), field.shape, ONE_SIDED)
    for k in [k for k, axis in enumerate(axes) if axis.repeated]:
        once = (*[slice(None)] * k, slice(-1))
        field, absent = field[once], None if absent is None else absent[once]
        axes[k] = replace(axes[k], coordinates=axes[k].positions(0)[:-1], repeated=False)
    for pole in getattr(geometry, "poles", ()):
        field, absent = _with_one_value(field, absent, pole)
    return Samples(field, absent if np.any(absent) else None, axes, geometry)


def _with_one_value(field: np.ndarray, absent: np.ndarray | None, pole: Pole) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples at one pole become the mean of those that are present: what fits all of them best."""
    row = (*[slice(None)] * pole.axis, -1 if pole.last else 0)
    angles = tuple(k - (k > pole.axis) for k in pole.angles)
    values, there = field[row], np.True_ if absent is None else ~absent[row]
    if np.all(there) and (values.min(axis=angles) == values.max(axis=angles)).all():
        return field, absent
    there = np.broadcast_to(there, values.shape)
    some = values[there].flat[0] if there.any() else values.dtype.type(0)  # rounding is that of differences to it
    sums = np.where(there, values - np.float64(some), 0).sum(axis=angles, keepdims=True)
    count = there.sum(axis=angles, keepdims=True)
    field = np.array(field, np.result_type(field, np.float64))
    field[row] = some + sums / np.maximum(count, 1)
    if absent is not None:
        absent = absent.copy()
        absent[row] = count == 0
    return field, absent


def as_ends(box: Any, whole: Ends, extent: list[tuple[float, float]]) -> Ends:
    """Check the ends of a box. `whole` are those of the field along each axis, `extent` those of its coordinates."""
    if box is None:
        return whole
    try:
        ends = [None if pair is None else np.asarray(pair, float) for pair in box]
    except (TypeError, ValueError):
        raise TypeError(f"box must be made of pairs of real numbers, got {box!r}") from None
    if len(ends) != len(whole) or any(pair is not None and pair.shape != (2,) for pair in ends):
        raise ValueError(f"box must be one (low, high) per axis, or None for all of it, {len(whole)}; got {box!r}")
    chosen = list(whole)
    for k, (pair, (first, last)) in enumerate(zip(ends, extent, strict=True)):
        if pair is not None:
            low, high = map(float, pair)
            if not first <= low < high <= last:
                raise ValueError(f"box must ascend within {first:g} ... {last:g} along axis {k}, got {low:g}, {high:g}")
            chosen[k] = low, high
    return tuple(chosen)


def euler_characteristic(ends: Ends, poles: Sequence[Pole] = ()) -> int:
    """Of a box: 1; of what closes on itself along an axis: 0. Where samples of a pole are one, they count once for
    all that they were before, be it a circle or, in space, what is left of a sphere."""
    total = _product(ends, range(len(ends)))
    for i, pole in enumerate(poles):
        others = [k for k in range(len(ends)) if k != pole.axis]
        row = _product(ends, others)
        inside = [p for p in poles[:i] if p.axis in others]
        for p in inside:
            rest = [k for k in others if k != p.axis]
            row += _product(ends, [k for k in rest if k != p.circle]) - _product(ends, rest)
        total += _product(ends, [k for k in others if k not in pole.angles]) - row
    return total


def _product(ends: Ends, axes: Any) -> int:
    return 0 if any(ends[k] is None for k in axes) else 1


def without_absent(f: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """A field without its mask, and which samples are masked or NaN; None if none is."""
    field = as_real(f)
    absent = np.ma.getmask(field)
    field = np.asarray(field)
    if field.dtype.kind == "f" and field.size and np.isnan(field.min()):  # which reads the field once, and writes none
        absent = absent | np.isnan(field)
    if not np.any(absent):
        return field, None
    if np.all(absent):
        raise ValueError(f"f must have samples that are present, got {field.size} that are masked or NaN")
    return field, np.asarray(absent)
