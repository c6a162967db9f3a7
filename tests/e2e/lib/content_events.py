# SPDX-License-Identifier: MIT
"""What happens to the content of files in a mount: the events of content_states.py, each on a file and on the array
beside it (modelled.py)."""
import collections
import contextlib
import multiprocessing
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import e2e
import modelled

N_CROWD = 200
MAX_FILES = 300  # the daemon's limit; it keeps half as many open, which is fewer than the crowd
SMALL = 4096  # -o min_size
FIRST = 8192  # what a file of no format begins with: enough to know it by, too little to be worked in when it comes last
STORE_DEVICE = os.stat(e2e.STORE).st_dev
SWAP = e2e.s(".alcm/swap")


def run_alcm(args):
    return subprocess.run([e2e.ALCM, *args], capture_output=True)


# A process of its own that starts the others: each of ours would have, and close, duplicates of our descriptors.
starter = multiprocessing.get_context("fork").Pool(1)


def alcm(*args):
    return starter.apply(run_alcm, [args])


def stop():
    starter.terminate()


def cat(file):
    done = alcm("cat", e2e.s(file.path()))
    e2e.equal(done.returncode, 0, f"{file}: alcm cat: {done.stderr}")
    return done.stdout


def state_of(file):
    where = file.path() if file.names else file.handles[0].fd
    return os.getxattr(where, "user.alcm.state").decode()


def is_open_below(file):
    """Whether the daemon has the store's file open, but for a descriptor that only names it."""
    fds = f"/proc/{e2e.daemon_pid()}/fd"
    for fd in os.listdir(fds) if os.path.isdir(fds) else ():
        with contextlib.suppress(FileNotFoundError):
            st = os.stat(f"{fds}/{fd}")
            with open(f"{fds}info/{fd}", encoding="ascii") as info:
                flags = int(re.search(r"flags:\s*(\d+)", info.read())[1], 8)
            if (st.st_dev, st.st_ino) == (STORE_DEVICE, file.ino) and not flags & os.O_PATH:
                return True
    return False


def at_work():
    """What lies in .alcm/swap: a file is being converted."""
    return os.listdir(SWAP) if os.path.isdir(SWAP) else []


