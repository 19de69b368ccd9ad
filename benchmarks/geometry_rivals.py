"""Operators and curved grids with other libraries, as their users write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import fields, ours
from .rivals import Rival

if TYPE_CHECKING:
    from .job import Job


def numpy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Derivatives by `numpy.gradient`, over scale factors; away from ends, where it knows no seam and no pole."""
    if spacing:
        [grid] = spacing
        scales = grid.scale_factors

        def gradient():
            with np.errstate(divide="ignore", invalid="ignore"):
                return [g / h for g, h in zip(np.gradient(f, *grid.coords), scales, strict=True)]

        return Rival(gradient, 3)

    def laplacian():
        return sum(np.gradient(np.gradient(f, axis=k), axis=k) for k in range(f.ndim))

    def divergence():
        return sum(np.gradient(part, axis=k) for k, part in enumerate(f))

    def curl():
        turns = ((1, 2), (2, 0), (0, 1))
        return [np.gradient(f[k], axis=j) - np.gradient(f[j], axis=k) for j, k in turns]

    def hessian():
        return [np.gradient(g) for g in np.gradient(f)]

    def along_directions():
        v = ours.directions(f.shape)
        return sum(c * g for c, g in zip(v, np.gradient(f), strict=True)) / np.sqrt((v**2).sum(axis=0))

    def along_diagonal():
        direction = np.array(job.options["direction"]) / np.linalg.norm(job.options["direction"])
        return sum(c * g for c, g in zip(direction, np.gradient(f), strict=True))

    calls = {
        "laplacian": Rival(laplacian, same=False),  # not compact
        "divergence": Rival(divergence),
        "curl": Rival(curl),
        "hessian": Rival(hessian, same=False),
        ours.along_diagonal: Rival(along_diagonal),
        ours.along_directions: Rival(along_directions),
    }
    return calls[job.function]


def metpy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Eastward first; on the same sphere, by the lengths of its arcs."""
    from metpy.calc import geospatial_gradient
    from metpy.units import units
    from pyproj import CRS

    lat, lon = (x * units.degrees for x in spacing[0].coords)
    sphere = CRS("+proj=longlat +R=6371008.8")

    def gradient():
        return geospatial_gradient(f, latitude=lat, longitude=lon, crs=sphere)

    return Rival(gradient, 0, False)


def py_pde(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Of fields without angles, all that it knows: as many cells as there are samples, compiled beforehand."""
    import pde

    [grid] = spacing
    r = (0.0 if grid.coords[0][0] == 0 else 0.5, 1.0)
    if grid.ndim == 2:
        peer = pde.PolarSymGrid(r, f.size)
    elif job.spacing is fields.cylindrical:
        peer = pde.CylindricalSymGrid(r, (0.0, 1.0), (f[..., 0].size, f.shape[-1]))
    else:
        peer = pde.SphericalSymGrid(r, f.size)
    operator = peer.make_operator_no_bc({"laplacian": "laplace"}.get(job.function, job.function))
    samples = np.pad(f.reshape(peer.shape), 1, mode="edge")
    out = np.empty((peer.dim, *peer.shape) if job.function == "gradient" else peer.shape)
    operator(samples, out)
    return Rival(lambda: operator(samples, out), same=False)


def sparse(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """The product with the same operator's matrix, or with its transpose."""
    matrix, x = spacing[0].matrix(), f.ravel()
    if job.function is ours.adjoint:
        matrix = matrix.T.tocsr()
    return Rival(lambda: matrix @ x)


def matvec(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """The operator whose adjoint it is."""
    x = fields.dense(f.shape[1:], f.dtype).ravel()
    return Rival(lambda: spacing[0].operator.matvec(x), same=False)
