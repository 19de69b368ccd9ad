"""Five hundred random fields: what `fieldgrad.critical_points` misses of what Newton's method finds from many seeds.

``python tests/critical_sweep.py`` prints for each dimension how many points are found, missed, doubled and so on. It
takes some minutes; the tests make a part of the same comparisons.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import KDTree

import critical_oracle as oracle
import fieldgrad as fg

FIELDS = 500
SIGMAS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)  # in samples: from white noise to smooth
DOMAINS = ("box", "torus", "mixed")
MOST_SAMPLES = {1: 200, 2: 36, 3: 12}  # along an axis
SEEDS_PER_CELL = {1: 16, 2: 6, 3: 4}  # along an axis
NEAR = 1e-6  # points are the same if they are so close, in cells


@dataclass
class Comparison:
    """What was found, and what is wrong with it."""

    fields: int = 0
    points: int = 0  # in tables
    seen: int = 0  # of them, those that seeds ended at, too
    missed: int = 0  # zeros that seeds ended at and tables do not have, or with another index
    doubled: int = 0  # pairs of rows for one zero
    wrong: int = 0  # rows where the gradient is not zero, or the domain ends
    undecided: int = 0  # parts
    unequal: int = 0  # fields whose sum of indices is not the Euler characteristic
    incomplete: int = 0  # fields

    def __iadd__(self, other):
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    @property
    def flaws(self):
        return {name: n for name, n in vars(self).items() if n and name not in ("fields", "points", "seen")}


def random_field(number):
    """Samples, coordinates and periods of a field: every dimension, sigma and domain, even and uneven, in turn."""
    rng = np.random.default_rng(number)
    number, ndim = number // 3, 1 + number % 3
    number, sigma = number // len(SIGMAS), SIGMAS[number % len(SIGMAS)]
    number, domain = number // len(DOMAINS), DOMAINS[number % len(DOMAINS)]
    uneven = number % 2
    shape = rng.integers(4, MOST_SAMPLES[ndim], ndim, endpoint=True)
    loops = {"box": [False] * ndim, "torus": [True] * ndim, "mixed": rng.permutation(np.arange(ndim) % 2 == 0)}[domain]
    f = rng.standard_normal(shape)
    f = ndi.gaussian_filter(f, sigma, mode=["wrap" if loop else "reflect" for loop in loops])
    steps = [rng.uniform(0.5, 1.5, n) if uneven else np.full(n, rng.uniform(0.1, 10)) for n in shape]
    coords = [np.cumsum(step) - step[0] for step in steps]
    periods = [step.sum() if loop else None for step, loop in zip(steps, loops, strict=True)]
    return f, coords, periods


def compare(number):
    f, coords, periods = random_field(number)
    loops = [period is not None for period in periods]
    cp = fg.critical_points(f, fg.Grid.cartesian(*coords, shape=f.shape, periodic=loops, period=periods))
    pieces = oracle.Pieces(f, coords, periods)
    zeros, index = oracle.zeros_of_gradient(f, coords, periods, SEEDS_PER_CELL[f.ndim])
    kinds = [(cp.points[cp.index == i], zeros[index == i]) for i in range(f.ndim + 1)]
    _, gradient, hessian = pieces.derivatives(cp.points)
    step = np.linalg.solve(hessian, gradient[..., None])[..., 0] / pieces.cell
    return Comparison(
        fields=1,
        points=len(cp),
        seen=sum(count_near(ours, theirs, pieces) for ours, theirs in kinds),
        missed=len(zeros) - sum(count_near(theirs, ours, pieces) for ours, theirs in kinds),
        doubled=len(cp) - len(oracle.firsts(cp.points, cp.index, pieces)),
        wrong=int(np.count_nonzero(~pieces.inside(cp.points) | (np.abs(step) >= NEAR).any(axis=1))),
        undecided=len(cp.undecided),
        unequal=int(cp.euler != (int(not any(loops)),) * 2),
        incomplete=int(not cp.complete),
    )


def count_near(some, others, pieces):
    """How many are near one of the others."""
    if not len(some) or not len(others):
        return 0
    (some, around), (others, _) = (oracle.in_cells(points, pieces) for points in (some, others))
    distance, _ = KDTree(others, boxsize=around).query(some, p=np.inf)
    return int(np.count_nonzero(distance < NEAR))


def sweep():
    every = Comparison()
    for ndim in (1, 2, 3):
        total = Comparison()
        for number in range(ndim - 1, FIELDS, 3):
            one = compare(number)
            if one.flaws:
                print(f"  field {number}: {one.flaws}", flush=True)
            total += one
        print(f"{ndim}-D: {describe(total)}", flush=True)
        every += total
    print(f"all: {describe(every)}")


def describe(total):
    return (
        f"{total.fields} fields, {total.points} points ({total.seen} of them ends of seeds), {total.missed} missed, "
        f"{total.doubled} doubled, {total.wrong} wrong, {total.undecided} undecided parts, "
        f"{total.unequal} sums of indices wrong, {total.incomplete} fields not complete"
    )


if __name__ == "__main__":
    sweep()
