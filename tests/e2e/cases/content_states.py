# SPDX-License-Identifier: MIT
# mount: no
# timeout: 120
"""The states of a file's content, and all that leads from one to another, as a model: random events on many files at
once, each compared with an array after every step.

TABLE is fs/content.c's picture as seen from outside. A row's event is done to a file that was brought into the first
state and must leave it in the second; "=" is the same one. The run fails unless each row happened, whatever the random
events were. Between them the mount ends or is killed; without it the store is read, and changed, by `alcm`.

ALCM_CONTENT_ROUNDS rounds (3, which is the least; 60 with E2E_SCALE=full, and E2E_TIMEOUT), seed ALCM_CONTENT_SEED.
Each thread does the same for the same seed; which comes first, the machine decides.
"""
import collections
import contextlib
import errno
import os
import random
import re
import threading
import time

import e2e
import modelled
from content_events import MAX_FILES, N_CROWD, SMALL, Events, alcm, at_work, cat, close_somehow, state_of, stop

TABLE = """
undecided   write_head           blob        npy safetensors lossy floats blob
undecided   write_behind         plain       npy safetensors floats noise text
undecided   write_other          plain       noise text
undecided   allocate             plain       npy floats noise
undecided   extend_write_head    blob        npy safetensors
undecided   extend_write_head    plain       floats
undecided   close                undecided   npy floats text
plain blob  empty                undecided   npy safetensors floats
plain       complete_head        blob        blob
plain       close                blob        npy safetensors floats
plain       close                plain       noise text
plain       close_under_reader   blob        npy floats
plain       close_under_mapping  blob        npy floats
plain       read_beside_close    blob        npy safetensors floats
plain       write_beside_close   blob        npy safetensors
plain       close_beside_writer  plain       npy safetensors
plain       close_linked         plain       npy
plain       close_grown          blob        npy safetensors
plain       close_rewritten      plain       floats
blob        close                blob        npy safetensors lossy floats blob
blob        close_small          plain       npy safetensors floats
blob        work_in              plain       floats
blob        work_in              blob        npy
plain blob  write                =           npy safetensors floats noise
plain blob  write_head_again     =           npy safetensors
plain blob  append               =           npy floats text
plain blob  shrink               =           npy floats
plain blob  grow                 =           npy floats
plain blob  punch                =           npy floats
plain blob  zero                 =           npy floats
plain blob  reserve              =           npy floats
plain blob  write_mapped         =           npy safetensors floats noise
plain blob  write_after_close    =           npy floats
plain blob  fsync                =           npy floats
plain       close_duplicate      =           noise text
blob        close_duplicate      =           npy lossy floats
plain blob  read_cold            =           npy safetensors lossy floats
plain blob  rename               =           npy floats
plain blob  rename_over          =           npy floats
plain blob  exchange             =           npy floats
plain blob  link                 =           npy floats
plain blob  unlink_open          =           npy floats
plain blob  pack_mounted         =           npy
plain blob  evict                =           npy safetensors floats
undecided   evict                =           npy floats
plain       forget               =           text noise
blob        forget               =           npy lossy floats blob
"""
# What needs the others to stand still: see Run.
TABLE_OF_RUN = """
plain       rest                 blob        floats
plain       rest                 plain       noise
plain       rest_under_reader    plain       floats
plain       rest_under_mapping   plain       floats
plain       rest_beside_writer   plain       floats
plain       rest_released        blob        floats
plain       kill_taking_up       =           npy
plain       kill                 =           noise
blob        kill                 =           npy
plain       remount              =           noise
blob        remount              =           safetensors
plain       pack                 blob        npy
blob        unpack               plain       npy
blob        replace              plain       floats
"""
Row = collections.namedtuple("Row", "before event after kind")

OPTIONS = "idle=1,budget=8,chunk=128,threads=2"
KINDS = (("npy", "floats", "floats", "noise"), ("safetensors", "floats", "floats", "text"),
         ("npy", "floats", "blob", "lossy"))
ROUNDS = int(os.environ.get("ALCM_CONTENT_ROUNDS", "60" if e2e.FULL else "3"))
N_BATCHES, N_STEPS = 3, 12
SEED = int(os.environ.get("ALCM_CONTENT_SEED", "1"))
# What would be a SIGBUS, or succeed, when the daemon is killed at that moment.
UNSAFE = ("write_mapped", "write_after_close", "close_under_mapping", "write_beside_close", "read_beside_close",
          "pack_mounted")
