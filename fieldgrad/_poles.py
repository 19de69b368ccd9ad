"""Results next to poles, and on them.

At a pole some coefficients are infinite. Next to it, stencils go on through it, in a slab of samples that is continued
beyond it. On it, derivatives in all directions through it are fitted by one vector or tensor in fixed axes; that is the
limit of the components along the coordinates, whichever way it is approached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._axes import Axis, Lattice
from ._calls import Call
from ._geometry import Orthogonal, Pole, Product
from ._orthogonal import exponents, second_derivative
from ._programs import Program, as_pairs
from .stencils import ONE_SIDED


class Operator(NamedTuple):
    """How to apply one, and its limit at a pole."""

    stacked: bool
    fill: Callable[..., Any]  # (fields, lattice, geometry, call, out)
    limit: Callable[..., np.ndarray]  # (fields, lattice, geometry, call, pole, row, results) -> results on the pole
    raised: int = 2  # by how much accuracy is raised on grids with poles, where errors are divided by distances
    second: bool = False  # it is of second order: its first derivatives have its accuracy at the ends, too


def apply(
    operator: Operator,
    fields: np.ndarray,
    lattice: Lattice,
    geometry: Any,
    call: Call,
    out: np.ndarray,
    poles: tuple[Pole, ...],
) -> None:
    """An operator, on all samples."""
    operator.fill(fields, lattice, geometry, call, out)
    first = 1 if operator.stacked else 0
    for i, pole in enumerate(poles):
        slab = _Slab(pole, out.shape[-lattice.ndim :], 1 + call.options[0] // 2)
        others = tuple(p for p in poles[:i] if p.axis != pole.axis)
        near = slab.geometry(geometry, others)
        place, part = slab.lattice(lattice), slab.call(call)
        samples = slab.continued(fields, first, pole.signs if operator.stacked else None)
        results = np.empty(out.shape[: -lattice.ndim] + slab.shape, out.dtype)
        apply(operator, samples, place, near, part, results, others)
        lead = out.ndim - lattice.ndim
        axis = lead + pole.axis
        out[at(axis, slab.wanted)] = results[at(axis, slab.found)]
        with np.errstate(all="ignore"):
            limit = operator.limit(samples, place, near, part, pole, slab.row, results)
        if call.presence[0] is not None:
            limit = np.where(call.presence[0][at(pole.axis, slab.pole)], limit, np.nan)
        out[at(axis, slab.pole)] = limit


def at(axis: int, where: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, where)


class _Slab:
    """The samples next to a pole, and those beyond it."""

    def __init__(self, pole: Pole, shape: tuple[int, ...], reach: int) -> None:
        n = shape[pole.axis]
        self._pole = pole
        near = np.arange(min(n, 2 * reach + 1))
        beyond = np.arange(min(reach, n - 1) if pole.distinct else 0, 0, -1)
        order = np.concatenate([beyond, near])
        self._samples = order if not pole.last else n - 1 - order[::-1]
        self._ghosts = slice(0, len(beyond)) if not pole.last else slice(len(near), len(order))
        self.shape = tuple(len(order) if k == pole.axis else m for k, m in enumerate(shape))
        self.row = len(beyond) if not pole.last else len(near) - 1
        done = len(beyond)
        self.wanted = slice(1, 1 + done) if not pole.last else slice(n - 1 - done, n - 1)
        self.found = slice(self.row + 1, self.row + 1 + done) if not pole.last else slice(self.row - done, self.row)
        self.pole = n - 1 if pole.last else 0

    def continued(self, f: np.ndarray, first: int, signs: Any = None) -> np.ndarray:
        """Samples whose axes begin with `first`; of vectors, whose components change their signs on the way."""
        pole = self._pole
        result = np.ascontiguousarray(np.take(f, self._samples, axis=first + pole.axis))
        beyond = at(first + pole.axis, self._ghosts)
        ghosts = result[beyond]
        if not ghosts.size:
            return result
        for k in pole.mirrored:
            ghosts = np.flip(ghosts, axis=first + k)
        circle = np.arange(f.shape[first + pole.circle])
        ghosts = np.take(ghosts, (circle + pole.distinct // 2) % pole.distinct, axis=first + pole.circle)
        if signs is not None:
            ghosts = ghosts * np.reshape(np.array(signs, ghosts.real.dtype), (-1, *[1] * (ghosts.ndim - 1)))
        result[beyond] = ghosts
        return result

    def lattice(self, whole: Lattice) -> Lattice:
        axes = list(whole.axes_for(whole._shape or ()))
        axis = axes[self._pole.axis]
        assert axis.coordinates is not None
        x = axis.coordinates[self._samples]
        x[self._ghosts] = 2 * axis.coordinates[self.pole] - x[self._ghosts]
        axes[self._pole.axis] = Axis(axis.step, x)
        return Lattice(tuple(axes), self.shape)

    def geometry(self, whole: Orthogonal, poles: tuple[Pole, ...]) -> Orthogonal:
        return whole.taken(self._pole.axis, self._samples, poles)

    def call(self, whole: Call) -> Call:
        """The same, for these samples; at the ends, one-sided."""
        accuracy, edge_order, boundary, cval = whole.options
        pairs = list(as_pairs(boundary, len(self.shape)))
        pairs[self._pole.axis] = ONE_SIDED, ONE_SIDED
        present = whole.presence[0]
        if present is not None:
            present = self.continued(present, 0)
        return Call((accuracy, edge_order, tuple(pairs), cval), (present, "propagate"), whole.workers)


# ---- limits ------------------------------------------------------------------------------------------------


class Directions:
    """The directions in which a pole is passed, as a place to fit vectors and tensors. Values have the shape of the
    pole's samples: that of the grid but for the pole's axis."""

    def __init__(self, pole: Pole) -> None:
        self._angles = [k - (k > pole.axis) for k in pole.angles]
        self.axes = (pole.axis, *pole.angles)
        self.frame = pole.frame.reshape(*pole.frame.shape[:2], -1).astype(float)  # (m, m, directions)

    def flat(self, values: np.ndarray) -> np.ndarray:
        """(directions, others)"""
        moved = np.moveaxis(values, self._angles, range(len(self._angles)))
        self._moved = moved.shape
        return moved.reshape(self.frame.shape[2], -1)

    def whole(self, flat: np.ndarray) -> np.ndarray:
        return np.moveaxis(flat.reshape(self._moved), range(len(self._angles)), self._angles)

    def fit(self, basis: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Coefficients (terms, others) of functions (terms, directions), by least squares of what is a number."""
        known = ~np.isnan(values)
        normal = np.einsum("ic,jc,cp->pij", basis, basis, known.astype(float))
        right = np.einsum("ic,cp->pi", basis, np.where(known, values, 0))
        return (np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ right[..., None])[..., 0].T

    def vector(self, values: np.ndarray) -> np.ndarray:
        """In fixed axes (m, others), the vector whose components along the way through the pole are these."""
        return self.fit(self.frame[:, 0], self.flat(values))

    def components(self, vector: np.ndarray) -> list[np.ndarray]:
        """Of a vector in fixed axes, those along the pole's axis and its angles."""
        return [self.whole(np.einsum("ic,ip->cp", self.frame[:, j], vector)) for j in range(self.frame.shape[1])]

    def tensor(self, parts: list[np.ndarray]) -> list[list[np.ndarray]]:
        """Components [i][j] of the tensor that, on the way through the pole, makes vectors with these components."""
        flat = [self.flat(part) for part in parts]
        rows = [
            self.fit(self.frame[:, 0], sum(self.frame[r, j][:, None] * part for j, part in enumerate(flat)))
            for r in range(self.frame.shape[0])
        ]
        matrix = np.stack(rows)  # (m, m, others)
        return self._turned(matrix)

    def quadratic(self, values: np.ndarray) -> list[list[np.ndarray]]:
        """Components [i][j] of the symmetric tensor whose square form, on the way through the pole, is this."""
        u = self.frame[:, 0]
        m = len(u)
        pairs = [(i, j) for i in range(m) for j in range(i, m)]
        basis = np.array([u[i] * u[j] * (1 if i == j else 2) for i, j in pairs])
        found = self.fit(basis, self.flat(values))
        matrix = np.empty((m, m, found.shape[1]), found.dtype)
        for (i, j), value in zip(pairs, found, strict=True):
            matrix[i, j] = matrix[j, i] = value
        return self._turned(matrix)

    def _turned(self, matrix: np.ndarray) -> list[list[np.ndarray]]:
        turned = np.einsum("ric,rsp,sjc->ijcp", self.frame, matrix, self.frame)
        return [[self.whole(part) for part in row] for row in turned]


