"""Heat through the wall of a pipe: the flux -k ∇T in cylindrical coordinates.

However thick the wall, the same heat flows through every radius: the flux falls as 1/r, as the area grows as r.
"""

from pathlib import Path

import numpy as np

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing

INNER, OUTER, LENGTH = 0.02, 0.05, 1.0  # m
HOT, COLD, CONDUCTIVITY = 180.0, 40.0, 0.04  # °C, °C, W/(m K): mineral wool


def temperature(n: int = 41) -> tuple[fg.Grid, np.ndarray]:
    """The steady temperature between the two faces."""
    r = np.linspace(INNER, OUTER, n)
    grid = fg.Grid.cylindrical(r, np.linspace(0, 2 * np.pi, 48, endpoint=False), np.linspace(0, LENGTH, 11))
    profile = HOT + (COLD - HOT) * np.log(r / INNER) / np.log(OUTER / INNER)
    return grid, profile[:, None, None] + np.zeros(grid.shape)


def heat_through_radii(accuracy: int) -> np.ndarray:
    """Watts through each radius: the flux times the area, by the volume element of the grid."""
    grid, T = temperature()
    flux = -CONDUCTIVITY * fg.gradient(T, grid, accuracy=accuracy, edge_order=2 if accuracy == 2 else None)
    _, theta, z = grid.coords
    return np.trapezoid((flux[0] * grid.volume_element).sum(axis=1) * (theta[1] - theta[0]), z)


def exact_heat() -> float:
    return 2 * np.pi * LENGTH * CONDUCTIVITY * (HOT - COLD) / np.log(OUTER / INNER)


def main(out: Path) -> list[Timing]:
    grid, T = temperature()
    print(f"  heat through the wall by the formula: {exact_heat():.4f} W")
    for accuracy in (2, 4, 6):
        watts = heat_through_radii(accuracy)
        print(f"  accuracy {accuracy}: {watts.min():.4f} ... {watts.max():.4f} W through every radius")
    sources = CONDUCTIVITY * np.abs(fg.laplacian(T, grid, accuracy=6)).max()
    print(f"  sources in the wall, k ∇²T: less than {sources:.1g} W/m³")

    r = grid.coords[0] * 1000
    figure = new_figure("Heat through the wall of a pipe", 8, 3)
    left, right = figure.subplots(1, 2)
    left.plot(r, T[:, 0, 0])
    left.set(title="temperature", xlabel="r (mm)", ylabel="°C")
    for accuracy in (2, 4):
        right.plot(r, 100 * (heat_through_radii(accuracy) / exact_heat() - 1), label=f"accuracy {accuracy}")
    right.set(title="total flow, difference to the formula", xlabel="r (mm)", ylabel="%")
    right.legend()
    save(figure, out / "pipe.png")
    return []
