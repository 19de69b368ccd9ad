"""The detector and the Gaussian family, beside the peers that people trust."""

import numpy as np
import pytest
import scipy.ndimage as ndi
from skimage import data, feature

import fieldgrad as fg
from fieldgrad._engine import core
from helpers import assert_same_bits
from nasty import LAYOUTS

MODES = ("reflect", "mirror", "nearest", "constant", "wrap")
PHOTO = data.camera()[100:300, 150:400]


def noise(shape, dtype=np.float64):
    return np.random.default_rng(3).random(shape).astype(dtype)


@pytest.mark.parametrize("mode", ["constant", "reflect", "nearest"])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0, 3.0])
def test_canny_has_the_pixels_of_scikit_image(sigma, mode):
    photo = PHOTO / 255
    np.testing.assert_array_equal(fg.canny(photo, sigma, mode=mode), feature.canny(photo, sigma, mode=mode))
    few = np.count_nonzero(fg.canny(PHOTO, sigma, mode=mode) != feature.canny(PHOTO, sigma, mode=mode))
    assert few <= 1e-5 * PHOTO.size


def test_canny_with_masks_quantiles_and_thresholds_has_the_pixels_of_scikit_image():
    photo = PHOTO / 255
    mask = noise(photo.shape) > 0.002
    np.testing.assert_array_equal(fg.canny(photo, 2, mask=mask), feature.canny(photo, 2, mask=mask))
    quantiles = (2, 0.7, 0.9, None, True)
    np.testing.assert_array_equal(fg.canny(photo, *quantiles), feature.canny(photo, *quantiles))
    np.testing.assert_array_equal(fg.canny(PHOTO, 1, 20, 50), feature.canny(PHOTO, 1, 20, 50))


def test_nan_is_a_masked_sample():
    photo = PHOTO / 255
    hole = noise(photo.shape) < 0.002
    expected = fg.canny(photo, 2, mask=~hole)
    photo[hole] = np.nan
    np.testing.assert_array_equal(fg.canny(photo, 2), expected)
    assert expected.any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_does_not_matter_to_canny(layout):
    photo = PHOTO / 255
    np.testing.assert_array_equal(fg.canny(LAYOUTS[layout](photo), 2), fg.canny(photo, 2))


def test_canny_is_the_same_for_any_workers_and_instruction_set():
    for image in (noise((700, 900), np.float32), noise((50, 60, 70), np.float32)):
        expected = fg.canny(image, 1, workers=1)
        assert expected.any()
        for workers in (2, 3):
            np.testing.assert_array_equal(fg.canny(image, 1, workers=workers), expected)
        before = core.current_isa()
        try:
            for isa in core.available_isas():
                core.use_isa(isa)
                np.testing.assert_array_equal(fg.canny(image, 1), expected)
        finally:
            core.use_isa(before)


def test_surface_of_a_ball_is_closed_and_thin():
    x = np.stack(np.meshgrid(*[np.arange(40) - 19.5] * 3, indexing="ij"))
    radius = np.sqrt((x**2).sum(0))
    surface = fg.canny(1 / (1 + np.exp(2 * (radius - 12))), 1)
    assert np.abs(radius[surface] - 12).max() < 1.5
    inside, count = ndi.label(~surface)
    assert count == 2
    assert inside[20, 20, 20] != inside[0, 0, 0]


def test_volumes_are_covariant_under_permutations_of_axes():
    volume = ndi.gaussian_filter(noise((24, 30, 36)), 2) * 20
    edges = fg.canny(volume, 1, spacing=(1.0, 1.5, 2.0))
    turned = fg.canny(volume.transpose(2, 0, 1), 1, spacing=(2.0, 1.0, 1.5))
    assert edges.any()
    assert np.count_nonzero(turned.transpose(1, 2, 0) != edges) <= 2e-4 * edges.size


