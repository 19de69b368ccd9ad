"""Results that are made piece by piece: what a call is for a piece, and where its results go; see `_pieces`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ._arrays import KINDS, memory_order
from ._axes import Lattice
from ._calls import Call
from ._config import as_workers
from ._pieces import Piece, each, pieces
from ._programs import MARKED, as_orders, as_pairs, as_present, order_at_edges
from .stencils import PERIODIC, radius_of


def fill(
    call: Call,
    lattice: Lattice,
    f: np.ndarray,
    stacked: bool,
    out: np.ndarray,
    make: Callable[[Piece, Call, np.ndarray, np.ndarray], Any],
    second: bool = False,
) -> None:
    """Let `make(piece, call, f, out)` fill each piece of a result, with that piece of the call and of the field. Of the
    piece's samples those that are `piece.found` have results in `out`; `second` says that it may derive twice."""
    one = f[0] if stacked else f
    where, nan = call.presence
    present = as_present(where, nan, f, stacked)
    marked = call._replace(presence=(present, MARKED))
    numbers = np.result_type(KINDS[f.dtype.char].result, np.float32)  # half precision is for results

    def fill_piece(piece: Piece) -> None:
        where: Any = ..., *piece.wanted
        wanted = out[where]
        made = wanted if out.dtype.char != "e" else np.empty(wanted.shape, np.float32)
        make(piece, marked.for_piece(piece), np.asarray(piece.of(f), numbers), made)
        if made is not wanted:
            wanted[...] = made

    if call.within is not None:  # so little is wanted that it is one piece
        everything = tuple(slice(0, n) for n in out.shape[out.ndim - one.ndim :])
        found = [Piece(lattice, (0,) * one.ndim, one.shape, everything, call.within)]
    else:
        found = pieces_of(one, lattice, call.options, present is not None, second)
    each(found, fill_piece, as_workers(call.workers))


def pieces_of(f: np.ndarray, lattice: Lattice, options: Any, with_gaps: bool, second: bool = False) -> list[Piece]:
    """Those of a field."""
    accuracy, edge_order = as_orders(*options[:2])
    along = zip(lattice.axes_for(f.shape), as_pairs(options[2], f.ndim), strict=True)
    closed = tuple(axis.periodic or PERIODIC in pair for axis, pair in along)
    reach = _reach(accuracy, edge_order, with_gaps, second)
    return pieces(lattice, f.shape, memory_order(f), accuracy, reach, closed)


def _reach(accuracy: int, edge_order: int | None, with_gaps: bool, second: bool) -> int:
    """How far results reach."""
    radius = radius_of(1, accuracy)
    if not with_gaps:
        return radius
    first, twice = (order_at_edges(m, accuracy, edge_order) + m - 1 for m in (1, 2))
    first = max(radius, first)
    return max(2 * first, twice) if second else first


class _Room(threading.local):
    bytes = np.empty(0, np.uint8)


_room = _Room()


def scratch(count: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Arrays for what is made on the way to a piece's result, (count, *shape). Each thread has one room for them: the
    next call takes it again. New memory would cost more than what is made in it."""
    size = count * int(np.prod(shape)) * np.dtype(dtype).itemsize
    if _room.bytes.size < size:
        _room.bytes = np.empty(size, np.uint8)
    return _room.bytes[:size].view(dtype).reshape(count, *shape)
