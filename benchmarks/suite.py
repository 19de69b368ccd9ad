"""The same jobs for pytest-benchmark: a group for each, its contenders side by side."""

from __future__ import annotations

from functools import cache

from . import rivals
from .job import Job, free_memory
from .jobs import JOBS
from .roofline import WAYS, Roofline

COPY = "copy, "
ASCII = str.maketrans({"²": "-2d", "³": "-3d", "×": "x"})  # pytest -k would need escapes
roofline = cache(Roofline)


def contenders(group: str) -> dict:
    """Arguments for `pytest.mark.parametrize`: every job of a group that this machine can hold."""
    pairs = [
        (job, contender)
        for job in JOBS
        if job.group == group and job.memory() <= free_memory()
        for contender in _names(job)
    ]
    ids = [f"{job.name} - {contender}".translate(ASCII) for job, contender in pairs]
    return {"argnames": ("job", "contender"), "argvalues": pairs, "ids": ids}


def run(benchmark, job: Job, contender: str) -> None:
    benchmark.group = job.name
    case = job.build()
    if contender.startswith(COPY):
        copy = roofline().copies(case.nbytes, case.workers)[contender.removeprefix(COPY)]
        benchmark.extra_info["share of this time for the bytes of the job"] = copy.share
        benchmark(copy.call)
    else:
        benchmark(case.calls()[contender])


def _names(job: Job) -> list[str]:
    names = ["fieldgrad"]
    if job.against_plain:
        names.append("plain")
    names += [rival.__name__.replace("_", "-") for rival in job.rivals if rivals.installed(rival)]
    if not job.tiny:
        names += [COPY + way for way in WAYS]
    return names
