# SPDX-License-Identifier: MIT
# also: user
"""SQLite databases, with a rollback journal and with a write-ahead log (shared mmap)."""
import sqlite3

import e2e

kept = [(i, j) for i in range(20) for j in range(100) if (i * 100 + j) % 3]
want = (len(kept), sum(10 * i for i, _ in kept))
for mode in ("delete", "truncate", "wal"):
    path = e2e.m(f"{mode}.db")
    with sqlite3.connect(path) as db:
        assert db.execute(f"pragma journal_mode={mode}").fetchone()[0] == mode
        db.execute("create table t (k integer primary key, v blob)")
        for i in range(20):
            db.executemany("insert into t values (?, ?)",
                           [(i * 100 + j, bytes([j]) * (i * 10)) for j in range(100)])
            db.commit()
        db.execute("delete from t where k % 3 = 0")
        db.commit()
        with sqlite3.connect(path) as reader:
            e2e.equal(reader.execute("select count(*) from t").fetchone()[0], want[0], "second reader")
        reader.close()
    db.close()
e2e.remount()
for mode in ("delete", "truncate", "wal"):
    db = sqlite3.connect(e2e.m(f"{mode}.db"))
    e2e.equal(db.execute("pragma integrity_check").fetchone()[0], "ok", mode)
    e2e.equal(db.execute("select count(*), sum(length(v)) from t").fetchone(), want, mode)
    db.close()
