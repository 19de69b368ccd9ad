"""Images through chains of filters: which steps lead from fields to results, and how they are cut into boxes.

A step takes values and makes values; a value is the field, filtered and combined so far. `Stages` collects the steps of
a call, each written once however often it is asked for, and `compiled` hands them to the engine: it carries them out
one box of results at a time, each step on as much more than the box as the steps after it reach.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, prod
from typing import Any

import numpy as np

from ._arrays import memory_order, new_result
from ._config import as_workers
from ._engine.core import Pipeline
from ._engine.pool import share
from ._images import result_apart, stored
from .stencils import GHOSTS, PERIODIC


@dataclass(frozen=True)
class Taps:
    """Weights of a filter along one axis, symmetric or antisymmetric.

    For the sample ``f[i]``: ``centre * f[i] + sum_p weights[p] * (f[i + ahead + p] + f[i - behind - p])``, with a
    difference in place of the sum if it is `odd`.
    """

    centre: float | None
    weights: tuple[float, ...]
    odd: bool = False
    ahead: int = 1
    behind: int = 1

    @property
    def sum(self) -> float:
        return 0.0 if self.odd else (self.centre or 0.0) + 2 * sum(self.weights)

    def times(self, factor: float) -> Taps:
        if factor == 1:
            return self
        centre = None if self.centre is None else self.centre * factor
        return replace(self, centre=centre, weights=tuple(w * factor for w in self.weights))


@lru_cache
def gaussian_taps(sigma: float, order: int, truncate: float) -> Taps:
    """A sampled Gaussian, or its derivative of that order, to ``truncate * sigma`` on either side, as in
    `scipy.ndimage.gaussian_filter1d`: the samples of the Gaussian itself sum to 1."""
    radius = int(truncate * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * x**2)
    weights /= weights.sum()
    if order == 1:
        weights *= x / (sigma * sigma)  # f[i + k] - f[i - k], weighed by minus the slope of the Gaussian
    elif order == 2:
        weights *= (x * x - sigma * sigma) / sigma**4
    half = weights[radius:]
    return Taps(None if order == 1 else float(half[0]), tuple(map(float, half[1:])), odd=order == 1)


@dataclass(frozen=True)
class Step:
    """Something done to values, as the engine reads it."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    axis: int = -1
    taps: tuple[Taps, ...] = ()
    mode: str = ""
    number: float = 0.0
    numbers: Any = ()
    reach: tuple[int, ...] = ()
    behind: int = 0
    ahead: int = 0
    periodic: bool = False
    ghosts: tuple[int, ...] = ()
    bounded: int = -1  # of a suppression: the value whose samples say how far rounding moves its magnitudes
    end: int = 0  # of its run: the number of the first step after those that are done with it line by line; 0 for none


@dataclass(frozen=True)
class Value:
    """What a step makes, as the engine reads it."""

    offset: int  # of its scratch in samples
    room: tuple[int, ...]  # samples along each axis; only along the last one if it has one line at a time
    margin: int  # samples of a line besides, at either end
    held: int = 0  # lines of a field that are kept, as long as nothing else reads it
    fetched: bool = False  # a field that filters read as it is
    components: tuple[int, ...] = ()  # of the results
    alone: bool = False  # one of them, and no step reads it
    field: int | None = None


