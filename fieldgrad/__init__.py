"""The differential calculus of sampled scalar fields for NumPy."""

from ._config import get_workers, set_workers, show_config
from .calculus import gradient, gradient_magnitude, normals
from .grid import Grid

__version__ = "0.1.0"

__all__ = [
    "Grid",
    "get_workers",
    "gradient",
    "gradient_magnitude",
    "normals",
    "set_workers",
    "show_config",
]
