"""Derivatives in curved coordinates: what a metric makes of those along the axes, and limits at poles.

Where coordinates are orthogonal, each result is a sum of derivatives times products of functions of one coordinate;
with any other metric, times arrays. At a pole some of those are infinite. There stencils go on through the pole, in a
slab of samples that is continued beyond it; and on the pole itself, derivatives in all directions through it are
fitted by one vector or tensor in fixed axes, which is the limit that components along the coordinates have.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ._axes import Axis, Lattice
from ._geometry import Orthogonal, Pole, Product
from ._metric import Curved, inverse, triangle
from ._programs import Fields, Program, as_axes, as_pairs, as_present, carry_out, filled
from .grid import Grid
from .stencils import ONE_SIDED

PHYSICAL, COVARIANT, CONTRAVARIANT = "physical", "covariant", "contravariant"

#: Powers of the scale of its axis that turn a physical component of a vector into one of another kind.
_POWERS = {PHYSICAL: 0, COVARIANT: 1, CONTRAVARIANT: -1}


def as_components(components: Any) -> str:
    if components not in _POWERS:
        raise ValueError(f"components must be one of {', '.join(_POWERS)}; got {components!r}")
    return str(components)


def geometry_of(spacing: Any) -> Any:
    """That of a grid whose axes are not straight; otherwise None."""
    return spacing[0].geometry if len(spacing) == 1 and isinstance(spacing[0], Grid) else None


class Call(NamedTuple):
    """What all operators are told: how to derive, which samples exist, and on how many threads."""

    options: tuple[Any, ...]  # accuracy, edge_order, boundary, cval
    presence: tuple[Any, ...]
    workers: Any

    def run(self, program: Any, f: Any, stacked: bool, lattice: Lattice, out: Any, arrays: Any = ()) -> Any:
        return carry_out(program, f, stacked, (lattice,), (None, *self.options), self.presence, out, self.workers, arrays)


# ---- orthogonal coordinates: programs ----------------------------------------------------------------------


def _unit(d: int, *entries: tuple[int, int]) -> tuple[int, ...]:
    """Exponents of the scales: zeros, and those that are named."""
    exponents = [0] * d
    for k, e in entries:
        exponents[k] += e
    return tuple(exponents)


@lru_cache(maxsize=128)
def _gradient(geometry: Orthogonal, d: int, axes: tuple[int, ...], bare: bool, reduction: str, components: str) -> Program:
    power = _POWERS[components] - 1
    mixtures = tuple(((i, geometry.power(_unit(d, (k, power))), -1),) for i, k in enumerate(axes))
    leading = () if bare or reduction == "norm" else (len(axes),)
    return Program(tuple((0, k, 1) for k in axes), leading, mixtures, reduction)


class _Sum:
    """A program's only result, term by term; each derivative is taken once."""

    def __init__(self) -> None:
        self.components: dict[tuple[int, int, int], int] = {}
        self.terms: list[tuple[int, Any, int]] = []

    def add(self, derivative: tuple[int, int, int], weight: Product | None, by: Product | None = None) -> None:
        """A derivative (field, axis, order), times both; None is zero."""
        if weight is not None:
            k = self.components.setdefault(derivative, len(self.components))
            self.terms.append((k, weight if by is None else weight * by, -1))


def _program(*sums: _Sum, leading: tuple[int, ...] = ()) -> Program:
    """Sums, of one list of derivatives."""
    listed: dict[tuple[int, int, int], int] = {}
    mixtures = []
    for one in sums:
        names = list(one.components)
        mixtures.append(tuple((listed.setdefault(names[k], len(listed)), w, a) for k, w, a in one.terms))
    return Program(tuple(listed), leading, tuple(mixtures))


@lru_cache(maxsize=32)
def _laplacian(geometry: Orthogonal, d: int) -> Program:
    total = _Sum()
    for k in range(d):
        by = geometry.power(_unit(d, (k, -2)))
        total.add((0, k, 2), by)
        total.add((0, k, 1), geometry.slope(k, [1 if j != k else -1 for j in range(d)]), by)
    return _program(total)


@lru_cache(maxsize=32)
def _divergence(geometry: Orthogonal, d: int, components: str) -> Program:
    total, power = _Sum(), _POWERS[components]
    for k in range(d):
        by = geometry.power(_unit(d, (k, -1 - power)))
        total.add((k, k, 1), by)
        total.add((k, k, 0), geometry.slope(k, [1 if j != k else -power for j in range(d)]), by)
    return _program(total)


