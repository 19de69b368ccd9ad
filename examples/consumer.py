"""What a consumer buys: the optimum of a utility on the line of the budget.

Where utility is highest among what the money buys, its gradient is proportional to the prices, ∇U = λ p; λ is what one
more unit of money is worth. `fieldgrad.Interpolant` gives the gradient between tabulated utilities, and the utility
along the line of the budget is a field of its own, whose only critical point is the same optimum.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

import fieldgrad as fg

from ._style import draw_directions, new_figure, save
from ._timing import Timing

SHARE = 0.6  # of the first good
PRICES = np.array([2.0, 3.0])
BUDGET = 30.0
X, Y = np.linspace(0.5, 16, 156), np.linspace(0.5, 10, 96)  # quantities


class Optimum(NamedTuple):
    bundle: np.ndarray
    multiplier: float  # utility per unit of money


def utility(x, y):
    """That of Cobb and Douglas."""
    return x**SHARE * y ** (1 - SHARE)


def exact() -> Optimum:
    """Each good gets its share of the budget."""
    bundle = BUDGET * np.array([SHARE, 1 - SHARE]) / PRICES
    return Optimum(bundle, utility(*bundle) / BUDGET)


def on_the_line(x):
    """What the money buys: so much of the first good, and the second one for the rest."""
    return np.stack([x, (BUDGET - PRICES[0] * x) / PRICES[1]], axis=-1)


def by_the_gradient(table: np.ndarray) -> Optimum:
    """Where the gradient has the direction of the prices."""
    it = fg.Interpolant(table, X, Y)

    def gain(x):
        """Of spending a little more on the first good, and less on the second."""
        per_money = it.gradient(on_the_line(np.array([x])))[0] / PRICES
        return per_money[0] - per_money[1]

    bundle = on_the_line(brentq(gain, 1.0, 14.0))
    gradient = it.gradient(bundle[np.newaxis])[0]
    return Optimum(bundle, float(gradient @ PRICES / (PRICES @ PRICES)))


def along_the_line(table: np.ndarray) -> np.ndarray:
    """The bundle where the utility along the line has its only critical point."""
    x = np.linspace(1.0, 14.0, 200)
    [best] = fg.critical_points(fg.Interpolant(table, X, Y)(on_the_line(x)), x).points[:, 0]
    return on_the_line(best)


def main(out: Path) -> list[Timing]:
    table = utility(X[:, np.newaxis], Y)
    closed, found, again = exact(), by_the_gradient(table), along_the_line(table)
    print(f"  closed form:       {closed.bundle} for {BUDGET}, λ = {closed.multiplier:.6f}")
    print(f"  ∇U along prices:   {found.bundle.round(6)}, λ = {found.multiplier:.6f}")
    print(f"  on the line alone: {again.round(6)}")
    draw(table, found, out / "consumer.png")
    return []


def draw(table, found, path):
    figure = new_figure("The best that money can buy", 7, 5)
    axes = figure.subplots()
    lines = axes.contour(X, Y, table.T, 16, cmap="viridis", linewidths=0.8)
    figure.colorbar(lines, ax=axes, label="utility", shrink=0.85)
    axes.contour(X, Y, table.T, [utility(*found.bundle)], colors="black", linewidths=1.4)
    x, y = X[6::10], Y[6::8]
    draw_directions(axes, x, y, fg.gradient(table, X, Y)[:, 6::10, 6::8])
    axes.plot(*on_the_line(np.array([0, BUDGET / PRICES[0]])).T, color="tab:red", label="what the budget buys")
    axes.plot(*found.bundle, "o", color="tab:red", ms=7, mec="white", zorder=4, label="optimum")
    axes.set(title="Arrows: ∇U", xlabel="first good", ylabel="second good", aspect="equal")
    axes.set(xlim=(X[0], X[-1]), ylim=(Y[0], Y[-1]))
    axes.legend(loc="upper right")
    save(figure, path)
