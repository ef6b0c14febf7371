#!/usr/bin/env bash
# Builds the zips of the Lambda functions; with --update it also puts them in place of those that are deployed.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack changes parameters artifacts code_update

OWN_OPTIONS="--output --architecture --python-version --source-only --update"
OUTPUT=$ROOT/build/lambdas
ARCHITECTURE=${LAMBDA_ARCHITECTURE:-}
VERSION=${LAMBDA_PYTHON:-}
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

main() {
    parse_options "$@"
    if [ "$UPDATE" = true ]; then
        start "$@"
        read_deployed
        package
        update_code "$OUTPUT"
    else
        [ -n "$ENV" ] || fail "which environment? Name one of: ${ENVIRONMENTS// /, }. Example: scripts/$SCRIPT dev"
        find_python
        package
    fi
}

main "$@"
