"""Atoms, bonds and the ring of benzene, from its electron density.

The theory of R. F. W. Bader reads the structure of a molecule from critical points of the density ρ: maxima are nuclei,
saddles with two falling directions bonds, those with one rings. PySCF computes ρ. It has cusps at nuclei, which no
spline follows, but its logarithm is nearly conical there and has the same critical points: ∇ ln ρ = ∇ρ / ρ.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

import fieldgrad as fg

from ._style import draw_critical_points, draw_directions, new_figure, save
from ._timing import Timing

ANGSTROM = 1 / 0.529177210903  # bohr
CARBON, HYDROGEN = 1.386 * ANGSTROM, (1.386 + 1.075) * ANGSTROM  # from the centre: the geometry of HF/6-31G*
# R. F. W. Bader, T. S. Slee, D. Cremer, E. Kraka, J. Am. Chem. Soc. 105 (1983) 5061-5068: HF/6-31G*
BOND_DENSITY = 0.327  # electrons per cubic bohr, C-C
NAMES = "cages", "rings", "bonds", "nuclei"  # by the number of falling directions
X, Y, Z = np.linspace(-6, 6, 81), np.linspace(-6, 6, 81), np.linspace(-2.1, 2.1, 29)  # bohr


class Molecule(NamedTuple):
    nuclei: np.ndarray  # (12, 3), carbon first
    density: Callable[[np.ndarray], np.ndarray]  # at points (m, 3)


def benzene() -> Molecule:
    """In the approximation of Hartree and Fock, basis 6-31G*."""
    from pyscf import dft, gto, scf

    angles = np.arange(6) * np.pi / 3
    circle = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    nuclei = np.concatenate([CARBON * circle, HYDROGEN * circle])
    atoms = list(zip("C" * 6 + "H" * 6, nuclei, strict=True))
    molecule = gto.M(atom=atoms, unit="bohr", basis="6-31g*", verbose=0)
    matrix = scf.RHF(molecule).run(conv_tol=1e-8).make_rdm1()

    def density(points):
        return dft.numint.eval_rho(molecule, dft.numint.eval_ao(molecule, points), matrix)

    return Molecule(nuclei, density)


def logarithm(molecule: Molecule) -> np.ndarray:
    """Of the density at samples, a layer at a time."""
    layer = np.stack(np.meshgrid(X, Y, [0.0], indexing="ij"), axis=-1).reshape(-1, 3)
    layers = [molecule.density(layer + np.array([0, 0, z])).reshape(len(X), len(Y)) for z in Z]
    return np.log(np.stack(layers, axis=-1))


def find(field: np.ndarray) -> fg.CriticalPoints:
    return fg.critical_points(field, X, Y, Z)


def main(out: Path) -> list[Timing]:
    if find_spec("pyscf") is None:
        print("  needs PySCF: pip install pyscf")
        return []
    molecule = benzene()
    field = logarithm(molecule)
    points = find(field)
    counts = [int((points.index == k).sum()) for k in range(4)]
    counted = ", ".join(f"{name} {n}" for n, name in zip(counts[::-1], NAMES[::-1], strict=True))
    print(f"  {counted}; nuclei - bonds + rings - cages = {counts[3] - counts[2] + counts[1] - counts[0]}, expected 1")
    bonds = points[points.index == 2]
    inner = np.linalg.norm(bonds.points, axis=1) < CARBON
    print(f"  density at C-C bonds {np.exp(bonds.values[inner]).mean():.3f}, literature {BOND_DENSITY}")
    [ring] = points[points.index == 1]
    print(f"  density at the ring {np.exp(ring.values[0]):.4f}, {np.linalg.norm(ring.points):.1e} bohr from the centre")
    draw(field, points, out / "molecule.png")
    return []


def draw(field, points, path):
    figure = new_figure("Benzene: nuclei, bonds and the ring, from the electron density", 7, 5.8)
    axes = figure.subplots()
    plane = field[:, :, len(Z) // 2]
    lines = axes.contour(X, Y, plane.T / np.log(10), np.arange(-3, 2.1, 0.25), cmap="viridis", linewidths=0.8)
    figure.colorbar(lines, ax=axes, label="log₁₀ of the density (electrons / bohr³)", shrink=0.85)
    draw_directions(axes, X[2::4], Y[2::4], fg.gradient(plane, X, Y)[:, 2::4, 2::4])
    draw_critical_points(axes, points, points.points[:, :2], NAMES)
    axes.set(title="Arrows: direction of ∇ρ", xlabel="x (bohr)", ylabel="y (bohr)", aspect="equal")
    save(figure, path)
