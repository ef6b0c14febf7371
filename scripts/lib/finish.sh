# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# After a deployment: documents indexed, the web pages in place, the command line able to reach the API.

# Documents that wait in the bucket are queued; those that are indexed as they should be stay as they are.
queue_documents() {
    local function
    function=$(stack_value output IngestionFunction)
    case $function in "" | None) return 0 ;; esac
    step "queueing the documents that are not indexed"
    # A file is taken as it is by both generations of the CLI; text is not.
    printf '{"reindex": "all"}' >"$WORK/reindex.json"
    must "$STEP" lambda invoke --function-name "$function" --invocation-type Event --payload "fileb://$WORK/reindex.json" \
        --query StatusCode --output text "$WORK/answer" >/dev/null
}

upload_web() {
    local bucket folder=$ROOT/web/dist
    bucket=$(stack_value output WebBucket)
    case $bucket in "" | None) return 0 ;; esac
    [ -f "$folder/index.html" ] || { note "web/dist is not built, so the pages in $bucket stay as they are; build it with 'make web' and run the same command again" && return 0; }
    step "uploading the web pages"
    # Paths of assets change with their content. The page that names them goes last. What the CLI knows of scripts, styles,
    # manifests and WebAssembly by their endings is what browsers insist on; of fonts they do not ask.
    if [ -d "$folder/assets" ]; then
        must "$STEP" s3 sync --only-show-errors --cache-control 'public,max-age=31536000,immutable' "$folder/assets" "s3://$bucket/assets"
    fi
    must "$STEP" s3 sync --only-show-errors --cache-control no-cache --exclude 'assets/*' --exclude index.html --exclude '.*' "$folder" "s3://$bucket"
    must "$STEP" s3 cp --only-show-errors --cache-control no-cache "$folder/index.html" "s3://$bucket/index.html"
}

# The key is never an argument of a process, which others on this machine can see; nor in the line for curl below.
configure_command_line() {
    local key
    step "configuring the command line"
    key=$(must "reading the API key" apigateway get-api-key --api-key "$(stack_value output ApiKeyId)" --include-value \
        --query value --output text)
    KEY_FILE=$(printf '%s\n' "$key" | "$PYTHON" "$ROOT/scripts/cli_config.py" set "$ENV" "$(stack_value output ApiUrl)") ||
        fail "the deployment is complete; only the configuration of the command line was not written (see above). Run the same command again."
}

show_result() {
    local url key
    url=$(stack_value output ApiUrl) key=$(stack_value output ApiKeyId)
    printf '\n%s%s is deployed.%s  Software %s, release %s\n' "$BOLD" "$PREFIX" "$PLAIN" "$(stack_value output Version)" "$(stack_value output ReleaseId)"
    note "URL        $url"
    note "API key    in $KEY_FILE (mode 0600), and in API Gateway as $key"
    show_optional "documents  aws s3 cp FILE s3://" DocumentsBucket /
    show_optional "dashboard  " DashboardUrl
    show_optional "web        " WebUrl
    cat <<EOF

Talk to it:
  chatbot --env $ENV ask "Hello, who are you?"
  curl -sS "$url/chat" -H 'content-type: application/json' -d '{"message": "Hello, who are you?"}' \\
    -H @- <<<"x-api-key: \$(aws apigateway get-api-key --api-key $key --include-value --query value --output text --region $REGION${PROFILE:+ --profile $PROFILE})"
Next: scripts/test.sh $ENV  scripts/status.sh $ENV  scripts/enable-rag.sh $ENV  scripts/cleanup.sh $ENV
EOF
}

show_optional() {
    local found
    found=$(stack_value output "$2")
    if [ "$2" = DocumentsBucket ] && [ "$(stack_value parameter EnableRAG)" != true ]; then return 0; fi
    case $found in
    "" | None) ;;
    *) note "$1$found${3-}" ;;
    esac
}
