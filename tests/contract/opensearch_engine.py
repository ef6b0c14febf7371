"""The engine of the OpenSearch stand-in: indexes with mappings, late refreshes, and the queries that are used here.

Vectors are compared one by one, without approximation. Whatever is not known is refused, so that nothing goes through
here by accident that a collection would refuse.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable
from typing import Any

from tests.contract.text_search import bm25, terms

Source = dict[str, Any]

_FIELD_TYPES = {"text", "keyword", "integer", "knn_vector"}
_MOST_CLAUSES = 1024
_MOST_HITS = 10_000


class Refused(Exception):
    """An answer of OpenSearch that is an error."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"error": {"type": kind, "reason": reason, "root_cause": []}, "status": status}


def bad_request(reason: str, kind: str = "illegal_argument_exception") -> Refused:
    return Refused(400, kind, reason)


class Index:
    """One index. Writes are found, and deletions are no longer found, ``refresh_seconds`` later."""

    def __init__(self, body: dict[str, Any], refresh_seconds: float) -> None:
        self.body = body
        self.fields: dict[str, dict[str, Any]] = body.get("mappings", {}).get("properties", {})
        self.written: dict[str, Source] = {}
        self._found: dict[str, Source] = {}
        self._waiting: list[tuple[float, str, Source | None]] = []
        self._refresh_seconds = refresh_seconds
        knn = body.get("settings", {}).get("index", {}).get("knn", False)
        for name, field in self.fields.items():
            _check_field(name, field, knn=knn)

    def put(self, chunk_id: str, source: Source, now: float) -> int:
        """The status of the item. Raises ``Refused``."""
        for name, value in source.items():
            self._check_value(name, value)
        created = chunk_id not in self.written
        self.written[chunk_id] = source
        self._waiting.append((now, chunk_id, source))
        return 201 if created else 200

    def delete(self, chunk_id: str, now: float) -> int:
        if self.written.pop(chunk_id, None) is None:
            return 404
        self._waiting.append((now, chunk_id, None))
        return 200

    def found(self, now: float) -> dict[str, Source]:
        """What searches see now."""
        while self._waiting and self._waiting[0][0] + self._refresh_seconds <= now:
            _, chunk_id, source = self._waiting.pop(0)
            self._found.pop(chunk_id, None)
            if source is not None:
                self._found[chunk_id] = source
        return dict(self._found)

    def _check_value(self, name: str, value: Any) -> None:
        field = self.fields.get(name)
        if field is None:
            raise bad_request(f"mapping set to strict, dynamic introduction of [{name}] is not allowed")
        kind = field["type"]
        if value is None and kind != "knn_vector":
            return
        if kind == "knn_vector" and len(value) != field["dimension"]:
            expected = field["dimension"]
            raise bad_request(
                f"failed to parse: Vector dimension mismatch. Expected: {expected}, Given: {len(value)}",
                "mapper_parsing_exception",
            )
        good: Any = {"integer": int, "keyword": str, "text": str, "knn_vector": list}[kind]
        if not isinstance(value, good) or isinstance(value, bool):
            raise bad_request(f"failed to parse field [{name}] of type [{kind}]", "mapper_parsing_exception")


