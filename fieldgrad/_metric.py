"""The geometry of any coordinates: a metric tensor at every sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ._arrays import as_field
from ._axes import Axis, Lattice, closed, per_axis
from ._programs import Raised, carry_out


class Curved(ABC):
    """A metric, its inverse, and what follows from them.

    What gradients take is kept, for the accuracy that was asked for last: a field's size for each component.
    """

    lattice: Lattice
    shape: tuple[int, ...]
    hand = 1  # whether the axes make a right-handed system

    def __init__(self) -> None:
        self._kept: dict[Any, list[np.ndarray]] = {}

    @abstractmethod
    def metric(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        """Of shape (d, d, *S)."""

    def volume_element(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        return volume(self.metric(accuracy, edge_order))

    def kept(self, key: Any, make: Any) -> list[np.ndarray]:
        """Arrays that calls of one kind have in common."""
        found = self._kept.get(key)
        if found is None:
            found = make()
            self._kept = {key: found}
        return found


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
        size = lengths(np.abs(g))
        skew = np.abs(g - g.swapaxes(0, 1)) > 1e-10 * size[:, None] * size
        _complain(skew.any(axis=(0, 1)), "metric must be symmetric, got", g)
        _complain(~_is_positive(g), "metric must be positive definite, got", g)
        g.flags.writeable = False
        self._metric = g

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
        self.positions = [np.array(x, np.float64) for x in arrays]
        axes = []
        for k, loop in enumerate(per_axis(periodic, len(arrays), "periodic", False)):
            axis = Axis(1.0)
            axes.append(closed(axis, self.shape[k], None, f"axis {k}") if loop else axis)
        self.lattice = Lattice(tuple(axes), self.shape)
        jacobian = self.jacobian(2, None)
        determinant = _determinant(jacobian)
        self.hand = 1 if determinant.flat[0] > 0 else -1
        size = np.prod(np.sqrt((jacobian**2).sum(axis=0)), axis=0)
        folded = ~(self.hand * determinant > 1e-12 * size)
        if folded.any():
            at = _first(folded)
            raise ValueError(
                f"positions must not fold or degenerate, but the Jacobian determinant is {determinant[at]:.3g} at {at} "
                f"and {determinant.flat[0]:.3g} at the first sample"
            )

    def jacobian(self, accuracy: int, edge_order: int | None) -> np.ndarray:
        """Derivatives [a, i] of position a along axis i, of as high an accuracy as there are samples for."""
        while accuracy > 2 and min(self.shape) <= accuracy:
            accuracy -= 2
        result = np.empty((len(self.shape), len(self.shape), *self.shape))
        options = None, Raised(accuracy), edge_order, "one-sided", 0.0
        for x, derivatives in zip(self.positions, result, strict=True):
            lead = derivatives if len(self.shape) > 1 else derivatives[0]
            carry_out("stack", x, False, (self.lattice,), options, (None, "propagate"), lead, None)
        return result

    def metric(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        jacobian = self.jacobian(accuracy, edge_order)
        return np.einsum("ai...,ak...->ik...", jacobian, jacobian)

    def volume_element(self, accuracy: int = 2, edge_order: int | None = None) -> np.ndarray:
        return np.abs(_determinant(self.jacobian(accuracy, edge_order)))


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


def _determinant(g: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.det(np.moveaxis(g, (0, 1), (-2, -1))))


def lengths(g: np.ndarray) -> np.ndarray:
    """Of one step along each axis."""
    return np.sqrt(np.einsum("kk...->k...", g))


def volume(g: np.ndarray) -> np.ndarray:
    """Of one step along all axes."""
    return np.sqrt(_determinant(g))


def inverse(g: np.ndarray) -> np.ndarray:
    """Of a matrix at every sample."""
    return np.moveaxis(np.linalg.inv(np.moveaxis(g, (0, 1), (-2, -1))), (-2, -1), (0, 1))


def triangle(g: np.ndarray) -> np.ndarray:
    """The lower triangular factor of a symmetric matrix at every sample."""
    return np.moveaxis(np.linalg.cholesky(np.moveaxis(g, (0, 1), (-2, -1))), (-2, -1), (0, 1))
