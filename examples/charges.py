"""The electric field of a dipole in spherical coordinates, E = -∇V, beside the formula.

The potential is sampled around the dipole; its gradient has the 1/r and 1/(r sin θ) of the textbook, and goes on
smoothly through the polar axis.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare

MOMENT = 1.0  # of the dipole, in units of 4 pi epsilon0
INNER, OUTER = 1.0, 3.0


def sample(n: int = 64) -> tuple[fg.Grid, np.ndarray, np.ndarray]:
    """A grid, the potential, and the field by the formula: components along rho, theta and phi."""
    rho, theta = np.linspace(INNER, OUTER, n), np.linspace(0, np.pi, n + 1)
    grid = fg.Grid.spherical(rho, theta, np.linspace(0, 2 * np.pi, 2 * n, endpoint=False))
    r, c, s = rho[:, None, None], np.cos(theta)[:, None], np.sin(theta)[:, None]
    here = np.zeros(grid.shape)
    V = MOMENT * c / r**2 + here
    return grid, V, np.array([2 * MOMENT * c / r**3 + here, MOMENT * s / r**3 + here, here])


def main(out: Path) -> list[Timing]:
    grid, V, exact = sample()
    for accuracy in (2, 4, 6):
        E = -fg.gradient(V, grid, accuracy=accuracy, edge_order=2 if accuracy == 2 else None)
        error = np.abs(E - exact).max() / np.abs(exact).max()
        print(f"  accuracy {accuracy}: largest error {error:.1e} of the largest field, polar axis and ends included")
    charge = fg.divergence(E, grid, accuracy=6)
    print(f"  div E, which is zero outside the charges: {np.abs(charge).max() / np.abs(exact).max():.1e} of the field")
    draw(grid, V, E, out / "charges.png")

    def by_hand(V, rho, theta, phi):
        d_rho, d_theta, d_phi = np.gradient(V, rho, theta, phi)
        with np.errstate(divide="ignore", invalid="ignore"):  # the axis is lost
            r, s = rho[:, None, None], np.sin(theta)[:, None]
            return np.array([d_rho, d_theta / r, d_phi / (r * s)])

    job = f"gradient, spherical, {' x '.join(map(str, V.shape))}"
    return [compare(job, "numpy", lambda V: by_hand(V, *grid.coords), lambda V: fg.gradient(V, grid), V)]


def draw(grid: fg.Grid, V: np.ndarray, E: np.ndarray, path: Path) -> None:
    rho, theta, _ = grid.coords
    figure = new_figure("Field of a dipole, E = -∇V on a spherical grid", 5.2, 5)
    axes = figure.add_subplot(aspect="equal", title="meridional plane: |E| and its direction", xlabel="x", ylabel="z")
    strength = np.sqrt((E**2).sum(axis=0))
    for half, sign in ((0, 1), (grid.shape[2] // 2, -1)):
        x, z = sign * rho[:, None] * np.sin(theta), rho[:, None] * np.cos(theta)
        picture = axes.pcolormesh(x, z, strength[:, :, half], norm=LogNorm(), cmap="magma", shading="gouraud")
        some = slice(4, None, 12), slice(4, -1, 8)
        c, s = np.cos(theta), np.sin(theta)
        along = np.array([sign * (E[0] * s[:, None] + E[1] * c[:, None]), E[0] * c[:, None] - E[1] * s[:, None]])
        arrows = along[(slice(None), *some, half)]
        unit = arrows / np.hypot(*arrows)
        axes.quiver(x[some], z[some], *unit, color="0.8", pivot="mid", units="inches", scale=7, width=0.012)
    figure.colorbar(picture, ax=axes, label="|E|")
    save(figure, path)
