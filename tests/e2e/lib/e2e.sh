# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What shell cases source: the same functions as e2e.py has, and a few of its own.
set -euo pipefail

PATH=/usr/bin:$PATH

e2e() { python3 "$TOP/tests/e2e/lib/e2e.py" "$@"; }
mount_store() { e2e mount "$@"; }
unmount_store() { e2e unmount; }
remount_store() { e2e remount "$@"; }

# unmount_at MOUNTPOINT STORE: for a daemon that a case started itself; waits for its end.
unmount_at() {
    fusermount3 -u "$1"
    flock -w 30 "$2/.alcm/lock" true || die "the daemon still holds the store"
}

die() {
    echo "line ${BASH_LINENO[0]}: $*"
    exit 1
}

skip() {
    echo "$*"
    exit 77
}

# make_npy FILE [KILO-VALUES [DTYPE]]
make_npy() {
    python3 - "$1" "${2:-64}" "${3:-f4}" <<'PY'
import sys
import numpy as np
path, kilo, dtype = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(path, "wb") as f:
    np.save(f, (np.random.default_rng(kilo).standard_normal(kilo * 1024) * 0.02).astype(dtype))
PY
}

# is_blob NAME: the store's file is compressed.
is_blob() { [ "$(head -c 5 "$STORE/$1" | tr -d '\211')" = ALCM ]; }

# Run a command that must fail; what it said is in $said.
fails() {
    ! said=$("$@" 2>&1) || die "should have failed: $*"
}

says() {
    case $said in *"$1"*) ;; *) die "'$1' is not in: $said" ;; esac
}
