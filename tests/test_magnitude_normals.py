"""gradient_magnitude and normals: the same derivatives, reduced while they are at hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg
import nasty
import oracles
from helpers import assert_same_bits, assert_within_ulps

# Everything that chooses a stencil; the reductions must not care.
OPTIONS = (
    {},
    {"edge_order": 2},
    {"accuracy": 4},
    {"accuracy": 8, "edge_order": 1},
    {"boundary": "periodic"},
    {"boundary": "constant", "cval": 2.0},
)


def components(f, *spacing, **options):
    return fg.gradient(f, *spacing, axis=tuple(range(np.ndim(f))), **options)


def ulps(squares):
    """How far the root of a sum of so many squares may be from the truth.

    Squares and additions round by half an eps each, so the sum is off by as many half eps as it has squares.
    The root halves that and rounds once itself. Half an eps is up to one ulp.
    """
    return squares / 2 + 1


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", ((12,), (9, 70), (9, 10, 11), (9, 9, 9, 9)), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.longdouble, np.int16))
def test_magnitude_is_the_root_of_the_sum_of_squares(isa, shape, dtype, options):
    f = nasty.field(shape, dtype)
    magnitude = fg.gradient_magnitude(f, 0.7, **options)
    g = components(f, 0.7, **options)
    assert magnitude.dtype == g.dtype
    assert_within_ulps(magnitude, np.sqrt(sum(c * c for c in g)), 1)
    assert_within_ulps(magnitude, oracles.magnitude(g), ulps(f.ndim))


@given(data=st.data(), dtype=st.sampled_from((np.float32, np.float64)), spacing=st.floats(1e-3, 1e3))
def test_magnitude_of_any_field_is_right(data, dtype, spacing):
    f = data.draw(nasty.fields(dtype, max_dims=3))
    with np.errstate(all="ignore"):
        expected = oracles.magnitude(components(f, spacing))
    representable = np.isnan(expected) | (expected <= np.finfo(dtype).max)
    assert_within_ulps(fg.gradient_magnitude(f, spacing)[representable], expected[representable], ulps(f.ndim))


SCALES = [(np.float64, s) for s in (1e300, 1e-300, 1e-318, 1e154, 1e-154)]
SCALES += [(np.float32, s) for s in (1e30, 1e-30, 1e-42, 1e19, 1e-19)]


@pytest.mark.parametrize("dtype, scale", SCALES)
def test_magnitude_neither_overflows_nor_underflows(isa, dtype, scale):
    f = (nasty.field((6, 7, 40)) * scale).astype(dtype)
    assert_within_ulps(fg.gradient_magnitude(f, 0.5), oracles.magnitude(fg.gradient(f, 0.5)), ulps(3))


@pytest.mark.parametrize("dtype, scale", SCALES)
def test_normals_do_not_depend_on_the_scale_of_the_field(isa, dtype, scale):
    f = (nasty.field((6, 7, 40)) * scale).astype(dtype)
    assert_unit(fg.normals(f, 0.5))
    assert_points_along(fg.normals(f, 0.5), fg.gradient(f, 0.5))


def test_magnitude_mixes_huge_and_tiny_samples():
    f = np.array([[0, 1e300, 3e300], [1e-300, 0, 2e300], [5e-324, -1e-300, 1e-310]])
    assert_within_ulps(fg.gradient_magnitude(f), oracles.magnitude(fg.gradient(f)), ulps(2))


@pytest.mark.parametrize("dtype", nasty.COMPLEXES, ids=str)
@pytest.mark.parametrize("shape", ((12,), (9, 10, 11)), ids=str)
def test_magnitude_of_a_complex_field_is_real(dtype, shape):
    f = nasty.field(shape, dtype)
    magnitude = fg.gradient_magnitude(f, 0.3)
    assert magnitude.dtype == f.real.dtype
    assert_within_ulps(magnitude, oracles.magnitude(components(f, 0.3)), ulps(2 * f.ndim))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", ((12,), (9, 70), (9, 10, 11), (9, 9, 9, 9)), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.longdouble, np.uint8))
def test_normals_are_unit_vectors_along_the_gradient(isa, shape, dtype, options):
    f = nasty.field(shape, dtype)
    normals = fg.normals(f, 0.7, **options)
    assert normals.shape == (f.ndim, *shape)
    assert normals.dtype == nasty.result_dtype(f.dtype)
    assert_unit(normals, zero=~components(f, 0.7, **options).any(axis=0))
    assert_points_along(normals, components(f, 0.7, **options))


def assert_unit(normals, zero=False):
    length = oracles.magnitude(normals)
    error = np.where(zero, length, np.abs(length - 1))
    assert error.max() <= 4 * np.finfo(normals.dtype).eps


def assert_points_along(normals, gradient):
    magnitude = oracles.magnitude(gradient)
    expected = gradient / np.where(magnitude == 0, 1, magnitude)
    assert np.abs(normals - expected).max() <= 4 * np.finfo(normals.dtype).eps


@pytest.mark.parametrize("dtype", (np.float16, np.float32, np.float64, np.longdouble, np.int8, bool))
def test_constant_field_has_zero_normals_and_magnitude(dtype):
    f = np.full((5, 6, 7), 1, dtype)
    for result in (fg.normals(f), fg.gradient_magnitude(f)):
        assert_same_bits(result, np.zeros_like(result))


def test_normals_of_a_plane_point_uphill():
    y, x = np.mgrid[:6, :50].astype(float)
    normals = fg.normals(3 * y - 4 * x)
    np.testing.assert_allclose(normals[0], 0.6, rtol=1e-15)
    np.testing.assert_allclose(normals[1], -0.8, rtol=1e-15)


@pytest.mark.parametrize("dtype", (np.float16, np.float32, np.float64, np.longdouble))
def test_nan_stays_where_the_gradient_has_it(isa, dtype):
    f = nasty.field((8, 70), dtype)
    f[3, 30] = np.nan
    f[0, 0] = np.nan
    nan = np.isnan(fg.gradient(f)).any(axis=0)
    np.testing.assert_array_equal(np.isnan(fg.gradient_magnitude(f)), nan)
    np.testing.assert_array_equal(np.isnan(fg.normals(f)), np.broadcast_to(nan, (2, 8, 70)))


@pytest.mark.parametrize("shape", nasty.SHAPES, ids=str)
@pytest.mark.parametrize("dtype", nasty.REALS, ids=str)
def test_memory_layout_does_not_matter(shape, dtype):
    f = nasty.field(shape, dtype)
    for function in (fg.gradient_magnitude, fg.normals):
        expected = function(f, 0.7)
        for layout in nasty.LAYOUTS.values():
            assert_same_bits(function(layout(f), 0.7), expected)


def test_coordinates_are_those_of_the_gradient():
    f = nasty.field((6, 7, 8))
    spacing = (0.3, nasty.uneven_coordinates(7), np.linspace(0, 1, 8))
    gradient = fg.gradient(f, *spacing)
    assert_within_ulps(fg.gradient_magnitude(f, *spacing), oracles.magnitude(gradient), ulps(3))
    assert_points_along(fg.normals(f, *spacing), gradient)


def test_one_dimensional_magnitude_is_the_absolute_value():
    f = nasty.field((300,))
    assert_same_bits(fg.gradient_magnitude(f, 0.3), np.abs(fg.gradient(f, 0.3)))
    assert_points_along(fg.normals(f, 0.3), fg.gradient(f, 0.3)[np.newaxis])


def test_masked_arrays_mask_what_any_component_masks():
    f = np.ma.array(nasty.field((6, 7)), mask=nasty.field((6, 7), seed=1) > 0.8)
    either = np.ma.getmaskarray(fg.gradient(f)).any(axis=0)
    assert either.sum() >= f.mask.sum() > 0
    for result, mask in ((fg.gradient_magnitude(f), either), (fg.normals(f), np.stack([either, either]))):
        assert isinstance(result, np.ma.MaskedArray)
        np.testing.assert_array_equal(np.ma.getmaskarray(result), mask)


def test_out_is_filled_and_returned():
    f = nasty.field((6, 9))
    for function in (fg.gradient_magnitude, fg.normals):
        expected = function(f, 0.7)
        out = np.empty_like(expected)
        assert function(f, 0.7, out=out) is out
        assert_same_bits(out, expected)
