"""The read model of exports. Ids sort by their bytes, so that files do not depend on a server's locale."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = {
    "channel": """
        channel_id text COLLATE "C" PRIMARY KEY,
        title text NOT NULL,
        seq bigint NOT NULL
    """,
    "username": """
        channel_id text COLLATE "C" PRIMARY KEY,
        username text NOT NULL,
        seq bigint NOT NULL
    """,
    "post": """
        source_ref text COLLATE "C" PRIMARY KEY,
        channel_id text COLLATE "C" NOT NULL,
        message_id bigint,
        posted_at timestamptz,
        grouped_id text COLLATE "C",
        deleted boolean NOT NULL,
        seq bigint NOT NULL,
        body text,
        CHECK (deleted OR (message_id IS NOT NULL AND posted_at IS NOT NULL AND body IS NOT NULL))
    """,
    "outcome": """
        source_ref text COLLATE "C" PRIMARY KEY,
        decided boolean NOT NULL,
        revision integer NOT NULL,
        settled boolean NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL,
        reason text NOT NULL,
        body text,
        CHECK (kind IN ('processed', 'skipped', 'failed')),
        CHECK ((kind = 'processed') = (body IS NOT NULL))
    """,
    "topic": """
        topic_id text COLLATE "C" PRIMARY KEY,
        alive boolean NOT NULL,
        seq bigint NOT NULL,
        members text NOT NULL,
        body text,
        CHECK (alive = (body IS NOT NULL))
    """,
    "topic_alias": """
        alias text COLLATE "C" PRIMARY KEY,
        topic_id text COLLATE "C" NOT NULL,
        seq bigint NOT NULL
    """,
    "topic_split": """
        child text COLLATE "C" PRIMARY KEY,
        parent text COLLATE "C" NOT NULL,
        seq bigint NOT NULL
    """,
    "rejected": """
        seq bigint NOT NULL,
        ordinal integer NOT NULL,
        workflow_id text COLLATE "C" NOT NULL,
        position integer NOT NULL,
        channel_id text COLLATE "C",
        message_id bigint,
        reason text NOT NULL,
        PRIMARY KEY (seq, ordinal)
    """,
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(f"CREATE TABLE exporter.{name} ({columns})")
    op.execute(
        "CREATE INDEX post_album ON exporter.post (channel_id, grouped_id, message_id) "
        "WHERE grouped_id IS NOT NULL AND NOT deleted"
    )


def downgrade() -> None:
    for name in TABLES:
        op.execute(f"DROP TABLE exporter.{name}")
