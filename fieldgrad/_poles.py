"""Results next to poles, and on them.

At a pole some coefficients are infinite. Next to it, stencils go on through it, in a slab of samples that is continued
beyond it. On it, derivatives in all directions through it are fitted by one vector or tensor in fixed axes; that is the
limit of the components along the coordinates, whichever way it is approached.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from ._axes import Axis, Lattice
from ._calls import Call
from ._geometry import Orthogonal, Pole, Product
from ._metric import pairs
from ._orthogonal import exponents, second_derivative
from ._programs import Fields, Program, as_pairs
from .stencils import ONE_SIDED


class Operator(NamedTuple):
    """How to apply one, and its limit at a pole."""

    stacked: bool
    fill: Callable[..., Any]  # (fields, lattice, geometry, call, out, *arrays)
    limit: Callable[..., np.ndarray]  # (fields, slab, call, *arrays) of a slab -> results on its pole
    raised: int = 2  # by how much accuracy is raised on grids with poles, where errors are divided by distances
    second: bool = False  # it is of second order: its first derivatives have its accuracy at the ends, too
    arrays: tuple[np.ndarray, ...] = ()  # what else it takes, for each sample
    farther: int = 0  # by how many samples its stencils reach beyond those of first and second derivatives


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
    shape, lead = fields.shape[operator.stacked :], out.ndim - lattice.ndim
    within = call.within or tuple(slice(0, n) for n in shape)

    def apply_at(pole: Pole, others: tuple[Pole, ...]) -> None:
        """Beside a pole, where results may be next to others, too; and on it."""
        reach = call.options[0] // 2 + operator.farther
        slab = slab_at(pole, others, shape, reach, call.presence[0] is not None, lattice, geometry)
        samples = slab.continued(fields, int(operator.stacked), pole.signs if operator.stacked else None)
        part, arrays = slab.call(call), tuple(slab.continued(array, 0) for array in operator.arrays)
        if slab.rows:
            again = operator._replace(arrays=arrays)
            beside = part._replace(within=_with(within, pole.axis, slab.found))
            apply(again, samples, slab.lattice, slab.geometry, beside, out[at(lead + pole.axis, slab.wanted)], others)
        with np.errstate(all="ignore"):
            limit = operator.limit(samples, slab, part, *arrays)
        if call.presence[0] is not None:
            limit = np.where(call.presence[0][at(pole.axis, slab.end)] & np.isfinite(limit), limit, np.nan)
        limit = np.broadcast_to(limit, out.shape[:lead] + _without(shape, pole.axis))
        out[at(lead + pole.axis, slab.end)] = limit[(..., *_without(within, pole.axis))]

    operator.fill(fields, lattice, geometry, call, out, *operator.arrays)
    for i, pole in enumerate(poles):
        apply_at(pole, tuple(p for p in poles[:i] if p.axis != pole.axis))


def at(axis: int, where: Any) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, where)


def _without(items: tuple[Any, ...], k: int) -> tuple[Any, ...]:
    return items[:k] + items[k + 1 :]


def _with(items: tuple[Any, ...], k: int, item: Any) -> tuple[Any, ...]:
    return (*items[:k], item, *items[k + 1 :])


class Slab:
    """The samples next to a pole, and those beyond it: as many as stencils of the pole reach, and those of the samples
    beside it that would be one-sided without them. Gaps turn stencils of one more sample."""

    def __init__(
        self,
        pole: Pole,
        others: tuple[Pole, ...],
        shape: tuple[int, ...],
        reach: int,
        with_gaps: bool,
        lattice: Lattice,
        geometry: Orthogonal,
    ) -> None:
        n = shape[pole.axis]
        reach += with_gaps
        self.rows = min(reach - (not with_gaps), n - 1) if pole.distinct else 0  # beside the pole, with other results
        # Three at least: with one beyond, enough for second derivatives at the slab's own end, which nobody sees.
        near = np.arange(min(n, max(3, 1 + reach + self.rows) if pole.distinct else 2 * reach + 3))
        beyond = np.arange(min(reach, n - 1) if pole.distinct else 0, 0, -1)
        order, done = np.concatenate([beyond, near]), len(beyond)
        self._samples = order if not pole.last else n - 1 - order[::-1]
        # Where they are in the slab, and in the whole field, which those beyond leave backwards.
        self._ghosts = slice(0, done) if not pole.last else slice(len(near), len(order))
        self._near = slice(done, len(order)) if not pole.last else slice(0, len(near))
        self._of_near = slice(0, len(near)) if not pole.last else slice(n - len(near), n)
        self._of_ghosts = slice(done, 0, -1) if not pole.last else slice(-2, -2 - done, -1)
        self.pole, self.directions, self.ndim = pole, Directions(pole, shape, with_gaps), len(shape)
        self.shape = tuple(len(order) if k == pole.axis else m for k, m in enumerate(shape))
        # The pole, and the samples whose results the slab is there for: in the slab, and in the whole field.
        self.row, self.end = (done, 0) if not pole.last else (len(near) - 1, n - 1)
        self.found = _beside(self.row, self.rows, pole.last)
        self.wanted = _beside(self.end, self.rows, pole.last)
        self.lattice = self._lattice(lattice)
        self.geometry = geometry.taken(pole.axis, self._samples, others)
        self.across = tuple(k for k in range(self.ndim) if k != pole.axis)
        axes = self.lattice.axes_for(self.shape)
        self.on_pole = Lattice(tuple(axes[k] for k in self.across), tuple(shape[k] for k in self.across))

    def continued(self, f: np.ndarray, first: int, signs: Any = None) -> np.ndarray:
        """Samples whose axes begin with `first`; of vectors, whose components change their signs on the way."""
        pole, half, n = self.pole, self.pole.distinct // 2, f.shape[first + self.pole.circle]
        shape = f.shape[:first] + self.shape
        result = np.empty(shape, f.dtype)
        result[at(first + pole.axis, self._near)] = f[at(first + pole.axis, self._of_near)]
        if self._ghosts.start == self._ghosts.stop:
            return result
        source, target = [slice(None)] * f.ndim, [slice(None)] * f.ndim
        source[first + pole.axis], target[first + pole.axis] = self._of_ghosts, self._ghosts
        for k in pole.mirrored:
            source[first + k] = slice(None, None, -1)
        for to, of in ((slice(0, half), slice(half, 2 * half)), (slice(half, n), slice(0, n - half))):
            source[first + pole.circle], target[first + pole.circle] = of, to
            result[tuple(target)] = f[tuple(source)]
        if signs is not None:
            beyond = result[at(first + pole.axis, self._ghosts)]
            beyond *= np.reshape(np.array(signs, result.real.dtype), (-1, *[1] * (f.ndim - 1)))
        return result

    def _lattice(self, whole: Lattice) -> Lattice:
        axes = list(whole.axes_for(whole._shape or ()))
        axis = axes[self.pole.axis]
        assert axis.coordinates is not None
        x = axis.coordinates[self._samples]
        x[self._ghosts] = 2 * axis.coordinates[self.end] - x[self._ghosts]
        axes[self.pole.axis] = Axis(axis.step, x)
        return Lattice(tuple(axes), self.shape)

    def call(self, whole: Call) -> Call:
        """The same, for these samples; at the ends, one-sided."""
        accuracy, edge_order, boundary, cval = whole.options
        pairs = list(as_pairs(boundary, self.ndim))
        pairs[self.pole.axis] = ONE_SIDED, ONE_SIDED
        present = whole.presence[0]
        if present is not None:
            present = self.continued(present, 0)
        return whole._replace(options=(accuracy, edge_order, tuple(pairs), cval), presence=(present, "propagate"))

    def spread(self, product: Product | None) -> Any:
        """A product at the samples of the pole, to be broadcast; None is zero."""
        if product is None:
            return 0.0
        values = product.taken(self.pole.axis, np.array([self.row])).spread(self.ndim)
        return np.squeeze(values, self.pole.axis) if values.ndim else values

    def on_row(self, call: Call, program: Program, f: Any, stacked: bool) -> np.ndarray:
        """What a program without leading axes makes of the slab's samples, on the pole."""
        everywhere = tuple(slice(0, n) for n in self.shape)
        within = _with(everywhere, self.pole.axis, slice(self.row, self.row + 1))
        found = call._replace(within=within).run(program, f, stacked, self.lattice, None)
        return np.asarray(np.squeeze(found, self.pole.axis))

    def derivative(self, f: np.ndarray, axis: int, call: Call) -> np.ndarray:
        """A first one of the slab's samples along an axis, on the pole, per unit of length."""
        return _known(lambda f: self._derivative(f, axis, call), f, call)

    def _derivative(self, f: np.ndarray, axis: int, call: Call) -> np.ndarray:
        per_length = self.spread(self.geometry.power(exponents(self.ndim, (axis, -1))))
        if axis == self.pole.axis:
            found = self.on_row(call, Program(((0, axis, 1),)), f, False)
        else:
            row = at(self.pole.axis, self.row)
            accuracy, edge_order, boundary, cval = call.options
            present = call.presence[0]
            present = None if present is None else np.ascontiguousarray(present[row])
            options = accuracy, edge_order, tuple(boundary[k] for k in self.across), cval
            program = Program(((0, self.across.index(axis), 1),))
            there = Call(options, (present, "propagate"), call.workers)
            found = there.run(program, np.ascontiguousarray(f[row]), False, self.on_pole, None)
        return np.asarray(np.asarray(found, np.result_type(found, np.float64)) * per_length)