def test_colour_edges_are_found_where_grey_has_none():
    photo = np.zeros((20, 30, 3))
    photo[:, :15, 0] = photo[:, 15:, 1] = 0.6
    assert not fg.canny(photo.mean(-1)).any()
    assert fg.canny(photo, channel_axis=-1)[10, 13:17].any()
    grey = np.repeat((PHOTO / 255)[..., None], 4, axis=-1)
    same = fg.canny(grey[..., :1], 2, channel_axis=-1)
    np.testing.assert_array_equal(same, fg.canny(PHOTO / 255, 2))


def test_automatic_thresholds():
    for how in ("otsu", "median"):
        edges = fg.canny(PHOTO, 2, thresholds=how)
        assert 0 < edges.mean() < 0.2
    with pytest.raises(ValueError, match="thresholds"):
        fg.canny(PHOTO, 2, 0.1, thresholds="otsu")


@pytest.mark.parametrize("shape", [(0, 5), (1, 1), (2, 3), (3, 3, 3), (0, 2, 2)])
def test_images_without_room_have_no_edges(shape):
    edges = fg.canny(np.zeros(shape))
    assert edges.shape == shape
    assert not edges.any()


def test_contours_of_a_disc():
    y, x = np.mgrid[:80, :90]
    disc = 1 / (1 + np.exp(2 * (np.hypot(y - 40.3, x - 44.8) - 25)))
    [circle] = fg.canny_contours(disc)
    away = circle.points - (40.3, 44.8)
    radius = np.hypot(*away.T)
    assert circle.closed
    assert np.abs(radius - 25).mean() < 0.03
    np.testing.assert_allclose(np.hypot(*circle.normals.T), 1)
    assert ((away * circle.normals).sum(1) < 0).all()  # towards the brighter side: inside
    assert fg.canny_contours(np.zeros((9, 9))) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(40,), (3, 5), (61, 70), (12, 13, 50)])
def test_gaussian_family_has_the_numbers_of_scipy(shape, mode):
    f = noise(shape)
    options = {"mode": mode, "cval": 0.7}
    for sigma in (0.8, 2.5):
        expected = ndi.gaussian_gradient_magnitude(f, sigma, **options)
        np.testing.assert_allclose(fg.gaussian_gradient_magnitude(f, sigma, **options), expected, rtol=0, atol=1e-12)
        expected = ndi.gaussian_laplace(f, sigma, **options)
        np.testing.assert_allclose(fg.gaussian_laplace(f, sigma, **options), expected, rtol=0, atol=1e-12)
        hessian = fg.hessian_of_gaussian(f, sigma, **options)
        for j in range(f.ndim):
            for k in range(f.ndim):
                orders = [(j, k).count(axis) for axis in range(f.ndim)]
                expected = ndi.gaussian_filter(f, sigma, orders, **options)
                np.testing.assert_allclose(hessian[j, k], expected, rtol=0, atol=1e-12)
        single = fg.gaussian_gradient_magnitude(f.astype(np.float32), sigma, **options)
        expected = ndi.gaussian_gradient_magnitude(f, sigma, **options)
        np.testing.assert_allclose(single, expected, rtol=0, atol=5e-6)


def test_sigma_and_spacing_are_lengths():
    f = noise((40, 50))
    ours = fg.gaussian_gradient(f, 3.0, spacing=(2.0, 0.5))
    for k, order in enumerate(((1, 0), (0, 1))):
        expected = ndi.gaussian_filter(f, (1.5, 6.0), order) / (2.0, 0.5)[k]
        np.testing.assert_allclose(ours[k], expected, rtol=0, atol=1e-12)


def test_masked_gaussians_ignore_what_is_absent():
    f, mask = noise((40, 50)), noise((40, 50))[::-1] > 0.3
    ours = fg.gaussian_gradient(f, 2.0, mask=mask)
    present = mask.astype(float)
    top, below = ndi.gaussian_filter(f * present, 2), ndi.gaussian_filter(present, 2)
    for k, order in enumerate(((1, 0), (0, 1))):
        slope_top = ndi.gaussian_filter(f * present, 2, order)
        slope_below = ndi.gaussian_filter(present, 2, order)
        expected = np.where(mask, (slope_top * below - top * slope_below) / below**2, 0)
        np.testing.assert_allclose(ours[k], expected, rtol=0, atol=1e-12)
    f[~mask] = np.nan
    assert_same_bits(fg.gaussian_gradient(f, 2.0, mask=mask), ours)
    everything = np.ones(f.shape, bool)
    f = noise((40, 50))
    plain = fg.gaussian_gradient(f, 2.0)
    np.testing.assert_allclose(fg.gaussian_gradient(f, 2.0, mask=everything), plain, rtol=0, atol=1e-12)


