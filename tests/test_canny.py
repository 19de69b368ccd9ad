"""canny: scikit-image's pixels in two dimensions, the same detector in three; any type, mask, spacing, colour."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage as ndi
from skimage import data, draw, feature, filters

import canny_oracle
import canny_sweep
import fieldgrad as fg
import nasty
from canny_oracle import canny_nd
from canny_sweep import DRAWN, MODES, TAKEN, cases, differing, grey_image, speckled_disc
from fieldgrad import detector
from fieldgrad._engine import core
from fieldgrad.detector import Detection
from helpers import uninstrumented

ALL_MODES = (*MODES, "mirror", "wrap")


def assert_same_edges(actual, expected):
    assert actual.dtype == bool
    np.testing.assert_array_equal(actual, expected)


def assert_edges_of_the_oracle(image, *arguments, **options):
    """The same edges, but for those that rounding decides."""
    edges = fg.canny(image, *arguments, **options)
    different = edges != canny_nd(image, *arguments, **options)
    assert edges.dtype == bool
    assert not (different & ~canny_oracle.undecided(image, *arguments, **options)).any()


def part(name, side=200):
    """The middle of a sample image."""
    image = grey_image(name)
    top, left = (max(0, n - side) // 2 for n in image.shape)
    return image[top : top + side, left : left + side].copy()


def textured(shape, seed=0):
    """Noise of two scales, between 0 and 1: edges everywhere, and no two samples alike."""
    rng = np.random.default_rng([seed, *shape])
    smooth = ndi.gaussian_filter(rng.random(shape), 2)
    return (smooth - smooth.min()) / np.ptp(smooth) * 0.8 + 0.2 * rng.random(shape)


def ball(shape, radius, spacing=1.0):
    """A ball with a blurred surface, radius in the unit of `spacing`."""
    steps = np.broadcast_to(spacing, len(shape))
    return 1 / (1 + np.exp(2 * (from_centre(shape, steps) - radius)))


def from_centre(shape, steps):
    axes = ((np.arange(n) - (n - 1) / 2) * h for n, h in zip(shape, steps, strict=True))
    return np.sqrt(sum(x**2 for x in np.meshgrid(*axes, indexing="ij")))


# scikit-image's pixels


@pytest.mark.uninstrumented
@pytest.mark.parametrize("name", canny_sweep.IMAGES)
def test_double_precision_gives_the_pixels_of_scikit_image(name):
    image = part(name)
    for case in cases(sigmas=(0.5, 2)):
        assert differing(image, **case) == 0, case


@pytest.mark.uninstrumented
@pytest.mark.parametrize("sigma", (1, 3, 4))
def test_every_sigma_gives_the_pixels_of_scikit_image(sigma):
    image = grey_image("camera")
    for case in cases(sigmas=(sigma,)):
        assert differing(image, **case) == 0, case


@pytest.mark.uninstrumented
@pytest.mark.parametrize("kind", ("float32", "uint8", "uint16"))
def test_single_precision_gives_the_pixels_of_scikit_image(kind):
    for name in TAKEN:
        image = canny_sweep.TYPES[kind](part(name))
        for case in cases(sigmas=(0.5, 2), modes=("constant",)):
            assert differing(image, **case) == 0, (name, case)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("kind", canny_sweep.TYPES)
@pytest.mark.parametrize("name", DRAWN)
def test_drawings_give_the_pixels_of_scikit_image(name, kind):
    """Whole lines of pixels are ties there."""
    image = canny_sweep.TYPES[kind](part(name, 120))
    for case in cases(modes=ALL_MODES):
        assert differing(image, **case) == 0, case


@given(
    image=hnp.arrays(
        st.sampled_from((np.float32, np.float16, np.uint8, np.int8, np.uint16, np.float64)),
        st.tuples(st.integers(1, 14), st.integers(1, 14)),
        elements=st.integers(0, 3),
    ),
    sigma=st.sampled_from((0, 0.1, 0.5, 1, 2.5, 4, (0, 1), (2, 0.7))),
    mode=st.sampled_from(("constant", "reflect", "nearest", "mirror", "wrap")),
    cval=st.sampled_from((0.0, 0.0, 0.6, -0.3)),
    order=st.sampled_from("CF"),
    data=st.data(),
)
def test_ties_are_decided_as_in_scikit_image(image, sigma, mode, cval, order, data):
    """A few small integers make many ties, of magnitudes with each other and with thresholds."""
    mask = data.draw(st.none() | hnp.arrays(bool, image.shape))
    low, high, use_quantiles = data.draw(
        st.sampled_from(((0, 0, False), (0, 2, False), (1, 4, False), (0.3, 0.7, True), (0.5, 0.5, True), (0, 1, True)))
    )
    expected = feature.canny(image, sigma, low, high, mask, use_quantiles, mode=mode, cval=cval)
    image = np.asarray(image, order=order)
    assert_same_edges(fg.canny(image, sigma, low, high, mask, use_quantiles, mode=mode, cval=cval), expected)


@pytest.mark.parametrize("dtype", (np.float32, np.uint8))
@pytest.mark.parametrize("sigma", (0, 0.5, 1.5, 4))
def test_gradients_are_within_the_bound_that_decides_what_is_close(dtype, sigma):
    """Noise, with a large offset in float32: rounding of every kind."""
    image = np.random.default_rng(0).integers(0, 256, (60, 70)).astype(dtype)
    if dtype == np.float32:
        image += 3000
    for mask, mode in itertools.product((None, speckled_disc(image.shape)), ALL_MODES):
        detection = Detection(image, sigma, mask, mode, 0.0, None, None)
        exact = canny_oracle.find_slopes(image, sigma, mask, mode=mode).magnitude
        off = np.abs(detection.magnitude(1) - exact)
        assert (off <= detection.error(1) + 8 * np.finfo(np.float32).eps * exact).all()


@pytest.mark.parametrize("dtype", (np.float32, np.uint8))
def test_close_decisions_do_not_depend_on_scale_or_offset_of_what_is_around(dtype):
    """A bound that is relative to the largest sample holds beside one that is far larger, too."""
    image = (np.indices((60, 70)).sum(0) // 6 % 2).astype(dtype) * 3
    image[40:, 50:] = 255
    if dtype == np.float32:
        image[45:, 60:] = 1e5
    for sigma in (0.5, 1, 3):
        assert_same_edges(fg.canny(image, sigma, 0.5, 1), feature.canny(image, sigma, 0.5, 1))


@pytest.mark.parametrize("many", (True, False))
@pytest.mark.parametrize("order", "CF")
def test_many_ties_are_decided_at_once_as_one_by_one(monkeypatch, isa, many, order):
    """All pixels in scikit-image's arithmetic, or each close one by itself: the same pixels either way."""
    monkeypatch.setattr(detector, "_MANY", 0 if many else 1)
    monkeypatch.setattr(detector, "_FEW", 0)
    drawing = (np.indices((70, 90)) // 8).sum(0) % 2
    rounded = np.round(3 * textured((70, 90)))
    for image, mode in itertools.product((drawing, rounded), ALL_MODES):
        image = np.asarray(image, np.float32, order=order)
        for mask, sigma in itertools.product((None, speckled_disc(image.shape)), (0, 1, (2, 0.7))):
            for thresholds in ((0, 0.3), (0.5, 2)):
                expected = feature.canny(image, sigma, *thresholds, mask, mode=mode, cval=0.6)
                assert_same_edges(fg.canny(image, sigma, *thresholds, mask, mode=mode, cval=0.6), expected)


@pytest.mark.parametrize("many", (True, False))
def test_nan_is_a_mask_where_there_are_ties(monkeypatch, many):
    """A walk that many ties end has not seen each NaN."""
    monkeypatch.setattr(detector, "_MANY", 0 if many else 1)
    monkeypatch.setattr(detector, "_FEW", 0)
    image = (np.indices((300, 2100)) // 8).sum(0).astype(np.float32) % 2
    missing = np.zeros(image.shape, bool)
    missing[280, ::50] = True
    expected = feature.canny(image, 1, mask=~missing)
    for workers in (1, 2):
        assert_same_edges(fg.canny(np.where(missing, np.float32(np.nan), image), 1, workers=workers), expected)


@pytest.mark.parametrize("unit", (1e-25, 1e-19, 1e-12, 1e-6, 1, 1e12, 1e17))
def test_close_decisions_do_not_depend_on_the_unit(unit):
    """What is compared with the bound is a product of several magnitudes; the least have squares that are zero."""
    image = (np.round(8 * textured((60, 80))) * unit).astype(np.float32)
    for sigma in (0.5, 2):
        expected = feature.canny(image, sigma, unit, 4 * unit)
        assert expected.any() or unit < 1e-20
        assert_same_edges(fg.canny(image, sigma, unit, 4 * unit), expected)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("mode", ("constant", "wrap"))
def test_parts_of_an_image_that_differ_in_scale_have_bounds_of_their_own(mode):
    """A bound holds where samples of the neighbouring part, a thousand times larger, are within reach."""
    image = np.round(8 * textured((500, 1200))).astype(np.float32)
    image[150:, 700:] *= 1000
    for sigma in (0.5, 2, 4):
        for mask in (None, speckled_disc(image.shape)):
            expected = feature.canny(image, sigma, 0.5, 2, mask, mode=mode)
            assert_same_edges(fg.canny(image, sigma, 0.5, 2, mask, mode=mode), expected)


def test_hardly_anything_is_a_tie():
    for kind, name in itertools.product(canny_sweep.TYPES, ("camera", "coins", "chelsea")):
        image = canny_sweep.TYPES[kind](part(name))
        assert canny_oracle.undecided(image, 2).mean() < 1e-3


@pytest.mark.parametrize("mode", ALL_MODES)
@pytest.mark.parametrize("cval", (0.0, 0.6))
def test_every_mode_gives_the_pixels_of_scikit_image(mode, cval):
    image = part("coffee", 90)
    for sigma in (0.7, 3, (1, 2.5), (0, 1)):
        for mask in (None, speckled_disc(image.shape)):
            expected = feature.canny(image, sigma, mask=mask, mode=mode, cval=cval)
            assert_same_edges(fg.canny(image, sigma, mask=mask, mode=mode, cval=cval), expected)


@pytest.mark.parametrize("dtype", (np.int8, np.int16, np.int32, np.uint32, bool), ids=lambda d: np.dtype(d).name)
def test_integers_give_the_pixels_of_scikit_image(dtype):
    image = textured((60, 80))
    if dtype is bool:
        image = image > 0.5
    else:
        limits = np.iinfo(dtype)
        image = (image * (limits.max - limits.min) + limits.min).astype(dtype)
        image[5, 7] = limits.min
    white = canny_oracle.full_scale(image.dtype)
    for low, high in ((None, None), (0.05 * white, 0.3 * white)):
        expected = feature.canny(image, 1.5, low, high)
        assert expected.any()
        assert_same_edges(fg.canny(image, 1.5, low, high), expected)


@pytest.mark.parametrize("low, high", [(0, 0), (0, 1), (0.3, 0.3), (1e-50, 1e-40), (0.1, 100)])
def test_extreme_thresholds_give_the_pixels_of_scikit_image(low, high):
    image = part("coins", 100)
    image[20:50, 20:50] = 0.25
    for same in (image, np.full_like(image, 0.3)):
        assert_same_edges(fg.canny(same, 1, low, high), feature.canny(same, 1, low, high))


@given(
    image=hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-4, 4, width=16)),
    sigma=st.sampled_from((0, 0.6, 2.5)),
    mode=st.sampled_from(ALL_MODES),
    data=st.data(),
)
def test_the_oracle_gives_the_pixels_of_scikit_image(image, sigma, mode, data):
    mask = data.draw(st.none() | hnp.arrays(bool, image.shape))
    arguments = data.draw(st.sampled_from(((0.5, 1.0), (0.0, 0.0), (None, None))))
    expected = feature.canny(image, sigma, *arguments, mask, mode=mode)
    assert_same_edges(canny_nd(image, sigma, *arguments, mask, mode=mode), expected)


