"""The field whose derivatives are nearest to given ones: directly in a box, by iterations elsewhere.

All numbers are double precision, and neither too large nor too small to be squared: see `scale_of`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

#: An approximate inverse of normal equations.
Inverse = Callable[[np.ndarray], np.ndarray]


class Solution(NamedTuple):
    field: np.ndarray
    free: Any  # where it may have any mean
    residual: float  # relative
    iterations: int


def scale_of(values: np.ndarray) -> Any:
    """A power of two as large as the largest of finite numbers; exact to divide by."""
    parts = (values.real, values.imag) if values.dtype.kind == "c" else (values,)
    largest = max(np.abs(part).max(initial=0) for part in parts)
    most = np.finfo(largest.dtype).maxexp - 24
    return np.ldexp(largest.dtype.type(1), np.clip(np.frexp(largest)[1], -most, most))


def _norm(x: np.ndarray) -> float:
    return float(np.linalg.norm(np.ravel(x)))


def _free_rows(matrix: Any) -> np.ndarray:
    """Which rows make zero of constants, up to rounding."""
    ones = np.ones(matrix.shape[1])
    return np.asarray(np.abs(matrix @ ones) <= _FREE * (np.abs(matrix) @ ones))


# ---- boxes -------------------------------------------------------------------------------------------------------


class _Line:
    """A matrix along an axis as left diag(values) right^H, where values that are zero but for rounding are zero. Both
    sides are None where they are Fourier's."""

    def __init__(self, matrix: Any) -> None:
        self._left = self._right = None
        if is_circulant(matrix):
            self.values = np.fft.fft(matrix[:, [0]].toarray().ravel())
        else:
            self._left, self.values, right = np.linalg.svd(matrix.toarray())
            self._right = right.T
        sizes = np.abs(self.values)
        self.values[sizes <= 8 * len(sizes) * np.finfo(float).eps * sizes.max()] = 0

    def from_left(self, x: np.ndarray, axis: int) -> np.ndarray:
        return np.fft.fft(x, axis=axis, norm="ortho") if self._left is None else _along(self._left.T, x, axis)

    def from_right(self, x: np.ndarray, axis: int) -> np.ndarray:
        return np.fft.fft(x, axis=axis, norm="ortho") if self._right is None else _along(self._right.T, x, axis)

    def to_right(self, x: np.ndarray, axis: int) -> np.ndarray:
        return np.fft.ifft(x, axis=axis, norm="ortho") if self._right is None else _along(self._right, x, axis)


def is_circulant(line: Any) -> bool:
    """Whether all samples of an axis are alike."""
    shifted = np.roll(np.arange(line.shape[0]), 1)
    difference = np.abs(line[shifted][:, shifted] - line)
    return bool(difference.nnz == 0 or difference.max() <= 1e-14 * np.abs(line).max())


def _along(matrix: Any, x: np.ndarray, axis: int) -> np.ndarray:
    """A matrix along an axis."""
    moved = np.moveaxis(x, axis, 0)
    result = matrix @ moved.reshape(moved.shape[0], prod(moved.shape[1:]))
    return np.moveaxis(result.reshape(result.shape[0], *moved.shape[1:]), 0, axis)


class Box:
    """Derivatives along all axes of a box, in the singular vectors of each axis.

    Where one axis makes nothing of a field, others decide, however small their derivatives are; so zeros are told axis
    by axis, and nothing is squared and then compared.
    """

    def __init__(self, lines: list[Any]) -> None:
        self._matrices, self._lines = lines, [_Line(line) for line in lines]
        d = len(lines)
        self._values = [np.expand_dims(line.values, [*range(1, d - k)]) for k, line in enumerate(self._lines)]
        self._sizes = reduce(np.hypot, [np.abs(values) for values in self._values])

    def solve(self, vectors: np.ndarray) -> Solution:
        """The shortest of the nearest fields."""
        inverse = np.divide(1, self._sizes, out=np.zeros_like(self._sizes), where=self._sizes > 0)
        y: Any = 0.0
        for k, component in enumerate(vectors):
            for j, line in enumerate(self._lines):
                component = line.from_left(component, j) if j == k else line.from_right(component, j)
            y = y + np.conj(self._values[k]) * inverse * component
        f = self._back(inverse * y, vectors)
        left = [
            _along(matrix, f, k) - component
            for k, (matrix, component) in enumerate(zip(self._matrices, vectors, strict=True))
        ]
        free = all(_free_rows(matrix).all() for matrix in self._matrices)
        return Solution(f, free, _norm(np.stack(left)) / (_norm(vectors) or 1.0), 0)

    def inverse_for(self, present: np.ndarray, scale: float) -> Inverse:
        """An approximate inverse where some samples are absent, of derivatives over `scale`. Fields that a whole box
        does not see, gaps may show: they count as those that it sees least."""
        sizes = self._sizes / scale
        seen = sizes > 0
        squares = np.where(seen, sizes, sizes[seen].min() if seen.any() else 1.0) ** 2

        def nearly_inverse(b: np.ndarray) -> np.ndarray:
            y = present * b.reshape(present.shape)
            for k, line in enumerate(self._lines):
                y = line.from_right(y, k)
            return np.asarray(present * self._back(y / squares, b)).ravel()

        return nearly_inverse

    def _back(self, y: np.ndarray, like: np.ndarray) -> np.ndarray:
        for k, line in enumerate(self._lines):
            y = line.to_right(y, k)
        return np.asarray(y if like.dtype.kind == "c" else y.real)


# ---- anywhere ----------------------------------------------------------------------------------------------------


