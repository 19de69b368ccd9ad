"""Derivatives along vectors, which are made unit vectors piece by piece, where they lie in the caches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from ._axes import Lattice
from ._calls import Call
from ._config import as_workers
from ._pieces import Piece, each
from ._piecewise import fill, pieces_of, scratch
from ._programs import Program, as_present, as_where, combined, unmasked


def derivative(
    f: np.ndarray,
    lattice: Lattice,
    call: Call,
    out: np.ndarray,
    vectors: Sequence[np.ndarray],
    normalize: bool,
    scales: Sequence[np.ndarray | None],
    cosines: Mapping[tuple[int, int], np.ndarray],
) -> None:
    """The derivative along vectors, whose components are those along unit tangent vectors of the axes.

    `scales` turn them into components along the coordinates; None stands for 1. `cosines` are those of angles between
    pairs of axes, none if all are right ones.
    """
    d = lattice.ndim
    numbers = np.result_type(vectors[0], np.float64)

    def make(piece: Piece, there: Call, part: np.ndarray, result: np.ndarray) -> None:
        def found(array: np.ndarray) -> np.ndarray:
            return np.asarray(piece.of(array)[piece.found], numbers)

        room = scratch(d + 2, part.shape, numbers)
        *along, size, term = (one[piece.found] for one in room)
        components = [found(v) for v in vectors]
        if normalize:
            components = list(_reduced(components, "unit", room[(slice(d), *piece.found)]))
        size.fill(1)
        for (i, k), cosine in cosines.items():
            np.multiply(components[k], found(cosine), out=term)
            term *= 2 * components[i]
            size += term
        if cosines:
            np.sqrt(size, out=size)
        for one, component, scale in zip(along, components, scales, strict=True):
            if scale is not None:
                np.multiply(component, found(scale), out=one)
            elif not normalize:
                np.copyto(one, component)
            if cosines:
                one /= size
        there.wanted(piece).run(steps(d), part, False, piece.lattice, result, list(room[:d]))

    fill(call, lattice, f, False, out, make)


def check(
    vectors: np.ndarray, f: np.ndarray, lattice: Lattice, options: Any, normalize: bool, presence: Any, workers: Any
) -> None:
    """Refuse directions that are none, of samples that are present."""
    where, nan = unmasked(f, False, presence)
    where = None if where is None else as_where(where, f.shape)

    def look(piece: Piece) -> None:
        parts = [np.asarray(piece.of(v)[piece.found], np.result_type(v, np.float64)) for v in vectors]
        length = _reduced(parts, "norm", scratch(1, parts[0].shape, parts[0].dtype)[0])
        if length.min() > 0 and length.max() < np.inf:
            return
        marks = None if where is None else piece.of(where)[piece.found]
        present = as_present(marks, nan, np.asarray(piece.of(f)[piece.found]))
        there = ... if present is None else present
        if not all(np.isfinite(part[there]).all() for part in parts):
            raise ValueError("direction must be finite")
        if normalize and not length[there].all():
            raise ValueError("direction must not be zero, unless normalize=False")

    if f.size:
        each(pieces_of(f, lattice, options, False), look, as_workers(workers))


def length(vectors: Sequence[np.ndarray]) -> np.ndarray:
    return _reduced(_as_numbers(vectors), "norm", None)


def unit(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Vectors of length 1, of the same directions; those that are zero remain so."""
    return _reduced(_as_numbers(vectors), "unit", None)


def _as_numbers(vectors: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(part, np.result_type(part, np.float64)) for part in np.broadcast_arrays(*vectors)]


@cache
def steps(d: int) -> Program:
    """The derivative along the coordinates, times an array for each."""
    return Program(tuple((0, k, 1) for k in range(d)), (), (tuple((k, 1.0, k) for k in range(d)),))


def _reduced(parts: Sequence[np.ndarray], reduction: str, out: np.ndarray | None) -> np.ndarray:
    """Norms of vectors, or these as unit vectors."""
    return combined(parts, () if reduction == "norm" else (len(parts),), None, reduction, out)
