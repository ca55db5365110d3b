"""Registered sources, and what stands in their way."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.source (
            source_id text PRIMARY KEY,
            definition jsonb,
            seq bigint NOT NULL,
            paused boolean NOT NULL DEFAULT false,
            removed boolean NOT NULL DEFAULT false,
            reading jsonb,
            last_run text
        )
        """
    )
    op.execute("CREATE TABLE gateway.channel (channel_id text PRIMARY KEY, title text NOT NULL, username text)")
    op.execute(
        "CREATE TABLE gateway.gap (channel_id text, first bigint, last bigint NOT NULL, PRIMARY KEY (channel_id, first))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE gateway.source, gateway.channel, gateway.gap")