class Stages:
    """The steps of a call. Every method takes values and returns a new one, or one that is the same already."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._fields: dict[int, int] = {}  # by value
        self._known: dict[Any, Any] = {}
        self._values = 0

    def load(self, field: int = 0) -> int:
        """Field number `field`."""
        value = self._add("load", (), number=float(field))
        self._fields[value] = field
        return value

    def select(self, value: int, mask: int) -> int:
        """The value where a mask is not zero, zero elsewhere."""
        return self._add("select", (value, mask))

    def filter(self, value: int, axis: int, taps: Taps, mode: str, outside: float = 0.0) -> int:
        """A filter along one axis; `outside` is the constant beyond the ends in mode "constant"."""
        return self._add("filter", (value,), axis=axis, taps=(taps,), mode=mode, numbers=(outside,))

    def products(self, *terms: tuple[float, int, int | None]) -> int:
        """The sum of weight x value x value (or nothing) over the terms."""
        weights, first, second = zip(*terms, strict=True)
        inputs = (*first, *(-1 if b is None else b for b in second))
        return self._add("products", inputs, numbers=tuple(map(float, weights)))

    def norm(self, values: tuple[int, ...]) -> int:
        """The root of the sum of squares."""
        return self._add("norm", values)

    def ratio(self, a: int, b: int, plus: float = 0.0) -> int:
        """a / (b + plus); zero for a zero divisor."""
        return self._add("ratio", (a, b), number=plus)

    def over_frame(self, value: int, table: np.ndarray, reach: tuple[int, ...]) -> int:
        """The value divided by a table that varies no further than `reach` from the ends of each axis.

        Takes the value's place, so that nothing else may use it.
        """
        key = ("frame", value)
        if key not in self._known:
            self._known[key] = self._values
            self._steps.append(Step("frame", (value,), (self._values,), numbers=table, reach=reach))
            self._values += 1
        return self._known[key]

    def angle(self, y: int, x: int, factor: float = 1.0) -> int:
        """The angle of (x, y) in radians, times `factor`."""
        return self._add("angle", (y, x), number=factor)

    def principal(self, tensor: tuple[int, ...], dims: int) -> tuple[int, ...]:
        """Of a symmetric tensor (its upper triangle, row by row) the root of the largest eigenvalue, and the
        components of its eigenvector."""
        return self._add("principal", tensor, outputs=1 + dims)

    def stored(self, value: int, other: int | None = None, plus: float = 0.0) -> int:
        """The value and `plus`, or the root of the sum of both squares, with every result stored in float32."""
        return self._add("stored", (value,) if other is None else (value, other), number=plus)

    def suppress(
        self,
        gradient: tuple[int, ...],
        magnitude: int,
        steps: tuple[float, ...],
        floats: bool = False,
        bounded: int = -1,
    ) -> None:
        """The last step of Canny's detector: which samples are local maxima of the magnitude along the gradient.

        `floats` says that in double precision all of them are float32, and so is what scikit-image makes of them;
        `bounded` is the value whose samples say how far rounding moves magnitudes.
        """
        inputs = (*gradient, magnitude)
        self._steps.append(Step("suppress", inputs, (), numbers=steps, number=float(floats), bounded=bounded))

    def _add(self, kind, inputs, outputs=1, **options):
        key = (kind, inputs, tuple(options.items()))
        if key not in self._known:
            made = tuple(range(self._values, self._values + outputs))
            self._values += outputs
            self._steps.append(Step(kind, inputs, made, **options))
            self._known[key] = made[0] if outputs == 1 else made
        return self._known[key]

    def compiled(
        self, shape: tuple[int, ...], order: tuple[int, ...], sample: int, stored: tuple, results: tuple[int, ...]
    ) -> Pipeline:
        """The engine's form, for fields of that shape whose axes memory has in that order."""
        steps = _grouped(_with_slopes(self._steps, order))
        steps = _late([_in_memory_order(step, shape, order) for step in steps], len(shape) - 1)
        fetched = _fetched(steps, self._fields, len(shape) - 1)
        steps = _in_runs(steps, fetched, len(shape) - 1)
        sizes = tuple(shape[k] for k in order)
        reach = _reach_of_values(steps, self._values, len(shape), results)
        # Boxes reach beyond a periodic axis, unless they need all of it anyway: then they have it once, with ghosts.
        whole = [n <= reach[:, k].sum(1).max(initial=0) for k, n in enumerate(sizes)]
        steps = [_on_whole_axis(s, sizes[s.axis]) if s.periodic and whole[s.axis] else s for s in steps]
        closed = [any(s.mode == "wrap" and s.axis == k for s in steps) for k in range(len(sizes))]
        virtual = [c and not w for c, w in zip(closed, whole, strict=True)]
        smallest = [n if c and w else 1 for n, c, w in zip(sizes, closed, whole, strict=True)]
        # What decides about boxes: scratch that is near, and little work done twice.
        layout = _Layout(steps, sizes, reach, virtual, fetched, 4 if sample == 0 else 8)
        side = layout.best_side(smallest)
        values, scratch = layout.placed(side)
        read = {value for step in steps for value in step.inputs}
        for k in set(results):
            components = tuple(c for c, value in enumerate(results) if value == k)
            values[k] = replace(values[k], components=components, alone=len(components) == 1 and k not in read)
        for k, field in self._fields.items():
            values[k] = replace(values[k], field=field)
        return Pipeline(sizes, side, sample, stored, steps, values, scratch, layout.most_rows(side))


