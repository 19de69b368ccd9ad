"""What is measured: the jobs on fields, each with what it is to be compared with and what it must reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fieldgrad as fg

from . import fields, rivals


@dataclass(frozen=True)
class Case:
    """The calls of a job, on data in memory."""

    ours: Callable[[], np.ndarray]
    plain: Callable[[], np.ndarray] | None
    others: dict[str, rivals.Rival]
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
            ours, theirs = self.ours(), np.asarray(rival.call())
            if rival.margin:
                inner = (slice(None), *[slice(rival.margin, -rival.margin)] * (ours.ndim - 1))
                ours, theirs = ours[inner], theirs[inner]
            scale = np.abs(theirs).max()
            tolerance = 1e3 * np.finfo(theirs.dtype).eps
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=name)
        return list(peers)


@dataclass(frozen=True)
class Job:
    """One call of fieldgrad.

    Targets are fractions of a "copy" and of the "plain" gradient's speed, multiples of "numpy"'s, and at most
    so many "µs" per call.
    """

    group: str
    name: str
    shape: tuple[int, ...]
    targets: Mapping[str, float] = field(default_factory=dict)
    function: str = "gradient"
    dtype: str = "f8"
    layout: Callable = fields.dense
    spacing: Callable = fields.unit
    options: Mapping[str, Any] = field(default_factory=dict)
    reuse: bool = True  # into an `out` that was used before
    against_plain: bool = False  # the gradient of a C-ordered float64 field of this shape
    rivals: tuple[Callable, ...] = (rivals.numpy,)
    tiny: bool = False  # time per call matters, not bandwidth

    def build(self, smoke: bool = False) -> Case:
        shape = self.shape if self.tiny or not smoke else tuple(_smaller(n) for n in self.shape)
        f = self.layout(shape, self.dtype)
        spacing = self.spacing(shape)
        function = getattr(fg, self.function)
        result = function(f, *spacing, **self.options)  # laid out as the field is
        options = {**self.options, "out": result} if self.reuse else self.options
        return Case(
            ours=lambda: function(f, *spacing, **options),
            plain=_plain_gradient(f) if self.against_plain else None,
            others={
                rival.__name__.replace("_", "-"): rival(self.function, f, spacing, self.options)
                for rival in self.rivals
                if rivals.installed(rival)
            },
            nbytes=f.size * f.itemsize + result.nbytes,
            workers=self.options.get("workers") or fg.get_workers(),
        )

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


def _cube(n: int) -> tuple[int, int, int]:
    return n, n, n


def _gradients():
    at_unit, at_any = {"copy": 0.9, "numpy": 6}, {"copy": 0.75, "numpy": 6}
    for n in (256, 250):
        cube = f"gradient {n}³ float64"
        yield Job("gradient", f"{cube}, out, unit spacing", _cube(n), at_unit)
        yield Job("gradient", f"{cube}, out, spacing 0.1", _cube(n), at_any, spacing=fields.tenth)
        yield Job("gradient", f"{cube}, out, linspace coordinates", _cube(n), at_any, spacing=fields.linspace)
        yield Job("gradient", f"{cube}, out, uneven coordinates", _cube(n), at_any, spacing=fields.uneven)
        yield Job("gradient", f"{cube}, fresh", _cube(n), {"numpy": 4}, reuse=False)
    yield Job("gradient", "gradient 4096² float32, out", (4096, 4096), {"copy": 0.81}, dtype="f4")
    for shape in ((64, 64, 65536), (65536, 64, 64)):
        name = f"gradient {'×'.join(map(str, shape))} float64, out"
        yield Job("gradient", name, shape, {"copy": 0.81}, rivals=())
    yield Job(
        "gradient",
        "gradient 256³ float64, out, one worker",
        _cube(256),
        options={"workers": 1},
        against_plain=True,
        rivals=(),
    )


def _reductions():
    for function, name, multiple in (("gradient_magnitude", "magnitude", 20), ("normals", "normals", 10)):
        for n in (256, 250):
            targets = {"copy": 0.75, "numpy": multiple}
            for fresh in (False, True):
                yield Job(
                    "reductions",
                    f"{name} {n}³ float64, {'fresh' if fresh else 'out'}",
                    _cube(n),
                    {"numpy": multiple} if fresh else targets,
                    function,
                    reuse=not fresh,
                )
    image = {"shape": (4096, 4096), "function": "gradient_magnitude", "dtype": "f4"}
    yield Job("reductions", "magnitude 4096² float32, out", targets={"copy": 0.675}, **image)
    yield Job("reductions", "magnitude 4096² float32, fresh", reuse=False, **image)
    yield Job(
        "reductions",
        "magnitude 4096² float32, fresh, reflect",
        options={"boundary": "reflect"},
        reuse=False,
        rivals=(rivals.numpy, rivals.scipy, rivals.opencv, rivals.scikit_image),
        **image,
    )


def _layouts():
    for layout, name, fraction in (
        (fields.fortran, "Fortran order", 0.9),
        (fields.rotated, "axes transposed", 0.9),
        (fields.byte_swapped, "byte-swapped", 0.5),
        (fields.unaligned, "unaligned", 0.5),
        (fields.last_axis_strided, "f[..., ::2]", 0.5),
    ):
        name = f"gradient 256³ float64, out, {name}"
        yield Job("layouts", name, _cube(256), {"plain": fraction}, layout=layout, against_plain=True)
    yield Job(
        "layouts",
        "gradient 200³ float64, out, f[::2, ::2, ::2]",
        _cube(200),
        {"plain": 0.5},
        layout=fields.every_other,
        against_plain=True,
    )
    for dtype in ("int16", "uint8"):
        yield Job("layouts", f"gradient 256³ {dtype}, out", _cube(256), dtype=dtype, against_plain=True)


def _stencils():
    for name, options, fraction, others in (
        ("periodic", {"boundary": "periodic"}, 0.8, (rivals.numpy,)),
        ("edge_order 2", {"edge_order": 2}, 0.8, (rivals.numpy, rivals.findiff)),
        ("accuracy 4", {"accuracy": 4}, 0.8, (rivals.findiff,)),
        ("accuracy 6", {"accuracy": 6}, 0.5, (rivals.findiff,)),
        ("accuracy 8", {"accuracy": 8}, 0.5, (rivals.findiff,)),
    ):
        yield Job(
            "stencils",
            f"gradient 256³ float64, out, {name}",
            _cube(256),
            {"plain": fraction},
            options=options,
            against_plain=True,
            rivals=others,
        )


def _sizes():
    for n in (8, 16, 32, 64, 128, 256, 512):
        targets = {"numpy": 1, "µs": 5} if n == 8 else {"numpy": 1}
        name = f"gradient {n}² float64, fresh"
        both = (rivals.numpy, rivals.findiff)
        yield Job("sizes", name, (n, n), targets, reuse=False, rivals=both, tiny=True)
    for n in (32, 64, 128, 512):
        yield Job("sizes", f"gradient {n}³ float64, fresh", _cube(n), reuse=False, tiny=n <= 64)


JOBS: tuple[Job, ...] = (*_gradients(), *_reductions(), *_layouts(), *_stencils(), *_sizes())
