"""critical_points on curved grids: through poles, around annuli, on globes, in balls, and on maps of any sort."""


import numpy as np
import pytest

import curved_oracle
import fieldgrad as fg
from curved_domains import (
    ball,
    circle,
    cylinder,
    disc,
    from_globe,
    from_polar,
    from_spherical,
    globe,
    places,
    quadratic,
)
from curved_oracle import Polynomial


def counts(cp):
    return len(cp.minima), len(cp.saddles), len(cp.maxima)


def rotation(seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]


def assert_same(mine, index, exact, expected, tolerance):
    """Each point once, with its index."""
    assert len(mine) == len(exact)
    if len(mine):
        distance = np.linalg.norm(mine[:, None] - exact, axis=2)
        nearest = distance.argmin(axis=1)
        assert sorted(nearest) == list(range(len(exact)))
        assert distance.min(axis=1).max() < tolerance
        np.testing.assert_array_equal(index, expected[nearest])


# ---- at a pole, and close to it ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", (4, 7, 16, 33))
@pytest.mark.parametrize(("sign", "kind"), ((1, "minimum"), (-1, "maximum")))
def test_an_extremum_at_the_pole_is_one_point(n, sign, kind):
    grid, x = disc(n)
    cp = fg.critical_points(sign * (x**2).sum(axis=-1), grid)
    assert cp.kind.tolist() == [kind]
    np.testing.assert_array_equal(cp.points, [[0, 0]])
    assert cp.complete
    assert cp.euler == (1, 1)
    np.testing.assert_allclose(cp.hessian[0], 2 * sign * np.eye(2), atol=1e-8)


def test_a_saddle_at_the_pole_has_its_ways_along_the_first_angle():
    grid, (x, y) = disc(21)[0], np.moveaxis(disc(21)[1], -1, 0)
    cp = fg.critical_points(x**2 - 3 * y**2 + 0.3 * x**3 - 0.2 * x * y**2, grid)
    assert cp.kind.tolist() == ["saddle"]
    np.testing.assert_allclose(cp.points[:, 0], 0, atol=1e-4)
    turn = cp.points[0, 1]
    radial, around = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    frame = np.stack([radial, around], axis=1)
    np.testing.assert_allclose(cp.hessian[0], frame.T @ np.diag([2.0, -6.0]) @ frame, atol=2e-2)
    assert cp.complete


def test_the_name_of_a_pole_is_the_first_angle():
    theta = circle(36)[::-1] + 0.5
    grid = fg.Grid.polar(np.linspace(0, 1, 9), theta)
    x = from_polar(places(grid))
    np.testing.assert_array_equal(fg.critical_points((x**2).sum(axis=-1), grid).points, [[0, theta[0]]])
    lon = np.arange(0, 360, 10) - 180.0
    grid = fg.Grid.geographic(np.linspace(90, -90, 19), lon)
    cp = fg.critical_points(from_globe(places(grid))[..., 2], grid)
    np.testing.assert_array_equal(cp.points, [[-90, -180], [90, -180]])
    np.testing.assert_array_equal(cp.indices, [[18, 0], [0, 0]])


@pytest.mark.parametrize("curvature", (1.0, -1.7), ids=("minimum", "saddle"))
def test_a_point_that_moves_out_of_the_pole_is_always_one(curvature):
    grid, x = disc(16)
    for distance in np.linspace(0, 0.6, 31):
        for angle in (0.0, 0.3, 1.234):
            u, v = np.moveaxis(x - distance * np.array([np.cos(angle), np.sin(angle)]), -1, 0)
            field = u**2 + curvature * v**2 + 0.4 * u**3 - 0.3 * u * v**2
            cp = fg.critical_points(field, grid, box=((0, 0.7), None))
            assert len(cp) == 1
            assert cp.complete
            exact = distance * np.array([[np.cos(angle), np.sin(angle)]])
            np.testing.assert_allclose(from_polar(cp.points), exact, atol=2e-3)


