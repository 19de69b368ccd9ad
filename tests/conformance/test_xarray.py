"""Derivatives beside those of labelled arrays: xarray's along a coordinate, xgcm's between cells and their faces.

Deviations:

* xgcm takes differences between cells and faces, half a step apart, where there is no derivative here. What both have
  is at the cells: differences averaged back to them, and differences of differences. Where widths of cells change,
  these are of first order, while derivatives on uneven coordinates are of second order here.
* On the globe xgcm's way to the Laplacian is by fluxes through faces, which is another one of the same order.
"""

import numpy as np
import pytest
import xarray as xr
import xgcm

import fieldgrad as fg

RNG = np.random.default_rng(0)
SIZES = {"x": 24, "y": 20}
FIELD = RNG.normal(size=tuple(SIZES.values()))


def c_grid(widths, padding):
    """Cells, and the faces before them; widths of both along each axis are of all dimensions or of one."""
    axes = {name: {"center": name, "left": f"{name}_left"} for name in widths}
    parts = {f"d{at}": width for pair in widths.values() for at, width in pair.items()}
    ds = xr.Dataset(coords=parts)
    ds = ds.assign_coords({at: np.arange(n) for at, n in ds.sizes.items()})
    metrics = {(name,): [f"d{at}" for at in pair] for name, pair in widths.items()}
    return xgcm.Grid(ds, coords=axes, padding=padding, metrics=metrics, autoparse_metadata=False)


@pytest.mark.parametrize("edge_order", (1, 2))
@pytest.mark.parametrize("dim", SIZES)
def test_differentiate(dim, edge_order):
    coords = {name: np.cumsum(RNG.uniform(0.5, 1.5, n)) for name, n in SIZES.items()}
    desired = xr.DataArray(FIELD, coords, tuple(SIZES)).differentiate(dim, edge_order=edge_order)
    actual = fg.partial(FIELD, *coords.values(), axis=list(SIZES).index(dim), edge_order=edge_order)
    np.testing.assert_allclose(actual, desired, rtol=0, atol=1e-13)


def test_between_cells_and_faces():
    steps = {"x": 0.3, "y": 0.7}
    widths = {name: {at: (at, np.full(n, steps[name])) for at in (name, f"{name}_left")} for name, n in SIZES.items()}
    grid, f = c_grid(widths, "periodic"), xr.DataArray(FIELD, dims=tuple(SIZES))
    gradient = [grid.interp(grid.derivative(f, name), name) for name in SIZES]
    actual = fg.gradient(FIELD, *steps.values(), boundary="periodic")
    np.testing.assert_allclose(actual, gradient, rtol=0, atol=1e-13)
    laplacian = sum(grid.derivative(grid.derivative(f, name), name) for name in SIZES)
    actual = fg.laplacian(FIELD, *steps.values(), boundary="periodic")
    np.testing.assert_allclose(actual, laplacian, rtol=0, atol=1e-11)


def test_fluxes_on_the_globe():
    differences = []
    for n in (40, 80):
        lat, lon = np.linspace(-60, 60, n + 1), np.arange(2 * n) * 180 / n
        dlat, dlon = np.radians(120 / n), np.pi / n
        radius, faces = 2.0, lat - 60 / n
        east = radius * np.cos(np.radians(lat))[:, None] * np.full(2 * n, dlon)
        wide = radius * np.cos(np.radians(faces)) * dlon
        widths = {
            "lat": {at: (at, np.full(n + 1, radius * dlat)) for at in ("lat", "lat_left")},
            "lon": {at: (("lat", at), east) for at in ("lon", "lon_left")},
        }
        grid = c_grid(widths, {"lat": "fill", "lon": "periodic"})
        y, x = np.radians(lat)[:, None], np.radians(lon)
        f = np.cos(y) * np.sin(x) + np.sin(2 * y) * np.cos(y) * np.cos(x)
        cells = xr.DataArray(f, dims=("lat", "lon"))
        flux = grid.derivative(cells, "lat") * xr.DataArray(wide, dims="lat_left")
        area = xr.DataArray(east * radius * dlat, dims=("lat", "lon"))
        along = grid.derivative(grid.derivative(cells, "lon"), "lon")
        theirs = (grid.diff(flux, "lat") / area + along).transpose("lat", "lon").to_numpy()
        ours = fg.laplacian(f, fg.Grid.geographic(lat, lon, radius=radius))
        differences.append(np.abs(ours - theirs)[1:-1].max())
    assert differences[0] < 0.01 * np.abs(ours).max()
    assert np.log2(differences[0] / differences[1]) > 1.8