GONE = (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO)  # what a killed mount answers


def rows(table):
    for line in table.strip().splitlines():
        befores, event, after, kinds = re.split("  +", line)
        for before in befores.split():
            for kind in kinds.split():
                if before != "blob" or kind not in ("noise", "text"):
                    yield Row(before, event, before if after == "=" else after, kind)


class Player(Events):
    """A thread that makes events happen to files of its own."""

    def __init__(self, index, kinds):
        super().__init__(random.Random(SEED * 1000 + index), kinds)
        self.n_steps, self.failure, self.calm = 0, None, False
        self.visited = set()
        self.rows = [row for row in rows(TABLE) if row.kind in kinds]

    def visit(self, row):
        """The row as it stands. Another thread's eviction may make the mount look at the file again, and a slow machine
        let it rest; then it is done again."""
        file = self.rng.choice([f for f in self.files if f.kind == row.kind])
        for _ in range(4):
            self.log.append(f"--- {row}")
            before = (self.n_evictions, 0) if not self.n_evicting else None
            if row.event == "evict":  # the descriptor of a file that lost a name is kept
                self.anew(file)
            self.bring(file, row.before)
            getattr(self, row.event)(file)
            if row.after != row.before:
                with contextlib.suppress(RuntimeError):
                    e2e.wait_until(lambda: state_of(file) == row.after, "the state", 5)
            found = state_of(file)
            file.check_all(row.event)
            if found == row.after:
                self.visited.add(row)
                return
            self.log.append(f"led to {found}")
            rested = row.kind == "floats" and found == "blob" and not any(h.writable for h in file.handles)
            if before == (self.n_evictions, self.n_evicting) and row.event != "evict" and not rested:
                break
        raise AssertionError(f"{file}: {row.event} led from {row.before} to {found}, not {row.after}")

    def any_event(self):
        """In whatever state its file is."""
        file = self.rng.choice(self.files)
        if not file.names:
            file.close_all()
        file.handle(True)
        if len(file.want) < 2 * SMALL:
            self.bring(file, self.rng.choice(("plain", "blob" if file.kind not in ("noise", "text") else "plain")))
        events = [row.event for row in self.rows if row.kind == file.kind and row.before != "undecided"
                  and row.event not in ("work_in", "complete_head", "close_grown", "close_small", "evict")] + ["crowd"]
        event = self.rng.choice(events)
        if self.calm and event in UNSAFE:
            return
        getattr(self, event)(file)
        if file.handles:
            file.check_read(file.handles[0].fd, *file.span(), [file.want], event)
        if self.rng.randrange(8) == 0:
            file.close_all()

    def batch(self):
        try:
            for _ in range(N_STEPS):
                left = [row for row in self.rows if row not in self.visited]
                if left and self.rng.randrange(2) and not self.calm:
                    self.visit(self.rng.choice(left))
                else:
                    self.any_event()
                self.n_steps += 1
        except BaseException as error:  # of a thread: noted for the run
            self.failure = error


