"""Draw every example into demo/ and print the times: ``python -m examples``.

``--readme`` writes the small pictures of the README into docs/images/, too.
"""

import argparse
from pathlib import Path

import numpy as np

import fieldgrad as fg

from . import (
    charges,
    consumer,
    edges,
    electrodes,
    globe,
    heat,
    level_surface,
    molecule,
    photograph,
    pipe,
    reaction,
    relief,
    summits,
    terrain,
    tokamak,
    wind,
)
from ._style import save_small
from ._timing import Timing, compare, numpy_magnitude, numpy_normals, table

ROOT = Path(__file__).parents[1]
EXAMPLES = (
    electrodes,
    photograph,
    edges,
    heat,
    terrain,
    level_surface,
    charges,
    pipe,
    wind,
    relief,
    reaction,
    molecule,
    tokamak,
    summits,
    globe,
    consumer,
)
README_PICTURES = "electrodes", "terrain", "wind"


def time_a_large_field() -> list[Timing]:
    f = np.random.default_rng(0).standard_normal((256, 256, 256))
    return [
        compare("gradient, 256³ field", "numpy", np.gradient, fg.gradient, f),
        compare("magnitude, 256³ field", "numpy", numpy_magnitude, fg.gradient_magnitude, f),
        compare("normals, 256³ field", "numpy", numpy_normals, fg.normals, f),
    ]


def run() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples", description="Draw the examples into demo/.")
    parser.add_argument("--readme", action="store_true", help="write the pictures of the README, too")
    arguments = parser.parse_args()

    timings = []
    for example in EXAMPLES:
        print(example.__doc__.splitlines()[0])
        timings += example.main(ROOT / "demo")
    timings += time_a_large_field()
    if arguments.readme:
        for name in README_PICTURES:
            save_small(ROOT / "demo" / f"{name}.png", ROOT / "docs" / "images" / f"{name}.png", width=760)

    print(f"\nThe fastest of several runs with {fg.get_workers()} workers, results newly allocated:\n")
    print(table(timings))
    print("* Sobel also smooths\n\nPictures: demo/*.png")


if __name__ == "__main__":
    run()
