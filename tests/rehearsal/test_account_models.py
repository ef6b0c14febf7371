"""Bedrock of the emulated account: who may call which model, and answers that a model has really made."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account

pytestmark = pytest.mark.rehearsal

HAIKU = "anthropic.claude-haiku-5-5"
PROFILE = f"global.{HAIKU}"
TITAN = "amazon.titan-embed-text-v2:0"
PROFILE_ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{PROFILE}"
MODEL_ARNS = [f"arn:aws:bedrock:{REGION}::foundation-model/{HAIKU}", f"arn:aws:bedrock:::foundation-model/{HAIKU}"]
#: What the small model answers well under.
SYSTEM = [{"text": "You are a helpful assistant. Answer clearly and briefly."}]
STREAM = "bedrock:InvokeModelWithResponseStream"
VIA_PROFILE = {"ArnEquals": {"bedrock:InferenceProfileArn": PROFILE_ARN}}


@pytest.fixture(autouse=True)
def _as_it_was(account: Account) -> Iterator[None]:
    yield
    account.deny_model_access()
    account.lack_use_case_form(missing=False)


def runtime(account: Account, *statements: Any) -> Any:
    """A client of the runtime: the owner's, or that of a user who may do what the statements allow."""
    options: dict[str, Any] = dict(account.client_options)
    if statements:
        iam = account.client("iam")
        name = f"user-{uuid.uuid4().hex}"
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        options |= {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.client("bedrock-runtime", config=config, **options)


def asked(client: Any, model_id: str = PROFILE, text: str = "What is the capital of France?") -> str:
    """The streamed answer."""
    answer = client.converse_stream(
        modelId=model_id,
        messages=[{"role": "user", "content": [{"text": text}]}],
        inferenceConfig={"maxTokens": 24},
        system=SYSTEM,
    )
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in answer["stream"] if "contentBlockDelta" in event]
    return "".join(pieces)


def test_an_answer_is_generated_piece_by_piece(account: Account) -> None:
    assert "Paris" in asked(runtime(account))


def test_converse_answers_whole(account: Account) -> None:
    answer = runtime(account).converse(
        modelId=PROFILE,
        messages=[{"role": "user", "content": [{"text": "What is the capital of Italy?"}]}],
        system=SYSTEM,
    )
    assert "Rome" in answer["output"]["message"]["content"][0]["text"]
    assert answer["usage"]["inputTokens"] > 0


def vector(client: Any, text: str, **options: Any) -> list[float]:
    body = json.dumps({"inputText": text, **options})
    return list(json.loads(client.invoke_model(modelId=TITAN, body=body)["body"].read())["embedding"])


def test_vectors_tell_what_texts_have_in_common(account: Account) -> None:
    client = runtime(account)
    dog, puppy, tax = (vector(client, text) for text in ("a dog", "a puppy", "income tax law"))
    assert len(dog) == 1024
    assert math.hypot(*dog) == pytest.approx(1)
    assert sum(a * b for a, b in zip(dog, puppy, strict=True)) > sum(a * b for a, b in zip(dog, tax, strict=True)) + 0.2
    assert len(vector(client, "a dog", dimensions=512)) == 512


def test_titan_refuses_what_it_cannot_read(account: Account) -> None:
    for body in ({"inputText": ""}, {"inputText": "x" * 50_001}, {"inputText": "x", "dimensions": 7}, {"text": "x"}):
        with pytest.raises(ClientError, match="ValidationException"):
            runtime(account).invoke_model(modelId=TITAN, body=json.dumps(body))


def test_a_profile_takes_the_profile_and_every_model_behind_it(account: Account) -> None:
    every = [trial.allow(STREAM, PROFILE_ARN), trial.allow(STREAM, MODEL_ARNS, **VIA_PROFILE)]
    assert asked(runtime(account, *every))
    for missing in (
        [trial.allow(STREAM, MODEL_ARNS, **VIA_PROFILE)],
        [trial.allow(STREAM, PROFILE_ARN), trial.allow(STREAM, MODEL_ARNS[0], **VIA_PROFILE)],
        [trial.allow(STREAM, PROFILE_ARN), trial.allow(STREAM, MODEL_ARNS[1], **VIA_PROFILE)],
        [trial.allow("bedrock:InvokeModel", "*"), trial.allow("bedrock:Converse*", "*")],
    ):
        with pytest.raises(ClientError, match=r"AccessDenied.*is not authorized to perform: bedrock:InvokeModel"):
            asked(runtime(account, *missing))