class Run:
    """Rounds of batches, each of which ends with what concerns all files."""

    def __init__(self):
        self.rng = random.Random(SEED)
        self.players = [Player(k, kinds) for k, kinds in enumerate(KINDS)]
        self.files = [file for player in self.players for file in player.files]
        self.visited = set()
        self.looking = threading.Event()
        self.onlooker_failure = None
        for folder in ("crowd", modelled.LOSSY):
            os.mkdir(e2e.s(folder))
        for k in range(N_CROWD):
            e2e.write(e2e.s(f"crowd/{k}"), b"1")
        os.setxattr(e2e.s(modelled.LOSSY), "user.alcm.profile", f"bounded-abs:{modelled.BOUND}".encode())

    def saw(self, before, event, after, kind):
        self.visited.add(Row(before, event, after, kind))

    # --- the mount ------------------------------------------------------------------------------------

    @staticmethod
    def mount():
        e2e.mount(OPTIONS, prefix=("prlimit", f"--nofile={MAX_FILES}:{MAX_FILES}"))
        os.chdir(e2e.MNT)
        e2e.equal(at_work(), [], "jobs that are left after the mount")

    def unmount(self):
        for file in self.files:
            file.close_all()
        os.chdir("/")
        e2e.unmount()

    def kill(self):
        e2e.kill_daemon()

    def recover(self):
        """After a kill: what was committed is there, the rest as it was at some moment."""
        os.chdir("/")
        for file in self.files:
            for handle in file.handles:
                close_somehow(handle.fd)
            file.handles.clear()
        self.mount()
        names = collections.defaultdict(list)
        for folder in ("", modelled.LOSSY + "/"):
            for entry in os.scandir("./" + folder):
                if entry.is_file():
                    names[entry.inode()].append(folder + entry.name)
        for file in self.files:
            # The number of a file that has lost its names may be another's by now.
            self.recover_one(file, sorted(names.pop(file.ino, [])) if file.names else [])
        for left in names.values():
            for name in left:
                os.unlink(name)

    @staticmethod
    def recover_one(file, found):
        expected = [sorted(names) for names in (file.names, file.names_after) if names is not None]
        assert found in expected, f"{file}: after a kill its names are {found}"
        file.names, file.names_after = [n for n in file.names if n in found] + [n for n in found if n not in file.names], None
        states = file.states[file.safe :]
        if not found:
            file.begin_life(b"")
            return
        try:
            got = e2e.read(file.path())
        except OSError as error:
            # Its first save was not finished.
            if error.errno != errno.EIO or all(states):
                raise
            got = b""
            os.truncate(file.path(), 0)
        # The kernel cuts a large write into several.
        file.check_length(got, 0, len(got) + 1, states, "after a kill")
        file.check(got, 0, states, "after a kill")
        file.begin_life(got)

    # --- batches -----------------------------------------------------------------------------------------

    def onlook(self):
        rng = random.Random()
        try:
            while self.looking.is_set():
                rng.choice(self.files).look(rng)
                time.sleep(0.001)
        except BaseException as error:  # of a thread: noted for the run
            if not (isinstance(error, OSError) and error.errno in GONE):
                self.onlooker_failure = error

    def batch(self, kill=False):
        self.looking.set()
        threads = [threading.Thread(target=player.batch) for player in self.players]
        onlooker = threading.Thread(target=self.onlook)
        for player in self.players:
            player.calm = kill
        goal = sum(p.n_steps for p in self.players) + self.rng.randrange(2, len(self.players) * N_STEPS)
        for thread in [*threads, onlooker]:
            thread.start()
        if kill:
            e2e.wait_until(lambda: sum(p.n_steps for p in self.players) >= goal or
                           any(p.failure for p in self.players), "steps")
            self.kill()
        for thread in threads:
            thread.join()
        self.looking.clear()
        onlooker.join()
        for player in self.players:
            if kill and isinstance(player.failure, OSError) and player.failure.errno in GONE:
                player.failure = None
            if player.failure:
                raise player.failure
        if self.onlooker_failure:
            raise self.onlooker_failure

    def check_all(self, how):
        for file in self.files:
            file.check_all(how)
            file.trim()

    # --- what concerns all ------------------------------------------------------------------------------

    def some(self, kind, n=1):
        return self.rng.sample([file for file in self.files if file.kind == kind], n)

    def anew(self, file, state, n=None):
        player = self.players[0]
        player.anew(file)
        player.bring(file, state, n)
        return player

    def rest(self):
        """Files changed in place are compressed when they are quiet, but not under those who have them open. They are
        looked at one after the other, so when the last one is, all were."""
        idle, read, mapped, written, last = self.some("floats", 5)
        noise, = self.some("noise")
        for file in (idle, noise, read, mapped, written, last):
            player = self.anew(file, "plain")
            if file is mapped:
                reader = file.open(False)
                file.map(reader)
                file.close(reader)
            if file is written:
                file.open(True)
            player.close_rewritten(file)
            if file is read:  # when it already waits
                file.open(False)
        e2e.wait_until(lambda: state_of(last) == "blob", "the last file rests")
        for file, event, after in ((idle, "rest", "blob"), (noise, "rest", "plain"), (read, "rest_under_reader", "plain"),
                                   (mapped, "rest_under_mapping", "plain"), (written, "rest_beside_writer", "plain")):
            e2e.equal(state_of(file), after, f"{file}: {event}")
            file.check_all(event)
            self.saw("plain", event, after, file.kind)
        for file in (read, mapped, written):
            file.close_all()
        for file in (read, mapped, written):
            e2e.wait_until(lambda file=file: state_of(file) == "blob", f"{file} rests at last")
            file.check_all("rested")
        self.saw("plain", "rest_released", "blob", "floats")

    def kill_at_rest(self):
        """What was synced is there, also of a file that is just being taken up."""
        noise, npy, big = *self.some("noise"), *self.some("npy", 2)
        for file, state in ((noise, "plain"), (npy, "blob")):
            player = self.anew(file, state)
            player.fsync(file)
            player.write(file)
        for _ in range(20):
            player = self.anew(big, "plain", 3_900_000)
            player.fsync(big)
            fd = big.handles[0].fd
            closing = threading.Thread(target=close_somehow, args=(fd,))
            big.handles.clear()
            closing.start()
            while closing.is_alive() and not at_work():
                pass
            time.sleep(self.rng.random() * 0.02)
            self.kill()
            closing.join()
            half = at_work()
            self.recover()
            for file, state in ((noise, "plain"), (npy, "blob")):
                e2e.equal(state_of(file), state, f"{file}: after a kill")
                self.saw(state, "kill", state, file.kind)
            if half:
                self.saw("plain", "kill_taking_up", "plain", "npy")
                break
        player.bring(big, "blob")

    def remount(self):
        """The store without its mount: read, checked and changed by alcm."""
        noise, tensors, floats, plain, blob = *self.some("noise"), *self.some("safetensors"), *self.some("floats"), *self.some("npy", 2)
        for file, state in ((noise, "plain"), (tensors, "blob"), (floats, "blob"), (plain, "plain"), (blob, "blob")):
            player = self.anew(file, state)
        player.close_linked(plain)
        player.unlink(plain, plain.names[1])
        self.unmount()
        self.check_store()
        for file, verb, after in ((plain, "pack", "blob"), (blob, "unpack", "plain")):
            done = alcm(verb, e2e.s(file.path()))
            e2e.equal(done.returncode, 0, f"{file}: alcm {verb}: {done.stderr}")
            e2e.equal(e2e.is_blob(file.path()), after == "blob", f"{file}: alcm {verb}")
            self.saw("plain" if after == "blob" else "blob", verb, after, "npy")
        os.unlink(e2e.s(floats.path()))
        e2e.write(e2e.s(floats.path()), floats.want)
        floats.ino = os.stat(e2e.s(floats.path())).st_ino
        self.check_store()
        self.mount()
        for file, event, before, after in ((noise, "remount", "plain", "plain"), (tensors, "remount", "blob", "blob"),
                                           (floats, "replace", "blob", "plain")):
            e2e.equal(state_of(file), after, f"{file}: {event}")
            self.saw(before, event, after, file.kind)
        self.check_all("after a remount")

    def check_store(self):
        done = alcm("check", e2e.STORE)
        e2e.equal(done.returncode, 0, f"alcm check: {done.stdout}{done.stderr}")
        for file in self.files:
            if file.names:
                got = cat(file)
                file.check(got, 0, [file.want], "without a mount")
                e2e.equal(len(got), len(file.want), f"{file}: size without a mount")
                file.begin_life(got)

    def round(self, number):
        for _ in range(N_BATCHES):
            self.batch()
            self.check_all("after a batch")
        if number % 3 == 0:
            self.rest()
        if number % 3 == 1:
            self.batch(kill=True)
            self.recover()
        if number % 3 == 2:
            self.kill_at_rest()
        self.remount()

    def tour(self):
        """What did not happen by itself."""
        for player in self.players:
            self.visited |= player.visited
        for player in self.players:
            for row in player.rows:
                if row not in self.visited:
                    player.visit(row)
            self.visited |= player.visited

    def all_rounds(self):
        self.mount()
        for number in range(ROUNDS):
            self.round(number)
        self.tour()
        missing = {*rows(TABLE), *rows(TABLE_OF_RUN)} - self.visited
        assert not missing, f"never happened: {sorted(missing)}"
        self.unmount()
        self.check_store()

    def tell(self, error):
        for file in self.files:
            with contextlib.suppress(OSError, IndexError):
                print(file, len(file.want), *(os.getxattr(file.path(), f"user.alcm.{what}").decode() for what in ("state", "why")))
        print(f"ALCM_CONTENT_SEED={SEED} ALCM_CONTENT_ROUNDS={ROUNDS}: {error!r}")
        for k, player in enumerate(self.players):
            print(f"--- thread {k}, at last:", *list(player.log)[-60:], sep="\n")


run = Run()
try:
    run.all_rounds()
except BaseException as failure:
    run.tell(failure)
    raise
stop()
print(f"seed {SEED}: {sum(player.n_steps for player in run.players)} steps, {len(run.visited)} rows")
