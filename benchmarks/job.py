"""A job: one call of fieldgrad, what it is to be compared with, and what it must reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fieldgrad as fg

from . import fields, rivals

TIES = 1e-4  # decisions that rounding makes in single precision, as a fraction


@dataclass(frozen=True)
class Case:
    """The calls of a job, on data in memory."""

    ours: Callable[[], Any]
    plain: Callable[[], Any] | None
    others: dict[str, rivals.Rival]
    samples: int  # of the field
    nbytes: int  # read and written
    workers: int

    def calls(self) -> dict[str, Callable[[], Any]]:
        """By contender, fieldgrad first."""
        calls = {"fieldgrad": self.ours}
        if self.plain:
            calls["plain"] = self.plain
        return calls | {name: rival.call for name, rival in self.others.items()}

    def check(self) -> list[str]:
        """The rivals that get the same numbers; AssertionError if one that should does not."""
        peers = {name: rival for name, rival in self.others.items() if rival.same}
        for name, rival in peers.items():
            ours, theirs = np.asarray(self.ours()), np.asarray(rival.call())
            if rival.margin:
                inner = (slice(None), *[slice(rival.margin, -rival.margin)] * (ours.ndim - 1))
                ours, theirs = ours[inner], theirs[inner]
            if ours.dtype == bool:
                differing = np.mean(ours != theirs)
                assert differing <= TIES, f"{name}: {differing:.1e} of the samples differ"
                continue
            tolerance = 1e3 * max(np.finfo(ours.dtype).eps, np.finfo(theirs.dtype).eps)
            scale = np.abs(theirs).max()
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=name)
        return list(peers)


@dataclass(frozen=True)
class Job:
    """One call of fieldgrad.

    Targets are fractions of a "copy" and of the "plain" gradient's speed, multiples of a rival's by its name, at most
    so many "µs" per call, and at least so many millions of samples per second and worker, "M/s per worker".
    """

    group: str
    name: str
    shape: tuple[int, ...]
    targets: Mapping[str, float] = field(default_factory=dict)
    function: str | Callable = "gradient"  # of fieldgrad, by its name, or one that calls it
    dtype: str = "f8"
    layout: Callable = fields.dense
    spacing: Callable = fields.unit
    options: Mapping[str, Any] = field(default_factory=dict)
    reuse: bool = True  # into an `out` that was used before
    against_plain: bool = False  # the gradient of a C-ordered float64 field of this shape
    rivals: tuple[Callable, ...] = (rivals.numpy,)
    tiny: bool = False  # time per call matters, not bandwidth
    rate: bool = False  # samples per second matter, too
    beside: int = 0  # arrays of the grid's size that have to be read besides the field: a metric, directions

    def build(self, smoke: bool = False) -> Case:
        shape = self.shape if self.tiny or not smoke else tuple(_smaller(n) for n in self.shape)
        f = self.layout(shape, self.dtype)
        spacing = self.spacing(shape)
        function = self.call()
        result = function(f, *spacing, **self.options)  # laid out as the field is
        options = {**self.options, "out": result} if self.reuse else self.options
        return Case(
            ours=lambda: function(f, *spacing, **options),
            plain=_plain_gradient(f) if self.against_plain else None,
            others={
                rival.__name__.replace("_", "-"): rival(self, f, spacing)
                for rival in self.rivals
                if rivals.installed(rival)
            },
            samples=f.size,
            nbytes=f.nbytes
            + self.beside * math.prod(shape) * f.itemsize
            + sum(part.nbytes for part in (result if isinstance(result, tuple) else (result,))),
            workers=self.options.get("workers") or fg.get_workers(),
        )

    def call(self) -> Callable:
        """What is measured, before it has arguments."""
        return getattr(fg, self.function) if isinstance(self.function, str) else self.function

    def memory(self) -> int:
        """Bytes that it takes at most, about: field, result, copy, a rival's result and its temporaries."""
        return 8 * math.prod(self.shape) * (5 + 6 * bool(self.rivals))


def free_memory() -> float:
    """Bytes that can be had without swapping; where the system does not tell, any number."""
    try:
        with open("/proc/meminfo") as file:
            return next(1024 * float(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return math.inf


def _smaller(n: int) -> int:
    return max(8, n // (4 if n <= 512 else 16))


def _plain_gradient(f):
    like = np.ascontiguousarray(f, np.float64)
    out = fg.gradient(like)
    return lambda: fg.gradient(like, out=out)
