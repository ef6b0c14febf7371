"""Harm that is done to a script, at one of the calls that it makes to the AWS CLI.

Written as the JSON that ``aws_cli.server`` reads from ``REHEARSAL_ORDERS``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Do = Literal["interrupt", "kill", "offline"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Order:
    """``interrupt`` is Ctrl-C (SIGINT to the script's process group), ``kill`` SIGKILL to the same.

    It is done ``before`` the call was made, or ``after`` it was done but before the script knows. ``offline``: this
    call and all that follow reach no network. The call is the n-th, counted from 1, or the first that has ``words``.
    """

    do: Do
    call: int = 0
    when: When = "before"
    words: str = ""


def as_json(orders: tuple[Order, ...]) -> str:
    return json.dumps([asdict(order) for order in orders])
