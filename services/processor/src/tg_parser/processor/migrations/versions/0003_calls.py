"""The ledger of calls to models, and the sums that budgets are held against."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE processor.call (
        id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at             timestamptz NOT NULL,
        workflow_id    text NOT NULL,
        channel_id     text NOT NULL,
        provider       text NOT NULL,
        model          text NOT NULL,             -- that was asked
        answered_by    text NOT NULL,             -- as the provider names it; empty: no answer
        prompt         text NOT NULL,
        messages       integer NOT NULL,          -- posts in the request
        input_uncached bigint NOT NULL,
        cache_read     bigint NOT NULL,
        cache_write    bigint NOT NULL,
        output         bigint NOT NULL,
        reasoning      bigint NOT NULL,
        cost_micros    bigint,                    -- null: no price is known
        price_version  text NOT NULL,
        latency_ms     double precision NOT NULL,
        outcome        text NOT NULL,             -- ok, or the class of the error
        request_id     text NOT NULL
    )
    """,
    "CREATE INDEX call_workflow ON processor.call (workflow_id, at)",
    """
    CREATE TABLE processor.spent (                -- sums of the rows above
        scope    text PRIMARY KEY,                -- workflow:…, channel:…, day:2026-03-01
        micros   bigint NOT NULL,
        tokens   bigint NOT NULL,
        messages bigint NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE processor.spent")
    op.execute("DROP TABLE processor.call")
