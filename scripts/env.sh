#!/bin/sh
# Makes .venv: exactly requirements.lock, hashes checked, then the members of the workspace, editable. Does nothing if it stands.
set -eu

stamp=.venv/installed
wanted=$(cat requirements.lock pyproject.toml $(for member in "$@"; do printf '%s/pyproject.toml ' "$member"; done) | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

fail() {
    printf 'env: %s\n' "$*" >&2
    exit 1
}

printf 'env: preparing .venv ...\n' >&2
rm -f "$stamp"
[ -x .venv/bin/python ] || uv venv --quiet .venv || fail "no virtual environment could be made in .venv."
uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock ||
    fail "the dependencies could not be installed from PyPI (see above). Is the network up? Run the same command again."
set -- $(for member in "$@"; do printf -- '-e ./%s ' "$member"; done)
uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "$@" ||
    fail "the members of the workspace could not be installed (see above)."
printf '%s' "$wanted" >"$stamp"
