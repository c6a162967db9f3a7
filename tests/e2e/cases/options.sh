# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# mount: no
# also: user
# Options and refusals: what is wrong is named, and the parent exits 0 only when mounted.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

"$ALCMFS" -h | grep -q 'usage: alcmfs' || die "-h"
"$ALCMFS" --help | grep -q 'budget' || die "--help"
"$ALCMFS" -V | grep -q '[0-9]\.[0-9]' || die "-V"

fails "$ALCMFS" "$STORE" "$MNT" -o buget=64 && says "budget"
fails "$ALCMFS" "$STORE" "$MNT" -o treads=2 && says "threads"
fails "$ALCMFS" "$STORE" "$MNT" -o minsize=2 && says "min_size"
fails "$ALCMFS" "$STORE" "$MNT" -o no_verify && says "noverify"
fails "$ALCMFS" "$STORE" "$MNT" -o zzzzzzzzzz && says "zzzzzzzzzz"
fails "$ALCMFS" "$STORE" "$MNT" -o budget=0
fails "$ALCMFS" "$STORE" "$MNT" -o budget=lots
fails "$ALCMFS" "$STORE" "$MNT" -o budget=-5
fails "$ALCMFS" "$STORE" "$MNT" -o threads=-1
fails "$ALCMFS" "$STORE" "$MNT" -o chunk=100
# A number out of its range, or no number: option, value and range are named.
for bad in threads= threads=0 threads=1025 threads=99999999999999999999 budget=7 budget=+9 \
    budget=1048577 budget=64M budget=1e3 chunk=0 chunk=96 chunk=32768 chunk=0x40 min_size=-1 \
    min_size=4294967296 'min_size= 5' idle=-1 idle=31622401 idle=1.5 attr_timeout=nan \
    attr_timeout=inf attr_timeout=-1 attr_timeout=1e9 attr_timeout=. attr_timeout=; do
    fails "$ALCMFS" "$STORE" "$MNT" -o "$bad" && says "$bad: not a " && says " from "
done
for bad in bounded: bounded:nan bounded:-1 bounded:1x bounded:1e-400 bounded-abs:0 bounded:0x1; do
    fails "$ALCMFS" "$STORE" "$MNT" -o profile=$bad && says "profile=$bad: " && says "a number above"
    fails "$ALCM" pack --profile $bad "$WORK" && says "--profile $bad: " && says "a number above"
done
fails "$ALCMFS" "$STORE" "$MNT" -o idle=soon
fails "$ALCMFS" "$STORE" "$MNT" -o profile=nonsense && says "lossless"
fails "$ALCMFS" "$STORE" "$MNT" -o predictor="$WORK/nothing" && says "nothing: No such file"
head -c 100 /dev/zero >"$WORK/zeros"
fails "$ALCMFS" "$STORE" "$MNT" -o predictor="$WORK/zeros" && says "it is not a text of numbers"
fails "$ALCMFS"
fails "$ALCMFS" "$STORE"
fails "$ALCMFS" "$STORE" "$MNT" "$MNT"
fails "$ALCMFS" "$WORK/nothing" "$MNT" && says "nothing"
fails "$ALCMFS" "$STORE" "$WORK/nothing" && says "nothing"
touch "$WORK/file"
fails "$ALCMFS" "$WORK/file" "$MNT"

mkdir -p "$MNT/inside" "$STORE/inside" "$WORK/link"
fails "$ALCMFS" "$MNT/inside" "$MNT" && says "inside"
fails "$ALCMFS" "$STORE" "$STORE/inside" && says "inside"
ln -s "$STORE" "$WORK/link/store"
fails "$ALCMFS" "$STORE" "$WORK/link/store/inside" && says "inside"
rmdir "$MNT/inside" "$STORE/inside"

# Options of mount(8) and fstab have no say here, or are kept; those of other filesystems get a hint.
general=defaults,relatime,norelatime,nodiratime,diratime,strictatime,nostrictatime,lazytime,nolazytime
general+=,iversion,noiversion,mand,nomand,silent,loud,user,user=nobody,users,owner,group,nouser,nofail
general+=,_netdev,auto,noauto,nonempty,symfollow,comment=words,x-systemd.automount,x-gvfs-show,X-mount.mkdir
"$ALCMFS" "$STORE" "$MNT" -o "$general" || die "general options"
unmount_at "$MNT" "$STORE"
for o in uid=0 gid=0 umask=022 fmask=0 dmask=0 entry_timeout=1 negative_timeout=1 remount bind allow_root; do
    fails "$ALCMFS" "$STORE" "$MNT" -o $o && says "option '$o' isn't supported: "
done
ln -s nowhere "$STORE/link"
if [ "$(id -u)" = 0 ]; then
    "$ALCMFS" "$STORE" "$MNT" -o nosymfollow,noexec
    fails cat "$MNT/link" && says "Too many levels"
    findmnt -n -o OPTIONS "$MNT" | grep -q noexec || die "noexec is lost"
    unmount_at "$MNT" "$STORE"
else
    fails "$ALCMFS" "$STORE" "$MNT" -o nosymfollow && says "root"
    ! mountpoint -q "$MNT" || die "mounted without nosymfollow"
    flock -w 30 "$STORE/.alcm/lock" true
fi
rm "$STORE/link"

# As a daemon: mounted when it returns.
make_npy "$WORK/w.npy"
"$ALCMFS" "$STORE" "$MNT" -o threads=2,budget=32,min_size=100,chunk=128,attr_timeout=0.5,noatime
mountpoint -q "$MNT" || die "not mounted"
cp "$WORK/w.npy" "$MNT/w.npy"
mkdir "$WORK/second"
fails "$ALCMFS" "$STORE" "$WORK/second" && says "mounted already, at"
fails "$ALCM" pack "$STORE/w.npy"
cmp "$WORK/w.npy" "$MNT/w.npy"
unmount_at "$MNT" "$STORE"
is_blob w.npy || die "no blob"

# Weights of one's own: those of zeros predict 0.55 of whatever it is.
printf '0\n%.0s' {1..513} >"$WORK/half.txt"
"$ALCMFS" "$STORE" "$MNT" -o predictor="$WORK/half.txt"
cp "$WORK/w.npy" "$MNT/half.npy"
grep -q '"predicted_entropy":.0.55,' "$MNT/.alcm/caq/half.npy.json" || die "by other weights"
unmount_at "$MNT" "$STORE"

# Over the store itself.
"$ALCMFS" "$STORE" "$STORE" -o threads=1 -o profile=lossless
cmp "$WORK/w.npy" "$STORE/w.npy" || die "mounted over the store"
cp "$WORK/w.npy" "$STORE/v.npy"
cmp "$WORK/w.npy" "$STORE/v.npy"
[ -s "$STORE/.alcm/caq/v.npy.json" ] || die "no report"
unmount_at "$STORE" "$STORE"
is_blob v.npy || die "no blob by the mount over the store"

# Relative paths, names with spaces and commas, read-only.
mkdir "$WORK/a b, c" "$WORK/d e"
cd "$WORK"
"$ALCMFS" "a b, c" "d e"
cp w.npy "d e/w.npy"
unmount_at "d e" "a b, c"
"$ALCMFS" "a b, c" "d e" -o ro
cmp w.npy "d e/w.npy"
fails cp w.npy "d e/x.npy" && says "ead-only"
fusermount3 -u "d e"
