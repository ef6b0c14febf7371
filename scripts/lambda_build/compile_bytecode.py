"""Compiles source to bytecode that is the same wherever the same minor version of Python does it.

Run by an interpreter of the version that will load the bytecode, which may be another than the one that builds:

    PYTHONHASHSEED=0 python3.13 -S -X no_debug_ranges compile_bytecode.py < sources > bytecode

Standard input is a JSON object of sources in base64, by the path that tracebacks are to name; standard output one of
the files to load instead of them, without those that are not Python of this version.
"""

import base64
import importlib.util
import json
import marshal
import sys

#: PEP 552: the file is found by its source's hash, and the source is not looked at when it is loaded.
_UNCHECKED_HASH = (1).to_bytes(4, "little")
#: The last format of marshal without references: whether an object is written as one depends on who else holds it.
_WITHOUT_REFERENCES = 2


def bytecode(source: bytes, path: str) -> bytes:
    """The content of a ``.pyc``. Raises ``SyntaxError``, ``ValueError``."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    try:
        body = marshal.dumps(code, _WITHOUT_REFERENCES)
    except ValueError:  # slices among the constants, which Python 3.14 has and that format has not
        body = marshal.dumps(code)
    return importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source) + body


def main() -> None:
    compiled = {}
    for path, encoded in sorted(json.load(sys.stdin).items()):
        try:
            compiled[path] = base64.b64encode(bytecode(base64.b64decode(encoded), path)).decode()
        except (SyntaxError, ValueError):
            continue
    json.dump(compiled, sys.stdout)


if __name__ == "__main__":
    main()
