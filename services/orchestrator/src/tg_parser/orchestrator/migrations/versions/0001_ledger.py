"""The ledger: what each message of each workflow came to, and what the saga must be told."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE orchestrator.workflow (          -- whose messages are being given out as jobs; follows the saga's log
        workflow_id text PRIMARY KEY,
        generation  integer NOT NULL,
        lane        text NOT NULL,
        provider    text NOT NULL,
        model       text NOT NULL,
        open        boolean NOT NULL
    )
    """,
    "CREATE INDEX workflow_open ON orchestrator.workflow (workflow_id) WHERE open",
    """
    CREATE TABLE orchestrator.workflow_item (     -- one message of one workflow
        workflow_id text NOT NULL,
        generation  integer NOT NULL,
        stage       text NOT NULL,
        item_key    text NOT NULL,                -- its source_ref
        seq         bigint NOT NULL DEFAULT 0,    -- the newest fact about it; 0: only its outcome was heard so far
        outcome     text,                         -- done, skipped, failed; null: none yet
        reason      text,
        outcome_seq bigint,
        issued_at   timestamptz,                  -- when its job was last put into the queue
        issues      integer NOT NULL DEFAULT 0,   -- how many times it was
        PRIMARY KEY (workflow_id, generation, stage, item_key)
    )
    """,
    """
    CREATE INDEX workflow_item_waiting ON orchestrator.workflow_item (workflow_id, generation, seq)
    WHERE outcome IS NULL AND issued_at IS NULL
    """,
    """
    CREATE INDEX workflow_item_issued ON orchestrator.workflow_item (workflow_id, generation, issued_at)
    WHERE outcome IS NULL AND issued_at IS NOT NULL
    """,
    """
    CREATE TABLE orchestrator.workflow_stage (    -- the counts of the rows above
        workflow_id   text NOT NULL,
        generation    integer NOT NULL,
        stage         text NOT NULL,
        expected      bigint,                     -- null until the source was read to its end
        items         bigint NOT NULL DEFAULT 0,
        done          bigint NOT NULL DEFAULT 0,
        failed        bigint NOT NULL DEFAULT 0,
        skipped       bigint NOT NULL DEFAULT 0,
        input_tokens  bigint NOT NULL DEFAULT 0,
        output_tokens bigint NOT NULL DEFAULT 0,
        cost_micros   bigint NOT NULL DEFAULT 0,
        cache_hits    bigint NOT NULL DEFAULT 0,
        last_seq      bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (workflow_id, generation, stage)
    )
    """,
    """
    CREATE TABLE orchestrator.item_pipeline (     -- what a message's current document was made of, and by which pipeline
        source_ref   text PRIMARY KEY,
        pipeline_key text NOT NULL,
        content_hash text NOT NULL,
        seq          bigint NOT NULL
    )
    """,
    """
    CREATE TABLE orchestrator.channel (
        channel_id text PRIMARY KEY,
        title      text NOT NULL,
        seq        bigint NOT NULL
    )
    """,
    """
    CREATE TABLE orchestrator.notice (            -- what must be told to a workflow's saga
        workflow_id text NOT NULL,
        generation  integer NOT NULL,
        kind        text NOT NULL,                -- a wire type
        seq         bigint NOT NULL,
        body        text NOT NULL,                -- JSON
        announced   boolean NOT NULL DEFAULT false,
        PRIMARY KEY (workflow_id, generation, kind, seq)
    )
    """,
    "CREATE INDEX notice_waiting ON orchestrator.notice (seq) WHERE NOT announced",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("notice", "channel", "item_pipeline", "workflow_stage", "workflow_item", "workflow"):
        op.execute(f"DROP TABLE orchestrator.{table}")
