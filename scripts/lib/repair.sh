# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# What a broken deployment left is mended here.

# delete_stack: the stack is gone afterwards, or the script ends with the reason.
delete_stack() {
    local id since attempt
    id=$(stack_value id)
    for attempt in 1 2; do
        if [ -z "$STATUS" ]; then return 0; fi
        # It was read by its name, which may be that of a new stack by now.
        [ "$(stack_value id)" = "$id" ] || overtaken
        since=$(newest_event "$id")
        must "deleting the stack $PREFIX" cloudformation delete-stack --stack-name "$id"
        watch "$id" "$since"
        # What was put into a bucket meanwhile is the usual reason; it is emptied once more.
        if [ -n "$STATUS" ] && [ "$attempt" = 1 ]; then empty_disposable_buckets; fi
    done
    if [ -z "$STATUS" ]; then return 0; fi
    [ "$(stack_value id)" = "$id" ] || overtaken
    fail "the stack $PREFIX cannot be deleted ($STATUS); mend the cause above, then run the same command again."
}

# A nested stack that could not be deleted is forgotten by its parent, and its names stay taken. Tried once more, by itself.
delete_orphans() {
    local id orphans
    orphans=$(must "looking for parts that were not deleted" cloudformation list-stacks --stack-status-filter DELETE_FAILED \
        --query "StackSummaries[?RootId!=null && contains(RootId, ':stack/$PREFIX/')].StackId" --output text)
    for id in $orphans; do
        case $id in None) continue ;; esac
        step "deleting ${id#*:stack/}, which an earlier run could not delete"
        # What the stack has now may be of the same name, and in use.
        case $id in
        */"$PREFIX"-AiStack-*) if ! is_on_s3vectors; then drop_vector_indexes; fi ;;
        */"$PREFIX"-WebStack-*) if [ "$(stack_value parameter EnableWeb)" != true ]; then empty_bucket "$PREFIX-web-$ACCOUNT-$REGION"; fi ;;
        esac
        must "$STEP" cloudformation delete-stack --stack-name "$id"
        watch "$id"
        [ "$SUCCEEDED" = true ] || fail "$id cannot be deleted; mend the cause above and run the same command again."
    done
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
    # Only now: what a stack that failed could not delete belongs to it still.
    delete_orphans
}

replace_stack() {
    refuse_to_lose_data
    step "removing the stack $PREFIX, which is $STATUS and cannot be updated"
    if [ "$STATUS" != DELETE_FAILED ]; then remove_tables_of_creation; fi
    empty_disposable_buckets
    delete_stack
    need_free_names
}

# Tables that a creation made before it failed: protected against deletion, they stay when it is rolled back. What is older
# than the stack is not its own. Nothing is stored in them: replace_stack has looked.
remove_tables_of_creation() {
    local table made
    for table in conversations documents; do
        if ! made=$(try dynamodb describe-table --table-name "$PREFIX-$table" --query Table.CreationDateTime --output text); then
            failed_with ResourceNotFound || explain "looking for the table $PREFIX-$table"
        elif is_younger "$made" "$(stack_value made)"; then
            remove_table "$PREFIX-$table"
        fi
    done
}

# is_younger MADE THAN: both as the CLI writes times, seconds or text by its generation. Some services cut them to the second.
is_younger() {
    "$PYTHON" -c 'import sys, datetime
def seconds(text):
    return float(text) if "-" not in text else datetime.datetime.fromisoformat(text).timestamp()
sys.exit(seconds(sys.argv[1]) + 1 < seconds(sys.argv[2]))' "$1" "$2"
}
