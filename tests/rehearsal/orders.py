"""Harm that is done to a script, at the n-th call that it makes to the AWS CLI (counted from 1).

Written as the JSON that ``aws_cli.server`` reads from ``REHEARSAL_ORDERS``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

When = Literal["before", "during", "after"]


@dataclass(frozen=True, slots=True)
class Order:
    """``interrupt`` is Ctrl-C (SIGINT to the script's process group), ``kill`` SIGKILL to the same.

    ``before`` the call was made, ``seconds`` after it was begun (``during``), or ``after`` it was done but before the
    script knows. ``offline``: this call and all that follow reach no network.
    """

    do: Literal["interrupt", "kill", "offline"]
    call: int
    when: When = "before"
    seconds: float = 0.0


def as_json(orders: tuple[Order, ...]) -> str:
    return json.dumps([asdict(order) for order in orders])
