"""Arguments of image functions, checked."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from ._arrays import KINDS, apart, as_field, check_out

MODES = ("reflect", "mirror", "nearest", "constant", "wrap")
_SMALL = frozenset("?bBhHef")  # what float32 holds exactly


def as_image(image: Any) -> tuple[np.ndarray, np.ndarray | None, int]:
    """The image as a plain array, which of its samples a masked array has, and the arithmetic: 0 float, 1 double."""
    array = as_field(image, "image")
    if array.dtype.char not in KINDS or array.dtype.kind == "c":
        raise TypeError(f"image must be an array of real numbers, got dtype {array.dtype}")
    present = None
    if isinstance(array, np.ma.MaskedArray):
        present = ~np.ma.getmaskarray(array)
        array = array.data
    return np.asarray(array), present, int(array.dtype.char not in _SMALL)


def stored(field: np.ndarray) -> tuple[int, bool]:
    """Kind of numbers in memory, and whether they have foreign byte order."""
    return KINDS[field.dtype.char].stored, not field.dtype.isnative


def result_apart(out: Any, shape: tuple[int, ...], dtype: np.dtype, fields: list[np.ndarray]) -> list[np.ndarray]:
    """Refuse an `out` that can't take the result; the fields, copied if it overlaps them."""
    check_out(out, shape, dtype)
    return [apart(field, out) for field in fields]


def as_mask(mask: Any, present: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Which samples count, or None for all."""
    if mask is None:
        return present
    try:
        mask = np.asarray(mask)
    except ValueError as error:
        raise ValueError(f"mask must be an array of booleans; {error}") from None
    if mask.dtype.kind not in "bui":
        raise TypeError(f"mask must be an array of booleans, got dtype {mask.dtype}")
    if mask.shape != shape:
        raise ValueError(f"mask must have shape {shape}, got {mask.shape}")
    mask = mask.astype(bool, copy=False)
    return mask if present is None else mask & present


def eroded(mask: np.ndarray) -> np.ndarray:
    """Samples all of whose neighbours count, too, and that are not on the rim."""
    from scipy.ndimage import binary_erosion, generate_binary_structure

    return binary_erosion(mask, generate_binary_structure(mask.ndim, mask.ndim), border_value=0)


def as_choice(value: Any, choices: tuple[str, ...], name: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value


def as_number(value: Any, name: str, least: float = -np.inf) -> float:
    """A finite number, at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r}")
    if not isfinite(value) or value < least:
        bound = "" if least == -np.inf else f" and at least {least:g}"
        raise ValueError(f"{name} must be finite{bound}, got {value!r}")
    return float(value)


def per_axis(value: Any, ndim: int, name: str, *, zero: bool = False) -> tuple[float, ...]:
    """One length for all axes, or one per axis: positive, or zero where that is allowed."""
    values = [value] * ndim if np.ndim(value) == 0 else list(value)
    if len(values) != ndim:
        raise ValueError(f"{name} must be a number or one per axis ({ndim}), got {len(values)}")
    numbers = tuple(as_number(v, name, 0) for v in values)
    if not zero and 0 in numbers:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return numbers


def full_scale(dtype: np.dtype) -> float:
    """What scikit-image takes for white: the largest integer, or 1."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def within_scale(image: np.ndarray) -> np.ndarray:
    """The image, with the most negative integer, which scikit-image takes for black as well, one higher."""
    if image.dtype.kind == "i" and image.size and image.min() == np.iinfo(image.dtype).min:
        return np.maximum(image, image.dtype.type(-np.iinfo(image.dtype).max))
    return image