def beside(job, do):
    """Do one thing, once or more often, while a thread does another."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(job)
        do()
        while not done.done():
            do()
        done.result()


def close_somehow(fd):
    """By a daemon that may die."""
    with contextlib.suppress(OSError):
        os.close(fd)


class Events:
    """Some files, and all that one thread can do to them. Where an event is one of a table, the file that it gets has one
    handle open, to write."""

    n_evictions = n_evicting = 0

    def __init__(self, rng, kinds):
        self.rng = rng
        self.log = collections.deque(maxlen=150)
        self.files = [modelled.File(kind, rng, modelled.Pool(rng), self.log.append) for kind in kinds]

    # --- into a state ---------------------------------------------------------------------------------

    def anew(self, file):
        """What has its name is a file that the mount never saw."""
        file.close_all()
        for name in list(file.names):
            self.unlink(file, name)

    def bring(self, file, state, n=None):
        """New content that is in this state, in a file that one handle has open, to write."""
        n = n or self.rng.randrange(24, 60) * 4096  # by its content alone, a file of 64 KiB is known
        self.reopened(file)
        for name in file.names[1:]:
            self.unlink(file, name)
        file.truncate(0)
        if state == "plain":
            self.write_behind(file, n)
        elif state == "blob":
            self.write_head(file)
            file.write(file.n_head or FIRST, file.body(n))
        e2e.equal(state_of(file), state, f"{file}: brought")

    def write_head(self, file):
        """What decides: a file of no format is known by 4 KiB of it."""
        file.write(0, file.head() or file.body(FIRST))

    def write_behind(self, file, n=None):
        """The head comes last, so that the file begins as a plain one."""
        off = file.n_head or FIRST
        file.write(off, file.body(n or 60_000))
        if file.kind != "blob":
            file.write(0, file.head() or file.body(off))

    def write_other(self, file):
        file.write(0, file.body(20_000))

    def allocate(self, file):
        file.allocate(0, 0, 30_000)

    def extend_write_head(self, file):
        file.truncate(100_000)
        self.write_head(file)

    def empty(self, file):
        if self.rng.randrange(2):
            file.truncate(0)
        else:
            file.change("open O_TRUNC", b"", lambda: os.close(os.open(file.path(), os.O_RDWR | os.O_TRUNC)))

    def complete_head(self, file):
        """A plain file becomes one that would be mistaken for a blob."""
        file.write(3, file.head()[3:])
        file.write(0, file.head()[:3])

    # --- closes ----------------------------------------------------------------------------------------

    def close(self, file):
        file.close(file.handle(True))

    def close_under_reader(self, file):
        writer, reader = file.handle(True), file.open(False)
        file.close(writer)
        file.check_read(reader.fd, *file.span(), [file.want], "the reader of a file that was taken up")

    def close_under_mapping(self, file):
        writer = file.handle(True)
        mapping = file.map(writer if self.rng.randrange(2) else file.open(False))
        mapping.read(0, 5000)
        file.close(writer)
        if mapping.writable:
            self.write_some(file, mapping)
        file.check_all("taken up under a mapping")

    def close_beside_writer(self, file):
        writer = file.handle(True)
        other = file.open(True)
        file.close(writer)
        file.check_read(other.fd, *file.span(), [file.want], "the other writer")

    def write_beside_close(self, file):
        """A duplicate's close would take the file up, but the handle goes on writing."""
        fd = os.dup(file.handle(True).fd)
        beside(lambda: os.close(fd), lambda: self.write(file))
        file.check_all("written while it was looked at")
        self.close(file)

    def read_beside_close(self, file):
        writer, reader = file.handle(True), file.open(False)
        beside(lambda: file.close(writer), lambda: self.read_cold(file, reader.fd, (0, len(file.want))))

    def close_linked(self, file):
        self.link(file)
        self.close(file)

    def close_small(self, file):
        file.truncate(0)
        self.write_head(file) if file.n_head else file.write(0, file.body(SMALL))
        file.truncate(SMALL - 200)
        file.write(SMALL - 600, file.body(300))
        e2e.equal(state_of(file), "blob", f"{file}: small, before its close")
        self.close(file)

    def close_grown(self, file):
        self.close_small(file)
        file.open(True)
        file.write(SMALL, file.body(30_000))
        self.close(file)

    def close_rewritten(self, file):
        """Worked in, it has to be quiet first."""
        off, n = self.rng.randrange(9000) & ~3, len(file.want) // 2 & ~3
        file.write(off, file.body(n))
        self.close(file)

    def reopened(self, file):
        """By the mount, too, which closes it a moment after us."""
        file.close_all()
        if file.names:
            e2e.wait_until(lambda: not is_open_below(file), f"{file}: the close below")
        return file.open(True)

    def work_in(self, file):
        """So many small changes, each committed, that a file of no format had better be plain."""
        file.truncate(150_000)
        self.reopened(file)
        for _ in range(400 if file.kind == "floats" else 140):
            self.close_duplicate(file)
            if state_of(file) == "plain":
                break

    # --- changes that keep the state -----------------------------------------------------------------------

    def write(self, file):
        off, n = file.span()
        file.write(off, file.body(n))

    def write_head_again(self, file):
        file.write(0, file.head())

    def append(self, file):
        if len(file.want) < modelled.MAX_BYTES:
            file.append(file.body(self.rng.randrange(1, 2000) * 4))

    def shrink(self, file):
        file.truncate(max(sum(file.span(len(file.want))), 2 * SMALL))

    def grow(self, file):
        size = max(sum(file.span()), 2 * SMALL)
        file.truncate(size) if self.rng.randrange(2) else file.allocate(0, size - SMALL, SMALL)

    def punch(self, file):
        file.allocate(modelled.PUNCH_HOLE | modelled.KEEP_SIZE, *file.span())

    def zero(self, file):
        file.allocate(modelled.ZERO_RANGE | self.rng.choice((0, modelled.KEEP_SIZE)), *file.span())

    def reserve(self, file):
        file.allocate(modelled.KEEP_SIZE, *file.span())

    def write_some(self, file, mapping):
        off, n = file.span(min(mapping.size, len(file.want)))
        if off + n <= min(mapping.size, len(file.want)):
            file.write_mapped(mapping, off, file.body(n))

    def write_mapped(self, file):
        mapping = next((m for m in file.mappings if m.writable), None) or file.map(file.handle(True))
        self.write_some(file, mapping)
        if self.rng.randrange(2):
            file.sync(mapping.sync)

    def write_after_close(self, file):
        """Pages that a mapping changes when its descriptor is closed."""
        other = file.open(True)
        mapping = file.map(other)
        file.close(other)
        self.write_some(file, mapping)
        file.unmap(mapping)

    def fsync(self, file):
        self.write(file)
        fd = file.handle(True).fd
        file.sync(lambda: os.fsync(fd))

    def close_duplicate(self, file):
        fd = file.handle(True).fd
        off, _ = file.span(len(file.want) - 8)
        file.write(off, file.body(8))
        file.sync(lambda: os.close(os.dup(fd)))

    def read_cold(self, file, fd=None, span=None):
        fd = fd or file.handle(False).fd
        modelled.drop_pages(fd)
        file.check_read(fd, *(span or file.span()), [file.want], "cold")

    # --- names -------------------------------------------------------------------------------------------------

    def unlink(self, file, name):
        file.name_change(f"unlink {name}", lambda: os.unlink(name), [n for n in file.names if n != name])

    def link(self, file):
        new = file.new_name()
        file.name_change("link", lambda: os.link(file.path(), new), [*file.names, new])

    def rename(self, file):
        new = file.new_name()
        file.name_change("rename", lambda: os.rename(file.path(), new), [new, *file.names[1:]])

    def other(self, file):
        return self.rng.choice([f for f in self.files if f is not file and f.folder == file.folder])

    def rename_over(self, file):
        other = self.other(file)
        if not other.names:
            other.create()
        new = other.path()
        file.name_change("rename over", lambda: os.rename(file.path(), new), [new, *file.names[1:]],
                         other, other.names[1:])

    def exchange(self, file):
        other = self.other(file)
        if not other.names:
            other.create()
        mine, its = file.path(), other.path()

        def do():
            if modelled.libc.renameat2(-100, mine.encode(), -100, its.encode(), 2):
                raise OSError(modelled.ctypes.get_errno(), "renameat2")

        file.name_change("exchange", do, [its, *file.names[1:]], other, [mine, *other.names[1:]])

    def unlink_open(self, file):
        file.handle(True)
        for name in list(file.names):
            self.unlink(file, name)
        self.write(file)
        file.check_all("without a name")

    # --- from outside -----------------------------------------------------------------------------------------------

    def pack_mounted(self, file):
        """The store is the mount's: alcm refuses."""
        for verb in ("pack", "unpack"):
            assert alcm(verb, e2e.s(file.path())).returncode, f"alcm {verb} changed a file below its mount"

    def crowd(self, _=None):
        """So many other files are used that the daemon needs the descriptors of those that just are open."""
        Events.n_evictions += 1
        Events.n_evicting += 1
        for k in range(N_CROWD):
            os.close(os.open(f"crowd/{k}", os.O_RDONLY))
        Events.n_evicting -= 1

    def evict(self, file):
        """Nothing of it is lost with its descriptor."""
        was_undecided = not file.want
        e2e.wait_until(lambda: self.crowd() or not is_open_below(file), f"{file} is evicted")
        if not was_undecided and not file.mappings:
            file.check(cat(file), 0, [file.want], "evicted, read by alcm")
            file.safe = file.done

    def forget(self, file):
        """The kernel drops its pages, and the name."""
        file.close_all()
        if e2e.IS_ROOT:
            with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
                f.write("3")
        file.check_all("forgotten")
