"""What the log holds of messages and channels, and how far each workflow has read."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingestor.message (
            source_ref text PRIMARY KEY,
            content_hash text NOT NULL,
            revision integer NOT NULL,
            seq bigint NOT NULL,
            edited_at timestamptz,
            told_by text NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.channel (
            channel_id text PRIMARY KEY,
            title text NOT NULL,
            channel_type text NOT NULL,
            seq bigint NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.progress (
            workflow_id text,
            generation integer,
            page integer,
            cursor bigint NOT NULL,
            ingested integer NOT NULL,
            edited integer NOT NULL,
            known integer NOT NULL,
            rejected integer NOT NULL,
            PRIMARY KEY (workflow_id, generation, page)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.finished (
            workflow_id text,
            generation integer,
            PRIMARY KEY (workflow_id, generation)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingestor.message, ingestor.channel, ingestor.progress, ingestor.finished")
