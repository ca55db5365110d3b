"""What the readers of Telegram Desktop's exports share: where files may lie, albums, pages, and a process of their own to parse in.

What is known of the formats comes from Telegram Desktop's own writers (`export_output_json.cpp`, `export_output_html.cpp`) and
from reports of their users.
"""

from __future__ import annotations