# any image


SIDES = st.integers(1, 12)


@given(
    dtype=st.sampled_from((np.float64, np.float32)),
    shape=st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, SIDES),
    sigma=st.sampled_from((0, 0.5, 1, 4)),
    mode=st.sampled_from(ALL_MODES),
    data=st.data(),
)
def test_any_image_gives_the_edges_of_the_oracle(dtype, shape, sigma, mode, data):
    image = data.draw(hnp.arrays(dtype, shape, elements=st.floats(-8, 8, width=16)))
    mask = data.draw(st.none() | hnp.arrays(bool, shape))
    low, high = data.draw(st.sampled_from(((1.0, 4.0), (0.25, 8.0), (3.0, 3.0))))
    assert_edges_of_the_oracle(image, sigma, low, high, mask, mode=mode)


@given(
    dtype=st.sampled_from([t for t in nasty.INTEGERS if t.itemsize < 8]),
    shape=st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, SIDES),
    data=st.data(),
)
def test_any_integers_give_the_edges_of_the_oracle(dtype, shape, data):
    image = data.draw(hnp.arrays(dtype, shape))
    assert_edges_of_the_oracle(image, data.draw(st.sampled_from((0.5, 2))))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (0, 3, 4), (3, 0, 4), (3, 4, 0)], ids=str)
