"""What operators are told, apart from what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ._axes import Lattice
from ._pieces import Piece
from ._programs import MARKED, Fields, Program, as_present, carry_out
from .grid import Grid

PHYSICAL, COVARIANT, CONTRAVARIANT = "physical", "covariant", "contravariant"

#: Powers of the scale of its axis that turn a physical component of a vector into one of another kind.
POWERS = {PHYSICAL: 0, COVARIANT: 1, CONTRAVARIANT: -1}

#: Axes j, k for each component of a curl: the derivative along j of component k, less that along k of component j.
TURNS = {2: ((0, 1),), 3: ((1, 2), (2, 0), (0, 1))}


def as_components(components: Any) -> str:
    if components not in POWERS:
        raise ValueError(f"components must be one of {', '.join(POWERS)}; got {components!r}")
    return str(components)


def geometry_of(spacing: Any) -> Any:
    """That of a grid whose axes are not straight; otherwise None."""
    return spacing[0].geometry if len(spacing) == 1 and isinstance(spacing[0], Grid) else None


class Call(NamedTuple):
    """What all operators are told: how to derive, which samples exist, on how many threads, and where to."""

    options: tuple[Any, ...]  # accuracy, edge_order, boundary, cval
    presence: tuple[Any, ...]
    workers: Any
    within: tuple[slice, ...] | None = None  # for each axis, where results are wanted; everywhere

    def run(self, program: Any, f: Any, stacked: bool, lattice: Lattice, out: Any, arrays: Any = ()) -> Any:
        options, spacing = (None, *self.options), (lattice,)
        return carry_out(program, f, stacked, spacing, options, self.presence, out, self.workers, arrays, self.within)

    def for_piece(self, piece: Piece) -> Call:
        """The same, for a piece of the samples, on one thread."""
        where, nan = self.presence
        return Call(self.options, (None if where is None else piece.of(where), nan), 1)

    def wanted(self, piece: Piece) -> Call:
        """The same, for results that are wanted of it."""
        return self._replace(within=piece.found)


def after(call: Call, firsts: Mapping[int, np.ndarray], f: np.ndarray, lattice: Lattice) -> Call:
    """What derives first derivatives of a field, by axis, once more: they are absent where they could not be had."""
    where, nan = call.presence
    present = as_present(where, nan, f)
    # Where the field is constant, beyond an edge, its derivatives are zero.
    there = call._replace(options=(*call.options[:-1], 0.0), presence=(present, MARKED))
    if present is None:
        return there
    for axis, first in firsts.items():
        if np.isnan(first[there.presence[0]]).any():  # for want of samples, or because they are no numbers
            zeros, of_all = np.zeros(f.shape), there._replace(presence=(present, MARKED), within=None)
            had = ~np.isnan(of_all.run(Program(((0, axis, 1),)), zeros, False, lattice, None))
            there = there._replace(presence=(there.presence[0] & had, MARKED))
    return there


def run_with(
    call: Call,
    f: np.ndarray,
    firsts: Mapping[int, np.ndarray],
    program: Program,
    lattice: Lattice,
    out: np.ndarray,
    arrays: Any = (),
) -> None:
    """A program of derivatives of a field; those along some axes are given, as fields 1, 2, ..."""
    cval = call.options[-1]
    fields = Fields([np.asarray(f, out.dtype) - cval if cval else np.asarray(f, out.dtype), *firsts.values()])
    after(call, firsts, f, lattice).run(program, fields, True, lattice, out, arrays)
