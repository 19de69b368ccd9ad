"""Decisions of Canny's detector that are too close for float32: found by a bound on its rounding, made again exactly.

As in computational geometry there is a filter and an exact predicate. The engine marks a pixel as close when errors of
less than `gradient_error` could change what becomes of it; here such pixels are decided by the arithmetic that decides
them in scikit-image, which is SciPy's, in double precision, of float32 images with every pass stored in float32.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ._engine.core import Referee
from ._engine.pool import share
from ._images import stored
from .stages import gaussian_taps
from .stencils import GHOSTS, PERIODIC

TRUNCATE = 4.0
BLOCK = 1 << 16  # samples at once: they stay in the caches
# Norm of the weights of both Sobel filters, each sample's error directed as is worst: in the direction (c, s) they are
# 2 (c + s) + 2 |c - s| + 4 c + 4 s, at most sqrt(80).
_SOBEL_GAIN = 8.95


class Chain(NamedTuple):
    """What the gradient of a 2-D image is made from."""

    image: np.ndarray
    mask: np.ndarray | None  # samples that count
    sigma: tuple[float, ...]
    mode: str
    cval: float
    white: float  # what becomes 1


# ---- the filter --------------------------------------------------------------------------------------------


class Bound(NamedTuple):
    """How far the gradient of the engine, in float32, and that of scikit-image may be apart, as vectors: a multiple of
    the largest sample that it is made of, one of their range, and a number. Samples are as they are stored."""

    of_largest: float
    of_span: float
    least: float  # samples are beside all these
    most: float
    # Squares of what is less than 16 times that lose digits to underflow, and with them scikit-image's magnitude.
    besides: float = 2.0**-67

    def error(self, least: float, most: float) -> float:
        least, most = min(least, self.least), max(most, self.most)
        if self.of_largest == np.inf or least > most:
            return self.of_largest
        return self.of_largest * max(most, -least) + self.of_span * (most - least) + self.besides


def gradient_error(chain: Chain) -> Bound:
    """The bound for an image, infinite where none is known.

    In units of half an epsilon of the largest sample each smoothed one differs by

    - what the passes along each axis cost (`_growth`), and the quotient by the share of samples that are there: one for
      the quotient, one for that share in float32, and one for setting it to 1 near 1;
    - with a mask the share costs as much as the image, for it may be small;
    - in float32 storing two passes of the image and two of the share, adding epsilon, and the quotient: 7.

    The Sobel filters carry that to the gradient. Their own rounding is relative to differences of smoothed samples, to
    the range: 14 for each component here (of differences 2, of products 2, weighed by 4; of two sums 6), 8 for storing
    two passes there, 31 for both; and 4 of either magnitude, of 5.7 ranges, for its squares, sum and root. One
    component here is of sums, before differences: each rounds by 6 of the largest sample.
    """
    least, most = np.inf, -np.inf
    if chain.mask is not None:
        least = most = 0.0  # masked samples
    if chain.mode == "constant":
        if chain.cval < 0 or (chain.cval != 0 and chain.mask is not None):
            return Bound(np.inf, 0.0, least, most)  # divided by anything
        outside = chain.cval * chain.white
        least, most = min(least, outside), max(most, outside)
    axes = list(zip(chain.sigma, chain.image.shape, strict=True))
    if chain.mask is not None:
        smoothed = 2 * sum(_growth(sigma, 0) for sigma, _ in axes) + 3
    else:
        smoothed = sum(_growth(sigma, n) for sigma, n in axes) + 3
    if chain.image.dtype.kind == "f":
        smoothed += 7
    unit = 2.0**-24 / chain.white
    if chain.mode == "constant" and chain.cval != 0:
        # The smoothed image of ones, beside a constant other than 0, is not the share, and may be smaller.
        unit /= min(1.0, chain.cval)
    return Bound((_SOBEL_GAIN * smoothed + 12) * unit, (31 + 2 * 23) * unit, least, most)


def _growth(sigma: float, n: int) -> float:
    """What a Gaussian filter of n samples along an axis costs in float32, in units of half an epsilon of the largest
    sample; n is 0 if any of them may be missing.

    Weights, sums of pairs and products are rounded once. The centre and then the pairs, from outermost to innermost,
    are added: each addition rounds no more than the weights so far, for their samples can't exceed the largest. Beyond
    one end there may be nothing; divided by the share of weights that are left, which is (1 + w0) / 2 where the end is
    and more elsewhere, the weights so far become (so far + w0) / (1 + w0) at most. With more missing they are 1.
    """
    if sigma == 0:
        return 1.0
    taps = gaussian_taps(sigma, 0, TRUNCATE)
    weights, centre = np.array(taps.weights), taps.centre or 0.0
    if n <= 2 * len(weights):
        return 3.0 + len(weights)
    so_far = centre + 2 * np.cumsum(weights[::-1])
    return 3.0 + float(((so_far + centre) / (1 + centre)).sum())


# ---- the exact predicate -----------------------------------------------------------------------------------


def referee(chain: Chain) -> Referee:
    """Who makes decisions about that image."""
    single = chain.image.dtype.kind == "f"
    eps = float(np.finfo(np.float32 if single else np.float64).eps)
    weights, sources = [], []
    stands_for = GHOSTS[PERIODIC if chain.mode == "wrap" else chain.mode]
    for sigma, n in zip(chain.sigma, chain.image.shape, strict=True):
        taps = gaussian_taps(sigma, 0, TRUNCATE) if sigma > 0 else None
        reach = len(taps.weights) if taps else 0
        weights.append((taps.centre, *taps.weights) if taps else None)
        before, after = ([stands_for(i, n) for i in beyond] for beyond in (range(-reach, 0), range(n, n + reach)))
        sources.append(np.concatenate((before, np.arange(n), after)).astype(np.intp))
    share = None
    if chain.mode == "constant" and chain.mask is None:
        share = share_of_ones(chain.image.shape, chain.sigma, chain.cval, np.float32 if single else np.float64)
    return Referee(chain.image, stored(chain.image), chain.mask, weights, sources, share, 1 / chain.white, chain.cval,
                   eps, single)  # fmt: skip


def share_of_ones(shape, sigma, cval, dtype):
    """The smoothed image of ones, as far as it varies near the ends of axes: scikit-image's."""
    reach = (len(gaussian_taps(s, 0, TRUNCATE).weights) if s > 0 else 0 for s in sigma)
    return _share(tuple(min(n, 2 * r + 1) for n, r in zip(shape, reach, strict=True)), sigma, cval, dtype)


