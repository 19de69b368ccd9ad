"""What scikit-image's own tests of `skimage.feature.canny` demand (test_canny.py).

Deviations:

* Volumes have edges, too; images of one axis or of four have none here either.
* Integers of 64 bits are taken as float64, and thresholds with them; scikit-image refuses them.
"""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from skimage import data
from skimage.util import img_as_float

import fieldgrad as fg

BLANK = np.zeros((20, 20))
NOWHERE, EVERYWHERE = np.zeros((20, 20), bool), np.ones((20, 20), bool)


def ring():
    """Of radius 100 and 8 pixels wide."""
    y, x = np.mgrid[-200:200, -200:200] / 200
    return np.abs(np.hypot(y, x) - 0.5) < 0.02


def assert_outlines(edges, shape, within):
    """Both outlines of the ring, 1257 pixels long together."""
    near = binary_dilation(shape, iterations=within) & ~binary_erosion(shape, iterations=within)
    assert near[edges].all()
    assert 1200 < edges.sum() < 1600


def test_a_blank_image_has_no_edges():
    assert not fg.canny(BLANK, 4, 0, 0, EVERYWHERE).any()


def test_a_masked_image_has_no_edges():
    assert not fg.canny(np.random.default_rng(0).random((20, 20)), 4, 0, 0, NOWHERE).any()


def test_circle():
    shape = ring()
    assert_outlines(fg.canny(shape.astype(float), 4, 0, 0, np.ones(shape.shape, bool)), shape, within=3)


def test_circle_with_noise():
    shape = ring()
    noise = np.random.default_rng(0).random(shape.shape)
    edges = fg.canny(0.5 * shape + 0.5 * noise, 4, 0.1, 0.2, np.ones(shape.shape, bool))
    assert_outlines(edges, shape, within=4)


@pytest.mark.parametrize("ndim", (1, 4))
def test_number_of_axes(ndim):
    with pytest.raises(ValueError, match="image"):
        fg.canny(np.zeros((20,) * ndim), 4, 0, 0)


def test_no_mask_is_a_mask_of_everything():
    np.testing.assert_array_equal(fg.canny(BLANK, 4, 0, 0, EVERYWHERE), fg.canny(BLANK, 4, 0, 0))


@pytest.mark.parametrize("mode", ("constant", "nearest", "reflect"))
def test_full_mask_matches_no_mask(mode):
    photo = data.camera()
    np.testing.assert_array_equal(fg.canny(photo, mode=mode), fg.canny(photo, mode=mode, mask=photo >= 0))


def test_use_quantiles():
    photo = img_as_float(data.camera()[::100, ::100])
    expected = [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    edges = fg.canny(photo, low_threshold=0.6, high_threshold=0.8, use_quantiles=True)
    np.testing.assert_array_equal(edges, expected)


@pytest.mark.parametrize("low, high", [(0.5, 3.6), (-5, 0.5), (99, 0.9), (0.5, -100), (50, 150)])
def test_quantiles_out_of_range(low, high):
    for photo in (data.camera()[::50, ::50], img_as_float(data.camera()[::50, ::50])):
        with pytest.raises(ValueError, match="threshold"):
            fg.canny(photo, use_quantiles=True, low_threshold=low, high_threshold=high)


def test_an_image_of_ones_has_no_edges():
    assert not fg.canny(np.ones((10, 10))).any()


def test_dtype():
    photo = data.camera()
    as_float = img_as_float(photo)
    np.testing.assert_array_equal(fg.canny(photo), fg.canny(as_float))
    low, high = 0.05, 0.3
    np.testing.assert_array_equal(fg.canny(as_float, 1, low, high), fg.canny(photo, 1, 255 * low, 255 * high))


@pytest.mark.parametrize("dtype", (np.int64, np.uint64))
def test_int64(dtype):
    image = np.zeros((10, 10), dtype)
    image[3, 3] = np.iinfo(dtype).max
    edges = fg.canny(image)
    assert edges.any()
    np.testing.assert_array_equal(edges, fg.canny(image.astype(float)))
