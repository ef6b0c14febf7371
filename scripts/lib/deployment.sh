# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The steps of a deployment after it was agreed to.

DRY_RUN=false
BUILD=$ROOT/build/lambdas

build() {
    local python
    python=$(value PythonRuntime)
    step "building the code"
    "$ROOT/scripts/package-lambdas.sh" "$ENV" --output "$BUILD" --architecture "$(value Architecture)" \
        --python-version "${CHATBOT_LAMBDA_PYTHON:-${python#python}}" || exit 1
    read_manifest "$BUILD"
    set_value ArtifactsBucket "$PREFIX-artifacts-$ACCOUNT-$REGION"
}

# Vectors have to be out of the way before a bucket for them is deleted. Returns whether there was one to delete.
leaves_s3_vectors() {
    [ "$(before EnableRAG):$(before VectorStore):$(before DataOnly)" = true:s3vectors:false ] &&
        [ "$(value EnableRAG):$(value VectorStore)" != true:s3vectors ]
}

deploy() {
    local leaving=false
    if leaves_s3_vectors; then
        leaving=true
        drop_vector_indexes
    fi
    if [ "$(before EnableWeb):$(value EnableWeb)" = true:false ]; then empty_bucket "$PREFIX-web-$ACCOUNT-$REGION"; fi
    execute
    [ "$SUCCEEDED" = true ] || fail "the deployment failed and AWS has put back what was there before ($STATUS). Mend the cause above and run the same command again."
    if [ "$leaving" = true ]; then drop_vector_bucket; fi
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
