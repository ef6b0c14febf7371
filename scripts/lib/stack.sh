# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The state of the stack: reading it, and following what goes on in it.

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

# stack_value status|id|made|changed, or stack_value output|parameter NAME: the value, or nothing. The shell reads the lines
# itself: this is asked dozens of times, and starting a program takes longer.
stack_value() {
    local line found="$1"$'\t'
    if [ $# -gt 1 ]; then found=$found$2$'\t'; fi
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        "$found"*)
            line=${line#"$found"}
            printf '%s\n' "${line%%$'\t'*}"
            return
            ;;
        esac
    done <"$WORK/stack"
}

# Is the index of documents in S3 Vectors, by what read_stack read?
is_on_s3vectors() {
    [ "$(stack_value parameter EnableRAG):$(stack_value parameter VectorStore):$(stack_value parameter DataOnly)" = true:s3vectors:false ]
}

# Reads the stack again. What was decided by the last reading, and agreed to, holds only where nothing has changed since.
need_unchanged_stack() {
    local known
    known=$(sort "$WORK/stack")
    read_stack
    [ "$(sort "$WORK/stack")" = "$known" ] || overtaken
}

overtaken() {
    fail "another deployment of $PREFIX began meanwhile. Run the same command again: it waits for that one and goes on."
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
        # The events tell of an end before the stack does.
        if [[ $STATUS == *_IN_PROGRESS ]]; then sleep 2; else note "that ended as ${STATUS:-deleted}; going on from there"; fi
    done
}
