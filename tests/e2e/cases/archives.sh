# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# also: user
# cp -a, tar and rsync, in and out: contents, modes, times, links and xattrs arrive, ours do not.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

command -v rsync >/dev/null || skip "no rsync"

tree=$WORK/tree
mkdir -p "$tree/a/b" "$tree/empty"
make_npy "$tree/a/w.npy" 100
make_npy "$tree/a/b/v.npy" 300 f8
head -c 200000 /dev/urandom >"$tree/a/noise"
echo text >"$tree/notes"
ln -s a/w.npy "$tree/link"
ln "$tree/a/w.npy" "$tree/a/hard.npy"
mkfifo "$tree/fifo"
setfattr -n user.note -v hello "$tree/a/w.npy"
chmod 640 "$tree/a/b/v.npy"
# rsync takes times within one second for the same.
find "$tree" -exec touch -h -d '2003-02-01 06:05:04.321' {} +
touch -d '2001-02-03 04:05:06.789012345' "$tree/a/w.npy" "$tree/a/b"

listing() { (cd "$1" && find . -mindepth 1 -printf '%p %y %m %s %n %l ' \( -type l -printf '\n' -o -printf '%T@\n' \) | sort); }
listing "$tree" >"$WORK/want"

compare() {
    listing "$1" >"$WORK/got"
    # a directory's size is the file system's
    diff <(sed -E 's/ d ([0-9]+) [0-9]+ / d \1 - /' "$WORK/want") \
        <(sed -E 's/ d ([0-9]+) [0-9]+ / d \1 - /' "$WORK/got") || die "$2"
    diff -r --no-dereference -x fifo "$tree" "$1" || die "$2: contents"
    [ "$(getfattr -d --absolute-names "$1/a/w.npy" | grep "=")" = 'user.note="hello"' ] || die "$2: xattrs"
}

cp -a "$tree" "$MNT/cp"
compare "$MNT/cp" "cp -a in"
is_blob cp/a/b/v.npy || die "no blob"
cp -a "$MNT/cp" "$WORK/cp"
compare "$WORK/cp" "cp -a out"
tar -C "$MNT/cp" --xattrs -cf "$MNT/t.tar" .
mkdir "$MNT/tar"
tar -C "$MNT/tar" --xattrs -xpf "$MNT/t.tar"
compare "$MNT/tar" "tar in the mount"
tar -C "$MNT/cp" -cSf "$WORK/sparse.tar" .
mkdir "$WORK/sparse"
tar -C "$WORK/sparse" -xf "$WORK/sparse.tar"
cmp "$tree/a/b/v.npy" "$WORK/sparse/a/b/v.npy" || die "tar -S"
rsync -aHX "$tree/" "$MNT/rsync/"
compare "$MNT/rsync" "rsync in"
rsync -aHX "$MNT/rsync/" "$WORK/rsync/"
compare "$WORK/rsync" "rsync out"
rsync -aHX --checksum --itemize-changes "$tree/" "$MNT/rsync/" >"$WORK/changes"
[ ! -s "$WORK/changes" ] || die "rsync sees changes: $(cat "$WORK/changes")"
echo more >>"$tree/a/w.npy"
rsync -aHX --inplace "$tree/" "$MNT/rsync/"
cmp "$tree/a/w.npy" "$MNT/rsync/a/w.npy" || die "rsync --inplace"
remount_store
cmp "$WORK/cp/a/b/v.npy" "$MNT/tar/a/b/v.npy"
rm -r "$MNT/cp" "$MNT/tar" || die "rm -r"
