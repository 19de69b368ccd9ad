"""Operators in any coordinates: derivatives along the axes, times arrays that the metric gives.

What derivatives of gradients and Laplacians are multiplied by is kept with the geometry. The other operators keep the
metric alone: what they take of it, and what they make on the way to a result, is made piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import mul
from typing import Any

import numpy as np

from ._arrays import KINDS, memory_order
from ._axes import Lattice
from ._calls import CONTRAVARIANT, COVARIANT, PHYSICAL, Call, run_with
from ._config import as_workers
from ._metric import Curved, inverse_and_volume, lengths, pairs, triangle, whole_matrix
from ._pieces import Piece, each, pieces
from ._programs import MARKED, Fields, Program, as_orders, as_pairs, as_present, carry_out, order_at_edges, whole
from .stencils import ONE_SIDED, PERIODIC, radius_of

_EVERYWHERE = None, "propagate"


# ---- pieces ----------------------------------------------------------------------------------------------------


def _fill(
    call: Call,
    lattice: Lattice,
    f: np.ndarray,
    stacked: bool,
    outs: Sequence[np.ndarray],
    make: Callable[[Piece, Call, np.ndarray], Sequence[np.ndarray]],
    second: bool = False,
) -> None:
    """Fill arrays with what `make(piece, call, f)` makes, piece by piece; `second` says that it may derive twice."""
    one = f[0] if stacked else f
    where, nan = call.presence
    present = as_present(where, nan, f, stacked)
    marked = call._replace(presence=(present, MARKED))
    accuracy, _, boundary, _ = call.options
    along = zip(lattice.axes_for(one.shape), as_pairs(boundary, one.ndim), strict=True)
    closed = tuple(axis.periodic or PERIODIC in pair for axis, pair in along)
    numbers = np.result_type(KINDS[f.dtype.char].result, np.float32)  # half precision is for results

    def fill(piece: Piece) -> None:
        parts = make(piece, marked.for_piece(piece), np.asarray(piece.of(f), numbers))
        for out, part in zip(outs, parts, strict=True):
            wanted: Any = ..., *piece.wanted
            found: Any = ..., *piece.found
            out[wanted] = part[found]

    reach = _reach(call.options, present is not None, second)
    each(pieces(lattice, one.shape, memory_order(one), int(accuracy), reach, closed), fill, as_workers(call.workers))


def _reach(options: Any, with_gaps: bool, second: bool) -> int:
    """How far results reach."""
    accuracy, edge_order = as_orders(*options[:2])
    radius = radius_of(1, accuracy)
    if not with_gaps:
        return radius
    first, twice = (order_at_edges(m, accuracy, edge_order) + m - 1 for m in (1, 2))
    first = max(radius, first)
    return max(2 * first, twice) if second else first


def _plain(call: Call) -> Call:
    """For quantities that exist everywhere, and go on beyond the ends as positions do."""
    return Call((*call.options[:2], ONE_SIDED, 0.0), _EVERYWHERE, call.workers)


def _sums(fields: Any, sums: Any, arrays: Any) -> np.ndarray:
    """Sums of products, sample by sample: of each the terms, a field and an array."""
    themselves = tuple((k, -1, 0) for k in range(len(fields)))
    program = Program(themselves, (len(sums),), tuple(tuple((k, 1.0, n) for k, n in terms) for terms in sums))
    options = None, 2, None, ONE_SIDED, 0.0
    return np.asarray(carry_out(program, Fields(fields), True, (), options, _EVERYWHERE, None, 1, arrays))


@cache
def _times_symmetric(d: int) -> Any:
    """The terms of a symmetric matrix times a vector."""
    return tuple(tuple(enumerate(row)) for row in whole_matrix(range(d * (d + 1) // 2), d))


# ---- gradients -------------------------------------------------------------------------------------------------


def _arrays(
    geometry: Curved, key: Any, options: Any, f: np.ndarray, count: int, reach: int, make: Any, workers: Any
) -> list[np.ndarray]:
    """Coefficients, in the precision of a field: those that `make(piece)` makes, kept."""
    accuracy, edge_order = as_orders(*options[:2])
    kind = "f" if f.dtype.char in "efF" else "d"

    def arrays() -> list[np.ndarray]:
        made = [np.empty(f.shape, kind) for _ in range(count)]
        geometry.fill(made, make, accuracy + 2, reach, workers)
        return made

    return geometry.kept("coefficients", (key, accuracy, edge_order, kind), arrays)


def _with_arrays(call, program, f, lattice, out, arrays):
    """A program, in one go where its arrays are as the engine wants them."""
    kind = KINDS[f.dtype.char]
    if kind.lanes == 1 and kind.sample < 2 and memory_order(f) == tuple(range(f.ndim)):
        call.run(program, f, False, lattice, out, arrays)
        return

    def make(piece, there, part):
        return [there.run(program, part, False, piece.lattice, None, [piece.of(array) for array in arrays])]

    _fill(call, lattice, f, False, [out], make)


def gradient(f, lattice, geometry, call, out, axes, bare, reduction, components):
    if reduction == "unit":
        gradient(f, lattice, geometry, call, out, axes, bare, "stack", components)
        length = np.empty(f.shape, out.real.dtype)
        gradient(f, lattice, geometry, call, length, axes, bare, "norm", components)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(out, length, out=out, where=length != 0)
        return
    program, arrays = gradient_program(
        f, lattice, geometry, call.options, axes, bare, reduction, components, call.workers
    )
    _with_arrays(call, program, f, lattice, out, arrays)


def gradient_program(f, lattice, geometry, options, axes, bare, reduction, components, workers=None):
    """A program, and the arrays that it names."""
    d = lattice.ndim
    every = tuple((0, k, 1) for k in range(d))
    leading = () if bare or reduction == "norm" else (len(axes),)

    def metric_at(piece):
        return geometry.metric_at(piece, *as_orders(*options[:2]))

    if reduction == "norm":

        def factor(piece):
            lower = triangle(np.array(whole_matrix(inverse_and_volume(metric_at(piece))[0], d)))
            return [lower[k, i] for k in range(d) for i in range(k + 1)]

        arrays = _arrays(geometry, "norm", options, f, d * (d + 1) // 2, 0, factor, workers)
        places = {(k, i): n for n, (k, i) in enumerate((k, i) for k in range(d) for i in range(k + 1))}
        mixtures: Any = tuple(tuple((k, 1.0, places[k, i]) for k in range(i, d)) for i in range(d))
    elif components == COVARIANT:
        arrays, mixtures = [], tuple(((k, 1.0, -1),) for k in axes)
    else:

        def raising(piece):
            g = metric_at(piece)
            return [part for row in _raising(g, inverse_and_volume(g)[0], components) for part in row]

        arrays = _arrays(geometry, components, options, f, d * d, 0, raising, workers)
        mixtures = tuple(tuple((i, 1.0, k * d + i) for i in range(d)) for k in axes)
    return Program(every, leading, mixtures, reduction), arrays


def _raising(g: Any, raised: Any, components: str) -> list[list[np.ndarray]]:
    """What takes derivatives along axes to components of the gradient."""
    rows = whole_matrix(raised, len(lengths(g)))
    if components == CONTRAVARIANT:
        return rows
    return [[length * part for part in row] for length, row in zip(lengths(g), rows, strict=True)]


def directional_derivative(f, lattice, geometry, call, out, vectors, normalize):
    """Along vectors, whose physical components are given, (d,) or (d, *S)."""
    d = lattice.ndim
    derivatives = tuple((0, k, 1) for k in range(d))
    program = Program(derivatives, (), (tuple((k, 1.0, k) for k in range(d)),))

    def make(piece, there, part):
        g = geometry.metric_at(piece, *call.options[:2])
        along = vectors if vectors.ndim == 1 else piece.of(vectors)
        steps = [v / length for v, length in zip(along, lengths(g), strict=True)]
        if normalize:
            lowered = [sum(map(mul, row, steps)) for row in whole_matrix(g, d)]
            size = np.sqrt(sum(map(mul, lowered, steps)))
            steps = [step / size for step in steps]
        return [there.run(program, part, False, piece.lattice, None, steps)]

    _fill(call, lattice, f, False, [out], make)


# ---- of higher order -------------------------------------------------------------------------------------------


def _finer(accuracy: int, edge_order: int | None) -> tuple[int, int | None]:
    """The accuracy of metrics that are to be differentiated."""
    return accuracy + 2, None


def _finer_metric(geometry, call):
    accuracy, edge_order = as_orders(*call.options[:2])
    return geometry.metric_arrays(*_finer(accuracy, edge_order), call.workers)


def laplacian(f, lattice, geometry, call, out):
    in_one = whole(call.presence, f)
    program, arrays = laplacian_program(f, lattice, geometry, call.options, in_one, call.workers)
    if in_one:
        _with_arrays(call, program, f, lattice, out, arrays)
        return

    def make(piece, there, part):
        firsts = [there.run(Program(((0, i, 1),)), part, False, piece.lattice, None) for i in range(lattice.ndim - 1)]
        result = np.empty_like(part)
        run_with(there, part, firsts, program, piece.lattice, result, [piece.of(array) for array in arrays])
        return [result]

    _fill(call, lattice, f, False, [out], make, second=True)


def laplacian_program(f, lattice, geometry, options, in_one, workers=None):
    """A program, whose fields 1, 2, ... are the derivatives along axes 0, 1, ..., unless all is done in one; and the
    arrays that it names."""
    d = lattice.ndim
    plain = _plain(Call(options, _EVERYWHERE, 1))
    accuracy, edge_order = as_orders(*options[:2])

    def make(piece):
        raised, size = inverse_and_volume(geometry.metric_at(piece, *_finer(accuracy, edge_order)))
        per_volume = [1 / size]
        flows = [[part * size for part in row] for row in whole_matrix(raised, d)]
        return raised + [plain.run(_divergence(d), Fields(row), True, piece.lattice, None, per_volume) for row in flows]

    count = d * (d + 1) // 2 + d
    arrays = _arrays(geometry, "laplacian", options, f, count, radius_of(1, accuracy), make, workers)
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
    d, metric = lattice.ndim, _finer_metric(geometry, call)

    def make(piece, there, part):
        g = [piece.of(array) for array in metric]
        raised, size = inverse_and_volume(g)
        if components == COVARIANT:
            part = _sums(part, _times_symmetric(d), raised)
        weights = [size / length for length in lengths(g)] if components == PHYSICAL else [size] * d
        flow = Fields(np.asarray(v * weight, v.dtype) for v, weight in zip(part, weights, strict=True))
        return [there.run(_divergence(d), flow, True, piece.lattice, None, [1 / size])]

    _fill(call, lattice, F, True, [out], make)


def curl(F, lattice, geometry, call, out, components):
    d, metric = lattice.ndim, _finer_metric(geometry, call)
    turns = ((0, 1),) if d == 2 else ((1, 2), (2, 0), (0, 1))
    derivatives = tuple(one for j, k in turns for one in ((k, j, 1), (j, k, 1)))
    own = d == 3 and components == PHYSICAL  # each component has its own factor
    mixtures = tuple(((2 * i, 1.0, i * own), (2 * i + 1, -1.0, i * own)) for i in range(len(turns)))
    program = Program(derivatives, () if d == 2 else (3,), mixtures)

    def make(piece, there, part):
        g = [piece.of(array) for array in metric]
        factor = geometry.hand / inverse_and_volume(g)[1]
        if components == PHYSICAL:
            part = [v / length.astype(v.real.dtype) for v, length in zip(part, lengths(g), strict=True)]
        if components != COVARIANT:
            part = _sums(part, _times_symmetric(d), g)
        factors = [factor * length for length in lengths(g)] if own else [factor]
        result = there.run(program, part, True, piece.lattice, None, factors)
        return [_sums(result, _times_symmetric(d), g) if d == 3 and components == COVARIANT else result]

    _fill(call, lattice, F, True, [out], make)


def hessian(f, lattice, geometry, call, out, components):
    d, metric, in_one = lattice.ndim, _finer_metric(geometry, call), whole(call.presence, f)
    slopes = tuple((0, m, 1) for m in range(d))
    raising = Program(slopes, (d,), tuple(tuple((m, 1.0, n) for m, n in row) for row in _times_symmetric(d)))

    def make(piece, there, part):
        g = [piece.of(array) for array in metric]
        raised = inverse_and_volume(g)[0]
        upward = there.run(raising, part, False, piece.lattice, None, raised)
        firsts = [] if in_one else [there.run(Program((s,)), part, False, piece.lattice, None) for s in slopes[:-1]]
        found = np.empty((len(g), *part.shape), part.dtype)
        for second, (i, k) in zip(found, pairs(d), strict=True):
            if i == k or in_one:
                there.run(_second(i, k), part, False, piece.lattice, second)
            else:
                run_with(there, part, [firsts[i]], Program(((1, k, 1),)), piece.lattice, second)
            bends = _plain(there).run(_bends(d, i, k), Fields(g), True, piece.lattice, None)
            second -= _sums(upward, (tuple((m, m) for m in range(d)),), bends)[0]
        if components != COVARIANT:
            found = _turned(found, _raising(g, raised, components))
        return [one for row in whole_matrix(list(found), d) for one in row]

    _fill(call, lattice, f, False, [out[ik] for ik in np.ndindex(d, d)], make, second=True)


def _second(i: int, k: int) -> Program:
    return Program(((0, i, 2) if i == k else (0, (i, k), 1),), (), (((0, 1.0, -1),),))


@cache
def _bends(d: int, i: int, k: int) -> Program:
    """Christoffel's symbols of the first kind, [m, i, k] for each m."""
    place = whole_matrix(range(d * (d + 1) // 2), d)
    threes = [((place[m][i], k, 1), (place[m][k], i, 1), (place[i][k], m, 1)) for m in range(d)]
    every = tuple(dict.fromkeys(one for three in threes for one in three))
    sums = (zip(map(every.index, three), (0.5, 0.5, -0.5), (-1, -1, -1), strict=True) for three in threes)
    return Program(every, (d,), tuple(map(tuple, sums)))


def _turned(form: np.ndarray, turn: list[list[np.ndarray]]) -> np.ndarray:
    """A symmetric matrix times another one from the left, and its transpose from the right."""
    d = len(turn)
    factors = [factor for row in turn for factor in row]
    columns = _times_symmetric(d)  # which are rows
    half = [[(n, a * d + i) for i, n in columns[k]] for a in range(d) for k in range(d)]
    both = [[(a * d + k, b * d + k) for k in range(d)] for a, b in pairs(d)]
    return _sums(_sums(form, half, factors), both, factors)
