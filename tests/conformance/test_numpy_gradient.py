"""What numpy's own tests of `numpy.gradient` demand (TestGradient in numpy/lib/tests/test_function_base.py).

Deviations:

* Several components come as one array, not as a tuple: `gy, gx = fg.gradient(img)` reads the same, and
  `-fg.gradient(V)` works. `test_return_type` asks for the array.
* Booleans are differentiated as numbers; numpy's subtraction refuses them.
* A spacing for every axis of the field is welcome where fewer axes are requested, too; numpy wants one per
  requested axis: `gradient(f_2d, 1, 1, axis=1)` is a TypeError there. Other numbers are one here as well.
"""

import numpy as np
import pytest
from numpy.exceptions import AxisError

import fieldgrad as fg

SIGNED, UNSIGNED = (np.int8, np.int16, np.int32, np.int64), (np.uint8, np.uint16, np.uint32, np.uint64)
SQUARE = [[1, 1], [3, 4]]
ALONG_0, ALONG_1 = [[2.0, 3.0], [2.0, 3.0]], [[0.0, 0.0], [1.0, 1.0]]
PLANE = np.arange(25).reshape(5, 5)
EVEN, UNEVEN = np.arange(1.0, 6.0), [1.0, 2.0, 5.0, 9.0, 11.0]
EDGE_ORDERS = (1, 2)


@pytest.mark.parametrize("field", (SQUARE, np.array(SQUARE)), ids=("list", "array"))
def test_basic(field):
    np.testing.assert_array_equal(fg.gradient(field), [ALONG_0, ALONG_1])


@pytest.mark.parametrize(
    "field, spacing, axis",
    [
        (np.arange(5), (3.0,), None),
        (np.arange(5), (np.array(3.0),), None),
        (np.arange(5), (EVEN,), None),
        (PLANE, (1.5,), None),
        (PLANE, (np.array(1.5),), None),
        (PLANE, (UNEVEN, UNEVEN), None),
        (PLANE, (EVEN, 2), None),
        (PLANE, (EVEN,), 1),
    ],
)
def test_args(field, spacing, axis):
    np.testing.assert_allclose(
        fg.gradient(field, *spacing, axis=axis), np.gradient(field, *spacing, axis=axis), rtol=1e-14
    )


def test_two_dimensional_coordinates_are_refused():
    with pytest.raises(ValueError, match="1-D"):
        fg.gradient(PLANE, np.stack([EVEN] * 2, axis=-1), 1)


@pytest.mark.parametrize("spacing", [(EVEN, np.ones(2)), (1, np.ones(2)), (np.ones(2), np.ones(2))])
def test_wrong_lengths(spacing):
    with pytest.raises(ValueError):
        fg.gradient(PLANE, *spacing)


@pytest.mark.parametrize(
    "spacing, axis",
    [
        ((EVEN,), None),
        ((EVEN,), (0, 1)),
        ((EVEN, EVEN, EVEN), None),
        ((1, 1, 1), None),
        ((EVEN, EVEN, EVEN), 1),
        ((1, 1, 1), 1),
    ],
)
def test_wrong_number_of_spacings(spacing, axis):
    with pytest.raises(TypeError):
        fg.gradient(PLANE, *spacing, axis=axis)


def test_datetime64():
    dates = np.array(
        ["1910-08-16", "1910-08-11", "1910-08-10", "1910-08-12", "1910-10-12", "1910-12-12", "1912-12-12"],
        dtype="datetime64[D]",
    )
    g = fg.gradient(dates)
    assert g.dtype == np.dtype("timedelta64[D]")
    np.testing.assert_array_equal(g, np.array([-5, -3, 0, 31, 61, 396, 731], dtype="timedelta64[D]"))


def test_timedelta64():
    spans = np.array([-5, -3, 10, 12, 61, 321, 300], dtype="timedelta64[D]")
    g = fg.gradient(spans)
    assert g.dtype == np.dtype("timedelta64[D]")
    np.testing.assert_array_equal(g, np.array([2, 7, 7, 25, 154, 119, -21], dtype="timedelta64[D]"))


def test_masked():
    x = np.ma.array(SQUARE, mask=[[False, False], [False, False]])
    out = fg.gradient(x)[0]
    assert type(out) is type(x)
    assert x._mask is not out._mask


def test_masked_input_keeps_its_mask():
    x = np.ma.arange(5)
    x[2] = np.ma.masked
    fg.gradient(x, edge_order=2)
    np.testing.assert_array_equal(x.mask, [False, False, True, False, False])


@pytest.mark.parametrize("uneven", (False, True))
def test_second_order_accurate(uneven):
    x = np.sort(np.random.default_rng(0).random(10)) if uneven else np.linspace(0, 1, 10)
    y = 2 * x**3 + 4 * x**2 + 2 * x
    slope = 6 * x**2 + 8 * x + 2
    spacing = x if uneven else x[1] - x[0]
    assert np.abs(fg.gradient(y, spacing, edge_order=2) / slope - 1).max() < 0.03


