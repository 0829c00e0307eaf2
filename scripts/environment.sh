# The Python environment of scripts/quickstart and scripts/check. To be sourced; for
# bash 3.2 and later, on Linux and macOS.
#
# prepare_environment [extra] uses the active environment, or makes .venv in the root of
# the project, and installs the project in it unless that was done before. It sets
#   root     folder of the project
#   python   the interpreter of the environment
#   prefix   folder of the environment

OLDEST_PYTHON="3.10"
NEWEST_PYTHON="3.13" # TensorFlow has no wheels for later ones
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

say() {
    printf '== %s\n' "$*"
}

prepare_environment() {
    local extra="${1:-}"
    if [ -n "${VIRTUAL_ENV:-}" ] && [ -x "$VIRTUAL_ENV/bin/python" ]; then
        prefix="$VIRTUAL_ENV"
        python="$prefix/bin/python"
    elif [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-base}" != base ] &&
        [ -x "$CONDA_PREFIX/bin/python" ]; then
        prefix="$CONDA_PREFIX"
        python="$prefix/bin/python"
    else
        prefix="$root/.venv"
        python="$prefix/bin/python"
        make_venv
    fi
    require_python
    install_project "$extra"
}

# Whether a python is one that TensorFlow supports.
is_supported() {
    "$1" - "$OLDEST_PYTHON" "$NEWEST_PYTHON" >/dev/null 2>&1 <<'PROGRAM'
import sys
oldest, newest = (tuple(map(int, text.split("."))) for text in sys.argv[1:])
sys.exit(not oldest <= tuple(sys.version_info[:2]) <= newest)
PROGRAM
}

require_python() {
    is_supported "$python" && return
    fail "Python $OLDEST_PYTHON to $NEWEST_PYTHON is needed, but $python is" \
        "$("$python" --version 2>&1). Use another environment, or leave this one" \
        "and let the script make its own."
}

find_python() {
    local candidate found
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 \
        python3.10; do
        if command -v "$candidate" >/dev/null && is_supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null) || found="not installed"
    fail "Python $OLDEST_PYTHON to $NEWEST_PYTHON is needed; python3 is $found." \
        "Install one, or name it: PYTHON=/path/to/python $0"
}

make_venv() {
    local base
    # An interrupted venv has a python but no pip.
    "$python" -m pip --version >/dev/null 2>&1 && return
    base=$(find_python)
    say "making $prefix with $("$base" --version)"
    rm -rf -- "$prefix"
    if ! "$base" -m venv "$prefix"; then
        rm -rf -- "$prefix"
        fail "$base cannot make an environment (on Debian and Ubuntu:" \
            "apt install python3-venv)."
    fi
}

# What the installation depends on: where the project lies and what it asks for.
installation() {
    local checksum
    checksum=$(cat "$root/setup.cfg" "$root/pyproject.toml" | cksum)
    printf '%s\n%s\n[%s]\n' "$root" "$checksum" "$1"
}

install_project() {
    local extra="$1" stamp="$prefix/.v1model-installed" start=$SECONDS installed=""
    if [ -f "$stamp" ]; then
        installed=$(cat "$stamp")
    fi
    # An environment with the dev extra has all that one without it needs.
    if [ "$installed" = "$(installation "$extra")" ] ||
        [ "$installed" = "$(installation dev)" ]; then
        return
    fi
    say "installing v1model and what it needs in $prefix;" \
        "the first time this downloads about 1 GB and takes some minutes ..."
    rm -f -- "$stamp"
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m ensurepip >/dev/null || fail "$prefix has no pip."
    fi
    "$python" -m pip install --quiet --disable-pip-version-check \
        --editable "$root${extra:+[$extra]}" || fail "pip could not install v1model."
    installation "$extra" >"$stamp"
    say "installed in $((SECONDS - start)) s"
}
