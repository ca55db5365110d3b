"""Topics of an earlier TG_parser, until they are topics here."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE topicizer.imported_topic (old_id text PRIMARY KEY, body text NOT NULL, seq bigint NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE topicizer.imported_topic")
