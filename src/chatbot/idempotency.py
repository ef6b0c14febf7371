"""One answer for one Idempotency-Key, however often and from wherever the request is sent.

The first to claim the key answers; the others wait and are given the same answer. A holder that dies loses its claim,
so that a retry works: at once where the store can tell that its process is gone, else when its lease runs out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from datetime import timedelta

from shared.errors import IdempotencyConflict, RequestInProgress
from shared.models import RequestClaim
from shared.ports import ClaimStore, Clock

#: How long an answer can be asked for again. Clients retry within minutes; a day is the custom of payment APIs.
_KEPT = timedelta(hours=24)
#: Beyond the deadline of the holder's turn: time for its last write to arrive.
_LEASE_MARGIN_SECONDS = 5
_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 1.0


class Idempotency:
    """Claims keys for turns."""

    def __init__(self, store: ClaimStore, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep

    def claim(
        self,
        *,
        user_id: str,
        key: str,
        request: dict[str, object],
        conversation_id: str,
        message_id: str,
        seconds: float,
    ) -> RequestClaim:
        """The claim on the key: the caller's own, or a ``done`` one whose answer is to be given again.

        ``request`` is what must be equal under one key. Waits up to ``seconds``, the time the turn may take, for
        another holder. Raises ``IdempotencyConflict`` where the key belongs to another request, ``RequestInProgress``.
        """
        give_up = time.monotonic() + seconds
        wait = _FIRST_WAIT_SECONDS
        fingerprint = _fingerprint(key, request)
        while True:
            left = give_up - time.monotonic()
            now = self._clock()
            mine = RequestClaim(
                user_id=user_id,
                key_hash=hashlib.sha256(f"{user_id}\0{key}".encode()).hexdigest(),
                fingerprint=fingerprint,
                conversation_id=conversation_id,
                message_id=message_id,
                lease_expires_at=now.timestamp() + left + _LEASE_MARGIN_SECONDS,
                expires_at=int((now + _KEPT).timestamp()),
            )
            standing = self._store.claim(mine)
            if standing.fingerprint != fingerprint:
                raise IdempotencyConflict(
                    "This Idempotency-Key was used for another request; send a new key with a new request."
                )
            if standing.done or standing.message_id == message_id:
                return standing
            if left <= wait:
                raise RequestInProgress(
                    "The same request is still being answered; ask again in a moment.", retry_after=2
                )
            self._sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

    def release(self, claim: RequestClaim) -> None:
        """Frees the key of a turn that failed; a done claim stays."""
        self._store.release(claim)


def _fingerprint(key: str, request: dict[str, object]) -> str:
    """A digest of the request under the key itself, which the store does not have: it cannot be guessed from there."""
    body = json.dumps(request, sort_keys=True, separators=(",", ":")).encode()
    return hmac.digest(key.encode(), body, hashlib.sha256).hex()
