# shellcheck shell=bash
# The parameters of main.yaml in $WORK/values, a line "Name=value" each.

TEMPLATES=$ROOT/infra/cloudformation

# check_parameters [Name=Value...]: from the command line, else the stack that works, else the template's defaults.
check_parameters() {
    local known=$WORK/stack problems
    case $STATUS in
    # What a creation that failed was given is no choice to hold on to.
    CREATE_FAILED | ROLLBACK_* | DELETE_FAILED | REVIEW_IN_PROGRESS) known=/dev/null ;;
    esac
    problems=$("$PYTHON" "$ROOT/scripts/parameters.py" check "$TEMPLATES/main.yaml" "$known" "$@" 2>&1 >"$WORK/values") ||
        fail "$problems"
}

# The shell reads the lines itself: this is asked dozens of times, and starting a program takes longer.
value() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in "$1="*) printf '%s\n' "${line#*=}" ;; esac
    done <"$WORK/values"
}

# set_value NAME VALUE: for what the scripts compute.
set_value() {
    local line others=""
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in "$1="*) ;; *) others=$others$line$'\n' ;; esac
    done <"$WORK/values"
    printf '%s%s=%s\n' "$others" "$1" "$2" >"$WORK/values"
}

# write_parameters: $WORK/parameters.json; prints "same" where the stack has all of it already.
write_parameters() {
    "$PYTHON" "$ROOT/scripts/parameters.py" write "$TEMPLATES/main.yaml" "$WORK/stack" "$WORK/values" "$WORK/parameters.json"
}

# What the stack was told before, where it serves: empty otherwise.
before() {
    case $STATUS in
    CREATE_COMPLETE | UPDATE_* | IMPORT_*) stack_value parameter "$1" ;;
    esac
}
