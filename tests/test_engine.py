"""The engine: the same bits however it runs, good manners towards threads, signals, processes and memory."""

import multiprocessing
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import children
import fieldgrad as fg
import nasty
import oracles
from fieldgrad._engine import core
from helpers import FUNCTIONS, assert_interrupt_ends, assert_same_bits, output_of

MIB = 2**20
OPTIONS = (
    {},
    {"edge_order": 2},
    {"accuracy": 4},
    {"accuracy": 8},
    {"boundary": "periodic"},
    {"boundary": "constant", "accuracy": 6},
)
WRITEABLE = [name for name in nasty.LAYOUTS if name != "read-only" and "byte-swapped" not in name]
# Large enough to be shared out, and as skewed as can be.
LARGE_SHAPES = (
    (100, 301, 64),
    (1_500_001,),
    (9, 100_000),
    (100_000, 9),
    (20, 21, 22, 60),
    (9, 9, 11, 12, 60),
)


def coordinates(shape):
    return [nasty.uneven_coordinates(n) for n in shape]


# the same bits


@pytest.fixture
def switch_isa():
    """Switches the instruction set; the one in use before comes back at the end."""
    before = core.current_isa()
    yield core.use_isa
    core.use_isa(before)


def assert_same_for_every_isa(switch_isa, function, *arguments, **options):
    results = []
    for isa in core.available_isas():
        switch_isa(isa)
        results.append(function(*arguments, **options))
    for result in results[1:]:
        assert_same_bits(result, results[0])


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", nasty.DTYPES, ids=str)
def test_same_bits_for_any_instruction_set(switch_isa, dtype, function):
    for shape in ((9, 67), (10, 9, 130), (515,), (9, 2500)):
        f = nasty.field(shape, dtype)
        for options in OPTIONS:
            for step in (0.7, 0.5):
                assert_same_for_every_isa(switch_isa, function, f, step, **options)
            if options.get("boundary") != "periodic":
                assert_same_for_every_isa(switch_isa, function, f, *coordinates(f.shape), **options)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_special_values_give_the_same_bits_for_any_instruction_set(switch_isa, function, dtype):
    line = nasty.special_line(dtype)
    f = np.stack([line, line[::-1], line / 2])
    for spacing in (1.0, 0.3, 1e-30, 1e30):
        assert_same_for_every_isa(switch_isa, function, f, spacing)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
def test_large_fields_give_the_bits_of_numpy(switch_isa, shape, dtype):
    f = nasty.field(shape, dtype)
    expected = oracles.numpy_gradient(f, 0.3)
    out = np.empty(expected.size + 1, dtype)[1:].reshape(expected.shape)  # on no boundary of vectors
    for isa in core.available_isas():
        switch_isa(isa)
        assert_same_bits(fg.gradient(f, 0.3, workers=2), expected)
        assert_same_bits(fg.gradient(f, 0.3, workers=2, out=out), expected)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_same_bits_for_any_workers(function, shape, options):
    f = nasty.field(shape, np.float32)
    expected = function(f, 0.3, workers=1, **options)
    for workers in (2, 7):
        assert_same_bits(function(f, 0.3, workers=workers, **options), expected)


@pytest.mark.parametrize("shape", ((90, 91, 92), (1_500_001,), (9, 60_001), (60_001, 9)), ids=str)
@pytest.mark.parametrize("dtype", (np.float16, np.float64, np.longdouble, np.complex64, np.uint8), ids=str)
def test_same_bits_for_any_workers_and_dtype(dtype, shape):
    f, x = nasty.field(shape, dtype), coordinates(shape)
    expected = fg.gradient(f, *x, workers=1)
    for workers in (2, 5):
        assert_same_bits(fg.gradient(f, *x, workers=workers), expected)