class Engine:
    """The indexes of a collection, by name."""

    def __init__(self, clock: Callable[[], float], refresh_seconds: float) -> None:
        self.indexes: dict[str, Index] = {}
        self._clock = clock
        self._refresh_seconds = refresh_seconds

    def make(self, name: str, body: dict[str, Any]) -> None:
        if name != name.lower() or name.startswith(("_", "-", "+", ".")):
            raise bad_request(f"Invalid index name [{name}]", "invalid_index_name_exception")
        if name in self.indexes:
            raise bad_request(f"index [{name}] already exists", "resource_already_exists_exception")
        self.indexes[name] = Index(body, self._refresh_seconds)

    def index(self, name: str) -> Index:
        if name not in self.indexes:
            raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
        return self.indexes[name]

    def write(self, action: str, meta: dict[str, Any], source: Source | None) -> int:
        """Does one operation of a bulk request. Raises ``Refused``."""
        index = self.index(meta["_index"])
        if action == "delete":
            return index.delete(meta["_id"], self._clock())
        assert source is not None
        return index.put(meta["_id"], source, self._clock())

    def count(self, target: str, body: dict[str, Any]) -> int:
        _only(body, {"query"})
        return sum(len(_Search(*each).scores(body["query"])) for each in self._targets(target))

    def search(self, target: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The hits. Raises ``Refused``."""
        _only(body, {"query", "size", "sort", "search_after", "_source"})
        size = body.get("size", 10)
        if size > _MOST_HITS:
            raise bad_request("Result window is too large")
        hits: list[dict[str, Any]] = []
        for name, fields, found in self._targets(target):
            scores = _Search(name, fields, found).scores(body.get("query", {"match_all": {}}))
            for chunk_id, score in scores.items():
                hits.append({"_index": name, "_id": chunk_id, "_score": score, "_source": found[chunk_id]})
            _check_sort(body.get("sort", []), fields)
        hits = _ordered(hits, body)
        return [{**hit, "_source": _chosen(hit["_source"], body.get("_source", True))} for hit in hits[:size]]

    def _targets(self, target: str) -> list[tuple[str, dict[str, Any], dict[str, Source]]]:
        names = fnmatch.filter(self.indexes, target) if "*" in target else [target]
        return [(name, self.index(name).fields, self.index(name).found(self._clock())) for name in names]


class _Search:
    """The evaluation of a query over one index: the score of every document that it finds."""

    def __init__(self, name: str, fields: dict[str, Any], found: dict[str, Source]) -> None:
        self._name = name
        self._fields = fields
        self._found = found

    def scores(self, query: dict[str, Any]) -> dict[str, float]:
        if len(query) != 1:
            raise bad_request("[query] malformed, one clause expected", "parsing_exception")
        [(kind, body)] = query.items()
        if kind not in {"match_all", "term", "terms", "range", "match", "bool", "knn"}:
            raise bad_request(f"unknown query [{kind}]", "parsing_exception")
        evaluate: Callable[[dict[str, Any]], dict[str, float]] = getattr(self, f"_{kind}")
        return evaluate(body)

    def _match_all(self, _: dict[str, Any]) -> dict[str, float]:
        return dict.fromkeys(self._found, 1.0)

    def _term(self, body: dict[str, Any]) -> dict[str, float]:
        [(name, value)] = body.items()
        return self._where(name, lambda stored: stored == value)

    def _terms(self, body: dict[str, Any]) -> dict[str, float]:
        [(name, values)] = body.items()
        allowed = set(values)
        return self._where(name, lambda stored: stored in allowed)

    def _range(self, body: dict[str, Any]) -> dict[str, float]:
        [(name, limits)] = body.items()
        _only(limits, {"gte", "lte"})
        low, high = limits.get("gte", -math.inf), limits.get("lte", math.inf)
        return self._where(name, lambda stored: stored is not None and low <= stored <= high)

    def _where(self, name: str, test: Callable[[Any], bool]) -> dict[str, float]:
        field = self._fields.get(name)
        if field is None or field["type"] not in {"keyword", "integer"} or not field.get("index", True):
            raise bad_request(f"Cannot search on field [{name}] since it is not indexed.", "query_shard_exception")
        return {chunk_id: 1.0 for chunk_id, source in self._found.items() if test(source.get(name))}

    def _match(self, body: dict[str, Any]) -> dict[str, float]:
        [(name, options)] = body.items()
        _only(options, {"query"})
        if self._fields[name] != {"type": "text", "analyzer": "english"}:
            raise bad_request(f"[{name}] is no field of English text here")
        if len(set(terms(options["query"]))) > _MOST_CLAUSES:
            raise bad_request("Query contains too many nested clauses", "too_many_nested_clauses")
        return bm25(options["query"], {chunk_id: source[name] for chunk_id, source in self._found.items()})

    def _bool(self, body: dict[str, Any]) -> dict[str, float]:
        _only(body, {"must", "filter", "must_not"})
        must = [self.scores(query) for query in body.get("must", [])]
        kept = set(self._found)
        for allowed in [*must, *(self.scores(query) for query in body.get("filter", []))]:
            kept &= set(allowed)
        for refused in (self.scores(query) for query in body.get("must_not", [])):
            kept -= set(refused)
        return {chunk_id: sum(scores[chunk_id] for scores in must) for chunk_id in self._found if chunk_id in kept}

    def _knn(self, body: dict[str, Any]) -> dict[str, float]:
        [(name, options)] = body.items()
        _only(options, {"vector", "k", "filter"})
        field = self._fields.get(name, {})
        if field.get("type") != "knn_vector":
            raise bad_request(f"Field '{name}' is not knn_vector type.", "query_shard_exception")
        if len(options["vector"]) != field["dimension"]:
            raise bad_request(f"Query vector has invalid dimension: {len(options['vector'])}", "query_shard_exception")
        if not 0 < options["k"] <= _MOST_HITS:
            raise bad_request("[knn] requires 0 < k <= 10000")
        allowed = self.scores(options.get("filter", {"match_all": {}}))
        scores = {each: (1 + cosine(options["vector"], self._found[each][name])) / 2 for each in allowed}
        return dict(sorted(scores.items(), key=lambda item: -item[1])[: options["k"]])


def cosine(one: list[float], other: list[float]) -> float:
    product = sum(x * y for x, y in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other) or 1.0)


def _check_field(name: str, field: dict[str, Any], *, knn: bool) -> None:
    if field.get("type") not in _FIELD_TYPES:
        raise bad_request(f"No handler for type [{field.get('type')}] on field [{name}]", "mapper_parsing_exception")
    if field["type"] != "knn_vector":
        return
    _only(field, {"type", "dimension", "method"})
    _only(field["method"], {"name", "space_type"})  # also refuses engine, as NextGen does
    if not knn or field["method"] != {"name": "hnsw", "space_type": "cosinesimil"}:
        raise bad_request("index.knn must be set, and the method HNSW with cosinesimil", "mapper_parsing_exception")
    if not isinstance(field["dimension"], int) or not 0 < field["dimension"] <= 16_000:
        raise bad_request("Dimension value must be 1 to 16000", "mapper_parsing_exception")


def _only(body: dict[str, Any], known: set[str]) -> None:
    if unknown := set(body) - known:
        raise bad_request(f"unknown field {sorted(unknown)}", "parsing_exception")


def _check_sort(sort: list[dict[str, str]], fields: dict[str, Any]) -> None:
    for name in (name for each in sort for name in each):
        if name not in fields or fields[name]["type"] == "text" or not fields[name].get("doc_values", True):
            raise bad_request(f"No mapping found for [{name}] in order to sort on", "query_shard_exception")


def _ordered(hits: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    names = [name for each in body.get("sort", []) for name in each]
    if not names:
        if "search_after" in body:
            raise bad_request("Sort must contain at least one field when using search_after")
        return sorted(hits, key=lambda hit: -hit["_score"])
    hits = [{**hit, "_score": None, "sort": [hit["_source"][name] for name in names]} for hit in hits]
    after = body.get("search_after")
    return sorted((hit for hit in hits if after is None or hit["sort"] > after), key=lambda hit: hit["sort"])


def _chosen(source: Source, wanted: bool | list[str]) -> Source:
    if isinstance(wanted, bool):
        return source if wanted else {}
    return {name: value for name, value in source.items() if name in wanted}
