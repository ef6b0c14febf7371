"""Which files are added and under which names, and which documents are meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chatbot.command_line.errors import InputError
from chatbot.command_line.terminal import one_line


def files_below(path: Path) -> Iterator[tuple[Path, str]]:
    """The file, or the files of the folder, each with the name of its document, in the order of their names.

    A folder's own name begins theirs, so that two folders can hold files of the same name. Hidden ones and symbolic
    links below it are left out. Raises ``InputError`` where there is nothing at the path.
    """
    if path.is_file():
        yield path, path.name
    elif path.is_dir():
        root = path.resolve()
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                file = Path(folder) / name
                if not name.startswith(".") and file.is_file() and not file.is_symlink():
                    yield file, file.relative_to(root.parent).as_posix()
    else:
        shown = one_line(str(path).encode(errors="replace").decode())
        raise InputError(f"There is no file or folder {shown}; nothing was added.")


def named_once(files: Sequence[tuple[Path, str]]) -> Sequence[tuple[Path, str]]:
    """The same files. Raises ``InputError`` where two of them would be one document."""
    seen: dict[str, Path] = {}
    for path, name in files:
        other = seen.setdefault(name, path)
        if other.resolve() != path.resolve():
            raise InputError(
                f"{one_line(str(other))} and {one_line(str(path))} would both be the document {one_line(name)}; add "
                "them by the folder above both, or rename one. Nothing was added."
            )
    return [(path, name) for name, path in seen.items()]


def chosen(documents: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """The documents with these names or ids. Raises ``InputError`` naming the first that is none."""
    known = {str(item.get(field)): item for field in ("document_id", "filename") for item in documents}
    for name in names:
        if name not in known:
            shown = one_line(name.encode(errors="replace").decode())
            raise InputError(f'There is no document "{shown}"; `chatbot docs list` shows them. Nothing was changed.')
    return list({id(known[name]): known[name] for name in names}.values())
