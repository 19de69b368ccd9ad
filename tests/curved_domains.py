"""Discs, globes, balls and cylinders: their grids, and where in space the samples are."""

import numpy as np

import fieldgrad as fg
from curved_cases import circle


def from_polar(points):
    r, theta, *z = np.moveaxis(np.asarray(points), -1, 0)
    return np.stack([r * np.cos(theta), r * np.sin(theta), *z], axis=-1)


def from_globe(points):
    lat, lon = np.moveaxis(np.radians(points), -1, 0)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def from_spherical(points):
    rho, theta, phi = np.moveaxis(np.asarray(points), -1, 0)
    s = np.sin(theta)
    return np.stack([rho * s * np.cos(phi), rho * s * np.sin(phi), rho * np.cos(theta)], axis=-1)


def places(grid):
    """Coordinates of all samples, (*S, d)."""
    return np.stack(np.meshgrid(*grid.coords, indexing="ij"), axis=-1)


def disc(n, inner=0.0, turn=None):
    grid = fg.Grid.polar(np.linspace(inner, 1, n), circle(3 * n) if turn is None else turn)
    return grid, from_polar(places(grid))


def globe(n, **options):
    grid = fg.Grid.geographic(np.linspace(-90, 90, n), np.linspace(0, 360, 2 * n, endpoint=False), **options)
    return grid, from_globe(places(grid))


def ball(n, inner=0.0, last=np.pi):
    grid = fg.Grid.spherical(np.linspace(inner, 1, n), np.linspace(0, last, n + 3), circle(2 * n))
    return grid, from_spherical(places(grid))


def cylinder(n, inner=0.0):
    grid = fg.Grid.cylindrical(np.linspace(inner, 1, n), circle(2 * n, repeated=True), np.linspace(-0.9, 0.9, n))
    return grid, from_polar(places(grid))


def quadratic(x, weights, turn=None):
    return ((x if turn is None else x @ turn) ** 2 * weights).sum(axis=-1)
