"""Arrays in and out: what a field is made of, and where results go."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Kind(NamedTuple):
    """How the engine treats a dtype."""

    sample: int  # arithmetic: 0 float, 1 double, 2 long double
    lanes: int  # numbers per sample
    stored: int  # kind of number in memory, in the engine's order
    result: np.dtype


_INTEGERS = {("u", 1): 0, ("i", 1): 1, ("u", 2): 2, ("i", 2): 3, ("u", 4): 4, ("i", 4): 5, ("u", 8): 6, ("i", 8): 7}


def _kinds() -> dict[str, Kind]:
    kinds = {"?": Kind(1, 1, 0, np.dtype("d")), "e": Kind(0, 1, 8, np.dtype("e"))}
    for char in "bBhHiIlLqQ":
        dtype = np.dtype(char)
        kinds[char] = Kind(1, 1, _INTEGERS[dtype.kind, dtype.itemsize], np.dtype("d"))
    for sample, chars in enumerate(("fF", "dD", "gG")):
        for lanes, char in enumerate(chars, start=1):
            kinds[char] = Kind(sample, lanes, 9 + sample, np.dtype(char))
    return kinds


#: By the dtype's character.
KINDS = _kinds()


def as_field(f: Any, name: str = "f") -> np.ndarray:
    """An array of numbers with at least one axis, as it is: subclasses and masks are kept."""
    try:
        field = np.asanyarray(f)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers; {error}") from None
    if field.dtype.char not in KINDS and field.dtype.kind not in "mM":
        raise TypeError(f"{name} must be an array of numbers, got dtype {field.dtype}")
    if field.ndim == 0:
        raise ValueError(f"{name} must have at least one axis, got a single number")
    return field


def memory_order(field: np.ndarray) -> tuple[int, ...]:
    """The axes, slowest in memory first, as `numpy.empty_like` lays them out."""
    if field.flags.f_contiguous:
        return tuple(reversed(range(field.ndim)))
    return tuple(sorted(range(field.ndim), key=lambda k: (-abs(field.strides[k]), k)))


def new_result(leading: tuple[int, ...], field: np.ndarray, order: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of shape `leading` + the field's, the field's axes laid out in that order."""
    if field.flags.c_contiguous:
        return np.empty(leading + field.shape, dtype)
    shape = [field.shape[k] for k in order]
    lead = len(leading)
    inverse = sorted(range(len(order)), key=order.__getitem__)
    return np.empty((*leading, *shape), dtype).transpose(*range(lead), *(lead + k for k in inverse))


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Refuse an `out` that can't take the result."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, got {out.shape}")
    if out.dtype != dtype:
        raise TypeError(f"out must have dtype {dtype}, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    return out


def apart(field: np.ndarray, out: np.ndarray) -> np.ndarray:
    """The field, copied if writing to `out` could change it."""
    if not np.may_share_memory(field, out):
        return field
    try:
        shared = np.shares_memory(field, out, max_work=1 << 12)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        shared = True
    return field.copy() if shared else field


def solutions(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Of linear equations, one system for each point; NaN where it is singular or not of numbers."""
    singular = ~(np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(vectors).all(axis=1))
    singular[~singular] = np.linalg.det(matrices[~singular]) == 0
    result = np.full(vectors.shape, np.nan)
    result[~singular] = np.linalg.solve(matrices[~singular], vectors[~singular][..., None])[..., 0]
    return result
