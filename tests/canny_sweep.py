"""All pixels of all sample images: how many differ between `fieldgrad.canny` and `skimage.feature.canny`.

``python tests/canny_sweep.py`` prints that for each type of image. It takes ten minutes; the tests make a part of the
same comparisons.
"""

import functools
import itertools

import numpy as np
from skimage import color, data, feature, util

import canny_oracle
import fieldgrad as fg

# What scikit-image carries without a download. Three are drawn with two colours, or with ruler and compasses: whole
# lines of pixels are ties there.
DRAWN = ("checkerboard", "horse", "shepp_logan_phantom")
IMAGES = (
    "astronaut",
    "brick",
    "camera",
    "cell",
    "checkerboard",
    "chelsea",
    "clock",
    "coffee",
    "coins",
    "colorwheel",
    "grass",
    "gravel",
    "horse",
    "hubble_deep_field",
    "immunohistochemistry",
    "logo",
    "microaneurysms",
    "moon",
    "page",
    "retina",
    "rocket",
    "shepp_logan_phantom",
    "text",
)
TAKEN = tuple(name for name in IMAGES if name not in DRAWN)
TYPES = {
    "float64": util.img_as_float64,
    "float32": util.img_as_float32,
    "uint8": util.img_as_ubyte,
    "uint16": util.img_as_uint,
}
SIGMAS = (0.5, 1, 2, 3, 4)
MODES = ("constant", "reflect", "nearest")
THRESHOLDS = ((None, None, False), (0.02, 0.5, False), (0.0, 0.3, False), (0.6, 0.9, True))
MASKED = (False, True)


@functools.cache
def grey_image(name):
    """In double precision, between 0 and 1."""
    image = getattr(data, name)()
    if image.ndim == 2:
        return util.img_as_float64(image)
    return color.rgb2gray(color.rgba2rgb(image) if image.shape[2] == 4 else image)


def speckled_disc(shape):
    """A mask with a curved outline and many small holes."""
    y, x = (np.linspace(-1, 1, n) for n in shape)
    disc = np.hypot(y[:, np.newaxis], x) < 0.9
    return disc & (np.random.default_rng(3).random(shape) > 0.003)


def cases(sigmas=SIGMAS, thresholds=THRESHOLDS, masked=MASKED, modes=MODES):
    """Arguments of `differing`, thresholds between 0 and 1."""
    for sigma, (low, high, use_quantiles), has_mask, mode in itertools.product(sigmas, thresholds, masked, modes):
        yield {
            "sigma": sigma,
            "low": low,
            "high": high,
            "use_quantiles": use_quantiles,
            "masked": has_mask,
            "mode": mode,
        }


def differing(image, sigma, low, high, use_quantiles, masked, mode):
    """How many pixels differ."""
    mask = speckled_disc(image.shape) if masked else None
    white = 1 if low is None or use_quantiles else canny_oracle.full_scale(image.dtype)
    low, high = (None, None) if low is None else (low * white, high * white)
    ours = fg.canny(image, sigma, low, high, mask, use_quantiles, mode=mode)
    theirs = feature.canny(image, sigma, low, high, mask, use_quantiles, mode=mode)
    return np.count_nonzero(ours != theirs)


def sweep():
    for kind, convert in TYPES.items():
        for group, names in (("photographs", TAKEN), ("drawings", DRAWN)):
            different = pixels = 0
            for name, case in itertools.product(names, cases()):
                image = convert(grey_image(name))
                different += differing(image, **case)
                pixels += image.size
            print(f"{kind} {group}: {different} of {pixels} pixels differ", flush=True)


if __name__ == "__main__":
    sweep()
