"""Where the documents are that an earlier TG_parser had made and paid for."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE orchestrator.imported_document (
            source_ref text PRIMARY KEY,
            seq        bigint NOT NULL       -- of the fact that holds it
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE orchestrator.imported_document")
