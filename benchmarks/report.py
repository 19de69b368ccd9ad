"""The table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping

import numpy as np

import fieldgrad as fg

from .roofline import FASTEST
from .timing import fastest

PROBE = 512 << 20  # bytes read and written
AT_MOST = ("µs", "MiB", "ms", "bytes")
RATE = "M/s per worker"
HEADINGS = ("job", "of copy", "× numpy", "also", "target", "met")
WIDTHS = (56, 7, 9, 36, 26, 15)


def machine(roofline) -> str:
    """Where and with what it was measured."""
    config = fg.show_config("dicts")
    isa, workers = config["instruction set"]["in use"], fg.get_workers()
    speeds = "; ".join(_speeds(roofline, n) for n in sorted({1, workers}))
    return "\n".join(
        (
            f"- fieldgrad {fg.__version__}, {config['fieldgrad']['compiler']}, {isa}; "
            f"Python {platform.python_version()}, NumPy {np.__version__}",
            f"- {_processor()}, {workers} workers, load average before the run {_load()}",
            f"- copying 256 MiB, GB/s read and written, {speeds}",
        )
    )


def _speeds(roofline, workers: int) -> str:
    copies = roofline.copies(PROBE, workers)
    seconds = fastest({way: copy.call for way, copy in copies.items()}, 7, 0.0)
    speeds = (f"{way} {PROBE / (seconds[way] * copy.share) / 1e9:.1f}" for way, copy in copies.items())
    return f"{workers} worker{'s' * (workers > 1)}: {', '.join(speeds)}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _load() -> str:
    """Others at work make every figure with several workers unreliable."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def heading() -> str:
    rule = ["-" * (width - 1) + (":" if 1 <= k <= 2 else "-") for k, width in enumerate(WIDTHS)]
    return f"{_row(HEADINGS)}\n{_row(rule)}"


def row(
    name: str, measured: Mapping[str, float], targets: Mapping[str, float], verdict: str | None = None
) -> str:
    """One line; the verdict is that on the targets, if it is not given."""

    def ratio(measure):
        return f"{measured[measure]:.2f}" if measure in measured else ""

    also = [_text(measure, value) for measure, value in measured.items() if measure not in ("copy", "numpy")]
    wanted = [f"{'≤' if _at_most(measure) else '≥'} {_text(measure, v)}" for measure, v in targets.items()]
    if verdict is None:
        verdict = _verdict(measured, targets)
    return _row((name, ratio("copy"), ratio("numpy"), ", ".join(also), ", ".join(wanted), verdict))


def missed(measured: Mapping[str, float], targets: Mapping[str, float]) -> list[str]:
    """The targets that were not reached."""
    return [
        measure
        for measure, target in targets.items()
        if (measured[measure] > target if _at_most(measure) else measured[measure] < target)
    ]


def _verdict(measured, targets) -> str:
    if not targets:
        return ""
    return f"**no**: {', '.join(names)}" if (names := missed(measured, targets)) else "yes"


def _at_most(measure: str) -> bool:
    return measure.split()[0] in AT_MOST


def _text(measure: str, value: float) -> str:
    number = f"{value:.3g}"
    if _at_most(measure) or measure == RATE:
        return f"{number} {measure}"
    return f"{number} of {measure}" if measure in ("copy", "plain", FASTEST) else f"{number} × {measure}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)) + " |"
