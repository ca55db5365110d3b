"""Whether a message is there, apart from its content: what is gone may come back as it was.

The tables are a fold of the log: they are emptied, and filled again from its beginning.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = "channel username post outcome topic topic_alias topic_split rejected"


def upgrade() -> None:
    _emptied()
    op.execute(
        """
        CREATE TABLE exporter.presence (
            source_ref text COLLATE "C" PRIMARY KEY,
            channel_id text COLLATE "C" NOT NULL,
            erased boolean NOT NULL,
            gone boolean NOT NULL,
            seq bigint NOT NULL
        )
        """
    )
    op.execute("ALTER TABLE exporter.post DROP COLUMN deleted CASCADE")
    op.execute(
        "CREATE INDEX post_album ON exporter.post (channel_id, grouped_id, message_id) WHERE grouped_id IS NOT NULL"
    )


def downgrade() -> None:
    _emptied()
    op.execute("DROP TABLE exporter.presence")
    op.execute("DROP INDEX exporter.post_album")
    op.execute("ALTER TABLE exporter.post ADD COLUMN deleted boolean NOT NULL")
    op.execute(
        "CREATE INDEX post_album ON exporter.post (channel_id, grouped_id, message_id) "
        "WHERE grouped_id IS NOT NULL AND NOT deleted"
    )


def _emptied() -> None:
    op.execute(f"TRUNCATE {', '.join(f'exporter.{table}' for table in TABLES.split())}")
    op.execute("UPDATE exporter.projection_position SET last_seq = 0 WHERE projection = 'exporter.entries'")
