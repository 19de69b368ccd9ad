"""Operators that make several arrays on the way to a result: piece by piece, so that these take little room and lie in
the caches. A piece has as many samples beyond its results as stencils reach; its stencils are those of the whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np

from ._axes import Box, Lattice
from ._engine.pool import share

#: Of a piece, for whose arrays there is room in the caches, but more to do than to call.
_SAMPLES = 1 << 16


class Piece(NamedTuple):
    """Some samples side by side along each axis of a lattice, which may go on at the other end of a closed one."""

    lattice: Lattice
    first: tuple[int, ...]  # negative beyond the seam
    shape: tuple[int, ...]
    wanted: tuple[slice, ...]  # the results that it is there for, in the whole
    found: tuple[slice, ...]  # and in the piece

    def of(self, array: np.ndarray) -> np.ndarray:
        """Its part of an array whose last axes are those of the samples."""
        lead = array.ndim - len(self.shape)
        for k, (first, n) in enumerate(zip(self.first, self.shape, strict=True), lead):
            if first >= 0 and first + n <= array.shape[k]:
                array = array[(*[slice(None)] * k, slice(first, first + n))]
            else:
                array = array.take(range(first, first + n), axis=k, mode="wrap")
        return array


@lru_cache(maxsize=32)
def pieces(
    lattice: Lattice,
    shape: tuple[int, ...],
    order: tuple[int, ...],
    accuracy: int,
    reach: int,
    closed: tuple[bool, ...],
) -> list[Piece]:
    """All pieces of fields of that shape.

    Parameters
    ----------
    lattice, shape
    order : tuple of int
        The axes as memory has them, slowest first.
    accuracy : int
        The highest one of a stencil.
    reach : int
        Samples that are needed beyond results.
    closed : tuple of bool
        Which axes go on at their other end.
    """
    along = []
    for n, count, loop in zip(shape, _counts(shape, order, 2 * (accuracy + 4)), closed, strict=True):
        ends = [n * i // count for i in range(count + 1)]
        along.append([_span(n, a, b, reach, loop) for a, b in pairwise(ends)])
    found, boxes = [], dict[Any, Lattice]()
    for spans in product(*along):
        first, size, wanted, inside = zip(*spans, strict=True)
        alike = _alike(lattice, shape, first, size, reach), size
        if alike not in boxes:
            boxes[alike] = lattice if size == shape else Box(lattice, shape, *alike)
        found.append(Piece(boxes[alike], first, size, wanted, inside))
    return found


def _counts(shape: tuple[int, ...], order: tuple[int, ...], least: int) -> list[int]:
    """Pieces along each axis. Lines of the memory stay whole, unless they are very long; none are so short that
    one-sided stencils at an end reach beyond."""
    counts, room, left = [1] * len(shape), _SAMPLES, len(shape)
    for k in reversed(order):
        left -= 1
        n = max(1, shape[k])
        length = room // least**left if left == len(shape) - 1 else int(room ** (1 / (left + 1)))
        counts[k] = max(1, n // max(least, min(n, length)))
        room = max(1, room * counts[k] // n)
    return counts


def _span(n: int, a: int, b: int, reach: int, loop: bool) -> tuple[int, int, slice, slice]:
    """Samples, how many, and where results are, of those from a to b along an axis of n."""
    first, last = a - reach, b + reach
    if not loop:
        first, last = max(0, first), min(n, last)
    if last - first >= n:
        first, last = 0, n
    return first, last - first, slice(a, b), slice(a - first, b - first)


def _alike(
    lattice: Lattice, whole: Sequence[int], first: Sequence[int], shape: Sequence[int], reach: int
) -> tuple[int, ...]:
    """Where a piece with the same stencils begins: on even axes, far from the ends, all have the same."""
    along = zip(lattice.axes_for(tuple(whole)), whole, first, shape, strict=True)
    return tuple(
        reach if axis.step is not None and reach <= start and start + n <= m - reach else start
        for axis, m, start, n in along
    )


def each(found: list[Piece], do: Callable[[Piece], Any], workers: int) -> None:
    """Do something with each piece, on up to that many threads."""
    call, helpers = _Pieces(found, do), min(workers, len(found)) - 1
    if helpers:
        share(call, helpers)
    else:
        call.work()


class _Pieces:
    """A call that threads share; see `_engine.pool`."""

    def __init__(self, found: list[Piece], do: Callable[[Piece], Any]) -> None:
        self._left, self._do = deque(found), do

    def work(self, look: bool = False) -> None:
        with np.errstate(all="ignore"):
            while self._left:
                try:
                    piece = self._left.popleft()
                except IndexError:  # another thread was faster
                    return
                self._do(piece)

    def stop(self) -> None:
        self._left.clear()