def test_a_degenerate_point_at_the_pole_is_undecided_and_counts():
    grid, x = disc(17)
    x, y = np.moveaxis(x, -1, 0)
    cp = fg.critical_points(x**3 - 3 * x * y**2, grid)
    assert not cp.complete
    [part] = cp.undecided
    assert len(cp) == 0
    assert part.poincare_index == -2
    assert part.low[0] == 0 and part.high[0] < 1e-3
    np.testing.assert_allclose(part.high[1] - part.low[1], 2 * np.pi)
    assert cp.euler == (1, 1)


def test_a_flat_disc_is_one_undecided_part():
    for grid in (disc(9)[0], globe(9)[0]):
        cp = fg.critical_points(np.full(grid.shape, 3.5), grid)
        assert len(cp) == 0 and not cp.complete
        [part] = cp.undecided
        np.testing.assert_allclose(part.low, [x.min() for x in grid.coords])


# ---- on globes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", (19, 36))
def test_a_turned_quadratic_form_has_two_of_each(n, seed):
    grid, x = globe(n)
    turn, weights = rotation(seed), np.array([1, 2, 3.5])
    cp = fg.critical_points(quadratic(x, weights, turn), grid)
    assert counts(cp) == (2, 2, 2)
    assert cp.complete
    assert cp.euler == (2, 2)
    exact = np.concatenate([turn.T, -turn.T])
    assert_same(from_globe(cp.points), cp.index, exact, np.array([0, 1, 2, 0, 1, 2]), 10 / n**3)
    np.testing.assert_allclose(cp.values, np.repeat(weights, 2), atol=10 / n**4)


