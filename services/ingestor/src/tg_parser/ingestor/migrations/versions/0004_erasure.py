"""Channels of which nothing is taken any more, and who counted on messages while their facts are being erased."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE ingestor.erased_channel (channel_id text PRIMARY KEY)")
    op.execute(
        """
        CREATE TABLE ingestor.erasure (          -- not a fold: noted before the facts it was read from are erased
            source_ref  text,
            workflow_id text,
            generation  integer,
            PRIMARY KEY (source_ref, workflow_id, generation)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingestor.erased_channel, ingestor.erasure")
