"""The geometry of any coordinates: a metric tensor at every sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

import numpy as np

from ._arrays import as_field
from ._axes import Axis, Lattice, as_loops, closed
from ._config import as_workers
from ._pieces import Piece, each, pieces
from ._programs import EVERYWHERE, Raised, carry_out
from .stencils import radius_of


class Curved(ABC):
    """A metric, its inverse, and what follows from them.

    What operators need of it is kept: of each what it needed last, a few arrays of the field's size. Symmetric
    matrices are lists of components: those on the diagonal and above it, row by row.
    """

    lattice: Lattice
    shape: tuple[int, ...]
    hand = 1  # whether the axes make a right-handed system

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, list[np.ndarray]]] = {}

    @abstractmethod
    def metric_at(self, piece: Piece, accuracy: int, edge_order: int | None) -> list[np.ndarray]:
        """That of a piece's samples, but for `metric_reach` of them beside those that are not its own."""

    def metric_reach(self, accuracy: int) -> int:
        return 0

    @abstractmethod
    def check(self, accuracy: int, edge_order: int | None) -> None:
        """Refuse a metric of these orders that is none."""

    def metric_arrays(self, accuracy: int, edge_order: int | None, workers: Any = None) -> list[np.ndarray]:
        """That of all samples, kept."""
        orders, count = (accuracy, edge_order), len(pairs(len(self.shape)))
        return self.coefficients("metric", orders, "d", None, lambda piece, g: g, count, 0, workers)

    def coefficients(
        self,
        name: str,
        orders: tuple[int, int | None],
        kind: str,
        variant: Any,
        make: Callable[[Piece, list[np.ndarray]], Sequence[np.ndarray]],
        count: int,
        reach: int,
        workers: Any,
    ) -> list[np.ndarray]:
        """What `make(piece, metric)` makes of a metric of these orders, in `count` arrays of a dtype; kept until others
        of that name are asked for."""
        key = orders, kind, variant
        before, arrays = self._kept.get(name, (None, []))
        if before != key:
            self.check(*orders)
            arrays = [np.empty(self.shape, kind) for _ in range(count)]
            self.fill(arrays, lambda piece: make(piece, self.metric_at(piece, *orders)), orders[0], reach, workers)
            self._kept[name] = key, arrays
        return arrays

    def metric(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        """Of shape (d, d, *S)."""
        self.check(accuracy, edge_order)
        d = len(self.shape)
        result = np.empty((d, d, *self.shape))
        upper = [result[pair] for pair in pairs(d)]
        self.fill(upper, lambda piece: self.metric_at(piece, accuracy, edge_order), accuracy, 0)
        for i, k in pairs(d):
            result[k, i] = result[i, k]
        return result

    def volume_element(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        self.check(accuracy, edge_order)

        def volume(piece: Piece) -> list[np.ndarray]:
            return [inverse_and_volume(self.metric_at(piece, accuracy, edge_order))[1]]

        result = np.empty(self.shape)
        self.fill([result], volume, accuracy, 0)
        return result

    def fill(
        self,
        arrays: list[np.ndarray],
        make: Callable[[Piece], Sequence[np.ndarray]],
        accuracy: int,
        reach: int,
        workers: Any = None,
    ) -> None:
        """Fill arrays with what is made, piece by piece, of a metric of that accuracy. It is needed for `reach` samples
        beyond the results."""
        reach += self.metric_reach(accuracy)
        closed_axes = tuple(axis.periodic for axis in self.lattice.axes_for(self.shape))

        def fill(piece: Piece) -> None:
            for array, part in zip(arrays, make(piece), strict=True):
                array[piece.wanted] = part[piece.found]

        order = tuple(range(len(self.shape)))
        each(pieces(self.lattice, self.shape, order, accuracy, reach, closed_axes), fill, as_workers(workers))


class Measured(Curved):
    """A metric that is given."""

    def __init__(self, metric: Any) -> None:
        super().__init__()
        g = as_field(metric, "metric")
        if g.dtype.kind not in "iuf":
            raise TypeError(f"metric must be made of real numbers, got dtype {g.dtype}")
        if g.ndim < 3 or g.shape[0] != g.shape[1] or g.ndim != g.shape[0] + 2:
            raise ValueError(f"metric must have shape (d, d, *S) with d axes in S, got {g.shape}")
        g = np.array(g, np.float64)
        self.shape = g.shape[2:]
        _complain(~np.isfinite(g).all(axis=(0, 1)), "metric must be finite, got", g)
        size = np.sqrt(np.abs(np.einsum("kk...->k...", g)))
        skew = np.abs(g - g.swapaxes(0, 1)) > 1e-10 * size[:, None] * size
        _complain(skew.any(axis=(0, 1)), "metric must be symmetric, got", g)
        _complain(~_is_positive(g), "metric must be positive definite, got", g)
        g.flags.writeable = False
        self._metric = g

    def check(self, accuracy: int, edge_order: int | None) -> None:
        """It was, when it was given."""

    def metric_at(self, piece: Piece, accuracy: int, edge_order: int | None) -> list[np.ndarray]:
        return [piece.of(part) for part in self.metric_arrays(accuracy, edge_order)]

    def metric_arrays(self, accuracy: int, edge_order: int | None, workers: Any = None) -> list[np.ndarray]:
        return [self._metric[pair] for pair in pairs(len(self.shape))]

    def metric(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        return self._metric


class Mapped(Curved):
    """The metric of a map from indices to positions."""

    def __init__(self, positions: tuple[Any, ...], periodic: Any) -> None:
        super().__init__()
        if not positions:
            raise ValueError("positions must be one array per axis, got none")
        arrays = [as_field(x, f"positions[{k}]") for k, x in enumerate(positions)]
        self.shape = arrays[0].shape
        for k, x in enumerate(arrays):
            if x.dtype.kind not in "iuf":
                raise TypeError(f"positions[{k}] must be real numbers, got dtype {x.dtype}")
            if x.shape != self.shape:
                raise ValueError(f"positions must have one shape, got {self.shape} and {x.shape}")
            wrong = ~np.isfinite(x)
            if wrong.any():
                raise ValueError(f"positions[{k}] must be finite, got {x[wrong][0]} at {_first(wrong)}")
        if len(arrays) != len(self.shape):
            raise ValueError(f"positions must be {len(self.shape)} arrays of shape {self.shape}, got {len(arrays)}")
        if min(self.shape) < 2:
            raise ValueError(f"positions must have at least 2 samples along each axis, got shape {self.shape}")
        self.positions = [np.array(x, np.float64) for x in arrays]
        axes = []
        for k, loop in enumerate(as_loops(periodic, len(arrays))):
            axis = Axis(1.0)
            axes.append(closed(axis, self.shape[k], None, f"axis {k}") if loop else axis)
        self.lattice = Lattice(tuple(axes), self.shape)
        self._checked: set[tuple[int, int | None]] = set()
        self.check(2, None)

    def check(self, accuracy: int, edge_order: int | None) -> None:
        """Refuse a map whose Jacobian, with derivatives of these orders, vanishes or changes its sign."""
        orders = self._accuracy(accuracy), edge_order
        if orders in self._checked:
            return
        rounding = 4 * np.finfo(float).eps * max(np.abs(x).max() for x in self.positions)

        def make(piece: Piece) -> list[np.ndarray]:
            jacobian = self._jacobian([piece.of(x) for x in self.positions], piece.lattice, *orders, 1)
            steps = np.sqrt((jacobian**2).sum(axis=0))
            determinant = _determinant([list(row) for row in jacobian])
            return [np.where(steps.min(axis=0) > rounding, determinant, 0), np.prod(steps, axis=0)]

        determinant, size = np.empty(self.shape), np.empty(self.shape)
        self.fill([determinant, size], make, orders[0], 0)
        if not self._checked:
            self.hand = 1 if determinant.flat[0] > 0 else -1
        folded = ~(self.hand * determinant > 1e-12 * size)
        if folded.any():
            at, first = _first(folded), determinant.flat[0]
            raise ValueError(
                f"positions must not fold or degenerate, but the Jacobian determinant is {determinant[at]:.3g} at {at} "
                f"and {first:.3g} at the first sample, by derivatives of accuracy {orders[0]}"
            )
        self._checked.add(orders)

    def _jacobian(
        self, positions: list[np.ndarray], lattice: Lattice, accuracy: int, edge_order: int | None, workers: Any = None
    ) -> np.ndarray:
        """Derivatives [a, i] of position a along axis i, of as high an accuracy as there are samples for."""
        result = np.empty((len(positions), len(positions), *positions[0].shape))
        options = None, Raised(self._accuracy(accuracy)), edge_order, "one-sided", 0.0
        for x, derivatives in zip(positions, result, strict=True):
            lead = derivatives if len(positions) > 1 else derivatives[0]
            carry_out("stack", x, False, (lattice,), options, EVERYWHERE, lead, workers)
        return result

    def _accuracy(self, accuracy: int) -> int:
        while accuracy > 2 and min(self.shape) <= accuracy:
            accuracy -= 2
        return accuracy

    def metric_at(self, piece: Piece, accuracy: int, edge_order: int | None) -> list[np.ndarray]:
        jacobian = self._jacobian([piece.of(x) for x in self.positions], piece.lattice, accuracy, edge_order, 1)
        return [sum(row[i] * row[k] for row in jacobian) for i, k in pairs(len(jacobian))]

    def metric_reach(self, accuracy: int) -> int:
        return radius_of(1, self._accuracy(accuracy))


def _first(marks: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(marks)), marks.shape))


def _complain(marks: np.ndarray, message: str, g: np.ndarray) -> None:
    if marks.any():
        at = _first(marks)
        matrix = np.moveaxis(g, (0, 1), (-2, -1))[at]
        raise ValueError(f"{message} {matrix.tolist()} at {at}")


def _is_positive(g: np.ndarray) -> np.ndarray:
    """Whether all pivots of elimination are positive, beyond rounding."""
    rest, good = g.copy(), np.ones(g.shape[2:], bool)
    with np.errstate(all="ignore"):
        for k in range(len(g)):
            good &= rest[k, k] > 1e-14 * g[k, k]
            rest[k + 1 :, k + 1 :] -= rest[k + 1 :, k, None] * rest[None, k, k + 1 :] / rest[k, k]
    return good


def _determinant(rows: Sequence[Sequence[np.ndarray]]) -> Any:
    """By its expansion along the first row."""
    if not rows:
        return 1.0
    signs = (1, -1) * len(rows)
    return sum(
        sign * part * _determinant([[*row[:k], *row[k + 1 :]] for row in rows[1:]])
        for k, (sign, part) in enumerate(zip(signs, rows[0], strict=False))
    )


def lengths(g: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of one step along each axis."""
    return [np.sqrt(part) for part, (i, k) in zip(g, pairs(_rank(g)), strict=True) if i == k]


def _rank(g: Sequence[np.ndarray]) -> int:
    """How many rows a symmetric matrix has."""
    return int((2 * len(g)) ** 0.5)


def pairs(d: int) -> list[tuple[int, int]]:
    """Rows and columns of the components of a symmetric matrix."""
    return [(i, k) for i in range(d) for k in range(i, d)]


def whole_matrix(g: Sequence[Any], d: int) -> list[list[Any]]:
    """All components [i][k] of a symmetric matrix."""
    upper = dict(zip(pairs(d), g, strict=True))
    return [[upper[min(i, k), max(i, k)] for k in range(d)] for i in range(d)]


def inverse_and_volume(g: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Of a metric: its inverse, and the square root of its determinant."""
    raised, determinant = inverse(g)
    return raised, np.sqrt(determinant)


def inverse(g: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Of a symmetric matrix: its inverse, and its determinant.

    J. H. Goodnight, "A Tutorial on the SWEEP Operator", The American Statistician 33 (1979). Swept by all its pivots, a
    matrix is its inverse times -1.
    """
    d = _rank(g)
    m: dict[tuple[int, int], np.ndarray] = dict(zip(pairs(d), g, strict=True))
    determinant: Any = 1.0
    for k in range(d):
        determinant, reciprocal = determinant * m[k, k], 1 / m[k, k]
        row = {i: m[min(i, k), max(i, k)] for i in range(d) if i != k}
        scaled = {i: part * reciprocal for i, part in row.items()}
        for i, part in row.items():
            for j in row:
                if i <= j:
                    m[i, j] = m[i, j] - part * scaled[j]
            m[min(i, k), max(i, k)] = scaled[i]
        m[k, k] = -reciprocal
    return [np.negative(part, out=part) for part in m.values()], determinant


def triangle(g: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
    """Rows of the lower triangular factor of a positive definite matrix, each up to the diagonal (Cholesky)."""
    rows: list[list[np.ndarray]] = []
    for i, row in enumerate(g):
        made: list[np.ndarray] = []
        for k in range(i):
            made.append((row[k] - sum(map(mul, made, rows[k][:k]))) / rows[k][k])
        rows.append([*made, np.sqrt(row[i] - sum(part * part for part in made))])
    return rows
