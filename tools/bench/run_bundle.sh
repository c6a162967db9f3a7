#!/bin/bash
# SPDX-License-Identifier: MIT
# What the bundles' run_canonical.sh share: run_bundle.sh BUNDLE [OUT]
# Makes (or takes) the bundle's data, checks its SHA-256, measures our codec and the others on it, and
# compares our submission with the bundle's example. Submissions are left in OUT (default: a
# folder of build-bench). ALCM_LAB names the program to measure; without it one is built.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bundle=$top/tools/bench/bundles/$1
name=$1
out=${2:-$top/build-bench/bundles/$name}
# shellcheck source=tools/deps.sh
. "$top/tools/deps.sh"
PATH=/usr/bin:$PATH # Debian's Python is the one that has NumPy

[ -d "$bundle" ] || { echo "$name: there is no such bundle" >&2; exit 1; }
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${ALCM_LAB:-}" ]; then
    packages_install "${packages_build[@]}" "${packages_bench[@]}" python3 python3-numpy
    [ -e "$top/build-bench/build.ninja" ] || meson setup "$top/build-bench" "$top" >/dev/null
    ninja -C "$top/build-bench" >/dev/null
    ALCM_LAB=$top/build-bench/tools/lab/alcm-lab
fi

mkdir "$work/$name"
if [ -d "$bundle/data" ]; then
    cp -R "$bundle/data/." "$work/$name"
else
    python3 "$bundle/make_data.py" "$work/$name"
fi
(cd "$work/$name" && sha256sum --quiet --strict -c "$bundle/checksum.sha256") ||
    { echo "$name: the data is not what the figures are of" >&2; exit 1; }

# Every codec's output is decoded and compared in every round.
(cd "$work" && "$ALCM_LAB" bench --peers --rounds "${ROUNDS:-5}" --dataset "$name" \
    --submitter "${SUBMITTER:-alcmfs}" --submissions "$out" "$name") | awk 'BEGIN { RS = "" } { last = $0 } END { print last }'
"$ALCM_LAB" leaderboard validate "$out"/*.json >/dev/null
"$ALCM_LAB" leaderboard validate --expect "$bundle/example_submission.json" "$out/alcm.json"
echo "to take part: alcm-lab leaderboard add tools/bench/leaderboard.json $out/alcm.json"
