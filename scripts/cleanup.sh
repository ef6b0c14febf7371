#!/usr/bin/env bash
# Takes a deployment away: all of it, or all but its data. Then lists what is left.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack changes leftovers preflight purge vectors

# shellcheck disable=SC2034  # lib/options.sh uses it
OWN_OPTIONS="--keep-data --purge --dry-run"
MODE=keep-data
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
    --keep-data | --purge) MODE=${1#--} TAKEN=1 ;;
    --dry-run) DRY_RUN=true TAKEN=1 ;;
    esac
}

keep_data() {
    case $STATUS in
    "") say "there is no stack $PREFIX: nothing runs" && return ;;
    CREATE_FAILED | ROLLBACK_* | REVIEW_IN_PROGRESS | DELETE_FAILED)
        fail "the stack $PREFIX is $STATUS: it cannot be reduced to its data, only removed: scripts/cleanup.sh $ENV --purge" ;;
    esac
    settle
    if [ "$(stack_value parameter DataOnly)" = true ]; then
        say "the stack $PREFIX holds only data already"
        return
    fi
    empty_disposable_buckets
    "$PYTHON" "$ROOT/scripts/parameters.py" keep "$WORK/stack" DataOnly=true >"$WORK/parameters.json"
    make_change_set "" "$WORK/parameters.json"
    if [ -n "$CHANGE_SET" ]; then execute; fi
    [ "$SUCCEEDED" = true ] || fail "the stack could not be reduced to its data ($STATUS). Mend the cause above and run the same command again."
    drop_vector_bucket
}

purge() {
    if [ -n "$STATUS" ]; then
        empty_disposable_buckets
        step "deleting the stack $PREFIX"
        delete_stack
    fi
    step "removing the data"
    remove_leftovers 7
    remove_bucket "$PREFIX-artifacts-$ACCOUNT-$REGION"
    "$PYTHON" "$ROOT/scripts/cli_config.py" remove "$ENV" || warn "the configuration of the command line still names $ENV (see above)."
}

# What stays on purpose with --keep-data.
KEPT="^stack $PREFIX\$"

take_inventory() {
    local left
    step "looking for what is left"
    left=$(what_is_left all)
    if [ "$MODE" = keep-data ]; then
        say "kept:" && printf '%s\n' "$left" | grep -E "$(kept)" | sed 's/^/  /' || true
        left=$(printf '%s\n' "$left" | grep -vE "$(kept)" || true)
    fi
    if [ -n "$left" ]; then
        printf '%s\n' "$left" | sed 's/^/  /' >&2
        fail "this is left; run the same command again in some minutes, or remove it by hand."
    fi
    say "nothing else is left of $PREFIX"
}