@pytest.mark.parametrize("layout", nasty.LAYOUTS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_same_bits_for_any_workers_and_layout(function, layout, workers):
    f = nasty.field((60, 61, 82))
    assert_same_bits(function(nasty.LAYOUTS[layout](f), 0.3, workers=workers), function(f, 0.3, workers=1))


@given(
    shape=st.lists(st.integers(2, 12), min_size=1, max_size=5).map(tuple),
    dtype=st.sampled_from(nasty.DTYPES),
    layouts=st.tuples(st.sampled_from(list(nasty.LAYOUTS)), st.sampled_from(WRITEABLE)),
    isa=st.sampled_from(core.available_isas()),
    workers=st.integers(1, 4),
    function=st.sampled_from(FUNCTIONS),
)
def test_nothing_but_the_values_matters(shape, dtype, layouts, isa, workers, function):
    f = nasty.field(shape, dtype)
    expected = function(f, 0.3, workers=1)
    same, out = nasty.LAYOUTS[layouts[0]](f), nasty.LAYOUTS[layouts[1]](np.zeros_like(expected))
    before = core.current_isa()
    core.use_isa(isa)
    try:
        function(same, 0.3, out=out, workers=workers)
    finally:
        core.use_isa(before)
    assert_same_bits(out, expected)
    np.testing.assert_array_equal(same, f)


def test_rows_need_not_be_differentiable_across(workers):
    for shape, axis in (((1, 600_000), 1), ((600_000, 1), 0), ((1, 1, 600_000), 2), ((1, 500, 600), (1, 2))):
        f = nasty.field(shape)
        expected = oracles.numpy_gradient(np.squeeze(f), 0.3)
        assert_same_bits(np.squeeze(fg.gradient(f, 0.3, axis=axis, workers=workers)), expected)


def test_more_workers_than_rows_are_no_trouble():
    f, large = nasty.field((3, 4)), nasty.field((3, 300_000))
    for workers in (12, 1000, 10**9):
        assert_same_bits(fg.gradient(f, workers=workers), fg.gradient(f))
        assert_same_bits(fg.gradient(large, workers=workers), fg.gradient(large, workers=1))


# overlap of out and input


@given(
    shape=st.sampled_from(((40,), (5, 8), (8, 5), (3, 4, 5))),
    data=st.data(),
    function=st.sampled_from(FUNCTIONS),
)
def test_out_may_overlap_the_field_anyhow(shape, data, function):
    values = nasty.field(shape)
    expected = function(values, 0.3)
    memory = np.zeros(3 * expected.size + values.size)

    def place(n):
        step = data.draw(st.sampled_from((1, 2, -1, -2)))
        span = abs(step) * (n - 1) + 1
        first = data.draw(st.integers(0, memory.size - span))
        return memory[first : first + span : abs(step)][:: np.sign(step)]

    f, out = place(values.size).reshape(shape), place(expected.size).reshape(expected.shape)
    assert np.may_share_memory(f, memory)
    f[...] = values
    assert function(f, 0.3, out=out) is out
    assert_same_bits(out, expected)


@pytest.mark.parametrize("shape", ((7, 7), (200, 200), (40, 40, 40)), ids=str)
def test_magnitude_may_replace_the_field(shape, workers):
    values = nasty.field(shape)
    expected = fg.gradient_magnitude(values)
    for view in (lambda f: f, lambda f: f.T, lambda f: f[::-1], lambda f: f[..., ::-1]):
        f = values.copy()
        out = view(f)
        fg.gradient_magnitude(f, out=out, workers=workers)
        assert_same_bits(out, expected)


@pytest.mark.parametrize("function", (fg.gradient, fg.normals))
def test_a_component_may_replace_the_field(function, workers):
    values = nasty.field((90, 91, 92))
    expected = function(values, workers=1)
    for k in range(3):
        out = np.empty_like(expected)
        out[k] = values
        function(out[k], out=out, workers=workers)
        assert_same_bits(out, expected)


def test_large_field_may_be_shifted_in_memory(workers):
    values = nasty.field((50, 60, 70))
    expected = fg.gradient_magnitude(values)
    for shift in (1, 69, 70, 71, 4200, 4201):
        memory = np.zeros(values.size + shift)
        for f, out in ((memory[:-shift], memory[shift:]), (memory[shift:], memory[:-shift])):
            f[...] = values.ravel()
            out = out.reshape(values.shape)
            fg.gradient_magnitude(f.reshape(values.shape), out=out, workers=workers)
            assert_same_bits(out, expected)


# threads, processes, signals


def test_many_threads_may_call_at_once():
    jobs = []
    for seed, shape in enumerate(((200, 200), (60, 61, 62), (40_000,), (5, 6), (100, 101, 20))):
        f = nasty.field(shape, seed=seed)
        jobs += [(function, f, function(f, 0.3, workers=1)) for function in FUNCTIONS]

    def call(k):
        function, f, expected = jobs[k % len(jobs)]
        np.testing.assert_array_equal(function(f, 0.3, workers=1 + k % 3), expected)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(300)))


