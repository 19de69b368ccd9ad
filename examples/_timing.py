"""Times side by side: the fastest of several runs, rivals taking turns."""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import NamedTuple

import numpy as np


class Timing(NamedTuple):
    job: str
    rival: str
    rival_ms: float
    fieldgrad_ms: float


def compare(job: str, rival: str, theirs: Callable, ours: Callable, repeats: int = 7) -> Timing:
    """Time two ways to do a job."""
    best = [float("inf"), float("inf")]
    for _ in range(repeats):
        for k, call in enumerate((theirs, ours)):
            start = perf_counter()
            call()
            best[k] = min(best[k], perf_counter() - start)
    return Timing(job, rival, 1e3 * best[0], 1e3 * best[1])


def table(timings: Iterable[Timing]) -> str:
    """The times as text."""
    lines = [f"{'job':<46} {'rival':<13} {'rival ms':>9} {'fieldgrad ms':>13} {'ratio':>7}"]
    lines.append("-" * len(lines[0]))
    for job, rival, theirs, ours in timings:
        lines.append(f"{job:<46} {rival:<13} {theirs:>9.2f} {ours:>13.2f} {theirs / ours:>6.1f}x")
    return "\n".join(lines)


def numpy_magnitude(f: np.ndarray, *spacing: object) -> np.ndarray:
    """The gradient's length, spelled out in NumPy."""
    return np.sqrt(sum(g**2 for g in np.gradient(f, *spacing)))


def numpy_normals(f: np.ndarray, *spacing: object) -> np.ndarray:
    """The gradient's direction, spelled out in NumPy."""
    gradient = np.stack(np.gradient(f, *spacing))
    length = np.sqrt((gradient**2).sum(axis=0))
    return np.divide(gradient, length, out=np.zeros_like(gradient), where=length > 0)