def _with_slopes(steps, order):
    """Both components of Sobel's filter or the like, and their norm, as one step: in two dimensions, where the filters
    across lines come first and only samples stand for those beyond the ends."""
    if len(order) != 2:
        return steps
    made = {value: step for step in steps for value in step.outputs}
    used = Counter(value for step in steps for value in step.inputs)
    for norm in [step for step in steps if step.kind == "norm" and len(step.inputs) == 2]:
        for pair in (norm.inputs, norm.inputs[::-1]):
            parts = [step for value in pair for step in (_maker_of_input(made[value], made), made[value])]
            if _are_slopes(parts, order) and all(used[step.outputs[0]] == 1 for step in parts[::2]):
                outputs = (*pair, *norm.outputs)
                taps = tuple(step.taps[0] for step in parts)
                slopes = Step("slopes", parts[0].inputs, outputs, taps=taps, mode=parts[0].mode, behind=1, ahead=1)
                # In the place of the later component: others may need them before the norm.
                place = max(steps.index(parts[1]), steps.index(parts[3]))
                steps = [*steps[:place], slopes, *steps[place + 1 :]]
                steps = [step for step in steps if step is not norm and step not in parts]
                break
    return steps


def _maker_of_input(step, made):
    return made[step.inputs[0]] if step.inputs else None


def _are_slopes(parts, order):
    """Whether these are an odd filter across lines and an even one along them, an even one across and an odd one along
    them, of the same samples, three each."""
    wanted = zip(parts, (*order, *order), (True, False, False, True), strict=True)
    return all(
        step is not None
        and (step.kind, step.axis, step.mode) == ("filter", axis, parts[0].mode)
        and step.mode in ("reflect", "mirror", "nearest")
        and step.taps[0] == Taps(None if odd else step.taps[0].centre, step.taps[0].weights[:1], odd)
        and (step.taps[0].centre is None) == odd
        for step, axis, odd in wanted
    ) and (parts[0].inputs == parts[2].inputs)  # fmt: skip


def _grouped(steps):
    """Filters of one value along one axis as one step: they share what they read."""
    groups: dict[Any, Step] = {}
    for step in steps:
        key = step.outputs if step.kind != "filter" else (step.inputs, step.axis, step.mode, step.numbers)
        if key in groups:
            first = groups[key]
            step = replace(first, outputs=first.outputs + step.outputs, taps=first.taps + step.taps)
        groups[key] = step
    return list(groups.values())


def _in_lines(step, last):
    """Whether a step needs of its inputs the same line only."""
    return step.kind not in ("suppress", "slopes") and (step.kind != "filter" or step.axis == last)


def _late(steps, last):
    """Steps in lines right before the first one that needs what they make, so that more of them are neighbours."""
    ordered: list[Step] = []
    for step in reversed(steps):
        at = 0
        if _in_lines(step, last):
            needed = (k for k, other in enumerate(ordered) if set(other.inputs) & set(step.outputs))
            at = next(needed, 0)
        ordered.insert(at, step)
    return ordered


def _in_runs(steps, fetched, last):
    """Steps that know the end of their run: neighbours of which none needs other lines of what one of them makes."""
    ends = [0] * len(steps)
    begin, made = 0, set[int]()
    for k, step in enumerate(steps):
        if not (step.kind == "slopes" or _in_lines(step, last)):
            begin, made = k + 1, set()
            continue
        if step.kind == "slopes" and made & set(step.inputs):
            begin, made = k, set()
        made |= set(step.outputs) - fetched
        ends[begin : k + 1] = [k + 1] * (k + 1 - begin)
    return [replace(step, end=end) for step, end in zip(steps, ends, strict=True)]


def _in_memory_order(step, shape, order):
    """With its axis counted as memory has them, and what that axis's ends need."""
    if step.kind == "frame":
        table = np.asarray(step.numbers).transpose(order)
        return replace(step, numbers=table, reach=tuple(step.reach[k] for k in order))
    if step.kind == "suppress":
        return replace(step, numbers=tuple(step.numbers[k] for k in order), inputs=_permuted(step.inputs, order))
    if step.kind == "slopes":
        return replace(step, ghosts=tuple(ghost for k in order for ghost in _ghosts(step, shape[k])))
    if step.kind != "filter":
        return step
    n = shape[step.axis]
    behind = max(taps.behind + len(taps.weights) - 1 for taps in step.taps)
    ahead = max(taps.ahead + len(taps.weights) - 1 for taps in step.taps)
    axis, periodic = order.index(step.axis), step.mode == "wrap"
    step = replace(step, axis=axis, behind=behind, ahead=ahead, periodic=periodic)
    return step if periodic else replace(step, ghosts=_ghosts(step, n))


