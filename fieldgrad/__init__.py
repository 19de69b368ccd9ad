"""The differential calculus of sampled scalar fields for NumPy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._config import get_workers, set_workers, show_config
from .calculus import gradient, gradient_magnitude, normals
from .grid import Grid

if TYPE_CHECKING:
    from .algebra import PotentialInfo, gradient_matrix, gradient_operator, laplacian_matrix, potential
    from .contours import Contour
    from .critical import Box, CriticalPoints, critical_points, refine, second_derivative_test
    from .detector import canny, canny_contours
    from .edges import (
        ColorGradient,
        color_gradient,
        farid,
        orientation,
        prewitt,
        roberts,
        scharr,
        sobel,
        structure_tensor,
    )
    from .gaussian import gaussian_gradient, gaussian_gradient_magnitude, gaussian_laplace, hessian_of_gaussian
    from .interpolant import Interpolant, Linearization
    from .operators import curl, directional_derivative, divergence, hessian, jacobian, laplacian, partial

__version__ = "0.1.0"

__all__ = [
    "Box",
    "ColorGradient",
    "Contour",
    "CriticalPoints",
    "Grid",
    "Interpolant",
    "Linearization",
    "PotentialInfo",
    "canny",
    "canny_contours",
    "color_gradient",
    "critical_points",
    "curl",
    "directional_derivative",
    "divergence",
    "farid",
    "gaussian_gradient",
    "gaussian_gradient_magnitude",
    "gaussian_laplace",
    "get_workers",
    "gradient",
    "gradient_magnitude",
    "gradient_matrix",
    "gradient_operator",
    "hessian",
    "hessian_of_gaussian",
    "jacobian",
    "laplacian",
    "laplacian_matrix",
    "normals",
    "orientation",
    "partial",
    "potential",
    "prewitt",
    "refine",
    "roberts",
    "scharr",
    "second_derivative_test",
    "set_workers",
    "show_config",
    "sobel",
    "structure_tensor",
]

# What is imported when it is first used: import time is a feature.
_LATE = {
    "algebra": ("PotentialInfo", "gradient_matrix", "gradient_operator", "laplacian_matrix", "potential"),
    "contours": ("Contour",),
    "critical": ("Box", "CriticalPoints", "critical_points", "refine", "second_derivative_test"),
    "detector": ("canny", "canny_contours"),
    "edges": (
        "ColorGradient",
        "color_gradient",
        "farid",
        "orientation",
        "prewitt",
        "roberts",
        "scharr",
        "sobel",
        "structure_tensor",
    ),
    "gaussian": ("gaussian_gradient", "gaussian_gradient_magnitude", "gaussian_laplace", "hessian_of_gaussian"),
    "interpolant": ("Interpolant", "Linearization"),
    "operators": ("curl", "directional_derivative", "divergence", "hessian", "jacobian", "laplacian", "partial"),
}
_ROOMS = {name: module for module, names in _LATE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
