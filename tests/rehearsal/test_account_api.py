"""REST APIs of the emulated account: keys, limits, permissions, and answers that are relayed while they are written."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import REGION, Account

pytestmark = pytest.mark.rehearsal

_LAYER = f"arn:aws:lambda:{REGION}:753240598075:layer:LambdaAdapterLayerX86:27"
_RUN = '#!/bin/sh\nexec python3 -u "$LAMBDA_TASK_ROOT/server.py"\n'
#: Answers what it was asked; ``/stream`` writes its second line when ``/go`` was called.
_SERVER = """
import http.server, json, os, threading

go = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/stream"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"6\\r\\nfirst\\n\\r\\n")
            self.wfile.flush()
            go.wait(30)
            self.wfile.write(b"5\\r\\nlast\\n\\r\\n0\\r\\n\\r\\n")
            return
        if self.path.startswith("/go"):
            go.set()
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        told = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        raw = json.dumps(told).encode()
        self.send_response(201 if self.command == "POST" else 200)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("X-Mine", "yes")
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_DELETE = do_GET

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def method(resource: Any, *, key: bool, http_method: str = "ANY") -> dict[str, Any]:
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2021-11-15/functions/${{F.Arn}}/response-streaming-invocations"
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": resource,
            "HttpMethod": http_method,
            "AuthorizationType": "NONE",
            "ApiKeyRequired": key,
            "Integration": {
                "Type": "AWS_PROXY",
                "IntegrationHttpMethod": "POST",
                "Uri": {"Fn::Sub": uri},
                "ResponseTransferMode": "STREAM",
                "TimeoutInMillis": 310000,
            },
        },
    }


def part(path: str) -> dict[str, Any]:
    root = {"Fn::GetAtt": ["Api", "RootResourceId"]}
    return {
        "Type": "AWS::ApiGateway::Resource",
        "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": root, "PathPart": path},
    }