def _ghosts(step, n):
    """The samples that stand for those before and after an axis of n."""
    stands_for = GHOSTS[PERIODIC if step.mode == "wrap" else step.mode]
    return tuple(stands_for(i, n) for i in (*range(-1, -step.behind - 1, -1), *range(n, n + step.ahead)))


def _on_whole_axis(step, n):
    """A periodic filter in boxes that have all n samples of its axis: like any other, with ghosts at the ends."""
    return replace(step, periodic=False, ghosts=_ghosts(step, n))


def _permuted(inputs, order):
    *gradient, magnitude = inputs
    return (*(gradient[k] for k in order), magnitude)


def _reach_of_values(steps, count, ndim, results):
    """How far beyond a box of results each value is needed, before and after it, along each axis."""
    reach = np.zeros((count, ndim, 2), int)
    for step in reversed(steps):
        outputs = list(step.outputs)
        needed = reach[outputs].max(0) if outputs else np.zeros((ndim, 2), int)
        reach[outputs] = needed
        if step.kind == "slopes":
            needed = needed + 1
        elif step.axis >= 0:
            needed = needed.copy()
            needed[step.axis] += (step.behind, step.ahead)
        for value in step.inputs:
            if value >= 0:
                extra = int(step.kind == "suppress" and value == step.inputs[-1])
                reach[value] = np.maximum(reach[value], needed + extra)
    return reach


def _fetched(steps, fields, last):
    """Fields that nothing but steps that look across lines reads: they take rows of the field itself."""
    others = {v for s in steps for v in s.inputs if s.kind == "suppress" or _in_lines(s, last)}
    return set(fields) - others


