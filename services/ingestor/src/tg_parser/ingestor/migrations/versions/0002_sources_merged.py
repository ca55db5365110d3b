"""What merging sources needs: who showed a message, whether it is gone, which ids were read, and where readings go on.

The tables are a fold of the log: they are emptied, and filled again from its beginning.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("TRUNCATE ingestor.message, ingestor.channel, ingestor.progress, ingestor.finished")
    op.execute("UPDATE ingestor.projection_position SET last_seq = 0 WHERE projection = 'ingestor.known'")
    op.execute(
        """
        ALTER TABLE ingestor.message
            DROP COLUMN edited_at,
            ADD COLUMN kinds text[] NOT NULL,
            ADD COLUMN deleted boolean NOT NULL DEFAULT false,
            ADD COLUMN sampled smallint NOT NULL DEFAULT -1,
            ADD COLUMN erased boolean NOT NULL DEFAULT false
        """
    )
    op.execute(
        """
        ALTER TABLE ingestor.channel
            ADD COLUMN username text,
            ADD COLUMN predecessor_id text,
            ADD COLUMN discussion_id text,
            ADD COLUMN protected boolean
        """
    )
    op.execute("ALTER TABLE ingestor.progress ADD COLUMN resume text NOT NULL DEFAULT ''")
    for table in ("coverage", "gap"):
        op.execute(
            f"""
            CREATE TABLE ingestor.{table} (
                channel_id text,
                first bigint,
                last bigint NOT NULL,
                PRIMARY KEY (channel_id, first)
            )
            """
        )
    op.execute(
        """
        CREATE TABLE ingestor.flood (
            account text,
            method text,
            until timestamptz NOT NULL,
            PRIMARY KEY (account, method)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingestor.coverage, ingestor.gap, ingestor.flood")
    op.execute("TRUNCATE ingestor.message, ingestor.channel, ingestor.progress, ingestor.finished")
    op.execute("UPDATE ingestor.projection_position SET last_seq = 0 WHERE projection = 'ingestor.known'")
    op.execute("ALTER TABLE ingestor.progress DROP COLUMN resume")
    op.execute(
        "ALTER TABLE ingestor.channel DROP COLUMN username, DROP COLUMN predecessor_id, DROP COLUMN discussion_id, "
        "DROP COLUMN protected"
    )
    op.execute(
        "ALTER TABLE ingestor.message DROP COLUMN kinds, DROP COLUMN deleted, DROP COLUMN sampled, DROP COLUMN erased, "
        "ADD COLUMN edited_at timestamptz"
    )