def resources(name: str, **changed: Any) -> dict[str, Any]:
    """A streaming API with a key before all but ``/open``, three requests at once, and five a day."""
    found: dict[str, Any] = {
        "Role": trial.role("lambda.amazonaws.com"),
        "F": trial.function(
            "server.zip",
            FunctionName=name,
            Handler="run.sh",
            Layers=[_LAYER],
            Environment={
                "Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap", "AWS_LWA_READINESS_CHECK_PATH": "/ready"}
            },
        ),
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name}},
        "Proxy": part("{proxy+}"),
        "Open": part("open"),
        "ProxyMethod": method({"Ref": "Proxy"}, key=True),
        "OpenMethod": method({"Ref": "Open"}, key=False, http_method="GET"),
        "NoKey": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResponseType": "INVALID_API_KEY",
                "StatusCode": "401",
                "ResponseTemplates": {"application/json": '{"error": "no key"}'},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "F"},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/api/*/*"},
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": ["ProxyMethod", "OpenMethod", "NoKey"],
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "DeploymentId": {"Ref": "Deployment"},
                "StageName": "api",
                "MethodSettings": [
                    {
                        "HttpMethod": "*",
                        "ResourcePath": "/*",
                        "ThrottlingRateLimit": "50",
                        "ThrottlingBurstLimit": "100",
                    }
                ],
            },
        },
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": name, "Enabled": True}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {"ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}]},
        },
        "PlanKey": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
        },
    }
    return {key: each for key, each in {**found, **changed}.items() if each is not None}


class Api:
    """A deployed API under its real address."""

    def __init__(self, account: Account, name: str, **changed: Any) -> None:
        trial.upload(account, "server.zip", trial.zipped({"run.sh": _RUN, "server.py": _SERVER}))
        self.name = name
        self.account = account
        self.resources = resources(name, **changed)
        assert trial.create(account, name, self.body()) == "CREATE_COMPLETE", trial.events(account, name)
        found = trial.outputs(account, name)
        self.api_id = found["Id"]
        key = account.client("apigateway").get_api_key(apiKey=found["Key"], includeValue=True)["value"]
        self.key = {"x-api-key": key}
        self.client = httpx.Client(
            base_url=f"https://{self.api_id}.execute-api.{REGION}.amazonaws.com/api",
            proxy=account.environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=account.environment["SSL_CERT_FILE"]),
            trust_env=False,
            timeout=60,
        )

    def body(self) -> str:
        return trial.template(
            self.resources, Outputs={"Id": {"Value": {"Ref": "Api"}}, "Key": {"Value": {"Ref": "Key"}}}
        )


@pytest.fixture(scope="module")
def api(account: Account) -> Iterator[Api]:
    made = Api(account, "trial-api")
    yield made
    made.client.close()


def test_a_request_comes_to_the_function_as_the_adapter_sends_it(api: Api) -> None:
    answer = api.client.post("/a%20b/c?x=1&x=2&y=%C3%A9", headers={**api.key, "X-Their": "words"}, content="body é")
    assert (answer.status_code, answer.headers["x-mine"]) == (201, "yes")
    told = answer.json()
    headers = {name.lower(): value for name, value in told["headers"].items()}
    assert (told["method"], told["path"], told["body"]) == ("POST", "/a%20b/c?x=1&x=2&y=%C3%A9", "body é")
    assert headers["x-their"] == "words"
    context = json.loads(headers["x-amzn-lambda-context"])
    assert context["invoked_function_arn"].endswith(":function:trial-api")
    assert context["deadline"] > 0
    assert context["request_id"]
    assert json.loads(headers["x-amzn-request-context"])["stage"] == "api"


def test_the_first_piece_arrives_before_the_last_is_written(api: Api) -> None:
    with api.client.stream("GET", "/stream", headers=api.key) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "first"
        # Only now the function is told to go on.
        assert api.client.get("/go", headers=api.key).status_code == 200
        assert next(lines) == "last"


def test_a_key_is_asked_for_where_the_method_says_so(api: Api) -> None:
    refused = api.client.get("/anything")
    assert (refused.status_code, refused.json()) == (401, {"error": "no key"})
    assert api.client.get("/anything", headers={"x-api-key": "wrong"}).status_code == 401
    assert api.client.get("/open").status_code == 200


def test_what_no_method_serves_is_refused(api: Api) -> None:
    elsewhere = str(api.client.base_url).replace("/api", "/other")
    assert api.client.get(f"{elsewhere}anything").status_code == 403


def test_the_transfer_mode_can_be_read_back(api: Api) -> None:
    client = api.account.client("apigateway")
    found = {each["path"]: each["id"] for each in client.get_resources(restApiId=api.api_id)["items"]}
    integration = client.get_integration(restApiId=api.api_id, resourceId=found["/{proxy+}"], httpMethod="ANY")
    assert (integration["responseTransferMode"], integration["timeoutInMillis"]) == ("STREAM", 310_000)
    settings = client.get_stage(restApiId=api.api_id, stageName="api")["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (50, 100)


def test_too_many_requests_are_throttled_and_too_many_a_day_refused(account: Account) -> None:
    plan: dict[str, Any] = {
        "Type": "AWS::ApiGateway::UsagePlan",
        "Properties": {
            "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}],
            "Throttle": {"RateLimit": "0.001", "BurstLimit": "2"},
            "Quota": {"Limit": "100", "Period": "DAY"},
        },
    }
    limited = Api(account, "limited-api", Plan=plan)
    assert [limited.client.get("/x", headers=limited.key).status_code for _ in range(3)] == [200, 200, 429]
    plan["Properties"]["Throttle"] = {"RateLimit": "1000", "BurstLimit": "1000"}
    plan["Properties"]["Quota"] = {"Limit": "4", "Period": "DAY"}
    assert trial.update(account, "limited-api", limited.body()) == "UPDATE_COMPLETE"
    answers = [limited.client.get("/x", headers=limited.key) for _ in range(4)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert "Limit Exceeded" in answers[-1].text
    limited.client.close()


def test_an_api_that_may_not_invoke_the_function_fails(account: Account) -> None:
    forbidden = Api(account, "forbidden-api", Permission=None)
    answer = forbidden.client.get("/x", headers=forbidden.key)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    forbidden.client.close()


def test_a_change_is_served_only_with_a_new_deployment(account: Account) -> None:
    staged = Api(account, "staged-api")
    staged.resources["OpenMethod"]["Properties"]["ApiKeyRequired"] = True
    trial.update(account, "staged-api", staged.body())
    assert staged.client.get("/open").status_code == 200
    staged.resources["DeploymentTwo"] = staged.resources.pop("Deployment")
    staged.resources["Stage"]["Properties"]["DeploymentId"] = {"Ref": "DeploymentTwo"}
    trial.update(account, "staged-api", staged.body())
    assert staged.client.get("/open").status_code == 401
    staged.client.close()


def test_a_function_that_does_not_start_fails_the_request_and_says_why_in_its_log(account: Account) -> None:
    trial.upload(account, "broken.zip", trial.zipped({"run.sh": "#!/bin/sh\necho nothing here >&2\nexit 3\n"}))
    function = resources("broken-api")["F"]
    function["Properties"]["Code"]["S3Key"] = "broken.zip"
    broken = Api(account, "broken-api", F=function)
    assert broken.client.get("/open").status_code == 504
    assert "nothing here" in account.function_logs("broken-api")
    broken.client.close()
