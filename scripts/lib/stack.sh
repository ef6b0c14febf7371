# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The state of the stack: reading it, following what goes on in it, repairing what a broken deployment left.

# Reads the stack into $WORK/stack: lines "status S", "id ARN", "parameter NAME VALUE", "output NAME VALUE", separated by
# tabs; STATUS is empty where there is no stack.
read_stack() {
    # shellcheck disable=SC2016  # JMESPath's own quotes
    try cloudformation describe-stacks --stack-name "$PREFIX" --output text --query 'Stacks[0].[
        [[`"status"`, StackStatus], [`"id"`, StackId], [`"made"`, CreationTime], [`"changed"`, LastUpdatedTime]],
        Parameters[].[`"parameter"`, ParameterKey, ParameterValue],
        Outputs[].[`"output"`, OutputKey, OutputValue]][]' >"$WORK/stack" ||
        failed_with 'does not exist' || explain "reading the stack $PREFIX"
    STATUS=$(stack_value status)
}

# stack_value status|id|made|changed, or stack_value output|parameter NAME: the value, or nothing.
stack_value() {
    awk -F '\t' -v kind="$1" -v name="${2-}" '
        $1 == kind && name == "" { print $2; exit }
        $1 == kind && $2 == name { print $3; exit }' "$WORK/stack"
}

newest_event() {
    must "reading the events of $PREFIX" cloudformation describe-stack-events --stack-name "$1" --max-items 1 \
        --query 'StackEvents[0].EventId' --output text | head -n 1
}

# watch STACK [SINCE]: follows the operation to its end. SUCCEEDED is true or false then, STATUS the stack's.
watch() {
    local outcome=0
    GOES_ON="What was begun goes on in AWS. "
    "$PYTHON" "$ROOT/scripts/stack_events.py" "$1" ${2:+--since "$2"} || outcome=$?
    [ "$outcome" -le 1 ] || fail "the connection was lost while ${STEP}. ${GOES_ON}Run the same command again to see how it ended."
    GOES_ON="" SUCCEEDED=false
    if [ "$outcome" = 0 ]; then SUCCEEDED=true; fi
    read_stack
}

# Waits until nothing goes on in the stack, whoever began it.
wait_until_still() {
    while [[ $STATUS == *_IN_PROGRESS && $STATUS != REVIEW_IN_PROGRESS ]]; do
        step "waiting for what goes on in the stack $PREFIX ($STATUS): another deployment, or one that was interrupted"
        watch "$(stack_value id)"
        note "that ended as ${STATUS:-deleted}; going on from there"
    done
}

# delete_stack: the stack is gone afterwards, or the script ends with the reason.
delete_stack() {
    local id since attempt
    for attempt in 1 2; do
        if [ -z "$STATUS" ]; then return 0; fi
        id=$(stack_value id)
        since=$(newest_event "$id")
        must "deleting the stack $PREFIX" cloudformation delete-stack --stack-name "$id"
        watch "$id" "$since"
        # What was put into a bucket meanwhile is the usual reason; it is emptied once more.
        if [ -n "$STATUS" ] && [ "$attempt" = 1 ]; then empty_disposable_buckets; fi
    done
    if [ -z "$STATUS" ]; then return 0; fi
    fail "the stack $PREFIX cannot be deleted ($STATUS); mend the cause above, then run the same command again."
}

# settle: leaves STATUS empty (no stack) or a state that a change set can start from.
settle() {
    local since
    case $STATUS in
    "" | REVIEW_IN_PROGRESS | *_COMPLETE)
        if [ "$STATUS" = ROLLBACK_COMPLETE ]; then replace_stack; fi
        ;;
    CREATE_FAILED | ROLLBACK_FAILED | DELETE_FAILED) replace_stack ;;
    UPDATE_FAILED | UPDATE_ROLLBACK_FAILED)
        step "rolling back the update that failed ($STATUS)"
        since=$(newest_event "$PREFIX")
        if [ "$STATUS" = UPDATE_FAILED ]; then
            must "$STEP" cloudformation rollback-stack --stack-name "$PREFIX" >/dev/null
        else
            must "$STEP" cloudformation continue-update-rollback --stack-name "$PREFIX"
        fi
        watch "$PREFIX" "$since"
        [ "$STATUS" = UPDATE_ROLLBACK_COMPLETE ] ||
            fail "the stack $PREFIX cannot be rolled back ($STATUS). Mend the cause above and run this again, or leave out the resource that is in the way: aws cloudformation continue-update-rollback --stack-name $PREFIX --resources-to-skip <NestedStack.Resource> --region $REGION"
        ;;
    *) fail "the stack $PREFIX is $STATUS, which this script cannot go on from; look at it in the console of CloudFormation." ;;
    esac
}

replace_stack() {
    step "removing the stack $PREFIX, which is $STATUS and cannot be updated"
    drop_vector_indexes
    empty_disposable_buckets
    delete_stack
    need_free_names
}
