"""OpenSearch Serverless in stacks: policies, collection groups (which ministack does not know), collections."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response
from ministack.services import opensearchserverless as aoss

from tests.rehearsal.account.launcher.resources import Made, Props, add, number
from tests.rehearsal.account.launcher.stores import Stores

_groups: dict[str, Props] = {}


def install(stores: Stores) -> None:
    _policies("AWS::OpenSearchServerless::SecurityPolicy", "security")
    _policies("AWS::OpenSearchServerless::AccessPolicy", "access")
    add("AWS::OpenSearchServerless::CollectionGroup", create=_make_group, update=_change_group, delete=_drop_group)
    add(
        "AWS::OpenSearchServerless::Collection",
        create=lambda logical_id, props, stack: _make_collection(props),
        update=_change_collection,
        delete=lambda physical_id, _: _drop_collection(physical_id, stores),
    )
    _serve_groups()
    aoss._start_provisioning = lambda record: _provision(record, stores)
    aoss._collection_endpoint = lambda collection_id: f"https://{collection_id}.{get_region()}.aoss.amazonaws.com"


def _policies(resource_type: str, kind: str) -> None:
    make, change = getattr(aoss, f"_create_{kind}_policy"), getattr(aoss, f"_update_{kind}_policy")
    drop, get = getattr(aoss, f"_delete_{kind}_policy"), getattr(aoss, f"_get_{kind}_policy")
    detail = f"{kind}PolicyDetail"

    def create(_: str, props: Props, __: str) -> Made:
        _call(make, _lower(props))
        return props["Name"], {}

    def update(physical_id: str, old: Props, new: Props, stack: str) -> Made:
        if (old["Name"], old["Type"]) != (new["Name"], new["Type"]):
            return create("", new, stack)
        named = {"type": new["Type"], "name": new["Name"]}
        version = _call(get, named)[detail]["policyVersion"]
        _call(change, {**_lower(new), "policyVersion": version})
        return physical_id, {}

    def delete(_: str, props: Props) -> None:
        _call(drop, {"type": props["Type"], "name": props["Name"]})

    add(resource_type, create=create, update=update, delete=delete)


def _make_group(_: str, props: Props, __: str) -> Made:
    name = props["Name"]
    if name in _groups:
        raise ValueError(f"Collection group with name {name} already exists (HandlerErrorCode: AlreadyExists)")
    limits = {key: number(value) for key, value in (props.get("CapacityLimits") or {}).items()}
    _check_limits(limits)
    group_id = aoss._new_collection_id()
    _groups[name] = {
        "id": group_id,
        "arn": f"arn:aws:aoss:{get_region()}:{get_account_id()}:collection-group/{group_id}",
        "name": name,
        "description": props.get("Description", ""),
        "standbyReplicas": props["StandbyReplicas"],
        "generation": props.get("Generation", "CLASSIC"),
        "capacityLimits": _told(limits),
        "createdDate": aoss._now_ms(),
    }
    # Ref gives the name: that is what a collection takes.
    return name, {"Id": group_id, "Arn": _groups[name]["arn"], "Name": name}


def _change_group(name: str, old: Props, new: Props, stack: str) -> Made:
    if any(old.get(key) != new.get(key) for key in ("Name", "StandbyReplicas", "Generation")):
        return _make_group("", new, stack)
    limits = {key: number(value) for key, value in (new.get("CapacityLimits") or {}).items()}
    _check_limits(limits)
    group = _groups[name]
    group["description"] = new.get("Description", "")
    group["capacityLimits"] = _told(limits)
    return name, {"Id": group["id"], "Arn": group["arn"], "Name": name}


def _told(limits: dict[str, int]) -> dict[str, int]:
    """The limits as the API names them."""
    return {key[0].lower() + key[1:].replace("Ocu", "OCU"): value for key, value in limits.items()}


def _check_limits(limits: dict[str, int]) -> None:
    for kind in ("Indexing", "Search"):
        least, most = limits.get(f"Min{kind}CapacityInOcu", 0), limits.get(f"Max{kind}CapacityInOcu", 1)
        if not (0 <= least <= most and most >= 1):
            raise ValueError(f"Capacity limits of {kind.lower()} must be 0 <= min <= max and max >= 1")


def _drop_group(name: str, _: Props) -> None:
    if any(each.get("_Group") == name for each in aoss._collections.values()):
        raise ValueError(f"Collection group {name} still has collections (HandlerErrorCode: ResourceConflict)")
    _groups.pop(name, None)


def _make_collection(props: Props) -> Made:
    group = _groups.get(props.get("CollectionGroupName", ""))
    if props.get("CollectionGroupName") and group is None:
        raise ValueError(f"Collection group {props['CollectionGroupName']} is not found")
    if group and group["standbyReplicas"] != props.get("StandbyReplicas", "ENABLED"):
        raise ValueError("Standby replicas of a collection must be those of its group")
    wanted = _lower({key: value for key, value in props.items() if key not in {"Tags", "CollectionGroupName"}})
    tags = [{"key": each["Key"], "value": each["Value"]} for each in props.get("Tags", [])]
    made = _call(aoss._create_collection, {**wanted, "tags": tags})["createCollectionDetail"]
    record = aoss._collections[made["id"]]
    if group:
        record["_Group"] = record["collectionGroupName"] = group["name"]
        if group["generation"] == "NEXTGEN":
            record["collectionEndpoint"] = f"https://{made['id']}.aoss.{get_region()}.on.aws"
            record["dashboardEndpoint"] = f"{record['collectionEndpoint']}/_dashboards"
    return made["id"], _attributes(record)


def _change_collection(collection_id: str, old: Props, new: Props, _: str) -> Made:
    if any(old.get(key) != new.get(key) for key in ("Name", "Type", "StandbyReplicas", "CollectionGroupName")):
        return _make_collection(new)
    changed = {"id": collection_id, "description": new.get("Description", "")}
    if "DeletionProtection" in new:
        changed["deletionProtection"] = new["DeletionProtection"]
    _call(aoss._update_collection, changed)
    return collection_id, _attributes(aoss._collections[collection_id])


def _drop_collection(collection_id: str, stores: Stores) -> None:
    if collection_id in aoss._collections:
        _call(aoss._delete_collection, {"id": collection_id})
        stores.close("collections", collection_id)


def _attributes(record: Props) -> dict[str, Any]:
    return {
        "Id": record["id"],
        "Arn": record["arn"],
        "CollectionEndpoint": record["collectionEndpoint"],
        "DashboardEndpoint": record["dashboardEndpoint"],
        "KmsKeyArn": record["kmsKeyArn"],
    }


def _provision(record: Props, stores: Stores) -> None:
    """Ready at once, where AWS takes minutes."""
    record["_Port"] = stores.open("collections", record["id"])
    record["status"] = "ACTIVE"
    record["lastModifiedDate"] = aoss._now_ms()


def _serve_groups() -> None:
    """The operations on collection groups that a script may call."""

    def batch_get(data: Props) -> Any:
        wanted = set(data.get("ids") or []) | set(data.get("names") or [])
        found = [each for each in _groups.values() if {each["id"], each["name"]} & wanted]
        return json_response({"collectionGroupDetails": found, "collectionGroupErrorDetails": []})

    def list_all(_: Props) -> Any:
        keys = ("id", "arn", "name", "createdDate", "capacityLimits", "generation")
        summaries = [{key: each[key] for key in keys} for each in _groups.values()]
        for each in summaries:
            each["numberOfCollections"] = sum(
                record.get("_Group") == each["name"] for record in aoss._collections.values()
            )
        return json_response({"collectionGroupSummaries": summaries})

    aoss._HANDLERS["BatchGetCollectionGroup"] = batch_get
    aoss._HANDLERS["ListCollectionGroups"] = list_all
    aoss._DETAIL_FIELDS = (*aoss._DETAIL_FIELDS, "collectionGroupName")


def _call(operation: Any, data: Props) -> Any:
    try:
        return json.loads(operation(data)[2])
    except aoss._Invalid as error:
        raise ValueError(f"{error.message} (Service: OpenSearchServerless, {error.code})") from None


def _lower(props: Props) -> Props:
    return {key[0].lower() + key[1:]: value for key, value in props.items()}
