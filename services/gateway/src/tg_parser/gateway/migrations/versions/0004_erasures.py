"""Erasures that were asked for, and the messages that are erased."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.erasure (
            erasure_id text PRIMARY KEY,
            requested_at timestamptz NOT NULL,
            channel_id text,
            parts integer
        )
        """
    )
    op.execute("CREATE TABLE gateway.erasure_part (erasure_id text, part integer, PRIMARY KEY (erasure_id, part))")
    op.execute(
        "CREATE TABLE gateway.erasure_item (erasure_id text, source_ref text, PRIMARY KEY (erasure_id, source_ref))"
    )
    op.execute("CREATE TABLE gateway.erased_message (source_ref text PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE gateway.erasure, gateway.erasure_part, gateway.erasure_item, gateway.erased_message")
