"""Operators in any coordinates: derivatives along the axes, times arrays that the metric gives.

What an operator multiplies by is kept with the geometry. The Hessian, which would have too much to keep, derives the
metric again, piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import mul
from typing import Any

import numpy as np

from . import _along
from ._arrays import KINDS, memory_order
from ._calls import CONTRAVARIANT, COVARIANT, PHYSICAL, TURNS, Call, run_with
from ._engine.core import MOST_SUMMED
from ._metric import Curved, inverse, inverse_and_volume, lengths, pairs, triangle, whole_matrix
from ._pieces import Piece
from ._piecewise import fill, scratch
from ._programs import EVERYWHERE, Fields, Program, as_orders, combined, second_derivatives, whole
from .stencils import ONE_SIDED, radius_of


def _plain(call: Call) -> Call:
    """For quantities that exist everywhere, and go on beyond the ends as positions do."""
    return Call((*call.options[:2], ONE_SIDED, 0.0), EVERYWHERE, call.workers)


def _sums(fields: Any, sums: Any, arrays: Any, out: np.ndarray) -> np.ndarray:
    """Sums of products, sample by sample: of each the terms, a field and an array."""
    mixtures = tuple(tuple((k, 1.0, n) for k, n in terms) for terms in sums)
    return combined(fields, (len(sums),), mixtures, "stack", out, arrays)


# Terms of such sums.


@cache
def _times_own(d: int) -> Any:
    """Each component times an array of its own."""
    return tuple(((k, k),) for k in range(d))


@cache
def _times_one(d: int) -> Any:
    """All times one array."""
    return tuple(((k, 0),) for k in range(d))


@cache
def _times_symmetric(d: int) -> Any:
    """A symmetric matrix times a vector."""
    return tuple(tuple(enumerate(row)) for row in whole_matrix(range(d * (d + 1) // 2), d))


@cache
def _times_matrix(d: int) -> Any:
    """Any matrix, row by row, times a vector."""
    return tuple(tuple((i, k * d + i) for i in range(d)) for k in range(d))


def _arrays_in(sums: Any) -> int:
    """How many arrays they name."""
    return 1 + max((n for terms in sums for _, n in terms), default=-1)


# ---- gradients -------------------------------------------------------------------------------------------------


def _kept(
    geometry: Curved,
    name: str,
    options: Any,
    f: np.ndarray,
    make: Callable[[Piece, list[np.ndarray]], Sequence[np.ndarray]],
    count: int,
    workers: Any,
    variant: Any = None,
    finer: bool = False,
    reach: int = 0,
) -> list[np.ndarray]:
    """Coefficients, in the precision of a field: those that `make(piece, metric)` makes, kept for calls of one kind."""
    orders = as_orders(*options[:2])
    kind = "f" if f.dtype.char in "efF" else "d"
    metric_orders = _finer(*orders) if finer else orders
    return geometry.coefficients(name, metric_orders, kind, (variant, *orders), make, count, reach, workers)


def _with_arrays(call, program, f, lattice, out, arrays):
    """A program, in one go where its arrays are as the engine wants them."""
    kind = KINDS[f.dtype.char]
    if kind.lanes == 1 and kind.sample < 2 and memory_order(f) == tuple(range(f.ndim)):
        call.run(program, f, False, lattice, out, arrays)
        return

    def make(piece, there, part, result):
        there.wanted(piece).run(program, part, False, piece.lattice, result, [piece.of(array) for array in arrays])

    fill(call, lattice, f, False, out, make)


def gradient(f, lattice, geometry, call, out, axes, bare, reduction, components):
    if reduction == "unit":
        _unit_gradient(f, lattice, geometry, call, out, axes, components)
        return
    program, arrays = gradient_program(
        f, lattice, geometry, call.options, axes, bare, reduction, components, call.workers
    )
    _with_arrays(call, program, f, lattice, out, arrays)


def _unit_gradient(f, lattice, geometry, call, out, axes, components):
    """Components, over their length: two programs, of arrays of their own."""
    (stack, raising), (norm, lower) = (
        gradient_program(f, lattice, geometry, call.options, axes, False, reduction, components, call.workers)
        for reduction in ("stack", "norm")
    )

    def make(piece, there, part, result):
        wanted = there.wanted(piece)
        length = scratch(1, result.shape[1:], result.real.dtype)[0]
        wanted.run(stack, part, False, piece.lattice, result, [piece.of(array) for array in raising])
        wanted.run(norm, part, False, piece.lattice, length, [piece.of(array) for array in lower])
        np.divide(result, length, out=result, where=length != 0)

    fill(call, lattice, f, False, out, make)


def gradient_program(f, lattice, geometry, options, axes, bare, reduction, components, workers=None):
    """A program, and the arrays that it names."""
    d = lattice.ndim
    every = tuple((0, k, 1) for k in range(d))
    leading = () if bare or reduction == "norm" else (len(axes),)

    if reduction == "norm":

        def factor(piece, g):
            return [part for row in triangle(whole_matrix(inverse(g)[0], d)) for part in row]

        arrays = _kept(geometry, "magnitude", options, f, factor, d * (d + 1) // 2, workers)
        places = {(k, i): n for n, (k, i) in enumerate((k, i) for k in range(d) for i in range(k + 1))}
        mixtures: Any = tuple(tuple((k, 1.0, places[k, i]) for k in range(i, d)) for i in range(d))
    elif components == COVARIANT:
        arrays, mixtures = [], tuple(((k, 1.0, -1),) for k in axes)
    else:

        def raising(piece, g):
            return [part for row in _raising(g, inverse(g)[0], components) for part in row]

        arrays = _kept(geometry, "gradient", options, f, raising, d * d, workers, components)
        mixtures = tuple(tuple((i, 1.0, k * d + i) for i in range(d)) for k in axes)
    return Program(every, leading, mixtures, reduction), arrays


def _raising(g: Any, raised: Any, components: str) -> list[list[np.ndarray]]:
    """What takes derivatives along axes to components of the gradient."""
    rows = whole_matrix(raised, len(lengths(g)))
    if components == CONTRAVARIANT:
        return rows
    return [[length * part for part in row] for length, row in zip(lengths(g), rows, strict=True)]


def directional_derivative(f, lattice, geometry, call, out, vectors, normalize):
    """Along vectors, whose physical components are given: (d,) or, of one for each sample, d arrays."""
    d = lattice.ndim
    if not isinstance(vectors, np.ndarray):
        _along_vectors(f, lattice, geometry, call, out, vectors, normalize)
        return

    def make(piece, g):
        steps = [v / length for v, length in zip(vectors.tolist(), lengths(g), strict=True)]
        if not normalize:
            return steps
        lowered = [sum(map(mul, row, steps)) for row in whole_matrix(g, d)]
        size = np.sqrt(sum(map(mul, lowered, steps)))
        return [step / size for step in steps]

    direction = *vectors.tolist(), normalize
    steps = _kept(geometry, "direction", call.options, f, make, d, call.workers, direction)
    _with_arrays(call, _along.steps(d), f, lattice, out, steps)


def _along_vectors(f, lattice, geometry, call, out, vectors, normalize):
    d = lattice.ndim
    oblique = [(i, k) for i, k in pairs(d) if i != k]

    def make(piece, g):
        steps = [1 / length for length in lengths(g)]
        whole_metric = whole_matrix(g, d)
        return [*steps, *(whole_metric[i][k] * steps[i] * steps[k] for i, k in oblique)]

    arrays = _kept(geometry, "directions", call.options, f, make, d + len(oblique), call.workers)
    cosines = dict(zip(oblique, arrays[d:], strict=True)) if normalize else {}
    _along.derivative(f, lattice, call, out, vectors, normalize, arrays[:d], cosines)


# ---- of higher order -------------------------------------------------------------------------------------------


def _finer(accuracy: int, edge_order: int | None) -> tuple[int, int | None]:
    """The accuracy of metrics that are to be differentiated."""
    return accuracy + 2, None


def _fits_one_sum(d: int, accuracy: int) -> bool:
    """Whether one sum has room for all derivatives of the second order, at ends of uneven coordinates, too."""
    return d * (d - 1) * accuracy**2 + 3 * d * accuracy <= MOST_SUMMED


def laplacian(f, lattice, geometry, call, out):
    in_one = whole(call.presence, f) and _fits_one_sum(lattice.ndim, as_orders(*call.options[:2])[0])
    program, arrays = laplacian_program(f, lattice, geometry, call.options, in_one, call.workers)
    if in_one:
        _with_arrays(call, program, f, lattice, out, arrays)
        return

    def make(piece, there, part, result):
        slopes = {i: Program(((0, i, 1),)) for i in range(lattice.ndim - 1)}
        firsts = {i: there.run(slope, part, False, piece.lattice, None) for i, slope in slopes.items()}
        wanted = there.wanted(piece)
        run_with(wanted, part, firsts, program, piece.lattice, result, [piece.of(array) for array in arrays])

    fill(call, lattice, f, False, out, make, second=True)


def laplacian_program(f, lattice, geometry, options, in_one, workers=None):
    """A program, whose fields 1, 2, ... are the derivatives along axes 0, 1, ..., unless all is done in one; and the
    arrays that it names."""
    d = lattice.ndim
    plain = _plain(Call(options, EVERYWHERE, 1))

    def make(piece, g):
        raised, size = inverse_and_volume(g)
        per_volume = [1 / size]
        flows = [[part * size for part in row] for row in whole_matrix(raised, d)]
        return raised + [plain.run(_divergence(d), Fields(row), True, piece.lattice, None, per_volume) for row in flows]

    reach, count = radius_of(1, as_orders(*options[:2])[0]), d * (d + 1) // 2 + d
    arrays = _kept(geometry, "laplacian", options, f, make, count, workers, finer=True, reach=reach)
    mixed = [(0, (i, k), 1) if in_one else (1 + i, k, 1) for i, k in pairs(d)]
    components = [(0, i, 2) if i == k else both for (i, k), both in zip(pairs(d), mixed, strict=True)]
    components += [(0, k, 1) for k in range(d)]
    twice = [1.0 if i == k else 2.0 for i, k in pairs(d)] + [1.0] * d
    terms = tuple((n, weight, n) for n, weight in enumerate(twice))
    return Program(tuple(components), (), (terms,)), arrays


def _divergence(d: int) -> Program:
    """The sum of derivatives of components along their own axes, times an array."""
    return Program(tuple((k, k, 1) for k in range(d)), (), (tuple((k, 1.0, 0) for k in range(d)),))


def divergence(F, lattice, geometry, call, out, components):
    d = lattice.ndim
    flows = {PHYSICAL: _times_own, CONTRAVARIANT: _times_one, COVARIANT: _times_symmetric}[components](d)

    def factors(piece, g):
        raised, size = inverse_and_volume(g)
        if components == COVARIANT:
            made = [part * size for part in raised]
        else:
            made = [size / length for length in lengths(g)] if components == PHYSICAL else [size]
        return [*made, 1 / size]

    count = _arrays_in(flows) + 1
    arrays = _kept(geometry, "divergence", call.options, F, factors, count, call.workers, components, finer=True)

    def make(piece, there, part, result):
        *factors, per_volume = (piece.of(array) for array in arrays)
        flow = _sums(part, flows, factors, scratch(d, part.shape[1:], part.dtype))
        there.wanted(piece).run(_divergence(d), flow, True, piece.lattice, result, [per_volume])

    fill(call, lattice, F, True, out, make)


def curl(F, lattice, geometry, call, out, components):
    """The turns of covariant components, and what these are multiplied by."""
    d, turns = lattice.ndim, TURNS[lattice.ndim]
    lowering = {PHYSICAL: _times_matrix(d), CONTRAVARIANT: _times_symmetric(d), COVARIANT: ()}[components]
    by = {PHYSICAL: _times_own, CONTRAVARIANT: _times_one, COVARIANT: _times_symmetric}[components](d)
    if d == 2:
        by = _times_one(1)
    derivatives = tuple(one for j, k in turns for one in ((k, j, 1), (j, k, 1)))
    mixtures = tuple(tuple((2 * i + m, (1.0, -1.0)[m], n) for i, n in row for m in (0, 1)) for row in by)
    program = Program(derivatives, () if d == 2 else (3,), mixtures)

    def factors(piece, g):
        turn, steps = geometry.hand / inverse_and_volume(g)[1], lengths(g)
        made = []
        if components == PHYSICAL:
            made = [part / step for row in whole_matrix(g, d) for part, step in zip(row, steps, strict=True)]
        elif components == CONTRAVARIANT:
            made = list(g)
        if d == 2 or components == CONTRAVARIANT:
            return [*made, turn]
        return [*made, *(turn * part for part in (steps if components == PHYSICAL else g))]

    count, first = _arrays_in(lowering) + _arrays_in(by), _arrays_in(lowering)
    arrays = _kept(geometry, "curl", call.options, F, factors, count, call.workers, components, finer=True)

    def make(piece, there, part, result):
        those = [piece.of(array) for array in arrays]
        if lowering:
            part = _sums(part, lowering, those[:first], scratch(d, part.shape[1:], part.dtype))
        there.wanted(piece).run(program, part, True, piece.lattice, result, those[first:])

    fill(call, lattice, F, True, out, make)


def hessian(f, lattice, geometry, call, out, components):
    """Second derivatives along axes, less what the metric bends, raised from both sides: g^-1 H g^-1. Physical
    components are those times the lengths of two steps."""
    d, in_one = lattice.ndim, whole(call.presence, f)
    metric = geometry.metric_arrays(*_finer(*as_orders(*call.options[:2])), call.workers)
    upper = len(metric)

    def upper_of_inverse(piece, g):
        return inverse(g)[0]

    raised = _kept(geometry, "hessian", call.options, f, upper_of_inverse, upper, call.workers, finer=True)
    slopes = tuple((0, m, 1) for m in range(d))
    raising = Program(slopes, (d,), tuple(tuple((m, 1.0, n) for m, n in row) for row in _times_symmetric(d)))

    def make(piece, there, part, result):
        g, up = ([piece.of(array) for array in arrays] for arrays in (metric, raised))
        room = scratch(d * d + 2 * upper + d, part.shape, part.dtype)
        upward, form, turned, half = np.split(room, (d, d + upper, d + 2 * upper))
        there.run(raising, part, False, piece.lattice, upward, up)
        if in_one:
            there.run(second_derivatives(d), part, False, piece.lattice, form)
        else:
            firsts = [there.run(Program((s,)), part, False, piece.lattice, None) for s in slopes[:-1]]
            for second, (i, k) in zip(form, pairs(d), strict=True):
                if i == k:
                    there.run(Program(((0, k, 2),)), part, False, piece.lattice, second)
                else:
                    run_with(there, part, {i: firsts[i]}, Program(((1, k, 1),)), piece.lattice, second)
        bent = turned if part.dtype == np.float64 else np.empty(turned.shape)
        for parts, slope in ((form.real, upward.real), (form.imag, upward.imag))[: 1 + np.iscomplexobj(form)]:
            parts -= _plain(there).run(_bends(d), Fields(g), True, piece.lattice, bent, slope)
        if components != COVARIANT:
            form = _sums(_sums(form, _half(d), up, half), _other_half(d), up, turned)
        squares = [part[piece.found] for part, (i, k) in zip(g, pairs(d), strict=True) if i == k]
        for (i, k), one in zip(pairs(d), form[(..., *piece.found)], strict=True):
            if components == PHYSICAL:
                np.multiply(one, squares[i] if i == k else np.sqrt(squares[i] * squares[k]), out=result[i, k])
            else:
                result[i, k] = one
            if i != k:
                result[k, i] = result[i, k]

    fill(call, lattice, f, False, out, make, second=True)


@cache
def _bends(d: int) -> Program:
    """Christoffel's symbols of the first kind, [m, i, k], times array m: their sums, for each pair of i and k."""
    place = whole_matrix(range(d * (d + 1) // 2), d)
    listed: dict[tuple[int, int, int], int] = {}
    sums = []
    for i, k in pairs(d):
        three = [(m, [(place[m][i], k, 1), (place[m][k], i, 1), (place[i][k], m, 1)]) for m in range(d)]
        terms = [(one, weight, m) for m, ones in three for one, weight in zip(ones, (0.5, 0.5, -0.5), strict=True)]
        sums.append(tuple((listed.setdefault(one, len(listed)), weight, m) for one, weight, m in terms))
    return Program(tuple(listed), (len(sums),), tuple(sums))


# One symmetric matrix times another, and that times the first again.


@cache
def _half(d: int) -> Any:
    place = whole_matrix(range(d * (d + 1) // 2), d)
    return [[(place[i][k], place[a][i]) for i in range(d)] for a in range(d) for k in range(d)]


@cache
def _other_half(d: int) -> Any:
    place = whole_matrix(range(d * (d + 1) // 2), d)
    return [[(a * d + k, place[k][b]) for k in range(d)] for a, b in pairs(d)]
