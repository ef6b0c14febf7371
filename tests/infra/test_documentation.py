"""DEPLOYMENT.md tells every parameter as main.yaml declares it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from parameters import COMPUTED

from tests.infra.templates import FOLDER, MAIN, parse

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "DEPLOYMENT.md"
#: What stands between these is written by: PYTHONPATH=scripts:. .venv/bin/python -m tests.infra.test_documentation
PLACE = re.compile(r"(?<=<!-- parameters -->\n).*?(?=<!-- /parameters -->)", re.DOTALL)


def table() -> str:
    """The parameters that can be set by hand, as Markdown."""
    declared = parse((FOLDER / MAIN).read_text(encoding="utf-8"))["Parameters"]
    rows = [_row(name, declared[name]) for name in declared if name not in COMPUTED]
    return "\n".join(("| parameter | default | meaning |", "|---|---|---|", *rows, ""))


def _row(name: str, parameter: dict[str, Any]) -> str:
    default = f"`{parameter['Default']}`" if str(parameter.get("Default", "")) else "empty"
    return f"| `{name}` | {default} | {parameter['Description'].strip()} {_range(parameter)}|".replace("  ", " ")


def _range(parameter: dict[str, Any]) -> str:
    if "AllowedValues" in parameter:
        values = [str(value) for value in parameter["AllowedValues"]]
        return "" if set(values) == {"true", "false"} else f"One of {', '.join(values)}. "
    if "MinValue" in parameter and "MaxValue" in parameter:
        return f"From {parameter['MinValue']:,} to {parameter['MaxValue']:,}. "
    return ""


def test_every_parameter_stands_in_the_documentation_as_it_is() -> None:
    found = PLACE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == table(), "run: PYTHONPATH=scripts:. .venv/bin/python -m tests.infra.test_documentation"


def test_the_documentation_names_every_script() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [script.name for script in ROOT.glob("scripts/*.sh") if script.name not in page]
    assert sorted(missing) == ["lib.sh", "venv.sh", "web.sh"]


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda _: table(), text), encoding="utf-8")
