# SPDX-License-Identifier: MIT
"""What docs/format.md demands of the bytes of a plane."""


class Impossible(Exception):
    """Violates a MUST."""


def must(condition, what):
    if not condition:
        raise Impossible(what)
