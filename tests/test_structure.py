"""orientation, structure_tensor, color_gradient: directions, and what is seen of them in ramps."""

import numpy as np
import pytest
import skimage.feature
from hypothesis import given
from hypothesis import strategies as st

import edge_checks
import edge_oracles
import fieldgrad as fg
import nasty
from edge_checks import SMALL_SHAPES
from edge_oracles import MODES, OPERATORS
from helpers import assert_same_bits, assert_within_rounding, uninstrumented

ANGLES = np.radians(np.arange(-179.5, 180, 2.5))
# Many boxes; of fewer samples than other filters need, for each takes many steps.
TENSOR_SHAPES = ((700, 1500), (20, 40, 200), (9, 60_001), (60_001, 9), (400_001,), (5, 6, 7, 30))
PLANES = ((200, 700), (9, 6001), (6001, 9))


def settings(operator):
    """The keywords that choose a derivative."""
    return {"operator": operator} | ({"sigma": 1.3} if operator == "gaussian" else {})


def turned_by(angle, expected, period=2 * np.pi):
    """How far two angles are apart, at most half a period."""
    return np.abs((angle - expected + period / 2) % period - period / 2)


def ramp(angle, shape=(21, 22)):
    """Grows by 1 for a step in the direction of the angle, from axis 1 towards axis 0."""
    y, x = np.indices(shape)
    return np.sin(angle) * y + np.cos(angle) * x


@pytest.fixture(params=(*OPERATORS, "gaussian"))
def operator(request):
    return request.param


# orientation


def test_orientation_of_a_ramp_is_its_angle(isa, operator):
    for angle in ANGLES:
        result = fg.orientation(ramp(angle), **settings(operator))
        assert turned_by(result[6:-6, 6:-6], angle).max() < 1e-12
        single = fg.orientation(ramp(angle).astype(np.float32), **settings(operator))
        assert turned_by(single[6:-6, 6:-6], angle).max() < 1e-4


def test_orientation_of_the_axes_is_exact(operator):
    y, x = np.indices((21, 22))
    for image, angle in ((x, 0), (y, np.pi / 2), (-y, -np.pi / 2), (x + y, np.pi / 4), (x - y, -np.pi / 4)):
        result = fg.orientation(image, **settings(operator))[6:-6, 6:-6]
        assert turned_by(result, angle).max() < 1e-15
    assert turned_by(fg.orientation(-x, **settings(operator))[6:-6, 6:-6], np.pi).max() < 1e-15


@given(
    data=st.data(),
    operator=st.sampled_from((*OPERATORS, "gaussian")),
    mode=edge_checks.modes,
    cval=edge_checks.cvals,
)
def test_orientation_of_any_image_is_that_of_the_oracle(data, operator, mode, cval):
    image = data.draw(edge_checks.images(min_dims=2, max_dims=2))
    chosen = settings(operator)
    expected = edge_oracles.orientation(image, **chosen, mode=mode, cval=cval)
    result = fg.orientation(image, **chosen, mode=mode, cval=cval)
    edge_checks.assert_result_type(result, image, image.shape)
    assert_within_angle_of(result, expected, *components(image, chosen, mode=mode, cval=cval))


def components(image, chosen, **options):
    """Length of the gradient that an angle is taken of, and the size of the numbers that it is the sum of."""
    if chosen["operator"] == "gaussian":
        length = edge_oracles.gaussian_gradient_magnitude(image, chosen["sigma"], **options)
        size = 3 * max(np.abs(np.float64(image)).max(), abs(options["cval"]))
    else:
        options |= {"normalize": "scipy"}
        length = edge_oracles.derivative_filter(image, chosen["operator"], axis=(0, 1), **options)
        size = edge_oracles.largest(image, chosen["operator"], normalize="scipy", cval=options["cval"])
    return length, size


