#!/usr/bin/env bash
# Switches answers from your own documents on, or off. Neither loses a document or a conversation.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack

OWN_OPTIONS="--vector-store --disable"
STORE=""
DISABLE=false

usage() {
    cat <<EOF
usage: scripts/enable-rag.sh ENV [options]
Switches documents on in the environment ENV (dev, staging or prod): says what it costs and asks, deploys what documents need,
indexes those that are in the bucket, and waits until the index answers.

  --vector-store opensearch|s3vectors   where documents are indexed; what is deployed (or opensearch) where it is left out
  --disable         switches documents off; they stay in the bucket, and answer again when documents are switched on again
$COMMON_OPTIONS_HELP

example: scripts/enable-rag.sh dev --vector-store s3vectors
EOF
}

own_option() {
    case $1 in
    --vector-store) need_value "$@" && STORE=$2 TAKEN=2 ;;
    --disable) DISABLE=true TAKEN=1 ;;
    esac
}

# The words for deploy.sh, which prints the costs of the new settings and asks.
deploy() {
    set -- "$ENV" --region "$REGION" "$@"
    if [ -n "$PROFILE" ]; then set -- "$@" --profile "$PROFILE"; fi
    if [ "$ASSUME_YES" = true ]; then set -- "$@" --yes; fi
    if [ -n "$STORE" ]; then set -- "$@" --set "VectorStore=$STORE"; fi
    "$ROOT/scripts/deploy.sh" "$@" || exit $?
}

main() {
    start "$@"
    if [ "$DISABLE" = true ]; then
        [ -z "$STORE" ] || fail "--disable takes no --vector-store; leave one of them out."
        need_account
        read_stack
        [ -n "$STATUS" ] || fail "$PREFIX is not deployed in account $ACCOUNT, $REGION: there is nothing to switch off. scripts/deploy.sh $ENV deploys it."
        say "Documents are switched off: nothing is indexed or searched any more, and the index is deleted. The files stay in the
documents bucket, at S3's price for what is stored (\$0 for an empty bucket); switching on again indexes them anew."
        deploy --set EnableRAG=false
        return 0
    fi
    deploy --set EnableRAG=true
    step "waiting until the index answers (a new one, or one that sleeps, takes up to a minute)"
    read_stack
    "$PYTHON" "$ROOT/scripts/smoke.py" "$ENV" "$(stack_value output ApiUrl)" --wait-index ||
        fail "documents are deployed, but the index does not answer yet. scripts/status.sh $ENV shows what is wrong; run this again to wait on."
    say "Put documents in: aws s3 cp FILE s3://... (the bucket is named above), or chatbot --env $ENV docs add FILE"
}

main "$@"
