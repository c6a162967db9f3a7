# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# also: user
# fallocate's modes on a blob and on a plain file: what works does right, what doesn't says so.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy" 512
head -c 3000000 /dev/urandom >"$WORK/plain"

# The same operation on an ordinary file is what is right.
both() {
    local want=0 got=0

    fallocate "$@" "$WORK/$name" 2>"$WORK/err1" || want=$?
    fallocate "$@" "$MNT/$name" 2>"$WORK/err2" || got=$?
    if [ "$got" -ne 0 ]; then # refusing is fine, silently doing nothing is not
        grep -q 'not supported' "$WORK/err2" || die "$name: fallocate $*: $(cat "$WORK/err2")"
        n_refused=$((n_refused + 1))
        cp "$MNT/$name" "$WORK/$name"
    elif [ "$want" -ne 0 ]; then
        die "$name: fallocate $* should fail: $(cat "$WORK/err1")"
    fi
    cmp "$WORK/$name" "$MNT/$name" || die "$name: after fallocate $*"
}

for name in w.npy plain; do
    cp "$WORK/$name" "$MNT/$name"
    n_refused=0
    both --offset 3000000 --length 100000
    both --keep-size --offset 4000000 --length 100000
    both --offset 0 --length 1000
    both --punch-hole --offset 300000 --length 700001
    both --punch-hole --offset 3000000 --length 5000000
    [ "$n_refused" -eq 0 ] || die "$name: allocating and punching must work"
    both --zero-range --offset 1000 --length 70000
    both --zero-range --keep-size --offset 2900000 --length 500000
    both --collapse-range --offset 262144 --length 262144
    both --insert-range --offset 262144 --length 262144
done
remount_store
for name in w.npy plain; do
    cmp "$WORK/$name" "$MNT/$name" || die "$name after a remount"
done
is_blob w.npy || die "w.npy is no blob"

# Space is reserved for what is allocated, not for the hole before it.
for name in w.npy plain; do
    size=$(stat -c %s "$MNT/$name")
    fallocate --offset 1T --length 4096 "$MNT/$name" || die "$name: allocating far behind the end"
    [ "$(stat -c %s "$MNT/$name")" -eq $(((1 << 40) + 4096)) ] || die "$name: its size"
    truncate -s "$size" "$MNT/$name"
    cmp "$WORK/$name" "$MNT/$name" || die "$name: what lies before it"
done

# A whole blob's holes give their space back.
make_npy "$MNT/v.npy" 2048
sync "$MNT/v.npy"
before=$(stat -c %b "$MNT/v.npy")
fallocate --punch-hole --offset 262144 --length 7340032 "$MNT/v.npy"
sync "$MNT/v.npy"
[ "$(stat -c %b "$MNT/v.npy")" -lt $((before / 2)) ] || die "punching gives nothing back"
