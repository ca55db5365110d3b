#!/bin/sh
# Resolves the workspace and writes requirements.lock, and one lock per deployable: hashes, no URLs. uv.lock is not kept,
# because it records package hosts.
set -eu

export_lock() {
    uv export --quiet --frozen --no-emit-workspace --no-header --no-annotate "$@"
}

uv lock --quiet ${UPGRADE:+--upgrade}
export_lock --all-packages --all-groups --all-extras >requirements.lock
for member in "$@"; do
    case $member in
    services/*) export_lock --no-dev --package "tg-parser-${member#services/}" >"$member/requirements.lock" ;;
    cli) export_lock --no-dev --package tg-parser >cli/requirements.lock ;;
    esac
done
if grep -nE '://' requirements.lock services/*/requirements.lock cli/requirements.lock; then
    printf 'lock: a lock holds a URL.\n' >&2
    exit 1
fi
