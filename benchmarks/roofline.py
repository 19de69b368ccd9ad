"""The roofline: how long it takes just to move the bytes of a job."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

from .timing import fastest

LINE = 64
PIECE = 4 << 20
PROBE = 256 << 20
LARGEST = 1 << 30  # far beyond any cache: more bytes are as many rounds over the same buffers


class Way(NamedTuple):
    """How to copy: with what, and how threads share the work."""

    move: Callable
    cut: Callable

    def __str__(self) -> str:
        return f"{self.move.__name__} in {self.cut.__name__}"


class Roofline:
    """Copies between two reused buffers, their pages touched before, on as many threads as the job has.

    The rival is the best copy that this machine offers: by NumPy or by the C library's memmove, each thread's
    share in one go or in pieces that the threads take in turn.
    """

    def __init__(self) -> None:
        self._source = self._target = np.empty(0, np.uint8)
        self._pool = cache(ThreadPoolExecutor)
        self._best = cache(self._find_best)

    def copy(self, nbytes: int, workers: int) -> Callable[[], None]:
        """A call that reads and writes `nbytes` altogether: a copy of half as many."""
        return self._copy(nbytes, workers, self._best(workers)[0])

    def describe(self, workers: int) -> str:
        way, seconds = self._best(workers)
        return f"{2 * PROBE / seconds / 1e9:.1f} GB/s with {workers} ({way})"

    def _find_best(self, workers: int) -> tuple[Way, float]:
        ways = [Way(move, cut) for move in (copyto, memmove) for cut in (shares, pieces)]
        seconds = fastest({way: self._copy(2 * PROBE, workers, way) for way in ways}, 7, 0.0)
        best = min(seconds, key=seconds.__getitem__)
        return best, seconds[best]

    def _copy(self, nbytes: int, workers: int, way: Way) -> Callable[[], None]:
        rounds = max(1, math.ceil(nbytes / 2 / LARGEST))
        size = nbytes // 2 // rounds
        self._reserve(size)
        pool = self._pool(workers)
        spans = list(way.cut(size, workers))

        def move(span):
            way.move(self._target, self._source, *span)

        def copy():
            for _ in range(rounds):
                for _ in pool.map(move, spans):
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


def shares(size: int, workers: int) -> Iterator[tuple[int, int]]:
    """One for each thread."""
    return _spans(size, -(-size // workers))


def pieces(size: int, workers: int) -> Iterator[tuple[int, int]]:
    """Many, for whichever thread is free."""
    return _spans(size, min(PIECE, -(-size // workers)))


def _spans(size, length):
    length = -(-length // LINE) * LINE
    return ((start, min(start + length, size)) for start in range(0, size, length))
