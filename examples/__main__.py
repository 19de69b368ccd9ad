"""Draw every example into demo/ and print the times.

``python -m examples --readme`` also writes the two small pictures of the README into docs/images/.
"""

import argparse
from pathlib import Path

import numpy as np

import fieldgrad as fg

from . import electrodes, heat, level_surface, photograph, terrain
from ._style import save_small
from ._timing import Timing, compare, numpy_magnitude, numpy_normals, table

ROOT = Path(__file__).parents[1]
README_PICTURES = "electrodes", "terrain"


def time_a_large_field() -> list[Timing]:
    """The three functions on 256³ samples."""
    f = np.random.default_rng(0).standard_normal((256, 256, 256))
    return [
        compare("gradient, 256³", "numpy", lambda: np.gradient(f), lambda: fg.gradient(f), repeats=3),
        compare("magnitude, 256³", "numpy", lambda: numpy_magnitude(f), lambda: fg.gradient_magnitude(f), repeats=3),
        compare("normals, 256³", "numpy", lambda: numpy_normals(f), lambda: fg.normals(f), repeats=3),
    ]


def run() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples", description="Draw every example into demo/.")
    parser.add_argument("--readme", action="store_true", help="write the pictures of the README, too")
    arguments = parser.parse_args()

    timings = []
    for example in (electrodes, photograph, heat, terrain, level_surface):
        print(example.__doc__.splitlines()[0])
        timings += example.main(ROOT / "demo")
    if arguments.readme:
        for name in README_PICTURES:
            save_small(ROOT / "demo" / f"{name}.png", ROOT / "docs" / "images" / f"{name}.png", width=900)

    print(f"\nFastest of several runs, {fg.get_workers()} workers, results freshly allocated:\n")
    print(table(timings + time_a_large_field()))
    print("\nPictures: demo/*.png")


if __name__ == "__main__":
    run()
