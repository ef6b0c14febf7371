# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The steps of a deployment after it was agreed to.

DRY_RUN=false
BUILD=$ROOT/build/lambdas

build() {
    local python
    python=$(value PythonRuntime)
    python=${LAMBDA_PYTHON:-${python#python}}
    "$ROOT/scripts/package-lambdas.sh" "$ENV" --output "$BUILD" --architecture "$(value Architecture)" \
        --python-version "$python" || exit 1
    read_manifest "$BUILD" "$python"
    set_value ArtifactsBucket "$PREFIX-artifacts-$ACCOUNT-$REGION"
}

# Until documents are indexed again, every way out of the script says that they are not.
forgo_index() {
    trap 'warn "the index of the documents was deleted for this update. Run the same command again; or, to stay with what was deployed before: scripts/deploy.sh $ENV, which indexes them again."; on_exit' EXIT
    drop_vector_indexes # a bucket that holds any cannot be deleted
}

deploy() {
    local had has
    had=$(before EnableRAG):$(before VectorStore):$(before DataOnly)
    has=$(value EnableRAG):$(value VectorStore):false
    if [ "$had" != true:s3vectors:false ] && [ "$has" = true:s3vectors:false ]; then
        drop_vector_bucket # one that an interrupted run left would be in the way
    elif [ "$had" = true:s3vectors:false ] && [ "$has" != "$had" ]; then
        forgo_index
    fi
    if [ "$(before EnableWeb):$(value EnableWeb)" = true:false ]; then empty_bucket "$PREFIX-web-$ACCOUNT-$REGION"; fi
    execute
    if [ "$SUCCEEDED" = false ]; then
        case $STATUS in
        UPDATE_ROLLBACK_COMPLETE)
            # The index that was deleted for nothing is made again.
            if [ "$had" = true:s3vectors:false ] && [ "$has" != "$had" ]; then queue_documents; fi
            trap on_exit EXIT
            fail "the deployment failed, and what was there before is back. Mend the cause above and run the same command again."
            ;;
        *) fail "the deployment failed (the stack is ${STATUS:-gone}). Mend the cause above and run the same command again: it removes what is half made." ;;
        esac
    fi
    trap on_exit EXIT
    delete_orphans
}

# --dry-run: no change set can be made for a stack in such a state; what a run would do with it is said instead.
say_what_is_mended_first() {
    case $STATUS in
    CREATE_FAILED | ROLLBACK_COMPLETE | ROLLBACK_FAILED | DELETE_FAILED)
        say "the stack $PREFIX is $STATUS: a run would remove it, with nothing stored in it, and deploy all of it anew" ;;
    UPDATE_FAILED | UPDATE_ROLLBACK_FAILED)
        say "the stack $PREFIX is $STATUS: a run would roll the update back that failed, and deploy then" ;;
    *) return 0 ;;
    esac
    say "dry run: nothing was changed"
    exit 0
}

show_what_would_change() {
    make_change_set "$WORK/main.yaml" "$WORK/parameters.json" --include-nested-stacks
    if [ -n "$CHANGE_SET" ]; then
        show_changes "$CHANGE_SET"
        drop_change_set
    fi
    say "dry run: nothing was changed"
}

change() {
    make_change_set "$WORK/main.yaml" "$WORK/parameters.json"
    if [ -n "$CHANGE_SET" ]; then deploy; else say "nothing to change"; fi
}

deploy_or_show() {
    local same
    same=$(write_parameters)
    case $same:$STATUS in
    same:CREATE_COMPLETE | same:UPDATE_COMPLETE | same:UPDATE_ROLLBACK_COMPLETE)
        say "nothing to change: this release is deployed"
        return 0
        ;;
    esac
    need_artifacts_bucket
    if [ "$DRY_RUN" = true ]; then
        upload_templates preview/templates
        show_what_would_change
    else
        upload_code
        upload_templates templates
        change
    fi
}
