"""Prints what pyproject.toml needs to build, one requirement a line: pip has no word for it."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
print(*project["build-system"]["requires"], sep="\n")