def _beside(row: int, count: int, last: bool) -> slice:
    return slice(row - count, row) if last else slice(row + 1, row + 1 + count)


slab_at = lru_cache(maxsize=32)(Slab)


# ---- limits ------------------------------------------------------------------------------------------------


def _known(derive: Callable[[np.ndarray], np.ndarray], f: np.ndarray, call: Call) -> np.ndarray:
    """Derivatives on a pole, as fits take them: NaN for want of samples, infinite where they can be had but are NaN."""
    values = derive(f)
    if call.presence[0] is None or not np.isnan(values).any():
        return values
    return np.where(np.isnan(values) & ~np.isnan(derive(np.zeros_like(f))), np.inf, values)


class _Fit:
    """Coefficients (terms, others) of functions (terms, directions) by least squares; with gaps, of what is known."""

    def __init__(self, basis: np.ndarray, with_gaps: bool) -> None:
        self._basis, self._of_all = basis, _inverse(np.einsum("ic,jc->ij", basis, basis))
        self._with_gaps = with_gaps

    def __call__(self, values: np.ndarray) -> np.ndarray:
        known = ~np.isnan(values) if self._with_gaps else np.True_
        if known.all():
            return self._of_all @ np.einsum("ic,cp->ip", self._basis, values)
        normal = np.einsum("ic,jc,cp->pij", self._basis, self._basis, known.astype(float))
        right = np.einsum("ic,cp->pi", self._basis, np.where(known, values, 0))
        return np.asarray((_inverse(normal) @ right[..., None])[..., 0].T)


