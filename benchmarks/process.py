"""What only a process of its own can tell: peak memory and import time."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

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

def forget():
    # The high-water mark of what came before.
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass

f = np.random.default_rng(7).random({shape}, np.{dtype})
{prepare}
forget()
before = resident("VmRSS")
result = {call}
grown = resident("VmHWM") - before
expected = 0 if {reuse} else result.nbytes
del result
tracemalloc.start()
result = {call}
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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is imported again is not compiled again
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [float(word) for word in done.stdout.split()]


def _peak_memory(
    smoke: bool, *, call: str, shape: tuple[int, ...], dtype: str = "float64", prepare: str = "", reuse: bool = False
) -> dict[str, float]:
    """Beyond the arrays and the result."""
    shape = tuple(n // 4 for n in shape) if smoke else shape
    grown, traced = _output(_PEAK.format(shape=shape, dtype=dtype, prepare=prepare, call=call, reuse=reuse))
    return {"MiB": grown / 2**20, "MiB traced": traced / 2**20}


def _bytes_per_sample(smoke: bool, **job: Any) -> dict[str, float]:
    """Beyond the input, the result included."""
    memory = _peak_memory(smoke, reuse=True, **job)
    samples = math.prod(n // 4 if smoke else n for n in job["shape"])
    return {"bytes a sample": memory["MiB"] * 2**20 / samples}


def _import_time(smoke: bool) -> dict[str, float]:
    best = {"numpy": float("inf"), "fieldgrad": float("inf")}
    for _ in range(1 if smoke else 9):
        for package in best:
            best[package] = min(best[package], _output(_IMPORT.format(package=package))[0])
    return {"ms": 1e3 * (best["fieldgrad"] - best["numpy"])}


_REUSED = "memory beyond the arrays, gradient 256³ float64, out"
_FRESH = "memory beyond the result, gradient 256³ float64, fresh"

_CUBE = (256, 256, 256)
_IMAGE: dict[str, Any] = {"shape": (4096, 4096), "dtype": "float32"}
_OUT = "out = np.ones((3, *f.shape))"
# SciPy is imported before memory is counted.
_HOLE = "mask = np.ones(f.shape, bool); mask[20:40] = False; fg.canny(f[:99, :99], 2, mask=mask[:99, :99])"
_SMOOTH = (
    "from benchmarks import fields; shape = f.shape; del f; f = fields.waves(shape, 'f8')\n"
    "fg.critical_points(f[:9, :9, :9], persistence=True)"
)


def _operators() -> Iterator[ProcessJob]:
    """On straight and on curved grids; what these keep for the next call is there before."""
    cube, plane = (192, 192, 192), (2048, 2048)
    vectors = "F = np.stack([f] * f.ndim)\n"
    of_sea = "from benchmarks import fields; sea = fields.coastline(f.shape)\n"
    calls = {
        "gradient": "fg.gradient(f, *grid)",
        "laplacian": "fg.laplacian(f, *grid)",
        "divergence": "fg.divergence(F, *grid)",
        "curl": "fg.curl(F, *grid)",
        "hessian": "fg.hessian(f, *grid)",
        "directional derivative": "fg.directional_derivative(f, range(1, f.ndim + 1), *grid)",
        "gradient, 30 % absent": "fg.gradient(f, *grid, where=sea)",
    }
    for shape, size, spacing, names in (
        (cube, "192³", "unit", [name for name in calls if name != "gradient"]),
        (plane, "2048²", "polar", ["gradient", "laplacian", "directional derivative"]),
        (cube, "192³", "spherical", ["laplacian", "divergence", "curl", "hessian"]),
        (plane, "2048²", "curvilinear", [name for name in calls if "absent" not in name]),
    ):
        for name in names:
            call = calls[name]
            prepare = f"from benchmarks import fields; grid = fields.{spacing}(f.shape)\n"
            prepare += (vectors if "F" in call else "") + (of_sea if "sea" in call else "")
            if spacing == "curvilinear":
                prepare += call
            place = "" if spacing == "unit" else f", {spacing}"
            yield ProcessJob(
                f"memory beyond the result, {name} {size}{place}",
                {"MiB": 16, "MiB traced": 16},
                partial(_peak_memory, call=call, shape=shape, prepare=prepare),
            )


PROCESS_JOBS = (
    ProcessJob(
        _REUSED,
        {"MiB": 16},
        partial(_peak_memory, call="fg.gradient(f, out=out)", shape=_CUBE, prepare=_OUT, reuse=True),
    ),
    ProcessJob(_FRESH, {"MiB": 16}, partial(_peak_memory, call="fg.gradient(f)", shape=_CUBE)),
    ProcessJob(
        "memory beyond the result, sobel 4096² float32, fresh",
        {"MiB": 16},
        partial(_peak_memory, call="fg.sobel(f)", **_IMAGE),
    ),
    *_operators(),
    ProcessJob(
        "memory beyond the input, canny 4096² float32",
        {"bytes a sample": 6},
        partial(_bytes_per_sample, call="fg.canny(f, 2)", **_IMAGE),
    ),
    ProcessJob(
        "memory beyond the input, canny 4096² float32, quantiles",
        {"bytes a sample": 6},
        partial(
            _bytes_per_sample, call="fg.canny(f, 2, 0.8, 0.9, mask, use_quantiles=True)", prepare=_HOLE, **_IMAGE
        ),
    ),
    ProcessJob(
        "memory beyond the input, critical points 256³ float64",
        {"bytes a sample": 64},
        partial(_bytes_per_sample, call="fg.critical_points(f)", prepare=_SMOOTH, shape=_CUBE),
    ),
    ProcessJob(
        "memory beyond the input, critical points 256³ float64, linear, persistence",
        {"bytes a sample": 64},
        partial(
            _bytes_per_sample,
            call="fg.critical_points(f, method='linear', persistence=True)",
            prepare=_SMOOTH,
            shape=_CUBE,
        ),
    ),
    ProcessJob("import fieldgrad, beyond import numpy", {"ms": 30}, _import_time),
)
