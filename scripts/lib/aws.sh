# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# Calls of the AWS CLI, and its errors in plain words.

export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-4}"

# try WORDS...: one call. Its error text goes to $WORK/error; the status is the CLI's.
try() {
    aws --cli-connect-timeout 10 --cli-read-timeout 120 "$@" 2>"$WORK/error"
}

# must WHAT WORDS...: one call that has to succeed; WHAT says what is being done ("reading the stack").
must() {
    local what=$1
    shift
    try "$@" || explain "$what"
}

# failed_with PATTERN: does the error text of the last call match the extended regular expression?
failed_with() {
    [[ $(<"$WORK/error") =~ $1 ]]
}

use_profile() {
    if [ -n "$PROFILE" ]; then
        # Keys and roles in the environment would win over the profile that was asked for.
        unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN
        unset AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE
        export AWS_PROFILE=$PROFILE
    fi
}

find_region() {
    REGION=${REGION:-${AWS_REGION:-${AWS_DEFAULT_REGION:-}}}
    if [ -z "$REGION" ]; then
        REGION=$(try configure get region) || ! failed_with 'profile' || explain "reading the Region of the profile"
    fi
    [ -n "$REGION" ] || fail "no AWS Region is set; add --region us-east-1 (or another), or run: aws configure set region us-east-1"
    [[ $REGION =~ ^[a-z]{2}(-[a-z]+)+-[0-9]+$ ]] || fail "\"$REGION\" is not the name of an AWS Region; expected one like us-east-1 or eu-central-1."
    export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION
}

# Sets ACCOUNT, PARTITION and CALLER, or says what is wrong with the credentials or the Region.
need_account() {
    local answer arn
    STEP="asking AWS who you are"
    answer=$(try sts get-caller-identity --query '[Account,Arn]' --output text) || { check_region && explain "$STEP"; }
    read -r ACCOUNT arn <<<"$answer"
    # shellcheck disable=SC2034
    CALLER=$arn PARTITION=${arn#arn:} PARTITION=${PARTITION%%:*}
    [[ $ACCOUNT =~ ^[0-9]{12}$ ]] || fail "AWS answered \"$answer\" when asked for the account; expected twelve digits and an ARN."
}

# A Region that is not enabled refuses valid credentials, one that does not exist has no address: ask us-east-1 instead.
check_region() {
    if failed_with 'InvalidClientTokenId|UnrecognizedClientException|Could not connect|endpoint' && [ "$REGION" != us-east-1 ] &&
        aws sts get-caller-identity --region us-east-1 >/dev/null 2>&1; then
        fail "the Region $REGION does not exist or is not enabled in this account. Enable it (aws account enable-region --region-name $REGION) or name another with --region."
    fi
}

# explain WHAT: ends the script with the reason of the last call's failure and the remedy.
explain() {
    local what=$1 text said operation
    text=$(sed -e '/^[[:space:]]*$/d' -e 's/^aws: \[ERROR\]: //' "$WORK/error" 2>/dev/null || true)
    operation=$(printf '%s\n' "$text" | sed -n 's/.*when calling the \([A-Za-z0-9]*\) operation.*/\1/p' | head -n 1)
    said=$(printf '%s\n' "$text" | sed -e 's/.*An error occurred ([^)]*) when calling the [A-Za-z0-9]* operation[^:]*: //' | head -n 3)
    case $text in
    *"Unable to locate credentials"* | *NoCredentials*)
        fail "no AWS credentials were found. Run \"aws configure\" (or \"aws sso login\"), or name a profile with --profile." ;;
    *"config profile"*"could not be found"*)
        fail "there is no profile \"${AWS_PROFILE:-}\" in the configuration of the AWS CLI. \"aws configure list-profiles\" lists those there are." ;;
    *ExpiredToken* | *RequestExpired* | *"has expired"* | *"SSO Token"* | *"SSO session"*)
        fail "your AWS credentials have expired ($what). Renew them (aws sso login${PROFILE:+ --profile $PROFILE}, or new keys), then run the same command again." ;;
    *InvalidClientTokenId* | *UnrecognizedClientException* | *SignatureDoesNotMatch* | *InvalidAccessKeyId* | *AuthFailure*)
        fail "AWS does not know these credentials ($what): $said. Check them with \"aws sts get-caller-identity\", or name a profile with --profile." ;;
    *AccessDenied* | *UnauthorizedOperation* | *"not authorized"* | *"(403)"*)
        fail "you may not call ${operation:-this} ($what): $said. Ask who runs the account for that permission, or use another profile with --profile." ;;
    *Throttl* | *TooManyRequests* | *"Rate exceeded"* | *SlowDown*)
        fail "AWS asked to slow down and went on doing so ($what). Wait a minute, then run the same command again." ;;
    *OperationAborted*)
        fail "another run is at the same thing in AWS, or has only just removed it ($what). Wait a minute, then run the same command again." ;;
    *"Could not connect"* | *"Connect timeout"* | *"Read timeout"* | *"Connection was closed"* | *"SSL validation failed"* | *"connect to proxy"*)
        fail "AWS could not be reached ($what): $said. Check the network and that the Region $REGION is right, then run the same command again: it goes on where it stopped." ;;
    *) fail "$what failed: ${said:-the AWS CLI gave no reason}" ;;
    esac
}
