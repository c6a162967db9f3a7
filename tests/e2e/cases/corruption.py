# SPDX-License-Identifier: MIT
# also: user
# check: no
"""A flipped byte in a record: EIO for its chunk, the others read, one line in the log, and no more."""
import errno
import os
import subprocess
import sys

import e2e

sys.path.insert(0, os.path.join(e2e.TOP, "tests/decoder"))
import alcm_decode

data = e2e.npy(500_000)  # 8 chunks
e2e.write(e2e.m("w.npy"), data)
e2e.write(e2e.m("good.npy"), data)
e2e.unmount()
blob = alcm_decode.open_blob(e2e.s("w.npy"))
at, length = blob.entries[3]
with open(e2e.s("w.npy"), "r+b") as f:
    f.seek(at + length // 2)
    byte = f.read(1)[0]
    f.seek(at + length // 2)
    f.write(bytes([byte ^ 1]))
blob.data.close()
e2e.mount()

e2e.equal(os.stat(e2e.m("w.npy")).st_size, len(data), "size")
# A request that the good chunk begins and the lost one ends: no zeros, and no other end of the file.
fd = os.open(e2e.m("w.npy"), os.O_RDONLY)
try:
    got = os.pread(fd, 100_000, 3 * e2e.CHUNK - 30_000)
    e2e.equal(got, data[3 * e2e.CHUNK - 30_000 : 3 * e2e.CHUNK], "the good chunk before the lost one")
except OSError as error:
    e2e.equal(error.errno, errno.EIO, "a large read")
e2e.equal(os.fstat(fd).st_size, len(data), "size after a large read")
with e2e.raises(errno.EIO):
    os.pread(fd, 100, 3 * e2e.CHUNK + 5000)
os.close(fd)
for readers in range(3):
    fd = os.open(e2e.m("w.npy"), os.O_RDONLY)
    for chunk in range(8):
        off, end = chunk * e2e.CHUNK, min((chunk + 1) * e2e.CHUNK, len(data))
        # from the chunk's end, so that read-ahead of the good ones doesn't decide
        if chunk == 3:
            for page in (off, off + 100_000, end - 4096):
                with e2e.raises(errno.EIO):
                    os.pread(fd, 4096, page)
        else:
            e2e.equal(os.pread(fd, end - off, off), data[off:end], f"chunk {chunk}")
    os.close(fd)
e2e.equal(e2e.read(e2e.m("good.npy")), data, "another file")
lines = [line for line in e2e.log_text().splitlines() if "w.npy" in line]
assert lines, "no line in the log"
assert len(lines) <= 3, f"{len(lines)} lines:\n" + "\n".join(lines)
assert any(c.isdigit() for c in lines[0].replace("w.npy", "")), f"no offset: {lines[0]}"

# Changing a part of the lost chunk can't be done; writing all of it anew can.
with open(e2e.m("w.npy"), "r+b", buffering=0) as f:
    with e2e.raises(errno.EIO):
        os.pwrite(f.fileno(), b"x", 3 * e2e.CHUNK + 50)
        os.fsync(f.fileno())
with open(e2e.m("w.npy"), "r+b", buffering=0) as f:
    os.pwrite(f.fileno(), data[3 * e2e.CHUNK : 4 * e2e.CHUNK], 3 * e2e.CHUNK)
e2e.all_read_as({"w.npy": data, "good.npy": data})
e2e.unmount()
done = subprocess.run([e2e.ALCM, "check", e2e.STORE], capture_output=True, text=True)
e2e.equal(done.returncode, 0, f"alcm check after the chunk was rewritten: {done.stdout}{done.stderr}")
