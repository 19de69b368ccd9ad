"""Derivatives beside MetPy's, on Cartesian and on geographic coordinates.

Deviations:

* Components are in the order of the axes, latitude first: MetPy gives and takes the eastward one first.
* Ends are of second order in MetPy, of first order here, unless ``edge_order=2``. Its second derivatives end with
  those of the samples next to the ends.
* MetPy divides by the geodesic length of a degree of latitude and, on an ellipsoid, by its scale once more: northward
  derivatives on WGS84 are 0.7 % too large at the equator. So only eastward ones are compared there.
* Vorticity and divergence are made of other differences, of the same order.
"""

import numpy as np
import pytest

import fieldgrad as fg

pytestmark = [pytest.mark.metpy, pytest.mark.uninstrumented]

RNG = np.random.default_rng(0)
X, Y = (np.cumsum(RNG.uniform(0.5, 1.5, n)) for n in (20, 15))
FIELD = RNG.normal(size=(20, 15))


def test_uneven_axes():
    from metpy import calc

    desired = calc.gradient(FIELD, axes=(0, 1), coordinates=(X, Y))
    np.testing.assert_allclose(fg.gradient(FIELD, X, Y, edge_order=2), [np.asarray(g) for g in desired], atol=1e-13)
    desired = np.asarray(calc.second_derivative(FIELD, axis=0, x=X))
    np.testing.assert_allclose(fg.partial(FIELD, X, Y, axis=0, order=2)[1:-1], desired[1:-1], atol=1e-12)
    desired = np.asarray(calc.laplacian(FIELD, axes=(0, 1), coordinates=(X, Y)))
    inside = slice(1, -1), slice(1, -1)
    np.testing.assert_allclose(fg.laplacian(FIELD, X, Y)[inside], desired[inside], atol=1e-12)


def globe(n, figure):
    """Places, winds, grid, and MetPy's arguments."""
    from metpy.units import units
    from pyproj import CRS

    lat, lon = np.linspace(-60, 70, n), np.linspace(0, 90, 2 * n)
    shape = "+R=6371008.8" if figure == "sphere" else "+ellps=WGS84"
    arguments = {
        "latitude": lat * units.degrees,
        "longitude": lon * units.degrees,
        "crs": CRS(f"+proj=longlat {shape}"),
    }
    grid = fg.Grid.geographic(lat, lon, ellipsoid=None if figure == "sphere" else figure)
    return np.radians(lat)[:, None], np.radians(lon), grid, arguments


@pytest.mark.parametrize("figure", ("sphere", "WGS84"))
def test_gradient_on_the_globe(figure):
    from metpy.calc import geospatial_gradient

    lat, lon, grid, arguments = globe(33, figure)
    f = np.sin(2 * lat) * np.cos(lon)
    north, east = fg.gradient(f, grid, edge_order=2)
    their_east, their_north = (g.magnitude for g in geospatial_gradient(f, **arguments))
    np.testing.assert_allclose(east, their_east, rtol=0, atol=1e-10 * np.abs(east).max())
    if figure == "sphere":
        np.testing.assert_allclose(north, their_north, rtol=0, atol=1e-10 * np.abs(north).max())


def test_winds_converge_to_one_another():
    from metpy import calc
    from metpy.units import units

    differences = []
    for n in (41, 81):
        lat, lon, grid, arguments = globe(n, "sphere")
        f = np.sin(2 * lat) * np.cos(lon)
        east, north = np.cos(lat) * np.sin(2 * lon), np.sin(2 * lat) * np.cos(lon)
        winds = [wind * units("m/s") for wind in (east, north)]
        pairs = (
            (fg.curl([north, east], grid, edge_order=2), calc.vorticity(*winds, **arguments)),
            (fg.divergence([north, east], grid, edge_order=2), calc.divergence(*winds, **arguments)),
            (fg.laplacian(f, grid), calc.geospatial_laplacian(f * units.m, **arguments)),
        )
        inside = slice(n // 20, -(n // 20)), slice(n // 10, -(n // 10))
        differences.append(
            [np.abs(ours - theirs.magnitude)[inside].max() / np.abs(ours).max() for ours, theirs in pairs]
        )
    orders = np.log2(np.divide(*differences))
    assert (orders > 1.8).all(), orders
