"""Grid.cartesian: coordinates, periodic axes and the geometry of flat space."""

import gc
import weakref

import numpy as np
import pytest

import fieldgrad as fg
import nasty
import oracles
from fieldgrad import _programs
from helpers import FUNCTIONS, assert_same_bits, assert_within_rounding

ACCURACIES = (2, 4, 6, 8)
X = nasty.uneven_coordinates(9)
Y = np.linspace(-1, 1, 12)


def periodic_uneven(n, seed=0):
    """n uneven coordinates of a circle of length 1."""
    steps = np.random.default_rng([seed, n]).uniform(0.2, 1.8, n)
    return (np.cumsum(steps) - steps[0]) / steps.sum()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("spacing", ((0.3, 0.7), (X, Y), (0.3, Y)), ids=("steps", "coordinates", "both"))
def test_grid_says_what_spacings_say(function, spacing):
    f = nasty.field((9, 12))
    grid = fg.Grid.cartesian(*spacing, shape=(9, 12))
    for options in ({}, {"edge_order": 2}, {"accuracy": 4}):
        assert_same_bits(function(f, grid, **options), function(f, *spacing, **options))


def test_grid_describes_all_axes_whichever_are_requested():
    f = nasty.field((9, 12))
    grid = fg.Grid.cartesian(X, 0.7, shape=(9, 12), periodic=(False, True))
    whole = fg.gradient(f, grid)
    assert_same_bits(fg.gradient(f, grid, axis=1), whole[1])
    assert_same_bits(fg.gradient(f, grid, axis=(1, 0)), whole[::-1])


def test_grid_knows_its_coordinates():
    grid = fg.Grid.cartesian(X, 0.5, shape=(9, 4), periodic=(False, True))
    assert grid.ndim == 2
    assert grid.shape == (9, 4)
    assert grid.periodic == (False, True)
    np.testing.assert_array_equal(grid.coords[0], X)
    np.testing.assert_array_equal(grid.coords[1], [0, 0.5, 1, 1.5])


def test_shape_follows_from_coordinates():
    assert fg.Grid.cartesian(X, Y).shape == (9, 12)


def test_one_step_serves_all_axes():
    f = nasty.field((4, 5, 6))
    assert_same_bits(fg.gradient(f, fg.Grid.cartesian(0.3, shape=f.shape)), fg.gradient(f, 0.3))
    assert_same_bits(fg.gradient(f, fg.Grid.cartesian(shape=f.shape)), fg.gradient(f))


def test_flat_space_has_unit_geometry():
    grid = fg.Grid.cartesian(X, Y)
    np.testing.assert_array_equal(grid.scale_factors, np.ones((2, 9, 12)))
    np.testing.assert_array_equal(grid.volume_element, np.ones((9, 12)))
    np.testing.assert_array_equal(grid.metric, np.eye(2)[:, :, None, None] * np.ones((9, 12)))


def test_flags_and_sizes_may_be_arrays_and_numbers():
    assert fg.Grid.cartesian(1.0, 2.0, shape=(4, 5), periodic=np.array([True, False])).periodic == (True, False)
    assert fg.Grid.cartesian(1.0, shape=5).shape == (5,)


def test_tables_are_freed_with_their_grid():
    grid = fg.Grid.cartesian(nasty.uneven_coordinates(4000), 0.5, shape=(4000, 5))
    for function in (fg.gradient, fg.laplacian, fg.hessian):
        function(np.ones(grid.shape), grid)
    before, there = len(_programs._recipes), weakref.ref(grid)
    del grid
    gc.collect()
    assert there() is None
    assert len(_programs._recipes) < before


def test_grid_is_immutable():
    x = X.copy()
    grid = fg.Grid.cartesian(x, Y)
    x[3] = 1000
    np.testing.assert_array_equal(grid.coords[0], X)
    for name in ("shape", "coords", "periodic", "scale_factors", "metric", "volume_element", "anything"):
        with pytest.raises(AttributeError):
            setattr(grid, name, None)
    for values in (*grid.coords, grid.scale_factors, grid.metric, grid.volume_element):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0


