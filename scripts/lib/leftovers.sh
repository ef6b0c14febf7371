# shellcheck shell=bash
# What is in the account under this environment's names, whether a stack knows of it or not.

# look FILE KIND WORDS...: writes "KIND name" for each name that the call gives. What cannot be asked is said, not passed
# over. Not every Region has S3 Vectors and OpenSearch Serverless: where one of these has no address, it has nothing there.
look() {
    local file=$1 kind=$2 name
    shift 2
    exec 2>/dev/null # it always runs in the background, where an interrupted script may take its folder away
    if ! aws --cli-connect-timeout 10 "$@" --output text >"$file.names" 2>"$file.error"; then
        case "$1: $(cat "$file.error")" in
        s3vectors:*"Could not connect to the endpoint"* | opensearchserverless:*"Could not connect to the endpoint"*) ;;
        *) printf 'unknown: %s could not be listed: %s\n' "$kind" "$(grep -v '^$' "$file.error" | tail -n 1)" >"$file" ;;
        esac
        return 0
    fi
    tr '\t' '\n' <"$file.names" | while read -r name; do
        case $name in "" | None) ;; *) printf '%s %s\n' "$kind" "$name" ;; esac
    done >"$file"
}

# what_is_left data|all: lines "kind name"; "data" is what a deleted stack leaves behind and a new one would clash with.
what_is_left() {
    local folder=$WORK/left
    rm -rf "$folder" && mkdir "$folder"
    look "$folder/01" table dynamodb list-tables --query "TableNames[?starts_with(@, '$PREFIX-')]" &
    look "$folder/02" bucket s3api list-buckets --query "Buckets[?starts_with(Name, '$PREFIX-') && ends_with(Name, '-$REGION')].Name" &
    look "$folder/03" key-alias kms list-aliases --query "Aliases[?AliasName=='alias/$PREFIX'].AliasName" &
    look "$folder/04" log-group logs describe-log-groups --log-group-name-prefix "/aws/lambda/$PREFIX-" --query 'logGroups[].logGroupName' &
    wait
    if [ "$1" = data ]; then
        # The bucket of code is no clash: it is used again.
        cat "$folder"/[0-9][0-9] 2>/dev/null | grep -vE "^(bucket $PREFIX-artifacts-|unknown)" || true
        return 0
    fi
    look_further "$folder"
    cat "$folder"/[0-9][0-9] 2>/dev/null || true
}

look_further() {
    local folder=$1 mine="starts_with(name, '$PREFIX')"
    look "$folder/11" vector-bucket s3vectors list-vector-buckets --prefix "$PREFIX-" --query 'vectorBuckets[].vectorBucketName' &
    look "$folder/12" function lambda list-functions --query "Functions[?starts_with(FunctionName, '$PREFIX-')].FunctionName" &
    look "$folder/13" queue sqs list-queues --queue-name-prefix "$PREFIX-" --query QueueUrls &
    look "$folder/14" rule events list-rules --name-prefix "$PREFIX-" --query 'Rules[].Name' &
    wait
    look "$folder/15" collection opensearchserverless list-collections --query "collectionSummaries[?$mine].name" &
    look "$folder/16" collection-group opensearchserverless list-collection-groups --query "collectionGroupSummaries[?$mine].name" &
    look "$folder/17" encryption-policy opensearchserverless list-security-policies --type encryption --query "securityPolicySummaries[?$mine].name" &
    look "$folder/18" network-policy opensearchserverless list-security-policies --type network --query "securityPolicySummaries[?$mine].name" &
    wait
    look "$folder/19" data-policy opensearchserverless list-access-policies --type data --query "accessPolicySummaries[?$mine].name" &
    look "$folder/20" api apigateway get-rest-apis --query "items[?name=='$PREFIX'].name" &
    look "$folder/21" api-key apigateway get-api-keys --name-query "$PREFIX" --query 'items[].name' &
    look "$folder/22" usage-plan apigateway get-usage-plans --query "items[?name=='$PREFIX'].name" &
    wait
    # Roles, dashboards and budgets are the account's, not a Region's: those of another Region are not this one's to name.
    look "$folder/23" role iam list-roles --query "Roles[?starts_with(RoleName, '$PREFIX-') && ends_with(Description || '', ' in $REGION.')].RoleName" &
    look "$folder/24" alarm cloudwatch describe-alarms --alarm-name-prefix "$PREFIX-" --query 'MetricAlarms[].AlarmName' &
    look "$folder/25" dashboard cloudwatch list-dashboards --dashboard-name-prefix "$PREFIX-" --query "DashboardEntries[?DashboardName=='$PREFIX-$REGION'].DashboardName" &
    look "$folder/26" topic sns list-topics --query "Topics[?contains(TopicArn, ':$PREFIX-')].TopicArn" &
    wait
    look "$folder/27" budget budgets describe-budgets --account-id "$ACCOUNT" --query "Budgets[?starts_with(BudgetName, '$PREFIX-$REGION-')].BudgetName" &
    look "$folder/28" stack cloudformation list-stacks --query "StackSummaries[?StackStatus!='DELETE_COMPLETE' && (StackName=='$PREFIX' || contains(RootId || '', ':stack/$PREFIX/'))].StackName" &
    wait
}
