# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# timeout: 600
# A C project is built in the mount, its programs run, and only what changed is built again.
# E2E_SCALE=full builds alcmfs itself.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

for tool in cc meson ninja; do
    command -v $tool >/dev/null || skip "no $tool"
done
export HOME=$WORK CCACHE_DISABLE=1 # a cache would keep the compiler out of the mount
mkdir -p "$MNT/project/src"
cd "$MNT/project"
for i in $(seq 20); do
    printf '#define VALUE_%d %d\nint part_%d(void);\n' "$i" "$i" "$i" >"src/part_$i.h"
    printf '#include "part_%d.h"\nint part_%d(void)\n{\n\treturn VALUE_%d;\n}\n' "$i" "$i" "$i" >"src/part_$i.c"
done
{
    printf '#include <stdio.h>\n'
    printf '#include "part_%d.h"\n' $(seq 20)
    printf 'int main(void)\n{\n\tprintf("%%d\\n", 0'
    printf ' + part_%d()' $(seq 20)
    printf ');\n\treturn 0;\n}\n'
} >src/main.c
{
    printf "project('sum', 'c')\n"
    printf "parts = static_library('parts', %s)\n" "$(printf "'src/part_%d.c'," $(seq 20))"
    printf "executable('sum', 'src/main.c', link_with: parts)\n"
} >meson.build
meson setup build >"$WORK/setup" || die "$(cat "$WORK/setup")"
ninja -C build >"$WORK/first" || die "$(cat "$WORK/first")"
[ "$(build/sum)" = 210 ] || die "built: $(build/sum)"
[ "$(ninja -C build | tail -n 1)" = "ninja: no work to do." ] || die "built again without a change"
sed -i 's/VALUE_7 7/VALUE_7 1007/' src/part_7.h
ninja -C build -v >"$WORK/second" || die "$(cat "$WORK/second")"
[ "$(build/sum)" = 1210 ] || die "built anew: $(build/sum)"
[ "$(grep -c -- ' -c ' "$WORK/second")" = 2 ] || die "not just part_7.c and main.c: $(cat "$WORK/second")"
cd /
remount_store
[ "$("$MNT/project/build/sum")" = 1210 ] || die "after a remount"
[ "$(ninja -C "$MNT/project/build" | tail -n 1)" = "ninja: no work to do." ] || die "times have changed"

[ "${E2E_SCALE:-ci}" = full ] || exit 0
mkdir "$MNT/alcmfs"
cp -a "$TOP"/{core,fs,tests,tools,docs,meson.build,meson_options.txt} "$MNT/alcmfs"
meson setup "$MNT/alcmfs/build" "$MNT/alcmfs" >"$WORK/setup" || die "$(cat "$WORK/setup")"
ninja -C "$MNT/alcmfs/build" >"$WORK/full" || die "$(tail -n 20 "$WORK/full")"
"$MNT/alcmfs/build/tools/alcm" --version
