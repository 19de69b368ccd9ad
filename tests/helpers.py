"""What the tests share: comparing bits, counting ulps, running code in an interpreter of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import fieldgrad as fg

FUNCTIONS = (fg.gradient, fg.gradient_magnitude, fg.normals)
SANITIZED = os.environ.get("HYPOTHESIS_PROFILE") == "sanitizer"


def uninstrumented(value):
    """A parameter whose calls of the engine are made for others as well; left out under a sanitizer."""
    return pytest.param(value, marks=pytest.mark.uninstrumented)


def assert_same_bits(actual, expected):
    """Same type of number, same value, same sign of zero; any NaN is as good as any other."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if actual.dtype.kind == "c":
        assert_same_bits(actual.real, expected.real)
        assert_same_bits(actual.imag, expected.imag)
        return
    np.testing.assert_array_equal(actual, expected)
    if actual.dtype.kind == "f":
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(actual)[number], np.signbit(expected)[number])


def assert_within_ulps(actual, expected, ulps):
    """Real arrays, `expected` possibly in a wider type; the ulp is the one of `actual`'s type."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    actual, expected = actual[finite], expected[finite]
    below_largest = np.nextafter(np.finfo(actual.dtype).max, 0)  # the largest itself has no spacing to the next one
    one_ulp = np.spacing(np.minimum(np.abs(expected).astype(actual.dtype), below_largest)).astype(np.longdouble)
    distance = np.abs(actual.astype(np.longdouble) - expected) / one_ulp
    assert distance.size == 0 or distance.max() <= ulps


def assert_within_rounding(actual, expected, scale, factor):
    """|actual - expected| is at most `factor` roundings of numbers as large as `scale`."""
    actual = np.asarray(actual)
    assert actual.shape == expected.shape
    rounding = factor * np.finfo(actual.dtype).eps * scale + np.finfo(actual.dtype).tiny
    excess = np.abs(actual.astype(expected.dtype) - expected) - rounding
    assert excess.size == 0 or excess.max() <= 0


def run_python(code, *, timeout=100, **environment):
    """Run `code` in a fresh interpreter that can import fieldgrad and the test helpers."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(**environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def output_of(code, **environment):
    """What `code` prints in a fresh interpreter; a failure there is a failure here."""
    child = run_python(code, **environment)
    assert child.returncode == 0, child.stderr
    return child.stdout.strip()


def assert_interrupt_ends(code):
    """Ctrl-C ends within a second what `code` does once it has printed "started".

    It is to catch the interrupt and print "interrupted", then "still right" if all is well.
    """
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=child_environment(), text=True, stdout=subprocess.PIPE) as child:
        watchdog = threading.Timer(30, child.kill)
        watchdog.start()
        assert child.stdout.readline() == "started\n"
        time.sleep(0.3)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 1
        assert child.stdout.read() == "still right\n"
        watchdog.cancel()


def child_environment(**changes):
    paths = [str(Path(fg.__file__).parents[1]), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | changes
