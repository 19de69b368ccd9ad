"""Transposed stencils: the adjoint of the gradient, by the same engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._arrays import KINDS, memory_order, new_result
from ._config import as_workers
from ._engine.core import Plan
from ._engine.pool import share
from ._geometry import Product
from ._matrices import along_line
from .stencils import NOTHING, Stencil


def transposed(stencil: Stencil) -> tuple[Stencil, np.ndarray | None]:
    """The table of the transposed matrix; and what each sample itself counts beside it, if coordinates are uneven.

    Rows of a transposed stencil do not sum to zero where weights vary, so that differences alone can't make them.
    """
    n, inside = stencil.n, np.arange(stencil.lo, stencil.hi)
    matrix = along_line(stencil).T.tocsr()
    lo, hi = _alike(stencil, matrix)
    middle = np.arange(lo, hi)
    weights, ahead, behind, centre = stencil.weights, None, None, None
    if stencil.ahead is not None and stencil.behind is not None:
        # What rows of samples k before and after say of this one, for each k.
        reaches = stencil.offsets[:, 0]
        up = [_shifted(w, inside, middle - k) for w, k in zip(stencil.weights + stencil.ahead, reaches, strict=True)]
        down = [_shifted(w, inside, middle + k) for w, k in zip(stencil.weights + stencil.behind, reaches, strict=True)]
        shape = len(reaches), len(middle)
        weights, ahead, behind = np.zeros(shape), -np.reshape(down, shape), -np.reshape(up, shape)
        centre = np.zeros(n)
        centre[middle] = matrix.diagonal()[middle] + (ahead - behind).sum(axis=0)
        offsets = stencil.offsets
    else:
        offsets = -stencil.offsets
    index, edge_weights, count = _rows(matrix, [*range(lo), *range(hi, n)])
    ones = np.ones(len(count))
    table = Stencil(n, lo, hi, offsets, weights, ahead, behind, stencil.divisor, index, edge_weights, count, ones)
    return table, centre


def _shifted(values, at, wanted):
    """Values that are given at some samples, at others of them."""
    return values[wanted - at[0]] if len(at) and len(wanted) else values[:0]


def _alike(stencil, matrix):
    """The samples lo ... hi - 1 that only rows of the interior read."""
    reach = int(np.abs(stencil.offsets).max(initial=0))
    lo, hi = stencil.lo + reach, stencil.hi - reach
    ends = np.r_[0 : stencil.lo, stencil.hi : stencil.n]
    read = np.unique(matrix[:, ends].nonzero()[0]) if len(ends) else np.array([], int)
    half = stencil.n // 2
    lo = max(lo, int(read[read < half].max(initial=-1)) + 1)
    hi = min(hi, int(read[read >= half].min(initial=stencil.n)))
    return (lo, hi) if lo < hi else (stencil.n, stencil.n)


def _rows(matrix, which):
    """Rows of a matrix as terms: sample, nothing, weight."""
    lengths = np.diff(matrix.indptr)[which]
    longest = int(lengths.max(initial=0))
    index = np.full((len(which), longest, 2), NOTHING, np.intp)
    weights = np.zeros((len(which), longest))
    for row, i in enumerate(which):
        some = slice(matrix.indptr[i], matrix.indptr[i + 1])
        index[row, : lengths[row], 0], weights[row, : lengths[row]] = matrix.indices[some], matrix.data[some]
    return index, weights, lengths.astype(np.intc)


class Adjoint:
    """The sum of transposed derivatives of components, each along its own axis and times functions of the others."""

    def __init__(self, tables: list[Stencil], weights: Sequence[Product] | None = None) -> None:
        self._parts = [transposed(table) for table in tables]
        self._weights = weights or [Product()] * len(tables)
        self._shape = tuple(table.n for table in tables)
        self._plans: dict[Any, Plan] = {}

    def _plan(self, dtype: np.dtype, order: tuple[int, ...]) -> Plan:
        if (dtype, order) not in self._plans:
            kind = KINDS[dtype.char]
            components: list[Any] = []
            terms: list[Any] = []
            for k, ((table, centre), weight) in enumerate(zip(self._parts, self._weights, strict=True)):
                factors = [(order.index(axis), values) for axis, values in weight.along]
                terms.append((len(components), weight.number, factors, -1))
                components.append((k, order.index(k), table))
                if centre is not None:
                    terms.append((len(components), weight.number, [*factors, (order.index(k), centre)], -1))
                    components.append((k, -1, None))
            shape = [self._shape[k] for k in order]
            self._plans[dtype, order] = Plan(
                shape, components, "stack", kind.sample, kind.lanes, kind.stored, False, False, 0.0, [terms]
            )
        return self._plans[dtype, order]

    def __call__(self, F: np.ndarray, workers: int | None = None) -> np.ndarray:
        """Of components, in double precision."""
        order = memory_order(F[0])
        out = new_result((), F[0], order, F.dtype)
        self._plan(F.dtype, order)(list(F), out, order, False, True, as_workers(workers), share, None, [])
        return out
