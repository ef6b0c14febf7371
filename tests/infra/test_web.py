"""The template of the web UI: what scanners do not see."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from chatbot.web_files import WEB_POLICY, is_file_path
from tests.infra.templates import ROOT, Template, parse

FILE = ROOT / "infra" / "cloudformation" / "web.yaml"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


@pytest.fixture
def template() -> Template:
    return Template(FILE.name, parse(FILE.read_text(encoding="utf-8")))


def one(template: Template, kind: str) -> dict[str, Any]:
    (found,) = template.of_type(kind)
    return found.properties


@pytest.fixture
def distribution(template: Template) -> dict[str, Any]:
    return dict(one(template, "AWS::CloudFront::Distribution")["DistributionConfig"])


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", "/index.html"),
        ("/index.html", "/index.html"),
        ("/favicon.ico", "/favicon.ico"),
        ("/assets/app-1a2b.js", "/assets/app-1a2b.js"),
        ("/assets/none", "/assets/none"),
        ("/conversations", "/index.html"),
        ("/conversations/3f2a-41", "/index.html"),
        ("/conversations/my.chat.v2", "/index.html"),
        ("/documents/report.pdf", "/index.html"),
        ("/c/my.chat.v2", "/index.html"),
        ("/library", "/index.html"),
        ("/sw.js", "/sw.js"),
        ("/manifest.webmanifest", "/manifest.webmanifest"),
        ("/api", "/index.html"),
    ],
)
def test_deep_links_are_answered_with_the_page_and_files_with_themselves(
    template: Template, path: str, served: str
) -> None:
    code = one(template, "AWS::CloudFront::Function")["FunctionCode"]
    node = shutil.which("node")
    assert node, "Node is needed to run the function of the template"
    script = f"{code}\nprocess.stdout.write(handler({json.dumps({'request': {'uri': path}})}).uri)"
    found = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert found.stdout == served
    # A laptop serves by the same rule.
    assert is_file_path(path) == (served == path)


def test_errors_of_the_api_stay_what_they_are(distribution: dict[str, Any]) -> None:
    assert "CustomErrorResponses" not in distribution
    assert "FunctionAssociations" in distribution["DefaultCacheBehavior"]
    (api,) = distribution["CacheBehaviors"]
    assert "FunctionAssociations" not in api


def test_the_api_is_neither_cached_nor_compressed_nor_cut(distribution: dict[str, Any]) -> None:
    (api,) = distribution["CacheBehaviors"]
    assert api["PathPattern"] == {"Fn::Sub": "/${ApiStage}/*"}
    assert (api["CachePolicyId"], api["OriginRequestPolicyId"]) == (CACHING_DISABLED, ALL_VIEWER_EXCEPT_HOST)
    assert (api["Compress"], api["ViewerProtocolPolicy"]) == (False, "https-only")
    assert {"POST", "PATCH", "DELETE", "OPTIONS"} <= set(api["AllowedMethods"])
    origins = {origin["Id"]: origin for origin in distribution["Origins"]}
    assert origins["api"]["CustomOriginConfig"]["OriginReadTimeout"] == 60
    # The stage is the path's first part: with an OriginPath it would come twice.
    assert "OriginPath" not in origins["api"]


def test_the_bucket_is_read_by_this_distribution_only_and_over_tls(
    template: Template, distribution: dict[str, Any]
) -> None:
    allow, deny = one(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert allow["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(":distribution/${Distribution}")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket = one(template, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Ref": "KmsKeyArn"}
    assert distribution["Origins"][0]["OriginAccessControlId"] == {"Ref": "OriginAccessControl"}
    assert distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_pages_load_nothing_from_elsewhere_and_stand_in_no_frame(
    template: Template, distribution: dict[str, Any]
) -> None:
    headers = one(template, "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    security = headers["SecurityHeadersConfig"]
    _, parts = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    policy = dict((each["Fn::Sub"] if isinstance(each, dict) else each).split(" ", 1) for each in parts)
    bucket = "https://${Prefix}-documents-${AWS::AccountId}-${AWS::Region}.s3.${AWS::Region}.${AWS::URLSuffix}"
    # As a laptop says it; there documents come from the same origin.
    assert policy == {**WEB_POLICY, "connect-src": f"'self' {bucket}"}
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert not [sources for sources in WEB_POLICY.values() if set(sources.split()) - {"'none'", "'self'", "data:"}]
    assert security["ContentTypeOptions"] == {"Override": True}
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    behaviours = [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
    assert all(each["ResponseHeadersPolicyId"] == {"Ref": "SecurityHeaders"} for each in behaviours)


def test_the_documents_bucket_of_the_policy_is_the_one_that_is_made(template: Template) -> None:
    storage = parse((FILE.parent / "storage.yaml").read_text(encoding="utf-8"))
    (bucket,) = (each for each in storage["Resources"].values() if each["Type"] == "AWS::S3::Bucket")
    assert bucket["Properties"]["BucketName"] == {"Fn::Sub": "${Prefix}-documents-${AWS::AccountId}-${AWS::Region}"}


def test_a_domain_of_your_own_speaks_tls_1_2_at_least(distribution: dict[str, Any]) -> None:
    condition, own, _ = distribution["ViewerCertificate"]["Fn::If"]
    assert (condition, own["MinimumProtocolVersion"]) == ("HasDomain", "TLSv1.2_2021")


def test_browsers_may_send_documents_and_fetch_them() -> None:
    storage = parse((FILE.parent / "storage.yaml").read_text(encoding="utf-8"))
    _, cors, _ = storage["Resources"]["DocumentsBucket"]["Properties"]["CorsConfiguration"]["Fn::If"]
    rules = [rule for _, rule, _ in (each["Fn::If"] for each in cors["CorsRules"])]
    assert [rule["AllowedMethods"] for rule in rules] == [["GET", "PUT"]] * 2
