"""What the models were used for and cost: python3 scripts/usage_report.py ENV URL [DAYS].

URL is the one that the stack says.

Status 1, and a sentence, where the API does not say.
"""

from __future__ import annotations

import sys

from chatbot_api import Unreachable, deployed
from cli_config import Mistake


def main(arguments: list[str]) -> int:
    env, url, days = arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else "30"  # noqa: PLR2004
    try:
        answer = deployed(env, url).call("GET", f"/usage?days={days}")
    except (Mistake, Unreachable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if answer.status != 200:  # noqa: PLR2004
        sys.stderr.write(f"GET /usage: {answer}\n")
        return 1
    total = answer.data["total"]
    cost = "price not known" if total.get("cost_usd") is None else f"${total['cost_usd']:.4f}"
    sys.stdout.write(
        f"  {total['turns']:,} turns, {total['input_tokens']:,} tokens read "
        f"({total['cache_read_tokens']:,} from the cache), {total['output_tokens']:,} written: {cost}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