class _Layout:
    """Sizes of boxes, and where values are in scratch."""

    # Of all values of a box: most of L2; or more than that, where boxes would repeat much of their neighbours' work.
    NEAR_BYTES, MOST_BYTES = 1 << 20, 16 << 20
    # What must be left of the work for a box to be made larger.
    WORTHWHILE_NEAR, WORTHWHILE_FAR = 0.98, 0.9
    # What reading a sample of the field again costs, in products: it comes from far away.
    READING = 8
    # The overhead of a row does not count in longer ones.
    LONGEST_ROW_BYTES = 16 << 10

    def __init__(self, steps, shape, reach, virtual, fetched, item):
        self._steps, self._shape, self._reach = steps, shape, reach
        self._virtual, self._fetched, self._item = virtual, fetched, item
        uses = [(step, (step.end or k + 1) - 1) for k, step in enumerate(steps)]
        self._last_use = {value: end for step, end in uses for value in (*step.inputs, *step.outputs)}
        # Values that nothing needs but steps done line by line with the one that makes them.
        self._one_line = {v for step, end in uses if step.end for v in step.outputs if self._last_use[v] == end}
        for step in steps:
            if step.kind == "frame" and not self._one_line >= {*step.inputs, *step.outputs}:  # they share one place
                self._one_line -= {*step.inputs, *step.outputs}

    def extents(self, value, side):
        """Samples of a value that a box of that shape needs."""
        wanted = [s + int(r.sum()) for s, r in zip(side, self._reach[value], strict=True)]
        return [w if v else min(w, n) for w, v, n in zip(wanted, self._virtual, self._shape, strict=True)]

    def margin(self, value):
        """Room that filters along the last axis need for ghosts at either end of a row."""
        last = len(self._shape) - 1
        users = [step for step in self._steps if value in step.inputs]
        needed = [max(s.behind, s.ahead) for s in users if s.kind == "slopes" or (s.kind, s.axis) == ("filter", last)]
        # A frame's value has the place of its input.
        return max(needed + [self.margin(s.outputs[0]) for s in users if s.kind == "frame"], default=0)

    def room(self, value, side):
        """Extents with the last one as long as a line of scratch: whole cache lines, an odd number of them."""
        line = 64 // self._item
        *outer, n = self.extents(value, side)
        lines = ceil(n / line) + 2 * ceil(self.margin(value) / line)
        n = (lines | 1) * line
        return (n,) if value in self._one_line else (*outer, n)

    def work(self, side):
        """Products for each result, about."""
        total = 0
        for step in self._steps:
            if step.outputs:
                each = sum(2 + len(taps.weights) for taps in step.taps) or 2
                total += each * prod(self.extents(step.outputs[0], side))
                if step.kind in ("filter", "slopes") and step.inputs[0] in self._fetched:
                    total += self.READING * prod(self.extents(step.inputs[0], side))
        return total / max(1, prod(side))

    def best_side(self, smallest):
        """Grow boxes along the axis that saves most work for the scratch it takes, as long as they fit."""
        *outer, n = self._shape
        reach = int(self._reach[:, -1].sum(1).max(initial=0))
        row = min(max(1, n), max(self.LONGEST_ROW_BYTES // self._item, 8 * reach))
        row = max(smallest[-1], min(row, ceil(ceil(n / max(1, ceil(n / row))) / 64) * 64))
        side = (*smallest[:-1], row)
        while True:
            now = self.work(side)
            larger = []
            for k, size in enumerate(outer):
                if side[k] < size:
                    grown = (*side[:k], min(2 * side[k], size), *side[k + 1 :])
                    size = self.scratch(grown) * self._item
                    enough = self.WORTHWHILE_NEAR if size <= self.NEAR_BYTES else self.WORTHWHILE_FAR
                    if size <= self.MOST_BYTES and self.work(grown) <= enough * now:
                        larger.append((self.work(grown), grown))
            if not larger:
                return side
            side = min(larger)[1]

    def scratch(self, side):
        return self.placed(side)[1]

    def placed(self, side):
        """All values, and the scratch that they need: places are used again when their value has served."""
        free: list[tuple[int, int]] = []  # (size, offset)
        end = 0
        places: dict[int, tuple[int, int]] = {}
        values = [Value(0, (1,), 0)] * len(self._reach)
        for k, step in enumerate(self._steps):
            for value in step.outputs:
                room, margin = self.room(value, side), self.margin(value)
                fetched = value in self._fetched
                held = self._held(value) if fetched else 0
                if step.kind == "frame":
                    places[value] = places.pop(step.inputs[0])
                else:
                    size = held * room[-1] if fetched else prod(room)
                    fitting = [place for place in free if place[0] >= size]
                    if fitting:
                        places[value] = min(fitting)
                        free.remove(places[value])
                    else:
                        places[value] = (size, end)
                        end += size
                values[value] = Value(places[value][1], room, margin, held, fetched)
            free += [places.pop(value) for value in list(places) if self._last_use[value] == k]
        return values, end

    def _held(self, value):
        """Lines of a field that slopes read at once."""
        return 3 if any(step.kind == "slopes" and value in step.inputs for step in self._steps) else 0

    def most_rows(self, side):
        """Rows that a step takes at once."""
        most = max((len(step.inputs) for step in self._steps), default=0)
        for step in self._steps:
            if step.kind == "filter":
                count = self.extents(step.outputs[0], side)[step.axis]
                most = max(most, step.behind + step.ahead + max(count, 1))
        return max(9, most)


# ---- running chains ----------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _compiled(build, shape, order, sample, kinds, options):
    """The pipeline of a chain, and the shape that its values are stacked in."""
    stages = Stages()
    results = build(stages, len(shape), *options)
    leading = () if isinstance(results, int) else (len(results),)
    results = results if leading else (results,)
    return stages.compiled(shape, order, sample, kinds, results), leading


def pipeline_of(build: Any, fields: Any, sample: int, options: tuple) -> tuple[Pipeline, tuple, tuple[int, ...]]:
    """The pipeline for such fields, how its values are stacked, and the order of the fields' axes in memory.

    ``build(stages, ndim, *options)`` returns a value, or a tuple of values to be stacked.
    """
    order = memory_order(fields[0])
    kinds = tuple(stored(field) for field in fields)
    return (*_compiled(build, fields[0].shape, order, sample, kinds, options), order)


def evaluate(
    build: Any, fields: Any, sample: int, options: tuple, out: np.ndarray | None = None, workers: int | None = None
) -> np.ndarray:
    """The values that `build` describes, in `out` or in a new array."""
    workers = as_workers(workers)
    dtype, shape = np.dtype("fd"[sample]), fields[0].shape
    if 0 in shape:
        empty = build(Stages(), len(shape), *options)
        leading = () if isinstance(empty, int) else (len(empty),)
        if out is not None:
            result_apart(out, leading + shape, dtype, fields)
        return np.empty(leading + shape, dtype) if out is None else out
    pipeline, leading, order = pipeline_of(build, fields, sample, options)
    if out is not None:
        fields = result_apart(out, leading + shape, dtype, fields)
    result = new_result(leading, fields[0], order, dtype) if out is None else out
    pipeline(list(fields), result, order, len(leading), out is None, workers, share)
    return result
