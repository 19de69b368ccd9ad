"""Contours: on the ridge between the pixels, in order, every edge pixel once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import KDTree

import contour_oracle as oracle
import fieldgrad as fg
from edge_checks import instruction_set
from fieldgrad.contours import Contour, trace
from helpers import assert_same_bits

SIGMAS = (1.0, 1.5, 2.0, 3.0)
BLUR = 0.5
ANGLES = np.linspace(0, 2 * np.pi, 25)

fractions = st.floats(0, 1)
seeds = st.integers(0, 10_000)
dtypes = st.sampled_from((np.float32, np.float64))


def contours_of(image, sigma=1.0, **options):
    return fg.canny_contours(image, sigma, mode="nearest", **options)


def disc(radius, centre, sigma, margin=12):
    """The blurred image, its contours, and the distances of their points from the centre."""
    size = int(2 * radius + 2 * margin)
    centre = size // 2 + np.asarray(centre)
    image = oracle.blurred(oracle.ellipse(size, centre, (radius, radius)), BLUR)
    contours = contours_of(image, sigma)
    return image, contours, np.hypot(*(joined(contours) - centre).T)


def joined(contours):
    return np.concatenate([contour.points for contour in contours])


def canny_fields(shape, seed, sigma=1.0, dtype=np.float64):
    """Edges, gradient and magnitude of an image of smooth noise: every direction, ends, forks, thick places."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 1.2)
    edges = fg.canny(image, sigma, low_threshold=0.0, high_threshold=0.0)
    gradient = np.stack([ndimage.sobel(ndimage.gaussian_filter(image, sigma), axis) for axis in (0, 1)])
    return edges, gradient.astype(dtype), np.hypot(*gradient).astype(dtype)


