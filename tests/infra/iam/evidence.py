"""What the functions of a deployment ask for, each recording made once in a process; and other evidence beside it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.infra.arns import ACCOUNT, REGION
from tests.infra.iam import justified
from tests.infra.iam.chat_paths import talk
from tests.infra.iam.deployment import INGESTION, VARIANTS, Deployment, deployment
from tests.infra.iam.document_paths import keep
from tests.infra.iam.evaluation import Request
from tests.infra.iam.home import Asked, home
from tests.infra.iam.needs import Needs
from tests.infra.iam.policies import Statement, statements_of
from tests.infra.iam.recorder import Call


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that was called while every route and every kind of message was gone through."""

    calls: tuple[Call, ...]
    routes: frozenset[Asked]
    asked: frozenset[Asked]


@functools.cache
def deployed(variant: str) -> Deployment:
    return deployment(VARIANTS[variant])


@functools.cache
def granted(variant: str) -> tuple[Statement, ...]:
    """All statements of the variant."""
    return statements_of(deployed(variant))


@functools.cache
def recorded(variant: str) -> Recording:
    """The recording of the variant. It takes a few seconds, the first time."""
    with home(deployed(variant)) as at_home:
        talk(at_home)
        if INGESTION in at_home.functions:
            keep(at_home)
        return Recording(tuple(at_home.recorder.calls), frozenset(at_home.routes), frozenset(at_home.asked))


@functools.cache
def called(variant: str) -> frozenset[Request]:
    """What the calls of the code ask IAM for."""
    needs = Needs(deployed(variant))
    return frozenset(request for call in recorded(variant).calls for request in needs.of(call))


@functools.cache
def needed(variant: str) -> frozenset[Request]:
    """What the code's calls ask for, and what AWS itself does."""
    return called(variant) | frozenset(justified.requests_of(deployed(variant)))


# --- another account's evidence -------------------------------------------------------------------------------------

_ROLES = re.compile(r"ChatRole|IngestionRole|RetrievalRole|CodeDeployRole")
#: What differs between two deployments of the same templates, and what is put in its place.
_ALIKE = (
    (re.compile(r":\d{12}(?=:|$)"), f":{ACCOUNT}"),
    (re.compile(r"-\d{12}-[a-z]{2}(-[a-z]+)+-\d"), f"-{ACCOUNT}-{REGION}"),
    (re.compile(r":[a-z]{2}(-[a-z]+)+-\d:"), f":{REGION}:"),
    (re.compile(r"chatbot-(dev|staging|prod)"), "chatbot-env"),
    (re.compile(r"(?<=:key/).+"), "Key"),
    (re.compile(r"(?<=:collection/).+"), "Collection"),
    (re.compile(r"(?<=log-stream:).+"), "*"),
    (re.compile(r"(?<=index/chunks-)[0-9a-f]+"), "*"),
    (re.compile(r"(?<=^arn:aws:s3:::)([^/]+)/.+"), r"\1/*"),
)

#: A role (its ARN or name), an action and a resource.
Decision = tuple[str, str, str]


def unrecorded(decisions: Iterable[Decision]) -> list[Decision]:
    """Those decisions of another account's IAM that no recording knows of, in their order.

    Names, ids, Regions and environments may be others; who is none of our roles is left out.
    """
    known = {_alike(*key) for variant in VARIANTS for key in _decisions(needed(variant))}
    return [each for each in decisions if _ROLES.search(each[0]) and _alike(*each) not in known]


def _decisions(requests: Iterable[Request]) -> Iterable[Decision]:
    return ((request.principal, request.action, request.resource) for request in requests)


def _alike(role: str, action: str, resource: str) -> Decision:
    found = _ROLES.search(role)
    for pattern, put in _ALIKE:
        resource = pattern.sub(put, resource)
    return found[0] if found else role, action.lower(), resource
