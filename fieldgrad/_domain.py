"""Which part of a field is searched for critical points: between which ends, and which samples are there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._arrays import as_field

#: For each axis the ends of the domain, in coordinates; None for a whole period.
Ends = tuple[Any, ...]


class Part(NamedTuple):
    """A box of a domain, in coordinates."""

    low: np.ndarray
    high: np.ndarray
    turns: int | None = None  # of the gradient on the way around, if known


def as_ends(box: Any, whole: Ends, extent: list[tuple[float, float]]) -> Ends:
    """Check the ends of a box. `whole` are those of the field along each axis, `extent` those of its coordinates."""
    if box is None:
        return whole
    try:
        ends = np.asarray(box, float)
    except (TypeError, ValueError):
        raise TypeError(f"box must be made of pairs of real numbers, got {box!r}") from None
    if ends.shape != (len(whole), 2):
        raise ValueError(f"box must be one (low, high) per axis, {len(whole)}, got shape {ends.shape}")
    for k, ((low, high), (first, last)) in enumerate(zip(ends, extent, strict=True)):
        if not first <= low < high <= last:
            raise ValueError(f"box must ascend within {first:g} ... {last:g} along axis {k}, got {low:g}, {high:g}")
    return tuple((float(low), float(high)) for low, high in ends)


def euler_characteristic(ends: Ends) -> int:
    """Of a box: 1; of what closes on itself along an axis: 0."""
    return 0 if any(pair is None for pair in ends) else 1


def without_absent(f: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """A field without its mask, and which samples are masked or NaN; None if none is."""
    field = as_field(f)
    absent = np.ma.getmask(field)
    field = np.asarray(field)
    if field.dtype.kind == "f" and field.size and np.isnan(field.min()):  # which reads the field once, and writes none
        absent = absent | np.isnan(field)
    if not np.any(absent):
        return field, None
    if np.all(absent):
        raise ValueError(f"f must have samples that are present, got {field.size} that are masked or NaN")
    return field, np.asarray(absent)