@pytest.mark.parametrize("seed", range(3))
def test_curvatures_do_not_depend_on_where_the_poles_are(seed):
    """Of a quadratic form on the unit sphere: twice the differences to the other two weights."""
    grid, x = globe(46, radius=1.0)
    cp = fg.critical_points(quadratic(x, np.array([1, 2, 3.5]), rotation(seed) if seed else None), grid)
    expected = [[2, 5], [2, 5], [-2, 3], [-2, 3], [-5, -3], [-5, -3]]
    np.testing.assert_allclose(cp.eigenvalues, expected, atol=2e-2)
    far = fg.critical_points(quadratic(x, np.array([1, 2, 3.5])), globe(46, radius=10.0)[0])
    np.testing.assert_allclose(far.eigenvalues, np.array(expected) / 100, atol=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_product_of_three_coordinates(seed):
    grid, x = globe(40)
    turn = rotation(seed) if seed else np.eye(3)
    cp = fg.critical_points(np.prod(x @ turn, axis=-1), grid)
    assert counts(cp) == (4, 6, 4)
    assert cp.complete
    saddles = np.concatenate([turn.T, -turn.T])
    assert_same(from_globe(cp.saddles.points), cp.saddles.index, saddles, np.ones(6, int), 1e-3)
    np.testing.assert_allclose(cp.maxima.values, 3**-1.5, atol=1e-4)


def test_an_ellipsoid_is_a_globe():
    grid, x = globe(37, ellipsoid="WGS84")
    cp = fg.critical_points(quadratic(x, np.array([1, 2, 3.5]), rotation(7)), grid)
    assert counts(cp) == (2, 2, 2)
    assert cp.complete


def test_half_a_globe_is_a_disc():
    lat, lon = np.linspace(90, 0, 19), np.arange(-180, 181, 10.0)
    grid = fg.Grid.geographic(lat, lon)
    x = from_globe(places(grid))
    cp = fg.critical_points(x @ np.array([0.2, -0.1, 1.0]), grid)
    assert cp.kind.tolist() == ["maximum"]
    assert cp.complete
    assert cp.euler == (1, 1)


# ---- every point ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", (0, 1, 2, 3, 4, 6))
def test_points_on_a_disc_are_those_of_the_plane(seed):
    f = Polynomial(2, 5, seed)
    exact, index = curved_oracle.in_ball(f, 2, 25)
    distance = np.linalg.norm(exact, axis=1)
    assert not ((distance > 0.98) & (distance < 1)).any()  # on the rim a small error would matter
    grid, x = disc(24)
    cp = fg.critical_points(f(x), grid)
    assert cp.complete
    assert_same(from_polar(cp.points), cp.index, exact, index, 2e-3)


@pytest.mark.parametrize("seed", range(6))
def test_points_on_a_globe_are_those_of_the_sphere(seed):
    f = Polynomial(3, 3, seed)
    exact, index = curved_oracle.on_sphere(f, 14)
    grid, x = globe(36)
    cp = fg.critical_points(f(x), grid)
    assert cp.complete
    assert_same(from_globe(cp.points), cp.index, exact, index, 2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_points_in_a_ball_are_those_of_space(seed):
    f = Polynomial(3, 3, seed)
    exact, index = curved_oracle.in_ball(f, 3, 9)
    grid, x = ball(14)
    cp = fg.critical_points(f(x), grid)
    assert cp.complete
    assert_same(from_spherical(cp.points), cp.index, exact, index, 5e-3)


def test_places_converge_with_the_third_power_of_the_step():
    disc_wave, sphere_wave = Polynomial(2, 5, 1), Polynomial(3, 3, 2)
    on_disc, on_sphere = curved_oracle.in_ball(disc_wave, 2, 25)[0], curved_oracle.on_sphere(sphere_wave, 14)[0]
    for make, f, exact, place in ((disc, disc_wave, on_disc, from_polar), (globe, sphere_wave, on_sphere, from_globe)):
        errors = []
        for n in (20, 40, 80):
            grid, x = make(n)
            mine = place(fg.critical_points(f(x), grid).points)
            errors.append(np.linalg.norm(mine[:, None] - exact, axis=2).min(axis=1).max())
        assert errors[0] / errors[2] > 4**2.5


@pytest.mark.parametrize("shift", (1, 5, 17))
def test_turning_a_disc_turns_its_points(shift):
    grid, x = disc(20)
    f = Polynomial(2, 5, 3)(x)
    cp, turned = fg.critical_points(f, grid), fg.critical_points(np.roll(f, shift, 1), grid)
    angle = shift * 2 * np.pi / f.shape[1]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert_same(from_polar(turned.points), turned.index, from_polar(cp.points) @ turn, cp.index, 1e-3)


@pytest.mark.parametrize("make", (ball, cylinder), ids=("ball", "cylinder"))
@pytest.mark.parametrize("seed", range(3))
def test_crowded_fields_in_space_are_complete(make, seed):
    """Points are next to every surface that charts could meet at."""
    rng = np.random.default_rng(seed)
    grid, x = make(24)
    waves, phases = 5 * rng.standard_normal((3, 12)), rng.uniform(0, 6, 12)
    cp = fg.critical_points(np.sin(x @ waves + phases).sum(axis=-1), grid)
    assert len(cp) > 30
    assert cp.complete
    assert cp.euler == (1, 1)


# ---- in other domains ----------------------------------------------------------------------------------------


def wells(x):
    """Two values of each coordinate where it is stationary: 2^d points, a binomial number of each index."""
    x = x + np.array([-0.01, 0.02, 0.005])[: x.shape[-1]]
    return (x**3 / 3 - 0.16 * x).sum(axis=-1)


@pytest.mark.parametrize(
    ("grid", "x", "characteristic"),
    [
        (*disc(20), 1),
        (*disc(20, 0.3), 0),
        (*cylinder(14), 1),
        (*cylinder(14, 0.3), 0),
        (*ball(14), 1),
        (*ball(14, 0.2), 2),
        (*ball(14, 0.2, 2.0), 1),
    ],
    ids=("disc", "annulus", "cylinder", "tube", "ball", "shell", "open shell"),
)
def test_the_count_is_that_of_the_domain(grid, x, characteristic):
    cp = fg.critical_points(wells(x), grid)
    assert cp.complete
    assert cp.euler == (characteristic, characteristic)
    inside = (x[..., 2].min() < -0.5) if x.shape[-1] == 3 else True
    if inside:
        expected = (1, 2, 1) if x.shape[-1] == 2 else (1, 3, 3, 1)
        np.testing.assert_array_equal(np.bincount(cp.index), expected)


def test_a_periodic_height_closes_a_cylinder():
    r, z = np.linspace(0, 1, 12), np.arange(16) / 16
    grid = fg.Grid.cylindrical(r, circle(24), z, periodic=(False, None, True))
    x, y, z = np.moveaxis(from_polar(places(grid)), -1, 0)
    cp = fg.critical_points(x**2 + 2 * y**2 + 0.1 * x + np.cos(2 * np.pi * z), grid)
    np.testing.assert_array_equal(cp.index, (0, 1))
    assert cp.complete
    assert cp.euler == (0, 0)


@pytest.mark.parametrize("sign", (1, -1))
def test_fields_that_are_constant_around_an_axis(sign):
    """Their rims are flat: circles of degenerate points, from which the field ascends or not."""
    for grid, x in (disc(17), cylinder(12), ball(12)):
        far = (x[..., :2] ** 2).sum(axis=-1)
        field = sign * (far + (x[..., 2] - 0.1) ** 2 if x.shape[-1] == 3 else far)
        cp = fg.critical_points(field, grid)
        assert cp.kind.tolist() == ["minimum" if sign > 0 else "maximum"]
        assert cp.complete
        assert cp.euler == (1, 1)


def test_a_saddle_at_the_centre_of_a_ball():
    grid, x = ball(15)
    x, y, z = np.moveaxis(x, -1, 0)
    cp = fg.critical_points(x**2 + 2 * y**2 - z**2, grid)
    np.testing.assert_array_equal(cp.index, [1])
    np.testing.assert_array_equal(cp.points, [[0, 0, 0]])
    np.testing.assert_allclose(cp.eigenvalues, [[-2, 2, 4]], atol=5e-3)
    assert cp.complete


def test_points_on_the_axis_of_a_ball():
    grid, x = ball(15)
    x, y, z = np.moveaxis(x, -1, 0)
    cp = fg.critical_points(x**2 + 2 * y**2 + z**3 / 3 - 0.16 * z, grid)
    np.testing.assert_array_equal(cp.index, [0, 1])
    np.testing.assert_allclose(cp.points, [[0.4, 0, 0], [0.4, np.pi, 0]], atol=2e-3)
    assert cp.complete


# ---- coordinates of any sort ---------------------------------------------------------------------------------


def himmelblau(x, y):
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


HIMMELBLAU_MINIMA = [[3, 2], [-2.805118, 3.131312], [-3.779310, -3.283186], [3.584428, -1.848127]]


def bent(n):
    """A sheared and wavy map of a square, its Jacobian [a, i] per step, and its samples."""
    u, v = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n + 5), indexing="ij")
    x, y = 4.5 * u + 0.4 * v + 0.3 * np.sin(2 * v), 4.5 * v + 0.3 * np.sin(2 * u)
    jacobian = np.array([[4.5 + 0 * u, 0.4 + 0.6 * np.cos(2 * v)], [0.6 * np.cos(2 * u), 4.5 + 0 * u]])
    return x, y, jacobian


