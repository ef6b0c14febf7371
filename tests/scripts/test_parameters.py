"""The parameters that the scripts read from main.yaml are those that CloudFormation will read."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import parameters
import pytest
import yaml
from template_parameters import Parameter, read_template

TEMPLATE = Path(__file__).parents[2] / "infra" / "cloudformation" / "main.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation."""


def _tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else node.value


_Loader.add_multi_constructor("!", _tag)


def _declared() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)["Parameters"]  # noqa: S506
    return found


def test_every_parameter_is_read_as_yaml_reads_it() -> None:
    read = read_template(TEMPLATE.read_text("utf-8"))
    assert list(read) == list(_declared())
    for name, fields in _declared().items():
        found, default = read[name], fields.get("Default")
        assert found.type == fields["Type"]
        assert found.default == (None if default is None else str(default)), name
        assert found.allowed == tuple(str(value) for value in fields.get("AllowedValues", ())), name
        assert found.pattern == fields.get("AllowedPattern"), name
        assert (found.smallest, found.largest) == (fields.get("MinValue"), fields.get("MaxValue")), name
        assert found.remark == fields.get("ConstraintDescription"), name


def test_what_the_scripts_compute_is_declared() -> None:
    assert set(_declared()) >= parameters.COMPUTED


def test_every_default_fits_its_own_rules() -> None:
    wrong = {
        name: parameter.problem(parameter.default)
        for name, parameter in read_template(TEMPLATE.read_text("utf-8")).items()
        if parameter.default is not None and parameter.problem(parameter.default)
    }
    assert wrong == {}


HARD = r"""
Parameters:
  # a remark
  Text:
    Type: String  # what it is
    Description: >-
      Words: with a colon
      - and a dash
    Default: 'it''s'
    AllowedPattern: "|\\d+ #[a-z]+"
  Listed:
    Type: String
    AllowedValues:
      - "a"  # first
      - b
    Default: a

Resources:
  NotAParameter:
    Type: String
"""


def test_quotes_remarks_and_lists_are_read() -> None:
    read = read_template(HARD)
    assert list(read) == ["Text", "Listed"]
    assert (read["Text"].type, read["Text"].default, read["Text"].pattern) == ("String", "it's", r"|\d+ #[a-z]+")
    assert read["Listed"].allowed == ("a", "b")


def _merge(stack: dict[str, str], *settings: str) -> dict[str, str]:
    declared = {
        name: Parameter(name, "String", default, (), None, None, None, None)
        for name, default in {"A": "a", "B": None, "ReleaseId": ""}.items()
    }
    return parameters.merge(declared, stack, settings)


def test_the_command_line_goes_before_the_stack_and_the_stack_before_the_default() -> None:
    assert _merge({})["A"] == "a"
    assert _merge({"A": "from the stack"})["A"] == "from the stack"
    assert _merge({"A": "from the stack"}, "A=given")["A"] == "given"
    assert _merge({"A": "from the stack"}, "A=")["A"] == ""
    assert _merge({"A": "x=y"}, "B=p=q")["B"] == "p=q"


def test_a_parameter_that_the_template_no_longer_has_is_left_out() -> None:
    assert "Old" not in _merge({"Old": "1"})


def test_every_wrong_value_is_named_at_once() -> None:
    declared = read_template(TEMPLATE.read_text("utf-8"))
    with pytest.raises(parameters.Mistake) as caught:
        parameters.merge(declared, {}, ["EnableRAG=maybe", "HistoryTtlDays=0"])
    assert len(str(caught.value).splitlines()) == 2


def _write(folder: Path, values: dict[str, str], stack: dict[str, str]) -> tuple[str, dict[str, str]]:
    output = folder / "parameters.json"
    answer = parameters.write(folder / "main.yaml", stack, values, output)
    return answer, {row["ParameterKey"]: row["ParameterValue"] for row in json.loads(output.read_text())}


def test_a_release_is_named_by_templates_code_and_parameters_alone(tmp_path: Path) -> None:
    declared = "".join(f"  {name}:\n    Type: String\n" for name in ("A", "ReleaseId"))
    (tmp_path / "main.yaml").write_text(f"Parameters:\n{declared}Resources:\n  TemplateURL: ./nested.yaml\n")
    (tmp_path / "nested.yaml").write_text("one")
    (tmp_path / "unrelated.yaml").write_text("one")
    first, given = _write(tmp_path, {"A": "1"}, {})
    assert first == "changed"
    assert len(given["ReleaseId"]) == 16
    assert _write(tmp_path, {"A": "1"}, given) == ("same", given)
    (tmp_path / "unrelated.yaml").write_text("two")
    assert _write(tmp_path, {"A": "1"}, given)[0] == "same"
    assert _write(tmp_path, {"A": "2"}, given)[0] == "changed"
    (tmp_path / "nested.yaml").write_text("two")
    assert _write(tmp_path, {"A": "1"}, given)[0] == "changed"


def test_keeping_parameters_changes_only_those_that_are_named() -> None:
    rows = json.loads(parameters.keep({"A": "1", "B": "2"}, ["B=x=y", "C="]))
    assert rows == [
        {"ParameterKey": "B", "ParameterValue": "x=y"},
        {"ParameterKey": "C", "ParameterValue": ""},
        {"ParameterKey": "A", "UsePreviousValue": True},
    ]


def _built(folder: Path, **changed: str) -> Path:
    entry = {
        "file": "chat.zip",
        "sha256": hashlib.sha256(b"code").hexdigest(),
        "architecture": "arm64",
        "python": "3.13",
    }
    (folder / "chat.zip").write_bytes(b"code")
    (folder / "copies").mkdir()
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"chat": entry | changed}), "utf-8")
    return manifest


def test_code_is_taken_under_the_name_of_its_content(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"code")
    taken = parameters.take_code(_built(tmp_path), "arm64", "3.13", tmp_path / "copies")
    checksum = base64.b64encode(digest.digest()).decode()
    assert taken == [("ChatCodeKey", f"lambdas/chat-{digest.hexdigest()}.zip", "chat.zip", checksum)]
    assert (tmp_path / "copies" / "chat.zip").read_bytes() == b"code"


@pytest.mark.parametrize("changed", [{"sha256": "0" * 64}, {"architecture": "x86_64"}, {"python": "3.12"}])
def test_code_that_is_not_what_was_asked_for_is_not_taken(tmp_path: Path, changed: dict[str, str]) -> None:
    manifest = _built(tmp_path, **changed)
    with pytest.raises(parameters.Mistake, match=next(iter(changed.values()))):
        parameters.take_code(manifest, "arm64", "3.13", tmp_path / "copies")
    assert not list((tmp_path / "copies").iterdir())


@pytest.mark.parametrize("text", ["", "[1]", '{"chat": 1}', '{"chat": {"file": "chat.zip"}}', "\x00"])
def test_a_manifest_that_cannot_be_read_is_no_traceback(tmp_path: Path, text: str) -> None:
    manifest = _built(tmp_path)
    manifest.write_text(text, "utf-8")
    with pytest.raises(parameters.Mistake, match=r"is not what package-lambdas\.sh writes"):
        parameters.take_code(manifest, "arm64", "3.13", tmp_path / "copies")


def test_a_zip_that_is_not_there_is_named(tmp_path: Path) -> None:
    manifest = _built(tmp_path, file="gone.zip")
    with pytest.raises(parameters.Mistake, match=r"gone\.zip: No such file"):
        parameters.take_code(manifest, "arm64", "3.13", tmp_path / "copies")
