"""Under which post a comment stands, and what messages look like.

The tables are a fold of the log: they are emptied, and filled again from its beginning.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = "channel username post presence outcome topic topic_alias topic_split rejected"


def upgrade() -> None:
    _emptied()
    op.execute('ALTER TABLE exporter.post ADD COLUMN root_ref text COLLATE "C"')


def downgrade() -> None:
    _emptied()
    op.execute("ALTER TABLE exporter.post DROP COLUMN root_ref")


def _emptied() -> None:
    op.execute(f"TRUNCATE {', '.join(f'exporter.{table}' for table in TABLES.split())}")
    op.execute("UPDATE exporter.projection_position SET last_seq = 0 WHERE projection = 'exporter.entries'")