def test_points_of_a_map_are_positions():
    x, y, _ = bent(60)
    for method, tolerance in (("spline", 1e-3), ("linear", 0.2)):
        cp = fg.critical_points(himmelblau(x, y), fg.Grid.curvilinear(x, y), method=method)
        assert cp.complete
        rightmost = cp.minima.points[np.argmax(cp.minima.points[:, 0])]
        np.testing.assert_allclose(rightmost, HIMMELBLAU_MINIMA[-1], atol=tolerance)
    cp = fg.critical_points(himmelblau(x, y), fg.Grid.curvilinear(x, y))
    assert counts(cp) == (4, 4, 1)
    assert_same(cp.minima.points, cp.minima.index, np.array(HIMMELBLAU_MINIMA), np.zeros(4, int), 2e-3)
    nearest = np.argmin(np.linalg.norm(cp.points - (3, 2), axis=1))
    np.testing.assert_allclose(cp.hessian[nearest], [[74, 20], [20, 34]], atol=0.3)  # in Cartesian components


def test_a_metric_gives_the_curvatures_and_nothing_else():
    x, y, jacobian = bent(60)
    step = np.array([2 / 59, 2 / 64])
    grid = fg.Grid.riemannian(np.einsum("ai...,ak...->ik...", jacobian, jacobian), *step)
    cp = fg.critical_points(himmelblau(x, y), grid)
    flat = fg.critical_points(himmelblau(x, y), *step)
    np.testing.assert_array_equal(cp.points, flat.points)
    assert cp.complete
    there = fg.critical_points(himmelblau(x, y), fg.Grid.curvilinear(x, y))
    np.testing.assert_allclose(cp.eigenvalues, there.eigenvalues, rtol=2e-2, atol=0.3)


