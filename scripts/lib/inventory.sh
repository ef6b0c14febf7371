# shellcheck shell=bash
# What cleanup.sh leaves, and what it would take.

# What stays on purpose with --keep-data, as lines of the inventory.
kept() {
    printf '^(stack %s(-(SecurityStack|StorageStack)-.*)?|table %s-(conversations|documents)|bucket %s-(documents|artifacts)-.*|key-alias .*)$' \
        "$PREFIX" "$PREFIX" "$PREFIX"
}

take_inventory() {
    local left
    step "looking for what is left"
    left=$(what_is_left all)
    if [ "$MODE" = keep-data ]; then
        printf '%s\n' "$left" | { grep -E "$(kept)" || true; } | sed 's/^/  kept: /'
        left=$(printf '%s\n' "$left" | grep -vE "$(kept)" || true)
    fi
    if [ -n "$left" ]; then
        printf '%s\n' "$left" | sed -e 's/^/  left: /' -e 's/^  left: unknown: /  unknown: /' >&2
        fail "not all of $PREFIX is gone; run the same command again in some minutes, or remove what is named above by hand."
    fi
    say "nothing else of $PREFIX is left in $REGION"
}

# --dry-run: the same list, before anything is done.
preview() {
    local all
    all=$(what_is_left all)
    if [ "$MODE" = keep-data ]; then
        printf '%s\n' "$all" | { grep -E "$(kept)" || true; } | sed 's/^/  stays: /'
        all=$(printf '%s\n' "$all" | grep -vE "$(kept)" || true)
    fi
    printf '%s\n' "$all" | sed -e '/^$/d' -e 's/^/  goes: /' -e 's/^  goes: unknown: /  unknown: /'
    say "dry run: nothing was changed"
}
