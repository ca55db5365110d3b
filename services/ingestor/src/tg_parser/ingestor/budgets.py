"""How often Telegram may be asked. It publishes no numbers: these are what long-running collectors found, and settings.

`getHistory` covers replies too, `views` also reactions; `t.me/s` is the public preview, where the account is empty; `getSelf`
is what is asked when a connection is opened, `getDifference` what Telethon asks by itself while it listens.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal[
    "getHistory", "getMessages", "resolveUsername", "getDialogs", "getFullChannel", "views", "joinChannel", "t.me/s",
    "getSelf", "getDifference",
]  # fmt: skip
HOUR: Final = 3600.0


class Budget(BaseModel):
    """How often one account may call a method."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(gt=0)
    """Calls per second in the long run."""
    burst: int = Field(default=1, ge=1)
    """Calls that may follow at once after a rest."""
    per_day: int | None = Field(default=None, ge=1)
    """Most calls in a day of UTC."""
    together: float = Field(default=2.0, ge=1)
    """How many accounts' worth all accounts of this process may use: Telegram sees one address behind them."""


class Budgets(BaseModel):
    """The budgets to begin with. Floods lower them and calm raises them again, never beyond these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    get_history: Budget = Budget(rate=1.0, burst=3)
    get_messages: Budget = Budget(rate=0.1)
    resolve_username: Budget = Budget(rate=20 / 60, burst=3, per_day=150)
    get_dialogs: Budget = Budget(rate=1 / 600)
    get_full_channel: Budget = Budget(rate=1 / 3)
    views: Budget = Budget(rate=0.5, together=1)
    join_channel: Budget = Budget(rate=5 / HOUR, burst=2, per_day=20)
    preview: Budget = Budget(rate=1.0, burst=2, together=1)
    get_self: Budget = Budget(rate=1 / 20, burst=5, together=5)
    get_difference: Budget = Budget(rate=1.0, burst=10)

    def of(self, method: Method) -> Budget:
        """The budget of a method."""
        return {
            "getHistory": self.get_history,
            "getMessages": self.get_messages,
            "resolveUsername": self.resolve_username,
            "getDialogs": self.get_dialogs,
            "getFullChannel": self.get_full_channel,
            "views": self.views,
            "joinChannel": self.join_channel,
            "t.me/s": self.preview,
            "getSelf": self.get_self,
            "getDifference": self.get_difference,
        }[method]
