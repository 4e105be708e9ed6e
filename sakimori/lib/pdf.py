"""PDFs from a Typst template, data and pictures: Japanese typeface embedded, tagged (PDF/UA), no network, no file.

The template reads its data with `json("data.json")`; text from data is never taken for markup. A template's folder
may hold further `.typ` files that it imports. Times on paper are the caller's business: they go in as text.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources.abc import Traversable

import typst
from noto_cjk import font_path

FONT = "Noto Sans CJK JP"
_MAIN, _DATA = "main.typ", "data.json"


def render(
    template: Traversable, data: Mapping[str, object], *, now: datetime, pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The PDF that `template` makes of `data` (what JSON can hold) and `pictures` (file name to SVG or PNG).

    `now` stands in the file as the time of its making, so that the same input gives the same bytes. Every picture
    in the template needs an `alt` text. Raises typst.TypstError for a template that is wrong: a fault of ours.
    """
    world = {
        _MAIN: template.read_bytes(),
        _DATA: json.dumps(data, ensure_ascii=False).encode(),
        **(pictures or {}),
    }
    # The library takes files in memory by name (the first is the document), its own type stubs do not know it yet.
    made: bytes = typst.compile(  # type: ignore[call-overload]
        world,
        format="pdf",
        font_paths=font_folders(),
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(now.timestamp()),
    )
    return made


@cache
def font_folders() -> list[str]:
    """Folders of the typefaces, one per package. Charts that go into a PDF are measured with the same typeface."""
    return [str(font_path("sans", "jp", style).parent) for style in ("regular", "bold")]
