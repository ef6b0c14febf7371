"""Prints the figures of the proof: ``PYTHONPATH=src:scripts:. python -m tests.infra.iam``."""

from __future__ import annotations

import contextlib
import io
from collections import Counter

from tests.infra.iam import checks, mutations
from tests.infra.iam.deployment import VARIANTS
from tests.infra.iam.evidence import called, granted, needed, recorded
from tests.infra.iam.justified import REASONS


def main() -> None:
    for variant in VARIANTS:
        with contextlib.redirect_stdout(io.StringIO()):  # where the functions log
            calls = Counter(call.function for call in recorded(variant).calls)
        grants = [statement for statement in granted(variant) if checks.is_grant(statement)]
        outcomes = [
            (mutation.partition(":")[0], noticed)
            for statement in granted(variant)
            for mutation, noticed in mutations.outcomes(statement, granted(variant), needed(variant))
        ]
        noticed = Counter(kind for kind, was_noticed in outcomes if was_noticed)
        own, of_aws = len(called(variant)), len(needed(variant) - called(variant))
        print(f"{variant} ({VARIANTS[variant]['Environment']})")
        print(f"  calls {dict(calls)}, requests: {own} by the code, {of_aws} by AWS itself")
        print(f"  statements {len(granted(variant))}, grants {sum(map(checks.count, grants))}", end=", ")
        print(f"missing {len(checks.missing(needed(variant), granted(variant)))}", end=", ")
        print(f"unused {len(checks.unused(needed(variant), grants))}, too broad {len(checks.too_broad(grants))}")
        print(f"  mutations {dict(Counter(kind for kind, _ in outcomes))}, noticed {dict(noticed)}")
    for reason, why in REASONS.items():
        print(f"  {reason}: {why}")


if __name__ == "__main__":
    main()
