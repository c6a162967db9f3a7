# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# also: user
# cp with and without reflink, copy_file_range within the mount and across, dd, install, mv, shutil.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

make_npy "$WORK/w.npy" 700
cp "$WORK/w.npy" "$MNT/a.npy"
for how in never auto; do
    cp --reflink=$how "$MNT/a.npy" "$MNT/$how.npy"
    cp --reflink=$how "$MNT/a.npy" "$WORK/$how.npy"
    cmp "$WORK/w.npy" "$MNT/$how.npy"
    cmp "$WORK/w.npy" "$WORK/$how.npy"
    is_blob $how.npy || die "cp --reflink=$how: no blob"
done
cp --sparse=always "$MNT/a.npy" "$MNT/sparse.npy"
dd if="$MNT/a.npy" of="$MNT/dd.npy" bs=12345 status=none
install -m 600 "$MNT/a.npy" "$MNT/install.npy"
mv "$WORK/auto.npy" "$MNT/mv.npy"
python3 - "$MNT" <<'END_PY'
import os, shutil, sys
os.chdir(sys.argv[1])
shutil.copyfile("a.npy", "shutil.npy")
shutil.copy2("a.npy", "copy2.npy")
size = os.stat("a.npy").st_size
with open("a.npy", "rb") as src, open("range.npy", "wb") as dst:
    done = 0
    while done < size:
        n = os.copy_file_range(src.fileno(), dst.fileno(), min(99_999, size - done), done, done)
        assert n > 0
        done += n
# within a file, from one place to another
with open("a.npy", "rb") as f:
    want = bytearray(f.read())
shutil.copyfile("a.npy", "within.npy")
with open("within.npy", "r+b") as f:
    left = 100_000
    while left:
        n = os.copy_file_range(f.fileno(), f.fileno(), left, 200_000 - left, 900_000 - left)
        left -= n
want[800_000:900_000] = want[100_000:200_000]
with open("within.npy", "rb") as f:
    assert f.read() == want, "copy_file_range within a file"
os.unlink("within.npy")
assert os.stat("copy2.npy").st_mtime_ns == os.stat("a.npy").st_mtime_ns
with open("a.npy", "rb") as src, open("sendfile.npy", "wb") as dst:
    done = 0
    while done < size:
        done += os.sendfile(dst.fileno(), src.fileno(), done, size - done)
END_PY
remount_store
for name in sparse dd install mv shutil copy2 range sendfile; do
    cmp "$WORK/w.npy" "$MNT/$name.npy" || die "$name"
done

# Of a plain file, too.
head -c 1000000 /dev/urandom >"$WORK/plain"
cp "$WORK/plain" "$MNT/plain"
cp --reflink=auto "$MNT/plain" "$MNT/plain2"
cmp "$WORK/plain" "$MNT/plain2"