def assert_within_angle_of(result, expected, length, size):
    """Rounding moves the gradient's tip by eps * size: that much over its length is the angle."""
    eps = np.finfo(result.dtype).eps
    allowed = 8 * eps * (1 + np.divide(size, length, out=np.full(length.shape, np.inf), where=length > 0))
    assert (turned_by(np.float64(result), expected) <= allowed).all()
    assert (np.abs(result) <= result.dtype.type(np.pi)).all()


@pytest.mark.parametrize("shape", ((11, 70), *PLANES), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8), ids=str)
def test_every_instruction_set_has_the_orientation_of_the_oracle(isa, operator, shape, dtype):
    image, chosen = nasty.field(shape, dtype), settings(operator)
    expected = edge_oracles.orientation(image, **chosen)
    result = fg.orientation(image, **chosen, workers=2)
    assert_within_angle_of(result, expected, *components(image, chosen, cval=0.0))


def test_orientation_turns_with_the_image(operator):
    image = nasty.field((40, 50))
    angle = fg.orientation(image, **settings(operator))
    # Turning the image from axis 0 towards axis 1 takes a direction from axis 1 towards axis 0 back.
    for turns in (1, 2, 3):
        result = fg.orientation(np.rot90(image, turns), **settings(operator))
        assert turned_by(result, np.rot90(angle, turns) - turns * np.pi / 2).max() < 1e-9
    assert turned_by(fg.orientation(image.T, **settings(operator)), np.pi / 2 - angle.T).max() < 1e-9
    assert turned_by(fg.orientation(-image, **settings(operator)), angle + np.pi).max() < 1e-9


def test_orientation_of_nothing_is_zero(operator):
    for dtype in (np.float32, np.float64, np.uint8):
        assert not fg.orientation(np.full((9, 70), 3, dtype), **settings(operator)).any()


# structure tensor


@given(
    data=st.data(),
    sigma=st.sampled_from((0.0, 0.6, 1.0, 2.5)),
    mode=edge_checks.modes,
    cval=edge_checks.cvals,
)
def test_structure_tensor_of_any_image_is_that_of_the_oracle(data, sigma, mode, cval):
    assert_is_structure_tensor(data.draw(edge_checks.images(max_dims=3)), sigma, mode=mode, cval=cval)


def assert_is_structure_tensor(image, sigma, *, workers=None, **options):
    expected = edge_oracles.structure_tensor(image, sigma, **options)
    scale = max(np.abs(edge_oracles.as_float(image)).max(initial=0), abs(options.get("cval", 0)))
    largest = (2 * 4 ** (image.ndim - 1) * scale) ** 2
    result = fg.structure_tensor(image, sigma, **options, workers=workers)
    edge_checks.assert_result_type(result, image, expected.shape)
    assert_within_rounding(result, expected, largest + abs(options.get("cval", 0)), 16)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8, np.int8, np.uint16, bool), ids=str)
