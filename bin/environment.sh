# Sourced by bin/serve, bin/test and bin/bench: `environment LOCK` makes .venv hold what requirements/LOCK.lock pins.

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)

fail() {
    echo "$(basename -- "$0"): $*" >&2
    exit 2
}

is_suitable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

# Debian's own comes first: it is compiled with its profile, and a third quicker than one that is not.
make_venv() {
    echo "Making the Python environment (once)…" >&2
    lacks="Python 3.11, 3.12 or 3.13 is needed and none is on the path."
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        is_suitable "$candidate" || continue
        if venv_of "$candidate"; then return; fi
        lacks="Python's venv module is missing: install python3-venv."
    done
    fail "$lacks"
}

# All of it or nothing. Debian ships venv apart from Python.
venv_of() {
    "$1" -m venv --clear "$root/.venv" >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        (apt-get update && apt-get install -y --no-install-recommends python3-venv) >/dev/null 2>&1 &&
            "$1" -m venv --clear "$root/.venv" >/dev/null 2>&1 && return
    fi
    rm -rf "$root/.venv"
    return 1
}

# A stamp is a copy of the lock: a changed lock is installed at the next start, an unchanged one costs nothing.
environment() {
    lock="$root/requirements/$1.lock"
    stamp="$root/.venv/$1.lock"
    [ -x "$root/.venv/bin/python" ] || make_venv
    if ! cmp -s "$lock" "$stamp"; then
        echo "Installing requirements/$1.lock…" >&2
        "$root/.venv/bin/python" -m pip install -qq --disable-pip-version-check --no-compile \
            --require-hashes --requirement "$lock" || fail "the packages of requirements/$1.lock could not be installed."
        cp "$lock" "$stamp"
        # The larger set contains the smaller ones at the same versions.
        if [ "$1" = dev ]; then cp "$root/requirements/serve.lock" "$root/.venv/serve.lock"; fi
    fi
    for catalogue in "$root"/frontend/locale/*/LC_MESSAGES/*.po; do
        compiled="${catalogue%.po}.mo"
        if [ -e "$catalogue" ] && { [ ! -e "$compiled" ] || [ "$compiled" -ot "$catalogue" ]; }; then
            "$root/.venv/bin/pybabel" --quiet compile --input-file "$catalogue" --output-file "$compiled" ||
                fail "$catalogue cannot be compiled."
        fi
    done
    # What was compiled once is kept beside the packages, never among the sources: a process that
    # has to compile all it imports starts three times slower.
    unset PYTHONDONTWRITEBYTECODE
    export PYTHONPYCACHEPREFIX="$root/.venv/bytecode"
    # The project's own packages are found whatever folder the person stands in.
    PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
    export PYTHONPATH
}
