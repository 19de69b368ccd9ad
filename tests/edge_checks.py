"""What the tests of image filters share: images, masks, ways to run a filter that must not matter."""

import itertools
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st

import nasty
from edge_oracles import MODES, result_dtype
from fieldgrad._engine import core
from helpers import SANITIZED, assert_same_bits

DTYPES = (*nasty.REALS, *nasty.INTEGERS, np.dtype(bool))
SMALL_SHAPES = ((0, 7), (7, 0), (1, 1), (1, 6), (6, 1), (2, 3), (3, 2))
# Many boxes, along any axis.
LARGE_SHAPES = ((700, 1500), (40, 90, 300), (9, 60_001), (60_001, 9), (400_001,), (12, 21, 22, 30))
WRITEABLE = [name for name in nasty.LAYOUTS if name != "read-only" and "byte-swapped" not in name]

modes = st.sampled_from(MODES)
cvals = st.sampled_from((0.0, 0.7, -3.0))


@st.composite
def images(draw, *, min_dims=1, max_dims=4, min_side=1, max_side=9, dtypes=DTYPES):
    """Strategy: images of any dtype and shape, of one sample and smaller than most kernels among them."""
    shape = draw(st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims))
    return nasty.field(tuple(shape), draw(st.sampled_from(dtypes)), seed=draw(st.integers(0, 99)))


@st.composite
def masks(draw, shape):
    """Strategy: no mask, or one with few samples absent, or many, or all."""
    share = draw(st.sampled_from((None, 1.0, 0.9, 0.5, 0.0)))
    if share is None:
        return None
    return np.random.default_rng(draw(st.integers(0, 99))).random(shape) < share


@st.composite
def axes(draw, ndim):
    """Strategy: None, an int or a tuple, counted from either end."""
    number = st.integers(-ndim, ndim - 1)
    several = st.lists(number, min_size=1, max_size=ndim, unique_by=lambda k: k % ndim).map(tuple)
    return draw(st.none() | number | several)


def absent(mask, image):
    """The image with the most misleading values where the mask has none."""
    worst = np.nan if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    return np.where(mask, image, image.dtype.type(worst))


@contextmanager
def instruction_set(isa):
    before = core.current_isa()
    core.use_isa(isa)
    try:
        yield
    finally:
        core.use_isa(before)


def assert_same_bits_however_it_runs(function, image, *arguments, **options):
    """Neither the number of workers nor the instruction set changes a bit."""
    expected = function(image, *arguments, workers=1, **options)
    assert np.isfinite(expected).all()
    isas, counts = core.available_isas(), (1, 2, 3)
    # Workers divide the boxes and instruction sets fill them: for a sanitizer, each of both once will do.
    ways = zip(itertools.cycle(isas), counts) if SANITIZED else itertools.product(isas, counts)
    for isa, workers in ways:
        with instruction_set(isa):
            assert_same_bits(function(image, *arguments, workers=workers, **options), expected)


def assert_same_bits_for_any_layout(function, image, *arguments, **options):
    """Neither the layout of the image nor that of `out` changes a bit, and the image stays as it is."""
    expected = function(image, *arguments, **options)
    for layout in nasty.LAYOUTS.values():
        same = layout(image)
        assert_same_bits(function(same, *arguments, **options), expected)
        assert_same_bits(same.astype(image.dtype), image)
    for name in WRITEABLE:
        out = nasty.LAYOUTS[name](np.zeros_like(expected))
        assert function(image, *arguments, out=out, **options) is out
        assert_same_bits(out, expected)


def assert_out_may_overlap_the_image(function, shape, *arguments, **options):
    """Whichever part of the result lies on the image, and however it is shifted."""
    values = nasty.field(shape)
    expected = function(values, *arguments, **options)
    for shift in (0, 1, values.size // 2, values.size - 1):
        for reverse in (False, True):
            memory = np.zeros(expected.size + values.size)
            out = memory[: expected.size].reshape(expected.shape)
            image = memory[shift : shift + values.size][:: -1 if reverse else 1].reshape(shape)
            image[...] = values
            assert function(image, *arguments, out=out, **options) is out
            assert_same_bits(out, expected)


def assert_result_type(result, image, shape):
    assert type(result) is np.ndarray
    assert result.dtype == result_dtype(image.dtype)
    assert result.shape == shape
