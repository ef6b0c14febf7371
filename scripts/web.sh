#!/usr/bin/env bash
# Builds the web interface into web/dist, where the local server and deploy.sh find it. The Makefile calls it.
#   scripts/web.sh build              builds it, or says what keeps it from being built
#   scripts/web.sh build --optional   the same, but never fails: the chatbot runs without it
#   scripts/web.sh packages FOLDER    only installs what FOLDER/package-lock.json names
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

# What Vite asks for: 20.19, 22.12, or anything later. It loads modules in a way that those in between do not have.
check_node() {
    local found
    if ! found=$(node --version 2>/dev/null) || ! command -v npm >/dev/null; then
        say "Node.js 20.19 or newer, with npm, was not found; install it (https://nodejs.org)."
        return 1
    fi
    node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
        process.exitCode = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1' || {
        say "Node.js 20.19 or newer (of 22: 22.12) is needed, and $found was found; install it (https://nodejs.org)."
        return 1
    }
}

# The scripts that packages bring along are not run: none is needed, and they could do anything.
install_packages() {
    local folder=$1
    if [ -e "$folder/node_modules/.ready" ] && [ ! "$folder/package-lock.json" -nt "$folder/node_modules/.ready" ]; then return 0; fi
    (cd "$folder" && NPM_CONFIG_UPDATE_NOTIFIER=false npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
        --fetch-retries=1 --fetch-retry-mintimeout=1000 >/dev/null) || {
        say "npm could not install what ${folder#"$ROOT"/}/package-lock.json names (see above); check the network, then try again."
        return 1
    }
    touch "$folder/node_modules/.ready"
}

# Built beside the old one, which is there until the new one is whole: a server may be showing it.
build() {
    local made
    check_node && install_packages "$ROOT/web" || return 1
    made=$(mktemp -d "$ROOT/web/node_modules/.dist-XXXXXX")
    if ! (cd "$ROOT/web" && node_modules/.bin/vite build --outDir "$made" --emptyOutDir --logLevel error >&2); then
        rm -rf "$made"
        say "The web interface could not be built (see above)."
        return 1
    fi
    chmod 755 "$made" && touch "$made/.ready" && rm -rf "$ROOT/web/dist" && mv "$made" "$ROOT/web/dist"
}

main() {
    case ${1-} in
    packages) check_node && install_packages "$(cd "$2" && pwd)" ;;
    build)
        say "building the web interface (the first time takes a minute)"
        if build; then return 0; fi
        [ "${2-}" = --optional ] || return 1
        if [ -e "$ROOT/web/dist/index.html" ]; then
            say "Going on with the web interface as it was built before."
        else
            say "Going on without the web interface: the API and the command line are all there."
        fi
        ;;
    *) say "usage: scripts/web.sh build [--optional] | packages FOLDER" && return 2 ;;
    esac
}

main "$@"