@pytest.mark.linux
def test_threads_survive_a_fork():
    output_of("import children; children.fork_in_the_middle()")


def test_spawned_processes_compute_the_same():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(children.digest, range(3)) == [children.digest(seed) for seed in range(3)]


@pytest.mark.linux
def test_import_and_small_calls_start_no_thread():
    code = """if True:
        import os, numpy
        def threads():
            return len(os.listdir("/proc/self/task"))
        before = threads()
        import fieldgrad
        assert threads() == before
        for n in (2, 8, 32):
            f = numpy.ones((n, n))
            fieldgrad.gradient(f, workers=4), fieldgrad.gradient_magnitude(f, workers=4), fieldgrad.normals(f)
        assert threads() == before
    """
    output_of(code)


@pytest.mark.linux
@pytest.mark.parametrize("function", FUNCTIONS)
def test_interrupt_ends_a_long_call_within_a_second(function, workers):
    assert_interrupt_ends(f"import children; children.endless_call({function.__name__!r}, {workers})")


def test_every_small_shape_is_served_or_refused():
    output_of("import children; children.try_every_small_shape()")


# memory


MEMORY_CASES = {
    "plain": (np.float64, "C", {}),
    "single": (np.float32, "C", {}),
    "half": (np.float16, "C", {}),
    "extended": (np.longdouble, "C", {}),
    "complex": (np.complex128, "C", {}),
    "bytes": (np.uint8, "C", {}),
    "Fortran": (np.float64, "Fortran", {}),
    "byte-swapped": (np.float64, "byte-swapped", {}),
    "strided": (np.float64, "every other sample", {}),
    "unaligned": (np.float64, "unaligned", {}),
    "eighth order": (np.float64, "C", {"accuracy": 8}),
    "periodic": (np.float64, "C", {"boundary": "periodic"}),
}


@pytest.mark.parametrize("case", MEMORY_CASES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_of_the_size_of_the_field_is_allocated_besides_the_result(function, case):
    dtype, layout, options = MEMORY_CASES[case]
    f = nasty.LAYOUTS[layout](np.ones((100, 100, 100), dtype))
    function(f[:9, :9, :9], workers=2, **options)
    tracemalloc.start()
    try:
        result = function(f, workers=2, **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - result.nbytes < MIB


@pytest.mark.linux
@pytest.mark.uninstrumented
@pytest.mark.parametrize("options", ({}, {"accuracy": 8}), ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_resident_memory_hardly_grows_with_out(function, options):
    call = f"peak_of_a_large_call({function.__name__!r}, {options | {'workers': 2}})"
    code = f"import children; print(children.{call})"
    assert int(output_of(code)) < 16 * MIB


@pytest.mark.uninstrumented
@pytest.mark.free_memory(12 * 2**30)
def test_more_than_two_to_the_31_samples():
    column = nasty.field((2**16 + 1,), np.float16)
    f = np.broadcast_to(column[:, np.newaxis], (column.size, 2**15))
    g = fg.gradient(f, axis=0)
    expected = fg.gradient(column)
    assert g.size > 2**31
    for k in (0, 1, 12345, 2**15 - 1):
        assert_same_bits(g[:, k], expected)
    assert_same_bits(g[-1], np.full(2**15, expected[-1]))
