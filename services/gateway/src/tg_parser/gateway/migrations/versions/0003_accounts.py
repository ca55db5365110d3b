"""Accounts: how they stand, and what they have to wait for."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.account (
            account text PRIMARY KEY,
            state text NOT NULL,
            reason text NOT NULL,
            at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.pause (
            account text,
            method text,
            until timestamptz NOT NULL,
            PRIMARY KEY (account, method)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE gateway.account, gateway.pause")
    op.execute("DELETE FROM gateway.projection_position WHERE projection = 'gateway.accounts'")
