"""Proves that an installed wheel works, in an environment that has only the wheel and what it requires."""

from importlib.metadata import version

import numpy as np

import fieldgrad as fg

field = np.random.default_rng(0).standard_normal((7, 8, 9))
spacing = 0.5, 2.0, 0.3
np.testing.assert_array_equal(fg.gradient(field, *spacing), np.gradient(field, *spacing))
print(f"fieldgrad {version('fieldgrad')} works from {fg.__path__[0]}")
