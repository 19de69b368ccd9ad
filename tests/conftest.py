"""Hypothesis profiles, tests that need a particular machine, and every variant of the engine."""

import os
import sys
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

from fieldgrad._engine import core

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("default", max_examples=200, derandomize=True, **COMMON)
settings.register_profile("sanitizer", max_examples=15, derandomize=True, **COMMON)
settings.register_profile("nightly", max_examples=10_000, **COMMON)
PEERS = ("gudhi", "metpy", "pde", "pyscf")  # by the names of their modules, and of marks
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
settings.load_profile(PROFILE)


def pytest_configure(config):
    config.addinivalue_line("markers", "linux: looks into /proc, or forks beside threads")
    config.addinivalue_line(
        "markers",
        "uninstrumented: takes too long, or too much memory, under a sanitizer, where other tests go the same ways",
    )
    config.addinivalue_line("markers", "gudhi: beside GUDHI, where it is to be had")
    config.addinivalue_line("markers", "metpy: beside MetPy, where it is to be had")
    config.addinivalue_line("markers", "pde: beside py-pde, where it is to be had")
    config.addinivalue_line("markers", "pyscf: a molecule by PySCF, where it is to be had")
    config.addinivalue_line("markers", "free_memory(bytes): runs where so much memory is free")


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if _has_its_machine(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _has_its_machine(item)])
    items[:] = chosen


def _has_its_machine(item):
    memory = item.get_closest_marker("free_memory")
    return not (
        (item.get_closest_marker("linux") and sys.platform != "linux")
        or (item.get_closest_marker("uninstrumented") and PROFILE == "sanitizer")
        or any(item.get_closest_marker(name) and find_spec(name) is None for name in PEERS)
        or (memory and _free_memory() < memory.args[0])
    )


def _free_memory():
    if not os.path.exists("/proc/meminfo"):
        return 0
    with open("/proc/meminfo") as lines:
        sizes = dict(line.split(":") for line in lines)
    return int(sizes["MemAvailable"].split()[0]) * 1024


@pytest.fixture(scope="module", params=core.available_isas())
def isa(request):
    """Runs the test once with every instruction set of this machine."""
    before = core.current_isa()
    core.use_isa(request.param)
    yield request.param
    core.use_isa(before)


@pytest.fixture(params=(1, 2, 5))
def workers(request):
    return request.param