def test_empty_images_have_no_edges(shape):
    for options in ({}, {"use_quantiles": True}, {"thresholds": "otsu"}, {"mask": np.ones(shape, bool)}):
        assert_same_edges(fg.canny(np.zeros(shape), **options), np.zeros(shape, bool))


@pytest.mark.parametrize("ndim", (2, 3))
def test_images_smaller_than_the_kernel(ndim):
    for shape in itertools.product((1, 2, 3, 5), repeat=ndim):
        image = np.random.default_rng(shape).random(shape)
        for mode in ALL_MODES:
            assert_same_edges(fg.canny(image, 3, 0, 0, mode=mode), canny_nd(image, 3, 0, 0, mode=mode))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (1, 50), (2, 50), (50, 2), (2, 9, 9), (9, 2, 9), (9, 9, 2)])
def test_rims_are_no_edges(shape):
    assert not fg.canny(np.random.default_rng(0).random(shape), 0, 0, 0).any()


@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8, np.int64, bool))
@pytest.mark.parametrize("shape", [(30, 40), (12, 13, 14)])
def test_constant_images_have_no_edges(shape, dtype):
    image = np.ones(shape, dtype)
    low = 1e-3 * canny_oracle.full_scale(image.dtype)
    for mode in ALL_MODES:
        for thresholds in ((), (low, low)):
            assert not fg.canny(image, 2, *thresholds, mode=mode).any()


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape, axis", [((20, 70), 0), ((20, 70), 1), ((9, 10, 70), 0), ((9, 10, 70), 2)])
def test_every_sample_of_a_ramp_is_a_maximum(shape, axis, dtype):
    ramp = np.arange(shape[axis], dtype=dtype).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    expected = np.zeros(shape, bool)
    expected[(slice(1, -1),) * len(shape)] = True
    ramp = np.ascontiguousarray(np.broadcast_to(ramp, shape))
    assert_same_edges(fg.canny(ramp, 0, 8, 8, mode="nearest"), expected)
    assert not fg.canny(ramp, 0, 8.001, 8.001).any()


