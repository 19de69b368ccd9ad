"""Fields to differentiate, in every layout, and where their samples are."""

from __future__ import annotations

import numpy as np

import fieldgrad as fg


def dense(shape, dtype):
    random = np.random.default_rng(7)
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return random.integers(0, 200, shape, dtype)
    return random.random(shape, dtype)


def fortran(shape, dtype):
    return dense(shape[::-1], dtype).T


def rotated(shape, dtype):
    return dense((shape[1], shape[2], shape[0]), dtype).transpose(2, 0, 1)


def every_other(shape, dtype):
    return dense([2 * n for n in shape], dtype)[::2, ::2, ::2]


def last_axis_strided(shape, dtype):
    return dense((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]


def byte_swapped(shape, dtype):
    f = dense(shape, dtype)
    return f.astype(f.dtype.newbyteorder())


def unaligned(shape, dtype):
    aligned = dense(shape, dtype)
    f = np.empty(aligned.nbytes + 1, np.uint8)[1:].view(dtype).reshape(shape)
    f[...] = aligned
    return f


def photograph(shape, dtype):
    """A photograph and its mirror images, as often as they fit."""
    from skimage import data

    return _tiled(data.camera(), shape, dtype)


def colours(shape, dtype):
    from skimage import data

    return _tiled(data.astronaut(), shape, dtype)


def volume(shape, dtype):
    """Blobs of some size, and noise."""
    from scipy.ndimage import gaussian_filter, zoom

    random = np.random.default_rng(5)
    coarse = gaussian_filter(random.standard_normal([n // 4 for n in shape]), 2, mode="wrap")
    blobs = zoom(coarse, 4, order=1) > 0
    return (blobs + 0.2 * random.standard_normal(shape)).astype(dtype)


def _tiled(picture, shape, dtype):
    extent = [(0, max(0, n - m)) for n, m in zip(shape, picture.shape, strict=True)]
    tiled = np.pad(picture, extent, mode="symmetric")[tuple(slice(n) for n in shape)]
    return np.ascontiguousarray(tiled) if dtype == "u1" else (tiled / 255).astype(dtype)


def centred(shape, dtype):
    """Samples around zero."""
    f = dense(shape, dtype)
    return f - (f.min() + f.max()) / 2


def noise(shape, dtype):
    return np.random.default_rng(3).standard_normal(shape).astype(dtype)


def waves(shape, dtype):
    """A smooth field, a sum of products of cosines: some hundred critical points, however many samples."""
    random = np.random.default_rng(7)
    modes, highest = 8, round(40 ** (1 / len(shape)))
    *outer, last = (
        np.cos(
            random.integers(0, highest + 1, (modes, 1)) * np.linspace(0, 2 * np.pi, n)
            + random.uniform(0, 2 * np.pi, (modes, 1))
        )
        for n in shape
    )
    products = np.ones((modes, 1))
    for cosines in outer:
        products = (products[:, :, np.newaxis] * cosines[:, np.newaxis]).reshape(modes, -1)
    return (products.T @ last).reshape(shape).astype(dtype, copy=False)


def points(shape, dtype):
    """So many places in a cube of side 1."""
    return np.random.default_rng(13).random((*shape, 3), dtype)


def unit(shape):
    return ()


def tenth(shape):
    return (0.1,)


def linspace(shape):
    return tuple(np.linspace(0.0, 1.0, n) for n in shape)


def uneven(shape):
    random = np.random.default_rng(11)
    return tuple(np.cumsum(random.uniform(0.5, 1.5, n)) for n in shape)


def vectors(shape, dtype):
    return np.random.default_rng(9).random((len(shape), *shape)).astype(dtype)


def coastline(shape):
    """Samples that exist: all but blobs of land, three tenths."""
    from scipy.ndimage import gaussian_filter

    height = gaussian_filter(np.random.default_rng(4).standard_normal(shape), 12, mode="wrap")
    return height < np.quantile(height, 0.7)


def circle(n):
    return np.linspace(0, 2 * np.pi, n, endpoint=False)


def polar(shape):
    return (fg.Grid.polar(np.linspace(0, 1, shape[0]), circle(shape[1])),)


def annulus(shape):
    return (fg.Grid.polar(np.linspace(0.5, 1, shape[0]), circle(shape[1])),)


def geographic(shape):
    lat, lon = np.linspace(-90, 90, shape[0]), np.linspace(0, 360, shape[1], endpoint=False)
    return (fg.Grid.geographic(lat, lon),)


def cylindrical(shape):
    r, z = np.linspace(0, 1, shape[0]), np.linspace(0, 1, shape[2])
    return (fg.Grid.cylindrical(r, circle(shape[1]), z),)


def spherical(shape):
    rho, theta = np.linspace(0, 1, shape[0]), np.linspace(0, np.pi, shape[1])
    return (fg.Grid.spherical(rho, theta, circle(shape[2])),)


def shell(shape):
    rho, theta = np.linspace(0.5, 1, shape[0]), np.linspace(0.2, 3, shape[1])
    return (fg.Grid.spherical(rho, theta, circle(shape[2])),)


def curvilinear(shape):
    y, x = np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij")
    return (fg.Grid.curvilinear(x + 0.1 * np.sin(3 * y), y + 0.1 * np.sin(2 * x)),)


def riemannian(shape):
    grid = curvilinear(shape)[0]
    return (fg.Grid.riemannian(grid.metric),)
