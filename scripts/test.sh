#!/usr/bin/env bash
# Tests what is deployed, from outside, over its API: health, chat, stream, history, export, documents.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<EOF
usage: scripts/test.sh ENV [options]
Tests the deployed environment ENV (dev, staging or prod) over its API, and times each check. Address and key are those that
deploy.sh wrote for the command line. It costs a few short answers of the model; the conversations and the document that it
makes, it deletes.

$COMMON_OPTIONS_HELP
EOF
}

main() {
    parse_options "$@"
    need_environment
    find_python
    STEP="testing $PREFIX"
    "$PYTHON" "$ROOT/scripts/smoke.py" "$ENV" || fail "$PREFIX does not do all that it should; the line above says what. Its logs: aws logs tail /aws/lambda/$PREFIX-chat --since 10m"
    say "$PREFIX does what it should"
}

main "$@"
