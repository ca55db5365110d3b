"""Albums: Telegram sends each picture as a message of its own, and the page shows them as one post under the id of the first."""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.preview.markup import every, fragment, has_class, inside
from tg_parser.ingestor.adapters.preview.media import HIDDEN, PREFIX, QUOTED, item_id

POST: Final = "tgme_widget_message"
TEXT: Final = "js-message_text"
MOST_ITEMS: Final = 10  # core.telegram.org/method/messages.sendMultiMedia
OF_THE_FIRST: Final = tuple(f"{PREFIX}{name}" for name in ("link_preview", "reactions", "views", "inline_keyboard"))
"""What the page shows once for a whole album belongs to its first message, as does the text under its pictures."""


def originals(widget: LexborNode) -> list[str]:
    """The markup of each message a post consists of, in the order of their ids.

    Each holds of the others only that they are there, so that one message can be erased and nothing of it stays elsewhere.
    """
    markup = widget.html or ""
    ids = album_ids(widget)
    return [_alone(markup, each, ids[0]) for each in ids] if len(ids) > 1 else [markup]


def album_ids(widget: LexborNode) -> list[int]:
    """The ids of an album's messages in their order; none if the post is no album, or does not tell them apart."""
    nodes = _items(widget)
    ids = [number for number in map(item_id, nodes) if number is not None]
    if len(ids) != len(nodes) or len(set(ids)) != len(ids) or len(ids) > MOST_ITEMS:
        return []
    return sorted(ids)


def place_in_album(original: LexborNode) -> tuple[int, int] | None:
    """The id of the one item that `originals` left to be seen, and of the album's first; None if it is no album."""
    nodes = _items(original)
    shown = [number for node in nodes if HIDDEN not in node.attributes and (number := item_id(node)) is not None]
    everything = [number for node in nodes if (number := item_id(node)) is not None]
    return (shown[0], min(everything)) if len(shown) == 1 and len(everything) > 1 else None


def texts(widget: LexborNode) -> list[LexborNode]:
    """The elements that hold the post's own words, each once: an album's text may stand in another of its kind."""
    return [node for node in every(widget, TEXT) if not inside(node, *QUOTED, TEXT)]


def _items(widget: LexborNode) -> list[LexborNode]:
    css_classes = ("grouped_media_wrap", f"{PREFIX}document_wrap")
    return [node for node in every(widget, *css_classes) if not inside(node, *QUOTED)]


def _alone(markup: str, own: int, lead: int) -> str:
    widget = fragment(markup, POST)
    if widget is None:
        raise ValueError("The markup of a post holds no post.")
    captions = _captions(widget)
    own_texts = {node.mem_id for node in captions.get(own, [])}
    if own == lead:
        gone = [node for number, nodes in captions.items() if number != own for node in nodes]
    else:
        gone = [*every(widget, *OF_THE_FIRST), *(node for node in texts(widget) if node.mem_id not in own_texts)]
    for node in gone:
        node.decompose()
    for node in _items(widget):
        if item_id(node) != own:
            _hide(node)
    return widget.html or ""


def _hide(node: LexborNode) -> None:
    """Leave of an item where it is, and nothing of what it shows."""
    for child in list(node.iter(include_text=True)):
        child.decompose()
    if "style" in node.attrs:
        del node.attrs["style"]
    node.attrs[HIDDEN] = ""


def _captions(widget: LexborNode) -> dict[int, list[LexborNode]]:
    """Under each file of an album its own caption may stand; photos and videos share one."""
    captions: dict[int, list[LexborNode]] = {}
    current: int | None = None
    for node in every(widget, f"{PREFIX}document_wrap", TEXT):
        if has_class(node, f"{PREFIX}document_wrap"):
            current = item_id(node)
        elif current is not None and not inside(node, *QUOTED, TEXT):
            captions.setdefault(current, []).append(node)
    return captions