def assert_same_contours(actual, expected, tolerance=1e-9):
    """In any order, and closed ones from any point."""
    assert len(actual) == len(expected)
    ordered = (sorted(map(standard, contours), key=key) for contours in (actual, expected))
    for one, other in zip(*ordered, strict=True):
        assert one[3] == other[3]
        assert len(one[0]) == len(other[0])
        for a, b in zip(one[:3], other[:3], strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def standard(contour):
    """A closed one starts at its first point in the order of coordinates."""
    points, normals, strength, closed = contour
    first = min(range(len(points)), key=lambda i: tuple(points[i].round(6))) if closed else 0
    return *(np.roll(values, -first, axis=0) for values in (points, normals, strength)), closed


def key(contour):
    return tuple(contour[0][0].round(6))


# where points are


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("angle", ANGLES)
def test_points_of_straight_edges_are_on_the_line(angle, sigma):
    for point in np.random.default_rng(int(100 * angle)).uniform(31, 32, (3, 2)):
        image, normal = oracle.half_plane(64, point, angle, BLUR)
        points = joined(contours_of(image, sigma))
        inside = (np.abs(points - 31.5) < 30 - 4 * sigma).all(axis=1)
        assert inside.sum() > 30
        assert np.abs((points[inside] - point) @ normal).max() < 0.02


# Smoothing moves a curved edge towards the centre, which is no error of the contours; see ridge_of_disc. Here the ridge
# is known, there discs are so large that it is the rim.
@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("radius", (6, 8.3, 12, 20.5, 33, 60))
def test_points_of_discs_are_on_the_ridge(radius, sigma):
    expected = oracle.ridge_of_disc(radius, oracle.total_blur(BLUR, sigma))
    for centre in np.random.default_rng(3).random((3, 2)):
        _, _, distance = disc(radius, centre, sigma)
        assert np.abs(distance - expected).mean() < 0.01
        assert np.abs(distance - expected).max() < 0.03


@pytest.mark.parametrize("sigma", SIGMAS)
def test_points_of_large_discs_are_on_the_rim(sigma):
    radius = max(60, 30 * oracle.total_blur(BLUR, sigma) ** 2)
    for centre in np.random.default_rng(4).random((2, 2)):
        _, _, distance = disc(radius, centre, sigma)
        assert np.abs(distance - radius).mean() < 0.02


@pytest.mark.parametrize("radii", ((90, 60), (70, 110), (160, 100)), ids=str)
@pytest.mark.parametrize("turned", np.linspace(0.1, 3.0, 4))
def test_points_of_ellipses_are_on_them(radii, turned):
    sigma, size = 1.0, int(2 * max(radii) + 30)
    centre = size / 2 + np.random.default_rng(5).random(2)
    [contour] = contours_of(oracle.blurred(oracle.ellipse(size, centre, radii, turned), BLUR), sigma)
    assert contour.closed
    distance = oracle.distance_from_ellipse(contour.points, centre, radii, turned)
    flattest_circle = min(radii) ** 2 / max(radii)
    assert oracle.total_blur(BLUR, sigma) ** 2 / (2 * flattest_circle) < 0.03
    assert np.abs(distance).mean() < 0.02


@pytest.mark.parametrize("axis", (0, 1))
@pytest.mark.parametrize("level", (-1.0, 1.0))
def test_an_edge_between_two_pixels_is_one_contour(axis, level):
    image = np.zeros((20, 20))
    image[:, 10:] = level
    image = np.moveaxis(image, 0, axis)
    [contour] = contours_of(image)
    np.testing.assert_allclose(contour.points[:, 1 - axis], 9.5, atol=1e-12)
    np.testing.assert_array_equal(oracle.steps_between(contour), 1)


# what is known of each point


@pytest.mark.parametrize("brighter", (True, False))
def test_normals_are_unit_vectors_to_the_brighter_side(brighter):
    radius, centre = 25, np.array([40.3, 39.8])
    image = oracle.blurred(oracle.ellipse(80, centre, (radius, radius)), BLUR)
    [contour] = contours_of(image if brighter else 1 - image)
    outwards = (contour.points - centre) / np.hypot(*(contour.points - centre).T)[:, None]
    np.testing.assert_allclose(np.hypot(*contour.normals.T), 1, rtol=1e-14)
    np.testing.assert_allclose(contour.normals, -outwards if brighter else outwards, atol=0.02)


@pytest.mark.parametrize("brighter", (True, False))
def test_the_brighter_side_is_to_the_left(brighter):
    image = oracle.blurred(oracle.ellipse(60, (30.2, 29.7), (20, 15), 0.4), BLUR)
    [contour] = contours_of(image if brighter else 1 - image)
    y, x = contour.points.T
    twice_the_area = y @ np.roll(x, -1) - x @ np.roll(y, -1)
    assert twice_the_area / (2 * np.pi * 20 * 15) == pytest.approx(1 if brighter else -1, rel=0.02)


@pytest.mark.parametrize("offset", np.linspace(0, 1, 9))
@pytest.mark.parametrize("sigma", SIGMAS)
def test_strength_is_the_magnitude_between_the_pixels(offset, sigma):
    size, height = 60, 0.25
    image, _ = oracle.half_plane(size, (30 + offset, 30), np.pi / 2, BLUR)
    [contour] = contours_of(height * image, sigma, low_threshold=0.0, high_threshold=0.0)
    profile, _ = oracle.half_plane(3, (1, 1), np.pi / 2, np.hypot(BLUR, sigma))
    sobel_at_the_edge = 4 * height * (profile[2, 0] - profile[0, 0])
    np.testing.assert_allclose(contour.strength, sobel_at_the_edge, rtol=0.01)


@pytest.mark.parametrize("spacing", ((1.0, 2.5), (0.4, 0.1)), ids=str)
@pytest.mark.parametrize("angle", ANGLES)
def test_normals_stand_on_the_contour_for_any_spacing(angle, spacing):
    image, normal = oracle.half_plane(90, (44.6, 45.2), angle, 1.0)
    contours = contours_of(image, 1.2 * max(spacing), spacing=spacing, thresholds="otsu")
    middle = [(np.abs(contour.points - 44.5) < 25).all(axis=1) for contour in contours]
    [contour], [inside] = zip(*((c, m) for c, m in zip(contours, middle, strict=True) if m.any()), strict=True)
    assert inside.sum() > 45
    np.testing.assert_allclose(contour.normals[inside] @ normal, 1, atol=1e-3)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_contours_are_double_precision_arrays(dtype):
    for contour in trace(*canny_fields((30, 40), 1, dtype=dtype)):
        assert isinstance(contour, Contour)
        assert contour.points.shape == contour.normals.shape == (len(contour.strength), 2)
        assert all(values.dtype == np.float64 and values.flags.c_contiguous for values in contour[:3])
        assert type(contour.closed) is bool
        assert (contour.strength > 0).all()


# chains


@given(radius=st.floats(5, 30), y=fractions, x=fractions, sigma=st.sampled_from((1.0, 1.5)))
def test_a_disc_is_one_closed_contour(radius, y, x, sigma):
    _, contours, _ = disc(radius, (y, x), sigma)
    [contour] = contours
    assert contour.closed
    steps = oracle.steps_between(contour)
    assert steps.min() >= 0.5
    assert steps.max() < 1.5


def test_a_ring_is_two_closed_contours_of_opposite_sense():
    centre = (35.4, 34.7)
    ring = oracle.ellipse(70, centre, (28, 26)) - oracle.ellipse(70, centre, (14, 15))
    outer, inner = contours_of(oracle.blurred(ring, BLUR))
    for contour, sense in ((outer, -1), (inner, 1)):
        outwards = ((contour.points - centre) * contour.normals).sum(axis=1)
        assert contour.closed
        assert (np.sign(outwards) == sense).all()


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 13))
def test_points_of_a_line_follow_each_other_along_it(angle):
    image, normal = oracle.half_plane(64, (31.3, 31.9), angle, BLUR)
    [contour] = contours_of(image, 1.5)
    inside = contour.points[(np.abs(contour.points - 31.5) < 24).all(axis=1)]
    steps = np.diff(inside @ (normal[1], -normal[0]))
    assert steps.min() >= 0.5
    assert steps.max() < 1.5