def test_repr_is_one_line():
    text = repr(fg.Grid.cartesian(X, Y, periodic=(True, False), period=100))
    assert "\n" not in text
    assert "cartesian" in text
    assert "(9, 12)" in text


# periodic axes


@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_periodic_grid_is_the_periodic_boundary(accuracy):
    f = nasty.field((9, 12))
    grid = fg.Grid.cartesian(0.3, 0.7, shape=f.shape, periodic=(True, False))
    assert_same_bits(
        fg.gradient(f, grid, accuracy=accuracy),
        fg.gradient(f, 0.3, 0.7, boundary=("periodic", "one-sided"), accuracy=accuracy),
    )
    everywhere = fg.Grid.cartesian(0.3, 0.7, shape=f.shape, periodic=True)
    assert_same_bits(
        fg.gradient(f, everywhere, accuracy=accuracy),
        fg.gradient(f, 0.3, 0.7, boundary="periodic", accuracy=accuracy),
    )


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("descending", (False, True))
@pytest.mark.parametrize("n", (9, 10, 40))
def test_periodic_coordinates_are_shifted_by_the_period(n, descending, accuracy):
    x = periodic_uneven(n)
    f = nasty.field((n, 2))
    if descending:
        x = x[::-1]
    grid = fg.Grid.cartesian(x, 1.0, shape=f.shape, periodic=(True, False), period=(1.0, None))
    expected, scale = oracles.derivative(
        f, x, accuracy, boundary=("periodic", "periodic"), period=-1.0 if descending else 1.0
    )
    assert_within_rounding(fg.gradient(f, grid, axis=0, accuracy=accuracy), expected, scale, 4 + accuracy)


@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_even_coordinates_imply_their_period(accuracy):
    theta = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    grid = fg.Grid.cartesian(theta, periodic=True)
    expected, scale = oracles.derivative(
        np.sin(theta), theta, accuracy, boundary=("periodic", "periodic"), period=2 * np.pi
    )
    for g in (
        fg.gradient(np.sin(theta), grid, accuracy=accuracy),
        fg.gradient(np.sin(theta), theta, boundary="periodic", accuracy=accuracy),
    ):
        assert_within_rounding(g, expected, scale, 12 + accuracy)


def test_seam_may_be_wider_than_the_steps():
    f = nasty.field((10,))
    grid = fg.Grid.cartesian(0.5, shape=(10,), periodic=True, period=7.0)
    expected, scale = oracles.derivative(f, oracles.even(10, 0.5), boundary=("periodic", "periodic"), period=7.0)
    assert_within_rounding(fg.gradient(f, grid), expected, scale, 4)


@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_constant_field_has_zero_gradient_across_the_seam(accuracy):
    grid = fg.Grid.cartesian(periodic_uneven(11), periodic=True, period=1.0)
    assert not fg.gradient(np.full(11, 1e9 / 7), grid, accuracy=accuracy).any()


def test_rolling_uneven_coordinates_rolls_the_gradient():
    x, f = periodic_uneven(13), nasty.field((13,))
    g = fg.gradient(f, fg.Grid.cartesian(x, periodic=True, period=1.0), accuracy=4)
    for shift in range(1, 13):
        rolled = np.roll(x, shift)
        rolled[:shift] -= 1
        again = fg.gradient(np.roll(f, shift), fg.Grid.cartesian(rolled, periodic=True, period=1.0), accuracy=4)
        np.testing.assert_allclose(again, np.roll(g, shift), rtol=0, atol=1e-11)


def test_whole_wave_converges_on_uneven_periodic_coordinates():
    errors = []
    for n in (40, 80):
        t = np.arange(n) / n
        x = t + 0.05 * np.sin(2 * np.pi * t)
        f = np.exp(2j * np.pi * x)
        g = fg.gradient(f, fg.Grid.cartesian(x, periodic=True, period=1.0), accuracy=4)
        errors.append(np.abs(g - 2j * np.pi * f).max())
    assert abs(np.log2(errors[0] / errors[1]) - 4) < 0.2


