# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the scripts that source it
# The command line of every script: ENV and options, in any order, as "--name value" or "--name=value".

ENV=""
REGION=""
PROFILE=""
ASSUME_YES=false
# A script's own options, for the hint at a wrong one.
OWN_OPTIONS=""

COMMON_OPTIONS_HELP="  --region REGION   the AWS Region; else AWS_REGION, AWS_DEFAULT_REGION or the profile's own
  --profile NAME    the profile of the AWS CLI to use
  --yes             answer yes to every question
  --help            show this and stop"

# start "$@": reads the command line, finds the tools and the Region, makes the temporary folder.
start() {
    parse_options "$@"
    need_environment
    need_tools
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/chatbot.XXXXXX") || fail "no temporary folder can be made in ${TMPDIR:-/tmp}."
    use_profile
    find_region
}

need_environment() {
    [ -n "$ENV" ] || fail "which environment? Name one of: ${ENVIRONMENTS// /, }. Example: scripts/$SCRIPT dev"
    PREFIX=chatbot-$ENV
}

parse_options() {
    local taken
    while [ $# -gt 0 ]; do
        case $1 in
        --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        esac
        taken=1
        case $1 in
        --help | -h) usage && exit 0 ;;
        --yes | -y) ASSUME_YES=true ;;
        --region | --profile)
            need_value "$@"
            taken=2
            if [ "$1" = --region ]; then REGION=$2; else PROFILE=$2; fi
            ;;
        -*)
            TAKEN=0
            own_option "$@"
            taken=$TAKEN
            [ "$taken" -gt 0 ] || unknown_option "$1"
            ;;
        *) take_environment "$1" ;;
        esac
        shift "$taken"
    done
}

# own_option "$@": a script with options of its own replaces this; it sets TAKEN to the words that it took.
own_option() {
    TAKEN=0
}

need_value() {
    if [ $# -lt 2 ] || [ -z "$2" ]; then
        fail "$1 needs a value; scripts/$SCRIPT --help shows how."
    fi
    case $2 in
    --*) fail "$1 needs a value and $2 stands in its place; scripts/$SCRIPT --help shows how." ;;
    esac
}

unknown_option() {
    local close
    # shellcheck disable=SC2086  # words
    close=$(nearest "$1" --region --profile --yes --help $OWN_OPTIONS)
    fail "there is no option $1${close:+; did you mean $close?} scripts/$SCRIPT --help lists them."
}

take_environment() {
    local name close
    for name in $ENVIRONMENTS; do
        if [ "$1" = "$name" ]; then
            [ -z "$ENV" ] || [ "$ENV" = "$1" ] || fail "two environments are named, $ENV and $1; name one."
            ENV=$1
            return
        fi
    done
    # shellcheck disable=SC2086  # words
    close=$(nearest "$1" $ENVIRONMENTS)
    fail "\"$1\" is not an environment; name one of: ${ENVIRONMENTS// /, }.${close:+ Did you mean $close?}"
}

# nearest WORD CANDIDATE...: prints the candidate that looks most like WORD, or nothing.
nearest() {
    "$PYTHON" -c 'import difflib, sys
print(*difflib.get_close_matches(sys.argv[1], sys.argv[2:], n=1, cutoff=0.5))' "$@" 2>/dev/null || true
}
