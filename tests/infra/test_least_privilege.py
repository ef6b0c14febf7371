"""Every role, key, queue, bucket, topic and index lets through what is needed, and nothing else.

What is needed are the calls that the real code makes, recorded while every route and every kind of message is gone
through, and what AWS does by itself (``iam/justified.py``). Each grant is then taken away in turn, and made wider in
turn, and something must notice.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore import xform_name
from botocore.session import get_session

from tests.infra.iam import boundary, checks, forbidden, justified, mutations
from tests.infra.iam.actions import named
from tests.infra.iam.deployment import DATA_ONLY, VARIANTS, deployment
from tests.infra.iam.evaluation import Request, applies, is_allowed
from tests.infra.iam.evidence import called, deployed, granted, needed, recorded, unrecorded
from tests.infra.iam.needs import as_context
from tests.infra.iam.policies import Statement, statements_of
from tests.infra.iam.recorder import ADAPTERS, COLLECTION
from tests.infra.templates import GITHUB, templates, walk

DOCUMENTS = ("opensearch", "s3vectors")
GRANTS = [
    pytest.param(variant, statement, id=f"{variant}: {statement}")
    for variant in VARIANTS
    for statement in granted(variant)
]
#: What takes the name of an operation: to list page by page, and to sign a URL.
_NAMING = ("_client.get_paginator", "_client.generate_presigned_url")
#: Call sites of the adapters that no function reaches in the cloud.
NOT_IN_THE_CLOUD = {
    ("dynamodb_catalogue.py", "unfinished", "scan"): "Only the worker of a laptop asks what is unfinished.",
}
#: Mutations that change nothing, and why.
EQUIVALENT = {
    ("Key.OnlyServicesGetGrants", "widened: without BoolIfExists aws:principalisawsservice"): (
        "The guard rule CT.KMS.PR.3 wants this exception for services; the policy lets none of them make grants."
    ),
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
    session = get_session()
    services = ("dynamodb", "kms", "s3", "sqs", "lambda", "bedrock-runtime", "bedrock-agent-runtime", "s3vectors")
    known = {xform_name(name) for each in services for name in session.get_service_model(each).operation_names}
    for path in sorted(ADAPTERS.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for name in _operations(function):
                    if name in known:
                        yield path.name, function.name, name


def _operations(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client":
            yield node.attr
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_NAMING):
            yield ast.literal_eval(node.args[0])


# --- both ways --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_that_is_needed_is_refused(variant: str) -> None:
    assert checks.missing(needed(variant), granted(variant)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_whatever_a_role_needs_is_within_its_boundary(variant: str) -> None:
    roles = {each.arn for each in deployed(variant).of_type("AWS::IAM::Role")}
    environment = VARIANTS[variant]["Environment"]
    within = boundary.statements_for(environment, sorted(roles), "Boundary")
    tag = {"aws:resourcetag/chatbot:environment": environment}
    # Whom the index lets in says its own policy, which knows no boundary.
    asked = [each for each in needed(variant) if each.principal in roles and not each.resource.startswith("index/")]
    tagged = [Request(each.principal, each.action, each.resource, as_context(tag), each.origin) for each in asked]

    assert {each.principal for each in asked} == roles
    assert [str(each) for each in tagged if not any(applies(one, each) for one in within)] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_granted_that_is_not_needed(variant: str) -> None:
    assert checks.unused(needed(variant), granted(variant)) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_granted_more_broadly_than_it_can_be_said(variant: str) -> None:
    assert checks.too_broad(granted(variant)) == []


def test_without_functions_nobody_is_granted_anything() -> None:
    left = deployment(DATA_ONLY)
    statements = statements_of(left)
    assert left.functions() == {}
    assert [str(statement) for statement in statements if checks.is_grant(statement)] == []
    assert checks.missing(justified.requests_of(left), statements) == []


def test_every_statement_of_the_templates_was_looked_at() -> None:
    """But those of github.yaml, which is no part of a deployment."""
    nested = (template for template in templates() if template.name != GITHUB)
    written = {
        value["Sid"]
        for template in nested
        for _, value in walk(template.body)
        if isinstance(value, dict) and {"Sid", "Effect"} <= value.keys()
    }
    seen = {str(statement).rpartition(".")[2] for variant in VARIANTS for statement in granted(variant)}
    assert written <= seen


def test_no_reason_is_out_of_date() -> None:
    origins = {request.origin for variant in VARIANTS for request in needed(variant)}
    assert justified.REASONS.keys() <= origins
    assert checks.idle_reasons([statement for variant in VARIANTS for statement in granted(variant)]) == set()


# --- by mutation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("variant", "statement"), GRANTS)
def test_every_change_of_a_statement_is_noticed(variant: str, statement: Statement) -> None:
    found = mutations.outcomes(statement, granted(variant), needed(variant))
    left = {(str(statement), mutation) for mutation, noticed in found if not noticed}
    assert left == {each for each in EQUIVALENT if each[0] == str(statement)}


@pytest.mark.parametrize(("variant", "statement"), GRANTS)
def test_what_a_condition_is_there_to_refuse_is_refused(variant: str, statement: Statement) -> None:
    assert [*mutations.let_through(statement, granted(variant), needed(variant))] == []


# --- what must be refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", DOCUMENTS)
def test_what_no_role_may_do_is_refused_to_it(variant: str) -> None:
    tried = [*forbidden.requests_of(deployed(variant))]
    # A refused request for an action that does not exist would prove nothing.
    assert all(named(request.action) or request.action in checks.DATA_PERMISSIONS for request in tried)
    assert [str(request) for request in tried if is_allowed(request, granted(variant))] == []


def test_without_documents_the_chat_reaches_nothing_of_them() -> None:
    without = statements_of(deployment({**VARIANTS["opensearch"], "EnableRAG": "false"}))
    about = [each for each in called("opensearch") if each.principal.endswith("/ChatRole") and "document" in str(each)]
    assert {"dynamodb", "s3", "kms"} <= {request.action.partition(":")[0] for request in about}
    assert [str(request) for request in about if is_allowed(request, without)] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_roles_of_another_environment_reach_nothing_here(variant: str) -> None:
    other = {"dev": "staging", "staging": "prod", "prod": "dev"}[VARIANTS[variant]["Environment"]]
    theirs = forbidden.apart(statements_of(deployment({**VARIANTS[variant], "Environment": other})), other)
    # Models belong to nobody.
    tried = [
        replace(request, principal=request.principal.replace(":role/", f":role/{other}-"))
        for request in needed(variant)
        if request.principal.endswith("Role") and not request.action.startswith("bedrock:")
    ]
    assert tried
    assert [str(request) for request in tried if is_allowed(request, [*granted(variant), *theirs])] == []


def test_decisions_of_another_account_are_compared() -> None:
    role = "arn:aws:sts::000000000000:assumed-role/chatbot-dev-SecurityStack-1A2B-RetrievalRole-3C4D/retrieval"
    table = "arn:aws:dynamodb:eu-west-1:000000000000:table/chatbot-dev"
    known = (role, "dynamodb:BatchGetItem", f"{table}-documents")
    unknown = (role, "dynamodb:GetItem", f"{table}-conversations")
    others = ("arn:aws:iam::000000000000:user/owner", "iam:CreateRole", "*")
    assert unrecorded([known, unknown, others]) == [unknown]
