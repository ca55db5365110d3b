"""Telegram accounts as a REST resource: looked at here, signed in at the command line."""

from __future__ import annotations

from fastapi import APIRouter

from tg_parser.gateway.accounts import Accounts, AccountStatus
from tg_parser.gateway.callers import Caller


def account_routes(accounts: Accounts, caller: Caller) -> APIRouter:
    """The routes over their use cases."""
    app = APIRouter(tags=["accounts"])

    @app.get("/api/v1/accounts")
    async def list_accounts(actor: str = caller) -> list[AccountStatus]:
        """Every account that was used, how it stands and what it has to wait for."""
        del actor
        return await accounts.list()

    del list_accounts
    return app
