"""What holds for a session: how many workers, and what this build can do."""

from __future__ import annotations

import math
import operator
import os
import sys
from contextvars import ContextVar
from functools import cache
from typing import Any

from ._engine import core

__all__ = ["get_workers", "set_workers", "show_config"]

_session: int | None = None
_within: ContextVar[int | None] = ContextVar("fieldgrad_workers", default=None)


def as_workers(workers: Any) -> int:
    """Check a number of workers; None is the session's default."""
    if workers is None:
        return _within.get() or _session or _default_workers()
    if isinstance(workers, bool):
        raise TypeError(f"workers must be an int >= 1 or None, got {workers!r}")
    try:
        count = operator.index(workers)
    except TypeError:
        raise TypeError(f"workers must be an int >= 1 or None, got {workers!r}") from None
    if count < 1:
        raise ValueError(f"workers must be at least 1, got {count}")
    return count


@cache
def _default_workers() -> int:
    """FIELDGRAD_WORKERS, or the cores that affinity and cgroup quota leave this process."""
    text = os.environ.get("FIELDGRAD_WORKERS")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"FIELDGRAD_WORKERS must be an int >= 1, got {text!r}")
        return int(text)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _cgroup_cores() or cores))


def _cgroup_cores() -> int | None:
    """Cores' worth of time that a container's quota allows, rounded up."""
    for quota_file, period_file in (
        ("/sys/fs/cgroup/cpu.max", None),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    ):
        try:
            with open(quota_file) as file:
                words = file.read().split()
            if period_file:
                with open(period_file) as file:
                    words += file.read().split()
            quota, period = (int(word) for word in words)  # "max" is no number
        except (OSError, ValueError):
            continue
        if quota > 0 and period > 0:
            return math.ceil(quota / period)
    return None


class set_workers:
    """Set how many threads a call may use where `workers` is not given.

    Holds for the whole session from this call on or, as a context manager, for the block and the thread that
    runs it.

    Parameters
    ----------
    workers : int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        `workers` is not an int, or less than 1.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> with fg.set_workers(1):
    ...     fg.get_workers()
    1
    """

    def __init__(self, workers: int) -> None:
        global _session
        if workers is None:
            raise TypeError("workers must be an int >= 1, got None")
        self._workers = as_workers(workers)
        self._before = _session
        _session = self._workers

    def __enter__(self) -> set_workers:
        global _session
        _session = self._before
        self._token = _within.set(self._workers)
        return self

    def __exit__(self, *exception: object) -> None:
        _within.reset(self._token)


def get_workers() -> int:
    """Return how many threads a call may use where `workers` is not given.

    The default is the environment variable ``FIELDGRAD_WORKERS``, or else the number of cores that CPU affinity
    and a container's quota leave this process.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> fg.get_workers() >= 1
    True
    """
    return as_workers(None)


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show version, compiler, instruction sets, workers and libraries.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print the configuration, or return it.

    Returns
    -------
    dict or None
        With ``"dicts"``, the configuration.

    Raises
    ------
    ValueError
        `mode` is neither of the two.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> fg.show_config("dicts")["instruction set"]["in use"] in ("baseline", "avx2", "avx512", "neon")
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode must be 'stdout' or 'dicts', got {mode!r}")
    config = _config()
    if mode == "dicts":
        return config
    for section, entries in config.items():
        print(f"{section}:")
        for name, value in entries.items():
            print(f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}")
    return None


def _config() -> dict[str, dict[str, Any]]:
    from importlib.metadata import PackageNotFoundError, version

    def installed(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return {
        "fieldgrad": {"version": installed("fieldgrad"), "compiler": core.compiler()},
        "instruction set": {"in use": core.current_isa(), "available": core.available_isas()},
        "workers": {"default": get_workers(), "cores": os.cpu_count()},
        "libraries": {"python": sys.version.split()[0], "numpy": installed("numpy"), "scipy": installed("scipy")},
    }