@lru_cache(maxsize=8)
def _share(shape, sigma, cval, dtype):
    from scipy.ndimage import gaussian_filter

    share = gaussian_filter(np.ones(shape, dtype), sigma, mode="constant", cval=cval, truncate=TRUNCATE)
    share += np.finfo(dtype).eps
    share.flags.writeable = False
    return share


class _Extent:
    """The least and the largest of blocks that threads share."""

    def __init__(self, blocks: Sequence[np.ndarray]) -> None:
        self._left, self.found = deque(blocks), list[float]()

    def work(self, look: bool = False) -> None:
        while self._left:
            try:
                block = self._left.popleft()
            except IndexError:  # another thread was faster
                return
            self.found += [block.min(), block.max()]

    def stop(self) -> None:
        self._left.clear()


def extent(image: np.ndarray, mask: np.ndarray | None, workers: int) -> tuple[float, float]:
    """The least and the largest of all samples that count."""
    if mask is not None:
        image = image[mask]
    if not image.size:
        return 0.0, 0.0
    lines = image if image.ndim == 1 or image.flags.c_contiguous else image.T
    step = max(1, BLOCK * len(lines) // lines.size)
    call = _Extent([lines[k : k + step] for k in range(0, len(lines), step)])
    share(call, min(workers, lines.size // (4 * BLOCK) + 1) - 1)
    return float(np.min(call.found)), float(np.max(call.found))
