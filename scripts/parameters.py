"""The parameters of main.yaml: checked before AWS sees them, merged with the stack's own, and written for the AWS CLI.

    parameters.py check TEMPLATE STACK [Name=Value ...]   prints a line "Name=value" for each of them
    parameters.py write TEMPLATE STACK VALUES OUTPUT      writes OUTPUT for --parameters file://OUTPUT
    parameters.py keep STACK Name=Value ...               prints such a list: these changed, all else kept
    parameters.py code MANIFEST                           prints "ChatCodeKey<TAB>key<TAB>file" and so on

STACK holds what ``read_stack`` of lib/stack.sh wrote: lines "parameter<TAB>name<TAB>value" among others. A parameter is
what the command line says, else what the stack has, else the template's default. VALUES holds the lines of ``check``,
with those that the scripts compute. ``write`` adds ReleaseId, a digest of templates, code and parameters, and prints
"same" where the stack has exactly these parameters already, else "changed". A mistake ends with status 2 and a sentence
for each.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: What the scripts compute; nobody sets it by hand.
COMPUTED = frozenset(
    {
        "ArtifactsBucket",
        "ChatCodeKey",
        "DataOnly",
        "DirectModelArns",
        "Environment",
        "InferenceProfileArns",
        "IngestionCodeKey",
        "ProfileModelArns",
        "ReleaseId",
        "RetrievalCodeKey",
    }
)

_SECTION = re.compile(r"Parameters:\s*(#.*)?")
_NAME = re.compile(r"  (\w+):\s*(#.*)?")
_FIELD = re.compile(r"    (\w+):\s*(.*?)\s*")
_ITEM = re.compile(r"      ?\s*- (.*?)\s*")


class Mistake(Exception):
    """Something is wrong with what was given; the text is for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as the template declares it. ``default`` is ``None`` where a value has to be given."""

    name: str
    type: str
    default: str | None
    allowed: tuple[str, ...]
    pattern: str | None
    smallest: float | None
    largest: float | None
    remark: str | None

    def problem(self, value: str) -> str | None:
        """What is wrong with the value, as a sentence; ``None`` where it fits."""
        found = f'{self.name} is "{value}"'
        if any(ord(character) < ord(" ") for character in value):
            return f"{self.name} holds a line break or another control character; take it out."
        if self.allowed and value not in self.allowed:
            close = difflib.get_close_matches(value.lower(), self.allowed, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            return f"{found}; expected one of: {', '.join(self.allowed)}.{hint}"
        if self.type == "Number":
            return self._number_problem(value, found)
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"{found}; expected {self.remark or 'text that matches ' + self.pattern}"
        return None

    def _number_problem(self, value: str, found: str) -> str | None:
        bounds = f"a number from {_plain(self.smallest)} to {_plain(self.largest)}"
        try:
            number = float(value)
        except ValueError:
            return f"{found}; expected {bounds}."
        low = self.smallest is not None and number < self.smallest
        high = self.largest is not None and number > self.largest
        return f"{found}; expected {bounds}." if low or high else None


def _plain(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def read_template(text: str) -> dict[str, Parameter]:
    """The parameters of a template that is written as main.yaml is: names indented by two, their fields by four."""
    fields: dict[str, dict[str, list[str]]] = {}
    name = field = None
    inside = False
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            inside = bool(_SECTION.fullmatch(line))
        elif not inside or not line.strip() or line.lstrip().startswith("#"):
            continue
        elif found := _NAME.fullmatch(line):
            name, field = found[1], None
            fields[name] = {}
        elif name and (found := _FIELD.fullmatch(line)):
            field = found[1]
            fields[name][field] = _values(found[2])
        elif name and field and (found := _ITEM.fullmatch(line)):
            fields[name][field].append(_scalar(found[1]))
        elif name and field:
            fields[name][field] = [" ".join((*fields[name][field], line.strip()))]
    return {name: _parameter(name, given) for name, given in fields.items()}


def _values(text: str) -> list[str]:
    text = text if text.startswith(("'", '"')) else re.sub(r"(^|\s)#.*", "", text).strip()
    if text.startswith("["):
        return [_scalar(part.strip()) for part in text.strip("[]").split(",") if part.strip()]
    return [] if text in ("", ">", ">-", "|", "|-") else [_scalar(text)]


def _scalar(text: str) -> str:
    quoted = re.fullmatch(r"""'((?:[^']|'')*)'(\s+#.*)?|"([^"]*)"(\s+#.*)?""", text)
    if quoted is None:
        return re.sub(r"\s+#.*", "", text)
    return quoted[1].replace("''", "'") if quoted[1] is not None else quoted[3].replace("\\\\", "\\")


