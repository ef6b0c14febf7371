# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# What has to hold before anything is made: the Region's layer, the account's limits, no names that are taken.

LAYER_ACCOUNT=753240598075

need_layer() {
    local name=LambdaAdapterLayerArm64 arn
    if [ "$(value Architecture)" = x86_64 ]; then name=LambdaAdapterLayerX86; fi
    arn=arn:$PARTITION:lambda:$REGION:$LAYER_ACCOUNT:layer:$name:$(value AdapterLayerVersion)
    step "looking for the Lambda Web Adapter in $REGION"
    try lambda get-layer-version-by-arn --arn "$arn" --query Version --output text >/dev/null ||
        fail "the layer $arn, which lets Lambda stream, cannot be read: $(tail -n 1 "$WORK/error"). Take a Region that has it (--region us-east-1) or another version (--set AdapterLayerVersion=...)."
}

# Capacity is reserved for the chat, so that a flood of requests costs a known sum at most. AWS leaves 100 unreserved.
choose_concurrency() {
    local unreserved
    if [ -n "$(before ReservedConcurrency)" ] || [ "$(value ReservedConcurrency)" != 0 ]; then
        return 0
    fi
    unreserved=$(must "reading the limits of Lambda" lambda get-account-settings \
        --query AccountLimit.UnreservedConcurrentExecutions --output text)
    if [ "$unreserved" -ge 110 ]; then
        set_value ReservedConcurrency 10
    else
        note "Lambda allows this account $unreserved calls at once, too few to reserve 10 for the chat; once the quota is raised: --set ReservedConcurrency=10"
    fi
}

# Where there is no stack, nothing may have its names. LEFT is what has them and may be removed, for nothing is stored in it.
LEFT=""
need_free_names() {
    local bucket
    step "looking for names that are taken"
    bucket=$PREFIX-documents-$ACCOUNT-$REGION
    if ! try s3api head-bucket --bucket "$bucket" >/dev/null; then
        if failed_with '\(403\)|Forbidden'; then bucket_taken "$bucket"; fi
        failed_with '\(404\)|Not Found|NoSuchBucket' || explain "looking for the bucket $bucket"
    fi
    LEFT=$(what_is_left data)
    if [ -z "$LEFT" ] || nothing_is_stored; then return 0; fi
    printf '%s\n' "$LEFT" | sed 's/^/    /' >&2
    fail "these are left from an earlier deployment, and may hold data, but there is no stack $PREFIX. \"scripts/cleanup.sh $ENV --purge\" removes them for good; to keep them, leave them and deploy another environment, or into another Region."
}

# A stack whose creation or deletion failed cannot be updated any more, only removed; its data would be left without a stack.
refuse_to_lose_data() {
    if nothing_is_stored; then return 0; fi
    fail "the stack $PREFIX is $STATUS and cannot be deployed again, only removed; but $PREFIX-conversations, $PREFIX-documents or $PREFIX-documents-$ACCOUNT-$REGION may hold data. Nothing was changed. \"scripts/cleanup.sh $ENV --purge\" removes all of it for good; to keep the data, leave it and deploy another environment: documents can be copied there, conversations cannot, as only this key opens them."
}

# What was free of data before the question may be in use by now: it is looked at again.
clear_names() {
    if [ -z "$LEFT" ]; then return 0; fi
    need_unchanged_stack
    need_free_names
    need_unchanged_stack
    if [ -z "$LEFT" ]; then return 0; fi
    step "removing what an earlier deployment left, with nothing stored in it"
    remove_leftovers 30
}

bucket_taken() {
    fail "the bucket name $1 is taken by another account (or you may not see it). Take another Region with --region, or ask who runs the account for s3:ListBucket on it."
}
