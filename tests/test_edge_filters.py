"""sobel, scharr, prewitt, farid, roberts: the numbers of scikit-image, and three other scales of them."""

import itertools

import numpy as np
import pytest
import skimage.filters
from hypothesis import given
from hypothesis import strategies as st

import edge_checks
import edge_oracles
import fieldgrad as fg
import nasty
from edge_checks import LARGE_SHAPES, SMALL_SHAPES
from edge_oracles import MODES, OPERATORS
from fieldgrad import edges
from fieldgrad.stages import evaluate
from helpers import assert_same_bits, assert_within_rounding, uninstrumented

NORMALIZATIONS = ("skimage", "derivative", "scipy", "opencv")
WHOLE_WEIGHTS = ("sobel", "scharr", "prewitt")

operators = st.sampled_from(list(OPERATORS))


@pytest.fixture(params=OPERATORS)
def operator(request):
    return request.param


def apply(operator, image, *arguments, **options):
    return getattr(fg, operator)(image, *arguments, **options)


def filter_named(operator):
    return getattr(fg, operator)


def assert_is_right(operator, image, mask=None, *, workers=1, **options):
    """Rounding is that of the numbers that a component is the sum of."""
    expected = edge_oracles.derivative_filter(image, operator, mask, **options)
    scale_options = {k: v for k, v in options.items() if k in ("normalize", "spacing", "cval")}
    result = apply(operator, image, mask, workers=workers, **options)
    edge_checks.assert_result_type(result, image, expected.shape)
    assert_within_rounding(result, expected, edge_oracles.largest(image, operator, **scale_options), 8)


# the numbers


@given(data=st.data(), operator=operators, normalize=st.sampled_from(NORMALIZATIONS))
def test_any_image_has_the_numbers_of_the_oracle(data, operator, normalize):
    image = data.draw(edge_checks.images())
    assert_is_right(
        operator,
        image,
        data.draw(edge_checks.masks(image.shape)),
        axis=data.draw(edge_checks.axes(image.ndim)),
        mode=data.draw(edge_checks.modes),
        cval=data.draw(edge_checks.cvals),
        magnitude=data.draw(st.booleans()),
        normalize=normalize,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", ((11, 70), (300,), (6, 7, 40)), ids=str)
def test_every_instruction_set_has_the_numbers_of_the_oracle(isa, operator, shape, mode):
    for dtype in (np.float32, np.float64, np.uint8, np.int16, np.int64):
        assert_is_right(operator, nasty.field(shape, dtype), mode=mode, cval=0.7)


@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
def test_boxes_fit_together(operator, shape):
    image = nasty.field(shape, np.float32)
    assert_is_right(operator, image, workers=2)
    assert_is_right(operator, image, workers=2, magnitude=False, normalize="derivative", mode="wrap")


@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8, np.int16), ids=str)
@pytest.mark.parametrize("shape", ((11, 70), (1, 9), (9, 1), (2, 3), (40, 1300), (3, 60001)), ids=str)
def test_the_magnitude_has_the_bits_of_the_norm_of_its_components(isa, operator, shape, dtype):
    """Components and norm are made at once; components that are asked for are filters one after the other."""
    image = nasty.field(shape, dtype)
    for mode in MODES:
        options = {"mode": mode, "normalize": "scipy"}
        down, right = apply(operator, image, magnitude=False, **options)
        assert_same_bits(apply(operator, image, **options), np.sqrt(down * down + right * right))
        assert_same_bits(apply(operator, np.asfortranarray(image), **options), apply(operator, image, **options))


def _angle_and_length(stages, ndim):
    smooth, edge, _ = edges.OPERATORS["sobel"]
    components = tuple(
        edges.derivative(stages, stages.load(), k, ndim, smooth, edge, "nearest", 0.0) for k in range(ndim)
    )
    angle = stages.angle(*components)
    return angle, stages.norm(components), *components


def test_components_are_there_for_others_than_the_norm():
    image = nasty.field((40, 90), np.float32)
    angle, length, *components = evaluate(_angle_and_length, [image], 0, ())
    options = {"mode": "nearest", "normalize": "scipy"}
    assert_same_bits(np.stack(components), fg.sobel(image, magnitude=False, **options))
    assert_same_bits(length, fg.sobel(image, **options))
    assert_same_bits(angle, fg.orientation(image, mode="nearest"))


