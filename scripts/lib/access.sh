# shellcheck shell=bash
# Whether the account has been given a model, and what to do where it has not.

# Set by --skip-access-check.
SKIP_ACCESS_CHECK=false

# need_access ID MODEL: ID is what is called, MODEL the foundation model behind it. Asking costs nothing.
need_access() {
    local answer agreement authorized entitled first=""
    if [ "$SKIP_ACCESS_CHECK" = true ]; then
        return 0
    fi
    if ! answer=$(try bedrock get-foundation-model-availability --model-id "$2" --output text \
        --query '[agreementAvailability.status, authorizationStatus, entitlementAvailability]'); then
        failed_with AccessDenied || explain "asking whether the account may use $1"
        note "you may not ask whether the account may use $1 (bedrock:GetFoundationModelAvailability); going on without"
        return 0
    fi
    read -r agreement authorized entitled <<<"$answer"
    case $agreement:$authorized:$entitled:$2 in
    AVAILABLE:AUTHORIZED:AVAILABLE:* | *:AUTHORIZED:AVAILABLE:amazon.*) return 0 ;;
    PENDING:*) fail "the account's subscription to $1 is being made, which takes up to 15 minutes; run the same command again then." ;;
    esac
    case $2 in
    anthropic.*) first="Once for an account, Anthropic wants to know the use case: open \"Model catalog\" in the console of Amazon Bedrock, choose the model and submit the use case details (or: aws bedrock put-use-case-for-model-access --region us-east-1). " ;;
    esac
    fail "the account has no access to $1 yet (agreement $agreement, $authorized, entitlement $entitled). ${first}Then call it once, which subscribes to it (needs aws-marketplace:Subscribe, costs less than \$0.0001): aws bedrock-runtime converse --region $REGION --model-id $1 --inference-config maxTokens=1 --messages '[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]' -- wait two minutes, and run this again (--skip-access-check goes on without asking)."
}