def test_hessians_are_physical():
    grid, x = disc(40)
    f = Polynomial(2, 5, 1)
    cp = fg.critical_points(f(x), grid)
    turn = cp.points[:, 1]
    frame = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    expected = np.einsum("ain,nab,bjn->nij", frame, f.hessian(from_polar(cp.points)), frame)
    np.testing.assert_allclose(cp.hessian, expected, atol=2e-2 * np.abs(expected).max())
    rebuilt = np.einsum("nij,nj,nkj->nik", cp.eigenvectors, cp.eigenvalues, cp.eigenvectors)
    np.testing.assert_allclose(rebuilt, cp.hessian, atol=1e-9)


@pytest.mark.parametrize(
    "grid",
    (
        fg.Grid.geographic(np.linspace(-90, 90, 37), np.arange(0, 360, 5.0), radius=1.0),
        fg.Grid.geographic(np.linspace(90, -90, 37), np.arange(30, 390, 5.0), ellipsoid=(1.0, 0.1)),
    ),
    ids=("globe", "ellipsoid"),
)
def test_hessians_are_those_of_the_operator(grid):
    """At samples, two of which are poles."""
    field = quadratic(from_globe(places(grid)), np.array([1, 2, 3.5]))
    cp = fg.critical_points(field, grid)
    assert counts(cp) == (2, 2, 2)
    expected = fg.hessian(field, grid, accuracy=6)
    np.testing.assert_allclose(cp.indices, cp.indices.round(), atol=1e-6)
    for matrix, (i, j) in zip(cp.hessian, cp.indices.round().astype(int), strict=True):
        np.testing.assert_allclose(matrix, expected[:, :, i, j % field.shape[1]], atol=2e-2)


# ---- what must not matter ------------------------------------------------------------------------------------


def test_the_end_of_the_circle_may_be_there_twice():
    once, x = disc(12)
    twice = fg.Grid.polar(once.coords[0], circle(36, repeated=True))
    f = Polynomial(2, 5, 3)(x)
    again = np.concatenate([f, f[:, :1]], axis=1)
    for method in ("spline", "linear"):
        cp, other = (fg.critical_points(g, grid, method=method) for g, grid in ((f, once), (again, twice)))
        np.testing.assert_allclose(other.points, cp.points, atol=1e-12)
        np.testing.assert_array_equal(other.index, cp.index)
        assert other.complete


@pytest.mark.parametrize("count", (35, 36))
def test_circles_need_no_opposite_samples(count):
    """Nor even ones."""
    f = Polynomial(2, 5, 3)
    reference = fg.critical_points(f(disc(40)[1]), disc(40)[0])
    theta = circle(count) + 0.05 * np.sin(circle(count))
    r = np.linspace(0, 1, 16)
    for grid in (fg.Grid.polar(r, circle(count)), fg.Grid.polar(r, theta, periodic=True)):
        cp = fg.critical_points(f(from_polar(places(grid))), grid)
        assert cp.complete
        exact = from_polar(reference.points)
        assert_same(from_polar(cp.points), cp.index, exact, reference.index, 3e-3)


def test_rings_may_be_uneven():
    f = Polynomial(2, 5, 3)
    exact, index = curved_oracle.in_ball(f, 2, 25)
    grid = fg.Grid.polar(np.sin(np.linspace(0, np.pi / 2, 30)) ** 1.5, circle(60))
    cp = fg.critical_points(f(from_polar(places(grid))), grid)
    assert cp.complete
    assert_same(from_polar(cp.points), cp.index, exact, index, 3e-3)