class Elimination:
    """Normal equations, made definite by a small shift, and eliminated."""

    def __init__(self, normal: Any) -> None:
        from scipy.sparse import eye_array
        from scipy.sparse.linalg import splu

        self._shift = _SHIFT * (normal.diagonal().max(initial=0) or 1.0)
        definite = (normal + self._shift * eye_array(normal.shape[0])).tocsc()
        self._factors = splu(definite, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def __call__(self, x: np.ndarray) -> np.ndarray:
        solve = self._factors.solve
        return np.asarray(solve(x.real.copy()) + 1j * solve(x.imag.copy()) if x.dtype.kind == "c" else solve(x))

    def unseen(self, f: np.ndarray, matrix: Any, little: float) -> np.ndarray:
        """The part of a field of which a matrix makes `little` or, up to rounding, nothing; zeros where it is not to be
        told apart."""
        bound = _bound(matrix)
        for _ in range(_MOST_SHIFTED):
            f = self._shift * self(f)
            if _norm(matrix @ f) <= little + 4 * np.finfo(float).eps * bound * _norm(f):
                return f
        return np.zeros_like(f)


def by_diagonal(normal: Any) -> Inverse:
    diagonal = normal.diagonal()
    diagonal = np.where(diagonal > 0, diagonal, 1)
    return lambda x: x / diagonal


def solve(matrix: Any, wanted: np.ndarray, inverses: Iterable[Callable[[Any, float], Inverse]]) -> Solution:
    """The nearest field by conjugate gradients, helped by approximate inverses: the next one, if one does not do.

    Parameters
    ----------
    matrix : sparse array, (M, N)
    wanted : ndarray, (M,)
    inverses : iterable of callable
        Each makes an inverse of the normal equations of the matrix over a scale, given both.
    """
    scale = float(scale_of(matrix.data)) if matrix.nnz else 1.0
    matrix = matrix / scale
    normal = (matrix.T @ matrix).tocsr()
    size = _norm(wanted)
    f, iterations, excess = np.zeros(matrix.shape[1], wanted.dtype), 0, 0.0
    for make in inverses:
        inverse = make(normal, scale)
        f, excess, more = _descend(matrix, wanted, f, inverse)
        iterations += more
        if excess <= _ENOUGH * size:
            break
    else:
        slope = _norm(matrix.T @ (wanted - matrix @ f)) / (_norm(matrix.T @ wanted) or 1.0)
        warnings.warn(
            f"the potential is not the nearest one: after {iterations} iterations the normal equations have a "
            f"relative residual of {slope:.1e}",
            RuntimeWarning,
            stacklevel=4,  # the caller of `potential`
        )
    f, free = _shortest(f, matrix, normal, inverse, size)
    return Solution(f / scale, free, _norm(matrix @ f - wanted) / (size or 1.0), iterations)


def _descend(matrix: Any, wanted: np.ndarray, f: np.ndarray, inverse: Inverse) -> tuple[np.ndarray, float, int]:
    """A field, how much nearer others may be, and the number of iterations. Residuals are those of the equations
    themselves, at each step, so that digits are not lost twice."""
    size, bound = _norm(wanted), _bound(matrix)
    patience = _PATIENCE if isinstance(inverse, Elimination) else _MORE_PATIENCE
    best, least, at, step, before = f, np.inf, 0, np.zeros_like(f), np.inf
    for iteration in range(_MOST_ITERATIONS + 1):
        slope = matrix.T @ (wanted - matrix @ f)
        ahead = inverse(slope)
        squared = float(np.vdot(slope, ahead).real)
        if squared < least:
            best, least, at = f, squared, iteration
        # Inverses make much of what is rounding alone.
        rounding = np.finfo(float).eps / 16 * bound * (size + bound * _norm(f))
        if squared <= (_RTOL * size) ** 2 or _norm(slope) <= rounding or iteration - at > patience:
            break
        step = ahead + squared / before * step
        before = squared
        change = _norm(matrix @ step) ** 2
        if change == 0:
            break
        f = f + np.vdot(step, slope) / change * step
    return best, least**0.5, iteration


def _bound(matrix: Any) -> float:
    """No less than the norm of a matrix."""
    sizes = np.abs(matrix)
    return float(np.sqrt(sizes.sum(axis=0).max(initial=0) * sizes.sum(axis=1).max(initial=0)))


def _shortest(f: np.ndarray, matrix: Any, normal: Any, inverse: Any, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Without what does not matter, and where constants do not; of what an elimination does not tell, without constants
    alone, part by part."""
    from scipy.sparse.csgraph import connected_components

    for _ in range(_MOST_SHORTENED if isinstance(inverse, Elimination) else 0):
        unseen = inverse.unseen(f, matrix, _RTOL * size)
        f = f - unseen
        if _norm(unseen) <= _RTOL * _norm(f):
            break
    part = connected_components(normal, directed=False)[1]
    means = np.zeros(part.max(initial=-1) + 1, f.dtype)
    np.add.at(means, part, f)
    bound = np.unique(part[np.abs(matrix).T @ (~_free_rows(matrix)).astype(float) > 0])
    free = ~np.isin(part, bound)
    return f - np.where(free, (means / np.bincount(part))[part], 0), free


#: How near is near enough, relative to what is wanted: to end, and not to warn.
_RTOL, _ENOUGH = 1e-13, 1e-8
#: Iterations with an inverse; and those without getting nearer, by elimination and by others.
_MOST_ITERATIONS, _PATIENCE, _MORE_PATIENCE = 1000, 30, 100
#: What makes normal equations definite, relative to their diagonal; how often it is used to tell what does not matter.
_SHIFT, _MOST_SHIFTED, _MOST_SHORTENED = 1e-12, 30, 4
#: Derivatives of a constant that are zero, relative to the weights.
_FREE = 1e-12