def test_structure_tensor_unpacks_as_that_of_scikit_image(dtype, mode):
    for shape in ((20, 31), (6, 7, 8)):
        image = nasty.field(shape, dtype)
        expected = skimage.feature.structure_tensor(image, sigma=1.3, mode=mode, cval=0.7)
        first, second, third, *others = fg.structure_tensor(image, sigma=1.3, mode=mode, cval=0.7)
        result = [first, second, third, *others]
        assert len(result) == len(expected)
        tolerance = 1e-13 if dtype == np.float64 else 3e-6
        for a, b in zip(result, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("shape", ((11, 70), (300,), (7, 8, 40)), ids=str)
def test_every_instruction_set_has_the_structure_tensor_of_the_oracle(isa, shape):
    for dtype in (np.float32, np.float64, np.uint8, np.int16):
        for mode in MODES:
            assert_is_structure_tensor(nasty.field(shape, dtype), 1.3, mode=mode, cval=0.7)


@pytest.mark.parametrize("shape", TENSOR_SHAPES, ids=str)
def test_boxes_of_the_structure_tensor_fit_together(shape):
    image = nasty.field(shape, np.float32)
    assert_is_structure_tensor(image, 1.5, workers=2)
    assert_is_structure_tensor(image, (1.0, 2.0, 0.7, 1.5)[: image.ndim], workers=2, mode="wrap")


def test_structure_tensor_without_smoothing_has_one_direction():
    """The products of a gradient with itself: no second eigenvalue."""
    image = nasty.field((20, 31))
    along, across, second = fg.structure_tensor(image, 0)
    np.testing.assert_allclose(along * second, across**2, rtol=1e-9)
    assert_same_bits(fg.structure_tensor(image, (0, 0)), fg.structure_tensor(image, 0.0))


def test_structure_tensor_follows_its_axes():
    image = nasty.field((20, 31))
    first, mixed, last = fg.structure_tensor(image, (1.0, 2.0))
    transposed = fg.structure_tensor(image.T.copy(), (2.0, 1.0))
    np.testing.assert_allclose(transposed, [last.T, mixed.T, first.T], rtol=0, atol=1e-12 * first.max())
    flipped = fg.structure_tensor(image[::-1].copy(), (1.0, 2.0))
    np.testing.assert_allclose(flipped, [first[::-1], -mixed[::-1], last[::-1]], rtol=0, atol=1e-12 * first.max())


@pytest.mark.parametrize("mode", ("reflect", "mirror", "nearest", "wrap"))
def test_constant_image_has_no_structure(mode):
    for dtype, value in ((np.float32, 0.1), (np.float64, 0.1), (np.uint8, 201)):
        assert not fg.structure_tensor(np.full((9, 70), value, dtype), 1.3, mode=mode).any()


# colour


def colour_image(shape, channels, dtype=np.float64):
    return nasty.field((*shape, channels), dtype)


def assert_is_color_gradient(image, channels, **options):
    """The direction is certain to the extent that one eigenvalue is larger than the other."""
    magnitude, orientation = edge_oracles.color_gradient(channels, **options)
    tensor = edge_oracles.color_tensor(channels, **options)
    low, high = np.moveaxis(np.linalg.eigvalsh(tensor), -1, 0)
    result = fg.color_gradient(image, **options)
    for part in result:
        edge_checks.assert_result_type(part, image, magnitude.shape)
    eps = np.finfo(result.magnitude.dtype).eps
    moved = 64 * eps * len(channels) * color_size(channels, **options) ** 2  # by what an element may be off
    np.testing.assert_allclose(np.float64(result.magnitude) ** 2, high, rtol=8 * eps, atol=moved)
    allowed = 8 * eps + np.divide(moved, high - low, out=np.full(low.shape, np.inf), where=high > low)
    assert (turned_by(np.float64(result.orientation), orientation, np.pi) <= allowed).all()
    assert (np.abs(result.orientation) <= result.orientation.dtype.type(np.pi / 2)).all()


def color_size(channels, cval=0.0, **options):
    return max(np.abs(np.float64(channels)).max(initial=0), abs(cval))


@given(
    data=st.data(),
    sigma=st.sampled_from((0.0, 0.7, 1.5)),
    mode=edge_checks.modes,
    cval=edge_checks.cvals,
    dtype=st.sampled_from(edge_checks.DTYPES),
)
def test_any_colours_have_the_gradient_of_the_oracle(data, sigma, mode, cval, dtype):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    image = colour_image(shape, data.draw(st.sampled_from((1, 3, 5))), dtype)
    channels = np.moveaxis(image, -1, 0)
    assert_is_color_gradient(image, channels, sigma=sigma, mode=mode, cval=cval)


@pytest.mark.parametrize("sigma", (0.0, 1.5))
@pytest.mark.parametrize("shape", ((11, 70), *PLANES), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8), ids=str)
def test_every_instruction_set_has_the_color_gradient_of_the_oracle(isa, shape, dtype, sigma):
    image = colour_image(shape, 3, dtype)
    assert_is_color_gradient(image, np.moveaxis(image, -1, 0), sigma=sigma)


