"""critical_points with method="linear" and persistence where samples have many names: at poles."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg
import morse_oracle
from curved_cases import circle
from curved_domains import ball, cylinder, disc, globe, quadratic


@st.composite
def fields_with_poles(draw):
    """Samples on a lattice, the rows that are poles, and whether the circle is whole."""
    n, m = draw(st.integers(3, 6)), draw(st.integers(3, 7))
    loop = draw(st.booleans())
    rows = draw(st.sampled_from(((0,), (n - 1,), (0, n - 1)) if loop else ((0,), (n - 1,))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    f = rng.integers(-2, 3, (n, m)) if draw(st.booleans()) else rng.permutation(n * m).reshape(n, m)
    for row in rows:
        f[row] = f[row, 0]
    lat = np.linspace(-90 if 0 in rows else -80, 90 if n - 1 in rows else 80, n)
    lon = np.arange(m) * (360 if loop else 200) / m
    return f, rows, loop, fg.Grid.geographic(lat, lon, periodic=loop)


@given(fields_with_poles())
def test_a_pole_is_one_vertex(case):
    f, rows, loop, grid = case
    names = morse_oracle.pole_names(f.shape, [(0, row, (1,)) for row in rows])
    cp = assert_as_the_oracle(f, grid, (False, loop), names)
    assert cp.euler == ((2, 2) if len(rows) == 2 else (1, 1))


def assert_as_the_oracle(f, grid, periodic, names):
    cp = fg.critical_points(f, grid, method="linear", persistence=True)
    vertices = np.ravel_multi_index(cp.indices.astype(int).T, f.shape)
    expected = morse_oracle.critical_vertices(f, periodic, names=names)
    assert list(zip(vertices.tolist(), cp.index.tolist(), strict=True)) == expected
    assert cp.complete
    born = [k for k in range(len(cp)) if cp.partner[k] < 0 or cp.index[k] < cp.index[cp.partner[k]]]
    pairs = [(vertices[k], vertices[cp.partner[k]] if cp.partner[k] >= 0 else -1, cp.index[k]) for k in born]
    assert sorted(pairs) == morse_oracle.pairs(f, periodic, names)
    return cp


@st.composite
def spaces_with_poles(draw):
    """A grid with poles, which axes are periodic, the poles, and the Euler characteristic."""
    n, m, k = (draw(st.integers(3, 5)) for _ in range(3))
    loop = draw(st.booleans())
    angle = np.arange(m) * (2 * np.pi if loop else 4) / m
    if draw(st.booleans()):
        periodic = (False, loop, draw(st.booleans()))
        grid = fg.Grid.cylindrical(np.arange(n), angle, np.arange(k), periodic=periodic)
        return grid, (n, m, k), periodic, [(0, 0, (1,))], 1 - periodic[2]
    north, south, origin = draw(st.sampled_from([some for some in itertools.product((0, 1), repeat=3) if any(some)]))
    rho, theta = np.arange(n) + 1.0 - origin, np.linspace(0 if north else 0.5, np.pi if south else 2.5, k)
    grid = fg.Grid.spherical(rho, theta, angle, periodic=loop)
    poles = [(1, 0, (2,))] * north + [(1, -1, (2,))] * south + [(0, 0, (1, 2))] * origin
    shell = loop and north and south and not origin
    return grid, (n, k, m), (False, False, loop), poles, 2 if shell else 1


@given(spaces_with_poles(), st.booleans(), st.integers(0, 2**32 - 1))
def test_in_space_a_pole_is_one_vertex(case, ties, seed):
    grid, shape, periodic, poles, characteristic = case
    rng = np.random.default_rng(seed)
    f = rng.integers(-2, 3, shape) if ties else rng.permutation(np.prod(shape)).reshape(shape)
    names = morse_oracle.pole_names(shape, poles)
    cp = assert_as_the_oracle(f.ravel()[names].reshape(shape), grid, periodic, names)
    assert cp.euler == (characteristic, characteristic)


@pytest.mark.parametrize(
    ("grid", "box", "characteristic"),
    [
        (disc(5)[0], ((0, 0.1), None), 1),
        (cylinder(5)[0], ((0, 0.1), None, None), 1),
        (cylinder(5)[0], (None, None, (-0.9, -0.8)), 1),
        (cylinder(5)[0], (None, (0, 2), None), 1),
        (ball(5)[0], ((0, 0.1), None, None), 1),
        (ball(5)[0], ((0.2, 0.3), None, None), 2),
        (ball(5)[0], (None, (0, 0.1), None), 1),
        (ball(5)[0], (None, (0, 1), None), 1),
        (ball(5)[0], (None, (0.7, 2), None), 1),
        (ball(5)[0], ((0.2, 1), None, None), 2),
        (ball(5)[0], ((0.2, 1), None, (0, 2)), 1),
    ],
)
def test_parts_with_poles_have_their_characteristic(grid, box, characteristic):
    f = np.random.default_rng(0).standard_normal(grid.shape)
    cp = fg.critical_points(f, grid, method="linear", persistence=True, box=box)
    assert cp.complete
    assert cp.euler == (characteristic, characteristic)
    assert np.isinf(cp.persistence).sum() == characteristic  # no part here has a loop without end


def test_a_constant_around_an_axis_is_one_minimum():
    for grid in (ball(5)[0], cylinder(5)[0]):
        cp = fg.critical_points(np.zeros(grid.shape), grid, method="linear", persistence=True)
        assert cp.kind.tolist() == ["minimum"]
        assert cp.complete


def test_persistence_of_a_spline_through_a_pole():
    grid, x = globe(36)
    cp = fg.critical_points(x[..., 2] + 0.6 * x[..., 0] ** 2, grid, persistence=True)
    linear = fg.critical_points(x[..., 2] + 0.6 * x[..., 0] ** 2, grid, method="linear", persistence=True)
    assert cp.complete
    assert not np.isnan(cp.persistence).any()
    finite = np.isfinite(cp.persistence)
    stands_out = np.sort(linear.persistence[np.isfinite(linear.persistence)])[-finite.sum() :]
    np.testing.assert_allclose(np.sort(cp.persistence[finite]), stands_out, atol=1e-12)


def test_persistence_of_a_spline_through_an_origin():
    grid, x = ball(12)
    cp = fg.critical_points(quadratic(x, (1.0, 2.0, 3.0)), grid, persistence=True)
    assert cp.kind.tolist() == ["minimum"]
    assert cp.persistence.tolist() == [np.inf]


def test_infinite_samples_stand_above_all():
    f = np.zeros((4, 6))
    f[0], f[2, 3] = np.inf, np.inf
    cp = fg.critical_points(f, fg.Grid.polar(np.arange(4.0), circle(6)), method="linear", persistence=True)
    assert cp.kind.tolist().count("maximum") == 2
    assert cp.complete
