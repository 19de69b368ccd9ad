#!/usr/bin/env bash
# Packs an sdist, builds the wheel from that sdist, and proves the wheel in an environment of its own.
# Usage: check_wheel.sh PYTHON (one that has the `dev` extra)
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf dist build/wheel-check
"$1" -m build -qq
"$1" -m venv build/wheel-check
clean=build/wheel-check/bin/python
"$clean" -m pip -qq install dist/*.whl
"$clean" tools/smoke_test.py
"$clean" -m pip --disable-pip-version-check check
