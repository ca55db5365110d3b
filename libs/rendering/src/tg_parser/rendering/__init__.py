"""What a message shows, as Markdown and as plain text: one renderer for all sources. Pure; it owns nothing and loses no style.

`markdown` in `tg_parser.rendering.markdown` is for readers: everything a message shows, in CommonMark. `plain` in
`tg_parser.rendering.plain` is for models, search and hashes: its words alone. A message's entities stay what is kept;
both renderings can be made again from them.
"""