def test_the_models_of_a_profile_are_not_granted_without_it(account: Account) -> None:
    client = runtime(account, trial.allow(STREAM, PROFILE_ARN), trial.allow(STREAM, MODEL_ARNS, **VIA_PROFILE))
    with pytest.raises(ClientError, match="AccessDenied"):
        asked(client, HAIKU)


@pytest.mark.parametrize(
    ("model_id", "words"),
    [(HAIKU, "on-demand throughput isn"), ("anthropic.claude-3-haiku-20240307-v1:0", "model identifier is invalid")],
)
def test_models_that_cannot_be_called_so(account: Account, model_id: str, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        asked(runtime(account), model_id)


def test_access_that_was_never_granted(account: Account) -> None:
    account.deny_model_access(HAIKU)
    with pytest.raises(ClientError, match="You don't have access to the model"):
        asked(runtime(account))
    found = account.client("bedrock").get_foundation_model_availability(modelId=HAIKU)
    assert (found["authorizationStatus"], found["entitlementAvailability"]) == ("NOT_AUTHORIZED", "NOT_AVAILABLE")
    assert asked(runtime(account), "global.anthropic.claude-sonnet-5-5")


def test_the_form_that_anthropic_asks_for(account: Account) -> None:
    account.lack_use_case_form()
    with pytest.raises(ClientError, match="use case details have not been submitted"):
        asked(runtime(account))
    assert vector(runtime(account), "Titan asks for none")


def test_what_a_preflight_asks(account: Account) -> None:
    bedrock = account.client("bedrock")
    profile = bedrock.get_inference_profile(inferenceProfileIdentifier=PROFILE)
    assert profile["inferenceProfileArn"] == PROFILE_ARN
    assert [each["modelArn"] for each in profile["models"]] == MODEL_ARNS
    assert PROFILE in {
        each["inferenceProfileId"] for each in bedrock.list_inference_profiles()["inferenceProfileSummaries"]
    }
    assert bedrock.get_foundation_model(modelIdentifier=TITAN)["modelDetails"]["outputModalities"] == ["EMBEDDING"]
    assert {HAIKU, TITAN} <= {each["modelId"] for each in bedrock.list_foundation_models()["modelSummaries"]}
    assert bedrock.get_foundation_model_availability(modelId=HAIKU)["authorizationStatus"] == "AUTHORIZED"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        bedrock.get_inference_profile(inferenceProfileIdentifier="global.nobody.model")


def test_another_region_knows_none_of_them(account: Account) -> None:
    bedrock = boto3.client("bedrock", **{**account.client_options, "region_name": "sa-east-1"})  # type: ignore[call-overload]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        bedrock.get_inference_profile(inferenceProfileIdentifier=PROFILE)


def test_a_fault_on_demand(account: Account) -> None:
    account.control(bedrock=[{"status": 429, "code": "ThrottlingException", "message": "Too many requests"}])
    with pytest.raises(ClientError, match="ThrottlingException"):
        asked(runtime(account))
    assert asked(runtime(account))


def test_passages_are_ordered_anew(account: Account) -> None:
    arn = f"arn:aws:bedrock:{REGION}::foundation-model/cohere.rerank-v3-5:0"
    texts = ["Tulips bloom in spring.", "The warranty lasts three years."]
    sources = [
        {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}} for text in texts
    ]
    configuration = {"numberOfResults": 1, "modelConfiguration": {"modelArn": arn}}
    asked_for = {
        "queries": [{"type": "TEXT", "textQuery": {"text": "How long is the warranty?"}}],
        "sources": sources,
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": configuration,
        },
    }
    found = account.client("bedrock-agent-runtime").rerank(**asked_for)
    assert [each["index"] for each in found["results"]] == [1]
    grants = {(call.action, call.resource) for call in account.calls()}
    assert {("bedrock:Rerank", "*"), ("bedrock:InvokeModel", arn)} <= grants
