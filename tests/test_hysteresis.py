"""Hysteresis: long ways, wide plains and chance, beside `scipy.ndimage.label`."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage as ndi

import canny_oracle
from fieldgrad._engine import core
from fieldgrad._engine.pool import share


def spiral(n):
    """A path of single samples from a corner to the middle; diagonal neighbours belong to the same turn."""
    path = np.zeros((n, n), bool)
    y = x = 0
    path[0, 0] = True
    lengths = (n - 1, *(side for side in range(n - 1, 1, -2) for _ in range(2)))
    for length, (dy, dx) in zip(lengths, itertools.cycle(((0, 1), (1, 0), (0, -1), (-1, 0)))):
        for _ in range(length):
            y, x = y + dy, x + dx
            path[y, x] = True
    return path, (y, x)


def comb(rows, columns, axis):
    """A back along one side, and teeth every other line."""
    teeth = np.zeros((rows, columns), bool)
    teeth[::2] = True
    teeth[:, 0] = True
    return teeth if axis == 0 else teeth.T


def serpentine(shape):
    """Every other line, joined at alternating ends: the longest way through a plane, or through each plane and on."""
    path = np.zeros(shape, bool)
    path[..., ::2, :] = True
    path[..., 1::4, -1] = path[..., 3::4, 0] = True
    if len(shape) == 3:
        path[1::2] = False
        path[1::4, -1, -1] = path[3::4, 0, 0] = True
    return path


def assert_spreads_as_labels_say(weak, strong, workers=(1, 3)):
    """Marks of 1 and 2 become what `scipy.ndimage.label` connects to a 2. The rim, which has none, is put around."""
    weak, strong = np.pad(weak, 1), np.pad(strong, 1)
    expected = canny_oracle.connected(weak | strong, strong)
    for count in workers:
        marks = weak.astype(np.uint8, order="C")
        marks[strong] = 2
        core.hysteresis(marks, count, share)
        np.testing.assert_array_equal(marks, expected)


def one_strong(shape, at):
    strong = np.zeros(shape, bool)
    strong[at] = True
    return strong


@pytest.mark.parametrize("n", (5, 64, 701))
def test_follows_a_spiral(n):
    path, middle = spiral(n)
    assert ndi.label(path, np.ones((3, 3)))[1] == 1
    for at in ((0, 0), middle):
        assert_spreads_as_labels_say(path, one_strong(path.shape, at))
    interrupted = path.copy()
    interrupted[:, n // 2] = False
    assert_spreads_as_labels_say(interrupted, one_strong(path.shape, middle))


@pytest.mark.parametrize("axis", (0, 1))
@pytest.mark.parametrize("shape", [(801, 700), (7, 100_001), (100_001, 7)])
def test_follows_a_comb(shape, axis):
    teeth = comb(*(shape if axis == 0 else shape[::-1]), axis)
    for at in ((0, -1), (-1, 0), (-1, -1)):
        assert_spreads_as_labels_say(teeth, one_strong(shape, at))


@pytest.mark.parametrize(
    "shape", [(801, 700), (3, 300_000), (300_000, 3), (41, 83, 91), (1, 1), (1, 9), (9, 1), (1, 1, 9)]
)
def test_fills_a_plateau(shape):
    everywhere = np.ones(shape, bool)
    for at in ((0,) * len(shape), (-1,) * len(shape), tuple(n // 2 for n in shape)):
        assert_spreads_as_labels_say(everywhere, one_strong(shape, at))
    assert_spreads_as_labels_say(everywhere, np.zeros(shape, bool))
    assert_spreads_as_labels_say(np.zeros(shape, bool), everywhere)


@pytest.mark.parametrize("shape", [(801, 701), (61, 63, 85)])
def test_follows_the_longest_way(shape):
    path = serpentine(shape)
    assert ndi.label(path, np.ones((3,) * len(shape)))[1] == 1
    for at in ((0,) * len(shape), tuple(n // 2 // 4 * 4 for n in shape)):
        assert_spreads_as_labels_say(path, one_strong(shape, at))


@pytest.mark.parametrize("density", (0.2, 0.4, 0.6))
@pytest.mark.parametrize("shape", [(800, 701), (3, 250_000), (50, 70, 90), (3, 5, 40_000)])
def test_follows_chance(shape, density):
    rng = np.random.default_rng([*shape, int(10 * density)])
    # In three dimensions a tenth of the samples is enough to connect most of them.
    weak = rng.random(shape) < (density if len(shape) == 2 else density / 4)
    for share_of_strong in (1e-5, 1e-2):
        assert_spreads_as_labels_say(weak, weak & (rng.random(shape) < share_of_strong))


@given(
    marks=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=3, max_side=9), elements=st.integers(0, 2)),
    workers=st.integers(1, 3),
)
def test_any_marks(marks, workers):
    assert_spreads_as_labels_say(marks == 1, marks == 2, (workers,))