# errors


EITHER = (TypeError, ValueError)
BAD_GRIDS = {
    "nothing": ((), {}, EITHER, "spacing"),
    "too long": ((X, Y), {"shape": (9, 13)}, ValueError, "shape|spacing"),
    "one of two": ((X,), {"shape": (9, 12)}, EITHER, "spacing"),
    "three of two": ((X, Y, 1.0), {"shape": (9, 12)}, EITHER, "spacing"),
    "no period": ((X,), {"periodic": True}, ValueError, "period"),
    "period too short": ((X,), {"periodic": True, "period": 1e-3}, ValueError, "period"),
    "period of the end points": ((X,), {"periodic": True, "period": X[-1] - X[0]}, ValueError, "period"),
    "NaN period": ((X,), {"periodic": True, "period": np.nan}, ValueError, "period"),
    "infinite period": ((X,), {"periodic": True, "period": np.inf}, ValueError, "period"),
    "period is a string": ((X,), {"periodic": True, "period": "1"}, EITHER, "period"),
    "complex period": ((X,), {"periodic": True, "period": 1j}, EITHER, "period"),
    "periodic of one axis": ((X, Y), {"periodic": (True,), "period": 100}, ValueError, "periodic"),
    "period of one axis": ((X, Y), {"periodic": True, "period": (100.0,)}, ValueError, "period"),
    "period of an open axis": ((X, Y), {"period": (None, 100.0)}, ValueError, "period"),
    "period of no axis": ((X, Y), {"period": 100.0}, ValueError, "period=100.0 is given but axis 0 is not periodic"),
    "negative period": (
        (X,),
        {"periodic": True, "period": -100.0},
        ValueError,
        "period .* must be positive, got -100.0",
    ),
    "periodic is a string": ((X,), {"periodic": "no"}, TypeError, "periodic must be True, False .* got 'no'"),
    "broken size": ((1.0,), {"shape": (3, 4.7)}, TypeError, "shape must be .* got \\(3, 4.7\\)"),
    "negative size": ((1.0,), {"shape": (3, -4)}, ValueError, "no negative sizes, got \\(3, -4\\)"),
    "zero": ((0.0,), {"shape": (4,)}, ValueError, "spacing"),
    "NaN": ((np.nan,), {"shape": (4,)}, ValueError, "spacing"),
    "repeated coordinate": (([0.0, 1, 1, 2],), {}, ValueError, "spacing"),
    "up and down": (([0.0, 2, 1, 3],), {}, ValueError, "spacing"),
    "strings": ((["a", "b"],), {}, EITHER, "spacing"),
    "two-dimensional": ((np.ones((2, 2)),), {}, ValueError, "spacing"),
    "ragged": (([[1, 2], [3]],), {}, EITHER, "spacing"),
}


@pytest.mark.parametrize("name", BAD_GRIDS)
def test_bad_grid_is_refused(name):
    spacing, options, error, message = BAD_GRIDS[name]
    with pytest.raises(error, match=message):
        fg.Grid.cartesian(*spacing, **options)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_grid_must_fit_the_field(function):
    grid = fg.Grid.cartesian(X, Y)
    for shape in ((9, 11), (12, 9), (9,), (9, 12, 2)):
        with pytest.raises(ValueError, match="grid"):
            function(np.zeros(shape), grid)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_grid_comes_alone(function):
    grid = fg.Grid.cartesian(X, Y)
    with pytest.raises(TypeError, match=r"Grid|grid|spacing"):
        function(np.zeros((9, 12)), grid, 1.0)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("accuracy", (2, 4))
def test_uneven_periodic_boundary_needs_a_period(function, accuracy):
    with pytest.raises(ValueError, match="period"):
        function(np.zeros(9), X, boundary="periodic", accuracy=accuracy)
