"""From the arguments of a call to the engine: what is derived, by which tables, with what the results are mixed."""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable
from functools import cache, lru_cache, partial
from math import copysign
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ._arrays import KINDS, apart, as_field, check_out, memory_order, new_result
from ._axes import Axis, Box, Lattice, as_axis, closed
from ._config import as_workers
from ._engine.core import Plan
from ._engine.pool import share
from ._geometry import Product
from .stencils import BOUNDARIES, ONE_SIDED, PERIODIC, Stencil, derivative, stretch


class Program(NamedTuple):
    """What a function does with one or several fields."""

    # The derivatives that it takes: field, axis, order, which may be 0; or field, two axes, 1 for one along both
    components: tuple[tuple[int, Any, int], ...]
    leading: tuple[int, ...] = ()  # shape of the result before that of the fields
    # For each result what is summed: component; weight, a number or a Product; array, or -1. The same one twice is made
    # once. None: just the components
    mixtures: Any = None
    reduction: str = "stack"


#: What users may ask for.
ACCURACIES = 2, 4, 6, 8


#: In place of a word for `nan`, where the marks of a whole field are known: a part of it may have no absent sample.
MARKED = object()


class Raised(int):
    """An accuracy beyond what was asked for, where errors are divided by small distances, or differentiated."""


class Fields(list[np.ndarray]):
    """Several arrays that are alike, in place of one with an axis for them."""


class _Recipe(NamedTuple):
    """What a kind of call needs beside its arrays."""

    plan: Plan
    order: tuple[int, ...]  # the fields' axes as memory has them
    leading: tuple[int, ...]
    dtype: np.dtype


def carry_out(
    program: Any,
    f: Any,
    stacked: bool,
    spacing: Any,
    options: Any,
    presence: Any,
    out: Any,
    workers: Any,
    arrays: Any = (),
    within: tuple[slice, ...] | None = None,
) -> Any:
    """Check the arguments, find or make the recipe, run it.

    Parameters
    ----------
    program : Program or str
        Or the reduction of a gradient.
    f : array_like
        The field; or several if `stacked`, along axis 0 or as `Fields`.
    spacing : tuple
    options : tuple
        axis, accuracy, edge_order, boundary, cval
    presence : tuple
        where, nan
    out, workers
    arrays : sequence of ndarray, shape S
        Those that mixtures name.
    within : tuple of slice
        For each axis of the field, where results are wanted; there are no others then.
    """
    if type(f) is Fields:
        pass
    elif type(f) is not np.ndarray or f.dtype.char not in KINDS or f.ndim == 0:
        f = as_field(f)
        if f.dtype.kind in "mM":
            return _dates(program, f, spacing, options, presence, out)
        if type(f) is not np.ndarray:
            return _dressed(program, f, stacked, spacing, options, presence, out, workers, arrays)
    first = f[0] if stacked else f
    present = _present(presence, first, False) if type(f) is Fields else _present(presence, f, stacked)
    plan, order, leading, dtype = _find_recipe(program, first, spacing, options, present is not None)
    workers = as_workers(workers)
    fresh = out is None
    if fresh:
        out = new_result(leading, first if within is None else first[within], order, dtype)
    else:
        check_out(out, leading + (first.shape if within is None else first[within].shape), dtype)
    fields = list(f) if stacked else [f]
    if not fresh:
        fields = [apart(one, out) for one in fields]
    marks = None
    if present is not None:
        marks = np.ascontiguousarray(apart(present, out).transpose(order)).view(np.uint8)
    factors = [_as_factor(apart(array, out), order, first.dtype) for array in arrays]
    wanted = None if within is None else tuple(within[k] for k in order)
    plan(fields, out, order, len(leading), fresh, workers, share, marks, factors, wanted)
    return out


