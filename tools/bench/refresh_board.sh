#!/bin/bash
# SPDX-License-Identifier: MIT
# Measure every bundle with every codec, and make the board of these figures alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for bundle in "$here"/bundles/*/; do
    "$bundle/run_canonical.sh" "$out/$(basename "$bundle")"
done
rm -f "$here/leaderboard.json" "$here/leaderboard.md"
"${ALCM_LAB:-$here/../../build-bench/tools/lab/alcm-lab}" leaderboard add "$here/leaderboard.json" "$out"/*/*.json
