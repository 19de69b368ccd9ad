"""Fair times on a noisy machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

SHORTEST = 1e-3  # a block of calls takes at least so long, or the clock would be measured


def fastest(
    calls: Mapping[str, Callable[[], object]], rounds: int, seconds: float, limit: float = 6.0
) -> dict[str, float]:
    """Seconds per call of each, the least of several rounds: A B C, A B C, ...

    Whatever else runs on the machine can only add to a time, so the minimum is the estimate, and taking turns
    gives all the same share of good and bad moments. Results are dropped within the time: freeing them is
    part of a call that allocates.

    Parameters
    ----------
    calls
        What to time.
    rounds, seconds
        At least so many rounds, and for so long altogether.
    limit
        No new round after so many seconds, if there were three.
    """
    start = perf_counter()
    numbers, best = {}, {}
    for name, call in calls.items():
        numbers[name], best[name] = _first_round(call)
    done = 1
    while done < rounds or perf_counter() - start < seconds:
        if done >= 3 and perf_counter() - start > limit:
            break
        for name, call in calls.items():
            best[name] = min(best[name], _block(call, numbers[name]))
        done += 1
    return best


def _first_round(call) -> tuple[int, float]:
    """How many calls make a block, and the seconds of each."""
    number = 1
    while (spent := _block(call, number)) * number < SHORTEST:
        number *= 2
    return number, spent


def _block(call, number) -> float:
    turns = range(number)
    start = perf_counter()
    for _ in turns:
        call()
    return (perf_counter() - start) / number
