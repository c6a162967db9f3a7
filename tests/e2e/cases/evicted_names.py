# SPDX-License-Identifier: MIT
# mount: no
# timeout: 120
# also: user
"""Open files whose names come and go while the daemon has not descriptors enough for all of them: 8 threads
hold, stat, write, rename and unlink, with a limit of 256."""
import os
import random
import threading

import e2e

N_THREADS, N_HELD, N_STEPS = 8, 30, 20_000 if e2e.FULL else 1500
e2e.mount(prefix=("prlimit", "--nofile=256:256"))
tensor = e2e.npy(1500)
failures = []
mutex = [threading.Lock() for _ in range(N_THREADS)]
held = [[] for _ in range(N_THREADS)]  # of each thread: [descriptor, name or None, content]


def work(me):
    rng = random.Random(me)
    os.mkdir(e2e.m(f"d{me}"))
    for step in range(N_STEPS):
        name = e2e.m(f"d{me}/{step}")
        if len(held[me]) < N_HELD:
            data = tensor if step % 3 == 0 else b"%d" % step
            fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            os.write(fd, data)
            with mutex[me]:
                held[me].append([fd, name, data])
            continue
        entry = rng.choice(held[me])
        kind = rng.randrange(6)
        if kind == 0 and entry[1]:
            os.rename(entry[1], name)
            entry[1] = name
        elif kind == 1 and entry[1] and sum(not e[1] for e in held[me]) < 4:  # these do need descriptors
            os.unlink(entry[1])
            entry[1] = None
        elif kind == 2 and entry[1]:
            os.link(entry[1], name)
            os.unlink(entry[1])
            entry[1] = name
        elif kind == 3:
            os.pwrite(entry[0], entry[2][:7], 0)
        elif kind == 4:
            e2e.equal(os.pread(entry[0], 100_000, 0), entry[2], f"step {step}")
        else:
            with mutex[me]:
                held[me].remove(entry)
            os.close(entry[0])
            if entry[1]:
                os.unlink(entry[1])


def look(me):
    """At what another thread has open."""
    rng = random.Random(me)
    while not done.is_set():
        with mutex[me]:
            for fd, _, data in rng.sample(held[me], min(5, len(held[me]))):
                e2e.equal(os.fstat(fd).st_size, len(data), "size")


def guarded(function, me):
    try:
        function(me)
    except BaseException as error:  # of a thread: noted for the end
        failures.append(f"{function.__name__} {me}: {error!r}")


done = threading.Event()
writers = [threading.Thread(target=guarded, args=(work, k)) for k in range(N_THREADS)]
lookers = [threading.Thread(target=guarded, args=(look, k)) for k in range(N_THREADS)]
for thread in writers + lookers:
    thread.start()
for thread in writers:
    thread.join()
done.set()
for thread in lookers:
    thread.join()
e2e.equal(failures, [], "failures")
for entries in held:
    for fd, _, _ in entries:
        os.close(fd)
assert "not saved" not in e2e.log_text(), e2e.log_text()