def test_descending_axes_do_not_matter():
    f = Polynomial(3, 3, 4)
    lat, lon = np.linspace(-90, 90, 31), np.arange(0, 360, 6.0)
    found = []
    for a, b in ((lat, lon), (lat[::-1], lon), (lat, lon[::-1]), (lat[::-1], lon[::-1])):
        grid = fg.Grid.geographic(a, b)
        found.append([fg.critical_points(f(from_globe(places(grid))), grid, method=m) for m in ("spline", "linear")])
    for spline, linear in found:
        assert spline.complete and linear.complete
        assert_same(from_globe(spline.points), spline.index, from_globe(found[0][0].points), found[0][0].index, 1e-9)
        assert linear.euler == (2, 2)


@pytest.mark.parametrize("dtype", (np.float32, np.int32, np.uint8, np.longdouble))
def test_other_numbers(dtype):
    grid, x = globe(24)
    f = 100 + 50 * quadratic(x, np.array([1, 1.6, 2.2]), rotation(1))
    f = f.astype(dtype)
    cp = fg.critical_points(np.asarray(f, float), grid)
    same = fg.critical_points(f, grid)
    np.testing.assert_allclose(same.points, cp.points, atol=1e-12)
    linear = fg.critical_points(f, grid, method="linear", persistence=True)
    assert linear.euler == (2, 2)
    np.testing.assert_array_equal(linear.points, fg.critical_points(f.astype(float), grid, method="linear").points)


def test_workers_do_not_matter():
    for grid, x in (disc(20), globe(20), ball(10)):
        f = wells(x)
        one, three = (fg.critical_points(f, grid, workers=n) for n in (1, 3))
        for name in ("points", "values", "hessian", "index"):
            np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


@pytest.mark.parametrize(("factor", "offset"), ((1e12, 0.0), (1e-12, 0.0), (1.0, 1e6), (-1.0, 0.0)))
def test_units_do_not_matter(factor, offset):
    grid, x = globe(24)
    f = Polynomial(3, 3, 4)(x)
    cp, other = fg.critical_points(f, grid), fg.critical_points(factor * f + offset, grid)
    assert other.complete
    expected = cp.index if factor > 0 else 2 - cp.index
    assert_same(from_globe(other.points), other.index, from_globe(cp.points), expected, 1e-6)


# ---- parts, and samples that are absent ----------------------------------------------------------------------


def test_a_box_is_a_disc_or_a_ring_or_a_sector():
    grid, x = disc(24)
    f = Polynomial(2, 5, 1)(x)
    whole = fg.critical_points(f, grid)
    for box, characteristic in (
        (((0, 0.6), None), 1),
        (((0.4, 0.9), None), 0),
        (((0.3, 1.0), (1.0, 4.0)), 1),
        ((None, None), 1),
    ):
        cp = fg.critical_points(f, grid, box=box)
        assert cp.complete
        assert cp.euler == (characteristic, characteristic)
        inside = np.ones(len(whole), bool)
        for k, pair in enumerate(box):
            if pair is not None:
                inside &= (whole.points[:, k] >= pair[0]) & (whole.points[:, k] <= pair[1])
        assert_same(from_polar(cp.points), cp.index, from_polar(whole.points[inside]), whole.index[inside], 1e-3)


def test_next_to_a_pole_on_the_rim_nothing_is_searched():
    r, theta = np.linspace(0, 1, 12), np.linspace(0, 2, 15)
    grid = fg.Grid.polar(r, theta)
    x = from_polar(places(grid)) - (0.3, 0.4)
    cp = fg.critical_points((x**2).sum(axis=-1), grid)
    assert cp.kind.tolist() == ["minimum"]
    assert cp.euler == (1, 1)
    assert not cp.complete
    [part] = cp.unsearched
    np.testing.assert_allclose((part.low, part.high), ((0, 0), (r[1], 2)))


