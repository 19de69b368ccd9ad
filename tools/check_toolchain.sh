#!/bin/sh
# Before anything is built: says in one message what this machine lacks, and how to get it.
# Usage: check_toolchain.sh PYTHON
python=$1
missing=
name=python3

lacks() {
    missing="$missing
    - $1"
}

if ! command -v "$python" >/dev/null; then
    lacks "Python >= 3.11 ($python is not there)"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    lacks "Python >= 3.11 ($python is $("$python" --version 2>&1))"
else
    case $(basename "$python") in
        python3.*) name=$(basename "$python") ;; # distributions name its packages after it
    esac
    "$python" -c 'import venv, ensurepip' 2>/dev/null || lacks "the venv module of $python"

    compiler=${CC:-$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("CC"))')}
    headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    # shellcheck disable=SC2086  # the compiler may bring options of its own
    if ! echo '#include <stdlib.h>' | $compiler -fsyntax-only -x c - 2>/dev/null; then
        lacks "a C compiler (${compiler%% *} does not work)"
    elif ! [ -f "$headers/Python.h" ]; then
        lacks "the headers of $python (no Python.h in $headers)"
    fi
fi

[ -z "$missing" ] && exit

cat >&2 <<MESSAGE

fieldgrad cannot be built yet. This machine lacks:$missing

Install it, then run make again:
    Debian, Ubuntu   sudo apt install build-essential $name-dev $name-venv
    Fedora           sudo dnf install gcc make $name-devel
    macOS            xcode-select --install; brew install python

To choose another interpreter: make PYTHON=python3.13

MESSAGE
exit 1
