"""Which modules of our own an entry point can reach, read from the source; nothing is imported.

What a module does when it is imported always counts. The body of a function at its top counts once something that
counts uses that function's name. So ``shared.backends.local``, which nothing calls in the cloud, brings no local
adapter along, though it stands beside ``shared.backends.cloud``.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from lambda_build.errors import BuildError

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Reached:
    """``modules``: names of our own modules, packages too. ``others``: top-level names of all other imports."""

    modules: frozenset[str]
    others: frozenset[str]


def reached(source: Source, entries: Collection[str], never: Collection[str] = ()) -> Reached:
    """From ``entries`` in ``source``, without entering the functions ``never``: each ``module:function``.

    Raises ``BuildError`` where one of them is not there, and where an import is relative (this code has none).
    """
    walk = _Walk(source, frozenset(never))
    for function in (*entries, *never):
        walk.check(function)
    for entry in entries:
        module, _, name = entry.partition(":")
        walk.load(module)
        walk.use(module, name)
    walk.run()
    return Reached(frozenset(walk.modules), frozenset(walk.others))


@dataclass(frozen=True, slots=True)
class _Module:
    """A parsed module.

    ``body`` runs at its import, ``functions`` when called. ``names`` are what it calls things of other modules of ours:
    module and thing, or module and nothing.
    """

    body: list[ast.stmt]
    functions: dict[str, _Function]
    names: dict[str, tuple[str, str]]


class Source:
    """Our modules in a folder; each is looked for once and parsed once, whoever asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, Path | None] = {}
        self._modules: dict[str, _Module] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a module."""
        return self._path(name) is not None

    def module(self, name: str) -> _Module:
        """The module, parsed. Raises ``BuildError``."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _path(self, name: str) -> Path | None:
        if name not in self._paths:
            path = self.folder.joinpath(*name.split("."))
            files = (path.with_suffix(".py"), path / "__init__.py")
            self._paths[name] = next((file for file in files if file.is_file()), None)
        return self._paths[name]

    def _parse(self, name: str) -> _Module:
        path = self._path(name)
        if path is None:
            raise BuildError(f"The package {name} has no __init__.py.", "Give it one.")
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as error:
            raise BuildError(f"{path} is not Python: {error}.", "Mend it; make lint shows where.") from None
        running = [statement for statement in tree.body if not _never_runs(statement)]
        functions = {node.name: node for node in running if isinstance(node, _Function) and not node.decorator_list}
        body = [statement for statement in running if statement not in functions.values()]
        names: dict[str, tuple[str, str]] = {}
        for node in (node for statement in running for node in ast.walk(statement)):
            if isinstance(node, ast.ImportFrom):
                names.update(self._names(name, node))
        return _Module(body, functions, names)

    def _names(self, module: str, node: ast.ImportFrom) -> dict[str, tuple[str, str]]:
        if node.level or not node.module:
            raise BuildError(f"{module} has a relative import (line {node.lineno}).", "Write the module's whole name.")
        found = {}
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if self.has(whole):
                found[alias.asname or alias.name] = (whole, "")
            elif self.has(node.module):
                found[alias.asname or alias.name] = (node.module, alias.name)
        return found


class _Walk:
    """Follows what is used until nothing new is."""

    def __init__(self, source: Source, never: frozenset[str]) -> None:
        self.source = source
        self._never = never
        self.modules: set[str] = set()
        self.others: set[str] = set()
        self._used: set[str] = set()
        self._waiting: list[tuple[str, ast.AST]] = []
        #: Names used of modules that nothing has imported yet, as annotations do.
        self._early: dict[str, set[str]] = {}

    def check(self, function: str) -> None:
        module, _, name = function.partition(":")
        if not self.source.has(module) or name not in self.source.module(module).functions:
            raise BuildError(
                f"{function} is not in {self.source.folder}.", "Name one that is, in scripts/lambda_build/functions.py."
            )

    def load(self, name: str) -> None:
        """The module is imported, and with it the packages around it."""
        if name in self.modules:
            return
        self.modules.add(name)
        if parent := name.rpartition(".")[0]:
            self.load(parent)
        self._waiting += [(name, statement) for statement in self.source.module(name).body]
        for used in self._early.pop(name, ()):
            self.use(name, used)

    def use(self, module: str, name: str) -> None:
        """A name of a module is used, which counts once that is imported: nothing stands for any of its functions."""
        if module not in self.modules:
            self._early.setdefault(module, set()).add(name)
            return
        found = self.source.module(module)
        if not name:
            for function in found.functions:
                self.use(module, function)
        elif name in found.names:
            self.use(*found.names[name])
        elif name in found.functions and f"{module}:{name}" not in self._used | self._never:
            self._used.add(f"{module}:{name}")
            self._waiting.append((module, found.functions[name]))

    def run(self) -> None:
        while self._waiting:
            module, code = self._waiting.pop()
            _Uses(self, module).visit(code)


class _Uses(ast.NodeVisitor):
    """Tells the walk what a piece of code uses. Its methods have the names that ``ast`` calls."""

    def __init__(self, walk: _Walk, module: str) -> None:
        self._walk = walk
        self._module = module
        self._names = walk.source.module(module).names

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if self._walk.source.has(alias.name):
                self._walk.load(alias.name)
                self._walk.use(alias.name, "")
            else:
                self._walk.others.add(alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = str(node.module)
        if not self._walk.source.has(module):
            self._walk.others.add(module.partition(".")[0])
            return
        self._walk.load(module)
        for alias in node.names:
            if self._walk.source.has(f"{module}.{alias.name}"):
                self._walk.load(f"{module}.{alias.name}")
            elif alias.name == "*":
                self._walk.use(module, "")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        module, thing = self._names.get(node.value.id, ("", "")) if isinstance(node.value, ast.Name) else ("", "")
        if module and not thing:
            self._walk.use(module, node.attr)
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._walk.use(self._module, node.id)


def _never_runs(statement: ast.stmt) -> bool:
    """Whether it stands under ``if TYPE_CHECKING`` or ``if __name__ == "__main__"``."""
    if not isinstance(statement, ast.If):
        return False
    return ast.unparse(statement.test) in {"TYPE_CHECKING", "__name__ == '__main__'"}
