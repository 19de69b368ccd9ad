"""Zeros of the gradient of SciPy's cubic spline, by Newton's method from very many seeds: it may miss some."""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

STEPS = 40
#: Zeros that Newton's method has found: its last step, in cells.
CONVERGED = 1e-10
#: Two ways that end at places so close, in cells, end at one zero, if it is of one kind.
SAME = 1e-6


class Pieces:
    """The interpolating spline along one axis after the other, as polynomials: one for each cell between samples."""

    def __init__(self, f, coords, periods):
        self.breaks, self.loop = [], np.array([period is not None for period in periods])
        c = np.asarray(f, float)
        d = c.ndim
        for k, (x, period) in enumerate(zip(coords, periods, strict=True)):
            x = np.asarray(x, float)
            if period is not None:
                x = np.append(x, x[0] + period)
                c = np.concatenate([c, c.take([0], axis=k)], axis=k)
            spline = CubicSpline(x, c, axis=k, bc_type="not-a-knot" if period is None else "periodic")
            c = np.moveaxis(spline.c, (0, 1), (-1, k))  # powers come last, in the order of axes
            self.breaks.append(x)
        self.polynomials = c.reshape(*c.shape[:d], 4**d)
        self.low, self.high = (np.array([x[end] for x in self.breaks]) for end in (0, -1))
        self.cell = np.array([np.diff(x).min() for x in self.breaks])

    def derivatives(self, points):
        """Values (m,), gradients (m, d) and Hessians (m, d, d)."""
        d = len(self.breaks)
        cells = [np.searchsorted(x[1:-1], points[:, k], side="right") for k, x in enumerate(self.breaks)]
        every = self.polynomials[tuple(cells)]
        for k, (x, at) in enumerate(zip(self.breaks, cells, strict=True)):
            # Powers of this axis are the first that are left; its derivatives become the last index.
            every = every.reshape(len(points), 4, 4 ** (d - k - 1) * 3**k)
            every = np.einsum("mpr,mpq->mrq", every, _powers(points[:, k] - x[at]))
        every = every.reshape(len(points), *[3] * d)
        first = np.eye(d, dtype=int)
        gradient = np.stack([every[:, *nu] for nu in first], axis=1)
        hessian = np.stack([np.stack([every[:, *(nu + mu)] for nu in first], axis=1) for mu in first], axis=1)
        return every[:, *[0] * d], gradient, hessian

    def turned(self, points):
        """Within one period."""
        return np.where(self.loop, self.low + np.mod(points - self.low, self.high - self.low), points)

    def inside(self, points):
        return ((points >= self.low) & (points <= self.high)).all(axis=1)


def _powers(t):
    """Highest powers of t first, their first and their second derivatives: (m, 4, 3)."""
    one, zero = np.ones_like(t), np.zeros_like(t)
    return np.stack([[t**3, t**2, t, one], [3 * t**2, 2 * t, one, zero], [6 * t, 2 * one, zero, zero]]).T


def gradient_of(f, coords, periods, points):
    """(n, d)"""
    return Pieces(f, coords, periods).derivatives(points)[1]


def zeros_of_gradient(f, coords, periods, per_cell=4):
    """Each once, within the field: places (n, d) and Morse indices (n,)."""
    pieces = Pieces(f, coords, periods)
    d = np.ndim(f)
    fractions = (np.arange(per_cell) + 0.5) / per_cell
    axes = [(x[:-1, None] + np.diff(x)[:, None] * fractions).ravel() for x in pieces.breaks]
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    found = [np.empty((0, d))]
    for _ in range(STEPS):
        _, gradient, hessian = pieces.derivatives(at)
        regular = np.linalg.det(hessian) != 0
        at, step = at[regular], -np.linalg.solve(hessian[regular], gradient[regular, :, None])[..., 0]
        length = np.abs(step / pieces.cell).max(axis=1, keepdims=True)
        at = pieces.turned(at + step / np.maximum(1, length))
        inside = pieces.inside(at)
        ended = inside & (length[:, 0] < CONVERGED)
        found.append(at[ended])
        at = at[inside & ~ended]
    at = np.concatenate(found)
    index = (np.linalg.eigvalsh(pieces.derivatives(at)[2]) < 0).sum(axis=1)
    first = firsts(at, index, pieces)
    return at[first], index[first]


def firsts(points, index, pieces):
    """One of all that are the same."""
    if not len(points):
        return np.empty(0, int)
    place, around = in_cells(points, pieces)
    rough = np.column_stack([np.rint(10 * place / SAME), index])
    some = np.unique(rough, axis=0, return_index=True)[1]  # so that many are not paired with many
    pairs = some[KDTree(place[some], boxsize=around).query_pairs(SAME, p=np.inf, output_type="ndarray")]
    pairs = pairs[index[pairs[:, 0]] == index[pairs[:, 1]]]
    graph = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(points),) * 2)
    labels = connected_components(graph, directed=False)[1][some]
    return some[np.unique(labels, return_index=True)[1]]


def in_cells(points, pieces):
    """Places in units of the smallest cell, and how many make a period: 0 where there is none."""
    around = np.where(pieces.loop, (pieces.high - pieces.low) / pieces.cell, 0)
    place = (points - pieces.low) / pieces.cell
    return np.where(pieces.loop & (place >= around), 0, place), around
