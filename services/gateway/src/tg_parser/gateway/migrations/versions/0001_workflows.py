"""The list of workflows."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.workflow (
            id text PRIMARY KEY,
            kind text NOT NULL,
            state text NOT NULL,
            requested_at timestamptz NOT NULL,
            finished_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX workflow_newest ON gateway.workflow (requested_at DESC, id DESC)")


def downgrade() -> None:
    op.execute("DROP TABLE gateway.workflow")