def _derivative(fields, lattice, geometry, call, pole, row, field, axis, order=1):
    """One along an axis, on the pole, per power of a length."""
    one = fields if field is None else fields[field]
    samples = call.run(Program(((0, axis, order),)), one, False, lattice, None)
    weight = geometry.power(exponents(lattice.ndim, (axis, -order))).spread(lattice.ndim)
    found = (np.asarray(samples, np.result_type(samples, np.float64)) * weight)[at(pole.axis, row)]
    return np.asarray(found)


def on_pole(product: Product | None, ndim: int, pole: Pole, row: int, shape: tuple[int, ...]) -> np.ndarray:
    """A product at a pole's samples."""
    if product is None:
        return np.zeros(shape)
    at_row = product.taken(pole.axis, np.array([row])).spread(ndim)
    return np.broadcast_to(np.squeeze(at_row, pole.axis) if at_row.ndim else at_row, shape)


def fill_poles(F: np.ndarray, poles: tuple[Pole, ...]) -> None:
    """Let components of a vector along the angles of a pole be what those through it say that they are."""
    for pole in poles:
        directions, row = Directions(pole), at(pole.axis, -1 if pole.last else 0)
        parts = directions.components(directions.vector(F[pole.axis][row]))
        for k, part in zip(directions.axes, parts, strict=True):
            F[k][row] = part


