"""The parameters of main.yaml: checked before AWS sees them, merged with the stack's own, and written for the AWS CLI.

    parameters.py check TEMPLATE STACK [Name=Value ...]   prints a line "Name=value" for each of them
    parameters.py write TEMPLATE STACK VALUES OUTPUT      writes OUTPUT for --parameters file://OUTPUT
    parameters.py keep STACK Name=Value ...               prints such a list: these changed, all else kept
    parameters.py code MANIFEST ARCHITECTURE PYTHON DIR   copies the zips to DIR; prints a line for each:
                                                          "ChatCodeKey<TAB>key<TAB>file<TAB>SHA-256 in Base64"

STACK holds what ``read_stack`` of lib/stack.sh wrote: lines "parameter<TAB>name<TAB>value" among others. A parameter is
what the command line says, else what the stack has, else the template's default. VALUES holds the lines of ``check``,
with those that the scripts compute. ``write`` adds ReleaseId, a digest of templates, code and parameters, and prints
"same" where the stack has exactly these parameters already, else "changed". A mistake ends with status 2 and a sentence
for each.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from template_parameters import Parameter, read_template

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


class Mistake(Exception):
    """Something is wrong with what was given; the text is for the person who gave it."""


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
    nested = re.findall(r"TemplateURL:\s*(\S+)", template.read_text("utf-8"))
    final["ReleaseId"] = release(final, {template, *(template.parent / name for name in nested)})
    rows = [{"ParameterKey": name, "ParameterValue": value} for name, value in final.items()]
    output.write_text(json.dumps(rows, indent=1), "utf-8")
    return "same" if final == stack else "changed"


def take_code(manifest: Path, architecture: str, python: str, copies: Path) -> list[tuple[str, str, str, str]]:
    """Parameter, S3 key, file and checksum of each zip that package-lambdas.sh built; copies them to ``copies``.

    The key names the content. Raises ``Mistake`` where a zip is not what the manifest says, or not what was asked for.
    """
    try:
        built: dict[str, dict[str, str]] = json.loads(manifest.read_bytes())
        return [_take_zip(manifest.parent, name, built[name], (architecture, python), copies) for name in built]
    except OSError as error:
        raise Mistake(f"{error.filename}: {error.strerror}; mend that and run the same command again.") from error
    except (ValueError, LookupError, TypeError) as error:
        raise Mistake(
            f"{manifest} is not what package-lambdas.sh writes; remove {manifest.parent} and run this again."
        ) from error


def _take_zip(
    folder: Path, name: str, entry: dict[str, str], wanted: tuple[str, str], copies: Path
) -> tuple[str, str, str, str]:
    file, sha256 = Path(entry["file"]).name, entry["sha256"]
    data = (folder / file).read_bytes()
    digest = hashlib.sha256(data)
    if (entry["architecture"], entry["python"]) != wanted or digest.hexdigest() != sha256:
        expected = f"SHA-256 {sha256}, for {wanted[0]} and Python {wanted[1]}"
        found = f"SHA-256 {digest.hexdigest()}, for {entry['architecture']} and Python {entry['python']}"
        raise Mistake(
            f"{folder / file} is not what was built: expected {expected}; found {found}. Another build writes to that"
            " folder: let it end, then run the same command again."
        )
    (copies / file).write_bytes(data)
    checksum = base64.b64encode(digest.digest()).decode()
    return f"{name.capitalize()}CodeKey", f"lambdas/{name}-{sha256}.zip", file, checksum


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
            case ["code", manifest, architecture, python, copies]:
                rows = take_code(Path(manifest), architecture, python, Path(copies))
                answer = "".join("\t".join(row) + "\n" for row in rows)
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
