"""Edges and smoothed gradients with other libraries, as their users write them.

OpenCV gets results to reuse where fieldgrad does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .rivals import Rival

if TYPE_CHECKING:
    from .job import Job

KERNELS = {"sobel": 3, "scharr": -1}  # as OpenCV counts
SUM_OF_WEIGHTS = {"sobel": 4, "scharr": 16}
TRUNCATE = 4


def one_worker(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    function = job.call()
    out = {"out": function(f, *spacing, **job.options)} if job.reuse else {}
    return Rival(lambda: function(f, *spacing, **job.options, workers=1, **out))


def scikit_image(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    from skimage import feature, filters

    if job.function in ("sobel", "scharr"):
        return Rival(partial(getattr(filters, job.function), f, **job.options))
    return Rival(partial(getattr(feature, job.function), f, **job.options))


def scipy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    from scipy import ndimage

    if job.function == "canny":
        from tests.canny_oracle import canny_nd

        return Rival(partial(canny_nd, f, **job.options))
    if job.function == "sobel":
        f, options = f.astype(np.float32, copy=False), {"axis": job.options["axis"]}
        return Rival(partial(ndimage.sobel, f, **options, output=np.empty_like(f) if job.reuse else None))
    return Rival(partial(ndimage.gaussian_gradient_magnitude, f, **job.options, output=np.float32))


def opencv(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    return {"canny": _opencv_canny, "gaussian_gradient_magnitude": _opencv_gaussian}.get(job.function, _opencv_filter)(
        job, f
    )


def _opencv_filter(job, f):
    """One component or the magnitude, with fieldgrad's scale."""
    import cv2

    axis, full = job.options.get("axis"), 255 if f.dtype == np.uint8 else 1
    scale = 1 / SUM_OF_WEIGHTS[job.function] / full
    if axis is None:
        return Rival(_opencv_magnitude(job, f, KERNELS[job.function], scale / 2**0.5))
    if job.options.get("normalize") == "scipy":
        scale = 1
    dst = np.empty(f.shape, np.float32) if job.reuse else None
    options = {"ksize": KERNELS[job.function], "scale": scale, "borderType": cv2.BORDER_REFLECT}
    return Rival(lambda: cv2.Sobel(f, cv2.CV_32F, int(axis == 1), int(axis == 0), dst, **options))


def _opencv_magnitude(job, f, kernel, scale):
    import cv2

    x, y, size = (np.empty(f.shape, np.float32) for _ in range(3)) if job.reuse else (None, None, None)
    options = {"ksize": kernel, "scale": scale, "borderType": cv2.BORDER_REFLECT}

    def magnitude():
        gx = cv2.Sobel(f, cv2.CV_32F, 1, 0, x, **options)
        gy = cv2.Sobel(f, cv2.CV_32F, 0, 1, y, **options)
        return cv2.magnitude(gx, gy, size)

    return magnitude


def _opencv_gaussian(job, f):
    """A Gaussian, then Sobel's filter: another operator. 8-bit images stay so between the two."""
    import cv2

    sigma = job.options["sigma"]
    size = 2 * int(TRUNCATE * sigma + 0.5) + 1
    smooth = np.empty_like(f) if job.reuse else None
    magnitude = {}

    def call():
        smoothed = cv2.GaussianBlur(f, (size, size), sigma, smooth, borderType=cv2.BORDER_REFLECT)
        if not magnitude or not job.reuse:
            magnitude["of"] = _opencv_magnitude(job, smoothed, 3, 1 / 8)
        return magnitude["of"]()

    return Rival(call, same=False)


def _opencv_canny(job, f):
    """It takes 8-bit images only, and rounds what it has smoothed to 8 bits."""
    import cv2

    sigma = job.options["sigma"]
    size = 2 * int(TRUNCATE * sigma + 0.5) + 1
    eight_bits = f if f.dtype == np.uint8 else (255 * f).astype(np.uint8)

    def canny():
        smoothed = cv2.GaussianBlur(eight_bits, (size, size), sigma)
        return cv2.Canny(smoothed, 0.1 * 255, 0.2 * 255, L2gradient=True)

    return Rival(canny, same=False)


def numpy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Di Zenzo's colour gradient, spelled out."""

    def color_gradient():
        tensor = np.zeros((3, *f.shape[:2]), f.dtype)
        for channel in np.moveaxis(f, -1, 0):
            p = np.pad(channel, 1, mode="symmetric")
            down, across = p[2:] - p[:-2], p[:, 2:] - p[:, :-2]
            y = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 8
            x = (across[:-2] + 2 * across[1:-1] + across[2:]) / 8
            tensor += (y * y, y * x, x * x)
        yy, yx, xx = tensor
        half = (xx - yy) / 2
        return np.sqrt((xx + yy) / 2 + np.hypot(half, yx)), np.arctan2(yx, half) / 2

    return Rival(color_gradient, same=False)  # angles of flat samples are anything
