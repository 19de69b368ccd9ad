"""The roofline: how long it takes just to move the bytes of a job."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .timing import fastest

LINE = 64
PROBE = 256 << 20
LARGEST = 1 << 30  # far beyond any cache: more bytes are as many rounds over the same buffers


class Roofline:
    """Copies between two reused buffers, their pages touched before, on as many threads as the job has.

    The rival is the best copy that this machine offers: by NumPy or by the C library's memmove, each thread's
    share in one go or in pieces that the threads take in turn.
    """

    def __init__(self, probe: int = PROBE) -> None:
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._source = self._target = np.empty(0, np.uint8)
        self._reserve(probe)
        ways = {f"{mover.__name__}, {piece}": (mover, piece) for mover in (copyto, memmove) for piece in PIECES}
        self._mover, self._piece = copyto, next(iter(PIECES))
        best = fastest({name: self._copy(2 * probe, 1, *way) for name, way in ways.items()}, 5, 0.0)
        self.way = min(best, key=best.__getitem__)
        self._mover, self._piece = ways[self.way]

    def copy(self, nbytes: int, workers: int) -> Callable[[], None]:
        """A call that reads and writes `nbytes` altogether: a copy of half as many."""
        return self._copy(nbytes, workers, self._mover, self._piece)

    def gigabytes_per_second(self, workers: int) -> float:
        best = fastest({"copy": self.copy(2 * PROBE, workers)}, 5, 0.0)
        return 2 * PROBE / best["copy"] / 1e9

    def _copy(self, nbytes, workers, mover, piece) -> Callable[[], None]:
        total = nbytes // 2
        rounds = math.ceil(total / LARGEST)
        size = total // rounds
        self._reserve(size)
        pool = self._pools.setdefault(workers, ThreadPoolExecutor(workers))
        ranges = list(PIECES[piece](size, workers))

        def move(span):
            mover(self._target, self._source, *span)

        def copy():
            for _ in range(rounds):
                for _ in pool.map(move, ranges):
                    pass

        return copy

    def _reserve(self, size: int) -> None:
        if self._source.size < size:
            self._source = np.ones(size, np.uint8)
            self._target = np.ones(size, np.uint8)


def copyto(target, source, start, stop):
    np.copyto(target[start:stop], source[start:stop])


def memmove(target, source, start, stop):
    ctypes.memmove(target.ctypes.data + start, source.ctypes.data + start, stop - start)


def _shares(size: int, workers: int) -> Iterator[tuple[int, int]]:
    share = -(-size // workers // LINE) * LINE
    return ((start, min(start + share, size)) for start in range(0, size, share))


def _turns(size: int, workers: int) -> Iterator[tuple[int, int]]:
    piece = min(4 << 20, -(-size // workers // LINE) * LINE)
    return ((start, min(start + piece, size)) for start in range(0, size, piece))


PIECES = {"one share per thread": _shares, "pieces in turn": _turns}
