# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2015,SC2119,SC2164
# also: user
# timeout: 120
# A git repository with tensors in it: commit, clone, fsck, gc, checkout of an old state.
# shellcheck source=tests/e2e/lib/e2e.sh
. "$TOP/tests/e2e/lib/e2e.sh"

command -v git >/dev/null || skip "no git"
export HOME=$WORK GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org

git init -q "$MNT/repo"
cd "$MNT/repo"
for i in 1 2 3 4 5; do
    mkdir -p "d$i"
    seq "$i"000 >"d$i/numbers"
    make_npy "d$i/w.npy" $((i * 40))
    git add .
    git commit -qm "state $i"
done
git fsck --full --strict
git clone -q "$MNT/repo" "$MNT/clone"
git clone -q "$MNT/repo" "$WORK/clone"
diff -r -x .git "$MNT/clone" "$WORK/clone"
git gc -q
git fsck --full --strict
[ -z "$(git status --porcelain)" ] || die "status: $(git status --porcelain)"
git checkout -q HEAD~3
[ "$(ls)" = "d1
d2" ] || die "old state: $(ls)"
cd /
remount_store
git -C "$MNT/clone" fsck --full --strict
git -C "$MNT/repo" checkout -q -
diff -r -x .git "$MNT/repo" "$WORK/clone"
is_blob clone/d3/w.npy || die "no blob"
