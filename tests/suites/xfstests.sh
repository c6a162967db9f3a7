#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/xfstests.sh DIR PASSTHROUGH [ARGUMENT…]
#     DIR: xfstests, built, with the users that its README asks for; as root
#     PASSTHROUGH: libfuse's example/passthrough_ll, built: what alcmfs is compared with
#     ARGUMENT: of xfstests' check (default: -g generic/auto)
# Prints what passed on each, and every test that passes on PASSTHROUGH and not on alcmfs: there is to be
# none. The stores are on an ext4 of their own, since some tests fill it; `alcm check` must find them clean.
#   XFSTESTS_TYPES     what to run on (default: "passthrough_ll alcmfs"); alcmfs_blobs: all files are
#                      blobs, by npy_shim.c; alcmfs_all: by option detect=all those are whose content
#                      allows it
#   XFSTESTS_SECONDS   after which a test is ended and left out (default: 600)
#   XFSTESTS_OUT       where results are kept, the daemon's log among them (default: nowhere)
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage="usage: $0 DIR PASSTHROUGH [ARGUMENT…]"
suite=${1:?$usage}
passthrough=$(realpath "${2:?$usage}")
types=${XFSTESTS_TYPES:-passthrough_ll alcmfs}
results=${XFSTESTS_OUT:-$work/results}
seconds=${XFSTESTS_SECONDS:-600}
# 732 mounts a store twice; older libfuses have no operation for 004 (O_TMPFILE) and 528 (time of birth)
differs='generic/\(732\|004\|528\)'
shift 2
[ $# -gt 0 ] || set -- -g generic/auto
[[ $work != /tmp/* ]] || { # which every run has its own of
    echo "$0: SUITE_DIR can't be below /tmp" >&2
    exit 2
}
suite_needs "$suite/check" "$suite/ltp/fsstress" "$passthrough" mount.fuse3 mkfs.ext4 xfs_io

# What mount.fuse3 starts as: TYPE SOURCE MOUNTPOINT -o OPTIONS. The source's name is no path, as umount
# would take that for the mount point. The daemon isn't of the test's process group, which a time limit ends.
mkdir "$work/bin"
alcmfs_type() { # TYPE OPTIONS [PRELOAD]
    cat >"$work/bin/$1" <<END
#!/bin/bash
before=\$(stat -c %d "\$2")
LD_PRELOAD=${3:-} setsid bash -c '"\$@"; echo "the daemon ended with \$?"' sh "$build/fs/alcmfs" \
    -f "$work/$1/disk/\$1" "\${@:2}" -o fsname="\$1",$2 >>"$results/$1/daemon" 2>&1 </dev/null &
until [ "\$(stat -c %d "\$2" 2>/dev/null)" != "\$before" ]; do
    kill -0 \$! 2>/dev/null || {
        tail -n 2 "$results/$1/daemon" >&2
        exit 1
    }
    sleep 0.05
done
END
}
alcmfs_type alcmfs "$options"
alcmfs_type alcmfs_all "$options,detect=all,min_size=1"
alcmfs_type alcmfs_blobs "$options" "$(build_shim)"
cat >"$work/bin/passthrough_ll" <<END
#!/bin/bash
ulimit -n "\$(ulimit -Hn)"
exec "$passthrough" "\${@:2}" \
    -o fsname="\$1",source="$work/passthrough_ll/disk/\$1",allow_other,default_permissions
END
# check takes nothing but the type "fuse".
printf '#!/bin/sh\n%s "$@" | sed "s/fuse\\.alcmfs/fuse/"\n' "$(command -v df)" >"$work/bin/df"
# What a mount of alcmfs has done is known until it ends.
cat >"$work/bin/umount" <<END
#!/bin/bash
mount=\$(findmnt -nro TARGET -t fuse.alcmfs "\${@: -1}" | tail -n 1)
[ -z "\$mount" ] || cat "\$mount/.alcm/metrics" >>"\$RESULT_BASE/metrics" 2>/dev/null
exec $(command -v umount) "\$@"
END
# check starts a test by bash -c "…; exec ./TEST".
cat >"$work/bin/bash" <<END
#!/bin/bash
[[ "\$1 \$2" == "-c "*"exec ./"* ]] || exec /bin/bash "\$@"
timeout -k 30 "$seconds" /bin/bash "\$@"
status=\$?
case \$status in 124 | 137) echo "\${2##*exec ./}" >>"\$RESULT_BASE/slow" ;; esac
exit \$status
END
chmod +x "$work"/bin/*

# In namespaces of its own, so that nothing stays mounted or runs on whatever a test does; copies of mounts
# elsewhere would keep those from ending.
# shellcheck disable=SC2317 # reachable: exported
in_namespace() { # TYPE ARGUMENT…
    local base=$work/$1 type=$1 store

    shift
    umount -a -l -t fuse.alcmfs
    mount --bind "$base/tmp" /tmp # names there are made of process ids, or fixed
    mount -o loop "$base/image" "$base/disk" && mkdir "$base"/disk/suite_{test,scratch} || exit 1
    cd "$suite" && FSTESTS_ISOL=privatens ./check -fuse "$@"
    umount "$base/test" "$base/scratch" 2>/dev/null
    [ "$type" != passthrough_ll ] || exit
    for store in "$base"/disk/suite_{test,scratch}; do
        flock -w 60 "$store/.alcm/lock" true # until the daemon has ended
        "$build/tools/alcm" check "$store" \
            >"$results/$type/alcm_check.${store##*_}" 2>&1 || echo "$store" >>"$results/$type/damaged"
    done
}
export -f in_namespace
export suite work results build

# Run check with its arguments on file system `$1`.
check_on() {
    local type=$1 base=$work/$1

    shift
    mkdir -p "$base"/{disk,test,scratch,tmp} "$results/$type"
    rm -f "$results/$type"/{check.log,slow,damaged,daemon,metrics}
    truncate -s 12G "$base/image"
    mkfs.ext4 -q "$base/image"
    cat >"$base/config" <<END
export FSTYP=fuse FUSE_SUBTYP=.$work/bin/$type RESULT_BASE=$results/$type TMPDIR=/tmp
export TEST_DEV=suite_test TEST_DIR=$base/test
export SCRATCH_DEV=suite_scratch SCRATCH_MNT=$base/scratch
END
    PATH=$work/bin:$PATH HOST_OPTIONS=$base/config \
        unshare -m --pid --fork --mount-proc bash -c 'in_namespace "$@"' sh "$type" "$@" >"$results/$type/out" 2>&1
    [ -s "$results/$type/check.log" ] || {
        tail -n 20 "$results/$type/out"
        exit 1
    }
    rm -f "$base/image"
}

# The tests that check's line "KIND: …" names, one a line.
named() { # TYPE KIND…
    local type=$1 kind

    shift
    for kind; do
        sed -n "s/^$kind: //p" "$results/$type/check.log"
    done | tr ' ' '\n' | grep / | sort -u
}

slow() { # TYPE
    sed 's,.*/\([^/]*/\),\1,' "$results/$1/slow" 2>/dev/null | sort -u
}

failed() { # TYPE
    comm -23 <(named "$1" Failures) <(slow "$1")
}

passed() { # TYPE
    comm -23 <(named "$1" Ran) <(named "$1" 'Not run' Failures)
}

# What happened on one type; the daemons' ends and the stores count, too.
report() { # TYPE
    echo "xfstests on $1: $(passed "$1" | wc -l) passed, $(failed "$1" | wc -l) failed," \
        "$(named "$1" 'Not run' | wc -l) not run, $(slow "$1" | wc -l) took more than $seconds s"
    echo "    failed: $(failed "$1" | tr '\n' ' ')"
    echo "    too slow: $(slow "$1" | tr '\n' ' ')"
    [ "$1" = passthrough_ll ] || echo "    $(blob_share "$results/$1/metrics")"
    grep -h 'daemon ended with [^0]' "$results/$1/daemon" 2>/dev/null | sort | uniq -c
    [ ! -s "$results/$1/damaged" ] || {
        cat "$results/$1"/alcm_check.*
        return 1
    }
}

status=0
for type in $types; do
    check_on "$type" "$@"
    report "$type" || status=1
done
[ -z "${types%%*passthrough_ll*}" ] || exit $status
for type in ${types//passthrough_ll/}; do
    behind=$(comm -23 <(passed passthrough_ll) <({ passed "$type" && slow "$type"; } | sort) | grep -vx "$differs" | tr '\n' ' ')
    echo "pass on passthrough_ll and not on $type: ${behind:-none} (left out: $differs)"
    [ -z "$behind" ] || status=1
done
exit $status
