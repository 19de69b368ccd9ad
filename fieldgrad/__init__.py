"""The differential calculus of sampled scalar fields for NumPy."""

from ._config import get_workers, set_workers, show_config
from .algebra import PotentialInfo, gradient_matrix, gradient_operator, laplacian_matrix, potential
from .calculus import gradient, gradient_magnitude, normals
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
from .grid import Grid
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
