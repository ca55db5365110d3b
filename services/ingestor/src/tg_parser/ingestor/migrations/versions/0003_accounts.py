"""What using accounts needs: who has a session, how accounts stand, how they address chats, and what pauses they were asked for.

None of it is a fold of the log: access hashes and authorisations are no facts anybody else could use.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingestor.session_lease (
            session text PRIMARY KEY,
            account text NOT NULL,
            holder text NOT NULL,
            generation bigint NOT NULL,
            seen_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.account (
            account text PRIMARY KEY,
            session text NOT NULL,
            state text NOT NULL,
            reason text NOT NULL,
            at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.chat (
            account text,
            channel_id text,
            record jsonb NOT NULL,
            PRIMARY KEY (account, channel_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.chat_name (
            account text,
            name text,
            channel_id text NOT NULL,
            PRIMARY KEY (account, name)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.standing (
            method text,
            account text,
            bucket jsonb NOT NULL,
            UNIQUE NULLS NOT DISTINCT (method, account)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingestor.followed (
            source_id text PRIMARY KEY,
            kind text NOT NULL DEFAULT '',
            account text NOT NULL DEFAULT '',
            wanted boolean NOT NULL DEFAULT false,
            paused boolean NOT NULL DEFAULT false,
            removed boolean NOT NULL DEFAULT false,
            refused boolean NOT NULL DEFAULT false,
            channel_ids text[] NOT NULL DEFAULT '{}'
        )
        """
    )


def downgrade() -> None:
    op.execute(
        "DROP TABLE ingestor.session_lease, ingestor.account, ingestor.chat, ingestor.chat_name, ingestor.standing, "
        "ingestor.followed"
    )
    op.execute("DELETE FROM ingestor.projection_position WHERE projection = 'ingestor.followed'")