@pytest.mark.uninstrumented
@pytest.mark.parametrize("axis", (None, 0, 1, (0, 1), (1, 0), (1,)), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8, np.int8, np.uint16, np.int32, bool), ids=str)
def test_default_has_the_numbers_of_scikit_image(operator, dtype, axis):
    for shape, mode in itertools.product(((14, 15), (2, 5, 6)), MODES):
        image = nasty.field(shape, dtype)
        mask = nasty.field(shape, seed=1) > -2
        expected = getattr(skimage.filters, operator)(image, mask, axis=axis, mode=mode, cval=0.7)
        scale = edge_oracles.largest(image, operator, cval=0.7)
        result = apply(operator, image, mask, axis=axis, mode=mode, cval=0.7)
        assert_within_rounding(result, np.float64(expected), scale, 8)


@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8, np.int8, np.uint16, np.int32, bool), ids=str)
def test_roberts_has_the_numbers_of_scikit_image(isa, dtype):
    for shape in ((14, 70), (1, 1), (2, 3), (1, 9)):
        image = nasty.field(shape, dtype)
        for mask in (None, nasty.field(shape, seed=1) > -2):
            expected = np.float64(skimage.filters.roberts(image, mask))
            scale = np.abs(edge_oracles.as_float(image)).max()
            assert_within_rounding(fg.roberts(image, mask), expected, scale, 8)


@given(data=st.data())
def test_roberts_of_any_image_has_the_numbers_of_the_oracle(data):
    image = data.draw(edge_checks.images(min_dims=2, max_dims=2))
    mask = data.draw(edge_checks.masks(image.shape))
    expected = edge_oracles.roberts(image, mask)
    result = fg.roberts(image, mask)
    edge_checks.assert_result_type(result, image, image.shape)
    assert_within_rounding(result, expected, np.abs(edge_oracles.as_float(image)).max(), 8)


@pytest.mark.parametrize("dtype", (np.int8, np.int16, np.int32))
def test_most_negative_integer_is_black_as_in_scikit_image(operator, dtype):
    limits = np.iinfo(dtype)
    image = np.array([[limits.min, limits.max, limits.min + 1], [limits.min + 1, limits.min, 0]], dtype)
    same = np.maximum(image, limits.min + 1)
    assert_same_bits(apply(operator, image), apply(operator, same))
    assert_same_bits(fg.roberts(image), fg.roberts(same))
    assert np.any(apply(operator, image, normalize="scipy") != apply(operator, same, normalize="scipy"))


@pytest.mark.parametrize("operator", WHOLE_WEIGHTS)
@pytest.mark.parametrize("normalize", ("scipy", "opencv"))
def test_bare_weights_are_exact_for_integers(operator, normalize):
    for dtype in (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, bool):
        image = nasty.field((9, 70), dtype)
        for k in range(2):
            expected = edge_oracles.component(image, operator, k, normalize=normalize)
            result = apply(operator, image, axis=k, normalize=normalize)
            np.testing.assert_array_equal(result, expected)


# axes and spacing


def test_components_are_stacked_in_the_order_of_the_axes(operator):
    image = nasty.field((7, 8, 9))
    single = [apply(operator, image, axis=k) for k in range(3)]
    for axis in (None, (2, 0), (1,), (-1, -3)):
        stacked = apply(operator, image, axis=axis, magnitude=False)
        assert_same_bits(stacked, np.stack([single[k] for k in (range(3) if axis is None else axis)]))
    for k in range(3):
        assert_same_bits(apply(operator, image, axis=k, magnitude=False), single[k])
        assert_same_bits(apply(operator, image, axis=(k,)), single[k])


def test_negative_axis_smooths_along_the_others(operator):
    image = nasty.field((7, 8, 9))
    for k in range(3):
        assert_same_bits(apply(operator, image, axis=k - 3), apply(operator, image, axis=k))
    assert_same_bits(apply(operator, image, axis=(-1, 0)), apply(operator, image, axis=(2, 0)))


def test_no_axes_have_no_components_and_no_length(operator):
    image = nasty.field((7, 8))
    assert_same_bits(apply(operator, image, axis=(), magnitude=False), np.zeros((0, 7, 8)))
    assert_same_bits(apply(operator, image, axis=()), np.zeros((7, 8)))


def test_line_has_a_signed_component_for_its_axis_and_a_length_by_default(operator):
    line = nasty.field((40,))
    component = apply(operator, line, axis=0)
    assert (component < 0).any()
    assert (component > 0).any()
    assert_same_bits(apply(operator, line, magnitude=False), component[np.newaxis])
    np.testing.assert_array_equal(np.abs(apply(operator, line)), np.abs(component))


