"""The compiled engine: README.md in this folder tells how a call becomes rows."""

import os

from . import core

core.use_isa(os.environ.get("FIELDGRAD_ISA") or None)

__all__ = ["core"]
