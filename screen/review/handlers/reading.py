"""Reading: the whole paper, the picture of a page with the passage boxed, finding a passage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from screen.errors import DocumentError, ReviewError
from screen.review.pictures import Box, find_line_boxes
from screen.review.web import Call
from screen.study.queries import find_passage, items
from screen.study.schema import papers, records
from screen.types import Page, Quote

# Pictures are this wide, in pixels; "large" is for reading on the picture.
_WIDTHS = {"": 900, "large": 1800}
_MOST_FOUND = 100
# Of the raw text of a page so many characters are shown on either side of the passage.
_AROUND = 20_000


def show_whole_paper(call: Call) -> Response:
    """Show the whole text of a paper, with the passage marked in it."""
    passage = _find(call)
    blocks = call.desk.reader.show_paper(passage)
    return call.show("whole.html", passage=passage, blocks=blocks)


def show_page(call: Call) -> Response:
    """Show one page of the source: as a picture with boxes, or the raw text of a text file."""
    passage = _find(call)
    pages = call.desk.texts.find_pages(passage["home"], passage["paper"])
    numbers = [page.number for page in pages]
    asked = call.request.query_params.get("page", "")
    wanted = int(asked) if asked.isdecimal() and len(asked) < 9 else passage["page"]
    page = next((page for page in pages if page.number == wanted), None)
    if page is None:
        raise ReviewError("no_such_page")
    quotes = [
        Quote(part["page"], part["start"], part["end"], "")
        for part in ({**passage, "text": ""}, *passage["continued"])
        if part["page"] == page.number
    ]
    index = numbers.index(page.number)
    values: dict[str, Any] = {
        "passage": passage,
        "page": page,
        "before": numbers[index - 1] if index else None,
        "after": numbers[index + 1] if index + 1 < len(numbers) else None,
        "last": numbers[-1],
    }
    if passage["media_type"] != "application/pdf":
        return call.show("page.html", boxes=None, pieces=_cut(page, quotes), **values)
    try:
        path = call.desk.find_file(passage["home"], passage["paper"])
        boxes = [box for quote in quotes for box in _find_boxes(call, path, passage, page, quote)]
    except DocumentError as error:
        # The picture cannot be had: the text of the page, as it was read, can.
        reason = error.reason
        return call.show("page.html", boxes=None, pieces=_cut(page, quotes), why=reason, **values)
    return call.show("page.html", boxes=boxes, asked=bool(quotes), **values)


def _find_boxes(
    call: Call, path: Path, passage: Mapping[str, Any], page: Page, quote: Quote
) -> list[Box]:
    if page.lines:
        return find_line_boxes(page, quote)
    return call.desk.pictures.boxes(path, passage["paper"], page.number, quote, page.text)


def draw_page(call: Call) -> Response:
    """Send the picture of a page of a PDF."""
    passage = _find(call)
    size = call.request.query_params.get("size", "")
    path = call.desk.find_file(passage["home"], passage["paper"])
    asked = call.request.path_params["number"]
    number = int(asked) if asked.isdecimal() and len(asked) < 9 else 0
    picture = call.desk.pictures.picture(
        path, passage["paper"], number, _WIDTHS.get(size, _WIDTHS[""])
    )
    headers = {"cache-control": "private, max-age=3600"}
    return Response(picture, media_type="image/png", headers=headers)


def find(call: Call) -> Response:
    """Find passages by words in them, or in the title or file name of their paper."""
    asked = call.request.query_params.get("q", "").strip()[:100]
    found: list[Mapping[str, Any]] = []
    if asked:
        source = items()
        # A paper may have several records.
        same = records.c.sha256 == papers.c.sha256
        title = sa.select(sa.func.min(records.c.title)).where(same).scalar_subquery()
        titled = sa.exists().where(same, records.c.title.icontains(asked, autoescape=True))
        columns = (source.c.passage, papers.c.file, source.c.id, source.c.paper)
        held = (column.icontains(asked, autoescape=True) for column in columns)
        query = (
            sa.select(
                source.c.id, source.c.page, source.c.passage, papers.c.file, title.label("title")
            )
            .select_from(source.join(papers, papers.c.sha256 == source.c.paper))
            .where(sa.or_(*held, titled))
            .order_by(papers.c.file, source.c.page, source.c.start)
            .limit(_MOST_FOUND + 1)
        )
        with call.desk.engine.connect() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
    return call.show("find.html", asked=asked, found=found, most=_MOST_FOUND)


def _find(call: Call) -> dict[str, Any]:
    with call.desk.engine.connect() as connection:
        passage = find_passage(connection, call.request.path_params["hit"])
    if passage is None:
        raise ReviewError("no_such_passage")
    return passage


def _cut(page: Page, quotes: list[Quote]) -> list[tuple[str, bool]]:
    """Return the raw text of a page in stretches, each with whether it is of the passage.

    Of a page that is longer than any on paper only what is near the passage.
    """
    first = max(min((quote.start for quote in quotes), default=0) - _AROUND, 0)
    last = max((quote.end for quote in quotes), default=0) + _AROUND
    pieces = [("…", False)] if first else []
    position = first
    for quote in sorted(quotes, key=lambda quote: quote.start):
        pieces.append((page.text[position : quote.start], False))
        pieces.append((page.text[quote.start : quote.end], True))
        position = quote.end
    pieces.append((page.text[position:last], False))
    return [*pieces, ("…", False)] if last < len(page.text) else pieces
