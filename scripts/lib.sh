# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by the scripts that source it
# What the scripts share. A script sources this, defines usage(), and calls: start "$@". It then has ENV (dev, staging or
# prod), PREFIX (chatbot-<env>, also the stack's name), REGION, ROOT (the checkout), WORK (a folder that is removed at the
# end), PYTHON. need_account adds ACCOUNT. A function of lib/ that fails ends the script with a sentence; none of them is
# called in a condition (if f, f || ...), where the shell would go on after a failure in the middle of it.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPT=${0##*/}
ENVIRONMENTS="dev staging prod"
STEP="starting"
GOES_ON=""
WORK=""
ASSUME_YES=false
GIVEN_PYTHON=${PYTHON:-}
PYTHON=python3
RED="" BOLD="" PLAIN=""
if [ -t 1 ] && [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    RED=$'\033[31m' BOLD=$'\033[1m' PLAIN=$'\033[0m'
fi

say() {
    printf '%s\n' "$*"
}

# A part of the work begins; what an interruption or a lost connection is told to have hit.
step() {
    STEP=$*
    printf '%s%s%s\n' "$BOLD" "$*" "$PLAIN"
}

note() {
    printf '  %s\n' "$*"
}

warn() {
    printf '%s: %s\n' "$SCRIPT" "$*" >&2
}

fail() {
    printf '%s%s:%s %s\n' "$RED" "$SCRIPT" "$PLAIN" "$*" >&2
    exit 1
}

# confirm QUESTION: returns after "y". Without a terminal nobody can answer, and only --yes goes on.
confirm() {
    local answer=""
    if [ "$ASSUME_YES" = true ]; then
        return 0
    fi
    [ -t 0 ] || fail "there is no terminal to ask \"$1\"; nothing was changed. Add --yes to go on without the question."
    read -r -p "$1 [y/N] " answer || true
    case $answer in
    y | Y | yes | Yes | YES) ;;
    *) fail "stopped; nothing was changed." ;;
    esac
}

# confirm_typed WORD WHAT: returns after WORD was typed; for what cannot be undone.
confirm_typed() {
    local answer=""
    if [ "$ASSUME_YES" = true ]; then
        return 0
    fi
    [ -t 0 ] || fail "there is no terminal to confirm that $2; nothing was changed. Add --yes to go on without the question."
    read -r -p "Type $1 to confirm that $2: " answer || true
    [ "$answer" = "$1" ] || fail "stopped: \"$answer\" is not \"$1\"; nothing was changed."
}

on_exit() {
    if [ -n "$WORK" ]; then
        rm -rf "$WORK"
    fi
}

on_signal() {
    trap '' INT TERM HUP
    printf '\n%s: interrupted while %s. %sRun the same command again to go on.\n' "$SCRIPT" "$STEP" "$GOES_ON" >&2
    exit 130
}

trap on_exit EXIT
trap on_signal INT TERM HUP

# need PART...: reads parts of lib/.
need() {
    local part
    for part in "$@"; do
        # shellcheck source=/dev/null  # each is checked by itself
        . "$ROOT/scripts/lib/$part.sh"
    done
}

need options tools aws
