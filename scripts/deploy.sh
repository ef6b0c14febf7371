#!/usr/bin/env bash
# Deploys the chatbot into your AWS account, or updates what is deployed. Running it again is always safe.
# shellcheck disable=SC2034  # the parts of lib/ use what is set here
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need stack repair changes parameters models access preflight artifacts vectors leftovers purge deployment finish

OWN_OPTIONS="--set --dry-run --skip-access-check"
SETTINGS=()

usage() {
    cat <<EOF
usage: scripts/deploy.sh ENV [options]
Deploys the environment ENV (dev, staging or prod), or updates it: looks whether it can work, says what it costs a month and
asks, builds and uploads, shows what happens to each resource, and prints the URL. What is not set stays as it is deployed.

  --set Name=Value  a parameter of infra/cloudformation/main.yaml (DEPLOYMENT.md lists them); can be given several times
  --dry-run         show what would change and change nothing (the templates are uploaded to the bucket for them)
  --skip-access-check   do not ask Bedrock whether the account may use the models
$COMMON_OPTIONS_HELP

examples: scripts/deploy.sh dev --region us-east-1
          scripts/deploy.sh prod --set EnableRAG=true --set AlarmEmail=me@example.com
EOF
}

own_option() {
    case $1 in
    --set) need_value "$@" && SETTINGS+=("$2") && TAKEN=2 ;;
    --dry-run) DRY_RUN=true TAKEN=1 ;;
    --skip-access-check) SKIP_ACCESS_CHECK=true TAKEN=1 ;;
    esac
}

# Everything that can be known before something is made.
preflight() {
    need_cli_version
    need_account
    step "account $ACCOUNT, $REGION, as $CALLER"
    read_stack
    wait_until_still
    check_parameters ${SETTINGS[@]+"${SETTINGS[@]}"} ${LAMBDA_ARCHITECTURE:+"Architecture=$LAMBDA_ARCHITECTURE"}
    set_value Environment "$ENV"
    set_value DataOnly false
    need_models
    need_layer
    choose_concurrency
    case $STATUS in
    "" | REVIEW_IN_PROGRESS) need_free_names ;;
    CREATE_FAILED | ROLLBACK_COMPLETE | ROLLBACK_FAILED | DELETE_FAILED) refuse_to_lose_data ;;
    esac
}

main() {
    start "$@"
    preflight
    step "what it costs"
    "$PYTHON" "$ROOT/scripts/costs.py" --summary --parameters "$WORK/values" --region "$REGION" || exit 1
    if [ "$DRY_RUN" = true ]; then
        say_what_is_mended_first
    else
        confirm "Deploy $PREFIX into account $ACCOUNT, $REGION?"
    fi
    build
    # The question and the build may have taken hours.
    need_unchanged_stack
    if [ "$DRY_RUN" = false ]; then
        settle
        clear_names
    fi
    deploy_or_show
    if [ "$DRY_RUN" = true ]; then return 0; fi
    # One that an interrupted run left, or that got an index while the functions went.
    if ! is_on_s3vectors; then drop_vector_bucket; fi
    queue_documents
    upload_web
    configure_command_line
    show_result
}

main "$@"
