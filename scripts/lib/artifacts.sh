# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The bucket of code and templates. It is there before the stack and its key, holds nothing private, and is encrypted by S3.

# Sets ARTIFACTS. The tags are put last: a bucket that has them is complete.
need_artifacts_bucket() {
    ARTIFACTS=$PREFIX-artifacts-$ACCOUNT-$REGION
    step "looking for the bucket $ARTIFACTS"
    if try s3api get-bucket-tagging --bucket "$ARTIFACTS" --expected-bucket-owner "$ACCOUNT" >"$WORK/tags"; then
        if grep -q 'chatbot:environment' "$WORK/tags"; then return 0; fi
    elif failed_with 'NoSuchBucket\)'; then
        make_bucket
    elif failed_with 'AccessDenied|\(403\)|Forbidden'; then
        bucket_taken "$ARTIFACTS"
    elif ! failed_with NoSuchTagSet; then
        explain "looking for the bucket $ARTIFACTS"
    fi
    set_up_bucket
}

make_bucket() {
    set -- --bucket "$ARTIFACTS"
    if [ "$REGION" != us-east-1 ]; then
        set -- "$@" --create-bucket-configuration "LocationConstraint=$REGION"
    fi
    if ! try s3api create-bucket "$@" >/dev/null; then
        if failed_with 'BucketAlreadyExists\)'; then bucket_taken "$ARTIFACTS"; fi
        failed_with BucketAlreadyOwnedByYou || explain "making the bucket $ARTIFACTS"
    fi
}

set_up_bucket() {
    must "closing $ARTIFACTS to the public" s3api put-public-access-block --bucket "$ARTIFACTS" \
        --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    must "keeping versions in $ARTIFACTS" s3api put-bucket-versioning --bucket "$ARTIFACTS" --versioning-configuration Status=Enabled
    must "encrypting $ARTIFACTS" s3api put-bucket-encryption --bucket "$ARTIFACTS" --server-side-encryption-configuration \
        '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
    must "allowing TLS only for $ARTIFACTS" s3api put-bucket-policy --bucket "$ARTIFACTS" --policy '{"Version":"2012-10-17",
        "Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},
        "Resource":["arn:'"$PARTITION"':s3:::'"$ARTIFACTS"'","arn:'"$PARTITION"':s3:::'"$ARTIFACTS"'/*"]}]}'
    must "tagging $ARTIFACTS" s3api put-bucket-tagging --bucket "$ARTIFACTS" \
        --tagging "TagSet=[{Key=chatbot:environment,Value=$ENV}]"
}

# read_manifest DIR PYTHON: takes what package-lambdas.sh built there, for the architecture of the values and this version of
# Python, and sets ChatCodeKey and its like; names hold the content's digest. $WORK/zips has copies, whose digests were
# compared: another build may write to DIR meanwhile. Without documents there are no functions for them, and no code.
read_manifest() {
    local parameter key problems
    mkdir -p "$WORK/zips"
    problems=$("$PYTHON" "$ROOT/scripts/parameters.py" code "$1/manifest.json" "$(value Architecture)" "$2" "$WORK/zips" \
        2>&1 >"$WORK/code.all") || fail "$problems"
    if [ "$(value EnableRAG)" = true ]; then
        cp "$WORK/code.all" "$WORK/code"
    else
        grep '^ChatCodeKey' "$WORK/code.all" >"$WORK/code"
        set_value IngestionCodeKey ""
        set_value RetrievalCodeKey ""
    fi
    while IFS=$'\t' read -r parameter key _; do
        set_value "$parameter" "$key"
    done <"$WORK/code"
}

# What read_manifest named, unless just these bytes are there already. S3 refuses others than those of the digest; "s3 cp"
# would send it in parts, and S3 would know only the digests of these.
upload_code() {
    local key file checksum stored
    step "uploading the code"
    while IFS=$'\t' read -r _ key file checksum; do
        if ! stored=$(try s3api head-object --bucket "$ARTIFACTS" --key "$key" --checksum-mode ENABLED \
            --query ChecksumSHA256 --output text); then
            failed_with '\(404\)|NoSuchKey' || explain "looking for $key"
        fi
        if [ "$stored" = "$checksum" ]; then
            note "$key is there already"
        else
            must "uploading $file" s3api put-object --bucket "$ARTIFACTS" --key "$key" --body "$WORK/zips/$file" \
                --checksum-sha256 "$checksum" >/dev/null
            note "$key"
        fi
    done <"$WORK/code"
}

# upload_templates PREFIX: $WORK/main.yaml is the root template, its nested ones named by their places in the bucket. They are
# sent even where something has their names already: it may be something else.
upload_templates() {
    step "uploading the templates"
    must "$STEP" cloudformation package --template-file "$TEMPLATES/main.yaml" --s3-bucket "$ARTIFACTS" --s3-prefix "$1" \
        --force-upload --output-template-file "$WORK/main.yaml" >/dev/null
}
