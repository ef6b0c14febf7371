# shellcheck shell=bash
# Removing what a deleted stack leaves behind: tables, documents, logs, the key's alias and the key.

# Is nothing stored in the tables and the documents bucket? Only then may they go without being asked about. What cannot be
# looked into (its key is gone) may hold something. As JSON: text would answer for each page by itself.
nothing_is_stored() {
    local table count
    for table in conversations documents; do
        if ! count=$(try dynamodb scan --consistent-read --table-name "$PREFIX-$table" --page-size 1 --max-items 1 \
            --query 'length(Items)' --output json); then
            failed_with ResourceNotFound || { failed_with 'KMS|kms' && is_of_failed_creation "$PREFIX-$table"; } || return 1
            count=0
        fi
        [ "$count" = 0 ] || return 1
    done
    if ! count=$(try s3api list-object-versions --bucket "$PREFIX-documents-$ACCOUNT-$REGION" --max-items 1 --output json \
        --query 'length([Versions, DeleteMarkers][][])'); then
        failed_with 'NoSuchBucket|\(404\)' || return 1
        count=0
    fi
    [ "$count" = 0 ]
}

# A creation that fails takes its key back, but not its protected tables, which cannot be read any more then. It never
# worked, so nothing was stored through it; a table that was there before it is somebody's.
is_of_failed_creation() {
    local made
    case $STATUS in
    CREATE_FAILED | ROLLBACK_COMPLETE | ROLLBACK_FAILED) ;;
    *) return 1 ;;
    esac
    made=$(try dynamodb describe-table --table-name "$1" --query Table.CreationDateTime --output text) || return 1
    is_younger "$made" "$(stack_value made)"
}

# remove_leftovers DAYS: all that has this environment's names and no stack; the key is deleted after DAYS.
remove_leftovers() {
    local table name names
    for table in conversations documents; do
        remove_table "$PREFIX-$table"
    done
    for table in conversations documents; do
        must "waiting until the table $PREFIX-$table is gone" dynamodb wait table-not-exists --table-name "$PREFIX-$table"
    done
    remove_bucket "$PREFIX-documents-$ACCOUNT-$REGION"
    remove_bucket "$PREFIX-web-$ACCOUNT-$REGION"
    drop_vector_bucket
    remove_key "$1"
    names=$(must "listing the log groups" logs describe-log-groups --log-group-name-prefix "/aws/lambda/$PREFIX-" \
        --query 'logGroups[].logGroupName' --output text)
    for name in $names; do
        case $name in None) continue ;; esac
        note "log group $name"
        must "deleting the log group $name" logs delete-log-group --log-group-name "$name"
    done
}

# A table is protected against deletion, and takes a moment to be released.
remove_table() {
    local attempt
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        if ! try dynamodb update-table --table-name "$1" --no-deletion-protection-enabled >/dev/null; then
            if failed_with ResourceNotFound; then return 0; fi
            failed_with 'ResourceInUse|ValidationException' || explain "releasing the table $1"
        fi
        if try dynamodb delete-table --table-name "$1" >/dev/null; then break; fi
        if failed_with ResourceNotFound; then return 0; fi
        if [ "$attempt" = 10 ] || ! failed_with 'ResourceInUse|ValidationException'; then explain "deleting the table $1"; fi
        sleep 3
    done
    note "table $1"
}

remove_bucket() {
    empty_bucket "$1"
    if try s3api delete-bucket --bucket "$1"; then
        note "bucket $1"
    else
        failed_with 'NoSuchBucket|\(404\)' || explain "deleting the bucket $1"
    fi
}

# The alias goes last: it is how a run that follows an interrupted one finds the key again.
remove_key() {
    local key
    if ! key=$(try kms describe-key --key-id "alias/$PREFIX" --query 'KeyMetadata.[KeyId,KeyState]' --output text); then
        failed_with NotFound || explain "looking for the key alias/$PREFIX"
        return 0
    fi
    case $key in
    *PendingDeletion) ;;
    *)
        must "scheduling the deletion of the key" kms schedule-key-deletion --key-id "${key%%[[:space:]]*}" \
            --pending-window-in-days "$1" >/dev/null
        note "key ${key%%[[:space:]]*}: deleted in $1 days (until then: aws kms cancel-key-deletion --region $REGION --key-id ...)"
        ;;
    esac
    must "deleting alias/$PREFIX" kms delete-alias --alias-name "alias/$PREFIX"
}