def _inverse(normal: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(normal, rcond=1e-10, hermitian=True)


class Directions:
    """The directions in which a pole is passed, as a place to fit vectors and tensors. Values have the shape of the
    pole's samples: that of the grid but for the pole's axis."""

    def __init__(self, pole: Pole, shape: tuple[int, ...], with_gaps: bool) -> None:
        self._with_gaps = with_gaps
        self._angles = [k - (k > pole.axis) for k in pole.angles]
        across = [n for k, n in enumerate(shape) if k != pole.axis]
        self._moved = [across[k] for k in self._angles] + [n for k, n in enumerate(across) if k not in self._angles]
        self.axes = (pole.axis, *pole.angles)
        self.frame = pole.frame.reshape(*pole.frame.shape[:2], -1).astype(float)  # (m, m, directions)

    @cached_property
    def _along(self) -> _Fit:
        """Of vectors, by their components on the way through the pole."""
        return _Fit(self.frame[:, 0], self._with_gaps)

    @cached_property
    def _squared(self) -> _Fit:
        """Of symmetric tensors, by their square forms there."""
        u = self.frame[:, 0]
        basis = np.array([u[i] * u[j] * (1 if i == j else 2) for i, j in pairs(len(u))])
        return _Fit(basis, self._with_gaps)

    def flat(self, values: np.ndarray) -> np.ndarray:
        """(directions, others)"""
        return np.moveaxis(values, self._angles, range(len(self._angles))).reshape(self.frame.shape[2], -1)

    def whole(self, flat: np.ndarray) -> np.ndarray:
        return np.moveaxis(flat.reshape(self._moved), range(len(self._angles)), self._angles)

    def vector(self, values: np.ndarray) -> np.ndarray:
        """In fixed axes (m, others), the vector whose components along the way through the pole are these."""
        return self._along(self.flat(values))

    def components(self, vector: np.ndarray) -> list[np.ndarray]:
        """Of a vector in fixed axes, those along the pole's axis and its angles."""
        return [self.whole(np.einsum("ic,ip->cp", self.frame[:, j], vector)) for j in range(self.frame.shape[1])]

    def components_of(self, flat: np.ndarray) -> np.ndarray:
        """[j], (directions, others): of the vector that is fitted to those on the way through the pole."""
        return np.einsum("ijc,ip->jcp", self.frame, self._along(flat))

    def tensor(self, parts: list[np.ndarray]) -> list[list[np.ndarray]]:
        """Components [i][j] of the tensor that, on the way through the pole, makes vectors with these components."""
        turned = self._turned(self._tensor(parts))
        return [[self.whole(part) for part in row] for row in turned]

    def _tensor(self, parts: list[np.ndarray]) -> np.ndarray:
        """The same in fixed axes, (m, m, others)."""
        flat = [self.flat(part) for part in parts]
        through = [sum(turn[:, None] * part for turn, part in zip(row, flat, strict=True)) for row in self.frame]
        if self._with_gaps:  # zero times infinity is not a number, but is to remain what there is
            absent = np.any([np.isnan(part) for part in flat], axis=0)
            wrong = np.any([np.isinf(part) for part in flat], axis=0) & ~absent
            through = [np.where(wrong, np.inf, one) for one in through]
        return np.stack([self._along(one) for one in through])

    def trace(self, parts: list[np.ndarray]) -> np.ndarray:
        """Of that tensor."""
        return self._everywhere(np.einsum("iip->p", self._tensor(parts)))

    def quadratic_trace(self, values: np.ndarray) -> np.ndarray:
        """Of the tensor whose square form, on the way through the pole, is this."""
        found = self._squared(self.flat(values))
        return self._everywhere(sum(found[n] for n, (i, j) in enumerate(pairs(len(self.frame))) if i == j))

    def _everywhere(self, value: Any) -> np.ndarray:
        """What does not depend on directions."""
        return self.whole(np.broadcast_to(value, (self.frame.shape[2], len(value))))

    def quadratic(self, values: np.ndarray) -> list[list[np.ndarray]]:
        """Components [i][j] of the symmetric tensor whose square form, on the way through the pole, is this."""
        turned = self.quadratic_of(self.flat(values))
        m = len(turned)
        return [[self.whole(turned[min(i, j), max(i, j)]) for j in range(m)] for i in range(m)]

    def quadratic_of(self, flat: np.ndarray) -> np.ndarray:
        """[i, j], (directions, others)"""
        found, m = self._squared(flat), len(self.frame)
        matrix = np.empty((m, m, found.shape[1]), found.dtype)
        for (i, j), value in zip(pairs(m), found, strict=True):
            matrix[i, j] = matrix[j, i] = value
        return self._turned(matrix)

    def _turned(self, matrix: np.ndarray) -> np.ndarray:
        return np.einsum("ric,rsp,sjc->ijcp", self.frame, matrix, self.frame)


def fill_poles(F: np.ndarray, poles: tuple[Pole, ...], present: np.ndarray | None) -> None:
    """Let components of a vector along the angles of a pole be what those through it say that they are."""
    for pole in poles:
        directions, row = Directions(pole, F.shape[1:], present is not None), at(pole.axis, -1 if pole.last else 0)
        through = F[pole.axis][row]
        if present is not None:
            through = np.where(present[row], np.where(np.isnan(through), np.inf, through), np.nan)
        parts = directions.components(directions.vector(through))
        for k, part in zip(directions.axes, parts, strict=True):
            F[k][row] = np.where(np.isfinite(part), part, np.nan)


def gradient_limit(f: np.ndarray, slab: Slab, call: Call) -> list[np.ndarray]:
    """Physical components."""
    directions = slab.directions
    through = slab.derivative(f, slab.pole.axis, call)
    found = dict(zip(directions.axes, directions.components(directions.vector(through)), strict=True))
    return [found[k] if k in found else slab.derivative(f, k, call) for k in range(slab.ndim)]


def _slope(F: np.ndarray, slab: Slab, call: Call, i: int, axis: int) -> np.ndarray:
    """Physical component [i] of a vector's covariant derivative along an axis that is no angle."""
    return _known(lambda F: _slope_of(F, slab, call, i, axis), F, call)


def _slope_of(F: np.ndarray, slab: Slab, call: Call, i: int, axis: int) -> Any:
    d, geometry = slab.ndim, slab.geometry

    def bent(k: int, to: int) -> Any:
        """Component k, times how the axis' unit vector turns towards another one's on the way along the axis."""
        slope = geometry.slope(to, exponents(d, (axis, 1)))
        if slope is None:
            return 0.0
        here = np.asarray(F[k][at(slab.pole.axis, slab.row)], np.result_type(F, np.float64))
        return here * slab.spread(slope * geometry.power(exponents(d, (to, -1))))

    along = slab._derivative(F[i], axis, call)
    if i != axis:
        return along - bent(axis, i)
    return along + sum(bent(k, k) for k in range(d) if k != axis)


def divergence_limit(F: np.ndarray, slab: Slab, call: Call) -> Any:
    directions = slab.directions
    inside = directions.trace([_slope(F, slab, call, i, slab.pole.axis) for i in directions.axes])
    return inside + sum(_slope(F, slab, call, k, k) for k in range(slab.ndim) if k not in directions.axes)


def jacobian_limit(F: np.ndarray, slab: Slab, call: Call) -> list[list[Any]]:
    """Physical components [i][j] of the covariant derivative of a vector along axis j."""
    directions, every = slab.directions, range(slab.ndim)
    along = (slab.pole.axis, *(j for j in every if j not in directions.axes))
    result: list[list[Any]] = [[_slope(F, slab, call, i, j) if j in along else None for j in every] for i in every]
    _fill_inside(result, directions, directions.tensor([result[i][slab.pole.axis] for i in directions.axes]))
    for i in every:
        if i not in directions.axes:
            parts = directions.components(directions.vector(result[i][slab.pole.axis]))
            for j, part in zip(directions.axes, parts, strict=True):
                result[i][j] = part
    return result


def _fill_inside(result: list[list[Any]], directions: Directions, parts: list[list[np.ndarray]]) -> None:
    for i, row_of in zip(directions.axes, parts, strict=True):
        for j, part in zip(directions.axes, row_of, strict=True):
            result[i][j] = part


def _second(f: np.ndarray, slab: Slab, call: Call, i: int, k: int) -> np.ndarray:
    """A physical component of the Hessian on the pole, of those that are finite there."""
    return _known(lambda f: _second_of(f, slab, call, i, k), f, call)


def _second_of(f: np.ndarray, slab: Slab, call: Call, i: int, k: int) -> np.ndarray:
    sources, in_one = Fields([f]), call.presence[0] is None
    if i != k and not in_one:
        first = call._replace(within=None).run(Program(((0, i, 1),)), f, False, slab.lattice, None)
        sources.append(first)
    program = second_derivative(slab.geometry, slab.ndim, i, k, 0, in_one)
    values = slab.on_row(call, program, sources, True)
    return np.asarray(values, np.result_type(values, np.float64))


def laplacian_limit(f: np.ndarray, slab: Slab, call: Call) -> Any:
    directions = slab.directions
    inside = directions.quadratic_trace(_second(f, slab, call, slab.pole.axis, slab.pole.axis))
    return inside + sum(_second(f, slab, call, k, k) for k in range(slab.ndim) if k not in directions.axes)


def hessian_limit(f: np.ndarray, slab: Slab, call: Call) -> list[list[Any]]:
    """Physical components."""
    directions, d = slab.directions, slab.ndim
    f = np.asarray(f, np.result_type(f, np.float32) if f.dtype.kind in "fc" else np.float64)
    result: list[list[Any]] = [[None] * d for _ in range(d)]
    _fill_inside(result, directions, directions.quadratic(_second(f, slab, call, slab.pole.axis, slab.pole.axis)))
    others = [k for k in range(d) if k not in directions.axes]
    for k in others:
        parts = directions.components(directions.vector(_second(f, slab, call, slab.pole.axis, k)))
        for j, part in zip(directions.axes, parts, strict=True):
            result[k][j] = result[j][k] = part
        for j in others:
            if result[k][j] is None:
                result[k][j] = result[j][k] = _second(f, slab, call, min(j, k), max(j, k))
    return result
