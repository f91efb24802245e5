"""Read here-documents: the delimiter where it stands, the body after the end of the row."""

from __future__ import annotations

from orchestrator.rules.shell.lexer import ENDS, Lexer
from orchestrator.rules.shell.syntax import Document, Kind, Part, Pending

_MAX_PENDING = 64


class DocumentLexer(Lexer):
    """Reads words, and the bodies that stand between the rows."""

    def newline(self) -> None:
        """Go past the end of a row and the here-documents that follow it."""
        self.at += 1
        for pending in self.pending:
            self._read_document(pending)
        self.pending.clear()

    def expect_document(self, strip_tabs: bool) -> Document:
        """Read a delimiter; the body is read at the end of the row."""
        self.skip_blanks()
        letters, literal, text, start = [], False, self.text, self.at
        while self.at < self.end and text[self.at] not in ENDS:
            char = text[self.at]
            if char == "'":
                letters.append(self._single())
                literal = True
            elif char == '"':
                close = text.find('"', self.at + 1, self.end)
                letters.append(text[self.at + 1 : close])
                self.at, literal = (close + 1, True) if close > 0 else (self.end, True)
            elif char == "\\":
                escaped = text[self.at + 1 : self.at + 2]
                letters.append(escaped.strip("\n"))
                self.at, literal = self.at + 2, literal or escaped != "\n"
            elif char in "$`":
                raise self.broken("the delimiter of a here-document is not plain")
            else:
                letters.append(char)
                self.at += 1
        if self.at == start:
            raise self.broken("a here-document has no delimiter")
        if self.raw.startswith("\r\n", self.at):
            letters.append("\r")
        if len(self.pending) > _MAX_PENDING:
            raise self.broken("it has too many here-documents in a row")
        document = Document()
        self.pending.append(Pending(document, "".join(letters), literal, strip_tabs))
        return document

    def _read_document(self, pending: Pending) -> None:
        """Read the body that starts here and go past its delimiter's row."""
        document, start = pending.document, self.at
        end, behind = self._find_delimiter(pending)
        parts: list[Part] = []
        if pending.literal:
            parts.append(Part(Kind.QUOTED, self.raw[start:end]))
        else:
            held, self.end = self.end, end
            self._quoted(parts, "")
            self.end = held
        if pending.strip_tabs:
            parts = [p._replace(text=_strip_tabs(p.text)) for p in parts]
        document.start, document.end, document.parts = start, end, tuple(parts)
        self.at = behind

    def _find_delimiter(self, pending: Pending) -> tuple[int, int]:
        """Return where the body ends and where what follows it starts."""
        row, delimiter = self.at, pending.delimiter
        plain = not pending.strip_tabs and not self.is_continued
        while row < self.end:
            if plain and not self.raw.startswith(delimiter, row):
                row = self.raw.find("\n" + delimiter, row, self.end) + 1
                if not row:
                    break
            close = self._row_end(row, pending.literal)
            text = self.raw[row:close]
            if not pending.literal:
                text = text.replace("\\\n", "")
            if pending.strip_tabs:
                text = text.lstrip("\t")
            if text == delimiter:
                return row, min(close + 1, self.end)
            if self.in_substitution and text.startswith(delimiter) and ")" in text:
                return row, close - len(text) + len(delimiter)
            row = close + 1
        return self.end, self.end

    def _row_end(self, start: int, literal: bool) -> int:
        """Return the end of the row; a backslash continues it unless the body is literal."""
        close = self.raw.find("\n", start, self.end)
        while not literal and close >= 0 and _is_escaped(self.raw, start, close):
            close = self.raw.find("\n", close + 1, self.end)
        return close if close >= 0 else self.end


def _is_escaped(text: str, start: int, at: int) -> bool:
    first = at
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def _strip_tabs(text: str) -> str:
    first, *rows = text.split("\n")
    return "\n".join([first.lstrip("\t"), *(row.lstrip("\t") for row in rows)])
