"""Wrong arguments are refused by name, before anything is written."""

import numpy as np
import pytest
from numpy.exceptions import AxisError

import fieldgrad as fg
import nasty
from helpers import FUNCTIONS

EITHER = (TypeError, ValueError)
SHAPE = (9, 12)
RESULT_SHAPES = {fg.gradient: (2, *SHAPE), fg.gradient_magnitude: SHAPE, fg.normals: (2, *SHAPE)}
X, Y = np.arange(9.0), np.arange(12.0)

BAD_SPACINGS = {
    "one array for two axes": ((X,), TypeError),
    "three for two axes": ((1, 1, 1), TypeError),
    "three arrays for two axes": ((X, Y, Y), TypeError),
    "too long": ((X, Y[:-1]), ValueError),
    "too short": ((1.0, Y[:2]), ValueError),
    "wrong way round": ((Y, X), ValueError),
    "empty": ((1.0, []), ValueError),
    "ragged": ((1.0, [[1, 2], [3]]), EITHER),
    "two-dimensional": ((1.0, np.ones((2, 12))), ValueError),
    "zero": ((0.0,), ValueError),
    "integer zero": ((1, 0), ValueError),
    "NaN": ((np.nan,), ValueError),
    "infinity": ((1.0, np.inf), ValueError),
    "complex": ((1j,), EITHER),
    "complex coordinates": ((1.0, Y + 0j), EITHER),
    "string": (("1",), EITHER),
    "None": ((None,), EITHER),
    "NaN coordinate": ((1.0, np.where(Y == 3, np.nan, Y)), ValueError),
    "infinite coordinate": ((1.0, np.where(Y == 11, np.inf, Y)), ValueError),
    "repeated coordinate": ((1.0, np.where(Y == 3, 2, Y)), ValueError),
    "repeated last coordinate": ((1.0, np.minimum(Y, 10)), ValueError),
    "all coordinates equal": ((1.0, np.zeros(12)), ValueError),
    "up and down": ((1.0, np.where(Y == 3, 100, Y)), ValueError),
    "strings": ((1.0, list("abcdefghijkl")), EITHER),
    "dates": ((1.0, np.arange(12).astype("datetime64[D]")), EITHER),
    "objects": ((1.0, Y.astype(object)), EITHER),
}

BAD_OPTIONS = {
    "accuracy": [({"accuracy": value}, EITHER) for value in (0, 1, 3, 5, 10, -2, 2.5, "2", None)],
    "edge_order": [({"edge_order": value}, EITHER) for value in (0, 3, 4, -1, 1.5, "1")],
    "workers": [({"workers": value}, EITHER) for value in (0, -1, 1.5, "2", True, False, [2])],
    "boundary": [
        ({"boundary": value}, EITHER)
        for value in (
            "wrap",
            "",
            "Periodic",
            None,
            1,
            ("mirror",),
            ("mirror", "mirror", "mirror"),
            ("mirror", "symmetric"),
            ("mirror", ("mirror", "mirror", "mirror")),
            ("mirror", ("mirror",)),
            ("mirror", ("mirror", "what")),
            ("periodic", ("periodic", "one-sided")),
            (("mirror", "periodic"), "mirror"),
            ("mirror", None),
        )
    ],
    "cval": [({"boundary": "constant", "cval": value}, EITHER) for value in ("0", 1j, None, [1, 2])],
}
BAD_OPTION_CASES = [
    pytest.param(name, options, error, id=f"{options}")
    for name, cases in BAD_OPTIONS.items()
    for options, error in cases
]


@pytest.fixture(params=FUNCTIONS, ids=lambda function: function.__name__)
def function(request):
    return request.param


def refuses(function, f, *spacing, match, error=EITHER, **options):
    """The call fails with that message, and a good `out` keeps what it held."""
    with pytest.raises(error, match=match):
        function(f, *spacing, **options)
    if "axis" not in options and "out" not in options and getattr(f, "shape", None) == SHAPE:
        out = np.full(RESULT_SHAPES[function], 7.0)
        with pytest.raises(error, match=match):
            function(f, *spacing, out=out, **options)
        assert np.all(out == 7)


@pytest.mark.parametrize("name", BAD_SPACINGS)
def test_bad_spacing_is_refused(function, name):
    spacing, error = BAD_SPACINGS[name]
    refuses(function, np.ones(SHAPE), *spacing, match="spacing|coordinates", error=error)


def test_spacings_are_counted_by_requested_axis():
    f = np.ones(SHAPE)
    refuses(fg.gradient, f, 1, 1, 1, axis=1, match="spacing")
    refuses(fg.gradient, f, X, axis=(0, 1), match="spacing")
    refuses(fg.gradient, f, X, axis=1, match="spacing|coordinates")


