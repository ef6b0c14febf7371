# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The steps of a deployment after it was agreed to.

DRY_RUN=false
BUILD=$ROOT/build/lambdas

build() {
    local python
    python=$(value PythonRuntime)
    "$ROOT/scripts/package-lambdas.sh" "$ENV" --output "$BUILD" --architecture "$(value Architecture)" \
        --python-version "${LAMBDA_PYTHON:-${python#python}}" || exit 1
    read_manifest "$BUILD"
    set_value ArtifactsBucket "$PREFIX-artifacts-$ACCOUNT-$REGION"
}

deploy() {
    local had has
    had=$(before EnableRAG):$(before VectorStore):$(before DataOnly)
    has=$(value EnableRAG):$(value VectorStore):false
    if [ "$had" != true:s3vectors:false ] && [ "$has" = true:s3vectors:false ]; then
        drop_vector_bucket # one that an interrupted run left would be in the way
    elif [ "$had" = true:s3vectors:false ] && [ "$has" != "$had" ]; then
        drop_vector_indexes # a bucket that holds any cannot be deleted
    fi
    if [ "$(before EnableWeb):$(value EnableWeb)" = true:false ]; then empty_bucket "$PREFIX-web-$ACCOUNT-$REGION"; fi
    execute
    if [ "$SUCCEEDED" = false ]; then
        case $STATUS in
        UPDATE_ROLLBACK_COMPLETE)
            # The index that was deleted for nothing is made again.
            if [ "$had" = true:s3vectors:false ] && [ "$has" != "$had" ]; then queue_documents; fi
            fail "the deployment failed, and what was there before is back. Mend the cause above and run the same command again."
            ;;
        *) fail "the deployment failed (the stack is ${STATUS:-gone}). Mend the cause above and run the same command again: it removes what is half made." ;;
        esac
    fi
    delete_orphans
    # An index that was made while the functions went keeps its bucket.
    if [ "$had" = true:s3vectors:false ] && [ "$has" != "$had" ]; then drop_vector_bucket; fi
}

change() {
    if [ "$DRY_RUN" = true ]; then
        make_change_set "$WORK/main.yaml" "$WORK/parameters.json" --include-nested-stacks
        if [ -n "$CHANGE_SET" ]; then
            show_changes "$CHANGE_SET"
            drop_change_set
        fi
        say "dry run: nothing was changed"
        return 0
    fi
    make_change_set "$WORK/main.yaml" "$WORK/parameters.json"
    if [ -n "$CHANGE_SET" ]; then deploy; else say "nothing to change"; fi
}
