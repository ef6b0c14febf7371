# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# Which models the functions may call: each id is looked up in Bedrock, so that the roles are granted exact ARNs.

PROFILE_ARNS="" PROFILE_MODEL_ARNS="" DIRECT_ARNS=""

need_models() {
    local id
    step "looking for the models in $REGION"
    for id in $(value ChatModelId) $(value FallbackModelIds | tr ',' ' '); do
        need_model "$id"
    done
    if [ "$(value EnableRAG)" = true ]; then
        # Its own parameter grants it; here it only has to be there.
        direct_model "$(value EmbeddingModelId)" >/dev/null
        note "$(value EmbeddingModelId)"
    fi
    set_value InferenceProfileArns "$(unique "$PROFILE_ARNS")"
    set_value ProfileModelArns "$(unique "$PROFILE_MODEL_ARNS")"
    set_value DirectModelArns "$(unique "$DIRECT_ARNS")"
}

need_model() {
    local arn models
    if is_profile "$1"; then
        models=$(profile_model "$1")
        PROFILE_ARNS="$PROFILE_ARNS ${models%%[[:space:]]*}"
        PROFILE_MODEL_ARNS="$PROFILE_MODEL_ARNS ${models#*[[:space:]]}"
        arn=${models##*[[:space:]]}
    else
        arn=$(direct_model "$1")
        DIRECT_ARNS="$DIRECT_ARNS $arn"
    fi
    case $arn in
    *:foundation-model/*) need_access "$1" "${arn##*/}" ;;
    esac
    note "$1"
}

# Inference profiles begin with where they send requests; ids of models begin with who made them.
is_profile() {
    [[ $1 =~ ^(global|apac|us-gov|[a-z]{2})\. || $1 == arn:*inference-profile/* ]]
}

# Prints the ARN of the profile and those of its models. IAM wants a global profile's model with this Region and with none.
profile_model() {
    local found model
    if ! found=$(try bedrock get-inference-profile --inference-profile-identifier "$1" \
        --query '[inferenceProfileArn, models[].modelArn][]' --output text); then
        failed_with 'ResourceNotFound|ValidationException' || explain "looking for the model $1"
        not_there "$1" "inference profile" bedrock list-inference-profiles --query 'inferenceProfileSummaries[].inferenceProfileId'
    fi
    read -r -a found <<<"$(printf '%s' "$found" | tr '\t\n' '  ')"
    model=${found[${#found[@]}-1]##*/}
    case $1 in
    global.*) found+=("arn:$PARTITION:bedrock:::foundation-model/$model" "arn:$PARTITION:bedrock:$REGION::foundation-model/$model") ;;
    esac
    printf '%s\n' "${found[*]}"
}

direct_model() {
    local found
    case $1 in
    arn:*) printf '%s\n' "$1" && return ;;
    esac
    # shellcheck disable=SC2016  # JMESPath's own quotes
    if ! found=$(try bedrock get-foundation-model --model-identifier "$1" --output text \
        --query 'modelDetails.[modelArn, join(`","`, inferenceTypesSupported)]'); then
        failed_with 'ResourceNotFound|ValidationException' || explain "looking for the model $1"
        not_there "$1" model bedrock list-foundation-models --query 'modelSummaries[].modelId'
    fi
    case ${found#*$'\t'} in
    *ON_DEMAND* | None) printf '%s\n' "${found%%$'\t'*}" ;;
    *) fail "the model $1 cannot be called directly in $REGION, only through an inference profile; set ChatModelId to global.$1 (aws bedrock list-inference-profiles lists them)." ;;
    esac
}

# not_there ID KIND WORDS...: ends with the ids that look alike.
not_there() {
    local id=$1 kind=$2 known close
    shift 2
    known=$(try "$@" --output text) || known=""
    # shellcheck disable=SC2086  # a list of ids
    close=$(nearest "$id" $known)
    fail "there is no $kind \"$id\" in $REGION.${close:+ Did you mean $close?} Take another id with --set ChatModelId=..., or another Region with --region; \"aws $1 $2 --region $REGION\" lists what there is."
}

unique() {
    # shellcheck disable=SC2086  # words
    printf '%s\n' $1 | awk 'NF && !seen[$0]++' | paste -s -d , -
}