@lru_cache(maxsize=32)
def _curl(geometry: Orthogonal, d: int, components: str) -> Program:
    power = _POWERS[components]
    sums = []
    for i, j, k in ((2, 0, 1),) if d == 2 else ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        total, hand = _Sum(), geometry.hand if d == 2 else 1
        for along, of, sign in ((j, k, hand), (k, j, -hand)):
            exponents = _unit(d, (j, -1), (k, -1), (of, 1 - power), *([] if d == 2 else [(i, power)]))
            by = Product(float(sign)) * geometry.power(exponents)
            total.add((of, along, 1), by)
            total.add((of, along, 0), geometry.slope(along, _unit(d, (of, 1 - power))), by)
        sums.append(total)
    return _program(*sums, leading=() if d == 2 else (3,))


@lru_cache(maxsize=64)
def _second(geometry: Orthogonal, d: int, i: int, k: int, power: int) -> Program:
    """A component of the Hessian; field 1, if i is not k, is the derivative along i."""
    total = _Sum()
    by = geometry.power(_unit(d, (i, power - 1), (k, power - 1)))
    minus = Product(-1.0) * by
    if i == k:
        total.add((0, i, 2), by)
        total.add((0, i, 1), geometry.slope(i, _unit(d, (i, 1))), minus)
        for j in range(d):
            if j != i:
                weight = geometry.power(_unit(d, (j, -2), (i, power + power)))
                total.add((0, j, 1), geometry.slope(j, _unit(d, (i, 1))), weight)
    else:
        total.add((1, k, 1), by)
        total.add((0, i, 1), geometry.slope(k, _unit(d, (i, 1))), minus)
        total.add((0, k, 1), geometry.slope(i, _unit(d, (k, 1))), minus)
    return _program(total)


# ---- orthogonal coordinates: operators ---------------------------------------------------------------------


class Operator(NamedTuple):
    """How to apply one, and its limit at a pole."""

    stacked: bool
    fill: Callable[..., Any]  # (fields, lattice, geometry, call, out)
    limit: Callable[..., np.ndarray]  # (fields, lattice, geometry, call, pole, row, results) -> results on the pole
    raised: int = 2  # by how much accuracy is raised on grids with poles, where errors are divided by distances


