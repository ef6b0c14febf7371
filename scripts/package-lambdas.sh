#!/usr/bin/env bash
# Builds the zips of the Lambda functions; with --update it also puts them in place of those that are deployed.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack changes parameters artifacts

OWN_OPTIONS="--output --architecture --python-version --source-only --update"
OUTPUT=$ROOT/build/lambdas
ARCHITECTURE=${CHATBOT_LAMBDA_ARCHITECTURE:-}
VERSION=${CHATBOT_LAMBDA_PYTHON:-}
SOURCE_ONLY=false
UPDATE=false

usage() {
    cat <<EOF
usage: scripts/package-lambdas.sh ENV [options]
Builds chat.zip, ingestion.zip and retrieval.zip, each of what its function imports and no more, a bill of materials of
each, and manifest.json, which names their digests. What has not changed is not built again. Needs no AWS account.

  --output DIR      where to; build/lambdas where it is left out
  --architecture arm64|x86_64   of the functions; what is deployed with --update, else arm64
  --python-version 3.13         of the functions; what is deployed with --update, else 3.13
  --source-only     no bytecode: the same bytes on every machine, for cold starts that take twice as long
  --update          replace the code that is deployed in ENV (dev, staging or prod), and nothing else
$COMMON_OPTIONS_HELP

example: scripts/package-lambdas.sh dev --update
EOF
}

own_option() {
    case $1 in
    --output) need_value "$@" && OUTPUT=$2 TAKEN=2 ;;
    --architecture) need_value "$@" && ARCHITECTURE=$2 TAKEN=2 ;;
    --python-version) need_value "$@" && VERSION=$2 TAKEN=2 ;;
    --source-only) SOURCE_ONLY=true TAKEN=1 ;;
    --update) UPDATE=true TAKEN=1 ;;
    esac
}

package() {
    step "building the code for ${ARCHITECTURE:=arm64} and Python ${VERSION:=3.13}"
    set -- --output "$OUTPUT" --architecture "$ARCHITECTURE" --python-version "$VERSION"
    if [ "$SOURCE_ONLY" = true ]; then set -- "$@" --source-only; fi
    "$PYTHON" "$ROOT/scripts/build_lambdas.py" "$@" || exit $?
}

# What is deployed is what is updated: its template, its parameters, its architecture.
read_deployed() {
    local deployed
    need_account
    read_stack
    wait_until_still
    case $STATUS in
    CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE) ;;
    "") fail "nothing is deployed as $PREFIX in account $ACCOUNT, $REGION; deploy it first: scripts/deploy.sh $ENV" ;;
    *) fail "the stack $PREFIX is $STATUS; scripts/deploy.sh $ENV mends that and deploys this code too." ;;
    esac
    awk -F '\t' '$1 == "parameter" { print $2 "=" $3 }' "$WORK/stack" >"$WORK/values"
    [ "$(value DataOnly)" != true ] || fail "only the data of $PREFIX is left; scripts/deploy.sh $ENV deploys its functions again."
    deployed=$(value Architecture)
    [ "${ARCHITECTURE:=$deployed}" = "$deployed" ] ||
        fail "$PREFIX runs on $deployed, not on $ARCHITECTURE; leave --architecture out, or change that: scripts/deploy.sh $ENV --set Architecture=$ARCHITECTURE"
    VERSION=${VERSION:-$(value PythonRuntime | sed 's/^python//')}
}

# A release of its own, so that a version is published and the alias moves to it.
release() {
    "$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])' <"$WORK/values"
}

update() {
    local parameter key changed=""
    set --
    read_manifest "$OUTPUT"
    while IFS=$'\t' read -r parameter key _; do
        if [ "$(stack_value parameter "$parameter")" = "$key" ]; then continue; fi
        set -- "$@" "$parameter=$key"
        changed="$changed ${parameter%CodeKey}"
    done <"$WORK/code"
    if [ -z "$changed" ]; then
        say "nothing changed: $PREFIX runs this code"
        return 0
    fi
    need_artifacts_bucket
    upload_code "$OUTPUT"
    "$PYTHON" "$ROOT/scripts/parameters.py" keep "$WORK/stack" "$@" "ReleaseId=$(release)" >"$WORK/parameters.json"
    make_change_set "" "$WORK/parameters.json"
    execute
    [ "$SUCCEEDED" = true ] || fail "the update failed and AWS has put back what was there before ($STATUS). Mend the cause above and run this again."
    say "updated:$changed"
}

main() {
    parse_options "$@"
    if [ "$UPDATE" = true ]; then
        start "$@"
        read_deployed
        package
        update
    else
        [ -n "$ENV" ] || fail "which environment? Name one of: ${ENVIRONMENTS// /, }. Example: scripts/$SCRIPT dev"
        find_python
        package
    fi
}

main "$@"
