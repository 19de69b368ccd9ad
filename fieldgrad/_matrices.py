"""Stencils as sparse matrices: one row for each sample, in C order."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .stencils import NOTHING, OUTSIDE, Gaps, Stencil, fornberg


class Rows(NamedTuple):
    """A matrix, and which of its rows there are samples for. The others are empty; but so may be any: a derivative can
    be zero, whatever the field is."""

    matrix: Any
    known: np.ndarray

    def taken(self, which: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.matrix[which], self.known[which])

    def of(self, fields: Any) -> Rows:
        """The same, of fields that a matrix makes."""
        return Rows((self.matrix @ fields).tocsr(), self.known)

    def times(self, factor: Any, shape: tuple[int, ...]) -> Rows:
        """Each row times the factor of its sample, an array that broadcasts to that shape."""
        return Rows(_each_row(np.broadcast_to(factor, shape), self.matrix), self.known)

    def where(self, there: np.ndarray) -> Rows:
        """Those alone."""
        known = self.known & there.ravel()
        return self if (known == self.known).all() else Rows(_each_row(known, self.matrix), known)

    def replaced(self, which: np.ndarray, by: Rows) -> Rows:
        """Some of the rows by others."""
        from scipy.sparse import csr_array

        keep, known = np.ones(len(self.known), bool), self.known.copy()
        keep[which], known[which] = False, by.known
        place = csr_array((np.ones(len(which)), (which, np.arange(len(which)))), shape=(len(keep), len(which)))
        return Rows((_each_row(keep, self.matrix) + place @ by.matrix).tocsr(), known)


def total(rows: Sequence[Rows]) -> Rows:
    """Their sum, where all are known."""
    known = np.all([one.known for one in rows], axis=0)
    return Rows(sum(one.matrix for one in rows).tocsr(), np.ones(len(known), bool)).where(known)


def _each_row(factor: np.ndarray, matrix: Any) -> Any:
    from scipy.sparse import diags_array

    return (diags_array(factor.ravel().astype(float)) @ matrix).tocsr()


def along_line(stencil: Stencil) -> Any:
    """The matrix (n, n) of a stencil on one line. Constants beyond the ends are no part of it."""
    n, inside = stencil.n, np.arange(stencil.lo, stencil.hi)
    rows, columns, weights = [], [], []

    def add(row: np.ndarray, column: np.ndarray, weight: Any) -> None:
        known = column >= 0
        rows.append(row[known])
        columns.append(column[known])
        weights.append(np.broadcast_to(np.asarray(weight, float), row.shape)[known])

    for t, (a, b) in enumerate(stencil.offsets):
        w = np.asarray(stencil.weights[t], np.longdouble) / stencil.divisor
        add(inside, inside + a, w)
        add(inside, inside + b, -w)
        if stencil.ahead is not None and stencil.behind is not None:
            add(inside, inside + a, stencil.ahead[t])
            add(inside, inside, stencil.behind[t] - stencil.ahead[t])
            add(inside, inside + b, -stencil.behind[t])
    ends = np.concatenate([np.arange(stencil.lo), np.arange(stencil.hi, n)])
    for t in range(stencil.edge_index.shape[1]):
        w = stencil.edge_weights[:, t] / stencil.edge_divisor
        used = t < stencil.edge_count
        for sign, which in ((1, 0), (-1, 1)):
            add(ends, np.where(used, stencil.edge_index[:, t, which], NOTHING), sign * w)
    return _summed(rows, columns, weights, n)


def _summed(rows: list[np.ndarray], columns: list[np.ndarray], weights: list[np.ndarray], size: int) -> Any:
    """A square matrix. Entries of one place are summed; where they cancel, as those of mirrored samples do, what
    rounding leaves of them would be a derivative by itself."""
    from scipy.sparse import coo_array

    if not rows:
        return coo_array((size, size)).tocsr()
    place, entries = (np.concatenate(rows), np.concatenate(columns)), np.concatenate(weights)
    total, sizes = (coo_array((each, place), shape=(size, size)).tocsr() for each in (entries, np.abs(entries)))
    total.data[np.abs(total.data) <= 8 * np.finfo(float).eps * sizes.data] = 0
    return total


def along_axis(stencil: Stencil, shape: tuple[int, ...], axis: int, present: np.ndarray | None) -> Rows:
    """The matrix (N, N) of a stencil along an axis of a field, where samples may be absent."""
    from scipy.sparse import eye_array, kron

    if present is not None and stencil.gaps is not None:
        return _by_neighbours(stencil.gaps, stencil.n, axis, present)
    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    matrix = kron(kron(eye_array(before), along_line(stencil)), eye_array(after), format="csr")
    return Rows(matrix, np.ones(matrix.shape[0], bool))


def _by_neighbours(gaps: Gaps, n: int, axis: int, present: np.ndarray) -> Rows:
    """Each sample's row by how many others there are on either side."""
    # The axis with its ghosts: which samples they are, and whether they are there.
    sample = np.concatenate([gaps.ghosts[0, ::-1], np.arange(n), gaps.ghosts[1]])
    marks = np.moveaxis(present, axis, 0)
    marks = np.where(np.expand_dims(sample, [*range(1, marks.ndim)]) >= 0, marks[np.maximum(sample, 0)], False)
    marks[sample == OUTSIDE] = True
    places = np.moveaxis(np.arange(present.size).reshape(present.shape), axis, 0)
    at = np.nonzero(np.moveaxis(present, axis, 0))
    line, i = at[1:], at[0] + gaps.most
    choice = gaps.choice[_run(marks, line, i, -1, gaps.most), _run(marks, line, i, 1, gaps.most)]
    known = np.zeros(present.size, bool)
    known[places[at]] = choice >= 0
    rows, columns, weights = [], [], []
    for which in np.unique(choice[choice >= 0]):
        some = choice == which
        first, last = gaps.window[which]
        points = [i[some] + k for k in range(first, last + 1)]
        for k, weight in enumerate(_weights(gaps, which, points, -first)):
            there = sample[points[k]] >= 0
            rows.append(places[at][some][there])
            columns.append(places[(sample[points[k]], *(part[some] for part in line))][there])
            weights.append(np.broadcast_to(weight, there.shape)[there].astype(float))
    return Rows(_summed(rows, columns, weights, present.size), known)


def _run(marks, line, i, direction, most):
    """How many samples are there side by side, before or after one."""
    length, going_on = np.zeros(len(i), int), np.ones(len(i), bool)
    for k in range(1, most + 1):
        going_on &= marks[(i + direction * k, *line)]
        length += going_on
    return length


def _weights(gaps, which, points, at):
    """The weight of each point of a row, in this order: one number, or one for each sample."""
    if gaps.positions is not None:
        x = [gaps.positions[point] for point in points]
        return fornberg(x, x[at], gaps.order)
    weights = np.zeros(len(points), np.longdouble)
    for t in range(gaps.count[which]):
        for sign, point in zip((1, -1), gaps.index[which, t], strict=True):
            if point != NOTHING:
                weights[point] += sign * gaps.weights[which, t] / gaps.divisor[which]
    return list(weights)
