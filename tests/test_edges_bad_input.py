"""Wrong arguments of image functions are refused by name, before anything is written."""

import inspect

import numpy as np
import pytest
from numpy.exceptions import AxisError

import fieldgrad as fg
import nasty

EITHER = (TypeError, ValueError)
SHAPE = (9, 12)
IMAGE = nasty.field(SHAPE)
COLOURS = nasty.field((*SHAPE, 3))

# What goes with a right image in a right call.
DERIVATIVES = {name: {"normalize": "derivative"} for name in ("sobel", "scharr", "prewitt", "farid")}
GAUSSIANS = {
    name: {"sigma": 1.5}
    for name in ("gaussian_gradient", "gaussian_gradient_magnitude", "gaussian_laplace", "hessian_of_gaussian")
}
STRUCTURES = {
    "orientation": {"operator": "gaussian", "sigma": 1.5},
    "structure_tensor": {},
    "color_gradient": {},
}
DETECTORS = {"canny": {}, "canny_contours": {}}
CALLS = {**DERIVATIVES, "roberts": {}, **GAUSSIANS, **STRUCTURES, **DETECTORS}

_lengths = (-1, -1e-300, np.nan, np.inf, -np.inf, "1", 1j, (1,), (1, 2, 3), (1, -1), (np.nan, 1), [[1, 2]], {})
_weights = ("0", 1j, None, [1, 2], np.ones(SHAPE))
BAD_VALUES = {
    "sigma": _lengths,
    "spacing": (*_lengths, 0, (1, 0)),
    "truncate": (-1, np.nan, np.inf, "4", None, 1j, (4, 4)),
    "cval": _weights,
    "mode": ("periodic", "", "Reflect", None, 1, ("reflect", "what"), ("reflect",), b"reflect"),
    "normalize": ("sk", "Derivative", "", None, 1, True),
    "operator": ("roberts", "canny", "Sobel", "", None, 3),
    "axis": (0.5, "0", (0, 1.5), (0, 0), (1, -1), True),
    "mask": (
        np.ones(SHAPE[::-1], bool),
        np.ones((9, 13), bool),
        np.ones((1, *SHAPE), bool),
        np.ones(9, bool),
        True,
        np.ones(SHAPE),
        np.full(SHAPE, np.nan),
        np.ones(SHAPE, complex),
        np.ones(SHAPE, object),
        np.full(SHAPE, "True"),
        [[True, False], [True]],
        "mask",
    ),
    "workers": (0, -1, 1.5, "2", True, [2]),
    "channel_axis": (3, -4, 1.5, "0", (0,), True),
    "low_threshold": (-0.1, np.nan, "0.1", 1j, (0.1, 0.2)),
    "high_threshold": (-0.1, np.nan, "0.1", 1j, (0.1, 0.2)),
    "thresholds": ("triangle", "Otsu", "", 1, (0.1, 0.2)),
}


def arguments_of(name):
    return inspect.signature(getattr(fg, name)).parameters


BAD_ARGUMENTS = [
    pytest.param(name, argument, value, id=f"{name}-{argument}-{k}")
    for name in CALLS
    for argument, values in BAD_VALUES.items()
    if argument in arguments_of(name)
    for k, value in enumerate(values)
]


def right_image(name, options=()):
    return COLOURS if name == "color_gradient" or "channel_axis" in options else IMAGE


def right_result(name):
    return getattr(fg, name)(right_image(name), **CALLS[name])


def refuses(name, image, *, match, error=EITHER, **changes):
    """It raises, naming what is wrong, and neither `out` nor the image is written to."""
    function, options = getattr(fg, name), CALLS[name] | changes
    with pytest.raises(error, match=match):
        function(image, **options)
    if "out" not in arguments_of(name) or "out" in changes:
        return
    out = np.full_like(right_result(name), 7)
    with pytest.raises(error, match=match):
        function(image, **options, out=out)
    assert np.all(out == 7)


@pytest.fixture(params=CALLS)
def name(request):
    return request.param


def test_right_calls_are_served(name):
    right_result(name)


