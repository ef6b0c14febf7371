"""What is in a zip, as a CycloneDX 1.6 bill of materials: https://cyclonedx.org/docs/1.6/json

It has neither serial number nor time, both optional, so that the same libraries give the same file.
"""

from __future__ import annotations

import email.parser
import json
import re
import zipfile
from collections.abc import Sequence
from email.message import Message
from typing import Any

from lambda_build.wheels import Wheel


def bill_of_materials(function: str, version: str, wheels: Sequence[Wheel]) -> str:
    """The file's text. ``version`` is the software's."""
    name = f"chatbot-{function}"
    components = [_component(wheel) for wheel in sorted(wheels, key=lambda wheel: wheel.requirement.name)]
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": name,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [component["bom-ref"] for component in components]}],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(wheel: Wheel) -> dict[str, Any]:
    requirement = wheel.requirement
    address = f"pkg:pypi/{re.sub(r'[-_.]+', '-', requirement.name).lower()}@{requirement.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": requirement.name,
        "version": requirement.version,
        "hashes": [{"alg": "SHA-256", "content": wheel.digest}],
        "purl": address,
        # The file itself, as one library comes in a file for each platform.
        "properties": [{"name": "chatbot:wheel", "value": wheel.path.name}],
    }
    if licences := _licences(_metadata(wheel)):
        component["licenses"] = licences
    return component


def _metadata(wheel: Wheel) -> Message:
    with zipfile.ZipFile(wheel.path) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.parser.BytesParser().parsebytes(archive.read(name), headersonly=True)


def _licences(metadata: Message) -> list[dict[str, Any]]:
    """An SPDX expression where the library gives one, else what it calls its licence."""
    if expression := metadata.get("License-Expression"):
        return [{"expression": expression}]
    classified = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License :: ") and not value.endswith("OSI Approved")
    ]
    stated = (metadata.get("License") or "").strip().splitlines()[:1]
    return [{"license": {"name": name}} for name in classified or stated if name]
