"""Public channels as anybody sees them at `t.me/s/<name>`, without an account.

Nothing of that page is documented. What is known of it comes from saved pages and from the reports of those who read it; where
it shows less than Telegram knows, the message says less.
"""

from __future__ import annotations