def test_spacing_divides_the_components(operator):
    image = nasty.field((7, 8, 9))
    for spacing in (0.5, 2, (2.5, 0.7, 0.7), np.array([1, 2, 3])):
        for magnitude in (False, True):
            assert_is_right(operator, image, normalize="derivative", spacing=spacing, magnitude=magnitude)


# what a derivative is


def ramp(shape, slopes, dtype=np.float64):
    return np.tensordot(slopes, np.indices(shape), 1).astype(dtype)


def inner(result, image, margin=2):
    return result[(..., *(slice(margin, -margin),) * image.ndim)]


@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.int16, np.int64))
@pytest.mark.parametrize("slopes", ((3,), (3, -4), (2, 6, -9), (1, -1, 1, -1)), ids=str)
def test_ramp_has_its_slopes(operator, slopes, dtype):
    image = ramp((7, 8, 6, 5)[: len(slopes)], slopes, dtype)
    g = apply(operator, image, normalize="derivative", magnitude=False)
    scale = edge_oracles.largest(image, operator, normalize="derivative")
    expected = np.broadcast_to(np.reshape(np.float64(slopes), (-1, *[1] * image.ndim)), g.shape)
    assert_within_rounding(inner(g, image), inner(expected, image), scale, 8)
    length = apply(operator, image, normalize="derivative", axis=tuple(range(image.ndim)))
    expected = np.full(image.shape, slopes[0] if len(slopes) == 1 else np.linalg.norm(slopes))
    assert_within_rounding(inner(length, image), inner(expected, image), scale, 8)


def test_ramp_over_uneven_lengths_has_its_slopes_per_length(operator):
    spacing = (2.5, 0.7, 0.1)
    image = np.tensordot((3, -4, 12), np.indices((7, 8, 6)) * np.reshape(spacing, (3, 1, 1, 1)), 1)
    length = apply(operator, image, normalize="derivative", spacing=spacing)
    np.testing.assert_allclose(inner(length, image), 13, rtol=1e-13)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("mode", ("reflect", "mirror", "nearest", "wrap"))
def test_constant_image_has_no_edges(isa, operator, mode):
    for shape in ((9, 70), (5, 6, 7), (300,), (1, 1)):
        for dtype, value in ((np.float32, 0.1), (np.float64, 0.1), (np.uint8, 201), (np.int64, 2**62 + 1)):
            image = np.full(shape, value, dtype)
            for normalize in NORMALIZATIONS:
                assert not apply(operator, image, mode=mode, normalize=normalize, magnitude=False).any()


@given(data=st.data(), operator=operators, value=st.sampled_from((3.0, -0.25)))
def test_constant_that_goes_on_beyond_the_ends_has_no_edges(data, operator, value):
    shape = data.draw(st.sampled_from(((9, 8), (1, 1), (5, 6, 7), (4,))))
    image = np.full(shape, value, data.draw(st.sampled_from((np.float32, np.float64))))
    result = apply(operator, image, mode="constant", cval=value, magnitude=False)
    assert_within_rounding(result, np.zeros(result.shape), edge_oracles.largest(image, operator), 2)


def test_roberts_of_a_constant_is_zero():
    for dtype in (np.float32, np.float64, np.uint8):
        assert not fg.roberts(np.full((5, 70), 77, dtype)).any()


@pytest.mark.parametrize("turns", (1, 2, 3))
def test_magnitude_turns_with_the_image(operator, turns):
    image = nasty.field((40, 50))
    for mode in MODES:
        expected = np.rot90(apply(operator, image, mode=mode), turns)
        result = apply(operator, np.rot90(image, turns), mode=mode)
        assert_within_rounding(result, expected, edge_oracles.largest(image, operator), 4)


def test_flipping_an_axis_turns_the_sign_of_its_component(operator):
    image = nasty.field((8, 9, 30))
    g = apply(operator, image, magnitude=False)
    for k in range(3):
        expected = np.flip(g, k + 1).copy()
        expected[k] *= -1
        result = apply(operator, np.flip(image, k).copy(), magnitude=False)
        assert_within_rounding(result, expected, edge_oracles.largest(image, operator), 4)


@pytest.mark.parametrize("order", ((2, 1, 0), (1, 2, 0), (0, 2, 1)))
def test_components_follow_their_axes(operator, order):
    image = nasty.field((8, 9, 30))
    g = apply(operator, image, magnitude=False)
    expected = g[list(order)].transpose(0, *(1 + k for k in order))
    result = apply(operator, image.transpose(order).copy(), magnitude=False)
    assert_within_rounding(result, expected, edge_oracles.largest(image, operator), 4)