def _as_factor(array, order, dtype):
    """An array as mixtures take it: in the type of the arithmetic, in the order of memory, once per lane."""
    kind = KINDS[dtype.char]
    ordered = np.ascontiguousarray(array.transpose(order), "fdg"[kind.sample])
    return ordered if kind.lanes == 1 else np.repeat(ordered, kind.lanes, axis=-1)


#: Of samples that all exist.
EVERYWHERE = None, "propagate"


def combined(
    fields: Any, leading: tuple[int, ...], mixtures: Any, reduction: str, out: np.ndarray | None, arrays: Any = ()
) -> np.ndarray:
    """Fields themselves, mixed and reduced, sample by sample."""
    program = Program(tuple((k, -1, 0) for k in range(len(fields))), leading, mixtures, reduction)
    options = None, 2, None, ONE_SIDED, 0.0
    return np.asarray(carry_out(program, Fields(fields), True, (), options, EVERYWHERE, out, 1, arrays))


@cache
def second_derivatives(d: int) -> Program:
    """All those along axes, of which opposite ones are one."""
    components = tuple((0, i, 2) if i == k else (0, (i, k), 1) for i in range(d) for k in range(i, d))
    return Program(components, (len(components),), tuple(((n, 1.0, -1),) for n in range(len(components))))


def is_plain(presence: Any) -> bool:
    """Whether nothing is said of samples that might be absent."""
    where, nan = presence
    return where is None and nan == "propagate"


def whole(presence: Any, f: np.ndarray) -> bool:
    """Whether no sample is absent."""
    return _present(presence, f, False) is None


def _present(presence, f, stacked):
    """Marks of the samples that exist; None if all do."""
    where, nan = presence
    return None if is_plain(presence) else as_present(where, nan, f, stacked)


class _Coordinates(NamedTuple):
    """A short coordinate array as a key of the cache: by its contents."""

    dtype: str
    data: bytes


_HASHABLE = frozenset({int, float, type(None), _Coordinates, Raised})
# Coordinates of an axis: of so many calls with no more than those, and of a few with more.
_MOST_REMEMBERED, _MOST_OF_MANY = 1 << 14, 1 << 10


def _find_recipe(program: Any, f: Any, spacing: Any, options: Any, with_gaps: bool) -> Any:
    """The recipe, from a cache unless arguments are odd."""
    axis, accuracy, edge_order, boundary, cval = options
    if len(spacing) == 1 and isinstance(spacing[0], Lattice):
        make: Any = _recipes_of(spacing[0])
        unmade: Any = partial(_recipe_for, spacing[0])
        spacing = ()
    else:
        make, unmade = _cached_recipe, _make_recipe
        spacing = _as_keys(spacing)
    if axis is not None and type(axis) is not int:
        axes, bare = as_axes(axis, f.ndim)
        axis = axes[0] if bare else axes
    if type(boundary) is not str:
        boundary = as_pairs(boundary, f.ndim)
    if make is _cached_recipe and _are_long(spacing):
        make = _recipe_of_few
    for value in (accuracy, edge_order, cval, *spacing):
        if type(value) not in _HASHABLE:
            make = unmade
    if type(cval) is float and cval == 0 and copysign(1.0, cval) < 0:
        make = unmade  # -0.0 equals 0.0, and the cache would not tell them apart
    order = None if f.flags.c_contiguous else memory_order(f)
    return make(program, f.shape, f.dtype, order, axis, accuracy, edge_order, boundary, cval, with_gaps, *spacing)


def _as_keys(spacing):
    """Steps and short arrays of coordinates as keys of a cache."""
    return [
        _Coordinates(step.dtype.str, step.tobytes())
        if type(step) is np.ndarray and step.ndim == 1 and step.size <= _MOST_REMEMBERED and step.dtype.kind in "iuf"
        else step
        for step in spacing
    ]


def _from_keys(keys):
    return [np.frombuffer(key.data, key.dtype) if isinstance(key, _Coordinates) else key for key in keys]


