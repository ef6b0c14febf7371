"""Has checkov check a folder. Run by the interpreter of ``.venv-scan``, where it is installed.

Arguments: a framework, ``cloudformation`` or ``github_actions``, and the folder. Standard output:
``{"failed": [{"file": str, "resource": str, "check": str, "name": str}], "unread": [path]}``.

checkov's own program finds the same in four times as much time: it loads what it knows of every other framework, and
derives the grammar of JSONPath anew for each path that it reads.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import ply.yacc  # type: ignore[import-not-found]  # it is in .venv-scan, as checkov is
from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]  # as above


def _share_grammars() -> None:
    """A parser is made once for each class of parsers."""
    made: dict[type, Any] = {}
    derive = ply.yacc.yacc

    def yacc(*, module: object, **options: Any) -> Any:
        if type(module) not in made:
            made[type(module)] = derive(module=module, **options)
        return made[type(module)]

    ply.yacc.yacc = yacc


def main() -> None:
    framework, folder = sys.argv[1:]
    _share_grammars()
    runner = importlib.import_module(f"checkov.{framework}.runner").Runner()
    report = runner.run(root_folder=folder, runner_filter=RunnerFilter(framework=[framework]))
    failed = [
        {"file": found.file_path, "resource": found.resource, "check": found.check_id, "name": found.check_name}
        for found in report.failed_checks
    ]
    json.dump({"failed": failed, "unread": report.parsing_errors}, sys.stdout)


if __name__ == "__main__":
    main()
