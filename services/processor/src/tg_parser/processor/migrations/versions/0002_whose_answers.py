"""Which message an answer was paid for, so that it can be erased with it.

Of the answers stored before, nobody knows whose they are: they could never be erased, and are given up.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("TRUNCATE processor.answer")
    op.execute("ALTER TABLE processor.answer ADD COLUMN source_ref text NOT NULL")
    op.execute("CREATE INDEX answer_source_ref ON processor.answer (source_ref)")


def downgrade() -> None:
    op.execute("DROP INDEX processor.answer_source_ref")
    op.execute("ALTER TABLE processor.answer DROP COLUMN source_ref")
