"""Metadata filters of S3 Vectors, as its user guide describes them."""

from __future__ import annotations

from typing import Any


def matches(metadata: dict[str, Any], condition: dict[str, Any]) -> bool:
    """Whether the metadata fulfil a filter. Raises ``ValueError`` for one that is none."""
    return all(_fulfilled(metadata, name, value) for name, value in condition.items())


def _fulfilled(metadata: dict[str, Any], name: str, value: Any) -> bool:
    if name in {"$and", "$or"}:
        if not value:
            raise ValueError(name)
        return (all if name == "$and" else any)(matches(metadata, each) for each in value)
    operators = value if isinstance(value, dict) else {"$eq": value}
    return all(_compared(metadata.get(name), operator, wanted) for operator, wanted in operators.items())


def _compared(stored: Any, operator: str, wanted: Any) -> bool:
    if operator in {"$in", "$nin"} and not (isinstance(wanted, list) and wanted):
        raise ValueError(operator)
    match operator:
        case "$eq":
            return bool(stored == wanted)
        case "$ne":
            return bool(stored != wanted)
        case "$in":
            return stored in wanted
        case "$nin":
            return stored not in wanted
    raise ValueError(operator)
