"""Stands in for the ``aws`` program: answers from a list of rules, and notes each call.

The folder in ``FAKE_AWS`` holds ``rules``, a list of objects, and ``calls``, a line for each call. The first rule that
fits answers: ``call`` is a regular expression for the words of the call; ``after`` one that an earlier call must have
fitted; ``times`` how often the rule answers at all. ``out``, ``error`` and ``status`` are what the program gives;
``interrupt`` presses Ctrl-C first. It starts some fifty times in a test, and so imports little.
"""

# ruff: noqa: PTH123, S302 - pathlib is a quarter of the start, and the rules are the test's own

import marshal
import os
import re
import sys

folder = os.environ["FAKE_AWS"]
words = iter(sys.argv[1:])
call = " ".join(word for word in words if not (word.startswith("--cli-") and next(words)))
if "AWS_PROFILE" in os.environ:
    others = re.compile("AWS_(ACCESS|SECRET|SESSION|SECURITY|ROLE|WEB_IDENTITY)_.*")
    call += f" [as {os.environ['AWS_PROFILE']}{''.join(f' or by {name}' for name in os.environ if others.match(name))}]"
with open(f"{folder}/calls", "a+", encoding="utf-8") as calls:
    calls.seek(0)
    earlier = calls.read().splitlines()
    calls.write(call.replace("\n", " ") + "\n")
for word in sys.argv:
    name = word.rpartition("/")[2]
    if word.startswith("file://") and name in ("parameters.json", "batch.json"):  # gone when the script ends
        with open(word.removeprefix("file://"), "rb") as given, open(f"{folder}/{name}", "wb") as kept:
            kept.write(given.read())
with open(f"{folder}/rules", "rb") as rules:
    known = marshal.load(rules)

for rule in known:
    if not re.search(rule["call"], call, re.DOTALL):
        continue
    if rule["after"] and not any(re.search(rule["after"], line) for line in earlier):
        continue
    if rule["times"] and sum(bool(re.search(rule["call"], line)) for line in earlier) >= rule["times"]:
        continue
    if rule["interrupt"]:
        import signal
        import time

        os.killpg(os.getpgid(0), signal.SIGINT)
        time.sleep(5)
    sys.stdout.write(rule["out"])
    sys.stderr.write(rule["error"])
    sys.exit(rule["status"])

sys.stderr.write(f"the fake account has no answer to: aws {call}\n")
sys.exit(99)
