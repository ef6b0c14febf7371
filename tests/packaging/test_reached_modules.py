"""Which modules an entry point reaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from lambda_build.errors import BuildError
from lambda_build.functions import FUNCTIONS, NEVER
from lambda_build.modules import Reached, Source, reached

from tests.packaging.building import ROOT

SOURCE = Source(ROOT / "src")
FROM_FUTURE = "from __future__ import annotations\n"


def walk(folder: Path, files: dict[str, str], entry: str = "app.entry:handler", never: tuple[str, ...] = ()) -> Reached:
    """What is reached in these modules."""
    for name, text in files.items():
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in (parent for parent in path.parents if parent.is_relative_to(folder) and parent != folder):
            (package / "__init__.py").touch()
        path.write_text(FROM_FUTURE + text)
    return reached(Source(folder), (entry,), never)


def test_what_a_module_imports_is_reached_with_the_packages_around_it(tmp_path: Path) -> None:
    files = {
        "app.entry": "import json\nimport vendor.deep\nfrom app.inner.one import thing\ndef handler(): thing()",
        "app.inner.one": "from other import thing",
    }
    found = walk(tmp_path, files)
    assert found.modules == {"app", "app.entry", "app.inner", "app.inner.one"}
    assert found.others == {"__future__", "json", "vendor", "other"}


def test_an_import_in_a_function_counts_once_something_calls_that(tmp_path: Path) -> None:
    files = {
        "app.entry": "from app.roots import cloud\ndef handler(): cloud()",
        "app.roots": """
def cloud():
    from app.cloud import Store
    return helper(Store)
def helper(store):
    import app.helped
def laptop():
    from app.laptop import Store
""",
        "app.cloud": "class Store: ...",
        "app.helped": "",
        "app.laptop": "class Store: ...",
    }
    assert walk(tmp_path, files).modules == {"app", "app.entry", "app.roots", "app.cloud", "app.helped"}


def test_a_function_is_followed_through_the_name_of_its_module(tmp_path: Path) -> None:
    files = {
        "app.entry": "from app import roots as chosen\ndef handler(): chosen.cloud()",
        "app.roots": "def cloud():\n    from app import one\ndef laptop():\n    from app import two",
        "app.one": "",
        "app.two": "",
    }
    assert walk(tmp_path, files).modules == {"app", "app.entry", "app.roots", "app.one"}


def test_a_function_is_followed_through_a_module_that_passes_it_on(tmp_path: Path) -> None:
    files = {
        "app.entry": "from app.front import work\ndef handler(): work()",
        "app.front": "from app.back import work",
        "app.back": "def work():\n    import app.late",
        "app.late": "",
    }
    assert "app.late" in walk(tmp_path, files).modules


def test_a_module_that_is_handed_on_whole_may_be_called_in_any_way(tmp_path: Path) -> None:
    files = {
        "app.entry": "from app import tools\ndef handler(): run(tools)",
        "app.tools": "def one():\n    import app.late",
        "app.late": "",
    }
    assert "app.late" in walk(tmp_path, files).modules


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.unused import T\ndef handler(x: T): ...",
        "def handler(): ...\nif __name__ == '__main__':\n    from app.unused import T\n    T()",
        "def handler(): ...\ndef idle():\n    from app.unused import T\n    T()",
        # An annotation names what only another function imports.
        "def handler(x: T): ...\ndef idle():\n    from app.unused import T",
    ],
)
def test_what_never_runs_is_not_reached(tmp_path: Path, text: str) -> None:
    found = walk(tmp_path, {"app.entry": text, "app.unused": "class T: ..."})
    assert found.modules == {"app", "app.entry"}


@pytest.mark.parametrize(
    "text",
    [
        "register = list\n@register\ndef handled():\n    import app.used\ndef handler(): ...",
        "class Kept:\n    def method(self):\n        import app.used\ndef handler(): ...",
        "try:\n    import app.used\nexcept ImportError:\n    pass\ndef handler(): ...",
    ],
)
def test_what_may_run_is_reached(tmp_path: Path, text: str) -> None:
    text += "\ndef entry(): ..."
    assert "app.used" in walk(tmp_path, {"app.entry": text, "app.used": ""}, "app.entry:entry").modules


def test_a_function_that_is_never_called_here_is_not_entered(tmp_path: Path) -> None:
    files = {
        "app.entry": "def handler(): return local()\ndef local():\n    import app.laptop",
        "app.laptop": "",
    }
    assert "app.laptop" in walk(tmp_path, files).modules
    assert "app.laptop" not in walk(tmp_path, files, never=("app.entry:local",)).modules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def other(): ...", "app.entry:handler is not in"),
        ("from . import inner\ndef handler(): ...", "relative import \\(line 2\\)"),
        ("def handler(:", "is not Python"),
    ],
)
def test_what_cannot_be_followed_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BuildError, match=said):
        walk(tmp_path, {"app.entry": text})


def test_no_function_of_the_cloud_reaches_the_laptop() -> None:
    for function in FUNCTIONS:
        modules = reached(SOURCE, function.entries, NEVER).modules
        assert not {name for name in modules if name.startswith(("shared.local", "chatbot.command_line"))}
        assert "shared.document_backends" in modules


def test_the_chat_function_would_reach_the_laptops_worker_if_nobody_said_that_it_is_never_called() -> None:
    # So the list of what is never called is not longer than it has to be.
    for function in NEVER:
        others = tuple(other for other in NEVER if other != function)
        with_it = {one.name: reached(SOURCE, one.entries, others).modules for one in FUNCTIONS}
        without = {one.name: reached(SOURCE, one.entries, NEVER).modules for one in FUNCTIONS}
        assert with_it != without
