"""What scikit-image's own tests of its edge filters and its structure tensor demand.

From test_edges.py of skimage.filters and test_corner.py of skimage.feature. Deviations:

* `sobel_h` and `sobel_v` are `fg.sobel(image, axis=0)` and `axis=1`, and so for the other filters.
* A mask has booleans or integers; scikit-image takes floats, too, and reads 0.5 as half a sample.
* Images of 8 and 16 bits, and boolean ones, give float32 where scikit-image gives float64.
* The structure tensor is one array, which unpacks as scikit-image's list. Its elements are in the order of the axes;
  there is no `order="xy"`, the reverse of that.
* A wrong number of sigmas is a ValueError in any number of dimensions.
* There is no `laplace` and no `hessian_matrix`: `gaussian_laplace` and `hessian_of_gaussian` have the numbers of
  scipy.ndimage.
* Farid's steepest edge in the blobs was found by trial: the blobs' own numbers are compared instead.
"""

import numpy as np
import pytest
from skimage import data, draw, feature, filters
from skimage.filters import edges

import fieldgrad as fg

SEPARABLE = ("sobel", "scharr", "prewitt", "farid")
COMPACT = SEPARABLE[:3]  # 3 x 3
ALL = (*SEPARABLE, "roberts")
AXES = (0, 1)
FLOATS = (np.float16, np.float32, np.float64)

BLANK = np.zeros((10, 10))
NOWHERE, EVERYWHERE = np.zeros((10, 10), bool), np.ones((10, 10), bool)
# The distance, along each axis, from the step in `step(axis)`.
DISTANCE = np.mgrid[-5:6, -5:6]


def step(axis):
    return (DISTANCE[axis] >= 0).astype(float)


def reach(name):
    return 2 if name == "farid" else 1


def noise(shape=(10, 10)):
    return np.random.default_rng(0).random(shape)


def single_precision_kept(dtype):
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


# blank images, masks, types


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ALL)
def test_zeros(name, dtype):
    result = getattr(fg, name)(BLANK.astype(dtype), EVERYWHERE)
    assert result.dtype == single_precision_kept(dtype)
    assert not result.any()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", SEPARABLE)
def test_zeros_along_one_axis(name, axis):
    assert not getattr(fg, name)(BLANK, EVERYWHERE, axis=axis).any()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ALL)
def test_mask(name, dtype):
    result = getattr(fg, name)(noise().astype(dtype), NOWHERE)
    assert result.dtype == single_precision_kept(dtype)
    assert not result.any()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", SEPARABLE)
def test_mask_along_one_axis(name, axis):
    assert not getattr(fg, name)(noise(), NOWHERE, axis=axis).any()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", COMPACT)
