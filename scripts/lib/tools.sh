# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used by other parts
# The tools on this machine that everything stands on: the AWS CLI, Python, curl.

need_tools() {
    STEP="looking for the tools"
    find_python
    command -v curl >/dev/null || fail "curl was not found; install it (https://curl.se) and run this again."
    command -v aws >/dev/null ||
        fail "the AWS CLI (aws) was not found; install version 2 (https://aws.amazon.com/cli/) and run this again."
}

find_python() {
    local candidate
    if [ -n "$GIVEN_PYTHON" ]; then
        is_new_enough "$GIVEN_PYTHON" || fail "PYTHON names $GIVEN_PYTHON, which is no Python 3.11 or newer; name another, or leave PYTHON out."
        PYTHON=$GIVEN_PYTHON
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            PYTHON=$candidate
            return
        fi
    done
    fail "Python 3.11 or newer was not found (tried: python3, python3.14 ... python3.11); install it, or name it: PYTHON=/path/to/python3 scripts/$SCRIPT ..."
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The commands for S3 Vectors and for response streaming came with these versions.
need_cli_version() {
    local said version major minor
    said=$(aws --version 2>&1) || fail "aws --version does not work: $said. Install the AWS CLI anew (https://aws.amazon.com/cli/)."
    version=${said#aws-cli/}
    version=${version%% *}
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    case $major:$minor in
    *[!0-9:]* | : | :* | *:) fail "aws --version says \"$said\"; expected \"aws-cli/2...\". Is another program called aws first on the PATH?" ;;
    esac
    if [ "$major" -lt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -lt 44 ]; } || { [ "$major" -eq 2 ] && [ "$minor" -lt 32 ]; }; then
        fail "the AWS CLI is version $version; 2.32 or newer is needed (or 1.44 of the first generation). Update it: https://aws.amazon.com/cli/"
    fi
}
