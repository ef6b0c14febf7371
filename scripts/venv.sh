#!/usr/bin/env bash
# Makes a virtual environment and installs hash-locked requirements into it. Used by the Makefile.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: scripts/venv.sh FOLDER FILE...
Makes FOLDER a virtual environment (Python 3.11 or newer) with the locked requirement FILEs.
A file named *-local.txt is complete in itself and is installed without dependencies.
PYTHON names the interpreter to use; the newest of python3, python3.14 ... python3.11 that works otherwise.
EOF
}

fail() {
    printf 'venv.sh: %s\n' "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON names $PYTHON, which is no Python 3.11 or newer; name another, or leave PYTHON out"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found (tried: python3, python3.14 ... python3.11); install it, or name it: make PYTHON=/path/to/python3 ..."
}

make_venv() {
    local folder=$1 python
    # pip comes last: without it an earlier run was interrupted.
    if [ -x "$folder/bin/python" ] && is_new_enough "$folder/bin/python" && "$folder/bin/python" -c 'import pip' 2>/dev/null; then
        return
    fi
    python=$(find_python)
    "$python" -m venv --clear "$folder" ||
        fail "$python cannot make virtual environments; on Debian or Ubuntu install the package python3-venv"
}

main() {
    if [ "${1:-}" = --help ] || [ $# -lt 2 ]; then
        usage
        [ "${1:-}" = --help ]
        exit
    fi
    local folder=$1 file
    shift
    make_venv "$folder"
    for file in "$@"; do
        printf 'installing %s into %s\n' "$file" "$folder" >&2
        case $file in
        *-local.txt) set -- --no-deps ;;
        *) set -- ;;
        esac
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes "$@" -r "$file" ||
            fail "$file could not be installed; is the network there? Run the same command again to go on"
    done
}

main "$@"
