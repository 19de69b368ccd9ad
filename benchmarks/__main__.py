"""`python -m benchmarks`: one table of ratios, rivals and fieldgrad in the same process and the same run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from . import report
from .job import Job, free_memory
from .jobs import JOBS
from .process import PROCESS_JOBS, ProcessJob
from .roofline import Roofline, fractions
from .timing import fastest

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    arguments = _arguments()
    wanted = re.compile(arguments.only, re.IGNORECASE)
    jobs = [job for job in (*PROCESS_JOBS, *JOBS) if wanted.search(job.name)]
    if not jobs:
        raise SystemExit(f"no job matches {arguments.only!r}")
    roofline = Roofline()
    head = f"{report.machine(roofline)}\n\n{report.heading()}"
    if arguments.smoke:
        print("Smoke run: every job once, on smaller arrays. Results are checked, times mean nothing.\n")
    print(head, flush=True)
    lines = []
    for job in jobs:
        lines.append(_line(job, roofline, arguments.smoke))
        print(lines[-1], flush=True)
    if arguments.write:
        RESULTS.write_text("\n".join(("# Results of `make bench`", "", head, *lines, "")), encoding="utf-8")


def _line(job: Job | ProcessJob, roofline: Roofline, smoke: bool) -> str:
    if isinstance(job, ProcessJob):
        return report.row(job.name, job.measure(smoke), job.targets, "ran" if smoke else None)
    if not smoke and job.memory() > free_memory():
        return report.row(job.name, {}, job.targets, f"needs {job.memory() / 2**30:.0f} GiB")
    case = job.build(smoke)
    verdict = None
    if smoke:
        verdict = "agrees" if case.check() else "ran, unchecked"
    copies = {} if job.tiny else roofline.copies(case.nbytes, case.workers)
    calls = case.calls() | {way: copy.call for way, copy in copies.items()}
    seconds = fastest(calls, 1, 0.0) if smoke else fastest(calls, 7, 1.0)
    ours = seconds["fieldgrad"]
    measured = {name: seconds[name] / ours for name in case.calls() if name != "fieldgrad"}
    measured |= {"µs": 1e6 * ours} if job.tiny else fractions(copies, seconds, ours)
    if job.rate:
        measured[report.RATE] = case.samples / ours / case.workers / 1e6
    return report.row(job.name, measured, job.targets, verdict)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", metavar="PATTERN", default="", help="jobs by a regular expression")
    parser.add_argument("--smoke", action="store_true", help="every job once, on smaller arrays, with checks")
    parser.add_argument("--write", action="store_true", help=f"write the table to benchmarks/{RESULTS.name}")
    arguments = parser.parse_args()
    if arguments.write and (arguments.smoke or arguments.only):
        parser.error("--write is for whole runs: not with --smoke or --only")
    return arguments


if __name__ == "__main__":
    main()