def test_structure_tensor_and_orientation():
    photo = PHOTO / 255
    expected = feature.structure_tensor(photo, 1.5)
    np.testing.assert_allclose(fg.structure_tensor(photo, 1.5), expected, rtol=0, atol=1e-12)
    y, x = np.mgrid[:9, :9]
    for angle in np.linspace(-3, 3, 25):
        ramp = np.sin(angle) * y + np.cos(angle) * x
        for options in ({"operator": "sobel"}, {"operator": "farid"}, {"operator": "gaussian", "sigma": 0.8}):
            assert abs(fg.orientation(ramp, **options)[4, 4] - angle) < 1e-12


def test_color_gradient_against_eigenvalues():
    photo = noise((30, 40, 3))
    slopes = np.stack([fg.sobel(photo[..., c], normalize="derivative", magnitude=False) for c in range(3)])
    tensor = np.einsum("cirs,cjrs->rsij", slopes, slopes)
    values, vectors = np.linalg.eigh(tensor)
    magnitude, orientation = fg.color_gradient(photo)
    np.testing.assert_allclose(magnitude, np.sqrt(values[..., 1]), rtol=0, atol=1e-12)
    along = np.stack([np.sin(orientation), np.cos(orientation)], -1)
    np.testing.assert_allclose(np.abs((along * vectors[..., 1]).sum(-1)), 1, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda f: fg.canny(f, -1), "sigma"),
        (lambda f: fg.canny(f, np.nan), "sigma"),
        (lambda f: fg.canny(f, 1, 0.3, 0.2), "low_threshold"),
        (lambda f: fg.canny(f, 1, -0.1), "low_threshold"),
        (lambda f: fg.canny(f, 1, 0.5, 1.5, use_quantiles=True), "high_threshold"),
        (lambda f: fg.canny(f, mask=np.ones(3, bool)), "mask"),
        (lambda f: fg.canny(f, mask=np.ones(f.shape)), "mask"),
        (lambda f: fg.canny(f[0]), "image"),
        (lambda f: fg.canny(f, channel_axis=7), "channel_axis"),
        (lambda f: fg.canny(f, mode="edge"), "mode"),
        (lambda f: fg.canny(f, thresholds="best"), "thresholds"),
        (lambda f: fg.canny(f + 1j), "image"),
        (lambda f: fg.sobel(f, spacing=2.0), "spacing"),
        (lambda f: fg.sobel(f, normalize="unit"), "normalize"),
        (lambda f: fg.orientation(f, operator="canny"), "operator"),
        (lambda f: fg.gaussian_gradient(f, 0), "sigma"),
        (lambda f: fg.gaussian_gradient(f, 0.1), "sigma"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises((TypeError, ValueError), match=name):
        call(PHOTO / 255)


def test_infinities_beside_masked_nan_are_no_edges():
    image = noise((20, 30))
    mask = np.ones(image.shape, bool)
    image[5, 5] = np.nan
    mask[5, 5] = False
    image[12:15, 20] = np.inf
    with np.errstate(invalid="ignore"):
        edges = fg.canny(image, 1, 0.3, 0.3, mask=mask)
    row, column = np.indices(image.shape)
    far = (abs(row - 13) > 7) | (abs(column - 20) > 6)  # than the Gaussian, Sobel's filter and its neighbours
    alone = fg.canny(np.where(np.isinf(image), 0, image), 1, 0.3, 0.3, mask=mask)
    np.testing.assert_array_equal(edges[far], alone[far])
    assert not edges[12:15, 20].any()
