"""How a workflow wants its messages processed: JSON, empty where it wants nothing special."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE orchestrator.workflow ADD COLUMN options text NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute("ALTER TABLE orchestrator.workflow DROP COLUMN options")
