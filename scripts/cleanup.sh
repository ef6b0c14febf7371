#!/usr/bin/env bash
# Takes a deployment away: all of it, or all but its data. Then lists what is left.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack repair changes leftovers inventory preflight purge vectors

OWN_OPTIONS="--keep-data --purge --dry-run"
MODE=keep-data
ASKED=""
DRY_RUN=false

usage() {
    cat <<EOF
usage: scripts/cleanup.sh ENV [options]
Takes the environment ENV (dev, staging or prod) out of your account.

  --keep-data       (without options) removes everything that runs; conversations, documents and their key stay, and a later
                    deploy.sh brings all of it back
  --purge           removes everything, data included; the key can be rescued for 7 days, the data cannot
  --dry-run         lists what is there and would go; changes nothing
$COMMON_OPTIONS_HELP
EOF
}

own_option() {
    case $1 in
    --keep-data | --purge)
        [ -z "$ASKED" ] || [ "$ASKED" = "$1" ] || fail "--keep-data and --purge exclude each other; give one of them."
        ASKED=$1 MODE=${1#--} TAKEN=1
        ;;
    --dry-run) DRY_RUN=true TAKEN=1 ;;
    esac
}

keep_data() {
    case $STATUS in
    "")
        say "there is no stack $PREFIX: nothing runs"
        return 0
        ;;
    CREATE_FAILED | ROLLBACK_* | REVIEW_IN_PROGRESS | DELETE_FAILED)
        fail "the stack $PREFIX is $STATUS: it cannot be reduced to its data, only removed: scripts/cleanup.sh $ENV --purge" ;;
    esac
    settle
    if [ "$(stack_value parameter DataOnly)" = true ]; then
        say "the stack $PREFIX holds only data already"
    else
        empty_disposable_buckets
        reduce_to_data
    fi
    drop_vector_bucket
}

reduce_to_data() {
    "$PYTHON" "$ROOT/scripts/parameters.py" keep "$WORK/stack" DataOnly=true >"$WORK/parameters.json"
    make_change_set "" "$WORK/parameters.json"
    [ -n "$CHANGE_SET" ] || fail "AWS sees nothing to change in $PREFIX, though its DataOnly is not true; look at the stack in the console of CloudFormation."
    execute "removing all of $PREFIX but its data"
    [ "$SUCCEEDED" = true ] || fail "the stack could not be reduced to its data ($STATUS). Mend the cause above and run the same command again."
}

purge() {
    local url
    url=$(stack_value output ApiUrl)
    case $url in http*) ;; *) url=.execute-api.$REGION. ;; esac # of a stack that has none, or is gone already
    if [ -n "$STATUS" ]; then
        empty_disposable_buckets
        step "deleting the stack $PREFIX"
        delete_stack
    fi
    delete_orphans
    step "removing the data"
    remove_leftovers 7
    remove_bucket "$PREFIX-artifacts-$ACCOUNT-$REGION"
    "$PYTHON" "$ROOT/scripts/cli_config.py" remove "$ENV" "$url" || warn "the configuration of the command line still names $ENV (see above)."
}

main() {
    local word what
    start "$@"
    word=$ENV what="$PREFIX and all its conversations and documents are deleted for good"
    need_account
    step "account $ACCOUNT, $REGION: $PREFIX, --$MODE"
    read_stack
    if [ "$DRY_RUN" = true ]; then
        preview
        return 0
    fi
    if [ "$MODE" = purge ] && [ "$ENV" = prod ]; then word=$PREFIX; fi
    if [ "$MODE" = keep-data ]; then what="everything that runs in $PREFIX is removed, and its data kept"; fi
    confirm_typed "$word" "$what"
    wait_until_still
    if [ "$MODE" = purge ]; then purge; else keep_data; fi
    take_inventory
}

main "$@"
