"""What each message of each workflow came to: rows, their counts, and the notices that follow from them."""

from __future__ import annotations
