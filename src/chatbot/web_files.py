"""The built web interface: the files of one folder, by the path of their URL. No other file can be reached by them."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Directives of the content security policy under which the pages run. In the cloud infra/cloudformation/web.yaml says
#: the same, and lets them connect to the bucket of documents, too. No image comes from elsewhere, so that an answer of
#: the model cannot send anything out by an image's address.
WEB_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

_PAGE = "/index.html"
#: Paths in there change with their content: by a hash in the name, or by the version of pdf.js in its folder's.
_ASSETS = "/assets/"
_AT_THE_ROOT = re.compile(r"/[^/]+[.][A-Za-z0-9]+")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

#: Said here, because what a system knows of endings differs; scripts/lib/finish.sh says the same to S3.
_MEDIA_TYPES = {
    ".bcmap": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".icc": "application/vnd.iccprofile",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".pfb": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_UNKNOWN = "application/octet-stream"
#: What these hold is packed already.
_PACKED = frozenset({".bcmap", ".jpg", ".png", ".webp", ".woff", ".woff2"})
_WORTH_PACKING = 1024


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is answered with. ``packed`` is its content by gzip, where that is shorter."""

    content: bytes
    packed: bytes | None
    media_type: str
    cache_control: str
    etag: str


def is_file_path(path: str) -> bool:
    """Whether a path of a URL means a file, and not a page. The function SinglePage of web.yaml has the same rule."""
    return path.startswith(_ASSETS) or _AT_THE_ROOT.fullmatch(path) is not None


class WebFiles:
    """The files below one folder, which may be built, built anew or removed meanwhile.

    Each is read once and kept: an answer never mixes two builds of a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = _Build((), {}, {})

    @property
    def built(self) -> bool:
        """Whether there is a page to show."""
        return _PAGE in self._current().paths

    def find(self, path: str) -> WebFile | None:
        """The file with this path of a URL (``/`` is the page); ``None`` where there is none."""
        build = self._current()
        path = _PAGE if path == "/" else path
        if path not in build.paths:
            return None
        if path not in build.files:
            try:
                build.files[path] = _read(build.paths[path], path)
            except OSError:
                return None  # removed since the folder was looked at
        return build.files[path]

    def _current(self) -> _Build:
        """The files of the build that is there now; the page names the others, so it is new when they are."""
        try:
            found = (self._folder / _PAGE[1:]).stat()
            stamp: tuple[int, ...] = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stamp = ()
        if stamp != self._build.stamp:
            self._build = _Build(stamp, dict(_listed(self._folder)) if stamp else {}, {})
        return self._build


@dataclass(frozen=True, slots=True)
class _Build:
    """``stamp`` tells one build from another, ``paths`` where its files stand; ``files`` are those read so far."""

    stamp: tuple[int, ...]
    paths: dict[str, Path]
    files: dict[str, WebFile]


def _listed(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files by their path; hidden ones are nobody's business, and a link might lead anywhere."""
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(above, name)
            path = f"/{file.relative_to(folder).as_posix()}"
            if is_file_path(path) and not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield path, file


def _read(file: Path, path: str) -> WebFile:
    with open(os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as source:  # noqa: PTH123 - a descriptor
        content = source.read()
    packed = None
    if len(content) >= _WORTH_PACKING and file.suffix not in _PACKED:
        packed = gzip.compress(content, 6, mtime=0)
    return WebFile(
        content=content,
        packed=packed if packed and len(packed) < len(content) else None,
        media_type=_MEDIA_TYPES.get(file.suffix, _UNKNOWN),
        cache_control=_FOR_EVER if path.startswith(_ASSETS) else _ASK_AGAIN,
        etag=hashlib.sha256(content).hexdigest()[:32],
    )
