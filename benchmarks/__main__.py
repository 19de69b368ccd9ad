"""`python -m benchmarks`: one table of ratios, rivals and fieldgrad in the same process and the same run."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from . import report
from .jobs import JOBS, Job
from .process import PROCESS_JOBS
from .roofline import Roofline
from .timing import fastest

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    arguments = _parser().parse_args()
    wanted = re.compile(arguments.only, re.IGNORECASE)
    jobs = [job for job in (*PROCESS_JOBS, *JOBS) if wanted.search(job.name)]
    if not jobs:
        raise SystemExit(f"no job matches {arguments.only!r}")
    roofline = Roofline()
    head = f"{report.machine(roofline)}\n\n{report.heading()}"
    print(head, flush=True)
    lines = []
    for job in jobs:
        measured = (
            _measure(job, roofline, arguments.smoke) if isinstance(job, Job) else job.measure(arguments.smoke)
        )
        lines.append(report.row(job.name, measured, job.targets))
        print(lines[-1], flush=True)
    if arguments.write:
        RESULTS.write_text("\n".join(("# Results of `make bench`", "", head, *lines, "")), encoding="utf-8")


def _measure(job: Job, roofline: Roofline, smoke: bool) -> dict[str, float]:
    if not smoke and job.memory() > _free_memory():
        return {}
    case = job.build(smoke)
    if smoke:
        case.check()
    calls = case.calls()
    if not job.tiny:
        calls["copy"] = roofline.copy(case.nbytes, case.workers)
    seconds = fastest(calls, 1, 0.0) if smoke else fastest(calls, 7, 1.0)
    ours = seconds.pop("fieldgrad")
    measured = {contender: theirs / ours for contender, theirs in seconds.items()}
    return measured | {"µs": 1e6 * ours} if job.tiny else measured


def _free_memory() -> float:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="PATTERN", default="", help="jobs whose name matches, a regular expression")
    parser.add_argument("--smoke", action="store_true", help="every job once, small, its result checked")
    parser.add_argument("--write", action="store_true", help=f"write the table to benchmarks/{RESULTS.name}")
    return parser


if __name__ == "__main__":
    main()
