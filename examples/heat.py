"""Heat through a plate of two materials, q = -k∇T, on coordinates that are finer at the interface.

SciPy solves steady conduction, `fieldgrad` turns the temperature into the flux. The temperature has a kink at
the interface, so each material is differentiated alone, one-sided at its ends. The flux through the interface
must then be the same from both sides, and what flows in must flow out.
"""

from pathlib import Path

import numpy as np
from scipy.integrate import trapezoid
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse import csc_array, diags_array, kron
from scipy.sparse.linalg import spsolve

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare

LENGTH, HEIGHT, INTERFACE = 0.08, 0.06, 0.02  # m
STAINLESS, STEEL = 16.0, 50.0  # conductivities, W/(m K)


def fine_at_both_ends(start: float, stop: float, steps: int) -> np.ndarray:
    return start + (stop - start) * (1 - np.cos(np.linspace(0, np.pi, steps + 1))) / 2


def solve_conduction(x, y, k, left, right):
    """The temperature, by finite volumes: `k` of each step of x, ends of x as given, of y insulated."""

    def chain(conductance):
        n = len(conductance)
        difference = diags_array([-1.0, 1.0], offsets=[0, 1], shape=(n, n + 1))
        return difference.T @ diags_array(conductance) @ difference

    def shared(amount):  # by both ends of each step
        return diags_array(np.convolve(amount, [0.5, 0.5]))

    dx, dy = np.diff(x), np.diff(y)
    A = csc_array(kron(chain(k / dx), shared(dy)) + kron(shared(k * dx), chain(1 / dy)))
    T = np.zeros((len(x), len(y)))
    T[0], T[-1] = left, right
    free = slice(len(y), -len(y))
    T[1:-1] = spsolve(A[free, free], -A[free] @ T.ravel()).reshape(-1, len(y))
    return T


def main(out: Path) -> list[Timing]:
    m = 100  # the interface is at x[m]
    stainless = fine_at_both_ends(0, INTERFACE, m)
    steel = fine_at_both_ends(INTERFACE, LENGTH, m)
    x = np.concatenate([stainless, steel[1:]])
    y = np.linspace(0, HEIGHT, 201)
    hot = 70 + 30 * np.cos(np.pi * y / HEIGHT / 2) ** 2  # °C
    T = solve_conduction(x, y, np.repeat([STAINLESS, STEEL], m), left=hot, right=20.0)

    q_stainless = -STAINLESS * fg.gradient(T[: m + 1], stainless, y, edge_order=2)  # W/m²; q[0] along x
    q_steel = -STEEL * fg.gradient(T[m:], steel, y, edge_order=2)

    jump = np.abs(q_stainless[0, -1] - q_steel[0, 0]).max() / q_steel[0, 0].max()
    flow_in, flow_out = trapezoid(q_stainless[0, 0], y), trapezoid(q_steel[0, -1], y)  # W per m of thickness
    exact = trapezoid(hot - 20, y) / (INTERFACE / STAINLESS + (LENGTH - INTERFACE) / STEEL)
    print(f"  steps along x: {1e6 * np.diff(x).min():.0f} µm to {1e6 * np.diff(x).max():.0f} µm")
    print(f"  normal flux at the interface: both sides agree to {jump:.1e} of its maximum")
    print(f"  heat in {flow_in:.3f} W/m, out {flow_out:.3f} W/m, off by {flow_out / flow_in - 1:+.1e}")
    print(f"  two resistances in series would let {exact:.3f} W/m through")

    draw(x, y, T, np.concatenate([q_stainless, q_steel[:, 1:]], axis=1), out / "heat.png")
    grid = fg.Grid.cartesian(x, y)  # made once, it spares every call the study of the coordinates
    job = f"gradient, {len(x)} x {len(y)} plate"
    return [
        compare(f"{job}, uneven", "numpy", np.gradient, fg.gradient, T, x, y),
        compare(f"{job}, a Grid", "numpy", lambda: np.gradient(T, x, y), lambda: fg.gradient(T, grid)),
    ]


def draw(x, y, T, q, path):
    figure = new_figure("Heat through stainless steel (left) and carbon steel (right):  q = −k∇T", 11, 4.2)
    left, right = figure.subplots(1, 2, sharey=True)
    x, y = 100 * x, 100 * y  # cm

    mesh = left.pcolormesh(x, y, T.T, cmap="inferno", shading="gouraud")
    figure.colorbar(mesh, ax=left, label="temperature T (°C)", shrink=0.85)
    lines = left.contour(x, y, T.T, np.arange(25, 100, 5), colors="white", linewidths=0.6)
    left.clabel(lines, lines.levels[1:10:2], fontsize=7)
    left.set(title="Temperature, isotherms every 5 °C", ylabel="y (cm)")

    mesh = right.pcolormesh(x, y, np.hypot(*q).T / 1e3, cmap="viridis", shading="gouraud")
    figure.colorbar(mesh, ax=right, label="heat flux |q| (kW/m²)", shrink=0.85)
    even = np.linspace(x[0], x[-1], 321), np.linspace(y[0], y[-1], 241)  # streamplot wants even steps
    q_even = RegularGridInterpolator((x, y), q.transpose(1, 2, 0))(tuple(np.meshgrid(*even)))
    sources = np.column_stack([np.full(15, x[0]), np.linspace(y[0], y[-1], 17)[1:-1]])
    right.streamplot(
        *even,
        *q_even.transpose(2, 0, 1),
        start_points=sources,
        color="white",
        linewidth=0.7,
        arrowsize=0.8,
        broken_streamlines=False,
    )
    right.set(title="Heat flux and its lines, refracted at the interface")

    for axes in (left, right):
        axes.axvline(100 * INTERFACE, color="white", linestyle="--", linewidth=1)
        axes.set(xlabel="x (cm)", aspect="equal", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    save(figure, path)
