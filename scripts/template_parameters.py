"""The parameters that a template declares, read without a YAML library."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

_SECTION = re.compile(r"Parameters:\s*(#.*)?")
_NAME = re.compile(r"  (\w+):\s*(#.*)?")
_FIELD = re.compile(r"    (\w+):\s*(.*?)\s*")
_ITEM = re.compile(r"      ?\s*- (.*?)\s*")
_BLOCK = ("", ">", ">-", "|", "|-")


class Parameter(NamedTuple):
    """One parameter as the template declares it. ``default`` is ``None`` where a value has to be given."""

    name: str
    type: str
    default: str | None
    allowed: tuple[str, ...]
    pattern: str | None
    smallest: float | None
    largest: float | None
    remark: str | None

    def problem(self, value: str) -> str | None:
        """What is wrong with the value, as a sentence; ``None`` where it fits."""
        found = f'{self.name} is "{value}"'
        if any(ord(character) < ord(" ") for character in value):
            return f"{self.name} holds a line break or another control character; take it out."
        if self.allowed and value not in self.allowed:
            close = difflib.get_close_matches(value.lower(), self.allowed, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            return f"{found}; expected one of: {', '.join(self.allowed)}.{hint}"
        if self.type == "Number":
            return self._number_problem(value, found)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"{found}; expected {self.remark or 'text that matches ' + self.pattern}"
        return None

    def _number_problem(self, value: str, found: str) -> str | None:
        bounds = f"a number from {_plain(self.smallest)} to {_plain(self.largest)}"
        try:
            number = float(value)
        except ValueError:
            return f"{found}; expected {bounds}."
        low = self.smallest is not None and number < self.smallest
        high = self.largest is not None and number > self.largest
        return f"{found}; expected {bounds}." if low or high else None


def _plain(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def read_template(text: str) -> dict[str, Parameter]:
    """The parameters of a template that is written as main.yaml is: names indented by two, their fields by four."""
    fields: dict[str, dict[str, list[str]]] = {}
    name = field = None
    inside = False
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            inside = bool(_SECTION.fullmatch(line))
        elif not inside or not line.strip() or line.lstrip().startswith("#"):
            continue
        elif found := _NAME.fullmatch(line):
            name, field = found[1], None
            fields[name] = {}
        elif name and (found := _FIELD.fullmatch(line)):
            field = found[1]
            fields[name][field] = _values(found[2])
        elif name and field and (found := _ITEM.fullmatch(line)):
            fields[name][field].append(_scalar(found[1]))
        elif name and field:
            fields[name][field] = [" ".join((*fields[name][field], line.strip()))]
    return {name: _parameter(name, given) for name, given in fields.items()}


def _values(text: str) -> list[str]:
    text = text if text.startswith(("'", '"')) else re.sub(r"(^|\s)#.*", "", text).strip()
    if text.startswith("["):
        return [_scalar(part.strip()) for part in text.strip("[]").split(",") if part.strip()]
    return [] if text in _BLOCK else [_scalar(text)]


def _scalar(text: str) -> str:
    quoted = re.fullmatch(r"""'((?:[^']|'')*)'(\s+#.*)?|"([^"]*)"(\s+#.*)?""", text)
    if quoted is None:
        return re.sub(r"\s+#.*", "", text)
    return quoted[1].replace("''", "'") if quoted[1] is not None else quoted[3].replace("\\\\", "\\")


def _parameter(name: str, given: dict[str, list[str]]) -> Parameter:
    def one(field: str) -> str | None:
        return " ".join(given[field]) if field in given else None

    smallest, largest = one("MinValue"), one("MaxValue")
    return Parameter(
        name=name,
        type=one("Type") or "String",
        default=one("Default"),
        allowed=tuple(given.get("AllowedValues", ())),
        pattern=one("AllowedPattern"),
        smallest=None if smallest is None else float(smallest),
        largest=None if largest is None else float(largest),
        remark=one("ConstraintDescription"),
    )
