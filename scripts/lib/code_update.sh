# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# Replacing the code of what is deployed, and nothing else: package-lambdas.sh --update.

# What is deployed is what is updated: sets ARCHITECTURE and VERSION to its own, where they were not given.
read_deployed() {
    local deployed
    need_account
    read_stack
    wait_until_still
    case $STATUS in
    CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE) ;;
    "") fail "nothing is deployed as $PREFIX in account $ACCOUNT, $REGION; deploy it first: scripts/deploy.sh $ENV" ;;
    *) fail "the stack $PREFIX is $STATUS; scripts/deploy.sh $ENV mends that and deploys this code too." ;;
    esac
    awk -F '\t' '$1 == "parameter" { print $2 "=" $3 }' "$WORK/stack" >"$WORK/values"
    [ "$(value DataOnly)" != true ] || fail "only the data of $PREFIX is left; scripts/deploy.sh $ENV deploys its functions again."
    deployed=$(value Architecture)
    [ "${ARCHITECTURE:=$deployed}" = "$deployed" ] ||
        fail "$PREFIX runs on $deployed, not on $ARCHITECTURE; leave --architecture out, or change that: scripts/deploy.sh $ENV --set Architecture=$ARCHITECTURE"
    VERSION=${VERSION:-$(value PythonRuntime | sed 's/^python//')}
}

# write_update Name=value...: $WORK/parameters.json, with a release of its own, so that a version is published and the alias
# moves to it. Where the templates here are those deployed, it is the release that deploy.sh would make of this.
write_update() {
    local release
    if [ "$TEMPLATES_DEPLOYED" = same ]; then
        write_parameters >/dev/null
        return
    fi
    release=$("$PYTHON" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])' <"$WORK/values")
    "$PYTHON" "$ROOT/scripts/parameters.py" keep "$WORK/stack" "$@" "ReleaseId=$release" >"$WORK/parameters.json"
}

# update_code DIR: puts what package-lambdas.sh built there in place of what is deployed.
update_code() {
    local folder=$1 parameter key changed=""
    set --
    TEMPLATES_DEPLOYED=$(write_parameters)
    read_manifest "$folder" "$VERSION"
    while IFS=$'\t' read -r parameter key _; do
        if [ "$(stack_value parameter "$parameter")" = "$key" ]; then continue; fi
        set -- "$@" "$parameter=$key"
        changed="$changed ${parameter%CodeKey}"
    done <"$WORK/code"
    if [ -z "$changed" ]; then
        say "nothing changed: $PREFIX runs this code"
        return 0
    fi
    need_artifacts_bucket
    upload_code
    write_update "$@"
    make_change_set "" "$WORK/parameters.json"
    execute
    [ "$SUCCEEDED" = true ] || fail "the update failed and AWS has put back what was there before ($STATUS). Mend the cause above and run this again."
    say "updated:$changed"
}
