"""What only a process of its own can tell: peak memory and import time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fieldgrad

_PEAK = """
import re, resource, sys, tracemalloc
import numpy as np
import fieldgrad as fg

def resident(field):
    # The kernel's high-water mark of this very process: ru_maxrss starts from that of the parent.
    try:
        with open("/proc/self/status") as file:
            return int(re.search(field + r":\\s+(\\d+) kB", file.read())[1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

f = np.random.default_rng(7).random(({n},) * 3)
out = np.zeros((3, *f.shape)) if {reuse} else None
if {reuse}:
    out.fill(1.0)
before = resident("VmRSS")
result = fg.gradient(f, out=out)
grown = resident("VmHWM") - before
expected = 0 if {reuse} else result.nbytes
del result
tracemalloc.start()
result = fg.gradient(f, out=out)
traced = tracemalloc.get_traced_memory()[1]
print(grown - expected, traced - expected)
"""

_IMPORT = """
from time import perf_counter
start = perf_counter()
import {package}
print(perf_counter() - start)
"""


@dataclass(frozen=True)
class ProcessJob:
    """A measurement in interpreters that do nothing else."""

    name: str
    targets: Mapping[str, float]
    measure: Callable[[bool], dict[str, float]]  # smoke -> values by unit


def _output(code: str) -> list[float]:
    root = str(Path(fieldgrad.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [float(word) for word in done.stdout.split()]


def _peak_memory(smoke: bool, *, reuse: bool) -> dict[str, float]:
    grown, traced = _output(_PEAK.format(n=64 if smoke else 256, reuse=reuse))
    return {"MiB": grown / 2**20, "MiB traced": traced / 2**20}


def _import_time(smoke: bool) -> dict[str, float]:
    best = {"numpy": float("inf"), "fieldgrad": float("inf")}
    for _ in range(1 if smoke else 9):
        for package in best:
            best[package] = min(best[package], _output(_IMPORT.format(package=package))[0])
    return {"ms": 1e3 * (best["fieldgrad"] - best["numpy"])}


_REUSED = "memory beyond the arrays, gradient 256³ float64, out"
_FRESH = "memory beyond the result, gradient 256³ float64, fresh"

PROCESS_JOBS = (
    ProcessJob(_REUSED, {"MiB": 16}, partial(_peak_memory, reuse=True)),
    ProcessJob(_FRESH, {"MiB": 16}, partial(_peak_memory, reuse=False)),
    ProcessJob("import fieldgrad, beyond import numpy", {"ms": 30}, _import_time),
)