def lattice_of(spacing: Any, shape: tuple[int, ...]) -> Lattice:
    """The lattice that spacings stand for, from the cache unless they are odd."""
    if len(spacing) == 1 and isinstance(spacing[0], Lattice):
        return spacing[0]
    keys = _as_keys(spacing)
    if not all(type(key) in _HASHABLE for key in keys):
        return _make_lattice(shape, *keys)
    return (_lattice_of_few if _are_long(keys) else _cached_lattice)(shape, *keys)


def _are_long(keys):
    return any(type(key) is _Coordinates and len(key.data) > 8 * _MOST_OF_MANY for key in keys)


def _make_lattice(shape, *keys):
    return Lattice(tuple(as_placements(_from_keys(keys), shape, tuple(range(len(shape))))), shape)


_cached_lattice: Any = lru_cache(maxsize=256, typed=True)(_make_lattice)
_lattice_of_few: Any = lru_cache(maxsize=16, typed=True)(_make_lattice)


def _make_recipe(program, shape, dtype, order, axis, accuracy, edge_order, boundary, cval, with_gaps, *steps):
    spacing = _from_keys(steps)
    if not isinstance(cval, Real):
        raise TypeError(f"cval must be a real number, got {cval!r}")
    axes, bare = as_axes(axis, len(shape))
    if isinstance(program, str):
        program = _gradient_program(program, axes, bare or (axis is None and len(shape) == 1))
    order = order or tuple(range(len(shape)))
    kind = KINDS[dtype.char]
    tables = tables_of(shape, spacing, axes, program, accuracy, edge_order, boundary, with_gaps)
    plan = Plan(
        [shape[k] for k in order],
        [_as_component(order, tables, *component) for component in program.components],
        program.reduction,
        kind.sample,
        kind.lanes,
        kind.stored,
        not dtype.isnative,
        dtype.char == "e",
        float(cval),
        program.mixtures and _as_mixtures(order, program.mixtures),
    )
    real = program.reduction == "norm"
    return _Recipe(plan, order, program.leading, np.dtype(kind.result.char.lower()) if real else kind.result)


def _as_component(order, tables, field, axis, m):
    """As a plan wants it."""
    if not m:
        return field, -1, None
    if isinstance(axis, int):
        return field, order.index(axis), tables[axis, m]
    pair = sorted(axis, key=order.index)
    return field, tuple(order.index(k) for k in pair), tuple(tables[k, m] for k in pair)


def _as_mixtures(order, mixtures):
    """As a plan wants them; equal ones stay one."""
    made = {id(terms): [_as_term(order, *term) for term in terms] for terms in mixtures}
    return [made[id(terms)] for terms in mixtures]


def _as_term(order, component, weight, array):
    """As a plan wants it."""
    if not isinstance(weight, Product):
        return component, weight, [], array
    return component, weight.number, [(order.index(k), values) for k, values in weight.along], array


def _gradient_program(reduction, axes, bare):
    components = tuple((0, k, 1) for k in axes)
    leading = () if reduction == "norm" or (bare and reduction == "stack") else (len(axes),)
    return Program(components, leading, None, reduction)


def tables_of(
    shape: tuple[int, ...],
    spacing: Any,
    axes: tuple[int, ...],
    program: Program,
    accuracy: int,
    edge_order: int | None,
    boundary: Any,
    with_gaps: bool,
) -> dict[tuple[int, int], Stencil]:
    """The table of each derivative of a program, by axis and order; `spacing` is that of `axes`."""
    accuracy, edge_order = as_orders(accuracy, edge_order)
    boundaries = as_pairs(boundary, len(shape))
    box = spacing[0] if len(spacing) == 1 and isinstance(spacing[0], Box) else None
    if box is not None:
        spacing, whole = (box.lattice,), box.whole
    else:
        whole = shape
    placements = dict(zip(axes, as_placements(spacing, whole, axes), strict=True))
    tables = {}
    along = [(k, m) for _, axis, m in program.components for k in ((axis,) if isinstance(axis, int) else axis) if m]
    for k, order in dict.fromkeys(along):
        as_numpy = program.mixtures is None  # what is summed has no counterpart there
        asked = placements[k], whole[k], k, order, accuracy, edge_order, boundaries[k], with_gaps, as_numpy
        table = _table(*asked) if box is None else _remembered_table(*asked)
        tables[k, order] = table if box is None else stretch(table, box.first[k], shape[k])
    return tables