def _parameter(name: str, given: dict[str, list[str]]) -> Parameter:
    def one(field: str) -> str | None:
        return " ".join(given[field]) if field in given else None

    smallest, largest = one("MinValue"), one("MaxValue")
    return Parameter(
        name=name,
        type=one("Type") or "String",
        default=one("Default"),
        allowed=tuple(given.get("AllowedValues", ())),
        pattern=one("AllowedPattern"),
        smallest=None if smallest is None else float(smallest),
        largest=None if largest is None else float(largest),
        remark=one("ConstraintDescription"),
    )


def stack_parameters(text: str) -> dict[str, str]:
    """The parameters in what ``read_stack`` wrote."""
    rows = (line.split("\t") for line in text.splitlines())
    return {row[1]: (row[2] if len(row) > 2 else "") for row in rows if row[0] == "parameter"}  # noqa: PLR2004


def merge(declared: dict[str, Parameter], stack: dict[str, str], settings: Iterable[str]) -> dict[str, str]:
    """The value of each parameter; empty where the scripts compute it. Raises ``Mistake`` naming all that is wrong."""
    given = dict(_setting(declared, text) for text in settings)
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, parameter in declared.items():
        value = given.get(name, stack.get(name, parameter.default if parameter.default is not None else ""))
        values[name] = value
        problem = None if name in COMPUTED else parameter.problem(value)
        if problem:
            problems.append(problem)
    if problems:
        raise Mistake("\n".join(problems))
    return values


def _setting(declared: dict[str, Parameter], text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Mistake(f'--set takes Name=Value, and "{text}" has no "=".')
    known = [known for known in declared if known not in COMPUTED]
    if name in COMPUTED:
        raise Mistake(f"{name} is worked out by the scripts and cannot be set.")
    if name not in declared:
        close = difflib.get_close_matches(name.lower(), [known.lower() for known in known], n=1)
        hint = [f" Did you mean {known}?" for known in known if close and known.lower() == close[0]]
        raise Mistake(f"there is no parameter {name}.{''.join(hint)} There are: {', '.join(known)}.")
    return name, value.strip()


def release(values: dict[str, str], templates: Iterable[Path]) -> str:
    """A digest of all that a deployment consists of; ``values`` hold the keys of the code, which name its content."""
    digest = hashlib.sha256()
    for path in sorted(templates):
        digest.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    for name in sorted(values.keys() - {"ReleaseId"}):
        digest.update(f"{name}\0{values[name]}\0".encode())
    return digest.hexdigest()[:16]


def write(template: Path, stack: dict[str, str], values: dict[str, str], output: Path) -> str:
    """Writes the list that ``--parameters`` takes. Returns "same" or "changed", against the stack."""
    declared = read_template(template.read_text("utf-8"))
    final = {name: values.get(name, "") for name in declared}
    final["ReleaseId"] = release(final, template.parent.glob("*.yaml"))
    rows = [{"ParameterKey": name, "ParameterValue": value} for name, value in final.items()]
    output.write_text(json.dumps(rows, indent=1), "utf-8")
    return "same" if final == stack else "changed"


def code_keys(manifest: str) -> list[tuple[str, str, str]]:
    """Parameter, S3 key and file of each zip that package-lambdas.sh built. The key names the content."""
    built: dict[str, dict[str, str]] = json.loads(manifest)
    return [
        (f"{name.capitalize()}CodeKey", f"lambdas/{name}-{zipped['sha256']}.zip", zipped["file"])
        for name, zipped in built.items()
    ]


def _lines(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def keep(stack: dict[str, str], settings: Iterable[str]) -> str:
    """The list for ``--parameters`` of an update that changes these parameters and no other."""
    given = _lines("\n".join(settings))
    rows: list[dict[str, str | bool]] = [{"ParameterKey": key, "ParameterValue": given[key]} for key in given]
    rows += [{"ParameterKey": other, "UsePreviousValue": True} for other in stack if other not in given]
    return json.dumps(rows, indent=1)


def _read(path: str) -> str:
    return Path(path).read_text("utf-8")


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["check", template, stack, *settings]:
                values = merge(read_template(_read(template)), stack_parameters(_read(stack)), settings)
                answer = "".join(f"{name}={value}\n" for name, value in values.items())
            case ["write", template, stack, lines, output]:
                answer = (
                    write(Path(template), stack_parameters(_read(stack)), _lines(_read(lines)), Path(output)) + "\n"
                )
            case ["keep", stack, *settings]:
                answer = keep(stack_parameters(_read(stack)), settings) + "\n"
            case ["code", manifest]:
                answer = "".join("\t".join(row) + "\n" for row in code_keys(_read(manifest)))
            case _:
                sys.stderr.write("usage: parameters.py check | write | keep | code; its head says with what\n")
                return 2
    except Mistake as mistake:
        sys.stderr.write(f"{mistake}\n")
        return 2
    sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
