"""Gaussian derivatives: the numbers of scipy.ndimage, in lengths of the user's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage as ndi

import edge_checks
import edge_oracles
import fieldgrad as fg
import nasty
from edge_checks import LARGE_SHAPES, SMALL_SHAPES
from edge_oracles import MODES
from helpers import assert_same_bits, assert_within_rounding, uninstrumented

NAMES = ("gaussian_gradient", "gaussian_gradient_magnitude", "gaussian_laplace", "hessian_of_gaussian")
# Roundings of the numbers that a sample is the sum of, at most: less than 5e-6 in float32, 1e-12 in float64.
ROUNDINGS = 24
EXACT = (np.float32, np.float64, np.uint8, np.int16, np.int64)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def derivatives_of(name):
    return 1 if "gradient" in name else 2


def absolute_sum(sigma, order, truncate=4.0):
    """The sum of the absolute weights of a Gaussian derivative."""
    impulse = np.zeros(2 * int(truncate * sigma + 1) + 1)
    impulse[len(impulse) // 2] = 1
    return np.abs(ndi.gaussian_filter1d(impulse, sigma, order=order, truncate=truncate)).sum()


def size_of_sums(image, sigma, order, *, spacing=1.0, cval=0.0, truncate=4.0):
    """The size of the numbers that a derivative is the sum of: what its rounding is measured by."""
    steps = np.broadcast_to(spacing, image.ndim)
    pixels = np.broadcast_to(sigma, image.ndim) / steps
    along = max(absolute_sum(s, order, truncate) / h**order for s, h in zip(pixels, steps, strict=True))
    # Each pass finds cval beyond the ends, those after a derivative as well.
    return along * max(np.abs(np.float64(image)).max(initial=0), abs(cval)) + abs(cval)


def assert_is_right(name, image, sigma, *, workers=None, mask=None, **options):
    expected = getattr(edge_oracles, name)(image, sigma, mask=mask, **options)
    size_options = {k: v for k, v in options.items() if k in ("spacing", "cval", "truncate")}
    scale = image.ndim * size_of_sums(image, sigma, derivatives_of(name), **size_options)
    if mask is not None:
        scale = scale / share_present(mask, sigma, **options)
    result = getattr(fg, name)(image, sigma, mask=mask, workers=workers, **options)
    edge_checks.assert_result_type(result, image, expected.shape)
    assert_within_rounding(result, expected, scale, ROUNDINGS)


def share_present(mask, sigma, axis=None, **options):
    """What the normalised convolution divides by, 1 at absent samples. Beyond constant ends there are samples."""
    options |= {"cval": 1.0}
    return np.where(mask, edge_oracles.gaussian_derivative(np.float64(mask), sigma, **options), 1)


# the numbers


@given(data=st.data(), name=st.sampled_from(NAMES), mode=edge_checks.modes, truncate=st.sampled_from((4.0, 2.5, 1.0)))
def test_any_image_has_the_numbers_of_scipy(data, name, mode, truncate):
    image = data.draw(edge_checks.images(max_dims=3))
    lengths = st.sampled_from((0.6, 1.0, 1.7, 4.0))
    options = {"mode": mode, "cval": data.draw(edge_checks.cvals), "truncate": truncate}
    if name == "gaussian_gradient":
        options["axis"] = data.draw(edge_checks.axes(image.ndim))
    sigma = data.draw(lengths | st.tuples(*[lengths] * image.ndim))
    assert_is_right(name, image, sigma, **options)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", ((31, 70), (300,), (7, 8, 40)), ids=str)
def test_every_instruction_set_has_the_numbers_of_scipy(isa, name, shape, mode):
    for dtype in EXACT:
        assert_is_right(name, nasty.field(shape, dtype), 1.3, mode=mode, cval=0.7)


@pytest.mark.parametrize("sigma", (0.5, 1.0, 2.5, 8.0, 20.0))
@pytest.mark.parametrize("dtype, tolerance", ((np.float32, 5e-6), (np.float64, 1e-12)), ids=str)
def test_magnitude_and_laplacian_are_those_of_scipy(dtype, tolerance, sigma):
    image = nasty.field((60, 71), dtype)
    for mode in MODES:
        for name in ("gaussian_gradient_magnitude", "gaussian_laplace"):
            expected = getattr(ndi, name)(np.float64(image), sigma, mode=mode, cval=0.7)
            result = getattr(fg, name)(image, sigma, mode=mode, cval=0.7)
            np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("sigma", (uninstrumented(0.7), 3.0, uninstrumented(9.0)))
@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
def test_boxes_fit_together(shape, sigma):
    image = nasty.field(shape, np.float32)
    for name in NAMES[:3]:
        assert_is_right(name, image, sigma, workers=2)
    assert_is_right("gaussian_gradient", image, sigma, workers=2, mode="wrap")


@pytest.mark.parametrize("shape", ((200, 300), (20, 30, 90)), ids=str)
def test_boxes_of_the_hessian_fit_together(shape):
    for mode in MODES:
        assert_is_right("hessian_of_gaussian", nasty.field(shape), 2.0, workers=2, mode=mode, cval=0.7)


# lengths


@pytest.mark.parametrize("spacing", (0.5, 2, (2.5, 0.7, 0.7), np.array([1, 2, 3])), ids=str)
def test_sigma_is_a_length_as_spacing_is(name, spacing):
    for sigma in (2.0, (2.5, 1.0, 3.0)):
        assert_is_right(name, nasty.field((12, 13, 14)), sigma, spacing=spacing)


def test_finer_samples_of_the_same_lengths_have_the_same_numbers(name):
    image, unit = nasty.field((30, 40)), 0.25  # a power of two: no rounding
    function = getattr(fg, name)
    expected = function(image, 1.5) / unit ** derivatives_of(name)
    assert_same_bits(function(image, 1.5 * unit, spacing=unit), expected)


def centre(result, ndim):
    return result[(..., *[40] * ndim)]


@pytest.mark.parametrize("sigma", (1.0, (2.5, 2.0)))
def test_polynomials_have_their_derivatives(sigma):
    spacing = (0.5, 0.8)
    y, x = (np.indices((81, 81)) - 40) * np.reshape(spacing, (2, 1, 1))
    image = 3 * x - 4 * y + x * y + 1.5 * x**2 - 0.5 * y**2
    options = {"spacing": spacing, "truncate": 6.0}  # to where the sampled kernel has the moments of a Gaussian
    gradient = fg.gaussian_gradient(image, sigma, **options)
    np.testing.assert_allclose(centre(gradient, 2), (-4, 3), atol=1e-6)
    magnitude = fg.gaussian_gradient_magnitude(image, sigma, **options)
    np.testing.assert_allclose(centre(magnitude, 2), 5, atol=1e-6)
    hessian = fg.hessian_of_gaussian(image, sigma, **options)
    np.testing.assert_allclose(centre(hessian, 2), [[-1, 1], [1, 3]], atol=1e-5)
    laplacian = fg.gaussian_laplace(image, sigma, **options)
    np.testing.assert_allclose(centre(laplacian, 2), 2, atol=1e-5)


# what a derivative is


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.parametrize("mode", ("reflect", "mirror", "nearest", "wrap"))
def test_constant_image_has_no_slope(isa, name, mode):
    for shape in ((9, 70), (5, 6, 7), (300,), (1, 1)):
        for dtype, value in ((np.float32, 0.1), (np.float64, 0.1), (np.uint8, 201), (np.int64, 2**62 + 1)):
            assert not getattr(fg, name)(np.full(shape, value, dtype), 1.3, mode=mode).any()


def test_laplacian_is_the_trace_of_the_hessian():
    image = nasty.field((12, 13, 14))
    expected = np.trace(fg.hessian_of_gaussian(image, 1.5, spacing=(1, 0.8, 0.9)))
    scale = 3 * size_of_sums(image, 1.5, 2, spacing=(1, 0.8, 0.9))
    assert_within_rounding(fg.gaussian_laplace(image, 1.5, spacing=(1, 0.8, 0.9)), expected, scale, 4)


def test_hessian_is_symmetric_to_the_bit():
    for mask in (None, nasty.field((12, 13, 14), seed=1) > -1):
        hessian = fg.hessian_of_gaussian(nasty.field((12, 13, 14)), 1.5, mask=mask)
        assert_same_bits(hessian.swapaxes(0, 1), hessian)


def test_components_are_chosen_as_those_of_the_gradient():
    image = nasty.field((9, 10, 11))
    g = fg.gaussian_gradient(image, 1.5)
    for axis in (0, 2, -1, -3):
        assert_same_bits(fg.gaussian_gradient(image, 1.5, axis=axis), g[axis])
    for axis in ((0,), (2, 0), (-1, 1), (0, 1, 2)):
        assert_same_bits(fg.gaussian_gradient(image, 1.5, axis=axis), g[list(axis)])
    assert fg.gaussian_gradient(image, 1.5, axis=()).shape == (0, 9, 10, 11)


@pytest.mark.parametrize("name", NAMES[1:3])
def test_scalars_turn_with_the_image(name):
    image = nasty.field((40, 50))
    for mode in MODES:
        for turns in (1, 2, 3):
            expected = np.rot90(getattr(fg, name)(image, 1.5, mode=mode), turns)
            result = getattr(fg, name)(np.rot90(image, turns), 1.5, mode=mode)
            scale = 2 * size_of_sums(image, 1.5, derivatives_of(name))
            assert_within_rounding(result, expected, scale, ROUNDINGS)


def test_flipping_an_axis_turns_the_sign_of_its_component():
    image = nasty.field((8, 9, 30))
    g = fg.gaussian_gradient(image, 1.5)
    for k in range(3):
        expected = np.flip(g, k + 1).copy()
        expected[k] *= -1
        result = fg.gaussian_gradient(np.flip(image, k).copy(), 1.5)
        assert_within_rounding(result, expected, size_of_sums(image, 1.5, 1), ROUNDINGS)


@pytest.mark.parametrize("order", ((2, 1, 0), (1, 2, 0), (0, 2, 1)))
def test_components_follow_their_axes(order):
    image, sigma = nasty.field((8, 9, 30)), (1.0, 1.5, 2.0)
    g = fg.gaussian_gradient(image, sigma)
    expected = g[list(order)].transpose(0, *(1 + k for k in order))
    result = fg.gaussian_gradient(image.transpose(order).copy(), [sigma[k] for k in order])
    assert_within_rounding(result, expected, size_of_sums(image, 1.0, 1), ROUNDINGS)


# masks


@given(data=st.data(), name=st.sampled_from(NAMES), mode=edge_checks.modes)
def test_any_mask_gives_the_derivatives_of_the_normalised_convolution(data, name, mode):
    image = data.draw(edge_checks.images(max_dims=3))
    mask = data.draw(edge_checks.masks(image.shape).filter(lambda m: m is not None))
    sigma = data.draw(st.sampled_from((0.7, 1.5, 3.0)))
    assert_is_right(name, image, sigma, mask=mask, mode=mode, cval=data.draw(edge_checks.cvals))


@pytest.mark.parametrize("shape", ((31, 70), (300,), (7, 8, 40), uninstrumented((400, 500))), ids=str)
def test_every_instruction_set_differentiates_the_normalised_convolution(isa, name, shape):
    mask = nasty.field(shape, seed=1) > -1
    for dtype in (np.float32, np.float64, np.uint8):
        assert_is_right(name, nasty.field(shape, dtype), 1.3, mask=mask)
    assert_is_right(name, nasty.field(shape), 1.3, mask=mask, spacing=0.8, mode="constant", cval=0.7)


def test_normalised_convolution_has_the_slopes_of_its_own_samples():
    """Smooth data between close samples: central differences of the quotient come near its exact derivative."""
    x = np.linspace(0, 6, 1201)
    field, present = np.sin(x) + 0.3 * np.cos(3 * x), np.sin(5 * x) > -0.7
    h = x[1] - x[0]

    def smooth(values):
        return ndi.gaussian_filter1d(values, 0.2 / h)

    q = smooth(np.where(present, field, 0)) / smooth(np.float64(present))
    inside = np.s_[2:-2]
    slope = fg.gaussian_gradient(field, 0.2, spacing=h, mask=present, axis=0)
    np.testing.assert_allclose(slope[inside], np.where(present, np.gradient(q, h), 0)[inside], atol=0.01)
    bend = fg.gaussian_laplace(field, 0.2, spacing=h, mask=present)
    expected = np.where(present, np.gradient(np.gradient(q, h), h), 0)
    np.testing.assert_allclose(bend[inside], expected[inside], atol=0.1)


@pytest.mark.parametrize("mode", MODES)
def test_constant_image_has_no_slope_at_the_border_of_a_mask(name, mode):
    mask = nasty.field((30, 31), seed=1) > -0.5
    image = np.full((30, 31), 3.0)
    result = getattr(fg, name)(image, 1.5, mask=mask, mode=mode, cval=3.0)
    scale = 2 * size_of_sums(image, 1.5, derivatives_of(name)) / share_present(mask, 1.5, mode=mode)
    assert_within_rounding(result, np.zeros(result.shape), scale, ROUNDINGS)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NAMES[:2])
def test_mask_without_gaps_changes_no_slope(name, mode):
    image = nasty.field((30, 31))
    expected = getattr(fg, name)(image, 1.5, mode=mode)
    result = getattr(fg, name)(image, 1.5, mode=mode, mask=np.full(image.shape, True))
    assert_within_rounding(result, expected, size_of_sums(image, 1.5, 1), ROUNDINGS)


def test_masked_samples_do_not_matter(name):
    function = getattr(fg, name)
    for dtype in (np.float32, np.float64, np.uint8):
        image, mask = nasty.field((30, 31), dtype), nasty.field((30, 31), seed=1) > -1
        expected = function(image, 1.5, mask=mask)
        assert not expected[..., ~mask].any()
        assert np.isfinite(expected).all()
        assert_same_bits(function(edge_checks.absent(mask, image), 1.5, mask=mask), expected)


def test_masked_array_brings_its_mask(name):
    image, mask = nasty.field((30, 31)), nasty.field((30, 31), seed=1) > -1
    other = nasty.field((30, 31), seed=2) > -1
    function = getattr(fg, name)
    masked = np.ma.masked_array(image, ~mask)
    assert_same_bits(np.asarray(function(masked, 1.5)), function(image, 1.5, mask=mask))
    assert_same_bits(np.asarray(function(masked, 1.5, mask=other)), function(image, 1.5, mask=mask & other))


def test_mask_may_be_of_whole_numbers_and_lie_anyhow(name):
    image, mask = nasty.field((9, 10)), nasty.field((9, 10), seed=1) > -1
    function = getattr(fg, name)
    expected = function(image, 1.5, mask=mask)
    every_other = nasty.LAYOUTS["every other sample"](mask)
    for same in (mask.astype(np.uint8), mask * 7, mask.tolist(), np.asfortranarray(mask), every_other):
        assert_same_bits(function(image, 1.5, mask=same), expected)
        assert_same_bits(function(np.asfortranarray(image), 1.5, mask=same), expected)


# any array, any way to run


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
def test_small_images_are_served(name, shape):
    for dtype in edge_checks.DTYPES:
        image = nasty.field(shape, dtype)
        for mode in MODES:
            if image.size:
                assert_is_right(name, image, 2.0, mode=mode, cval=0.7)
                assert_is_right(name, image, 2.0, mode=mode, mask=np.arange(image.size).reshape(shape) % 3 > 0)
            else:
                leading = (2,) * {"gaussian_gradient": 1, "hessian_of_gaussian": 2}.get(name, 0)
                result = getattr(fg, name)(image, 2.0, mode=mode)
                edge_checks.assert_result_type(result, image, (*leading, *shape))


@pytest.mark.parametrize("dtype", edge_checks.DTYPES, ids=str)
def test_layout_does_not_matter(name, dtype):
    for shape in ((5, 70), (70, 3), (4, 3, 9), (37,)):
        edge_checks.assert_same_bits_for_any_layout(getattr(fg, name), nasty.field(shape, dtype), 1.3)


@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
def test_same_bits_however_it_runs(name, shape, dtype):
    image = nasty.field(shape, dtype)
    edge_checks.assert_same_bits_however_it_runs(getattr(fg, name), image, 2.0)


def test_masked_results_are_the_same_bits_however_they_run(name):
    image = nasty.field((500, 600))
    mask = nasty.field(image.shape, seed=1) > -1
    edge_checks.assert_same_bits_however_it_runs(getattr(fg, name), image, 2.0, mask=mask)


def test_out_may_overlap_the_image(name):
    for shape in ((40,), (6, 40), (4, 5, 9), (200, 300)):
        edge_checks.assert_out_may_overlap_the_image(getattr(fg, name), shape, 1.3, workers=2)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_image_far_below_one_keeps_its_digits(name, dtype):
    image, tiny = nasty.field((20, 30), dtype), 2.0**-60
    function = getattr(fg, name)
    np.testing.assert_allclose(function(image * dtype(tiny), 1.5), function(image, 1.5) * tiny, rtol=1e-5)


def test_not_a_number_spoils_its_neighbourhood_only(name):
    image = nasty.field((30, 40))
    image[10, 20] = np.nan
    spoilt = np.isnan(getattr(fg, name)(image, 1.0))
    assert spoilt[..., [6, 14], :][..., [16, 24]].all()
    assert spoilt[..., 6:15, 16:25].sum() == spoilt.sum()
