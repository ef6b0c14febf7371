# shellcheck shell=bash
# Figures of status.sh: queues, alarms, the bill.

show_queue() {
    local waiting work
    if [ "$(stack_value parameter EnableRAG):$(stack_value parameter DataOnly)" != true:false ]; then return 0; fi
    step "documents"
    work=$(queue_depth "$(stack_value output IngestionQueueUrl)")
    waiting=$(queue_depth "$(stack_value output DeadLetterQueueUrl)")
    note "$work waiting to be indexed, $waiting given up on (dead letters)"
    if [ "$waiting" != 0 ]; then
        note "to try those again: aws sqs start-message-move-task --region $REGION --source-arn arn:$PARTITION:sqs:$REGION:$ACCOUNT:$PREFIX-ingestion-dlq"
    fi
}

queue_depth() {
    must "reading the queue" sqs get-queue-attributes --queue-url "$1" --attribute-names ApproximateNumberOfMessages \
        --query Attributes.ApproximateNumberOfMessages --output text
}

show_alarms() {
    local firing
    step "alarms"
    firing=$(must "reading the alarms" cloudwatch describe-alarms --alarm-name-prefix "$PREFIX-" --state-value ALARM \
        --query 'MetricAlarms[].[AlarmName, StateReason]' --output text)
    case $firing in
    "" | None) note "none is raised" ;;
    *) printf '%s\n' "$firing" | sed 's/^/  RAISED  /' ;;
    esac
}

show_cost() {
    local cost
    step "cost"
    if [ "$ASK_COST" = false ]; then
        note "scripts/status.sh $ENV --cost asks for the bill of this month so far (AWS takes \$0.01 for the answer)"
        return 0
    fi
    # Days of the bill end at midnight UTC; the end is not included.
    cost=$(must "asking for the cost" ce get-cost-and-usage --region us-east-1 --granularity MONTHLY --metrics UnblendedCost \
        --time-period "$("$PYTHON" -c 'import datetime as d; t = d.datetime.now(d.timezone.utc).date()
print(f"Start={t.replace(day=1)},End={t + d.timedelta(days=1)}")')" \
        --filter "{\"Tags\": {\"Key\": \"chatbot:environment\", \"Values\": [\"$ENV\"]}}" \
        --query 'ResultsByTime[0].Total.UnblendedCost.[Amount, Unit]' --output text)
    note "this month so far: ${cost/$'\t'/ }. Zero all along? Activate the cost allocation tag chatbot:environment in the Billing console once; calls of models carry no tag and come on top."
}