F = np.add.outer([0, 2.0, 3.0, 4.0, 5.0, 5.0], [0, 2.0, 3.0, 4.0, 5.0, 5.0])
X_EVEN, X_UNEVEN = np.arange(6.0), np.array([0.0, 0.5, 1.0, 3.0, 5.0, 7.0])
SLOPES = {
    ("even", 1): [2.0, 1.5, 1.0, 1.0, 0.5, 0.0],
    ("even", 2): [2.5, 1.5, 1.0, 1.0, 0.5, -0.5],
    ("uneven", 1): [4.0, 3.0, 1.7, 0.5, 0.25, 0.0],
    ("uneven", 2): [5.0, 3.0, 1.7, 0.5, 0.25, -0.25],
}


@pytest.mark.parametrize("spacing, edge_order", SLOPES)
def test_spacing(spacing, edge_order):
    expected = np.tile(SLOPES[spacing, edge_order], (6, 1))
    x = X_EVEN if spacing == "even" else X_UNEVEN
    for axis in (None, (0, 1)):
        g = fg.gradient(F, x, x, axis=axis, edge_order=edge_order)
        np.testing.assert_allclose(g, [expected.T, expected], rtol=1e-14, atol=1e-15)
    for axis, slopes in ((0, expected.T), (1, expected)):
        g = fg.gradient(F, x, axis=axis, edge_order=edge_order)
        np.testing.assert_allclose(g, slopes, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_unit_steps_are_unit_spacing(edge_order):
    np.testing.assert_array_equal(
        fg.gradient(F, 1.0, edge_order=edge_order), fg.gradient(F, X_EVEN, X_EVEN, edge_order=edge_order)
    )


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_mixed_spacing(edge_order):
    forward = fg.gradient(F, X_EVEN, X_UNEVEN, axis=(0, 1), edge_order=edge_order)
    backward = fg.gradient(F, X_UNEVEN, X_EVEN, axis=(1, 0), edge_order=edge_order)
    np.testing.assert_array_equal(forward, backward[::-1])
    expected = [np.tile(SLOPES["even", edge_order], (6, 1)).T, np.tile(SLOPES["uneven", edge_order], (6, 1))]
    np.testing.assert_allclose(forward, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "axis, expected",
    [(0, ALONG_0), (1, ALONG_1), (-1, ALONG_1), ((1, 0), [ALONG_1, ALONG_0]), (None, [ALONG_0, ALONG_1])],
)
def test_specific_axes(axis, expected):
    np.testing.assert_array_equal(fg.gradient(np.array(SQUARE), axis=axis), expected)


def test_spacings_follow_the_axes():
    g = fg.gradient(np.array(SQUARE), 2, 3, axis=(1, 0))
    np.testing.assert_array_equal(g, [np.divide(ALONG_1, 2), np.divide(ALONG_0, 3)])


@pytest.mark.parametrize("axis", (3, -3))
def test_axis_out_of_range(axis):
    with pytest.raises(AxisError):
        fg.gradient(np.array(SQUARE), axis=axis)


@pytest.mark.parametrize("dtype", (np.float16, np.float32, np.float64))
def test_inexact_dtypes(dtype):
    x = np.array([1, 2, 3], dtype)
    assert fg.gradient(x).dtype == np.diff(x).dtype


def test_smallest_fields():
    np.testing.assert_array_equal(fg.gradient(np.arange(2), edge_order=1), [1, 1])
    np.testing.assert_array_equal(fg.gradient(np.arange(3), edge_order=2), [1, 1, 1])


@pytest.mark.parametrize("n, edge_order", [(0, 1), (0, 2), (1, 1), (1, 2), (2, 2)])
def test_too_small_fields(n, edge_order):
    with pytest.raises(ValueError):
        fg.gradient(np.arange(n), edge_order=edge_order)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_f_decreasing_unsigned_int(dtype):
    np.testing.assert_array_equal(fg.gradient(np.array([5, 4, 3, 2, 1], dtype)), [-1] * 5)


@pytest.mark.parametrize("dtype", SIGNED)
def test_f_signed_int_big_jump(dtype):
    largest = np.iinfo(dtype).max
    g = fg.gradient(np.array([-1, largest], dtype), np.array([1, 3]))
    np.testing.assert_array_equal(g, [(largest + 1) // 2] * 2)


@pytest.mark.parametrize("dtype", UNSIGNED)
def test_x_decreasing_unsigned(dtype):
    np.testing.assert_array_equal(fg.gradient(np.array([0, 2, 4]), np.array([3, 2, 1], dtype)), [-2] * 3)


@pytest.mark.parametrize("dtype", SIGNED)
def test_x_signed_int_big_jump(dtype):
    limits = np.iinfo(dtype)
    g = fg.gradient(np.array([limits.min // 2, 0]), np.array([-1, limits.max], dtype))
    np.testing.assert_array_equal(g, [0.5, 0.5])


def test_return_type():
    assert type(fg.gradient(([1, 2], [2, 3]))) is np.ndarray
