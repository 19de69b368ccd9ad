"""Nasty arrays: the same values in every memory layout, in every dtype, with every special number."""

import itertools

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

REALS = tuple(map(np.dtype, (np.float16, np.float32, np.float64, np.longdouble)))
COMPLEXES = tuple(map(np.dtype, (np.complex64, np.complex128, np.clongdouble)))
INTEGERS = tuple(map(np.dtype, "bBhHiIqQ"))
DTYPES = (*REALS, *COMPLEXES, *INTEGERS, np.dtype(bool))


def result_dtype(dtype):
    """Inexact numbers keep their type, the others become float64."""
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _byte_swapped(a):
    return a.astype(a.dtype.newbyteorder("S"))


def _every_other(a):
    view = np.zeros([2 * n + 1 for n in a.shape], a.dtype)[(slice(1, None, 2),) * a.ndim]
    view[...] = a
    return view


def _backwards(a):
    flip = (slice(None, None, -1),) * a.ndim
    return a[flip].copy()[flip]


def _part_of_longer_rows(a):
    view = np.zeros((*a.shape[:-1], a.shape[-1] + 3), a.dtype)[..., 1:-2]
    view[...] = a
    return view


def _unaligned(a):
    view = np.ndarray(a.shape, a.dtype, buffer=bytearray(a.nbytes + 1), offset=1)
    view[...] = a
    return view


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def _axes_permuted(a):
    return np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0)


# Each makes an array with the values of a C-ordered one.
LAYOUTS = {
    "C": np.copy,
    "Fortran": np.asfortranarray,
    "axes permuted": _axes_permuted,
    "byte-swapped": _byte_swapped,
    "every other sample": _every_other,
    "backwards": _backwards,
    "part of longer rows": _part_of_longer_rows,
    "unaligned": _unaligned,
    "read-only": _read_only,
    "backwards byte-swapped": lambda a: _backwards(_byte_swapped(a)),
    "unaligned Fortran": lambda a: _unaligned(a.T.copy()).T,
}
SHAPES = ((2,), (37,), (3, 5), (5, 70), (70, 3), (4, 3, 9), (3, 4, 2, 5), (2, 3, 2, 3, 4))


def field(shape, dtype=np.float64, seed=0):
    """Reproducible values that no symmetry can hide behind, of every size that the type allows."""
    rng = np.random.default_rng([seed, *shape])
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def special_values(dtype):
    limits = np.finfo(dtype)
    positive = [0, 1, 1 / 3, limits.smallest_subnormal, limits.tiny, limits.max, np.inf]
    return np.array([*positive, *np.negative(positive), np.nan], dtype)


def special_triples(dtype):
    """Shape (3, N): every triple of special values, so that a three-point stencil meets them all."""
    return np.array(list(itertools.product(special_values(dtype), repeat=3))).T


def special_line(dtype, n=4099):
    """Special values in random order, long enough for every vector loop and its remainder."""
    return np.random.default_rng(7).choice(special_values(dtype), n)


def uneven_coordinates(n, seed=0, first=0.0, descending=False):
    """Strictly monotonic with steps between 0.2 and 1.8."""
    x = first + np.cumsum(np.random.default_rng([seed, n]).uniform(0.2, 1.8, n))
    return -x if descending else x


def fields(dtype=np.float64, *, min_side=3, max_side=9, max_dims=4, **elements):
    """Strategy: arrays of any shape with any numbers, NaN, infinities and subnormals among them."""
    return hnp.arrays(
        dtype,
        hnp.array_shapes(max_dims=max_dims, min_side=min_side, max_side=max_side),
        elements=hnp.from_dtype(np.dtype(dtype), **elements),
    )


def spacings(width=64):
    """Strategy: finite spacings other than zero, of either sign and any size."""
    return st.floats(allow_nan=False, allow_infinity=False, width=width).filter(bool)