@pytest.mark.parametrize("sigma", (0.0, 1.5))
def test_channels_may_be_any_axis(sigma):
    image = colour_image((20, 31), 3)
    expected = fg.color_gradient(image, sigma=sigma)
    for axis in (0, 1, 2, -1, -2, -3):
        moved = np.moveaxis(image, -1, axis)
        for same in (moved, moved.copy()):
            result = fg.color_gradient(same, channel_axis=axis, sigma=sigma)
            assert_same_bits(result.magnitude, expected.magnitude)
            assert_same_bits(result.orientation, expected.orientation)


@pytest.mark.parametrize("channels", (2, 4))
def test_alpha_of_a_floating_image_is_not_colour(channels):
    for dtype in (np.float16, np.float32, np.float64):
        image = colour_image((20, 31), channels, dtype)
        result, expected = fg.color_gradient(image), fg.color_gradient(image[..., :-1])
        assert_same_bits(result.magnitude, expected.magnitude)
        assert_same_bits(result.orientation, expected.orientation)


@pytest.mark.parametrize("channels", (2, 4))
def test_all_channels_of_integers_are_colour(channels):
    image = colour_image((20, 31), channels, np.uint8)
    assert_is_color_gradient(image, np.moveaxis(image, -1, 0))


@pytest.mark.parametrize("sigma", (0.0, 2.0))
def test_color_gradient_of_a_ramp_is_its_slope_and_angle(sigma):
    weights = np.array((0.5, -2.0, 1.0))
    for angle in ANGLES:
        image = ramp(angle, (41, 42))[..., np.newaxis] * weights
        magnitude, orientation = fg.color_gradient(image, sigma=sigma)
        inside = np.s_[10:-10, 10:-10]
        np.testing.assert_allclose(magnitude[inside], np.linalg.norm(weights), rtol=1e-12 if sigma == 0 else 1e-3)
        assert turned_by(orientation[inside], angle, np.pi).max() < 1e-12


def test_grey_in_all_channels_is_the_gradient_of_grey():
    grey = nasty.field((20, 31))
    magnitude, orientation = fg.color_gradient(np.stack([grey] * 3, axis=-1))
    expected = np.sqrt(3) * fg.sobel(grey, normalize="derivative")
    np.testing.assert_allclose(magnitude, expected, rtol=0, atol=1e-14 * expected.max())
    assert turned_by(orientation, fg.orientation(grey), np.pi).max() < 1e-9


def test_edge_between_colours_of_the_same_grey_is_seen():
    image = np.zeros((10, 12, 3))
    image[:, :6, 0] = image[:, 6:, 1] = 1
    assert not fg.sobel(image.mean(-1)).any()
    magnitude, orientation = fg.color_gradient(image)
    np.testing.assert_array_equal(magnitude[:, [5, 6]] > 0.5, True)
    np.testing.assert_array_equal(magnitude[:, [0, 4, 7, 11]], 0)
    np.testing.assert_array_equal(orientation, 0)


def test_color_gradient_turns_with_the_image():
    image = colour_image((40, 50), 3)
    magnitude, orientation = fg.color_gradient(image)
    for turns in (1, 2, 3):
        result = fg.color_gradient(np.rot90(image, turns))
        np.testing.assert_allclose(result.magnitude, np.rot90(magnitude, turns), rtol=1e-12)
        assert turned_by(result.orientation, np.rot90(orientation, turns) - turns * np.pi / 2, np.pi).max() < 1e-9


def test_constant_colours_have_no_gradient():
    for dtype in (np.float32, np.float64, np.uint8):
        image = np.broadcast_to(np.array((3, 200, 7), dtype), (9, 70, 3))
        for sigma in (0, 1.5):
            for part in fg.color_gradient(image, sigma=sigma):
                assert not part.any()


