#!/bin/sh
# Sets everything up on a Debian machine and runs the kiosk: ./kiosk.sh [demo|test|doctor|COMMAND ...]
# Set-up speaks on stderr only, so that `./kiosk.sh bill ... --json` leaves stdout to the program.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=$here/.venv
packages='python3-venv libgl1 libegl1 libfribidi0'

say() { printf '%s\n' "kiosk.sh: $*" >&2; }

missing_packages() {
    ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
    libraries=$($ldconfig -p 2>/dev/null || true)
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || printf 'python3-venv '
    case $libraries in *libGL.so.1*) ;; *) printf 'libgl1 ' ;; esac
    case $libraries in *libEGL.so.1*) ;; *) printf 'libegl1 ' ;; esac
    case $libraries in *libfribidi.so.0*) ;; *) printf 'libfribidi0 ' ;; esac
}

install_packages() {
    if [ "$(id -u)" = 0 ]; then as_root=''
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root='sudo -n'
    else
        say "missing: $1"
        say "install it first:  apt-get install --no-install-recommends $packages"
        exit 69
    fi
    say "installing $1"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq >&2 || say 'the package lists could not be refreshed; trying with those at hand'
    # shellcheck disable=SC2086 # a list of package names
    $as_root apt-get install -y -qq --no-install-recommends $1 >&2 </dev/null || {
        say "could not install $1"
        exit 69
    }
}

install_python_packages() { # $1: a lock file; a venv that holds it carries its hash
    stamp=$venv/.ok-$(cksum <"$here/$1" | tr -d ' ')
    [ -e "$stamp" ] && return
    if ! "$venv/bin/python" -c '' 2>/dev/null; then
        say 'making the Python environment'
        python3 -m venv --clear "$venv" >&2
    fi
    say "installing the Python packages of $1"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --only-binary=:all: -r "$here/$1" >&2 </dev/null
    touch "$stamp"
}

if ! command -v python3 >/dev/null 2>&1; then
    say 'missing: python3'
    exit 69
fi
missing=$(missing_packages)
[ -z "$missing" ] || install_packages "$missing"

word=${1:-demo}
[ $# -eq 0 ] || shift
export PYTHONPATH="$here"
if [ "$word" = test ]; then
    install_python_packages requirements-dev.lock
    exec "$here/tests/run" "$@"
fi
# The developers' packages are a superset: with them installed nothing else is needed.
[ -e "$venv/.ok-$(cksum <"$here/requirements-dev.lock" | tr -d ' ')" ] || install_python_packages requirements.lock
exec "$venv/bin/python" -m kiosk "$word" "$@"
