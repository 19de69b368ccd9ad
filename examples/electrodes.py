"""The electric field between two plates in a grounded box, E = -∇V.

SciPy solves Laplace's equation, `fieldgrad` turns the potential into the field. Far from the ends of the
plates, the field between them must be the textbook's V/d.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle
from scipy.sparse.linalg import LaplacianNd, spsolve

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare, numpy_magnitude

STEP = 0.2e-3  # m, along x and y
SHAPE = 601, 401  # a box of 120 mm x 80 mm
VOLTAGE = 1000.0  # V, half of it on each plate
UPPER, LOWER = np.s_[150:451, 225:231], np.s_[150:451, 170:176]  # 60 mm long, 1 mm thick, 10 mm apart


def solve_laplace(V: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Fill in the potential where it is not fixed."""
    free = ~fixed.ravel()
    A = LaplacianNd(V.shape, boundary_conditions="dirichlet").tosparse().tocsc().astype(float)[free]
    V = V.copy()
    V[~fixed] = spsolve(A[:, free], -A @ V.ravel(), permc_spec="MMD_AT_PLUS_A")
    return V


def main(out: Path) -> list[Timing]:
    V = np.zeros(SHAPE)
    fixed = np.ones(SHAPE, dtype=bool)
    fixed[1:-1, 1:-1] = False  # the wall is grounded
    for plate, potential in ((UPPER, VOLTAGE / 2), (LOWER, -VOLTAGE / 2)):
        V[plate] = potential
        fixed[plate] = True
    V = solve_laplace(V, fixed)

    E = -fg.gradient(V, STEP)  # V/m; E[0] along x, E[1] along y
    strength = fg.gradient_magnitude(V, STEP)

    # At the surface of a plate the field jumps to zero: differentiate the gap alone, one-sided at the plates.
    gap = V[:, 175:226]
    Ey = -fg.gradient(gap, STEP, axis=1, edge_order=2)[300]
    exact = -VOLTAGE / (50 * STEP)
    print(f"  Ey between endless plates, -V/d: {exact:.3f} V/m")
    for place, value in (("lower plate", Ey[0]), ("mid-gap", Ey[25]), ("upper plate", Ey[50])):
        print(f"  Ey at the {place:<22} {value:.3f} V/m, relative difference {value / exact - 1:+.1e}")

    draw(V, E, strength, out / "electrodes.png")
    job = f"{SHAPE[0]} x {SHAPE[1]} potential"
    return [
        compare(f"gradient, {job}", "numpy", np.gradient, fg.gradient, V, STEP),
        compare(f"magnitude, {job}", "numpy", numpy_magnitude, fg.gradient_magnitude, V, STEP),
    ]


def draw(V, E, strength, path):
    figure = new_figure("Two plates at ±500 V in a grounded box:  E = −∇V", 11, 4)
    left, right = figure.subplots(1, 2, sharey=True)
    x, y = (1e3 * STEP * (np.arange(n) - n // 2) for n in SHAPE)  # mm
    place = {"origin": "lower", "extent": (x[0], x[-1], y[0], y[-1])}

    image = left.imshow(V.T, **place, cmap="RdBu_r", vmin=-500, vmax=500)
    figure.colorbar(image, ax=left, label="potential V (V)", shrink=0.75)
    left.streamplot(x, y, *E.transpose(0, 2, 1), color="0.15", linewidth=0.7, arrowsize=0.7, density=1.3)
    left.set(title="Potential and field lines", xlabel="x (mm)", ylabel="y (mm)")

    image = right.imshow(strength.T / 1e3, **place, cmap="inferno", norm=LogNorm(1, 300))
    figure.colorbar(image, ax=right, label="field strength |E| (kV/m)", shrink=0.75, extend="both")
    right.contour(x, y, V.T, np.arange(-450, 451, 100), colors="white", linewidths=0.5, linestyles="solid")
    right.set(title="Field strength, equipotentials every 100 V", xlabel="x (mm)")

    for axes, colour in ((left, "black"), (right, "0.8")):
        for i, j in (UPPER, LOWER):
            size = x[i.stop - 1] - x[i.start], y[j.stop - 1] - y[j.start]
            axes.add_patch(Rectangle((x[i.start], y[j.start]), *size, color=colour, zorder=3))
    save(figure, path)
