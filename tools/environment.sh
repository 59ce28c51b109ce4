# Sourced by the other tools: where things are kept, who runs the service, and the settings of the demo.
#
# Everything that is installed goes under CACHE and can be made again; what `make run` keeps goes under STATE.
# As root both are system folders and the service runs as the user `aiguillage`; otherwise they are yours.

set -eu

CHECKOUT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

if [ "$(id -u)" = 0 ]; then
    CACHE=${AIGUILLAGE_CACHE:-/var/cache/aiguillage}
    STATE=${AIGUILLAGE_STATE_DIR:-/var/lib/aiguillage}
    RUN_AS=aiguillage
else
    CACHE=${AIGUILLAGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aiguillage}
    STATE=${AIGUILLAGE_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/aiguillage}
    RUN_AS=
fi

ASTERISK_ROOT=${AIGUILLAGE_ASTERISK_ROOT:-$CACHE/asterisk-22}
LOCK_SUM=$(sha256sum "$CHECKOUT/requirements.lock" | cut -c1-12)
VENV=$CACHE/python-$LOCK_SUM
PYTHON=$VENV/bin/python

say() { printf '%s\n' "==> $*"; }
fail() {
    printf '%s\n' "aiguillage: $*" >&2
    exit 1
}

# The settings of `make run` and `make call`; what you set yourself stays.
demo_settings() {
    export AIGUILLAGE_STATE_DIR="$STATE"
    export AIGUILLAGE_ENV_FILE="${AIGUILLAGE_ENV_FILE:-$STATE/.env}"
    export AIGUILLAGE_SECRETS_DIR="${AIGUILLAGE_SECRETS_DIR:-$STATE/secrets}"
    export AIGUILLAGE_ASTERISK_DIR="${AIGUILLAGE_ASTERISK_DIR:-$STATE/asterisk/etc}"
    export AIGUILLAGE_ASTERISK_ROOT="$ASTERISK_ROOT"
    export AIGUILLAGE_SIMULATION="${AIGUILLAGE_SIMULATION:-true}"
    export PYTHONPATH="$APP/src"
    export PYTHONDONTWRITEBYTECODE=1
}

# The ordinary user may not be allowed to read root's checkout, so root runs a copy of it, named after its content.
copy_of_checkout() {
    if [ -z "$RUN_AS" ]; then
        APP=$CHECKOUT
        return
    fi
    FOLDERS="src migrations asterisk-conf examples locale"
    SUM=$(cd "$CHECKOUT" && find $FOLDERS -type f ! -name '*.pyc' | sort | xargs sha256sum | sha256sum | cut -c1-12)
    APP=$CACHE/app-$SUM
    [ -d "$APP" ] && return
    NEW=$(mktemp -d "$CACHE/app-new.XXXXXX")
    (cd "$CHECKOUT" && cp -R $FOLDERS "$NEW/")
    chmod -R u=rwX,go=rX "$NEW"
    mv -T "$NEW" "$APP" 2>/dev/null || rm -rf "$NEW"
}

# Become a command, as the ordinary user.
as_user() {
    if [ -n "$RUN_AS" ]; then
        exec setpriv --reuid="$RUN_AS" --regid="$RUN_AS" --clear-groups --inh-caps=-all env HOME="$STATE" "$@"
    fi
    exec "$@"
}
