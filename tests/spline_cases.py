"""Random fields on random axes, their interpolants and the oracle's."""

import numpy as np
from hypothesis import strategies as st

import fieldgrad as fg
from interpolant_oracle import Oracle

seeds = st.integers(0, 10_000)


@st.composite
def axes(draw, most=7, uneven=4.0):
    """Coordinates, descending ones too, and a period or None."""
    n = draw(st.integers(4, most))
    steps = draw(st.sampled_from((1e-3, 1, 70))) * np.array(
        draw(st.lists(st.floats(1, uneven), min_size=n, max_size=n))
    )
    x = draw(st.floats(-3, 3)) * steps[0] + np.cumsum(steps)
    period = x[-1] - x[0] + steps[0] if draw(st.booleans()) else None
    return (x if draw(st.booleans()) else -x), period


@st.composite
def fields(draw, max_dims=3, most=7, uneven=4.0):
    """Samples, coordinates, periods, the interpolant and the oracle."""
    drawn = draw(st.lists(axes(most, uneven), min_size=1, max_size=max_dims))
    coordinates, periods = zip(*drawn, strict=True)
    rng = np.random.default_rng(draw(seeds))
    f = rng.uniform(-1, 1, [len(x) for x in coordinates])
    return f, coordinates, periods, interpolant_of(f, coordinates, periods), Oracle(f, coordinates, periods)


def interpolant_of(f, coordinates, periods, **options):
    closed = [period is not None for period in periods]
    return fg.Interpolant(f, fg.Grid.cartesian(*coordinates, periodic=closed, period=list(periods)), **options)


def extents(coordinates, periods):
    """The lowest and the highest coordinate of each axis."""
    ends = [
        (x.min(), x.max() if period is None else x.min() + period)
        for x, period in zip(coordinates, periods, strict=True)
    ]
    return np.array(ends).T


def points_between(low, high, count, seed):
    return np.random.default_rng(seed).uniform(low, high, (count, len(low)))
