"""Stencils as sparse matrices: one row for each sample, in C order."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .stencils import NOTHING, OUTSIDE, Gaps, Stencil, fornberg


def along_line(stencil: Stencil) -> Any:
    """The matrix (n, n) of a stencil on one line. Constants beyond the ends are no part of it."""
    from scipy.sparse import coo_array

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
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return coo_array(entries, shape=(n, n)).tocsr()


def along_axis(stencil: Stencil, shape: tuple[int, ...], axis: int, present: np.ndarray | None) -> Any:
    """The matrix (N, N) of a stencil along an axis of a field. Rows of absent samples are empty."""
    from scipy.sparse import diags_array, eye_array, kron

    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    matrix = kron(kron(eye_array(before), along_line(stencil)), eye_array(after), format="csr")
    if present is None or stencil.gaps is None:
        return matrix
    there = present.ravel()
    reads = matrix.copy()
    reads.data[:] = 1
    whole = there & (reads @ (~there).astype(float) == 0)
    return diags_array(whole.astype(float)).tocsr() @ matrix + _next_to_gaps(
        stencil.gaps, stencil.n, axis, present, (there & ~whole).reshape(shape)
    )


def _next_to_gaps(gaps: Gaps, n: int, axis: int, present: np.ndarray, wanted: np.ndarray) -> Any:
    """Rows of samples that have absent neighbours."""
    from scipy.sparse import coo_array

    # The axis with its ghosts: which samples they are, and whether they are there.
    sample = np.concatenate([gaps.ghosts[0, ::-1], np.arange(n), gaps.ghosts[1]])
    marks = np.moveaxis(present, axis, 0)
    marks = np.where(np.expand_dims(sample, [*range(1, marks.ndim)]) >= 0, marks[np.maximum(sample, 0)], False)
    marks[sample == OUTSIDE] = True
    places = np.moveaxis(np.arange(present.size).reshape(present.shape), axis, 0)
    at = np.nonzero(np.moveaxis(wanted, axis, 0))
    line, i = at[1:], at[0] + gaps.most
    choice = gaps.choice[_run(marks, line, i, -1, gaps.most), _run(marks, line, i, 1, gaps.most)]
    rows, columns, weights = [], [], []
    for which in np.unique(choice[choice >= 0]):
        some = choice == which
        first, last = gaps.window[which]
        points = [i[some] + k for k in range(first, last + 1)]
        for k, weight in enumerate(_weights(gaps, which, points, -first)):
            known = sample[points[k]] >= 0
            rows.append(places[at][some][known])
            columns.append(places[(sample[points[k]], *(part[some] for part in line))][known])
            weights.append(np.broadcast_to(weight, known.shape)[known].astype(float))
    size = present.size
    if not rows:
        return coo_array((size, size)).tocsr()
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return coo_array(entries, shape=(size, size)).tocsr()


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
