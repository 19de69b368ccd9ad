"""The compiled part of fieldgrad. Everything else is declared in pyproject.toml."""

import os

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ENGINE = "fieldgrad/_engine"
ROWS = ("stencils", "gaps", "norms", "samples", "filters", "slopes", "pointwise", "suppress")
CALLS = ["calls.h", "calls.pxd", "calls.pxi"]
HEADERS = ["rows.h", *(f"rows/{part}.h" for part in ROWS)]
INCLUDED = [f"{part}.pxi" for part in ("walk", "gaps", "boxes", "pipeline", "hysteresis", "ties")]

# Results promise the same bits for every instruction set, so multiplications and additions are never fused
# behind our back. rows.h selects its instruction sets function by function: no -march here, or the start-up
# code of the module would fail on older processors. Without -fno-math-errno, sqrt is not vectorised, nor are
# selections without -fno-trapping-math, which gives up exception flags and changes no value.
UNIX_FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:precise"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
# CPython hands on its own -fwrapv, which keeps the overflow of an index from being reported. In instrumented
# code GCC sees uninitialised variables where there are none.
SANITIZED_FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-wrapv", "-Wno-maybe-uninitialized"]


class BuildEngine(build_ext):
    """Chooses the flags once the kind of compiler is known."""

    def build_extensions(self):
        msvc = self.compiler.compiler_type == "msvc"
        for module in self.extensions:
            module.extra_compile_args = list(MSVC_FLAGS if msvc else UNIX_FLAGS)
            if os.environ.get("FIELDGRAD_SANITIZE") == "1":
                module.extra_compile_args += SANITIZERS + SANITIZED_FLAGS
                module.extra_link_args = SANITIZERS
        super().build_extensions()


def extension(name, depends=()):
    return Extension(
        f"fieldgrad._engine.{name}",
        sources=[f"{ENGINE}/{name}.pyx"],
        depends=[*(f"{ENGINE}/{file}" for file in depends), "setup.py"],
        include_dirs=[numpy.get_include()],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
        ],
    )


setup(
    cmdclass={"build_ext": BuildEngine},
    ext_modules=[
        extension("core", ["rows.pxd", *CALLS, *HEADERS, *INCLUDED]),
        extension("chains"),
        extension("morse", CALLS),
        extension("splines", CALLS),
        extension("zeros", [*CALLS, "nets.pxi", "krawczyk.pxi"]),
    ],
)
