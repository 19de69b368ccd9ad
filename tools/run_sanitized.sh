#!/usr/bin/env bash
# Runs the test suite on an engine compiled with AddressSanitizer and UndefinedBehaviorSanitizer.
# What it builds is the unpacked sdist: the source tree keeps its fast engine, and an sdist that lacks
# a file needed for building or testing is found out.
# Usage: run_sanitized.sh PYTHON (one that has the `test` and `dev` extras)
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/$1

rm -rf build/asan
"$python" -m build -qq --sdist --no-isolation --outdir build/asan .
tar -xzf build/asan/fieldgrad-*.tar.gz -C build/asan --strip-components=1
cd build/asan
FIELDGRAD_SANITIZE=1 "$python" setup.py --quiet build_ext --inplace --parallel 2

# The interpreter is not instrumented itself, so the run-time libraries have to come first in the process.
sanitizers=$(ldd fieldgrad/_engine/core.*.so | awk '/lib(a|ub)san/ { print $3 }' | xargs)
test -n "$sanitizers"

# Leaks are CPython's own at exit; an allocation that fails is a MemoryError, as ever. Python's own allocator
# would hide overruns of small blocks.
export LD_PRELOAD=$sanitizers
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
export PYTHONMALLOC=malloc
export HYPOTHESIS_PROFILE=sanitizer
export PYTHONPATH=$PWD
run() {
    "$python" -m pytest -q -p no:cacheprovider --capture=sys "$@" # a report goes to stderr, and would be lost with it
}

# Every test is in one of two halves that run side by side, for most keep one processor busy. What a shell runs in the
# background ignores Ctrl-C, and test_engine.py presses it.
half='tests/test_e*.py'
run --ignore-glob="$half" >other_half.log 2>&1 &
status=0
run $half || status=$?
wait $! || status=$?
cat other_half.log
exit "$status"
