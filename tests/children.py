"""What tests run in a process of its own: crashes, hangs, signals and forks stay there."""

import itertools
import os
import resource
import signal
import threading
import traceback

import numpy as np

import fieldgrad as fg
import morse_oracle
import nasty
import oracles
from fieldgrad import _morse
from helpers import FUNCTIONS, assert_same_bits

SMALL_SHAPES = [
    *itertools.product(range(13)),
    *itertools.product(range(6), repeat=2),
    *itertools.product(range(5), repeat=3),
]
SMALL_OPTIONS = (
    {},
    {"edge_order": 2},
    {"accuracy": 4},
    {"accuracy": 8, "edge_order": 1},
    {"boundary": "periodic", "accuracy": 8},
    {"boundary": "mirror"},
    {"boundary": "reflect", "accuracy": 4},
    {"boundary": "nearest", "accuracy": 6},
    {"boundary": "constant", "cval": 1.0},
)


def try_every_small_shape():
    """A result of the right shape or a ValueError; with numpy's options, numpy's result."""
    for shape, options, function in itertools.product(SMALL_SHAPES, SMALL_OPTIONS, FUNCTIONS):
        f = nasty.field(shape)
        try:
            result = function(f, 0.5, **options)
        except ValueError:
            assert min(shape) < max(options.get("accuracy", 2), options.get("edge_order", 1)) + 1, (
                shape,
                options,
            )
            continue
        stacked = function is fg.normals or (function is fg.gradient and len(shape) > 1)
        assert result.shape == ((len(shape), *shape) if stacked else shape)
        if function is fg.gradient and options.keys() <= {"edge_order"}:
            assert_same_bits(result, oracles.numpy_gradient(f, 0.5, **options))


def digest(seed):
    """Bytes that tell one gradient from another; for worker processes."""
    return fg.gradient(nasty.field((60, 61, 62), seed=seed), 0.3, workers=2).tobytes()


def fork_in_the_middle():
    """Fork while another thread is inside a call, and differentiate in the child."""
    f = nasty.field((100, 101, 102))
    expected = fg.gradient(f, 0.3, workers=2)
    done = threading.Event()

    def hammer():
        while not done.is_set():
            fg.gradient(f, 0.3, workers=2)

    thread = threading.Thread(target=hammer)
    thread.start()
    for _ in range(5):
        child = os.fork()
        if child == 0:
            same = np.array_equal(fg.gradient(f, 0.3, workers=2), expected)
            os._exit(0 if same else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0
        assert np.array_equal(fg.gradient(f, 0.3, workers=2), expected)
    done.set()
    thread.join()


def heed_interrupts():
    """Python leaves Ctrl-C ignored where its parent does, as jobs in the background of a shell do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def endless_call(name, workers):
    """A call of minutes in little memory: every row of the field, and of the result, is the same one."""
    shape = (1 << 12, 1 << 15, 1 << 10)
    function = getattr(fg, name)
    stacked = (3,) if function is not fg.gradient_magnitude else ()
    f = np.broadcast_to(nasty.field(shape[-1:]), shape)
    row = np.zeros(shape[-1])
    heed_interrupts()
    out = np.lib.stride_tricks.as_strided(row, (*stacked, *shape), (*[0] * (len(stacked) + 2), row.itemsize))
    print("started", flush=True)
    try:
        function(f, 0.3, out=out, workers=workers)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    small = nasty.field((100, 101, 102))
    assert_same_bits(fg.gradient(small, 0.3, workers=workers), oracles.numpy_gradient(small, 0.3))
    print("still right", flush=True)


def interrupt_a_reduction():
    """Ctrl-C while loops slide down a field of noise, which takes seconds."""
    f = np.random.default_rng(0).standard_normal((128, 128, 128))
    skeleton = _morse._skeleton(f, (False,) * 3, 1)
    joins, fills, maxima = (skeleton.of_index(index) for index in (1, 2, 3))
    above = _morse._merge(skeleton, fills, maxima.vertices[maxima.order[::-1]], up=True)
    heed_interrupts()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        _morse._reduce(skeleton, joins, fills, above)
    except KeyboardInterrupt as interrupt:
        *_, (innermost, _) = traceback.walk_tb(interrupt.__traceback__)
        print("interrupted in", innermost.f_code.co_name)
    small = f[:6, :6, :6]
    assert sorted(zip(*_morse.pairs(small, (False,) * 3), strict=True)) == morse_oracle.pairs(small, (False,) * 3)
    print("still right")


def long_search(workers):
    """All critical points of noise, which takes a minute."""
    f = np.random.default_rng(0).standard_normal((128, 128, 128))
    part = f[:8, :8, :8]
    expected = fg.critical_points(part, workers=workers)
    heed_interrupts()
    print("started", flush=True)
    try:
        fg.critical_points(f, workers=workers)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    assert_same_bits(fg.critical_points(part, workers=workers).points, expected.points)
    print("still right", flush=True)


def threads():
    return len(os.listdir("/proc/self/task"))


def peak_of_a_large_call(name, options):
    """Bytes by which the resident set grows beyond field and `out`."""
    f = np.ones((256, 256, 256))
    stacked = (3,) if name != "gradient_magnitude" else ()
    out = np.ones((*stacked, *f.shape))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    getattr(fg, name)(f, out=out, **options)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