def _apply(operator: Operator, fields, lattice, geometry, call, out, poles) -> None:
    operator.fill(fields, lattice, geometry, call, out)
    first = 1 if operator.stacked else 0
    for i, pole in enumerate(poles):
        slab = _Slab(pole, out.shape[-lattice.ndim :], 1 + call.options[0] // 2)
        others = tuple(p for p in poles[:i] if p.axis != pole.axis)
        near = slab.geometry(geometry, others)
        place, part = slab.lattice(lattice), slab.call(call)
        samples = slab.continued(fields, first, pole.signs if operator.stacked else None)
        results = np.empty(out.shape[: -lattice.ndim] + slab.shape, out.dtype)
        _apply(operator, samples, place, near, part, results, others)
        lead = out.ndim - lattice.ndim
        axis = lead + pole.axis
        out[_at(axis, slab.wanted)] = results[_at(axis, slab.found)]
        with np.errstate(all="ignore"):
            limit = operator.limit(samples, place, near, part, pole, slab.row, results)
        out[_at(axis, slab.pole)] = limit


def _at(axis: int, where: Any) -> tuple[Any, ...]:
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
        beyond = _at(first + pole.axis, self._ghosts)
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


class _Directions:
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


def _derivative(fields, lattice, geometry, call, pole, row, field, axis, order=1) -> np.ndarray:
    """One along an axis, on the pole, per power of a length."""
    one = fields if field is None else fields[field]
    samples = call.run(Program(((0, axis, order),)), one, False, lattice, None)
    weight = geometry.power(_unit(lattice.ndim, (axis, -order))).spread(lattice.ndim)
    found = (np.asarray(samples, np.result_type(samples, np.float64)) * weight)[_at(pole.axis, row)]
    return np.asarray(found)


def _spread(product: Product | None, ndim: int, pole: Pole, row: int, shape: tuple[int, ...]) -> np.ndarray:
    """A product at a pole's samples."""
    if product is None:
        return np.zeros(shape)
    whole = product.spread(ndim)
    taken = np.take(whole, row if whole.ndim and whole.shape[pole.axis] > 1 else 0, axis=pole.axis) if whole.ndim else whole
    return np.broadcast_to(taken, shape)


def _gradient_limit(fields, lattice, geometry, call, pole, row) -> list[np.ndarray]:
    """Physical components."""
    directions, d = _Directions(pole), lattice.ndim
    result: list[Any] = [None] * d
    through = _derivative(fields, lattice, geometry, call, pole, row, None, pole.axis)
    for k, part in zip(directions.axes, directions.components(directions.vector(through)), strict=True):
        result[k] = part
    for k in range(d):
        if result[k] is None:
            result[k] = _derivative(fields, lattice, geometry, call, pole, row, None, k)
    return result


def _jacobian_limit(fields, lattice, geometry, call, pole, row) -> list[list[np.ndarray]]:
    """Physical components [i][j] of the covariant derivative of a vector along axis j."""
    directions, d = _Directions(pole), lattice.ndim
    result: list[list[Any]] = [[None] * d for _ in range(d)]
    flat = np.asarray(fields[_at(1 + pole.axis, row)], np.result_type(fields, np.float64))
    shape = flat.shape[1:]

    def bend(k: int, axis: int) -> np.ndarray:
        """How the unit vector of an axis turns towards k on the way along that axis."""
        slope = geometry.slope(k, _unit(d, (axis, 1)))
        product = None if slope is None else slope * geometry.power(_unit(d, (k, -1)))
        return _spread(product, d, pole, row, shape)

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


def _hessian_limit(fields, lattice, geometry, call, pole, row) -> list[list[np.ndarray]]:
    """Physical components."""
    directions, d = _Directions(pole), lattice.ndim
    result: list[list[Any]] = [[None] * d for _ in range(d)]
    others = [k for k in range(d) if k not in directions.axes]

    def second(i: int, k: int) -> np.ndarray:
        sources = [fields]
        if i != k:
            sources.append(call.run(Program(((0, i, 1),)), fields, False, lattice, None))
        samples = call.run(_second(geometry, d, i, k, 0), np.stack(sources), True, lattice, None)
        return np.asarray(samples[_at(pole.axis, row)], np.result_type(samples, np.float64))

    inside = directions.quadratic(second(pole.axis, pole.axis))
    for i, row_of in zip(directions.axes, inside, strict=True):
        for j, part in zip(directions.axes, row_of, strict=True):
            result[i][j] = part
    for k in others:
        parts = directions.components(directions.vector(second(pole.axis, k)))
        for j, part in zip(directions.axes, parts, strict=True):
            result[k][j] = result[j][k] = part
        for j in others:
            if result[k][j] is None:
                result[k][j] = result[j][k] = second(min(j, k), max(j, k))
    return result


# ---- any metric --------------------------------------------------------------------------------------------


def _arrays(geometry: Curved, key: Any, call: Call, f: np.ndarray, make: Callable[..., list[np.ndarray]]) -> list[np.ndarray]:
    """Coefficients, in the precision of a field; `make` is told of accuracy and edge_order."""
    accuracy, edge_order = call.options[:2]
    kind = "f" if f.dtype.char in "efF" else "d"
    return geometry.kept(
        (key, accuracy, edge_order, kind), lambda: [np.asarray(a, kind) for a in make(accuracy, edge_order)]
    )


def _raising(geometry: Curved, accuracy: int, edge_order: int | None, components: str) -> np.ndarray:
    """What takes derivatives along axes to components of the gradient."""
    g = geometry.metric(accuracy, edge_order)
    raised = inverse(g)
    return raised if components == CONTRAVARIANT else raised * np.sqrt(np.einsum("kk...->k...", g))[:, None]


def _gradient_by_metric(f, lattice, geometry, call, out, axes, bare, reduction, components):
    d = lattice.ndim
    if reduction == "unit":
        _gradient_by_metric(f, lattice, geometry, call, out, axes, bare, "stack", components)
        length = np.empty(f.shape, out.real.dtype)
        _gradient_by_metric(f, lattice, geometry, call, length, axes, bare, "norm", components)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(out, length, out=out, where=length != 0)
        return
    every = tuple((0, k, 1) for k in range(d))
    leading = () if bare or reduction == "norm" else (len(axes),)
    if reduction == "norm":
        arrays = _arrays(geometry, "norm", call, f, lambda *a: _packed(triangle(inverse(geometry.metric(*a)))))
        places = {(k, i): n for n, (k, i) in enumerate((k, i) for k in range(d) for i in range(k + 1))}
        mixtures: Any = tuple(tuple((k, 1.0, places[k, i]) for k in range(i, d)) for i in range(d))
    elif components == COVARIANT:
        arrays, mixtures = [], tuple(((k, 1.0, -1),) for k in axes)
    else:
        arrays = _arrays(
            geometry, components, call, f, lambda *a: list(_raising(geometry, *a, components).reshape(d * d, *f.shape))
        )
        mixtures = tuple(tuple((i, 1.0, k * d + i) for i in range(d)) for k in axes)
    call.run(Program(every, leading, mixtures, reduction), f, False, lattice, out, arrays)


def _packed(lower: np.ndarray) -> list[np.ndarray]:
    return [lower[k, i] for k in range(len(lower)) for i in range(k + 1)]


def _finer(accuracy: int, edge_order: int | None) -> tuple[int, int | None]:
    """The accuracy of metrics that are to be differentiated."""
    return accuracy + 2, None


def _plain(call: Call) -> Call:
    """For quantities that exist everywhere, and go on beyond the ends as positions do."""
    return Call((*call.options[:2], ONE_SIDED, 0.0), (None, "propagate"), call.workers)


def _laplacian_by_metric(f, lattice, geometry, call, out):
    d = lattice.ndim
    pairs = [(i, k) for i in range(d) for k in range(i, d)]

    def make(accuracy: int, edge_order: int | None) -> list[np.ndarray]:
        g = geometry.metric(*_finer(accuracy, edge_order))
        raised, volume = inverse(g), np.sqrt(np.linalg.det(np.moveaxis(g, (0, 1), (-2, -1))))
        each = Program(tuple((k, k, 1) for k in range(d)), (), (tuple((k, 1.0, -1) for k in range(d)),))
        drift = [_plain(call).run(each, raised[:, j] * volume, True, lattice, None) / volume for j in range(d)]
        return [raised[i, k] for i, k in pairs] + drift

    arrays = _arrays(geometry, "laplacian", call, f, make)
    firsts = [call.run(Program(((0, i, 1),)), f, False, lattice, None) for i in range(d - 1)]
    components = [((0, i, 2) if i == k else (1 + i, k, 1)) for i, k in pairs] + [(0, k, 1) for k in range(d)]
    terms = tuple((n, 1.0 if n >= len(pairs) or pairs[n][0] == pairs[n][1] else 2.0, n) for n in range(len(components)))
    _run_with(call, f, firsts, Program(tuple(components), (), (terms,)), lattice, out, arrays)


def _run_with(call, f, firsts, program, lattice, out, arrays=()):
    """A program of a field and some of its derivatives, which are absent where they could not be had."""
    fields = Fields([np.asarray(f, out.dtype), *firsts])
    where, nan = call.presence
    present = as_present(where, nan, f)
    if present is not None:
        for one in firsts:
            present = present & ~np.isnan(one)
    call._replace(presence=(present, "propagate")).run(program, fields, True, lattice, out, arrays)


def _divergence_by_metric(F, lattice, geometry, call, out, components):
    g = geometry.metric(*_finer(*call.options[:2]))
    volume = np.sqrt(np.linalg.det(np.moveaxis(g, (0, 1), (-2, -1))))
    flow = np.asarray(_contravariant(F, g, components) * volume, out.dtype)
    d = lattice.ndim
    program = Program(tuple((k, k, 1) for k in range(d)), (), (tuple((k, 1.0, 0) for k in range(d)),))
    call.run(program, flow, True, lattice, out, [1 / volume])


def _contravariant(F, g, components):
    if components == COVARIANT:
        return np.einsum("ik...,k...->i...", inverse(g), F)
    return F if components == CONTRAVARIANT else F / np.sqrt(np.einsum("kk...->k...", g))


def _curl_by_metric(F, lattice, geometry, call, out, components):
    d, g = lattice.ndim, geometry.metric(*_finer(*call.options[:2]))
    factor = geometry.hand / np.sqrt(np.linalg.det(np.moveaxis(g, (0, 1), (-2, -1))))
    lowered = F if components == COVARIANT else np.einsum("ik...,k...->i...", g, _contravariant(F, g, components))
    lowered = np.asarray(lowered, out.dtype)
    if d == 2:
        call.run(Program(((1, 0, 1), (0, 1, 1)), (), (((0, 1.0, 0), (1, -1.0, 0)),)), lowered, True, lattice, out, [factor])
        return
    turns = ((1, 2), (2, 0), (0, 1))
    derivatives = tuple(one for j, k in turns for one in ((k, j, 1), (j, k, 1)))
    arrays = [factor * np.sqrt(g[i, i]) for i in range(3)] if components == PHYSICAL else [factor] * 3
    mixtures = tuple(((2 * i, 1.0, i), (2 * i + 1, -1.0, i)) for i in range(3))
    call.run(Program(derivatives, (3,), mixtures), lowered, True, lattice, out, arrays)
    if components == COVARIANT:
        out[...] = np.einsum("ik...,k...->i...", g, out)


def _hessian_by_metric(f, lattice, geometry, call, out, components):
    d = lattice.ndim
    g = geometry.metric(*_finer(*call.options[:2]))
    slopes = np.array(
        [[_plain(call).run("stack", g[i, k], False, lattice, None).reshape(g.shape[1:]) for k in range(d)] for i in range(d)]
    )  # [i, k, m]: derivative of g[i, k] along m
    bends = 0.5 * (slopes + slopes.swapaxes(1, 2) - np.moveaxis(slopes, 2, 0))  # [l, i, k]: Christoffel's, first kind
    raised = inverse(g)
    firsts = [call.run(Program(((0, k, 1),)), f, False, lattice, None) for k in range(d)]
    upward = np.einsum("lm...,m...->l...", raised, np.array(firsts))
    for i in range(d):
        for k in range(i, d):
            program = Program(((0, i, 2),) if i == k else ((1, k, 1),))
            _run_with(call, f, [firsts[i]], program, lattice, out[i, k])
            out[i, k] -= np.einsum("l...,l...->...", bends[:, i, k], upward)
            out[k, i] = out[i, k]
    if components != COVARIANT:
        turn = raised if components == CONTRAVARIANT else raised * np.sqrt(np.einsum("kk...->k...", g))[:, None]
        out[...] = np.einsum("ia...,kb...,ab...->ik...", turn, turn, out)
        for i in range(d):
            for k in range(i):
                out[i, k] = out[k, i]


# ---- operators ---------------------------------------------------------------------------------------------


def _run(operator: Operator, f: Any, leading: tuple[int, ...], spacing: Any, options: Any, presence: Any, out: Any,
         workers: Any, real: bool = False) -> Any:  # fmt: skip
    """An operator on a curved grid."""
    grid, stacked = spacing[0], operator.stacked

    def fill(samples, there, result):
        geometry, lattice = grid.geometry, grid.lattice
        lattice.axes_for(samples.shape[1:] if stacked else samples.shape)
        poles = geometry.poles if isinstance(geometry, Orthogonal) else ()
        call = Call(options, there, workers)
        if poles:
            accuracy, *others = options
            if accuracy in (2, 4, 6, 8):  # what is not will be refused
                accuracy += operator.raised
            call = Call((accuracy, *others), (as_present(*there, samples, stacked), "propagate"), workers)
        _apply(operator, samples, lattice, geometry, call, result, poles)

    return filled(fill, f, stacked, leading, presence, out, real)


def _scaled(values: np.ndarray, geometry, pole, row, exponents) -> np.ndarray:
    """Physical components on a pole as others; NaN where those have no limit."""
    scale = _spread(geometry.power(exponents), len(exponents), pole, row, values.shape)
    if min(exponents) >= 0:
        return values * scale
    return values * np.where(scale == 0, np.nan, scale)


def gradient(reduction, f, spacing, options, presence, out, workers, components) -> Any:
    """`calculus.gradient` and its kin on curved grids; options begin with the axis."""
    axis, *options = options
    d = len(spacing[0].coords)
    axes, bare = as_axes(axis, d)
    bare = bare or (axis is None and d == 1)
    components = as_components(components)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _gradient_by_metric(samples, lattice, geometry, call, result, axes, bare, reduction, components)
        else:
            program = _gradient(geometry, d, axes, bare, reduction, components)
            call.run(program, samples, False, lattice, result)

    def limit(samples, lattice, geometry, call, pole, row, results):
        parts = _gradient_limit(samples, lattice, geometry, call, pole, row)
        if reduction == "stack":
            chosen = [_scaled(parts[k], geometry, pole, row, _unit(d, (k, _POWERS[components]))) for k in axes]
            return chosen[0] if bare else np.stack(chosen)
        length = np.sqrt(sum(abs(part) ** 2 for part in parts))
        if reduction == "norm":
            return length
        return np.where(length == 0, 0, np.stack(parts) / length)

    leading = () if reduction == "norm" or (bare and reduction == "stack") else (len(axes),)
    return _run(
        Operator(False, fill, limit, 0), f, leading, spacing, tuple(options), presence, out, workers, reduction == "norm"
    )


def partial(program, f, spacing, options, presence, out, workers) -> Any:
    """`operators.partial`: a derivative with respect to a coordinate."""

    def fill(samples, lattice, geometry, call, result):
        call.run(program, samples, False, lattice, result)

    def limit(samples, lattice, geometry, call, pole, row, results):
        return results[_at(pole.axis, row)]

    return _run(Operator(False, fill, limit, 0), f, (), spacing, options, presence, out, workers)


def laplacian(f, spacing, options, presence, out, workers) -> Any:
    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _laplacian_by_metric(samples, lattice, geometry, call, result)
        else:
            call.run(_laplacian(geometry, lattice.ndim), samples, False, lattice, result)

    def limit(samples, lattice, geometry, call, pole, row, results):
        second = _hessian_limit(samples, lattice, geometry, call, pole, row)
        return sum(second[k][k] for k in range(lattice.ndim))

    return _run(Operator(False, fill, limit), f, (), spacing, options, presence, out, workers)


def _physical(F: np.ndarray, geometry: Any, components: str) -> np.ndarray:
    """Components as those along unit vectors."""
    d, power = len(F), -_POWERS[components]
    parts = [part * geometry.power(_unit(d, (k, power))).spread(d) for k, part in enumerate(F)]
    return np.asarray(parts, np.result_type(F, np.float32) if F.dtype.kind in "fc" else np.float64)


def divergence(F, spacing, options, presence, out, workers, components) -> Any:
    components = as_components(components)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _divergence_by_metric(samples, lattice, geometry, call, result, components)
        else:
            call.run(_divergence(geometry, lattice.ndim, components), samples, True, lattice, result)

    def limit(samples, lattice, geometry, call, pole, row, results):
        slopes = _jacobian_limit(samples, lattice, geometry, call, pole, row)
        return sum(slopes[k][k] for k in range(lattice.ndim))

    if components != PHYSICAL and getattr(spacing[0].geometry, "poles", ()):
        F, components = _physical(F, spacing[0].geometry, components), PHYSICAL
    return _run(Operator(True, fill, limit), F, (), spacing, options, presence, out, workers)


def curl(F, spacing, options, presence, out, workers, components) -> Any:
    components = as_components(components)
    poles = getattr(spacing[0].geometry, "poles", ())

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _curl_by_metric(samples, lattice, geometry, call, result, components)
        else:
            call.run(_curl(geometry, lattice.ndim, PHYSICAL if poles else components), samples, True, lattice, result)

    def limit(samples, lattice, geometry, call, pole, row, results):
        slopes = _jacobian_limit(samples, lattice, geometry, call, pole, row)
        if lattice.ndim == 2:
            return geometry.hand * (slopes[1][0] - slopes[0][1])
        return np.stack([slopes[k][j] - slopes[j][k] for j, k in ((1, 2), (2, 0), (0, 1))])

    operator, leading = Operator(True, fill, limit), () if len(F) == 2 else (3,)
    if not poles or components == PHYSICAL:
        return _run(operator, F, leading, spacing, options, presence, out, workers)
    geometry = spacing[0].geometry
    result = _run(operator, _physical(F, geometry, components), leading, spacing, options, presence, out, workers)
    for k in range(3) if leading else ():
        scale = geometry.power(_unit(3, (k, _POWERS[components]))).spread(3)
        result[k] *= scale if components == COVARIANT else np.where(scale == 0, np.nan, scale)
    return result


def hessian(f, spacing, options, presence, out, workers, components) -> Any:
    power, d = _POWERS[as_components(components)], len(spacing[0].coords)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _hessian_by_metric(samples, lattice, geometry, call, result, components)
            return
        for i in range(d):
            call.run(_second(geometry, d, i, i, power), samples, False, lattice, result[i, i])
        for i in range(d - 1):
            first = result[d - 1, i]  # where the transposed component will be
            call.run(Program(((0, i, 1),)), samples, False, lattice, first)
            for k in range(i + 1, d):
                _run_with(call, samples, [first], _second(geometry, d, i, k, power), lattice, result[i, k])
            for k in range(i + 1, d):
                result[k, i] = result[i, k]

    def limit(samples, lattice, geometry, call, pole, row, results):
        second = _hessian_limit(samples, lattice, geometry, call, pole, row)
        return np.stack(
            [
                np.stack([_scaled(second[i][k], geometry, pole, row, _unit(d, (i, power), (k, power))) for k in range(d)])
                for i in range(d)
            ]
        )

    return _run(Operator(False, fill, limit), f, (d, d), spacing, options, presence, out, workers)