def test_color_gradient_grows_with_the_colours():
    image = colour_image((20, 31), 3)
    expected = fg.color_gradient(image)
    for size in (2.0**40, 2.0**-40):
        result = fg.color_gradient(image * size)
        np.testing.assert_allclose(result.magnitude, expected.magnitude * size, rtol=1e-12)


# any array, any way to run


def test_not_a_number_spoils_its_neighbourhood_only(operator):
    image = nasty.field((30, 40))
    image[10, 20] = np.nan
    near = np.zeros(image.shape, bool)
    near[5:16, 15:26] = True
    spoilt = np.isnan(fg.orientation(image, **settings(operator)))
    assert spoilt[9, 19]
    assert not spoilt[~near].any()
    spoilt = np.isnan(fg.structure_tensor(image, 1.0))
    assert spoilt[:, 6:15, 16:25].all()
    assert not spoilt[:, ~near].any()
    for part in fg.color_gradient(image[..., np.newaxis]):
        assert np.isnan(part[9, 19])
        assert not np.isnan(part[~near]).any()


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
def test_small_images_are_served(shape):
    for dtype in edge_checks.DTYPES:
        image = nasty.field(shape, dtype)
        edge_checks.assert_result_type(fg.orientation(image), image, shape)
        edge_checks.assert_result_type(fg.orientation(image, operator="gaussian", sigma=2), image, shape)
        for part in fg.color_gradient(image[..., np.newaxis]):
            edge_checks.assert_result_type(part, image, shape)
        for mode in MODES:
            if image.size:
                assert_is_structure_tensor(image, 2.0, mode=mode, cval=0.7)
            else:
                edge_checks.assert_result_type(fg.structure_tensor(image, 2.0, mode=mode), image, (3, *shape))


@pytest.mark.parametrize("dtype", edge_checks.DTYPES, ids=str)
def test_layout_does_not_matter(dtype):
    image = nasty.field((5, 70), dtype)
    edge_checks.assert_same_bits_for_any_layout(fg.orientation, image)
    for shape in ((5, 70), (4, 3, 9), (37,)):
        edge_checks.assert_same_bits_for_any_layout(fg.structure_tensor, nasty.field(shape, dtype), 1.3)
    colours = colour_image((5, 20), 3, dtype)
    expected = fg.color_gradient(colours)
    for layout in nasty.LAYOUTS.values():
        same = layout(colours)
        result = fg.color_gradient(same)
        assert_same_bits(result.magnitude, expected.magnitude)
        assert_same_bits(result.orientation, expected.orientation)
        np.testing.assert_array_equal(same, colours)


@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
def test_orientation_has_the_same_bits_however_it_runs(operator, dtype):
    image = nasty.field((700, 1500), dtype)
    edge_checks.assert_same_bits_however_it_runs(fg.orientation, image, **settings(operator))


@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
@pytest.mark.parametrize("shape", TENSOR_SHAPES, ids=str)
def test_structure_tensor_has_the_same_bits_however_it_runs(shape, dtype):
    edge_checks.assert_same_bits_however_it_runs(fg.structure_tensor, nasty.field(shape, dtype), 1.5)


@pytest.mark.parametrize("sigma", (0.0, 1.5))
@pytest.mark.parametrize("dtype", (np.float32, np.float64, uninstrumented(np.uint8)), ids=str)
def test_color_gradient_has_the_same_bits_however_it_runs(dtype, sigma):
    image = colour_image((300, 700), 3, dtype)

    def both(image, **options):
        return np.stack(fg.color_gradient(image, sigma=sigma, **options))

    edge_checks.assert_same_bits_however_it_runs(both, image)


def test_out_may_overlap_the_image():
    edge_checks.assert_out_may_overlap_the_image(fg.orientation, (6, 40))
    edge_checks.assert_out_may_overlap_the_image(fg.orientation, (300, 400), operator="gaussian", sigma=1.3, workers=2)
    for shape in ((40,), (6, 40), (4, 5, 9), (200, 300)):
        edge_checks.assert_out_may_overlap_the_image(fg.structure_tensor, shape, 1.3, workers=2)