def gradient_limit(fields, lattice, geometry, call, pole, row):
    """Physical components."""
    directions, d = Directions(pole), lattice.ndim
    result: list[Any] = [None] * d
    through = _derivative(fields, lattice, geometry, call, pole, row, None, pole.axis)
    for k, part in zip(directions.axes, directions.components(directions.vector(through)), strict=True):
        result[k] = part
    for k in range(d):
        if result[k] is None:
            result[k] = _derivative(fields, lattice, geometry, call, pole, row, None, k)
    return result


def jacobian_limit(fields, lattice, geometry, call, pole, row):
    """Physical components [i][j] of the covariant derivative of a vector along axis j."""
    directions, d = Directions(pole), lattice.ndim
    result: list[list[Any]] = [[None] * d for _ in range(d)]
    flat = np.asarray(fields[at(1 + pole.axis, row)], np.result_type(fields, np.float64))
    shape = flat.shape[1:]

    def bend(k: int, axis: int) -> np.ndarray:
        """How the unit vector of an axis turns towards k on the way along that axis."""
        slope = geometry.slope(k, exponents(d, (axis, 1)))
        product = None if slope is None else slope * geometry.power(exponents(d, (k, -1)))
        return on_pole(product, d, pole, row, shape)

    for axis in (pole.axis, *(k for k in range(d) if k not in directions.axes)):
        for i in range(d):
            result[i][axis] = _derivative(fields, lattice, geometry, call, pole, row, i, axis)
            if i != axis:
                result[i][axis] = result[i][axis] - flat[axis] * bend(i, axis)
            else:
                result[i][axis] = result[i][axis] + sum(flat[j] * bend(j, axis) for j in range(d) if j != axis)
    inside = directions.tensor([result[i][pole.axis] for i in directions.axes])
    for i, row_of in zip(directions.axes, inside, strict=True):
        for j, part in zip(directions.axes, row_of, strict=True):
            result[i][j] = part
    for i in range(d):
        if i not in directions.axes:
            parts = directions.components(directions.vector(result[i][pole.axis]))
            for j, part in zip(directions.axes, parts, strict=True):
                result[i][j] = part
    return result


def hessian_limit(fields, lattice, geometry, call, pole, row):
    """Physical components."""
    directions, d = Directions(pole), lattice.ndim
    result: list[list[Any]] = [[None] * d for _ in range(d)]
    others = [k for k in range(d) if k not in directions.axes]

    def second(i: int, k: int) -> np.ndarray:
        sources = [fields]
        if i != k:
            sources.append(call.run(Program(((0, i, 1),)), fields, False, lattice, None))
        samples = call.run(second_derivative(geometry, d, i, k, 0), np.stack(sources), True, lattice, None)
        return np.asarray(samples[at(pole.axis, row)], np.result_type(samples, np.float64))

    inside = directions.quadratic(second(pole.axis, pole.axis))
    for i, row_of in zip(directions.axes, inside, strict=True):
        for j, part in zip(directions.axes, row_of, strict=True):
            result[i][j] = part if result[j][i] is None else result[j][i]
    for k in others:
        parts = directions.components(directions.vector(second(pole.axis, k)))
        for j, part in zip(directions.axes, parts, strict=True):
            result[k][j] = result[j][k] = part
        for j in others:
            if result[k][j] is None:
                result[k][j] = result[j][k] = second(min(j, k), max(j, k))
    return result
