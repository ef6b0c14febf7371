"""What stacks say about S3 buckets and ministack drops: encryption, lifecycle, ownership, suspended versions, tags.

And what S3 does not do: delete a bucket that is not empty.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import s3

from tests.rehearsal.account.launcher.resources import Props, after, before_delete, refused

_BUCKET = "AWS::S3::Bucket"
#: Elements of lists whose name in S3's XML is another than that of the property.
_ITEMS = {
    "Rules": "Rule",
    "ServerSideEncryptionConfiguration": "Rule",
    "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
    "Id": "ID",
    "TagFilters": "Tag",
}


def install() -> None:
    after(_BUCKET, _apply)
    before_delete(_BUCKET, _check_empty)


def _apply(name: str, props: Props) -> None:
    if encryption := props.get("BucketEncryption"):
        body = _xml("ServerSideEncryptionConfiguration", {"Rules": encryption["ServerSideEncryptionConfiguration"]})
        refused(s3._put_bucket_encryption(name, body))
    if lifecycle := props.get("LifecycleConfiguration"):
        rules = [_rule(each) for each in lifecycle["Rules"]]
        refused(s3._put_bucket_lifecycle(name, _xml("LifecycleConfiguration", {"Rules": rules})))
    if ownership := props.get("OwnershipControls"):
        refused(s3._put_bucket_ownership_controls(name, _xml("OwnershipControls", ownership)))
    if versions := props.get("VersioningConfiguration"):
        refused(s3._put_bucket_versioning(name, _xml("VersioningConfiguration", versions)))
    if tags := props.get("Tags"):
        refused(s3._put_bucket_tagging(name, _xml("Tagging", {"TagSet": {"Tag": tags}})))


def _rule(rule: Props) -> Props:
    """A lifecycle rule as the API takes it: with a filter, and what expires under one heading."""
    found = {"Filter": {"Prefix": rule.get("Prefix", "")}, **rule}
    found.pop("Prefix", None)
    expires = {"ExpiredObjectDeleteMarker": found.pop("ExpiredObjectDeleteMarker", None)}
    expires["Days"] = found.pop("ExpirationInDays", None)
    expires = {key: value for key, value in expires.items() if value is not None}
    return {**found, "Expiration": expires} if expires else found


def _xml(root: str, value: Props) -> bytes:
    """The body of a request of S3 for the properties."""
    element = Element(root, xmlns=s3.S3_NS)
    _fill(element, value)
    body: bytes = tostring(element)
    return body


def _fill(parent: Element, value: Any) -> None:
    if not isinstance(value, dict):
        parent.text = str(value).lower() if isinstance(value, bool) else str(value)
        return
    for name, each in value.items():
        for item in each if isinstance(each, list) else [each]:
            _fill(SubElement(parent, str(_ITEMS.get(name, name))), item)


def _check_empty(name: str) -> None:
    bucket = s3._buckets.get(name)
    if bucket is not None and (bucket["objects"] or s3._bucket_has_versions(name)):
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            "(Service: S3, Status Code: 409)"
        )
