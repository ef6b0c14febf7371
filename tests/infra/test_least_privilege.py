"""Every role, key, queue, bucket, topic and index lets through what is needed, and nothing else.

What is needed are the calls that the real code makes, recorded while every route and every kind of message is gone
through, and what AWS does by itself (``iam/justified.py``). Each grant is then taken away in turn, and made wider in
turn, and something must notice.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from botocore import xform_name

from tests.infra.iam import checks, justified, mutations
from tests.infra.iam.deployment import DATA_ONLY, VARIANTS, deployment
from tests.infra.iam.evidence import granted, needed, recorded
from tests.infra.iam.policies import Statement, statements_of
from tests.infra.iam.recorder import ADAPTERS, COLLECTION

DOCUMENTS = ("opensearch", "s3vectors")
GRANTS = [
    pytest.param(variant, statement, id=f"{variant}: {statement}")
    for variant in VARIANTS
    for statement in granted(variant)
]
#: Call sites of the adapters that no function reaches in the cloud.
NOT_IN_THE_CLOUD = {
    ("dynamodb_catalogue.py", "unfinished", "scan"): "Only the worker of a laptop asks what is unfinished.",
}


# --- the recording is complete ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_route_was_asked(variant: str) -> None:
    recording = recorded(variant)
    forms = {route: re.compile(re.sub(r"\{[^}]*\}", "[^/]+", route[1])) for route in recording.routes}
    left = {
        route
        for route, form in forms.items()
        if not any(method == route[0] and form.fullmatch(path) for method, path in recording.asked)
    }
    documents = {("POST", "/search")} | {route for route in left if route[1].startswith("/documents")}
    # Without documents these routes answer 404 and call nothing.
    assert left - (set() if variant in DOCUMENTS else documents) <= {("HEAD", "/openapi.json")}


def test_every_call_of_the_adapters_was_made() -> None:
    made = {
        (file, function, call.operation)
        for variant in VARIANTS
        for call in recorded(variant).calls
        for file, function in call.sites
    }
    made = {(file, function, xform_name(operation)) for file, function, operation in made}
    assert set(_call_sites()) - made == NOT_IN_THE_CLOUD.keys()
    assert any(call.service == COLLECTION for call in recorded("opensearch").calls)


def _call_sites() -> Iterator[tuple[str, str, str]]:
    """File, function and operation of every use of a client of botocore's in the adapters."""
    from botocore.session import get_session  # noqa: PLC0415 - it takes a moment

    session = get_session()
    services = ("dynamodb", "kms", "s3", "sqs", "lambda", "bedrock-runtime", "bedrock-agent-runtime", "s3vectors")
    known = {xform_name(name) for each in services for name in session.get_service_model(each).operation_names}
    known |= {"generate_presigned_url"}
    for path in sorted(ADAPTERS.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for name in _operations(function):
                    if name in known:
                        yield path.name, function.name, name.replace("generate_presigned_url", "put_object")


def _operations(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client":
            yield node.attr
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("_client.get_paginator"):
            yield ast.literal_eval(node.args[0])


# --- both ways ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_that_is_needed_is_refused(variant: str) -> None:
    assert checks.missing(needed(variant), granted(variant)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_granted_that_is_not_needed(variant: str) -> None:
    assert checks.unused(needed(variant), granted(variant)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_granted_more_broadly_than_it_can_be_said(variant: str) -> None:
    assert checks.too_broad(granted(variant)) == []


def test_what_is_left_without_functions_grants_nothing() -> None:
    left = deployment(DATA_ONLY)
    assert left.functions() == {}
    assert checks.unused(frozenset(justified.requests_of(left)), statements_of(left)) == []


def test_no_reason_is_out_of_date() -> None:
    origins = {request.origin for variant in VARIANTS for request in needed(variant)}
    assert justified.REASONS.keys() <= origins
    ends = {pattern for variant in VARIANTS for pattern in checks.used_ends(granted(variant))}
    assert ends == checks.OPEN_ENDS.keys()


# --- by mutation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("variant", "statement"), GRANTS)
def test_every_change_of_a_statement_is_noticed(variant: str, statement: Statement) -> None:
    assert [*mutations.undetected(statement, granted(variant), needed(variant))] == []


@pytest.mark.parametrize(("variant", "statement"), GRANTS)
def test_what_a_condition_is_there_to_refuse_is_refused(variant: str, statement: Statement) -> None:
    assert [*mutations.let_through(statement, granted(variant), needed(variant))] == []
