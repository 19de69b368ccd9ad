"""Times side by side: the fastest of several runs, rivals taking turns."""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

SECONDS = 0.5  # at least, for each comparison
RUNS = 3  # at least, of each rival


class Timing(NamedTuple):
    """The fastest run of a job by a rival and by fieldgrad."""

    job: str
    rival: str
    rival_ms: float
    fieldgrad_ms: float


def compare(job: str, rival: str, theirs: Callable, ours: Callable, *arguments: Any) -> Timing:
    """Time two functions on the same arguments."""
    times: list[list[float]] = [[], []]
    while sum(map(sum, times)) < SECONDS or len(times[0]) < RUNS:
        for function, taken in zip((theirs, ours), times, strict=True):
            start = perf_counter()
            function(*arguments)
            taken.append(perf_counter() - start)
    return Timing(job, rival, 1e3 * min(times[0]), 1e3 * min(times[1]))


def table(timings: Iterable[Timing]) -> str:
    """The times as text."""
    lines = [f"{'job':<36}  {'rival':<14} {'rival ms':>9} {'fieldgrad ms':>13} {'ratio':>7}"]
    lines.append("-" * len(lines[0]))
    for job, rival, theirs, ours in timings:
        lines.append(f"{job:<36}  {rival:<14} {theirs:>9.2f} {ours:>13.2f} {theirs / ours:>6.1f}x")
    return "\n".join(lines)


def numpy_magnitude(f: np.ndarray, *spacing: Any) -> np.ndarray:
    """The gradient's length, spelled out in NumPy."""
    return np.sqrt(sum(g * g for g in np.gradient(f, *spacing)))


def numpy_normals(f: np.ndarray, *spacing: Any) -> np.ndarray:
    """The gradient's direction, spelled out in NumPy; zero where the gradient is."""
    gradient = np.stack(np.gradient(f, *spacing))
    length = np.sqrt(sum(g * g for g in gradient))
    return np.divide(gradient, length, out=gradient, where=length > 0)
