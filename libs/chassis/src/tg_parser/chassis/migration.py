"""Running a service's migrations: Alembic over a connection that is open already, one version table per schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, folder: Path, schema: str) -> None:
    """Bring `schema` to the newest revision in `folder`, inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, context: MigrationContext) -> Any:
        del context
        return script._upgrade_revs("head", revision)  # pyright: ignore[reportPrivateUsage] - Alembic's own env.py does the same

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table_schema": schema, "transaction_per_migration": False}
    )
    with Operations.context(context):
        context.run_migrations()