@pytest.mark.parametrize("name, argument, value", BAD_ARGUMENTS)
def test_bad_argument_is_refused_by_name(name, argument, value):
    refuses(name, right_image(name, {argument}), match=argument, **{argument: value})


def test_messages_say_what_came():
    refuses("sobel", IMAGE, mode="periodic", match="'periodic'")
    refuses("sobel", IMAGE, mode="periodic", match="wrap")
    refuses("sobel", IMAGE, normalize="unit", match="'unit'")
    refuses("orientation", IMAGE, operator="laplace", match="'laplace'")
    refuses("gaussian_gradient", IMAGE, sigma=-2.5, match=r"-2\.5")
    refuses("gaussian_gradient", IMAGE, sigma=(1, 2, 3), match="3")
    refuses("canny", IMAGE, thresholds="triangle", match="'triangle'")
    refuses("canny", IMAGE, mask=np.ones((4, 5), bool), match=r"\(4, 5\)")
    refuses("canny", IMAGE, workers=-4, match="-4")


# images


BAD_IMAGES = {
    "complex": IMAGE + 1j,
    "complex single": (IMAGE + 1j).astype(np.complex64),
    "objects": IMAGE.astype(object),
    "strings": IMAGE.astype(str),
    "dates": np.zeros(SHAPE, "datetime64[D]"),
    "durations": np.zeros(SHAPE, "timedelta64[s]"),
    "void": np.zeros(SHAPE, "V8"),
    "structured": np.zeros(SHAPE, [("x", float)]),
    "ragged": [[1, 2], [3]],
    "None": None,
    "bytes": b"bytes",
    "a number": 3.0,
    "an array of no axis": np.array(3),
    "masked complex": np.ma.masked_array(IMAGE + 1j, IMAGE > 0),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_image_must_be_an_array_of_real_numbers(name, case):
    refuses(name, BAD_IMAGES[case], match="image")


@pytest.mark.parametrize(
    "name, shapes",
    (
        ("roberts", ((9,), (4, 5, 6))),
        ("orientation", ((9,), (4, 5, 6))),
        ("color_gradient", ((9,), (9, 12), (4, 5, 6, 3), (9, 12, 0))),
        ("canny", ((9,), (3, 4, 5, 6), (0,))),
        ("canny_contours", ((9,), (4, 5, 6))),
    ),
)
def test_image_must_have_as_many_axes_as_have_a_meaning(name, shapes):
    for shape in shapes:
        refuses(name, np.ones(shape), match="image", error=ValueError)


@pytest.mark.parametrize("name", DETECTORS)
def test_channels_need_two_other_axes(name):
    for shape in ((9, 3), (3,), (9, 12, 0)):
        refuses(name, np.ones(shape), channel_axis=-1, match="image", error=ValueError)


# arguments that don't go together


@pytest.mark.parametrize("name", DERIVATIVES)
def test_spacing_needs_derivatives(name):
    for normalize in ("skimage", "scipy", "opencv"):
        for spacing in (1.0, 2, (1, 1)):
            refuses(name, IMAGE, spacing=spacing, normalize=normalize, match="spacing", error=ValueError)


@pytest.mark.parametrize("name", (*DERIVATIVES, "gaussian_gradient"))
def test_axis_must_exist(name):
    for axis in (2, -3, (0, 2), (5,)):
        refuses(name, IMAGE, axis=axis, match="axis", error=AxisError)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_sigma_must_reach_the_next_sample(name):
    for options in ({"sigma": 0}, {"sigma": 0.12}, {"sigma": (1, 0.1)}, {"sigma": 1, "spacing": (1, 9)}):
        refuses(name, IMAGE, match="sigma", error=ValueError, **options)
    refuses(name, IMAGE, sigma=1, truncate=0.4, match="sigma|truncate", error=ValueError)
    getattr(fg, name)(IMAGE, 0.13)
    getattr(fg, name)(IMAGE, 1, truncate=0.5)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_sigma_of_the_gaussian_family_must_be_given(name):
    with pytest.raises(TypeError, match="sigma"):
        getattr(fg, name)(IMAGE)


def test_sigma_goes_with_the_gaussian_operator():
    refuses("orientation", IMAGE, operator="gaussian", sigma=None, match="sigma")
    for operator in ("sobel", "scharr", "prewitt", "farid"):
        refuses("orientation", IMAGE, operator=operator, sigma=1.0, match="sigma")


def test_colours_are_smoothed_along_both_axes_or_none():
    for sigma in ((0, 1), (1, 0), 0.1, (1, 0.1)):
        refuses("color_gradient", COLOURS, sigma=sigma, match="sigma", error=ValueError)


@pytest.mark.parametrize("name", DETECTORS)
def test_low_threshold_must_not_exceed_the_high_one(name):
    for options in (
        {"low_threshold": 0.3, "high_threshold": 0.2},
        {"low_threshold": 0.9, "high_threshold": 0.2, "use_quantiles": True},
        {"low_threshold": 0.3},
        {"high_threshold": 0.05},
    ):
        refuses(name, IMAGE, match="threshold", error=ValueError, **options)


@pytest.mark.parametrize("name", DETECTORS)
def test_quantiles_are_between_zero_and_one(name):
    for options in (
        {"low_threshold": 0.1, "high_threshold": 1.1},
        {"low_threshold": -0.1, "high_threshold": 0.5},
        {"low_threshold": 1.1, "high_threshold": 1.2},
        {"low_threshold": np.nan, "high_threshold": 0.5},
        {"low_threshold": 0.1, "high_threshold": np.inf},
    ):
        refuses(name, IMAGE, use_quantiles=True, match="threshold", **options)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("thresholds", ("otsu", "median"))
def test_automatic_thresholds_exclude_explicit_ones(name, thresholds):
    for options in ({"low_threshold": 0.1}, {"high_threshold": 0.1}, {"use_quantiles": True}):
        refuses(name, IMAGE, thresholds=thresholds, match="thresholds", **options)


# out


def _read_only(result):
    out = result.copy()
    out.flags.writeable = False
    return out


BAD_OUTS = {
    "longer": lambda result: np.zeros((*result.shape, 1)),
    "broadcastable": lambda result: np.zeros((1, *result.shape)),
    "transposed": lambda result: np.zeros(result.shape[::-1]),
    "single precision": lambda result: np.zeros(result.shape, np.float32),
    "extended precision": lambda result: np.zeros(result.shape, np.longdouble),
    "integers": lambda result: np.zeros(result.shape, int),
    "complex": lambda result: np.zeros(result.shape, complex),
    "byte-swapped": lambda result: np.zeros(result.shape, np.dtype(float).newbyteorder("S")),
    "read-only": _read_only,
    "list": lambda result: np.zeros(result.shape).tolist(),
    "string": lambda result: "out",
}


@pytest.mark.parametrize("name", [name for name in CALLS if "out" in arguments_of(name)])
@pytest.mark.parametrize("case", BAD_OUTS)
def test_bad_out_is_refused_untouched(name, case):
    for shape in (SHAPE, (0, 5)):
        image = nasty.field(shape)
        out = BAD_OUTS[case](getattr(fg, name)(image, **CALLS[name]))
        before = out.copy() if isinstance(out, np.ndarray) else None
        refuses(name, image, out=out, match="out")
        if before is not None:
            np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("name", [name for name in CALLS if "out" in arguments_of(name)])
def test_out_of_small_integers_is_of_singles(name):
    image = nasty.field(SHAPE, np.uint8)
    result = getattr(fg, name)(image, **CALLS[name])
    for dtype in (np.uint8, np.float16, np.float64):
        refuses(name, image, out=np.zeros(result.shape, dtype), match="out")
    out = np.zeros(result.shape, np.float32)
    assert getattr(fg, name)(image, **CALLS[name], out=out) is out


@pytest.mark.parametrize("keyword", ("where", "boundary", "nan", "accuracy", "sigmas"))
def test_unknown_keyword_is_refused(name, keyword):
    with pytest.raises(TypeError, match=keyword):
        getattr(fg, name)(right_image(name), **CALLS[name], **{keyword: 1})
