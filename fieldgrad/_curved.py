"""Operators on curved grids: chosen by the geometry, continued through poles."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _along, _by_metric, _orthogonal
from ._arrays import check_out, memory_order
from ._calls import COVARIANT, PHYSICAL, POWERS, TURNS, Call, as_components, run_with
from ._geometry import Orthogonal, Pole
from ._metric import Curved
from ._orthogonal import exponents
from ._poles import (
    Operator,
    apply,
    at,
    divergence_limit,
    fill_poles,
    gradient_limit,
    hessian_limit,
    jacobian_limit,
    laplacian_limit,
)
from ._programs import ACCURACIES, Program, Raised, as_axes, as_pairs, as_present, fill_in_rows, filled, unmasked, whole
from .grid import Grid
from .stencils import PERIODIC


def _run(operator, f, leading, spacing, options, presence, out, workers, real=False):
    """An operator on a curved grid."""
    grid, stacked = spacing[0], operator.stacked

    def fill(samples, there, result):
        lattice, poles = grid.lattice, poles_of(grid)
        lattice.axes_for(samples.shape[1:] if stacked else samples.shape)
        check_periodic(grid.geometry, options[2], lattice.ndim)
        if stacked and poles and samples.dtype.kind not in "fc":  # components change their signs at poles
            samples = samples.astype(np.float64)
        if poles:
            there = as_present(there[0], there[1], samples, stacked), "propagate"
        call = Call(settings(options, poles, operator.raised, operator.second), there, workers)
        apply(operator, samples, lattice, grid.geometry, call, result, poles)

    return filled(fill, f, stacked, leading, presence, out, real)


def check_periodic(geometry: Any, boundary: Any, ndim: int) -> None:
    """Refuse that an axis along which lengths vary goes on at its other end."""
    if not isinstance(geometry, Orthogonal) or (isinstance(boundary, str) and boundary != PERIODIC):
        return
    varying = {k for scale in geometry.scales for k, _ in scale.along}
    for k, pair in enumerate(as_pairs(boundary, ndim)):
        if PERIODIC in pair and k in varying:
            raise ValueError(f"boundary of axis {k} must not be periodic: what lies along it differs in length")


def poles_of(grid: Grid) -> tuple[Pole, ...]:
    return grid.geometry.poles if isinstance(grid.geometry, Orthogonal) else ()


def settings(options: Any, poles: tuple[Pole, ...], raised: int, second: bool) -> tuple[Any, ...]:
    """Options with the accuracy that derivatives are to have."""
    accuracy, edge_order, *others = options
    if poles:
        if accuracy in ACCURACIES:  # what is not will be refused
            accuracy = Raised(accuracy + raised)
    elif second and accuracy == 2 and edge_order is None:
        edge_order = 2
    return accuracy, edge_order, *others


def _scaled(values, slab, powers):
    """Physical components on a pole as others; NaN where those have no limit."""
    scale = slab.spread(slab.geometry.power(powers))
    return values * (scale if min(powers) >= 0 else np.where(scale == 0, np.nan, scale))


def gradient(reduction, f, spacing, options, presence, out, workers, components):
    """`calculus.gradient` and its kin on curved grids; options begin with the axis."""
    axis, *options = options
    d = len(spacing[0].coords)
    axes, bare = as_axes(axis, d)
    bare = bare or (axis is None and d == 1)
    components = as_components(components)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _by_metric.gradient(samples, lattice, geometry, call, result, axes, bare, reduction, components)
        else:
            program = _orthogonal.gradient(geometry, d, axes, bare, reduction, components)
            call.run(program, samples, False, lattice, result)

    def limit(samples, slab, call):
        parts = gradient_limit(samples, slab, call)
        if reduction == "stack":
            chosen = [_scaled(parts[k], slab, exponents(d, (k, POWERS[components]))) for k in axes]
            return chosen[0] if bare else np.stack(chosen) if chosen else np.empty((0, *[1] * (d - 1)))
        return _along.length(parts) if reduction == "norm" else _along.unit(parts)

    leading = () if reduction == "norm" or (bare and reduction == "stack") else (len(axes),)
    operator, real = Operator(False, fill, limit, 0), reduction == "norm"
    return _run(operator, f, leading, spacing, tuple(options), presence, out, workers, real)


def partial(program, f, spacing, options, presence, out, workers):
    """`operators.partial`: a derivative with respect to a coordinate."""

    def fill(samples, lattice, geometry, call, result):
        call.run(program, samples, False, lattice, result)

    def limit(samples, slab, call):
        return slab.on_row(call, program, samples, False)

    farther = (max(order for _, _, order in program.components) - 1) // 2
    return _run(Operator(False, fill, limit, 0, farther=farther), f, (), spacing, options, presence, out, workers)


def directional_derivative(f, vectors, normalize, spacing, options, presence, out, workers):
    """`vectors` are physical components, (d,) or (d, *S)."""
    grid, d = spacing[0], len(vectors)
    grid.lattice.axes_for(f.shape)
    arrays = tuple(vectors) if vectors.ndim > 1 else ()

    def fill(samples, lattice, geometry, call, result, *arrays):
        if isinstance(geometry, Curved):
            _by_metric.directional_derivative(samples, lattice, geometry, call, result, arrays or vectors, normalize)
            return
        # A sum takes either an array or a function of the place along a row.
        if arrays and (normalize or memory_order(samples) != tuple(range(d))):
            scales = [geometry.power(exponents(d, (k, -1))) for k in range(d)]
            spread = [np.broadcast_to(s.spread(d), samples.shape) if s.along else None for s in scales]
            _along.derivative(samples, lattice, call, result, arrays, normalize, spread, {})
            return
        program = _orthogonal.along(geometry, d, None if arrays else tuple(vectors.tolist()))
        call.run(program, samples, False, lattice, result, arrays)

    def limit(samples, slab, call, *arrays):
        along = [v[at(slab.pole.axis, slab.row)] for v in arrays] if arrays else vectors
        if arrays and normalize:
            along = _along.unit(along)
        return sum(v * part for v, part in zip(along, gradient_limit(samples, slab, call), strict=True))

    operator = Operator(False, fill, limit, 0, arrays=arrays)
    return _run(operator, f, (), spacing, options, presence, out, workers)


def laplacian(f, spacing, options, presence, out, workers):
    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _by_metric.laplacian(samples, lattice, geometry, call, result)
        else:
            call.run(_orthogonal.laplacian(geometry, lattice.ndim), samples, False, lattice, result)

    return _run(Operator(False, fill, laplacian_limit, second=True), f, (), spacing, options, presence, out, workers)


def _physical(F, geometry, components, presence):
    """Components as those along unit vectors, on poles, too, where absent samples have no say; and what is present."""
    d, power = len(F), -POWERS[components]
    plain, (where, nan) = np.asarray(F), unmasked(F, True, presence)
    present = as_present(where, nan, plain, True)
    result = np.empty(F.shape, plain.dtype if plain.dtype.kind in "fc" else np.float64)
    with np.errstate(all="ignore"):
        for k, part in enumerate(plain):
            result[k] = part * geometry.power(exponents(d, (k, power))).spread(d)
        fill_poles(result, geometry.poles, present)
    return (np.ma.array(result) if isinstance(F, np.ma.MaskedArray) else result), (present, "propagate")


def _as_half(result, out):
    """What goes by numbers that half precision has no room for."""
    if out is None:
        return result.astype(np.float16)
    check_out(out, result.shape, np.dtype(np.float16))[...] = result
    return out


def divergence(F, spacing, options, presence, out, workers, components):
    components = as_components(components)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _by_metric.divergence(samples, lattice, geometry, call, result, components)
        else:
            call.run(_orthogonal.divergence(geometry, lattice.ndim, components), samples, True, lattice, result)

    if components != PHYSICAL and poles_of(spacing[0]):
        if F.dtype.char == "e":
            wide = divergence(F.astype(np.float32), spacing, options, presence, None, workers, components)
            return _as_half(wide, out)
        F, presence = _physical(F, spacing[0].geometry, components, presence)
        components = PHYSICAL
    return _run(Operator(True, fill, divergence_limit), F, (), spacing, options, presence, out, workers)


def curl(F, spacing, options, presence, out, workers, components):
    components = as_components(components)
    poles = poles_of(spacing[0])

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _by_metric.curl(samples, lattice, geometry, call, result, components)
        else:
            program = _orthogonal.curl(geometry, lattice.ndim, PHYSICAL if poles else components)
            call.run(program, samples, True, lattice, result)

    def limit(samples, slab, call):
        slopes = jacobian_limit(samples, slab, call)
        turns = [slopes[k][j] - slopes[j][k] for j, k in TURNS[slab.ndim]]
        return slab.geometry.hand * turns[0] if slab.ndim == 2 else np.stack(turns)

    operator, leading = Operator(True, fill, limit), () if len(F) == 2 else (3,)
    if not poles or components == PHYSICAL:
        return _run(operator, F, leading, spacing, options, presence, out, workers)
    if F.dtype.char == "e":
        return _as_half(curl(F.astype(np.float32), spacing, options, presence, None, workers, components), out)
    geometry = spacing[0].geometry
    physical, presence = _physical(F, geometry, components, presence)
    result = _run(operator, physical, leading, spacing, options, presence, out, workers)
    for k in range(3) if leading else ():
        scale = geometry.power(exponents(3, (k, POWERS[components]))).spread(3)
        result[k] *= scale if components == COVARIANT else np.where(scale == 0, np.nan, scale)
        if components != COVARIANT and isinstance(result, np.ma.MaskedArray):
            result[k] = np.ma.masked_where(np.broadcast_to(scale == 0, result.shape[1:]), result[k])
    return result


def hessian(f, spacing, options, presence, out, workers, components):
    power, d = POWERS[as_components(components)], len(spacing[0].coords)

    def fill(samples, lattice, geometry, call, result):
        if isinstance(geometry, Curved):
            _by_metric.hessian(samples, lattice, geometry, call, result, components)
            return
        if whole(call.presence, samples):
            program = _orthogonal.hessian(geometry, d, power)
            fill_in_rows(lambda flat: call.run(program, samples, False, lattice, flat), result, d)
            return
        for i in range(d):
            program = _orthogonal.second_derivative(geometry, d, i, i, power, False)
            call.run(program, samples, False, lattice, result[i, i])
        for i in range(d - 1):
            first = result[d - 1, i] if call.within is None else None  # where the transposed component will be
            first = call._replace(within=None).run(Program(((0, i, 1),)), samples, False, lattice, first)
            for k in range(i + 1, d):
                program = _orthogonal.second_derivative(geometry, d, i, k, power, False)
                run_with(call, samples, {i: first}, program, lattice, result[i, k])
            for k in range(i + 1, d):
                result[k, i] = result[i, k]

    def limit(samples, slab, call):
        second = hessian_limit(samples, slab, call)
        result = np.array([np.broadcast_arrays(*row_of) for row_of in second])
        for i, k in np.ndindex(d, d):
            result[i, k] = _scaled(result[i, k], slab, exponents(d, (i, power), (k, power)))
        return result

    return _run(Operator(False, fill, limit, second=True), f, (d, d), spacing, options, presence, out, workers)
