"""HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from rag.extracted import ExtractedText
from rag.extraction.builder import TextBuilder, one_line

_SKIPPED = {"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "select", "canvas"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p"),
    *("section", "summary", "ul", "caption", "thead", "tbody", "tfoot", "option", "legend"),
}
_BULLET = "- "


def read_html(text: str, builder: TextBuilder) -> ExtractedText:
    """Headings, paragraphs, tables and preformatted text; scripts, styles and comments are left out."""
    reader = _Reader(builder)
    reader.feed(text)
    reader.close()
    reader.finish()
    return builder.build(reader.title, headings_tell_title=True)


class _Reader(HTMLParser):
    def __init__(self, builder: TextBuilder) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._builder = builder
        self._text: list[str] = []
        self._skipping: list[str] = []
        self._cells: list[str] | None = None
        self._header = False
        self._in_cell = False
        self._in_title = False
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's signature
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
        elif tag in _SKIPPED:
            self._skipping.append(tag)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "title":
            self._in_title = True
        elif tag in {"table", "tr", "td", "th"}:
            self._start_cell(tag)
        elif tag == "pre":
            self._flush()
            self._preformatted += 1
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._in_title = False
            self._flush()
            if tag == "li":
                self._text.append(_BULLET)

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
        elif tag == "title":
            self._in_title = False
        elif tag in _HEADINGS and self._cells is None:
            self._builder.heading(_HEADINGS[tag], self._taken())
        elif tag in {"table", "tr"}:
            self._end_row()
            if tag == "table":
                self._builder.end_table()
        elif tag == "pre" and self._preformatted:
            self._flush()
            self._preformatted -= 1
        elif tag in _BLOCKS:
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._skipping:
            self._text.append(data if self._preformatted else data.replace("\n", " "))

    def finish(self) -> None:
        """What no tag has ended."""
        self._end_row()

    def _start_cell(self, tag: str) -> None:
        if tag == "table":
            self._end_row()
            self._builder.end_table()
        elif tag == "tr":
            self._end_row()
            self._cells, self._header = [], True
        elif self._cells is not None:
            self._end_cell()
            self._in_cell = True
            self._header = self._header and tag == "th"

    def _end_cell(self) -> None:
        text = one_line(self._taken())
        if self._cells is not None and (self._in_cell or text):
            self._cells.append(text)
        self._in_cell = False

    def _end_row(self) -> None:
        if self._cells is None:
            self._flush()
            return
        self._end_cell()
        cells, self._cells = self._cells, None
        self._builder.row(cells, header=self._header)

    def _flush(self) -> None:
        """Ends a paragraph; in a cell, a line."""
        if self._cells is not None:
            self._text.append(" ")
            return
        text = self._taken()
        if self._preformatted:
            self._builder.code(text)
        elif text.strip() == _BULLET.strip():
            self._text.append(text)
        else:
            lines = (one_line(line) for line in text.split("\n"))
            self._builder.paragraph("\n".join(line for line in lines if line))

    def _taken(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        return text