def _table(axis, n, k, order, accuracy, edge_order, boundary, with_gaps, as_numpy):
    placement, (low, high) = with_boundary(axis, n, boundary, k)
    at_edges = order_at_edges(order, accuracy, edge_order)
    _check_samples(n, placement, at_edges + order, low, high, k)
    return derivative(placement, n, accuracy, at_edges, low, high, with_gaps, order, as_numpy)


#: What many boxes have parts of.
_remembered_table = lru_cache(maxsize=16)(_table)


_cached_recipe: Any = lru_cache(maxsize=1024, typed=True)(_make_recipe)
_recipe_of_few: Any = lru_cache(maxsize=64, typed=True)(_make_recipe)


def _recipe_for(lattice, *key):
    return _make_recipe(*key, lattice)


#: By lattice: recipes live and die with it.
_recipes: Any = weakref.WeakKeyDictionary()


def _recipes_of(lattice):
    """A cache, which must not keep the lattice alive itself."""
    found = _recipes.get(lattice)
    if found is None:
        there = weakref.ref(lattice)
        found = _recipes[lattice] = lru_cache(maxsize=256, typed=True)(lambda *key: _recipe_for(there(), *key))
    return found


# ---- arguments -----------------------------------------------------------------------------------------------


def as_axes(axis, ndim):
    """The axes, counted from 0, and whether one was asked for by an int."""
    if axis is None:
        return tuple(range(ndim)), False
    message = f"axis must be None, an int or a tuple of ints, got {axis!r}"
    if isinstance(axis, bool):
        raise TypeError(message)
    try:
        return (normalize_axis_index(operator.index(axis), ndim, "axis"),), True
    except TypeError:
        pass
    try:
        return normalize_axis_tuple(tuple(axis), ndim, "axis"), False
    except TypeError:
        raise TypeError(message) from None


def as_orders(accuracy: Any, edge_order: Any) -> tuple[int, int | None]:
    if type(accuracy) is not Raised and (isinstance(accuracy, bool) or accuracy not in ACCURACIES):
        raise ValueError(f"accuracy must be 2, 4, 6 or 8, got {accuracy!r}")
    if edge_order is not None and (isinstance(edge_order, bool) or edge_order not in (1, 2)):
        raise ValueError(f"edge_order must be 1 or 2, got {edge_order!r}")
    return int(accuracy), None if edge_order is None else int(edge_order)


def order_at_edges(order: int, accuracy: int, edge_order: int | None) -> int:
    """That of the truncation error of a derivative at one-sided ends."""
    return edge_order or (1 if accuracy == 2 and order == 1 else accuracy)


def as_pairs(boundary, ndim):
    """What is beyond the low and the high end of each axis."""
    if isinstance(boundary, str):
        boundary = (boundary,) * ndim
    elif not isinstance(boundary, (tuple, list)):
        raise TypeError(f"boundary must be a word or a tuple with an entry per axis, got {boundary!r}")
    if len(boundary) != ndim:
        raise ValueError(f"boundary needs one entry for each of the {ndim} axes of f, got {len(boundary)}")
    pairs = [(entry, entry) if isinstance(entry, str) else entry for entry in boundary]
    for k, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"boundary[{k}] must be a word or a pair (low, high), got {pair!r}")
        for word in pair:
            if word not in BOUNDARIES:
                raise ValueError(f"boundary must be one of {', '.join(BOUNDARIES)}; got {word!r} for axis {k}")
        if PERIODIC in pair and pair[0] != pair[1]:
            raise ValueError(f"boundary of axis {k} must be periodic on both sides or none, got {pair}")
    return tuple(tuple(pair) for pair in pairs)