@pytest.mark.parametrize("at", ((0, 3), (2, 5), (12, 30)), ids=("pole", "near", "far"))
@pytest.mark.parametrize("method", ("spline", "linear"))
def test_absent_samples_are_unsearched(at, method):
    grid, x = disc(20)
    f = Polynomial(2, 5, 1)(x)
    whole = fg.critical_points(f, grid, method=method)
    f[at] = np.nan
    cp = fg.critical_points(f, grid, method=method)
    masked = fg.critical_points(np.ma.masked_invalid(f), grid, method=method)
    np.testing.assert_array_equal(masked.points, cp.points)
    if at[0] == 0:  # the pole has other names
        assert cp.complete
        assert_same(from_polar(cp.points), cp.index, from_polar(whole.points), whole.index, 1e-9)
        return
    assert not cp.complete
    [part] = cp.unsearched
    hole = np.array([grid.coords[k][i] for k, i in enumerate(at)])
    assert (part.low < hole).all() and (hole < part.high).all()
    assert part.high[0] - part.low[0] < 0.4
    if method == "spline":
        far = np.linalg.norm(from_polar(whole.points) - from_polar(hole), axis=1) > 0.3
        mine = np.linalg.norm(from_polar(cp.points) - from_polar(hole), axis=1) > 0.3
        assert_same(from_polar(cp.points)[mine], cp.index[mine], from_polar(whole.points)[far], whole.index[far], 1e-3)


def test_an_absent_pole_is_a_hole():
    grid, x = disc(20)
    f = Polynomial(2, 5, 1)(x)
    f[0] = np.nan
    for method in ("spline", "linear"):
        cp = fg.critical_points(f, grid, method=method)
        assert not cp.complete
        [part] = cp.unsearched
        assert part.low[0] == 0
        assert cp.points[:, 0].min() > 0


def test_samples_at_a_pole_are_their_mean():
    grid, x = disc(20)
    f = Polynomial(2, 5, 1)(x)
    g = f.copy()
    g[0] += np.random.default_rng(0).permutation(np.arange(f.shape[1]) - (f.shape[1] - 1) / 2)
    for method in ("spline", "linear"):
        cp, other = (fg.critical_points(h, grid, method=method) for h in (f, g))
        assert_same(from_polar(other.points), other.index, from_polar(cp.points), cp.index, 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_rough_fields_have_an_honest_answer(seed):
    """White noise is no function of the plane: next to the pole it has more to say around it than towards it."""
    grid, _ = disc(16)
    cp = fg.critical_points(np.random.default_rng(seed).standard_normal(grid.shape), grid)
    assert not cp.complete
    assert cp.undecided
    place = from_polar(cp.points)
    same = (cp.index[:, None] == cp.index) & ~np.eye(len(cp), dtype=bool)
    distance = np.linalg.norm(place[:, None] - place, axis=2)[same]
    assert distance.min() > 1e-4  # none is there from both sides of the circle


# ---- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "match", "grid", "shape", "options"),
    [
        (ValueError, "3 samples along axis 0", disc(3)[0], (3, 9), {}),
        (ValueError, "samples along axis 1", fg.Grid.polar(np.arange(5.0), circle(3, repeated=True)), (5, 4), {}),
        (ValueError, "box must ascend", disc(9)[0], (9, 27), {"box": ((0, 2), None)}),
        (ValueError, "box must be one", disc(9)[0], (9, 27), {"box": ((0, 1),)}),
        (ValueError, "the grid has 9 samples along axis 0", disc(9)[0], (8, 27), {}),
        (TypeError, "workers", disc(9)[0], (9, 27), {"workers": 1.5}),
    ],
)
def test_bad_input_is_named(error, match, grid, shape, options):
    with pytest.raises(error, match=match):
        fg.critical_points(np.random.default_rng(0).standard_normal(shape), grid, **options)


def test_linear_fields_in_space_without_their_poles():
    grid, x = ball(8)
    f = wells(x)
    box = ((0.2, 1.0), (0.5, 2.5), None)
    cp = fg.critical_points(f, grid, method="linear", persistence=True, box=box)
    assert cp.complete
    assert cp.euler == (0, 0)
