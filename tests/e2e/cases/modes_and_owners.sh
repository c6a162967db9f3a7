# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# needs: root
# Callers own what they create, modes are checked, setuid bits fall on writing.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

as() { setpriv --reuid="$1" --regid="$2" --groups "$3" "${@:4}"; }
owner() { stat -c '%u:%g:%a' "$MNT/$1"; }

chmod 755 "$WORK"
mkdir -m 777 "$MNT/open"
as 1234 2345 2345 sh -c "umask 027; echo x >'$MNT/open/a'; mkdir '$MNT/open/d'; ln -s a '$MNT/open/l'; mkfifo '$MNT/open/p'"
[ "$(owner open/a)" = 1234:2345:640 ] || die "a: $(owner open/a)"
[ "$(owner open/d)" = 1234:2345:750 ] || die "d: $(owner open/d)"
[ "$(owner open/p)" = 1234:2345:640 ] || die "p: $(owner open/p)"
[ "$(stat -c %u:%g "$MNT/open/l")" = 1234:2345 ] || die "l"
as 1234 2345 2345 python3 -c "
import numpy as np
np.save('$MNT/open/w.npy', np.arange(50000.))"
[ "$(owner open/w.npy)" = 1234:2345:644 ] || die "w.npy: $(owner open/w.npy)"
is_blob open/w.npy || die "w.npy is no blob"
[ "$(stat -c %u "$STORE/open/w.npy")" = 1234 ] || die "owner in the store"

# Others may not write; root's mount lets them read.
as 99 99 99 cat "$MNT/open/w.npy" >/dev/null || die "others can't read"
fails as 99 99 99 sh -c "echo >>'$MNT/open/w.npy'"
says ermission
fails as 99 99 99 chmod 777 "$MNT/open/w.npy"
fails as 99 99 99 ls "$MNT/open/d"
chmod 600 "$MNT/open/w.npy"
fails as 99 99 99 cat "$MNT/open/w.npy"
as 1234 2345 2345 chmod 604 "$MNT/open/w.npy"
[ "$(owner open/w.npy)" = 1234:2345:604 ] || die "chmod by the owner"
# a supplementary group
chown 1234:4000 "$MNT/open/w.npy" && chmod 040 "$MNT/open/w.npy"
as 99 99 4000 cat "$MNT/open/w.npy" >/dev/null || die "supplementary group"
fails as 99 99 4001 cat "$MNT/open/w.npy"

# A setgid directory hands its group on; the sticky bit protects names.
chgrp 4000 "$MNT/open/d" && chmod 2777 "$MNT/open/d"
as 99 99 99 touch "$MNT/open/d/x"
[ "$(stat -c %g "$MNT/open/d/x")" = 4000 ] || die "group of a setgid directory"
chmod 1777 "$MNT/open/d"
fails as 98 98 98 rm -f "$MNT/open/d/x"

# setuid and setgid go when somebody writes or the owner changes.
for how in write truncate chown; do
    cp "$MNT/open/a" "$MNT/open/s"
    chown 1234:2345 "$MNT/open/s" && chmod 6777 "$MNT/open/s"
    case $how in
    write) as 99 99 99 sh -c "echo more >>'$MNT/open/s'" ;;
    truncate) as 99 99 99 truncate -s 1 "$MNT/open/s" ;;
    chown) chown 1235 "$MNT/open/s" ;;
    esac
    [ "$(stat -c %a "$MNT/open/s")" = 777 ] || die "$how leaves $(stat -c %a "$MNT/open/s")"
done

remount_store
[ "$(owner open/d)" = 1234:4000:3777 ] || die "d after a remount: $(owner open/d)"
[ "$(owner open/w.npy)" = 1234:4000:40 ] || die "w.npy after a remount: $(owner open/w.npy)"