def test_a_masked_line_and_its_neighbours_are_zero(name, axis):
    ramp = np.linspace(0, 1, 11)[:, np.newaxis] * np.ones(11)
    mask = np.ones(ramp.shape, bool)
    ramp[5], mask[5] = 1, False  # a line that does not belong
    expected = np.zeros(ramp.shape)
    expected[1:4, 1:-1] = expected[7:-1, 1:-1] = 0.2
    if axis == 1:
        ramp, mask, expected = ramp.T, mask.T, expected.T
    np.testing.assert_allclose(getattr(fg, name)(ramp, mask, axis=axis), expected, rtol=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_integers_are_rescaled(name):
    result = getattr(fg, name)(data.coins()[:128, :128])
    assert 0 < result.max() <= 2


@pytest.mark.parametrize("name", ALL)
def test_range(name):
    result = getattr(fg, name)(noise((100, 100)))
    assert result.min() >= 0
    assert 0 < result.max() <= 1


# steps


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", SEPARABLE)
def test_a_step_is_a_line(name, axis):
    result = getattr(fg, name)(step(axis)) * np.sqrt(2)
    on_the_step = result[DISTANCE[axis] == 0]
    np.testing.assert_allclose(on_the_step, 1 if name in COMPACT else on_the_step[0], rtol=1e-7)
    assert on_the_step[0] > 0
    np.testing.assert_allclose(result[np.abs(DISTANCE[axis]) > reach(name)], 0, atol=1e-10)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", SEPARABLE)
def test_a_step_is_a_line_for_the_component_across_it(name, axis):
    result = getattr(fg, name)(step(axis), axis=axis)
    on_the_step = result[DISTANCE[axis] == 0]
    np.testing.assert_allclose(on_the_step, 1 if name in COMPACT else on_the_step[0], rtol=1e-15)
    assert on_the_step[0] > 0
    np.testing.assert_allclose(result[np.abs(DISTANCE[axis]) > reach(name)], 0, atol=1e-10)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", SEPARABLE)
def test_a_step_is_nothing_for_the_component_along_it(name, axis):
    np.testing.assert_allclose(getattr(fg, name)(step(axis), axis=1 - axis), 0, atol=1e-10)


def test_constant_beyond_the_ends():
    image = np.full((4, 4), 42.0)
    assert fg.sobel(image, mode="constant").any()
    assert not fg.sobel(image, mode="constant", cval=42.0).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_roberts_on_a_diagonal(dtype):
    image = np.tri(10, 10, dtype=dtype)
    expected = np.tri(10, 10, 1, bool) & ~np.tri(10, 10, -1, bool)
    expected[-1, -1] = False  # the reflected corner is flat
    result = fg.roberts(image)
    assert result.dtype == single_precision_kept(dtype)
    np.testing.assert_array_equal(result != 0, expected)


def test_roberts_on_the_other_diagonal():
    image = np.rot90(np.tri(10, 10), 3)
    expected = np.rot90(np.tri(10, 10, 1, bool) & ~np.tri(10, 10, -1, bool))
    np.testing.assert_array_equal(fg.roberts(image) != 0, expected)


# three dimensions


def slab(side):
    """Half a cube: the steepest step along axis 0."""
    cube = np.zeros((side,) * 3)
    cube[(side + 1) // 2 :] = 1
    return cube


# For each filter the cube (of 3 samples a side, or 5) with the largest magnitude at its centre.
STEEPEST_SOBEL = np.array(
    [[[1, 0, 0], [1, 0, 0], [1, 0, 0]], [[1, 0, 0], [1, 1, 0], [1, 1, 0]], [[1, 1, 0], [1, 1, 0], [1, 1, 0]]], float
)
STEEPEST_SCHARR = np.array(
    [[[0, 0, 0], [0, 0, 1], [0, 1, 1]], [[0, 0, 1], [0, 1, 1], [0, 1, 1]], [[0, 0, 1], [0, 1, 1], [1, 1, 1]]], float
)


@pytest.fixture(scope="module")
def blobs():
    return data.binary_blobs(length=128, n_dim=3, rng=5)


@pytest.mark.parametrize(
    "name, steepest", (("sobel", STEEPEST_SOBEL), ("scharr", STEEPEST_SCHARR), ("prewitt", STEEPEST_SOBEL))
)
def test_steepest_edge_of_a_volume(blobs, name, steepest):
    function = getattr(fg, name)
    np.testing.assert_allclose(function(blobs).max(), function(steepest)[1, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("name", SEPARABLE)
def test_steepest_edge_of_a_volume_along_one_axis(blobs, name):
    function, side = getattr(fg, name), 2 * reach(name) + 1
    largest = function(blobs, axis=0).max()
    # No step of five samples a side is quite flat in the blobs.
    tolerance = 1e-3 if name == "farid" else 1e-6
    middle = (side // 2,) * 3
    np.testing.assert_allclose(largest, function(slab(side), axis=0)[middle], rtol=tolerance)


@pytest.mark.parametrize("name", SEPARABLE)
def test_a_volume_gives_the_numbers_of_scikit_image(blobs, name):
    corner = blobs[:40, :30, :20].astype(float)
    np.testing.assert_allclose(getattr(fg, name)(corner), getattr(filters, name)(corner), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_a_photograph_gives_the_numbers_of_scikit_image(name):
    photo = data.camera()[::2, ::2]
    mask = np.hypot(*np.ogrid[-128:128, -128:128]) < 100
    for options in ({}, {"mask": mask}):
        np.testing.assert_allclose(
            getattr(fg, name)(photo, **options), getattr(filters, name)(photo, **options), rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("name", SEPARABLE)
def test_components_are_the_horizontal_and_the_vertical_filter(name):
    photo = data.coins()[:90, :120] / 255
    for axis, letter in enumerate("hv"):
        expected = getattr(edges, f"{name}_{letter}")(photo)
        np.testing.assert_allclose(getattr(fg, name)(photo, axis=axis), expected, rtol=0, atol=1e-14)


# structure tensor


def point(ndim, dtype=float):
    image = np.zeros((5,) * ndim, dtype)
    image[(2,) * ndim] = 1
    return image


RING = np.array([[0, 0, 0, 0, 0], [0, 1, 4, 1, 0], [0, 0, 0, 0, 0], [0, 1, 4, 1, 0], [0, 0, 0, 0, 0]])
CORNERS = np.array([[0, 0, 0, 0, 0], [0, 1, 0, -1, 0], [0, 0, 0, 0, 0], [0, -1, 0, 1, 0], [0, 0, 0, 0, 0]])
CROSS = np.array([[0, 0, 0, 0, 0], [0, 1, 4, 1, 0], [0, 4, 16, 4, 0], [0, 1, 4, 1, 0], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize("dtype", FLOATS)
def test_structure_tensor(dtype):
    tensor = fg.structure_tensor(point(2, dtype), sigma=0.1)
    assert tensor.dtype == single_precision_kept(dtype)
    Arr, Arc, Acc = tensor
    np.testing.assert_array_equal(Arr, RING)
    np.testing.assert_array_equal(Arc, CORNERS)
    np.testing.assert_array_equal(Acc, RING.T)


@pytest.mark.parametrize("dtype", FLOATS)
def test_structure_tensor_3d(dtype):
    tensor = fg.structure_tensor(point(3, dtype), sigma=0.1)
    assert tensor.dtype == single_precision_kept(dtype)
    assert len(tensor) == 6
    np.testing.assert_array_equal(tensor[0][:, 1, :], RING)
    np.testing.assert_array_equal(tensor[0][1], CROSS)
    np.testing.assert_array_equal(tensor[3][2], 4 * RING)


@pytest.mark.parametrize("ndim", (2, 3))
def test_structure_tensor_sigma(ndim):
    image = point(ndim)
    expected = fg.structure_tensor(image, sigma=0.7)
    for sequence in (tuple, list):
        np.testing.assert_array_equal(fg.structure_tensor(image, sigma=sequence([0.7] * ndim)), expected)
    for wrong in ((0.7,) * (ndim - 1), [0.7] * (ndim + 1)):
        with pytest.raises(ValueError, match="sigma"):
            fg.structure_tensor(image, sigma=wrong)


@pytest.mark.parametrize("dtype", FLOATS)
def test_structure_tensor_eigenvalues(dtype):
    large, small = feature.structure_tensor_eigenvalues(fg.structure_tensor(point(2, dtype), sigma=0.1))
    np.testing.assert_array_equal(large, np.where(CORNERS, 2, RING + RING.T))
    np.testing.assert_array_equal(small, 0)


def test_structure_tensor_eigenvalues_3d():
    cube = np.pad(np.full((9, 9, 9), 1000), 5)
    faces = np.pad(np.pad(np.zeros((7, 7, 7), bool), 1, constant_values=True), 5)
    largest = feature.structure_tensor_eigenvalues(fg.structure_tensor(cube, sigma=0.1))[0]
    assert largest[faces].all()


@pytest.mark.parametrize("mode", ("constant", "reflect", "nearest"))
@pytest.mark.parametrize("sigma", (0.5, 2))
def test_structure_tensor_gives_the_numbers_of_scikit_image(sigma, mode):
    ball = draw.ellipsoid(6, 7, 8).astype(float)
    for image in (data.coins()[:80, :90] / 255, ball):
        expected = feature.structure_tensor(image, sigma, mode=mode)
        np.testing.assert_allclose(fg.structure_tensor(image, sigma, mode=mode), expected, rtol=0, atol=1e-12)