def as_where(where: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Check marks of the samples that exist."""
    marks = np.asarray(where)
    if marks.dtype != np.bool_:
        raise TypeError(f"where must be an array of bool, got dtype {marks.dtype}")
    if marks.shape != shape:
        raise ValueError(f"where must have the shape of f, {shape}, got {marks.shape}")
    return marks


def as_present(where: Any, nan: Any, f: np.ndarray, stacked: bool = False) -> np.ndarray | None:
    """Marks of the samples that exist; None if all do. Of stacked fields, all that exist are of one mind."""
    if nan is MARKED:
        return where
    if nan not in ("propagate", "omit"):
        raise ValueError(f"nan must be 'propagate' or 'omit', got {nan!r}")
    present: Any = None if where is None else as_where(where, f.shape[1:] if stacked else f.shape)
    if nan == "omit" and f.dtype.kind in "fc":
        missing: Any = np.isnan(f)
        numbers = ~(missing.any(axis=0) if stacked else missing)
        present = numbers if present is None else present & numbers
    return None if present is None or present.all() else present


def as_placements(spacing: Any, shape: Any, axes: Any) -> list[Axis]:
    """Where the samples are along each of `axes`."""
    ndim = len(shape)
    if len(spacing) == 1 and isinstance(spacing[0], Lattice):
        along = spacing[0].axes_for(shape)
        return [along[k] for k in axes]
    if any(isinstance(step, Lattice) for step in spacing):
        raise TypeError("spacing must be either numbers and coordinates or one Grid, got both")
    if not spacing:
        return [Axis(1.0)] * len(axes)
    if len(spacing) == 1 and np.ndim(spacing[0]) == 0:
        return [as_axis(spacing[0], "spacing")] * len(axes)
    if len(spacing) == ndim and len(axes) != ndim:
        chosen = [(k, spacing[k]) for k in axes]
    elif len(spacing) == len(axes):
        chosen = list(zip(axes, spacing, strict=True))
    else:
        wanted = f"{len(axes)}" if len(axes) == ndim else f"{len(axes)} or {ndim}"
        raise TypeError(f"spacing needs 0, 1 or {wanted} entries for {len(axes)} axes, got {len(spacing)}")
    placements = []
    for k, step in chosen:
        axis = as_axis(step, f"spacing along axis {k}")
        if axis.length is not None and axis.length != shape[k]:
            raise ValueError(f"spacing along axis {k} has {axis.length} coordinates, f has {shape[k]} samples")
        placements.append(axis)
    return placements


def with_boundary(axis, n, pair, k):
    """Reconcile what the grid and the call say of an axis."""
    if axis.periodic:
        if pair not in ((ONE_SIDED, ONE_SIDED), (PERIODIC, PERIODIC)):
            raise ValueError(f"axis {k} of the grid is periodic, boundary says {pair}")
        return axis, (PERIODIC, PERIODIC)
    if PERIODIC in pair:
        axis = closed(axis, n, None, f"spacing along axis {k}")
    return axis, pair


def _check_samples(n, axis, at_edges, low, high, k):
    one_sided = ONE_SIDED in (low, high)
    mirrored_steps = axis.step is None and not axis.periodic
    needed = at_edges if one_sided else 1 + mirrored_steps
    if n < needed and (n > 0 or one_sided):
        raise ValueError(f"f has {n} samples along axis {k}, the stencil needs at least {needed}")


# ---- fields that are more than their numbers --------------------------------------------------------------------


def _dates(program, f, spacing, options, presence, out):
    """Dates and time spans have their own arithmetic: numpy's."""
    axis, accuracy, edge_order, boundary, _ = options
    if program != "stack":
        raise TypeError(f"f must be an array of numbers, got dtype {f.dtype}")
    plain = accuracy == 2 and boundary == ONE_SIDED and is_plain(presence)
    if not plain or any(isinstance(step, Lattice) for step in spacing):
        raise TypeError(f"f of dtype {f.dtype} takes numpy.gradient's arguments only")
    at_edges: Any = as_orders(accuracy, edge_order)[1] or 1
    result = np.gradient(f, *spacing, axis=axis, edge_order=at_edges)
    if not isinstance(result, np.ndarray) or isinstance(axis, (tuple, list)):
        result = np.stack(result if isinstance(result, tuple) else (result,))
    if out is None:
        return result
    check_out(out, result.shape, result.dtype)[...] = result
    return out


def _dressed(program, f, stacked, spacing, options, presence, out, workers, arrays):
    """Masked arrays and other subclasses keep their type, as far as it allows."""
    masked, presence, plain = isinstance(f, np.ma.MaskedArray), unmasked(f, stacked, presence), np.asarray(f)
    result = carry_out(program, plain, stacked, spacing, options, presence, out, workers, arrays)
    if out is not None:
        result = out
    else:
        try:
            result = f.__array_wrap__(result)
        except ValueError:  # numpy.matrix has no stacks
            return result
    if masked and isinstance(result, np.ma.MaskedArray):
        plain_options = *options[:-1], 0.0

        def derive(zeros, there):
            return carry_out(program, zeros, stacked, spacing, plain_options, there, None, workers, arrays)

        result.mask = _gaps(derive, plain, stacked, presence)
    return result


def unmasked(f: Any, stacked: bool, presence: Any) -> Any:
    """What is said of samples, their mask included."""
    mask = np.ma.getmask(f)
    if mask is np.ma.nomask:
        return presence
    where, nan = presence
    there = ~(mask.any(axis=0) if stacked else mask)
    return (there if where is None else there & as_where(where, there.shape)), nan


def _gaps(derive, f, stacked, presence):
    """Where there is no derivative: the same stencils say it, of a field that is zero where it is present."""
    present = _present(presence, f, stacked)
    return np.ma.nomask if present is None else np.isnan(derive(np.zeros(f.shape), (present, "propagate")))


def fill_in_rows(run: Callable[[np.ndarray], Any], result: np.ndarray, rows: int) -> None:
    """Let a program with `rows` times `rows` results make a matrix of them."""
    flat = result.reshape(rows * rows, *result.shape[2:])
    run(flat)
    if not np.may_share_memory(flat, result):  # its layout has no such shape
        result[...] = flat.reshape(result.shape)


def filled(
    fill: Callable[[Any, Any, Any], None],
    field: np.ndarray,
    stacked: bool,
    leading: tuple[int, ...],
    presence: Any,
    out: Any,
    real: bool = False,
) -> Any:
    """A result that `fill(field, presence, result)` makes of a field in several steps."""
    plain = np.asarray(field)
    if plain.dtype.kind in "mM":
        raise TypeError(f"f must be an array of numbers, got dtype {plain.dtype}")
    one = plain[0] if stacked else plain
    presence = unmasked(field, stacked, presence)
    dtype = KINDS[plain.dtype.char].result
    if real:
        dtype = np.dtype(dtype.char.lower())
    if out is None:
        result = new_result(leading, one, memory_order(one), dtype)
    else:
        result = np.asarray(check_out(out, leading + one.shape, dtype))  # a mask would have its own idea of assignments
        plain = apart(plain, out)
    fill(plain, presence, result)
    if not isinstance(field, np.ma.MaskedArray) or (out is not None and not isinstance(out, np.ma.MaskedArray)):
        return result if out is None else out

    def derive(zeros, there):
        gaps = np.empty(result.shape)
        fill(zeros, there, gaps)
        return gaps

    dressed = np.ma.array(result) if out is None else out
    dressed.mask = _gaps(derive, plain, stacked, presence)
    return dressed
