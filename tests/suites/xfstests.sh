#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/suites/xfstests.sh DIR PASSTHROUGH [ARGUMENT…]
#     DIR: xfstests, built, with the users that its README asks for; as root
#     PASSTHROUGH: libfuse's example/passthrough_ll, built: what alcmfs is compared with
#     ARGUMENT: of xfstests' check (default: -g generic/auto)
# Prints what passed on both, and every test that passes on PASSTHROUGH and not on alcmfs: there is to be
# none. The stores are on an ext4 of their own, since some tests fill it.
#   XFSTESTS_TYPES   what to run on (default: "passthrough_ll alcmfs")
#   XFSTESTS_OUT     where results are kept (default: nowhere)
# shellcheck source=tests/suites/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage="usage: $0 DIR PASSTHROUGH [ARGUMENT…]"
suite=${1:?$usage}
passthrough=$(realpath "${2:?$usage}")
types=${XFSTESTS_TYPES:-passthrough_ll alcmfs}
results=${XFSTESTS_OUT:-$work/results}
differs=generic/732 # mounts a store twice
shift 2
[ $# -gt 0 ] || set -- -g generic/auto
suite_needs "$suite/check" "$suite/ltp/fsstress" "$passthrough" mount.fuse3 mkfs.ext4 xfs_io

# What mount.fuse3 starts as: TYPE SOURCE MOUNTPOINT -o OPTIONS. The source's name is no path, as umount
# would take that for the mount point.
mkdir "$work/bin"
cat >"$work/bin/alcmfs" <<END
#!/bin/bash
exec "$build/fs/alcmfs" "$work/alcmfs/disk/\$1" "\${@:2}" -o fsname="\$1"
END
cat >"$work/bin/passthrough_ll" <<END
#!/bin/bash
ulimit -n "\$(ulimit -Hn)"
exec "$passthrough" "\${@:2}" \
    -o fsname="\$1",source="$work/passthrough_ll/disk/\$1",allow_other,default_permissions
END
# check takes nothing but the type "fuse".
printf '#!/bin/sh\n%s "$@" | sed "s/fuse\\.alcmfs/fuse/"\n' "$(command -v df)" >"$work/bin/df"
chmod +x "$work"/bin/*

# In a mount namespace of its own, so that nothing stays mounted whatever a test does; copies of mounts
# elsewhere would keep those from ending.
in_namespace() { # BASE ARGUMENT…
    umount -a -l -t fuse.alcmfs
    mount -o loop "$1/image" "$1/disk" && mkdir "$1/disk/suite_test" "$1/disk/suite_scratch" || exit 1
    shift
    cd "$suite" && exec ./check -fuse "$@"
}
export -f in_namespace
export suite

# Run check with its arguments on file system `$1`.
check_on() {
    local type=$1 base=$work/$1

    shift
    mkdir -p "$base"/{disk,test,scratch,tmp} "$results/$type"
    truncate -s 8G "$base/image"
    mkfs.ext4 -q "$base/image"
    cat >"$base/config" <<END
export FSTYP=fuse FUSE_SUBTYP=.$work/bin/$type RESULT_BASE=$results/$type TMPDIR=$base/tmp
export TEST_DEV=suite_test TEST_DIR=$base/test
export SCRATCH_DEV=suite_scratch SCRATCH_MNT=$base/scratch
END
    PATH=$work/bin:$PATH HOST_OPTIONS=$base/config \
        unshare -m bash -c 'in_namespace "$@"' sh "$base" "$@" >"$results/$type/out" 2>&1
    [ -s "$results/$type/check.log" ] || {
        tail -n 20 "$results/$type/out"
        exit 1
    }
}

# The tests that check's line "KIND: …" names, one a line.
named() { # TYPE KIND…
    local type=$1 kind

    shift
    for kind; do
        sed -n "s/^$kind: //p" "$results/$type/check.log"
    done | tr ' ' '\n' | grep / | sort -u
}

passed() { # TYPE
    comm -23 <(named "$1" Ran) <(named "$1" 'Not run' Failures)
}

for type in $types; do
    check_on "$type" "$@"
    echo "xfstests on $type: $(passed "$type" | wc -l) passed, $(named "$type" Failures | wc -l) failed," \
        "$(named "$type" 'Not run' | wc -l) not run"
    echo "    failed: $(named "$type" Failures | tr '\n' ' ')"
done
[ -n "${XFSTESTS_TYPES:-}" ] && exit
behind=$(comm -23 <(passed passthrough_ll) <(passed alcmfs) | grep -vx "$differs" | tr '\n' ' ')
echo "pass on passthrough_ll and not on alcmfs: ${behind:-none} (on purpose: $differs)"
[ -z "$behind" ]
