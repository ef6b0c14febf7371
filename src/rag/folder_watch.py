"""Tells what changed among files that are looked at again and again. Pure."""

from __future__ import annotations

from collections.abc import Mapping

#: A user's id and a key.
Name = tuple[str, str]


class FolderWatch:
    """Compares each look at the files with what was already seen to.

    A change is told once it looked the same twice: a file that is being copied grows from look to look, and one that is
    saved anew may be missing for a moment.
    """

    def __init__(self, seen_to: Mapping[Name, str]) -> None:
        """``seen_to`` are the versions of files that need nothing any more, by name."""
        self._seen_to = dict(seen_to)
        self._last: Mapping[Name, str] = self._seen_to.copy()

    def look(self, found: Mapping[Name, str]) -> dict[Name, str | None]:
        """What is new or changed, with its version, and what is gone, with ``None``.

        It is told again with each look, until it was ``seen``.
        """
        changed: dict[Name, str | None] = {
            name: version
            for name, version in found.items()
            if self._seen_to.get(name) != version and self._last.get(name) == version
        }
        gone = dict.fromkeys(name for name in self._seen_to if name not in found and name not in self._last)
        self._last = dict(found)
        return changed | gone

    def seen(self, name: Name, version: str | None) -> None:
        """The change was seen to."""
        if version is None:
            self._seen_to.pop(name, None)
        else:
            self._seen_to[name] = version

    @property
    def settled(self) -> bool:
        """Whether the last look found nothing that was not seen to."""
        return self._last == self._seen_to