def test_thin_lines_have_a_contour_on_either_side():
    line, _ = oracle.half_plane(60, (30, 30), 0.7, 1.0)
    other, normal = oracle.half_plane(60, (33, 32), 0.7, 1.0)
    contours = contours_of(line - other, low_threshold=0.1, high_threshold=0.2)
    senses = sorted(np.sign(contour.normals @ normal).mean() for contour in contours if len(contour.points) > 30)
    assert senses == [-1, 1]


@pytest.mark.parametrize("angle", (0.0, 0.3, np.pi / 4, 1.2))
def test_contours_of_crossing_edges_stay_on_them(angle):
    """Two edges that cross are four quadrants, bright and dark in turn: their corners are rounded off by the blur."""
    crossing = np.array([40.2, 39.6])
    (one, normal), (other, second) = (oracle.half_plane(80, crossing, a, 1.0) for a in (angle, angle + np.pi / 2))
    contours = contours_of((one - 0.5) * (other - 0.5), 1.5, low_threshold=0.02, high_threshold=0.05)
    far = [contour for contour in contours if np.hypot(*(contour.points - crossing).T).max() > 10]
    assert len(far) in (2, 3, 4)
    for contour in contours:
        points = contour.points[(np.abs(contour.points - 39.5) < 30).all(axis=1)] - crossing
        away = np.hypot(*points.T) > 8
        distance = np.minimum(np.abs(points @ normal), np.abs(points @ second))
        assert (distance[away] < 0.1).all()
        assert (distance < oracle.total_blur(1.0, 1.5)).all()


def test_at_a_fork_one_contour_goes_on_and_one_ends():
    upper, _ = oracle.half_plane(80, (40, 40), np.pi / 2, 1.0)
    right, _ = oracle.half_plane(80, (40, 40), 0.0, 1.0)
    contours = contours_of(1.5 * upper + (1 - upper) * right, 1.5)
    lengths = sorted(len(contour.points) for contour in contours if len(contour.points) > 3)
    assert len(lengths) == 2
    assert lengths[1] >= 70
    assert 30 <= lengths[0] <= 45


@given(
    seed=seeds,
    sigma=st.sampled_from((0.7, 1.0, 2.0)),
    dtype=st.sampled_from((np.float32, np.float64)),
)
def test_noise_has_the_contours_of_the_oracle(seed, sigma, dtype):
    fields = canny_fields((13, 16), seed, sigma, dtype)
    assert_same_contours(trace(*fields), oracle.contours(*fields), 1e-6)


