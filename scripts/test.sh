#!/usr/bin/env bash
# Tests what is deployed, from outside, over its API: health, chat, stream, history, export, documents.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack

usage() {
    cat <<EOF
usage: scripts/test.sh ENV [options]
Tests the deployed environment ENV (dev, staging or prod) over its API, and times each check. The key is the one that deploy.sh
wrote for the command line. It costs a few short answers of the model; the conversations and the document that it
makes, it deletes.

$COMMON_OPTIONS_HELP
EOF
}

main() {
    local url outcome=0
    start "$@"
    need_account
    read_stack
    url=$(stack_value output ApiUrl)
    case $url in
    http*) ;;
    *) fail "$PREFIX has no API in account $ACCOUNT, $REGION (${STATUS:-there is no stack}); scripts/deploy.sh $ENV deploys it." ;;
    esac
    STEP="testing $PREFIX"
    "$PYTHON" "$ROOT/scripts/smoke.py" "$ENV" "$url" || outcome=$?
    case $outcome in
    0) say "$PREFIX does what it should" ;;
    1) fail "$PREFIX does not do all that it should; the line above says what. Its logs: aws logs tail /aws/lambda/$PREFIX-chat --since 10m --region $REGION" ;;
    *) exit 1 ;; # it could not begin, and said why
    esac
}

main "$@"
