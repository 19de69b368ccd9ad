"""The roofline: how long it takes just to move the bytes of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

LINE = 64
PIECE = 4 << 20
LONG = 256 << 20  # per thread
LARGEST = 1 << 30  # far beyond any cache: a copy of more is timed by copying so much

FASTEST = "fastest copy"
WAYS = SPLIT, PIECES, SINGLE, STREAM = "split memcpy", "pieces", "one thread", "long calls"


class Copy(NamedTuple):
    call: Callable[[], None]
    share: float  # of the time of `call`, for the bytes asked for


class Roofline:
    """Copies between two reused buffers whose pages were touched before.

    How a C library copies depends on the length of a call: beyond a threshold of the order of the last cache,
    glibc turns to streaming stores, nearly twice as fast, and the halves of a job may just miss it. So beside
    the roofline, the bytes split over the workers in one call each, there are other copies: in pieces that
    workers take in turn; in one call on one thread; and in calls on every worker that are long enough to
    stream, their time scaled to the bytes of the job.
    """

    def __init__(self) -> None:
        self._source = self._target = np.empty(0, np.uint8)
        self._pool = cache(ThreadPoolExecutor)

    def copies(self, nbytes: int, workers: int) -> dict[str, Copy]:
        """Ways to read and write `nbytes` altogether, which is to copy half as many."""
        size = nbytes // 2
        at_once = min(size, LARGEST)
        stream = min(LONG * workers, LARGEST)
        split = -(-at_once // workers)
        ways = {
            SPLIT: self._copy(at_once, split, workers),
            PIECES: self._copy(at_once, min(split, PIECE), workers),
            SINGLE: self._copy(at_once, at_once, 1),
            STREAM: self._copy(stream, -(-stream // workers), workers),
        }
        moved = dict.fromkeys(ways, at_once) | {STREAM: stream}
        return {way: Copy(call, size / moved[way]) for way, call in ways.items()}

    def _copy(self, size: int, length: int, workers: int) -> Callable[[], None]:
        if self._source.size < size:
            self._source = np.ones(size, np.uint8)
            self._target = np.ones(size, np.uint8)
        length = -(-length // LINE) * LINE
        spans = [slice(start, min(start + length, size)) for start in range(0, size, length)]
        pool = self._pool(workers)

        def move(span):
            np.copyto(self._target[span], self._source[span])

        def copy():
            for _ in pool.map(move, spans):
                pass

        return copy


def fractions(copies: Mapping[str, Copy], seconds: Mapping[str, float], ours: float) -> dict[str, float]:
    """Our speed as a fraction of the threaded memcpy's, and of the fastest copy's."""
    times = {way: seconds[way] * copy.share for way, copy in copies.items()}
    return {"copy": times[SPLIT] / ours, FASTEST: min(times.values()) / ours}