def test_the_image_is_left_alone():
    image, mask = textured((40, 50)), speckled_disc((40, 50))
    image[3, 4] = np.nan
    before, mask_before = image.copy(), mask.copy()
    fg.canny(image, 2, mask=mask, thresholds="median")
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(mask, mask_before)


# three dimensions


@pytest.fixture(scope="module")
def blobs():
    """Blobs in noise."""
    volume = data.binary_blobs(40, blob_size_fraction=0.3, n_dim=3, rng=4)[:, :38, :36]
    return volume + 0.2 * np.random.default_rng(0).standard_normal(volume.shape)


@pytest.mark.parametrize("mode", ALL_MODES)
@pytest.mark.parametrize("sigma", (0, 0.8, 2, (1, 0.5, 2)))
def test_volumes_give_the_edges_of_the_oracle(blobs, sigma, mode):
    for mask in (None, ball(blobs.shape, 17) > 0.5):
        for thresholds in ((), (0.2, 0.6), (0, 0)):
            expected = canny_nd(blobs, sigma, *thresholds, mask=mask, mode=mode)
            assert expected.any()
            assert_same_edges(fg.canny(blobs, sigma, *thresholds, mask=mask, mode=mode), expected)


@pytest.mark.parametrize("dtype", (np.float32, np.uint8, np.uint16, np.int32))
def test_volumes_of_other_types_give_the_edges_of_the_oracle(blobs, dtype):
    scaled = (blobs - blobs.min()) / np.ptp(blobs)
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    for sigma in (0.8, 2):
        assert_edges_of_the_oracle((scaled * white).astype(dtype), sigma)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_drawn_volumes_differ_from_the_oracle_in_ties_alone(dtype):
    ellipsoid = draw.ellipsoid(11, 9, 14).astype(dtype)
    z, y, x = np.mgrid[:24, :25, :26]
    gratings = [np.cos(x / 3), np.cos((x + y) / 3), np.cos((x + y + z) / 4), (x // 5 + y // 5 + z // 5) % 2]
    for volume in (ellipsoid, *gratings):
        for sigma in (0.5, 1.5):
            assert_edges_of_the_oracle(volume.astype(dtype), sigma)


def test_slices_of_an_extruded_image_have_its_edges():
    image = part("coins", 80)
    volume = np.broadcast_to(image, (7, *image.shape))
    expected = fg.canny(image, 1.5, mode="reflect")
    assert expected.any()
    for axis in range(3):
        edges = fg.canny(np.moveaxis(volume, 0, axis), 1.5, mode="reflect")
        for slice_ in np.moveaxis(edges, axis, 0)[1:-1]:
            assert_same_edges(slice_, expected)


def test_the_surface_of_a_ball_is_closed_and_thin():
    volume = ball((41, 41, 41), 14.0)
    edges = fg.canny(volume, 1)
    distance = from_centre(volume.shape, (1, 1, 1))
    assert np.abs(distance[edges] - 14).max() < 1
    # Connected by faces, what is not an edge falls into inside and outside.
    labels, count = ndi.label(~edges)
    assert count == 2
    assert labels[20, 20, 20] != labels[0, 0, 0]


# spacing


@pytest.mark.parametrize("shape", [(60, 70), (20, 21, 22)])
def test_a_unit_of_length_is_a_matter_of_taste(shape):
    image = textured(shape)
    expected = fg.canny(image, 1.5, 0.25, 0.5)
    assert expected.any()
    for unit in (0.25, 8.0):
        assert_same_edges(fg.canny(image, 1.5 * unit, 0.25 / unit, 0.5 / unit, spacing=unit), expected)


@pytest.mark.parametrize("spacing", [2.5, (2.5, 0.7), (0.3, 1)])
def test_spacing_gives_the_edges_of_the_oracle(spacing):
    image = textured((60, 70))
    for mask in (None, speckled_disc(image.shape)):
        expected = canny_nd(image, 1.2, 0.1, 0.3, mask, spacing=spacing)
        assert expected.any()
        assert_same_edges(fg.canny(image, 1.2, 0.1, 0.3, mask, spacing=spacing), expected)


@pytest.mark.parametrize("spacing", [2.5, (2.5, 0.7, 0.7), (0.5, 1, 2)])
def test_spacing_of_volumes_gives_the_edges_of_the_oracle(blobs, spacing):
    expected = canny_nd(blobs, 1.2, 0.3, 0.8, spacing=spacing)
    assert expected.any()
    assert_same_edges(fg.canny(blobs, 1.2, 0.3, 0.8, spacing=spacing), expected)


def test_a_ball_in_thick_slices_is_a_ball():
    spacing = (2.5, 0.7, 0.7)
    volume = ball((17, 60, 60), 15.0, spacing)
    edges = fg.canny(volume, 1.0, spacing=spacing)
    distance = from_centre(volume.shape, spacing)
    # Less than a slice from the surface, and everywhere along it.
    assert np.abs(distance[edges] - 15).max() < 2.5
    surface = np.abs(distance - 15) < 0.2
    assert surface.sum() > 500
    assert ndi.binary_dilation(edges, np.ones((3, 3, 3)))[surface].all()


# samples that are not there


@pytest.mark.parametrize("dtype", (np.float16, np.float32, np.float64, np.longdouble))
@pytest.mark.parametrize("shape", [(60, 70), (20, 21, 22)])
def test_nan_is_a_mask(shape, dtype):
    image = textured(shape).astype(dtype)
    missing = np.random.default_rng(1).random(shape) < 0.01
    mask = ball(shape, 0.45 * shape[0]) > 0.5
    with_nan = np.where(missing, np.nan, image).astype(dtype)
    for mode in MODES:
        expected = fg.canny(image, 1, mask=~missing, mode=mode)
        assert expected.any()
        assert_same_edges(fg.canny(with_nan, 1, mode=mode), expected)
        assert_same_edges(
            fg.canny(with_nan, 1, mask=mask, mode=mode), fg.canny(image, 1, mask=mask & ~missing, mode=mode)
        )


def test_masked_arrays_bring_their_mask():
    image, mask = textured((60, 70)), speckled_disc((60, 70))
    masked = np.ma.array(np.where(mask, image, 1e30), mask=~mask)
    assert_same_edges(fg.canny(masked, 1.5), fg.canny(image, 1.5, mask=mask))
    half = np.ones((60, 70), bool)
    half[:, 35:] = False
    assert_same_edges(fg.canny(masked, 1.5, mask=half), fg.canny(image, 1.5, mask=mask & half))


@pytest.mark.parametrize("hidden", (np.nan, np.inf, -1e300))
def test_what_is_masked_does_not_matter(hidden):
    image, mask = textured((60, 70)), speckled_disc((60, 70))
    expected = fg.canny(image, 1.5, mask=mask)
    assert expected.any()
    assert_same_edges(fg.canny(np.where(mask, image, hidden), 1.5, mask=mask), expected)


@pytest.mark.parametrize("shape", [(40, 50), (12, 13, 14)])
def test_no_edge_touches_a_masked_sample(shape):
    image, mask = textured(shape), np.random.default_rng(2).random(shape) > 0.02
    edges = fg.canny(image, 1, 0, 0, mask)
    assert edges.any()
    assert not (edges & ndi.binary_dilation(~mask, np.ones((3,) * len(shape)))).any()
    assert not fg.canny(image, 1, 0, 0, np.zeros(shape, bool)).any()


def test_a_mask_of_integers_is_a_mask():
    image, mask = textured((40, 50)), speckled_disc((40, 50))
    assert_same_edges(fg.canny(image, mask=mask.astype(np.uint8)), fg.canny(image, mask=mask))


# thresholds


@pytest.mark.parametrize("thresholds", ("otsu", "median"))
@pytest.mark.parametrize("shape", [(80, 90), (20, 60, 22)])
def test_chosen_thresholds_give_the_edges_of_the_oracle(shape, thresholds):
    image = textured(shape)
    image[:, 30:] += 1.5
    for mode in MODES:
        expected = canny_nd(image, 1.5, thresholds=thresholds, mode=mode)
        assert expected.any()
        assert_same_edges(fg.canny(image, 1.5, thresholds=thresholds, mode=mode), expected)


def test_otsu_is_the_threshold_of_scikit_image():
    image = part("coins")
    magnitude = canny_oracle.find_slopes(image, 2).magnitude
    high = filters.threshold_otsu(magnitude)
    assert_same_edges(fg.canny(image, 2, thresholds="otsu"), feature.canny(image, 2, high / 2, high))


def test_median_finds_a_step_in_noise():
    rng = np.random.default_rng(0)
    for amplitude in (1e-3, 1.0, 1e3):
        image = amplitude * rng.standard_normal((80, 90))
        image[:, 45:] += 6 * amplitude
        edges = fg.canny(image, 2, thresholds="median", mode="reflect")
        assert np.abs(np.nonzero(edges)[1] - 44.5).max() < 4
        assert edges.any(axis=1)[1:-1].mean() > 0.95


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("thresholds", ("otsu", "median"))
def test_chosen_thresholds_of_a_constant_image_find_nothing(thresholds, dtype):
    for mode in ALL_MODES:
        assert not fg.canny(np.full((20, 30), 0.3, dtype), thresholds=thresholds, mode=mode).any()


@pytest.mark.parametrize("low, high", [(0, 0), (0, 1), (0.5, 0.5), (0.7, 0.95), (1, 1), (None, None), (None, 0.5)])
def test_quantiles_give_the_edges_of_the_oracle(blobs, low, high):
    for mask in (None, ball(blobs.shape, 17) > 0.5):
        expected = canny_nd(blobs, 1.5, low, high, mask, True)
        assert expected.any() == (high != 1)  # the steepest place is no edge: it is on the rim, or by a masked sample
        assert_same_edges(fg.canny(blobs, 1.5, low, high, mask, True), expected)


# colour


@pytest.mark.parametrize("name", ("chelsea", "astronaut", "coffee", "rocket", "retina"))
def test_colour_gives_the_edges_of_the_oracle(name):
    image = getattr(data, name)()[150:270, 200:330] / 255
    for options in ({}, {"mask": speckled_disc(image.shape[:2])}, {"spacing": (0.5, 0.8)}, {"mode": "nearest"}):
        expected = canny_nd(image, 1.5, channel_axis=-1, **options)
        assert expected.any()
        assert_same_edges(fg.canny(image, 1.5, channel_axis=-1, **options), expected)


@pytest.mark.parametrize("channels", (1, 2, 3, 5))
def test_colour_volumes_give_the_edges_of_the_oracle(channels):
    image = np.stack([(255 * textured((16, 17, 18), seed)).astype(np.int32) for seed in range(channels)], 1)
    white = np.iinfo(np.int32).max
    for arguments in ((1, 4e-8 * white, 8e-8 * white), (1, 0.3, 0.8, None, True)):
        expected = canny_nd(image, *arguments, channel_axis=1)
        assert expected.any()
        assert_same_edges(fg.canny(image, *arguments, channel_axis=1), expected)


@pytest.mark.parametrize("shape", [(50, 60), (14, 15, 16)])
def test_one_channel_is_grey(shape):
    image = textured(shape)
    expected = fg.canny(image, 1.5)
    assert expected.any()
    for axis in range(-1, len(shape) + 1):
        assert_same_edges(fg.canny(np.expand_dims(image, axis), 1.5, channel_axis=axis), expected)


def test_colour_sees_what_grey_does_not():
    red_beside_green = np.zeros((20, 30, 3))
    red_beside_green[:, :15, 0] = red_beside_green[:, 15:, 1] = 1
    assert not fg.canny(red_beside_green.mean(-1), mode="nearest").any()
    edges = fg.canny(red_beside_green, mode="nearest", channel_axis=-1)
    assert edges[1:-1, 14:16].any(axis=1).all()
    assert not edges[:, :14].any() and not edges[:, 16:].any()


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_alpha_is_no_colour(dtype):
    rgba = np.stack([textured((50, 60), seed) for seed in range(4)], -1).astype(dtype)
    expected = fg.canny(rgba[..., :3], channel_axis=-1)
    assert expected.any()
    assert_same_edges(fg.canny(rgba, channel_axis=-1), expected)


def test_nan_in_one_channel_masks_the_pixel():
    image = np.stack([textured((50, 60), seed) for seed in range(3)])
    missing = ~speckled_disc((50, 60))
    expected = fg.canny(image, mask=~missing, channel_axis=0)
    assert expected.any()
    image[1, missing] = np.nan
    assert_same_edges(fg.canny(image, channel_axis=0), expected)


# types, layouts, workers, instruction sets


@pytest.mark.parametrize("layout", nasty.LAYOUTS)
@pytest.mark.parametrize("dtype", (np.uint8, np.int16, np.float32, np.float64), ids=lambda d: np.dtype(d).name)
def test_memory_layout_does_not_matter(layout, dtype):
    for shape in ((50, 70), (12, 20, 33)):
        scaled = textured(shape) * (np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1)
        image, mask = scaled.astype(dtype), ball(shape, 0.45 * shape[0]) > 0.5
        for options in ({}, {"mask": mask}, {"mode": "wrap", "thresholds": "otsu"}):
            expected = fg.canny(image, 1.5, **options)
            assert expected.any()
            if "mask" in options and "byte-swapped" not in layout:
                options = options | {"mask": nasty.LAYOUTS[layout](mask)}
            assert_same_edges(fg.canny(nasty.LAYOUTS[layout](image), 1.5, **options), expected)


@pytest.mark.parametrize("axes", tuple(itertools.permutations(range(3))), ids=str)
def test_axes_of_a_mask_may_lie_otherwise_in_memory(axes):
    image, mask = textured((12, 20, 33)), ball((12, 20, 33), 9) > 0.5
    lying_otherwise = np.ascontiguousarray(image.transpose(axes)).transpose(np.argsort(axes))
    for options in ({"mask": mask}, {"mask": np.asfortranarray(mask)}, {"sigma": (0.5, 1, 2), "spacing": (1, 2, 0.5)}):
        assert_same_edges(fg.canny(lying_otherwise, **options), fg.canny(image, **options))


def test_half_precision_is_single_precision():
    image = textured((50, 60)).astype(np.float16)
    assert_same_edges(fg.canny(image, 1.5), fg.canny(image.astype(np.float32), 1.5))


@pytest.mark.parametrize("dtype", (np.int64, np.uint64))
def test_long_integers_are_taken_as_they_are(dtype):
    image = (1000 * textured((50, 60))).astype(dtype)
    expected = fg.canny(image.astype(float), 1.5, 50, 200)
    assert 0 < expected.sum() < fg.canny(image, 1.5).sum()
    assert_same_edges(fg.canny(image, 1.5, 50, 200), expected)


def test_lists_are_images():
    image = textured((9, 11))
    assert_same_edges(fg.canny(image.tolist(), 1), fg.canny(image, 1))


@pytest.mark.parametrize("dtype", (uninstrumented(np.uint8), np.float32, np.float64), ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("shape", [(701, 653), (61, 83, 97)])
def test_same_edges_for_any_workers_and_instruction_set(isa, shape, dtype):
    scaled = textured(shape) * (255 if dtype is np.uint8 else 1)
    image, mask = scaled.astype(dtype), ball(shape, 0.45 * shape[0]) > 0.5
    for options in (
        {},
        {"mask": mask, "mode": "nearest"},
        {"use_quantiles": True, "low_threshold": 0.5, "high_threshold": 0.99},
    ):
        expected = fg.canny(image, 1.5, workers=1, **options)
        assert expected.any()
        for workers in (2, 3):
            assert_same_edges(fg.canny(image, 1.5, workers=workers, **options), expected)
        with_another = core.current_isa()
        core.use_isa("baseline")
        assert_same_edges(fg.canny(image, 1.5, **options), expected)
        core.use_isa(with_another)


@pytest.mark.parametrize("dtype", (np.float32, np.float64), ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("shape", [(60, 71), (20, 21, 23)])
def test_turned_images_have_turned_edges(shape, dtype):
    image, ndim = textured(shape).astype(dtype), len(shape)
    expected = fg.canny(image, 1.5)
    assert expected.any()
    for axes in itertools.permutations(range(ndim)):
        for flips in itertools.product((slice(None), slice(None, None, -1)), repeat=ndim):
            edges = fg.canny(np.ascontiguousarray(image.transpose(axes)[flips]), 1.5)
            assert_same_edges(edges, expected.transpose(axes)[flips])


def test_an_edge_is_followed_while_it_fades():
    def step(first, last):
        image = np.zeros((40, 300))
        image[20:] = np.linspace(first, last, 300)
        return image

    thresholds = {"low_threshold": 0.2, "high_threshold": 0.4, "mode": "nearest"}
    fading = step(0.3, 0.03)  # from well above the high threshold to well below the low one
    edges = fg.canny(fading, **thresholds)
    assert_same_edges(edges, fg.canny(fading, **thresholds | {"high_threshold": 0.2}))
    assert fg.canny(fading, **thresholds | {"low_threshold": 0.4}).sum() < edges.sum()
    assert not edges[:, 250:].any()
    assert not fg.canny(step(0.12, 0.03), **thresholds).any()


@pytest.mark.parametrize("thresholds", ("otsu", "median"))
def test_what_a_mask_hides_does_not_choose_thresholds(thresholds):
    y, x = np.mgrid[:80, :90]
    mask = np.hypot(y - 40, x - 45) < 30
    image = 0.3 * (x > 45) + 0.02 * np.random.default_rng(0).standard_normal(mask.shape)
    edges = fg.canny(image, 1, mask=mask, thresholds=thresholds)
    assert edges.any()
    np.testing.assert_array_equal(edges, canny_nd(image, 1, mask=mask, thresholds=thresholds))
    bright = np.where(mask, image, 1e6)
    np.testing.assert_array_equal(fg.canny(bright, 1, mask=mask, thresholds=thresholds), edges)
    nothing = np.zeros(mask.shape, bool)
    assert not fg.canny(image, 1, mask=nothing, thresholds=thresholds).any()
