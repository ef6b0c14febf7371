"""What a file is by its first bytes, where it is none that is read as a document. Pure data and functions."""

from __future__ import annotations

#: (offset, bytes, what it is, what to do). Longer signatures stand before their beginnings.
_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image", "picture"),
    (0, b"\xff\xd8\xff", "a JPEG image", "picture"),
    (0, b"GIF8", "a GIF image", "picture"),
    (0, b"II*\0", "a TIFF image", "picture"),
    (0, b"MM\0*", "a TIFF image", "picture"),
    (8, b"WEBP", "a WebP image", "picture"),
    (4, b"ftypheic", "a HEIC image", "picture"),
    (4, b"ftypavif", "an AVIF image", "picture"),
    (0, b"8BPS", "a Photoshop image", "picture"),
    (8, b"WAVE", "a sound file", "sound"),
    (8, b"AVI ", "a film", "sound"),
    (4, b"ftyp", "a film or sound file", "sound"),
    (0, b"\x1aE\xdf\xa3", "a film", "sound"),
    (0, b"OggS", "a sound file", "sound"),
    (0, b"fLaC", "a sound file", "sound"),
    (0, b"ID3", "a sound file", "sound"),
    (0, b"\x1f\x8b", "a gzip archive", "archive"),
    (0, b"BZh", "a bzip2 archive", "archive"),
    (0, b"\xfd7zXZ\0", "an xz archive", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive", "archive"),
    (257, b"ustar", "a tar archive", "archive"),
    (0, b"\x7fELF", "a program", "other"),
    (0, b"\xcf\xfa\xed\xfe", "a program", "other"),
    (0, b"\xca\xfe\xba\xbe", "a program", "other"),
    (0, b"\0asm", "a program", "other"),
    (0, b"SQLite format 3\0", "an SQLite database", "other"),
    (0, b"PAR1", "a Parquet table", "table"),
    (0, b"{\\rtf", "an RTF document", "office"),
    (0, b"%!PS", "a PostScript file", "print"),
    (0, b"wOF2", "a font", "other"),
    (0, b"OTTO\0", "a font", "other"),
    (0, b"\0\1\0\0\0", "a font", "other"),
)
_REMEDIES = {
    "picture": "run OCR on it and add the resulting PDF or text",
    "sound": "add a transcript of it",
    "archive": "unpack it and add the files in it",
    "table": "save it as CSV and add that",
    "office": "save it as .docx or .pdf and add that",
    "print": "turn it into a PDF and add that",
    "other": "add a document (PDF, Office, HTML, Markdown, text or source code)",
}
#: Short beginnings that text may have, too: they count where the file holds NUL bytes.
_UNLESS_TEXT = ((b"BM", "a BMP image", "picture"), (b"MZ", "a program", "other"))


def foreign(head: bytes) -> tuple[str, str] | None:
    """What the file is and what to do about it, where it is known and not read here. ``head``: its first 512 bytes."""
    for offset, magic, name, remedy in _SIGNATURES:
        if head.startswith(magic, offset):
            return name, _REMEDIES[remedy]
    if b"\0" in head:
        for magic, name, remedy in _UNLESS_TEXT:
            if head.startswith(magic):
                return name, _REMEDIES[remedy]
    return None
