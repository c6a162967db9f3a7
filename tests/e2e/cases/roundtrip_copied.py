# SPDX-License-Identifier: MIT
# also: user
# timeout: 120
"""The bytes of every fixture, good, malformed or no tensor at all, come back exactly."""
import e2e

files = dict(e2e.fixtures())
for name, data in files.items():
    e2e.write(e2e.m(name), data)
e2e.all_read_as(files)

# The small ones are plain, all other .npy files are compressed, and nothing else is.
for group, is_tensor in (("good", True), ("malformed", True), ("plain", False)):
    for name, data in e2e.fixtures(group):
        e2e.equal(e2e.is_blob(name), is_tensor and len(data) >= 4096, f"{name} is a blob")
