"""Operators and curved grids with other libraries, as their users write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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

    def directional_derivative():
        direction = np.array(job.options["direction"]) / np.linalg.norm(job.options["direction"])
        return sum(c * g for c, g in zip(direction, np.gradient(f), strict=True))

    calls = {
        "laplacian": Rival(laplacian, same=False),  # not compact
        "divergence": Rival(divergence),
        "curl": Rival(curl),
        "hessian": Rival(hessian, same=False),
    }
    return calls[job.function] if isinstance(job.function, str) else Rival(directional_derivative)


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