@pytest.mark.parametrize("name, options, error", BAD_OPTION_CASES)
def test_bad_option_is_refused_by_name(function, name, options, error):
    refuses(function, np.ones(SHAPE), match=name, error=error, **options)


def test_messages_say_what_came():
    f = np.ones(SHAPE)
    refuses(fg.gradient, f, accuracy=5, match="5")
    refuses(fg.gradient, f, edge_order=7, match="7")
    refuses(fg.gradient, f, boundary="wrap", match=r"'wrap'.*|.*'wrap'")
    refuses(fg.gradient, f, boundary="wrap", match="periodic")
    refuses(fg.gradient, f, 1, 2, 3, match="3")
    refuses(fg.gradient, f, workers=-4, match="-4")


@pytest.mark.parametrize(
    "accuracy, edge_order, needed",
    [(2, None, 2), (2, 1, 2), (2, 2, 3), (4, None, 5), (6, None, 7), (8, None, 9)],
)
def test_too_few_samples_says_how_many_are_needed(function, accuracy, edge_order, needed):
    for n in range(needed):
        for shape in ((n,), (9, n), (n, 9)):
            refuses(
                function,
                np.ones(shape),
                accuracy=accuracy,
                edge_order=edge_order,
                match=rf"\b{needed}\b",
                error=ValueError,
            )
    assert np.all(fg.gradient(np.ones(needed), accuracy=accuracy, edge_order=edge_order) == 0)


@pytest.mark.parametrize(
    "field",
    [
        np.array([1, 2, 3], object),
        np.array(["a", "b"]),
        ["a", "b"],
        np.zeros(3, "V8"),
        b"bytes",
        [1, None, 2],
        np.zeros(3, [("x", float)]),
        [[1, 2], [3]],
    ],
    ids=repr,
)
def test_field_must_be_numbers(function, field):
    refuses(function, field, match=r"\bf\b")


@pytest.mark.parametrize("field", [3.0, np.array(3.0), np.float32(1), np.ma.array(2.0)], ids=repr)
def test_field_must_have_an_axis(function, field):
    refuses(function, field, match=r"\bf\b")


def test_axis_must_exist():
    for axis in (2, -3, (0, 2), (5,)):
        with pytest.raises(AxisError):
            fg.gradient(np.ones(SHAPE), axis=axis)


def test_axis_must_not_repeat():
    for axis in ((0, 0), (1, -1), (0, 1, 0)):
        refuses(fg.gradient, np.ones(SHAPE), axis=axis, match="axis", error=ValueError)


def test_axis_must_be_whole():
    for axis in (0.5, "0", (0, 1.5)):
        refuses(fg.gradient, np.ones(SHAPE), axis=axis, match=r"axis|integer", error=TypeError)


def _read_only(shape):
    out = np.zeros(shape)
    out.flags.writeable = False
    return out


BAD_OUTS = {
    "shape": lambda shape: np.zeros((*shape, 1)),
    "transposed": lambda shape: np.zeros(shape[::-1]),
    "broadcastable": lambda shape: np.zeros((1, *shape)),
    "single precision": lambda shape: np.zeros(shape, np.float32),
    "integers": lambda shape: np.zeros(shape, int),
    "complex": lambda shape: np.zeros(shape, complex),
    "byte-swapped": lambda shape: np.zeros(shape, np.dtype(float).newbyteorder("S")),
    "read-only": _read_only,
    "list": lambda shape: np.zeros(shape).tolist(),
    "string": lambda shape: "out",
}


@pytest.mark.parametrize("name", BAD_OUTS)
def test_bad_out_is_refused_untouched(function, name):
    out = BAD_OUTS[name](RESULT_SHAPES[function])
    refuses(function, nasty.field(SHAPE), out=out, match="out")
    if isinstance(out, np.ndarray):
        assert not out.any()


def test_out_of_integers_is_of_doubles(function):
    out = np.zeros(RESULT_SHAPES[function], int)
    refuses(function, np.ones(SHAPE, int), out=out, match="out")


def test_dates_take_the_default_keywords_only():
    dates = np.arange(12).astype("datetime64[D]")
    for options in ({"accuracy": 4}, {"boundary": "periodic"}):
        refuses(fg.gradient, dates, match="datetime|dates", **options)
    for function in (fg.gradient_magnitude, fg.normals):
        refuses(function, dates, match="datetime|dates")


@pytest.mark.parametrize("keyword", ("where", "spacing", "mode", "axes"))
def test_unknown_keyword_is_refused(function, keyword):
    with pytest.raises(TypeError, match=keyword):
        function(np.ones(SHAPE), **{keyword: 1})


def test_reductions_take_no_axis():
    for function in (fg.gradient_magnitude, fg.normals):
        with pytest.raises(TypeError, match="axis"):
            function(np.ones(SHAPE), axis=0)
