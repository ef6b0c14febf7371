# shellcheck shell=bash
# What the stack cannot delete while something is in it. All of it is made from elsewhere: chunks from documents, the web
# pages from web/dist.

# Deletes the indexes of the vector bucket; the documents stay, and are indexed anew when documents are switched on again.
drop_vector_indexes() {
    local bucket=$PREFIX-vectors-$ACCOUNT-$REGION names name
    if ! names=$(try s3vectors list-indexes --vector-bucket-name "$bucket" --query 'indexes[].indexName' --output text); then
        if failed_with 'NotFound|does not exist' || [ "$(stack_value parameter VectorStore)" != s3vectors ]; then
            return 0 # not every Region has S3 Vectors to ask
        fi
        explain "listing the indexes of $bucket"
    fi
    for name in $names; do
        case $name in None) continue ;; esac
        note "deleting the vector index $name"
        must "deleting the vector index $name" s3vectors delete-index --vector-bucket-name "$bucket" --index-name "$name"
    done
}

# Removes the vector bucket that a stack which no longer wants it left behind.
drop_vector_bucket() {
    local bucket=$PREFIX-vectors-$ACCOUNT-$REGION
    if try s3vectors get-vector-bucket --vector-bucket-name "$bucket" >/dev/null; then
        drop_vector_indexes
        must "deleting the vector bucket $bucket" s3vectors delete-vector-bucket --vector-bucket-name "$bucket"
        note "vector bucket $bucket"
    else
        # Not every Region has S3 Vectors to ask.
        failed_with 'NotFound|does not exist|Could not connect' || explain "looking for the vector bucket $bucket"
    fi
}

empty_disposable_buckets() {
    drop_vector_indexes
    empty_bucket "$PREFIX-web-$ACCOUNT-$REGION"
}

# empty_bucket NAME: every version and delete marker, page by page: one page is what one request may delete (a thousand of
# both together; --max-items would count the versions alone). A bucket that is not there is empty.
empty_bucket() {
    local removed=0 count errors
    while :; do
        # shellcheck disable=SC2016  # JMESPath's own quotes
        if ! try s3api list-object-versions --bucket "$1" --no-paginate --output json \
            --query '{Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}, Quiet: `true`}' >"$WORK/batch.json"; then
            failed_with 'NoSuchBucket|\(404\)|NotFound' || explain "listing the versions in $1"
            return 0
        fi
        count=$(grep -c '"Key":' "$WORK/batch.json" || true)
        [ "$count" -gt 0 ] || break
        errors=$(must "emptying $1" s3api delete-objects --bucket "$1" --delete "file://$WORK/batch.json" \
            --query 'Errors[0].Message' --output text)
        case $errors in
        "" | None) ;;
        *) fail "objects in $1 cannot be deleted: $errors" ;;
        esac
        removed=$((removed + count))
        note "$1: $removed versions and delete markers deleted"
    done
}
