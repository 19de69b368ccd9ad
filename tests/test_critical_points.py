"""critical_points: every point of known fields, each once; agreement with an oracle; what must not matter."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage as ndi

import critical_oracle
import critical_sweep
import fieldgrad as fg
import morse_oracle
from helpers import assert_interrupt_ends


def counts(cp):
    return len(cp.minima), len(cp.saddles), len(cp.maxima)


def torus(shape, lengths=2 * np.pi):
    lengths = np.broadcast_to(lengths, len(shape))
    steps = [length / n for length, n in zip(lengths, shape, strict=True)]
    return fg.Grid.cartesian(*steps, shape=shape, periodic=True)


def waves(shape):
    return np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in shape), indexing="ij")


def noise(shape, sigma=0.0, seed=0):
    field = np.random.default_rng(seed).standard_normal(shape)
    return ndi.gaussian_filter(field, sigma, mode="wrap") if sigma else field


def assert_among(some, points, tolerance=1e-6, period=np.inf):
    """Each of some points is one of the others."""
    difference = np.abs(some[:, None] - points)
    difference = np.minimum(difference, np.abs(period - difference))
    assert difference.max(axis=2).min(axis=1).max(initial=0) < tolerance


def assert_same_points(actual, expected, tolerance=1e-6, period=None):
    """Two sets of points, in any order."""
    assert len(actual) == len(expected)
    difference = np.abs(actual[:, None] - expected)
    if period is not None:
        difference = np.minimum(difference, period - difference)
    distance = difference.max(axis=2)
    assert (np.sort(distance.argmin(axis=1)) == np.arange(len(expected))).all()
    assert distance.min(axis=1).max(initial=0) < tolerance


# ---- known fields --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", (0.0, 0.3), ids=("on nodes", "between nodes"))
def test_products_of_sines_on_a_torus(phase):
    x, y = waves((60, 64))
    cp = fg.critical_points(np.sin(5 * x + phase) * np.sin(4 * y + phase), torus((60, 64)))
    assert counts(cp) == (40, 80, 40)
    assert cp.complete
    assert cp.euler == (0, 0)


@pytest.mark.parametrize("phase", (0.0, 0.3), ids=("on nodes", "between nodes"))
def test_five_by_five_waves_have_two_hundred_points(phase):
    x, y = waves((50, 50))
    cp = fg.critical_points(np.sin(5 * x + phase) * np.sin(5 * y + phase), torus((50, 50)))
    assert counts(cp) == (50, 100, 50)
    assert cp.complete


def test_products_of_chebyshev_polynomials():
    x, y = np.linspace(-1, 1, 91), np.linspace(-1, 1, 101)
    five, seven = (np.polynomial.Chebyshev.basis(k) for k in (5, 7))
    cp = fg.critical_points(five(x)[:, None] * seven(y), x, y)
    assert counts(cp) == (12, 35, 12)
    assert cp.complete


def test_sums_of_cosines():
    x, y = waves((32, 40))
    assert counts(fg.critical_points(np.cos(x) + np.cos(y), torus((32, 40)))) == (1, 2, 1)
    cp = fg.critical_points(sum(np.cos(x) for x in waves((12, 14, 16))), torus((12, 14, 16)))
    np.testing.assert_array_equal(np.bincount(cp.index), (1, 3, 3, 1))
    assert cp.complete


def test_cubics_are_their_own_spline():
    x = np.linspace(-2, 2, 14)
    cubic = x**3 / 3 - x
    cp = fg.critical_points(cubic[:, None, None] + cubic[:, None] + cubic, x, x, x)
    np.testing.assert_array_equal(np.bincount(cp.index), (1, 3, 3, 1))
    np.testing.assert_allclose(np.abs(cp.points), 1, rtol=1e-12)
    assert cp.complete
    assert cp.euler == (1, 1)
    expected = np.sort(2 * cp.points, axis=1)
    np.testing.assert_allclose(cp.eigenvalues, expected, atol=1e-10)


def himmelblau(x, y):
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def six_hump_camel(x, y):
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2


def three_hump_camel(x, y):
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


def peaks(x, y):
    return (
        3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
        - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2)
        - np.exp(-((x + 1) ** 2) - y**2) / 3
    )


def mueller_brown(x, y):
    scale, a, b, c = (-200, -100, -170, 15), (-1, -1, -6.5, 0.7), (0, 0, 11, 0.6), (-10, -10, -6.5, 0.7)
    centres = ((1, 0), (0, 0.5), (-0.5, 1.5), (-1, 1))
    return sum(
        scale[k] * np.exp(a[k] * (x - p) ** 2 + b[k] * (x - p) * (y - q) + c[k] * (y - q) ** 2)
        for k, (p, q) in enumerate(centres)
    )


@pytest.mark.parametrize(
    ("function", "x", "y", "expected"),
    [
        (himmelblau, (-5, 5), (-5, 5), (4, 4, 1)),
        (six_hump_camel, (-2, 2), (-1.1, 1.1), (6, 7, 2)),
        (three_hump_camel, (-2.5, 2.5), (-2.5, 2.5), (3, 2, 0)),
        (peaks, (-3, 3), (-3, 3), (3, 3, 3)),
        (mueller_brown, (-1.5, 1.2), (-0.2, 2.0), (3, 2, 0)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_functions_of_the_literature(function, x, y, expected):
    x, y = np.linspace(*x, 161), np.linspace(*y, 150)
    cp = fg.critical_points(function(*np.meshgrid(x, y, indexing="ij")), x, y)
    assert counts(cp) == expected
    assert cp.complete


def test_minima_and_transition_states_of_mueller_and_brown():
    """K. Müller, L. D. Brown, Theor. Chim. Acta 53 (1979) 75-93."""
    x, y = np.linspace(-1.5, 1.2, 271), np.linspace(-0.2, 2.0, 221)
    cp = fg.critical_points(mueller_brown(*np.meshgrid(x, y, indexing="ij")), x, y)
    minima, saddles = ((-0.558, 1.442), (0.623, 0.028), (-0.050, 0.467)), ((-0.822, 0.624), (0.212, 0.293))
    assert_same_points(cp.minima.points, np.array(minima), 1e-3)
    assert_same_points(cp.saddles.points, np.array(saddles), 1e-3)
    np.testing.assert_allclose(cp.minima.values, (-146.700, -108.167, -80.768), atol=2e-3)
    np.testing.assert_allclose(cp.saddles.values, (-72.249, -40.665), atol=2e-3)


def test_a_saddle_of_three_valleys_is_undecided_until_it_falls_apart():
    x, y = np.linspace(-2, 3, 60), np.linspace(-1.5, 1.9, 50)
    a, b = np.meshgrid(x, y, indexing="ij")
    monkey = a**3 - 3 * a * b**2
    cp = fg.critical_points(monkey, x, y)
    [part] = cp.undecided
    assert len(cp) == 0
    assert not cp.complete
    assert part.poincare_index == -2
    assert (part.low <= 1e-6).all() and (part.high >= -1e-6).all()
    assert np.max(part.high - part.low) < 1e-3
    assert cp.euler == (1, 1)
    apart = fg.critical_points(monkey + 0.1 * (a**2 + b**2), x, y)
    assert counts(apart) == (1, 3, 0)
    assert apart.complete


def test_flat_fields_are_one_undecided_part():
    for shape in ((7,), (9, 12), (6, 5, 7)):
        cp = fg.critical_points(np.full(shape, 3.5))
        assert len(cp) == 0 and not cp.complete
        [part] = cp.undecided
        np.testing.assert_array_equal(part.low, 0)
        np.testing.assert_array_equal(part.high, np.array(shape) - 1)
    [part] = fg.critical_points(np.ones((8, 8)), torus((8, 8))).undecided
    np.testing.assert_allclose(part.high - part.low, 2 * np.pi)


def test_a_clipped_top_is_undecided_and_the_rest_is_found():
    x, y = waves((60, 60))
    cp = fg.critical_points(np.minimum(np.cos(x - 1) + np.cos(y - 1), 0.3), torus((60, 60)))
    assert not cp.complete
    [part] = cp.undecided  # also beside the seam
    assert ((part.low < 1) & (part.high > 1)).all()  # around the top
    assert np.max(part.high - part.low) < 2.2
    assert cp.euler == (0, 0)  # the turns around the part are those that are missing


def test_lines_of_zeros_are_undecided():
    field = np.prod([np.sin(x + 0.1) for x in waves((10, 10, 10))], axis=0)
    cp = fg.critical_points(field, torus((10, 10, 10)), max_boxes=10**9)
    np.testing.assert_array_equal(np.bincount(cp.index, minlength=4), (4, 0, 0, 4))  # the saddles are on the lines
    assert not cp.complete
    assert cp.undecided
    assert not cp.unsearched
    assert "not complete" in repr(cp)


@pytest.mark.parametrize("shape", ((5000,), (150, 200), (24, 70, 9)), ids=str)
def test_the_search_ends_at_the_limit(shape):
    f = noise(shape, 0.0, 3)
    cp, whole = fg.critical_points(f, max_boxes=1000), fg.critical_points(f)
    assert whole.complete
    assert not cp.complete
    [rest] = cp.unsearched
    assert 0 < len(cp) < len(whole)
    assert "1 part not searched" in repr(cp)
    inside = ((rest.low <= whole.points) & (whole.points <= rest.high)).all(axis=1)
    assert_among(whole.points[~inside], cp.points, 1e-12)  # what is not said to be unsearched is there
    assert_among(cp.points, whole.points, 1e-12)
    same = fg.critical_points(f, max_boxes=1000, workers=3)
    np.testing.assert_array_equal(same.points, cp.points)


# ---- every point of random fields ------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", (0.0, 1.0, 2.0))
@pytest.mark.parametrize("periodic", ((True, True), (False, False), (True, False)), ids=str)
def test_points_of_random_fields_are_those_of_many_seeds(sigma, periodic):
    shape = (14, 16)
    for seed in range(3):
        f = noise(shape, sigma, seed)
        grid = fg.Grid.cartesian(1.0, 0.5, shape=shape, periodic=periodic)
        cp = fg.critical_points(f, grid)
        assert cp.complete
        coords = [np.arange(14.0), 0.5 * np.arange(16)]
        periods = [n if loop else None for n, loop in zip((14.0, 8.0), periodic, strict=True)]
        expected, _ = critical_oracle.zeros_of_gradient(f, coords, periods, per_cell=6)
        assert len(expected) >= 0.99 * len(cp)  # seeds may miss some
        assert_among(expected, cp.points, 1e-6, np.where(periodic, (14.0, 8.0), np.inf))
        slopes = critical_oracle.gradient_of(f, coords, periods, cp.points)
        assert np.abs(slopes).max() < 1e-11 * np.ptp(f)


def test_points_of_a_random_volume_are_those_of_many_seeds():
    f = noise((7, 7, 8), 1.0, 3)
    cp = fg.critical_points(f)
    assert cp.complete
    expected, _ = critical_oracle.zeros_of_gradient(f, [np.arange(float(n)) for n in f.shape], [None] * 3)
    assert len(expected) >= 0.99 * len(cp)
    assert_among(expected, cp.points)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("ndim", (1, 2, 3))
def test_nothing_is_missed_nor_doubled_in_fields_from_noise_to_smooth(ndim):
    total = critical_sweep.Comparison()
    for number in range(ndim - 1, critical_sweep.FIELDS, 39):
        total += critical_sweep.compare(number)
    assert not total.flaws
    assert total.seen >= 0.99 * total.points > 0


@given(
    seed=st.integers(0, 10**6),
    shape=st.one_of(st.tuples(st.integers(4, 40)), st.tuples(st.integers(4, 14), st.integers(4, 14))),
    loops=st.tuples(st.booleans(), st.booleans()),
    even=st.booleans(),
)
def test_every_random_field_is_complete(seed, shape, loops, even):
    rng = np.random.default_rng(seed)
    f, loops = rng.standard_normal(shape), loops[: len(shape)]
    if even:
        grid = fg.Grid.cartesian(*rng.uniform(0.1, 10, len(shape)), shape=shape, periodic=loops)
    else:
        coords = [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape]
        periods = [x[-1] - x[0] + 1 if loop else None for x, loop in zip(coords, loops, strict=True)]
        grid = fg.Grid.cartesian(*coords, shape=shape, periodic=loops, period=periods)
    cp = fg.critical_points(f, grid)
    assert cp.euler[0] == cp.euler[1] == int(not any(loops))
    assert cp.complete


# ---- what must not matter --------------------------------------------------------------------------------------


def test_negation_turns_kinds_around():
    f = noise((15, 16), 1.0, 5)
    cp, turned = fg.critical_points(f), fg.critical_points(-f)
    assert_same_points(cp.minima.points, turned.maxima.points, 1e-9)
    assert_same_points(cp.saddles.points, turned.saddles.points, 1e-9)
    assert_same_points(cp.maxima.points, turned.minima.points, 1e-9)


@pytest.mark.parametrize(("factor", "offset"), ((1e12, 0), (1e-12, 0), (1.0, 1e8)))
def test_units_of_the_field_do_not_matter(factor, offset):
    f = noise((15, 16), 1.5, 6)
    cp, other = fg.critical_points(f), fg.critical_points(factor * f + offset)
    np.testing.assert_array_equal(other.index, cp.index)
    np.testing.assert_allclose(other.points, cp.points, atol=1e-12 if offset == 0 else 1e-4)


@pytest.mark.parametrize("unit", (1e-9, 1e9))
def test_units_of_the_axes_do_not_matter(unit):
    f = noise((15, 16), 1.5, 7)
    cp, other = fg.critical_points(f), fg.critical_points(f, unit, 3 * unit)
    np.testing.assert_array_equal(other.index, cp.index)
    np.testing.assert_allclose(other.points / (unit, 3 * unit), cp.points, atol=1e-9)


def test_transposition_and_descending_coordinates_do_not_matter():
    f = noise((12, 17), 1.0, 8)
    x, y = np.arange(12.0), np.arange(17.0)
    cp = fg.critical_points(f, x, y)
    assert_same_points(fg.critical_points(f.T, y, x).points[:, ::-1], cp.points, 1e-9)
    flipped = fg.critical_points(f[::-1], x[::-1], y)
    assert_same_points(flipped.points, cp.points, 1e-9)
    order, other = np.lexsort(cp.points.T), np.lexsort(flipped.points.round(9).T)
    np.testing.assert_allclose(flipped.indices[other][:, 0], 11 - cp.indices[order][:, 0], atol=1e-9)


@pytest.mark.parametrize("seed", (162, 234, 321))
def test_the_last_pieces_of_each_axis_are_searched_like_the_first(seed):
    f = noise((8, 8), 2.0, seed)
    cp, other = fg.critical_points(f), fg.critical_points(f.T)
    assert cp.complete and other.complete
    assert_same_points(other.points[:, ::-1], cp.points, 1e-9)


def test_rolling_a_periodic_field_rolls_its_points():
    f = noise((20, 18), 1.2, 9)
    grid = fg.Grid.cartesian(1.0, 1.0, shape=f.shape, periodic=True)
    cp = fg.critical_points(f, grid)
    for shift in (1, 7, 19):
        rolled = fg.critical_points(np.roll(f, shift, 0), grid)
        assert_same_points((rolled.points - (shift, 0)) % (20, 18), cp.points % (20, 18), 1e-9, np.array((20, 18)))
        assert (rolled.points >= 0).all() and (rolled.points < (20, 18)).all()


@pytest.mark.parametrize("shift", (0.1, 0.37, 0.5))
def test_a_fractional_shift_of_the_samples_does_not_matter(shift):
    step = 2 * np.pi / 40

    def at(x, y):
        return np.sin(2 * x + 0.4) * np.cos(y) + 0.5 * np.cos(3 * y - x)

    found = []
    for start in (0.0, shift * step):
        x = start + step * np.arange(40)
        grid = fg.Grid.cartesian(x, x, periodic=True)
        cp = fg.critical_points(at(x[:, None], x), grid)
        assert cp.complete
        found.append(cp)
    for kind in ("minima", "saddles", "maxima"):
        one, other = (getattr(cp, kind).points % (2 * np.pi) for cp in found)
        assert_same_points(one, other, 2e-3, 2 * np.pi)


def test_a_chunk_with_enough_around_it_has_the_points_of_the_whole():
    f = noise((150, 140), 1.0, 11)
    whole = fg.critical_points(f).points
    chunk = fg.critical_points(f[20:120, 25:115], box=((30, 70), (30, 60))).points + np.array((20, 25))
    low, high = np.array((50, 55)), np.array((90, 85))
    inside = ((whole >= low) & (whole <= high)).all(axis=1)
    assert_same_points(chunk, whole[inside], 1e-9)


@pytest.mark.uninstrumented
@pytest.mark.free_memory(4 << 30)
def test_the_worst_field_ends_with_an_honest_answer():
    """White noise, of which a cell may have several points: more boxes than are looked at."""
    cp = fg.critical_points(noise((128, 128, 128), 0.0, 12))
    assert not cp.complete
    assert "not searched" in repr(cp)
    [rest] = cp.unsearched
    searched = rest.low[0]
    assert 0 < searched < 127
    per_sample = (cp.points[:, 0] < searched).sum() / (searched * 128**2)
    assert 0.85 < per_sample < 1  # as many as where noise is searched to the end


def test_workers_do_not_matter():
    f = noise((40, 40), 1.0, 1)
    one, three = (fg.critical_points(f, workers=n, persistence=True) for n in (1, 3))
    for name in ("points", "values", "hessian", "index", "persistence", "partner"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


@pytest.mark.linux
@pytest.mark.uninstrumented
def test_interrupt_ends_a_long_search_within_a_second(workers):
    assert_interrupt_ends(f"import children; children.long_search({workers})")


# ---- parts of fields -------------------------------------------------------------------------------------------


def test_a_box_has_the_points_within_and_its_own_count():
    f = noise((24, 24), 1.0, 2)
    for grid in (fg.Grid.cartesian(1.0, 1.0, shape=f.shape, periodic=loop) for loop in (False, True)):
        cp = fg.critical_points(f, grid)
        box = ((3.3, 17.25), (2.0, 20.6))
        part = fg.critical_points(f, grid, box=box)
        low, high = np.transpose(box)
        inside = ((cp.points >= low) & (cp.points <= high)).all(axis=1)
        np.testing.assert_allclose(part.points, cp.points[inside], atol=1e-12)
        assert part.euler == (1, 1)
        assert part.complete


# ---- samples that are absent -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ((60,), (20, 24), (9, 10, 11)), ids=str)
@pytest.mark.parametrize("loop", (False, True))
def test_what_is_next_to_an_absent_sample_is_not_searched(shape, loop):
    f = noise(shape, 1.0, 4)
    at = tuple(n // 2 for n in shape)
    grid = fg.Grid.cartesian(1.0, shape=shape, periodic=loop)
    holes = []
    for hole in (np.nan, np.ma.masked):
        g = np.ma.array(f)
        g[at] = hole
        holes.append(g if hole is np.ma.masked else np.asarray(g))
    nan, masked = (fg.critical_points(g, grid) for g in holes)
    np.testing.assert_array_equal(nan.points, masked.points)
    assert not nan.complete
    [part] = nan.unsearched
    np.testing.assert_allclose(part.low, np.array(at) - 1)
    np.testing.assert_allclose(part.high, np.array(at) + 1)
    within = ((nan.points > part.low) & (nan.points < part.high)).all(axis=1)
    assert not within.any()
    # The spline is the one through the samples that are there, so further away it is as good as without a hole.
    whole = fg.critical_points(f, grid).points
    far = (np.abs(whole - at) > 5).any(axis=1)
    assert_among(whole[far], nan.points, 0.05)


def test_absent_samples_do_not_matter_but_for_where_they_are():
    f = noise((16, 18), 1.0, 5)
    f[3:5, 7] = np.nan
    x = np.linspace(2, -1, 16)
    cp = fg.critical_points(f, x, 1.0)
    other = np.ma.masked_invalid(np.where(np.isnan(f), 1e300, f))
    other.mask = np.isnan(f)
    np.testing.assert_array_equal(fg.critical_points(other, x, 1.0).points, cp.points)
    [part] = cp.unsearched
    np.testing.assert_allclose(part.low, (x[5], 6))
    np.testing.assert_allclose(part.high, (x[2], 8))


def test_parts_beyond_a_box_are_none_of_its():
    f = noise((20, 20), 1.0, 6)
    f[2, 2] = np.nan
    assert fg.critical_points(f, box=((8, 16), (8, 16))).complete
    assert fg.critical_points(f, box=((0, 16), (8, 16))).complete
    assert not fg.critical_points(f, box=((0, 16), (1.5, 16))).complete


@pytest.mark.parametrize("kind", ("float", "int"))
def test_holes_are_no_part_of_a_linear_field(kind):
    rng = np.random.default_rng(8)
    f = rng.standard_normal((14, 15)) if kind == "float" else rng.integers(-9, 9, (14, 15))
    absent = np.zeros(f.shape, bool)
    absent[4:6, 5:9] = absent[10, 3] = absent[0, 0] = True
    cp = fg.critical_points(np.ma.array(f, mask=absent), method="linear", persistence=True)
    assert cp.euler == (-1, -1)  # a disc with two holes; the corner takes none out
    assert not cp.complete
    assert len(cp.unsearched) == 3
    assert not absent[tuple(cp.indices.astype(int).T)].any()
    vertices = np.ravel_multi_index(cp.indices.astype(int).T, f.shape)
    expected = morse_oracle.critical_vertices(f, (False, False), ~absent)
    assert list(zip(vertices, cp.index, strict=True)) == expected
    paired = cp.partner >= 0
    np.testing.assert_array_equal(cp.partner[cp.partner[paired]], np.flatnonzero(paired))
    assert (np.isinf(cp.persistence) == ~paired).all()


# ---- linear --------------------------------------------------------------------------------------------------


def test_linear_points_are_samples_with_an_exact_count():
    f = np.random.default_rng(0).integers(0, 5, (12, 9, 7))
    cp = fg.critical_points(f, 2.0, 1.0, 0.5, method="linear", persistence=True)
    assert cp.complete
    assert cp.euler == (1, 1)
    np.testing.assert_array_equal(cp.points, cp.indices * (2.0, 1.0, 0.5))
    np.testing.assert_array_equal(cp.values, f[tuple(cp.indices.astype(int).T)])
    paired = cp.partner >= 0
    np.testing.assert_array_equal(cp.partner[cp.partner[paired]], np.flatnonzero(paired))
    np.testing.assert_array_equal(np.abs(cp.index[cp.partner[paired]] - cp.index[paired]), 1)
    np.testing.assert_array_equal(cp.persistence[paired], np.abs(cp.values[cp.partner[paired]] - cp.values[paired]))
    assert np.isinf(cp.persistence[~paired]).all()


def test_linear_extrema_are_those_of_a_filter():
    f = noise((30, 40), 0.0, 4)
    cp = fg.critical_points(f, method="linear")
    six = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], bool)
    lowest = np.argwhere(f == ndi.minimum_filter(f, footprint=six, mode="nearest"))
    assert_same_points(cp.minima.points, lowest)


def test_persistence_keeps_what_stands_out():
    x, y = waves((48, 48))
    f = np.cos(x) + np.cos(y) + 1e-3 * noise((48, 48))
    for method in ("linear", "spline"):
        cp = fg.critical_points(f, torus((48, 48)), method=method, persistence=True)
        assert counts(cp.by_persistence(0.5)) == (1, 2, 1)


def test_spline_points_take_the_persistence_of_vertices():
    f = noise((40, 40), 3.0, 3)
    cp = fg.critical_points(f, persistence=True)
    linear = fg.critical_points(f, method="linear", persistence=True)
    known = ~np.isnan(cp.persistence)
    assert known.mean() > 0.9
    paired = cp.partner >= 0
    np.testing.assert_array_equal(cp.partner[cp.partner[paired]], np.flatnonzero(paired))
    for k in np.flatnonzero(known):
        near = np.abs(linear.indices - cp.indices[k]).max(axis=1) <= 1.5
        assert cp.persistence[k] in linear.persistence[near & (linear.index == cp.index[k])]


# ---- the table -----------------------------------------------------------------------------------------------


def test_a_part_of_the_table_is_a_table():
    cp = fg.critical_points(noise((20, 20), 1.0), method="linear", persistence=True)
    some = cp[cp.persistence > 0.1]
    assert len(some) == (cp.persistence > 0.1).sum()
    paired = some.partner >= 0
    gaps = np.abs(some.values[some.partner[paired]] - some.values[paired])
    np.testing.assert_array_equal(some.persistence[paired], gaps)
    np.testing.assert_array_equal(cp[3].points, cp.points[3:4])
    np.testing.assert_array_equal(cp[-1].points, cp.points[-1:])
    assert [p.values[0] for p in cp] == list(cp.values)
    assert len(cp[2:5]) == 3
    with pytest.raises(IndexError):
        cp[len(cp)]
    with pytest.raises(IndexError, match="points have one axis, got an index for 2"):
        cp[np.zeros((2, 2), int)]
    np.testing.assert_array_equal(cp.partner, cp[:].partner)


def assert_same_table(actual, expected):
    assert repr(actual) == repr(expected)
    for name, column in vars(expected).items():
        if isinstance(column, np.ndarray):
            np.testing.assert_array_equal(getattr(actual, name), column)
    for name in ("undecided", "unsearched"):
        parts = zip(getattr(actual, name), getattr(expected, name), strict=True)
        for one, other in parts:
            np.testing.assert_array_equal(np.stack([one.low, one.high]), np.stack([other.low, other.high]))
            assert one.poincare_index == other.poincare_index
    assert (actual.complete, actual.euler) == (expected.complete, expected.euler)


@pytest.mark.parametrize(
    "copied",
    (copy.copy, copy.deepcopy, lambda table: pickle.loads(pickle.dumps(table))),
    ids=("copy", "deepcopy", "pickle"),
)
def test_copies_are_the_same_table(copied):
    f = noise((90, 12), 1.0)
    f[:60] = 0.0
    f[75, 5] = np.nan
    cp = fg.critical_points(f, persistence=True)
    assert cp.undecided and cp.unsearched
    assert_same_table(copied(cp), cp)
    assert_same_table(copied(cp).by_persistence(0.1), cp.by_persistence(0.1))


def test_tables_come_from_other_processes():
    fields = [noise((12, 12), 1.0, seed) for seed in range(4)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for actual, f in zip(pool.map(fg.critical_points, fields), fields, strict=True):
            assert_same_table(actual, fg.critical_points(f))


def test_the_table_as_a_dictionary():
    cp = fg.critical_points(noise((12, 12), 1.0), persistence=True)
    table = cp.to_dict()
    assert list(table)[:3] == ["x0", "x1", "values"]
    assert {len(column) for column in table.values()} == {len(cp)}
    np.testing.assert_array_equal(table["persistence"], cp.persistence)


def test_the_table_reads_well():
    text = repr(fg.critical_points(noise((30, 30), 1.0)))
    assert text.startswith("CriticalPoints: ")
    assert "complete" in text.splitlines()[0]
    assert text.splitlines()[-1].startswith("  ... and ")
    assert "no points" in repr(fg.critical_points(np.arange(30.0).reshape(5, 6)))


def test_kinds_are_a_choice():
    f = noise((16, 16), 1.0)
    cp = fg.critical_points(f)
    assert len(fg.critical_points(f, kinds="saddle")) == len(cp.saddles)
    both = fg.critical_points(f, kinds=["minimum", "maximum"])
    assert len(both) == len(cp.minima) + len(cp.maxima)
    assert both.euler == cp.euler


def test_hessians_tell_the_kinds():
    for f in (noise((30,), 1.0), noise((16, 16), 1.0), noise((8, 8, 8), 1.0)):
        cp = fg.critical_points(f)
        np.testing.assert_array_equal(fg.second_derivative_test(cp.hessian), cp.kind)
        rebuilt = np.einsum("nij,nj,nkj->nik", cp.eigenvectors, cp.eigenvalues, cp.eigenvectors)
        np.testing.assert_allclose(rebuilt, cp.hessian, atol=1e-12)
        gradient = fg.Interpolant(f).gradient(cp.points)
        assert np.abs(gradient).max() < 1e-12 * np.ptp(f)


# ---- seeds -----------------------------------------------------------------------------------------------------


def test_seeds_end_at_critical_points():
    f = noise((20, 20), 1.5, 1)
    cp = fg.critical_points(f)
    np.testing.assert_allclose(fg.refine(cp.points + 1e-3, f), cp.points, atol=1e-9)
    assert np.isnan(fg.refine([[1.0, 1.0]], np.arange(36.0).reshape(6, 6))).all()
    assert fg.refine(np.empty((0, 2)), f).shape == (0, 2)


# ---- bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "match", "f", "options"),
    [
        (ValueError, "method", np.ones((5, 5)), {"method": "cubic"}),
        (ValueError, "kinds", np.ones((5, 5)), {"kinds": "peak"}),
        (ValueError, "kinds", np.ones((5, 5)), {"kinds": ["minimum", 3]}),
        (TypeError, "max_boxes", np.ones((5, 5)), {"max_boxes": 1.5}),
        (ValueError, "max_boxes", np.ones((5, 5)), {"max_boxes": 0}),
        (ValueError, "axis 1", np.ones((5, 3)), {}),
        (ValueError, "axes", np.ones((4, 4, 4, 4)), {}),
        (TypeError, "kinds", np.ones((5, 5)), {"kinds": 3}),
        (ValueError, "present", np.full((5, 5), np.nan), {}),
        (ValueError, "present", np.full((5, 5), np.nan), {"method": "linear"}),
        (ValueError, "present", np.ma.masked_all((5, 5)), {}),
        (ValueError, "finite", np.full((5, 5), np.inf), {}),
        (TypeError, "real", np.ones((5, 5), complex), {}),
        (TypeError, "real", np.ones((5, 5), complex), {"method": "linear"}),
        (ValueError, "box", np.ones((5, 5)), {"box": ((0, 4),)}),
        (ValueError, "box", np.ones((5, 5)), {"box": ((0, 4), (3, 2))}),
        (ValueError, "box", np.ones((5, 5)), {"box": ((0, 4.5), (0, 2))}),
        (TypeError, "box", np.ones((5, 5)), {"box": "all"}),
        (ValueError, "box", np.ones((5, 5)), {"box": ((0, 4), (1.2, 1.8)), "method": "linear"}),
    ],
)
def test_bad_input_is_named(error, match, f, options):
    with pytest.raises(error, match=match):
        fg.critical_points(f, **options)


def test_persistence_has_to_be_asked_for():
    with pytest.raises(ValueError, match="persistence"):
        fg.critical_points(noise((8, 8))).by_persistence(1.0)
    with pytest.raises(ValueError, match="threshold"):
        fg.critical_points(noise((8, 8)), persistence=True).by_persistence(np.nan)
    with pytest.raises(ValueError, match=r"threshold must be a number, got .a."):
        fg.critical_points(noise((8, 8)), persistence=True).by_persistence("a")
    with pytest.raises(ValueError, match="points"):
        fg.refine([1.0, 2.0], noise((8, 8)))
