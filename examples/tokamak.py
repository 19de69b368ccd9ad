"""Magnetic axis and X points of a tokamak, from a map of the poloidal flux.

Where ∇ψ vanishes the poloidal field does: at the magnetic axis (an O point, here a minimum of ψ) and where the last
closed flux surface crosses itself (X points, saddles). The map is a solution of Solov'ev, of which both are known.
"""

from pathlib import Path

import numpy as np

import fieldgrad as fg

from ._style import draw_critical_points, draw_directions, new_figure, save
from ._timing import Timing

AXIS = 6.2  # m, major radius of the magnetic axis
X_RADIUS, X_HEIGHT = 4.9, 3.2  # m, of the X points
R, Z = np.linspace(4.2, 8.4, 100), np.linspace(-4.2, 4.2, 160)  # m


def flux(r, z):
    """Poloidal flux, 0 at the axis and 1 at the X points.

    With constants R₀ (axis), Rₓ and Zₓ (X points), ψ = (R² - Rₓ²) Z² + Zₓ² (R² - R₀²)² / (2 R₀² - 2 Rₓ²) fulfils the
    Grad-Shafranov equation R ∂/∂R (1/R ∂ψ/∂R) + ∂²ψ/∂Z² = a R² + b, pressure and current being linear in ψ:
    L. S. Solov'ev, Sov. Phys. JETP 26 (1968) 400-407.
    """
    width = AXIS**2 - X_RADIUS**2
    psi = (r**2 - X_RADIUS**2) * z**2 + X_HEIGHT**2 * (r**2 - AXIS**2) ** 2 / (2 * width)
    return psi / (X_HEIGHT**2 * width / 2)


def find() -> fg.CriticalPoints:
    return fg.critical_points(flux(R[:, np.newaxis], Z), R, Z)


def main(out: Path) -> list[Timing]:
    points = find()
    exact = {"minimum": ("O point", AXIS, 0.0), "saddle": ("X point", X_RADIUS, X_HEIGHT)}
    for point in points:
        name, radius, height = exact[point.kind[0]]
        r, z = point.points[0]
        off = np.hypot(r - radius, abs(z) - height)
        print(f"  {name} at R = {r:.4f} m, Z = {z:z7.4f} m, flux {point.values[0]:z.4f}; off by {1e3 * off:.1e} mm")
    draw(points, out / "tokamak.png")
    return []


def draw(points, path):
    figure = new_figure("Flux surfaces of a tokamak", 5.4, 7)
    axes = figure.subplots()
    psi = flux(R[:, np.newaxis], Z)
    lines = axes.contour(R, Z, psi.T, np.arange(0.1, 3, 0.1), cmap="plasma", linewidths=0.7)
    figure.colorbar(lines, ax=axes, label="normalised poloidal flux", shrink=0.8)
    axes.contour(R, Z, psi.T, [1.0], colors="black", linewidths=1.6)
    r, z = R[4::8], Z[4::8]
    slope = fg.Interpolant(psi, R, Z).gradient(np.stack(np.meshgrid(r, z, indexing="ij"), axis=-1).reshape(-1, 2))
    along_r, along_z = slope.T.reshape(2, len(r), len(z))
    draw_directions(axes, r, z, np.stack([-along_z, along_r]) / r[:, np.newaxis])
    draw_critical_points(axes, points, names=("O point", "X point", "maximum"))
    axes.set(title="Arrows: direction of the poloidal field", xlabel="R (m)", ylabel="Z (m)", aspect="equal")
    save(figure, path)
