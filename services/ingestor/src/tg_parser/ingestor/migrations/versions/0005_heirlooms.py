"""What was told of what an earlier TG_parser knew, so that it is told once. A fold of the log, from its beginning."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OTHERS = "message, channel, progress, finished, coverage, gap, flood"


def upgrade() -> None:
    _fold_again()  # sources were told of before anybody here listened
    op.execute(
        """
        CREATE TABLE ingestor.heirloom (
            name text PRIMARY KEY,
            digest text NOT NULL,
            told_by text NOT NULL,
            seq bigint NOT NULL
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingestor.heirloom")


def _fold_again() -> None:
    op.execute(f"TRUNCATE {', '.join(f'ingestor.{table}' for table in OTHERS.split(', '))}")
    op.execute("UPDATE ingestor.projection_position SET last_seq = 0 WHERE projection = 'ingestor.known'")
