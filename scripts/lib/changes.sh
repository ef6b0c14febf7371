# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# Change sets: what a deployment would change, and changing it.

CHANGE_SET=""

# make_change_set TEMPLATE PARAMETERS [WORDS...]: sets CHANGE_SET, or leaves it empty where there is nothing to change.
# An empty TEMPLATE is the one that is deployed.
make_change_set() {
    local parameters=$2 kind=UPDATE answer state reason
    if [ -n "$1" ]; then set -- "${@:3}" --template-body "file://$1"; else set -- "${@:3}" --use-previous-template; fi
    step "comparing with the stack $PREFIX"
    if [ -z "$STATUS" ] || [ "$STATUS" = REVIEW_IN_PROGRESS ]; then kind=CREATE; fi
    answer=$(try cloudformation create-change-set --stack-name "$PREFIX" --change-set-type "$kind" \
        --change-set-name "deploy-$(date -u +%Y%m%d%H%M%S)-$$" \
        --parameters "file://$parameters" --capabilities CAPABILITY_IAM \
        --tags "Key=chatbot:environment,Value=$ENV" --query '[Id,StackId]' --output text "$@") || refuse_overtaking "making the change set"
    read -r CHANGE_SET STACK_ID <<<"$answer"
    while :; do
        answer=$(read_change_set "$CHANGE_SET" '[Status,StatusReason]')
        state=${answer%%$'\t'*} reason=${answer#*$'\t'}
        case $state in
        CREATE_COMPLETE) return ;;
        FAILED) break ;;
        DELETE_*) overtaken ;;
        esac
        sleep 1
    done
    case $reason in
    *"didn't contain changes"* | *"No updates are to be performed"*)
        drop_change_set
        CHANGE_SET=""
        ;;
    *)
        drop_change_set
        fail "AWS refused the templates or their parameters: $reason"
        ;;
    esac
}

# read_change_set CHANGE_SET QUERY. When one change set is carried out, CloudFormation deletes the others of its stack.
read_change_set() {
    try cloudformation describe-change-set --change-set-name "$1" --query "$2" --output text || refuse_overtaking "reading the change set"
}

# The last call failed: because somebody else deploys, or for another reason.
refuse_overtaking() {
    if failed_with 'InvalidChangeSetStatus|ChangeSetNotFound|AlreadyExists|already exists|_IN_PROGRESS|OBSOLETE'; then overtaken; fi
    explain "$1"
}

# A stack that was begun for change sets alone holds nothing, and goes with the last of them. Another one in it is somebody
# else's, who may carry it out at any moment.
drop_change_set() {
    local attempt others=unknown
    try cloudformation delete-change-set --change-set-name "$CHANGE_SET" || failed_with ChangeSetNotFound || explain "removing the change set"
    read_stack
    # One with nested ones takes a while to go.
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        if [ "$STATUS" != REVIEW_IN_PROGRESS ] || [ "$(stack_value id)" != "$STACK_ID" ]; then return 0; fi
        others=$(try cloudformation list-change-sets --stack-name "$PREFIX" --query 'Summaries[].ChangeSetId' --output text) || {
            if failed_with 'does not exist'; then return 0; fi # the other one's run has removed it
            explain "looking for other change sets"
        }
        case $others in
        "" | None) break ;;
        *"$CHANGE_SET"*) sleep "$attempt" ;;
        *) return 0 ;;
        esac
        read_stack
    done
    case $others in "" | None) must "removing the empty stack" cloudformation delete-stack --stack-name "$STACK_ID" ;; esac
}

# show_changes CHANGE_SET [PATH]: a line for each resource that would change, nested stacks included.
show_changes() {
    local action logical kind replacement nested lines
    lines=$(read_change_set "$1" 'Changes[].ResourceChange.[Action,LogicalResourceId,ResourceType,Replacement,ChangeSetId]')
    while IFS=$'\t' read -r action logical kind replacement nested; do
        case $action in "" | None) continue ;; esac
        if [ "$kind" = AWS::CloudFormation::Stack ] && [ -n "$nested" ] && [ "$nested" != None ]; then
            show_changes "$nested" "${2-}$logical/"
            continue
        fi
        case $replacement in
        True) replacement="  (is replaced)" ;;
        Conditional) replacement="  (may be replaced)" ;;
        *) replacement="" ;;
        esac
        printf '  %-8s %-44s %s%s\n' "$action" "${2-}$logical" "$kind" "$replacement"
    done <<<"$lines"
}

# execute [WHAT]: carries the change set out and follows it; see watch for what is known then.
execute() {
    local since
    step "${1:-deploying the stack $PREFIX}"
    since=$(newest_event "$STACK_ID")
    GOES_ON="What was begun goes on in AWS. "
    try cloudformation execute-change-set --change-set-name "$CHANGE_SET" || refuse_overtaking "$STEP"
    watch "$STACK_ID" "$since"
    # Somebody may have deleted it meanwhile, which ends well for the one who did.
    if [ -z "$STATUS" ]; then SUCCEEDED=false; fi
}
