#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""np.save + fsync and cold and warm np.load through alcmfs, libfuse's passthrough example and the plain
directory, side by side: prints a Markdown table of medians.

    mount_bench.py [--build DIR] [--dir DIR] [--mib N] [--rounds N] [--passthrough PATH] [--options O] [--btrfs]
                   [--read-ahead KIB,KIB,…]

Every round does all three targets, each round beginning with another one, so that a slow minute of the
machine hurts all alike. All three lie on the same file system, in a folder made below --dir. Caches are
dropped before the cold load (as root; otherwise by posix_fadvise on the file and on the store's file).
With --btrfs (as root, with Debian's btrfs-progs) there is also a btrfs with compress-force=zstd:3, on a loop
device in such a folder; its compressing is the kernel's and not in any column of CPU time.
With --read-ahead (as root) alcmfs is there once for each of these settings of the kernel's read-ahead.
The passthrough example is compiled from what libfuse3-dev installs, or is a program named by
--passthrough (called as PROGRAM -f -o source=DIR MOUNTPOINT); without any, its column is left out.

The data, fp32, is made to be like trained weights where it matters to a lossless codec: mantissas are
noise, so all that there is to gain lies in sign and exponent, and the exponents' entropy is that of the
scales that are mixed. Tensors of 1 M values in rows of 1,024 are normal; a row's scale is log-normal
around its tensor's (sigma 0.05), a tensor's is log-uniform in 0.02 to 0.06, and one tensor in 25, as an
embedding, has scale 1. The exponents then have about 2.85 bits of entropy, as those of all weights of the
corpus's step600; those of one normal distribution have 2.55. Nothing repeats.
"""

import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = "/usr/share/doc/libfuse3-dev/examples"
MIB = 1 << 20
TENSOR, ROW = 1 << 20, 1 << 10
N_FAULTS = 300
HERTZ = os.sysconf("SC_CLK_TCK")


def make_data(n_mib):
    rng = np.random.default_rng(1)
    out = np.empty((n_mib * MIB // 4 // TENSOR, TENSOR // ROW, ROW), dtype="f4")
    for i, tensor in enumerate(out):
        scale = 1.0 if i % 25 == 24 else np.exp(rng.uniform(np.log(0.02), np.log(0.06)))
        rng.standard_normal(dtype="f4", out=tensor)
        tensor *= (scale * np.exp(rng.normal(0, 0.05, (len(tensor), 1)))).astype("f4")
    return out


def exponent_entropy(data):
    counts = np.bincount((data.reshape(-1)[:: 1 + data.size // 10_000_000].view("u4") >> 23) & 255)
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())


# --- targets -------------------------------------------------------------------------------------


class Target:
    """A directory to save to: `path` is the file as the application sees it, `stored` as it lies."""

    def __init__(self, name, folder, command=None):
        self.name, self.process = name, None
        self.store, mnt = os.path.join(folder, "store"), os.path.join(folder, "mnt")
        os.makedirs(self.store)
        os.makedirs(mnt)
        self.mnt = mnt if command else self.store
        if command:
            before = os.stat(mnt).st_dev
            self.process = subprocess.Popen([a.format(store=self.store, mnt=mnt) for a in command])
            while os.stat(mnt).st_dev == before:
                if self.process.poll() is not None:
                    sys.exit(f"mount_bench: {command[0]} ended with {self.process.returncode}")
                time.sleep(0.01)
        self.path, self.stored = (os.path.join(d, "w.npy") for d in (self.mnt, self.store))

    def cpu_seconds(self):
        """What the daemon has used so far."""
        if not self.process:
            return 0.0
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / HERTZ

    def bytes_written(self):
        """What its writers have sent to the disk so far: the daemon, or without one we ourselves."""
        with open(f"/proc/{self.process.pid if self.process else 'self'}/io", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("write_bytes"))

    def stored_bytes(self):
        return os.stat(self.stored).st_blocks * 512

    def set_read_ahead(self, kib):
        device = os.stat(self.mnt).st_dev
        name = f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb"
        with open(name, "w", encoding="ascii") as f:
            f.write(str(kib))

    def stop(self):
        if self.process:
            subprocess.run(["fusermount3", "-u", self.mnt], check=False)
            self.process.wait()


class Btrfs(Target):
    """A btrfs that compresses, in a file. Space is what the file system has in use."""

    def __init__(self, folder, n_mib):
        image = os.path.join(folder, "image")
        super().__init__("btrfs zstd:3", folder)
        with open(image, "wb") as f:
            f.truncate((3 * n_mib + 1024) * MIB)
        subprocess.run(["mkfs.btrfs", "-q", image], check=True)
        subprocess.run(["mount", "-o", "loop,compress-force=zstd:3", image, self.store], check=True)
        self.empty = self.used()

    def used(self):
        os.sync()
        state = os.statvfs(self.store)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def stored_bytes(self):
        return self.used() - self.empty

    def stop(self):
        subprocess.run(["umount", self.store], check=False)


def passthrough_command(given, work):
    """The command line of a plain passthrough file system, or None."""
    arguments = ["-f", "-o", "source={store}", "{mnt}"]
    if given:
        return [os.path.abspath(given), *arguments]
    sources = glob.glob(f"{EXAMPLES}/passthrough_ll.c*")
    if not sources or not shutil.which("cc"):
        return None
    source, program = os.path.join(work, "passthrough_ll.c"), os.path.join(work, "passthrough_ll")
    with open(source, "wb") as f:
        f.write(subprocess.run(["zcat", "-f", sources[0]], capture_output=True, check=True).stdout)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True)
    compiled = subprocess.run(["cc", "-O2", "-w", "-D_GNU_SOURCE", "-I", EXAMPLES, source, "-o", program,
                               *flags.stdout.split()])
    return [program, *arguments] if compiled.returncode == 0 else None


# --- what is measured --------------------------------------------------------------------------------


def sectors_written(path):
    """512-byte sectors that the device below `path` has written, or None if it can't be told."""
    device = os.stat(path).st_dev
    name = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"
    try:
        with open(name, encoding="ascii") as f:
            return int(f.read().split()[6])
    except OSError:
        return None


def drop_caches(target):
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3")
    except OSError:
        for path in {target.path, target.stored}:
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def save(target, data):
    with open(target.path, "wb") as f:
        np.save(f, data)
        f.flush()
        os.fsync(f.fileno())


def touch_mapped(target):
    """Faults at random places of a mapping."""
    values = np.load(target.path, mmap_mode="r").reshape(-1)
    for at in np.random.default_rng(2).integers(0, values.size, N_FAULTS):
        values[at].item()


def timed(figures, name, target, action):
    """Run `action`; notes seconds and the daemon's CPU seconds."""
    cpu, start = target.cpu_seconds(), time.monotonic()
    result = action()
    figures.setdefault(name, []).append(time.monotonic() - start)
    figures.setdefault(name + " cpu", []).append(target.cpu_seconds() - cpu)
    return result


def one_round(target, data, figures, check):
    if os.path.exists(target.path):
        os.unlink(target.path)
    os.sync()
    before, wrote = sectors_written(target.store), target.bytes_written()
    timed(figures, "save", target, lambda: save(target, data))
    os.sync()
    figures.setdefault("wrote", []).append(target.bytes_written() - wrote)
    if before is not None:
        figures.setdefault("written", []).append((sectors_written(target.store) - before) * 512)
    figures.setdefault("stored", []).append(target.stored_bytes())
    drop_caches(target)
    for name in ("cold", "warm"):
        got = timed(figures, name, target, lambda: np.load(target.path))
        if check and not np.array_equal(got.view("u4"), data.view("u4")):
            sys.exit(f"mount_bench: {target.name}: what was loaded is not what was saved")
        del got
    drop_caches(target)
    timed(figures, "mapped", target, lambda: touch_mapped(target))


ROWS = (
    ("np.save + fsync", "save", "time"),
    ("np.load, cold", "cold", "time"),
    ("np.load, warm", "warm", "time"),
    (f"{N_FAULTS} random places mapped, cold", "mapped", "s"),
    ("bytes written to disk", "wrote", "MiB"),
    ("the whole disk's writes", "written", "MiB"),
    ("space taken", "stored", "MiB"),
    ("daemon's CPU, save", "save cpu", "s"),
    ("daemon's CPU, cold load", "cold cpu", "s"),
)


def cell(kind, value, n_mib):
    if kind == "time":
        return f"{value:.2f} s ({n_mib / value:,.0f} MiB/s)"
    return f"{value / MIB:,.0f} MiB" if kind == "MiB" else f"{value:.2f} s"


def table(targets, figures, n_mib):
    """Medians, with the ratio of the last target (alcmfs) to each other one."""
    names = [t.name for t in targets]
    ratios = [f"{names[-1]} : {name}" for name in names[:-1]]
    lines = [["", *names, *ratios], ["---"] + ["---:"] * (len(names) + len(ratios))]
    for title, key, kind in ROWS:
        if any(key not in figures[name] for name in names):
            continue
        values = [statistics.median(figures[name][key]) for name in names]
        shown = [cell(kind, v, n_mib) for v in values]
        shown += [f"{values[-1] / v:.2f}" if v > 0.005 else "" for v in values[:-1]]
        lines.append([title, *shown])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("ALCM_BUILD", os.path.join(TOP, "build")))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/var/tmp"))
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passthrough", metavar="PROGRAM")
    parser.add_argument("--btrfs", action="store_true")
    parser.add_argument("--read-ahead", default="", metavar="KIB,KIB,…")
    parser.add_argument("--options", default="", help="mount options for alcmfs")
    args = parser.parse_args()
    args.mib = max(4, args.mib // 4 * 4)  # whole tensors

    work = tempfile.mkdtemp(prefix="alcm-bench-", dir=args.dir)
    targets = []
    try:
        data = make_data(args.mib)
        targets.append(Target("plain directory", os.path.join(work, "plain")))
        command = passthrough_command(args.passthrough, work)
        if command:
            targets.append(Target(os.path.basename(command[0]), os.path.join(work, "pass"), command))
        if args.btrfs:
            targets.append(Btrfs(os.path.join(work, "btrfs"), args.mib))
        alcmfs = [os.path.abspath(f"{args.build}/fs/alcmfs"), "-f", "{store}", "{mnt}"]
        alcmfs += ["-o", args.options] if args.options else []
        for kib in args.read_ahead.split(","):
            name = f"alcmfs, {kib} KiB" if kib else "alcmfs"
            targets.append(Target(name, os.path.join(work, f"alcm{kib}"), alcmfs))
            if kib:
                targets[-1].set_read_ahead(kib)
        figures = {target.name: {} for target in targets}
        for i in range(args.rounds):
            turn = i % len(targets)
            for target in targets[turn:] + targets[:turn]:
                one_round(target, data, figures[target.name], check=i == 0)
            print(f"round {i + 1} of {args.rounds}", file=sys.stderr)
        print(f"{args.mib} MiB of fp32, {exponent_entropy(data):.2f} bits of entropy in the exponents; "
              f"medians of {args.rounds} interleaved rounds; {os.cpu_count()} cores\n")
        print(table(targets, figures, args.mib))
    finally:
        for target in targets:
            target.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
