"""Messages that are gone, and requests to erase messages, with whether they were answered.

The tables are a fold of the log: they are emptied, and filled again from its beginning.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _emptied()
    op.execute(
        """
        CREATE TABLE topicizer.presence (       -- of messages that were ever told to be gone
            source_ref text PRIMARY KEY,
            gone boolean NOT NULL,
            erased boolean NOT NULL,
            seq bigint NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX presence_seq ON topicizer.presence (seq)")
    op.execute(
        """
        CREATE TABLE topicizer.erasure (
            erasure_id text,
            part integer,
            channel_id text NOT NULL,
            refs text[] NOT NULL,
            seq bigint NOT NULL,
            answered boolean NOT NULL DEFAULT false,
            PRIMARY KEY (erasure_id, part)
        )
        """
    )
    op.execute("CREATE INDEX assignment_seq ON topicizer.assignment (seq)")


def downgrade() -> None:
    op.execute("DROP INDEX topicizer.assignment_seq")
    op.execute("DROP TABLE topicizer.presence, topicizer.erasure")
    _emptied()


def _emptied() -> None:
    op.execute("TRUNCATE topicizer.document, topicizer.assignment, topicizer.topic, topicizer.regroup")
    op.execute("UPDATE topicizer.projection_position SET last_seq = 0 WHERE projection = 'topicizer.topics'")