@given(seed=seeds, share=fractions, rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_any_mask_has_the_contours_of_the_oracle(seed, share, rows, columns):
    rng = np.random.default_rng(seed)
    edges = rng.random((rows, columns)) < share
    gradient, magnitude = rng.standard_normal((2, rows, columns)), rng.random((rows, columns))
    assert_same_contours(trace(edges, gradient, magnitude), oracle.contours(edges, gradient, magnitude))


@given(seed=seeds, share=fractions, rows=st.integers(1, 12), columns=st.integers(1, 12))
def test_every_pixel_is_in_one_chain_once(seed, share, rows, columns):
    """Where the magnitude is the same everywhere, there is no ridge to go to."""
    rng = np.random.default_rng(seed)
    edges = rng.random((rows, columns)) < share
    gradient = rng.integers(-2, 3, (2, rows, columns)).astype(float)
    contours = trace(edges, gradient, np.ones((rows, columns)))
    points = joined(contours) if contours else np.empty((0, 2))
    np.testing.assert_array_equal(points[np.lexsort(points.T[::-1])], np.argwhere(edges))


def test_every_pixel_has_its_point_nearby():
    edges, gradient, magnitude = canny_fields((200, 300), 2)
    points, pixels = joined(trace(edges, gradient, magnitude)), np.argwhere(edges)
    assert 0.8 * len(pixels) < len(points) <= len(pixels)
    furthest = oracle.FURTHEST * np.sqrt(2)
    assert KDTree(pixels).query(points)[0].max() <= furthest
    assert KDTree(points).query(pixels)[0].max() <= furthest + oracle.SAME_POINT / 2


# what must not matter


def flipped(fields, axes):
    edges, gradient, magnitude = fields
    signs = np.array([-1 if k in axes else 1 for k in (0, 1)])[:, None, None]
    return np.flip(edges, axes), np.flip(gradient, [k + 1 for k in axes]) * signs, np.flip(magnitude, axes)


def flipped_back(contours, axes, shape):
    """Walked in the other direction, if the image has been mirrored."""
    signs = np.array([-1 if k in axes else 1 for k in (0, 1)])
    ends = np.array([n - 1 if k in axes else 0 for k, n in enumerate(shape)])
    way = -1 if len(axes) == 1 else 1
    return [((p * signs + ends)[::way], (n * signs)[::way], s[::way], closed) for p, n, s, closed in contours]


def transposed_back(contours):
    return [(p[::-1, ::-1], n[::-1, ::-1], s[::-1], closed) for p, n, s, closed in contours]


@pytest.mark.parametrize("axes", ((0,), (1,), (0, 1)), ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_flipping_the_image_flips_the_contours(axes, seed):
    fields = canny_fields((70, 90), seed)
    contours = flipped_back(trace(*flipped(fields, axes)), axes, (70, 90))
    assert_same_contours(contours, trace(*fields))


@pytest.mark.parametrize("seed", range(4))
def test_transposing_the_image_transposes_the_contours(seed):
    edges, gradient, magnitude = fields = canny_fields((70, 90), seed)
    contours = trace(edges.T, gradient[::-1].transpose(0, 2, 1), magnitude.T)
    assert_same_contours(transposed_back(contours), trace(*fields))


@pytest.mark.parametrize("axes", ((0,), (1,), (0, 1)), ids=str)
def test_contours_of_a_flipped_image_are_flipped(axes):
    image = ndimage.gaussian_filter(np.random.default_rng(6).random((80, 70)), 1.5)
    contours = contours_of(np.flip(image, axes), thresholds="median")
    assert_same_contours(flipped_back(contours, axes, image.shape), contours_of(image, thresholds="median"))


def test_contours_of_a_transposed_image_are_transposed():
    image = ndimage.gaussian_filter(np.random.default_rng(7).random((80, 70)), 1.5)
    contours = contours_of(image.T, thresholds="median")
    assert_same_contours(transposed_back(contours), contours_of(image, thresholds="median"))


def test_single_precision_has_the_contours_of_double():
    image = oracle.blurred(oracle.ellipse(90, (44.3, 45.1), (30, 22), 0.5), BLUR)
    [single], [double] = contours_of(image.astype(np.float32)), contours_of(image)
    np.testing.assert_allclose(single.points, double.points, atol=1e-4)
    np.testing.assert_allclose(single.normals, double.normals, atol=1e-5)
    np.testing.assert_allclose(single.strength, double.strength, rtol=1e-5)


@pytest.mark.parametrize("scale", (1e-300, 1e-30, 1e30, 1e300))
def test_scaling_the_image_scales_the_strength_alone(scale):
    edges, gradient, magnitude = canny_fields((40, 50), 3)
    expected = trace(edges, gradient, magnitude)
    contours = trace(edges, gradient * scale, magnitude * scale)
    assert_same_contours([(p, n, s / scale, closed) for p, n, s, closed in contours], expected)


def test_memory_layout_does_not_matter():
    edges, gradient, magnitude = fields = canny_fields((40, 50), 4)
    expected = trace(*fields)
    elsewhere = (np.asfortranarray(edges), np.asfortranarray(gradient), np.repeat(magnitude, 2, axis=1)[:, ::2])
    for array in elsewhere:
        array.flags.writeable = False
    for one, other in zip(trace(*elsewhere), expected, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_same_bits(a, b)


def test_workers_and_instruction_sets_give_the_same_bits(isa, workers):
    image = ndimage.gaussian_filter(np.random.default_rng(8).random((300, 400)), 1.5)
    with instruction_set("baseline"):
        expected = contours_of(image, thresholds="otsu", workers=1)
    contours = contours_of(image, thresholds="otsu", workers=workers)
    for one, other in zip(contours, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_same_bits(a, b)


# nothing, and little


@pytest.mark.parametrize("shape", ((0, 0), (0, 5), (5, 0), (1, 1), (2, 3), (9, 9)), ids=str)
def test_no_edges_no_contours(shape):
    assert trace(np.zeros(shape, bool), np.ones((2, *shape)), np.ones(shape)) == []
    assert fg.canny_contours(np.ones(shape)) == []


@pytest.mark.parametrize("shape, pixel", (((1, 1), (0, 0)), ((5, 7), (0, 3)), ((5, 7), (4, 6)), ((5, 7), (2, 3))))
def test_one_pixel_is_a_chain_of_one_point(shape, pixel):
    edges = np.zeros(shape, bool)
    edges[pixel] = True
    gradient = np.stack([np.full(shape, 3.0), np.full(shape, -4.0)])
    [contour] = trace(edges, gradient, np.full(shape, 5.0))
    np.testing.assert_array_equal(contour.points, [pixel])
    np.testing.assert_array_equal(contour.normals, [(0.6, -0.8)])
    np.testing.assert_array_equal(contour.strength, [5.0])
    assert not contour.closed


@pytest.mark.parametrize("nothing", (0.0, np.nan, np.inf))
def test_without_a_direction_points_stay_at_their_pixels(nothing):
    edges = np.ones((5, 6), bool)
    contours = trace(edges, np.full((2, 5, 6), nothing), np.random.default_rng(9).random((5, 6)))
    np.testing.assert_array_equal(joined(contours), np.argwhere(edges))
    assert not any(contour.normals.any() for contour in contours)


def test_masked_and_missing_samples_have_no_contours():
    image = oracle.blurred(oracle.ellipse(60, (30, 30), (20, 20)), BLUR)
    mask = np.ones(image.shape, bool)
    mask[:, 25:30] = False
    for contours in (contours_of(image, mask=mask), contours_of(np.where(mask, image, np.nan))):
        points = joined(contours)
        assert np.isfinite(points).all()
        assert not any(contour.closed for contour in contours)
        assert ((points[:, 1] < 24.6) | (points[:, 1] > 29.4)).all()


@pytest.mark.parametrize("shape", ((20,), (5, 6, 7)), ids=str)
def test_images_of_other_dimensions_are_refused(shape):
    with pytest.raises(ValueError, match="image"):
        fg.canny_contours(np.zeros(shape))
