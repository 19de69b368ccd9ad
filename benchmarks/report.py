"""The table."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping

import numpy as np

import fieldgrad as fg

AT_MOST = ("µs", "MiB", "ms")
HEADINGS = ("job", "of copy", "× numpy", "also", "target", "met")
WIDTHS = (56, 7, 9, 36, 26, 15)


def machine(roofline) -> str:
    """Where and with what it was measured."""
    config = fg.show_config("dicts")
    isa, workers = config["instruction set"]["in use"], fg.get_workers()
    speeds = ", ".join(roofline.describe(n) for n in sorted({1, workers}))
    return "\n".join(
        (
            f"- fieldgrad {fg.__version__}, {config['fieldgrad']['compiler']}, {isa}; "
            f"Python {platform.python_version()}, NumPy {np.__version__}",
            f"- {_processor()}, {workers} workers",
            f"- copy, bytes read and written: {speeds}",
        )
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def heading() -> str:
    rule = ("-" * WIDTHS[0], *("-" * (width - 1) + ":" for width in WIDTHS[1:3]), *("-" * w for w in WIDTHS[3:]))
    return f"{_row(HEADINGS)}\n{_row(rule)}"


def row(name: str, measured: Mapping[str, float], targets: Mapping[str, float], verdict: str | None = None) -> str:
    """One line; the verdict is that on the targets, if it is not given."""

    def ratio(measure):
        return f"{measured[measure]:.2f}" if measure in measured else ""

    also = [_text(measure, value) for measure, value in measured.items() if measure not in ("copy", "numpy")]
    wanted = [f"{'≤' if measure in AT_MOST else '≥'} {_text(measure, v)}" for measure, v in targets.items()]
    if verdict is None:
        verdict = _verdict(measured, targets)
    return _row((name, ratio("copy"), ratio("numpy"), ", ".join(also), ", ".join(wanted), verdict))


def missed(measured: Mapping[str, float], targets: Mapping[str, float]) -> list[str]:
    """The targets that were not reached."""
    return [
        measure
        for measure, target in targets.items()
        if (measured[measure] > target if measure in AT_MOST else measured[measure] < target)
    ]


def _verdict(measured, targets) -> str:
    if not targets:
        return ""
    return f"**no**: {', '.join(names)}" if (names := missed(measured, targets)) else "yes"


def _text(measure: str, value: float) -> str:
    number = f"{value:.3g}"
    if measure.split()[0] in AT_MOST:
        return f"{number} {measure}"
    return f"{number} of {measure}" if measure in ("copy", "plain") else f"{number} × {measure}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)) + " |"
