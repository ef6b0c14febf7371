#!/usr/bin/env bash
# How a deployment is doing: stacks, version, tokens, queues, alarms; with --cost, the bill of this month so far.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack figures

OWN_OPTIONS="--cost"
ASK_COST=false

usage() {
    cat <<EOF
usage: scripts/status.sh ENV [options]
Shows how the environment ENV (dev, staging or prod) is doing. Changes nothing.

  --cost            ask Cost Explorer for the cost of this month so far; AWS takes \$0.01 for that
$COMMON_OPTIONS_HELP
EOF
}

own_option() {
    case $1 in
    --cost) ASK_COST=true TAKEN=1 ;;
    esac
}

show_stacks() {
    local name state made changed
    step "stacks"
    must "listing the stacks" cloudformation list-stacks --output text \
        --query "StackSummaries[?StackStatus!='DELETE_COMPLETE' && (StackName=='$PREFIX' || contains(RootId || '', ':stack/$PREFIX/'))].[StackName, StackStatus, CreationTime, LastUpdatedTime]" >"$WORK/stacks"
    while IFS=$'\t' read -r name state made changed; do
        if [ "$changed" = None ]; then changed=$made; fi
        printf '  %-34s %-24s since %.16s\n' "${name%-*}" "$state" "$changed"
    done < <(sed "s/^$PREFIX	/$PREFIX-root	/" "$WORK/stacks" | sort)
}

show_version() {
    step "software"
    note "version $(stack_value output Version), release $(stack_value output ReleaseId), $(stack_value output ApiUrl)"
    note "model $(stack_value parameter ChatModelId)"
    case $(stack_value parameter DataOnly):$(stack_value parameter EnableRAG) in
    true:*) note "only the data is kept; scripts/deploy.sh $ENV brings the rest back" ;;
    *:true) note "documents on, indexed in $(stack_value parameter VectorStore)" ;;
    *) note "documents off (scripts/enable-rag.sh $ENV switches them on)" ;;
    esac
}

main() {
    local url
    start "$@"
    need_account
    read_stack
    [ -n "$STATUS" ] || fail "$PREFIX is not deployed in account $ACCOUNT, $REGION; scripts/deploy.sh $ENV deploys it."
    show_stacks
    show_version
    url=$(stack_value output ApiUrl)
    if [[ $url == http* && $(stack_value parameter DataOnly) != true ]]; then
        step "tokens, last 30 days"
        "$PYTHON" "$ROOT/scripts/usage_report.py" "$ENV" "$url" || warn "the API did not say how many tokens were used (see above)."
    fi
    show_queue
    show_alarms
    show_cost
}

main "$@"