def test_roberts_turns_with_the_image_inside():
    image = nasty.field((40, 50))
    expected = np.rot90(fg.roberts(image)[:-1, :-1])
    np.testing.assert_allclose(fg.roberts(np.rot90(image))[:-1, :-1], expected, rtol=1e-12)


# masks


def test_masked_samples_do_not_matter(operator):
    for dtype in (np.float32, np.float64, np.uint8):
        image, mask = nasty.field((30, 31), dtype), nasty.field((30, 31), seed=1) > -1.5
        filters = [fg.roberts]
        if operator != "farid":  # reaches further than the mask is eroded, as in scikit-image
            filters += [filter_named(operator)]
        for function in filters:
            expected = function(image, mask)
            assert expected.any()
            assert_same_bits(function(edge_checks.absent(mask, image), mask), expected)


def test_masked_array_brings_its_mask(operator):
    image, mask = nasty.field((30, 31)), nasty.field((30, 31), seed=1) > -1.5
    other = nasty.field((30, 31), seed=2) > -1.5
    for function in (filter_named(operator), fg.roberts):
        masked = np.ma.masked_array(image, ~mask)
        assert_same_bits(np.asarray(function(masked)), function(image, mask))
        assert_same_bits(np.asarray(function(masked, other)), function(image, mask & other))
        nothing_masked = np.ma.masked_array(image)
        assert_same_bits(np.asarray(function(nothing_masked)), function(image, np.full(image.shape, True)))


def test_mask_may_be_of_whole_numbers(operator):
    image, mask = nasty.field((9, 10)), nasty.field((9, 10), seed=1) > -1.5
    for function in (filter_named(operator), fg.roberts):
        for same in (mask.astype(np.uint8), mask.tolist(), np.asfortranarray(mask)):
            assert_same_bits(function(image, same), function(image, mask))


# any array, any way to run


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
def test_small_images_are_served(operator, shape):
    for dtype in edge_checks.DTYPES:
        image = nasty.field(shape, dtype)
        for mode in MODES:
            assert_is_right(operator, image, mode=mode, cval=0.7)
            assert_is_right(operator, image, mode=mode, cval=0.7, magnitude=False)
        edge_checks.assert_result_type(fg.roberts(image), image, shape)


@pytest.mark.parametrize("dtype", edge_checks.DTYPES, ids=str)
def test_layout_does_not_matter(operator, dtype):
    for shape in ((5, 70), (70, 3), (4, 3, 9), (37,)):
        image = nasty.field(shape, dtype)
        edge_checks.assert_same_bits_for_any_layout(filter_named(operator), image)
        edge_checks.assert_same_bits_for_any_layout(filter_named(operator), image, magnitude=False)
    edge_checks.assert_same_bits_for_any_layout(fg.roberts, nasty.field((5, 70), dtype))


@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
@pytest.mark.parametrize("shape", LARGE_SHAPES, ids=str)
def test_same_bits_however_it_runs(operator, shape, dtype):
    image = nasty.field(shape, dtype)
    edge_checks.assert_same_bits_however_it_runs(filter_named(operator), image)
    edge_checks.assert_same_bits_however_it_runs(filter_named(operator), image, magnitude=False, normalize="scipy")


@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
def test_roberts_has_the_same_bits_however_it_runs(dtype):
    edge_checks.assert_same_bits_however_it_runs(fg.roberts, nasty.field((700, 1500), dtype))


def test_out_may_overlap_the_image(operator):
    for shape in ((40,), (6, 40), (4, 5, 9), (300, 400)):
        for options in ({}, {"magnitude": False}, {"axis": 0}):
            edge_checks.assert_out_may_overlap_the_image(filter_named(operator), shape, workers=2, **options)
    edge_checks.assert_out_may_overlap_the_image(fg.roberts, (6, 40))


def test_not_a_number_spoils_its_neighbourhood_only(operator):
    image = nasty.field((30, 40))
    image[10, 20] = np.nan
    spoilt = np.isnan(apply(operator, image))
    reach = 2 if operator == "farid" else 1
    assert spoilt[10 - reach : 11 + reach, 20 - reach : 21 + reach].sum() == spoilt.sum()
    assert spoilt[10 + reach, 20 + reach]


def test_list_is_an_image(operator):
    image = [[0.5, 1, 2], [3, 5, 8]]
    for function in (filter_named(operator), fg.roberts):
        assert_same_bits(function(image), function(np.array(image)))
