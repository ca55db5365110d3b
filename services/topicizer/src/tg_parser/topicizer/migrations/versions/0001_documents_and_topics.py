"""Documents with the story each was assigned to, topics as last told, and every regroup."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE topicizer.document (
            source_ref text PRIMARY KEY,
            revision integer NOT NULL,
            content text NOT NULL,
            seq bigint NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX document_seq ON topicizer.document (seq)")
    op.execute(
        """
        CREATE TABLE topicizer.assignment (
            source_ref text PRIMARY KEY,
            revision integer NOT NULL,
            body text NOT NULL,
            input_seq bigint NOT NULL,
            seq bigint NOT NULL
        )
        """
    )
    op.execute("CREATE TABLE topicizer.topic (topic_id text PRIMARY KEY, body text, seq bigint NOT NULL)")
    op.execute("CREATE TABLE topicizer.regroup (epoch integer PRIMARY KEY, body text NOT NULL, seq bigint NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE topicizer.document, topicizer.assignment, topicizer.topic, topicizer.regroup")
