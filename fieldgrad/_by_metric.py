"""Operators in any coordinates: derivatives along the axes, times arrays that the metric gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._calls import CONTRAVARIANT, COVARIANT, PHYSICAL, Call, run_with
from ._metric import Curved, inverse, lengths, triangle, volume
from ._programs import Program, whole
from .stencils import ONE_SIDED


def _arrays(
    geometry: Curved, key: Any, options: Any, f: np.ndarray, make: Callable[..., list[np.ndarray]]
) -> list[np.ndarray]:
    """Coefficients, in the precision of a field; `make` is told of accuracy and edge_order."""
    accuracy, edge_order = options[:2]
    kind = "f" if f.dtype.char in "efF" else "d"
    return geometry.kept(
        (key, accuracy, edge_order, kind), lambda: [np.asarray(a, kind) for a in make(accuracy, edge_order)]
    )


def _raising(geometry: Curved, accuracy: int, edge_order: int | None, components: str) -> np.ndarray:
    """What takes derivatives along axes to components of the gradient."""
    g = geometry.metric(accuracy, edge_order)
    raised = inverse(g)
    return raised if components == CONTRAVARIANT else raised * lengths(g)[:, None]


def gradient(f, lattice, geometry, call, out, axes, bare, reduction, components):
    if reduction == "unit":
        gradient(f, lattice, geometry, call, out, axes, bare, "stack", components)
        length = np.empty(f.shape, out.real.dtype)
        gradient(f, lattice, geometry, call, length, axes, bare, "norm", components)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(out, length, out=out, where=length != 0)
        return
    program, arrays = gradient_program(f, lattice, geometry, call.options, axes, bare, reduction, components)
    call.run(program, f, False, lattice, out, arrays)


def gradient_program(f, lattice, geometry, options, axes, bare, reduction, components):
    """A program, and the arrays that it names."""
    d = lattice.ndim
    every = tuple((0, k, 1) for k in range(d))
    leading = () if bare or reduction == "norm" else (len(axes),)
    if reduction == "norm":
        arrays = _arrays(geometry, "norm", options, f, lambda *a: _packed(triangle(inverse(geometry.metric(*a)))))
        places = {(k, i): n for n, (k, i) in enumerate((k, i) for k in range(d) for i in range(k + 1))}
        mixtures: Any = tuple(tuple((k, 1.0, places[k, i]) for k in range(i, d)) for i in range(d))
    elif components == COVARIANT:
        arrays, mixtures = [], tuple(((k, 1.0, -1),) for k in axes)
    else:

        def make(accuracy: int, edge_order: int | None) -> list[np.ndarray]:
            return list(_raising(geometry, accuracy, edge_order, components).reshape(d * d, *f.shape))

        arrays = _arrays(geometry, components, options, f, make)
        mixtures = tuple(tuple((i, 1.0, k * d + i) for i in range(d)) for k in axes)
    return Program(every, leading, mixtures, reduction), arrays


def steps_along(vectors: np.ndarray, normalize: bool, geometry: Curved, options: Any) -> list[np.ndarray]:
    """Steps of coordinates on the way along vectors, whose physical components are given, for each sample."""
    g = geometry.metric(*options[:2])
    vectors = vectors.reshape(len(g), *[1] * len(g)) if vectors.ndim == 1 else vectors
    steps = vectors / lengths(g)
    if normalize:
        steps /= np.sqrt(np.einsum("ik...,i...,k...->...", g, steps, steps))
    return list(steps)


def _packed(lower: np.ndarray) -> list[np.ndarray]:
    return [lower[k, i] for k in range(len(lower)) for i in range(k + 1)]


def _finer(accuracy: int, edge_order: int | None) -> tuple[int, int | None]:
    """The accuracy of metrics that are to be differentiated."""
    return accuracy + 2, None


def _plain(call: Call) -> Call:
    """For quantities that exist everywhere, and go on beyond the ends as positions do."""
    return Call((*call.options[:2], ONE_SIDED, 0.0), (None, "propagate"), call.workers)


def laplacian(f, lattice, geometry, call, out):
    in_one = whole(call.presence, f)
    program, arrays = laplacian_program(f, lattice, geometry, call.options, in_one)
    if in_one:
        call.run(program, f, False, lattice, out, arrays)
        return
    firsts = [call.run(Program(((0, i, 1),)), f, False, lattice, None) for i in range(lattice.ndim - 1)]
    run_with(call, f, firsts, program, lattice, out, arrays)


def laplacian_program(f, lattice, geometry, options, in_one):
    """A program, whose fields 1, 2, ... are the derivatives along axes 0, 1, ..., unless all is done in one; and the
    arrays that it names."""
    d = lattice.ndim
    pairs = [(i, k) for i in range(d) for k in range(i, d)]
    plain = _plain(Call(options, (None, "propagate"), None))

    def make(accuracy: int, edge_order: int | None) -> list[np.ndarray]:
        g = geometry.metric(*_finer(accuracy, edge_order))
        raised, size = inverse(g), volume(g)
        each = Program(tuple((k, k, 1) for k in range(d)), (), (tuple((k, 1.0, -1) for k in range(d)),))
        drift = [plain.run(each, raised[:, j] * size, True, lattice, None) / size for j in range(d)]
        return [raised[i, k] for i, k in pairs] + drift

    arrays = _arrays(geometry, "laplacian", options, f, make)
    mixed = [(0, (i, k), 1) if in_one else (1 + i, k, 1) for i, k in pairs]
    components = [(0, i, 2) if i == k else both for (i, k), both in zip(pairs, mixed, strict=True)]
    components += [(0, k, 1) for k in range(d)]
    terms = tuple((n, 1.0 if n >= len(pairs) or pairs[n][0] == pairs[n][1] else 2.0, n) for n in range(len(components)))
    return Program(tuple(components), (), (terms,)), arrays


def divergence(F, lattice, geometry, call, out, components):
    g = geometry.metric(*_finer(*call.options[:2]))
    size = volume(g)
    flow = np.asarray(_contravariant(F, g, components) * size, out.dtype)
    d = lattice.ndim
    program = Program(tuple((k, k, 1) for k in range(d)), (), (tuple((k, 1.0, 0) for k in range(d)),))
    call.run(program, flow, True, lattice, out, [1 / size])


def _contravariant(F, g, components):
    if components == COVARIANT:
        return np.einsum("ik...,k...->i...", inverse(g), F)
    return F if components == CONTRAVARIANT else F / lengths(g)


def curl(F, lattice, geometry, call, out, components):
    d, g = lattice.ndim, geometry.metric(*_finer(*call.options[:2]))
    factor = geometry.hand / volume(g)
    lowered = F if components == COVARIANT else np.einsum("ik...,k...->i...", g, _contravariant(F, g, components))
    lowered = np.asarray(lowered, out.dtype)
    if d == 2:
        program = Program(((1, 0, 1), (0, 1, 1)), (), (((0, 1.0, 0), (1, -1.0, 0)),))
        call.run(program, lowered, True, lattice, out, [factor])
        return
    turns = ((1, 2), (2, 0), (0, 1))
    derivatives = tuple(one for j, k in turns for one in ((k, j, 1), (j, k, 1)))
    arrays = [factor * np.sqrt(g[i, i]) for i in range(3)] if components == PHYSICAL else [factor] * 3
    mixtures = tuple(((2 * i, 1.0, i), (2 * i + 1, -1.0, i)) for i in range(3))
    call.run(Program(derivatives, (3,), mixtures), lowered, True, lattice, out, arrays)
    if components == COVARIANT:
        out[...] = np.einsum("ik...,k...->i...", g, out)


def hessian(f, lattice, geometry, call, out, components):
    d = lattice.ndim
    g = geometry.metric(*_finer(*call.options[:2]))
    slopes = np.empty((d, *g.shape))  # [i, k, m]: derivative of g[i, k] along m
    for i, k in np.ndindex(d, d):
        slopes[i, k] = _plain(call).run("stack", g[i, k], False, lattice, None)
    bends = 0.5 * (slopes + slopes.swapaxes(1, 2) - np.moveaxis(slopes, 2, 0))  # [l, i, k]: Christoffel's, first kind
    raised = inverse(g)
    firsts = [call.run(Program(((0, k, 1),)), f, False, lattice, None) for k in range(d)]
    upward = np.einsum("lm...,m...->l...", raised, np.array(firsts))
    for i in range(d):
        for k in range(i, d):
            program = Program(((0, i, 2),) if i == k else ((1, k, 1),))
            run_with(call, f, [firsts[i]], program, lattice, out[i, k])
            out[i, k] -= np.einsum("l...,l...->...", bends[:, i, k], upward)
            out[k, i] = out[i, k]
    if components != COVARIANT:
        turn = raised if components == CONTRAVARIANT else raised * lengths(g)[:, None]
        out[...] = np.einsum("ia...,kb...,ab...->ik...", turn, turn, out)
        for i in range(d):
            for k in range(i):
                out[i, k] = out[k, i]
