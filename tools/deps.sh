#!/bin/bash
# SPDX-License-Identifier: MIT
# Sourced by tools/mount and tools/check: what the project needs of Debian, and how to get it.
# The functions print what they do and return 1 with a reason when something can't be had.
# shellcheck disable=SC2034 # the lists are read by whoever sources this

packages_build=(gcc libc6-dev meson ninja-build pkg-config libfuse3-dev zlib1g-dev
    libzstd-dev libxxhash-dev libcjson-dev check)
packages_mount=(fuse3)
packages_check=(clang clang-format clang-tidy cppcheck shellcheck git procps attr acl e2fsprogs btrfs-progs
    rsync python3 python3-numpy python3-jsonschema)
# For the pages of alcm report, in a real browser.
packages_browser=(chromium chromium-driver python3-selenium fonts-dejavu-core)
# Other codecs, for alcm-lab bench --peers only.
packages_bench=(liblz4-dev libblosc-dev)

# Programs that save checkpoints; tests use those that this Debian has.
packages_frameworks=(python3-torch python3-h5py python3-zarr python3-onnx python3-safetensors)

# Those of the packages named that this Debian has, one a line.
packages_available() {
    local package

    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && echo "$package"
    done
}

# Those of the packages named that aren't installed, one a line.
packages_missing() {
    local package

    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}\n' "$package" 2>/dev/null | grep -q '^.i' ||
            echo "$package"
    done
}

# Whether as_root() can work.
root_reachable() {
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null
}

# Run a command as root, by sudo when we aren't: asks for a password only at a terminal.
as_root() {
    local sudo=()

    if [ "$(id -u)" -ne 0 ]; then
        sudo=(sudo)
        [ -t 0 ] || sudo=(sudo -n)
    fi
    "${sudo[@]}" "$@" </dev/null
}

apt_as_root() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# Install what is missing of the packages named.
packages_install() {
    local missing

    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is no Debian system: install the counterparts of these yourself: $*" >&2
        return 0
    fi
    # No process substitution here: a chroot without /proc has no /dev/fd.
    read -r -d '' -a missing <<<"$(packages_missing "$@")" || true
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! root_reachable; then
        echo "These packages are missing, and only root can install them:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        return 1
    fi
    echo "installing: ${missing[*]}"
    # Package lists that can't be refreshed (an offline mirror) may still be good enough.
    apt_as_root update >/dev/null || echo "apt-get update failed; trying all the same" >&2
    if ! apt_as_root install -y --no-install-recommends "${missing[@]}" >/dev/null; then
        echo "apt-get could not install: ${missing[*]}" >&2
        return 1
    fi
}

# A bare chroot or container may lack /proc or the FUSE device though the kernel has both, and
# /etc/mtab, without which fusermount3 unmounts nothing for an ordinary user.
kernel_files_provide() {
    proc_provide && mtab_provide && fuse_device_provide
}

proc_provide() {
    [ ! -e /proc/self/fd ] || return 0
    echo "/proc is missing: mounting it"
    as_root mount -t proc proc /proc
}

mtab_provide() {
    [ ! -e /etc/mtab ] || return 0
    if ! root_reachable; then
        echo "/etc/mtab is missing: without it only root can unmount; have root run" \
            "'ln -s ../proc/self/mounts /etc/mtab'" >&2
        return 0
    fi
    echo "/etc/mtab is missing: linking it to /proc/self/mounts"
    as_root ln -sf ../proc/self/mounts /etc/mtab
}

fuse_device_provide() {
    [ ! -e /dev/fuse ] || return 0
    if ! root_reachable; then
        echo "/dev/fuse is missing: load the fuse module, or give it to this container" >&2
        return 1
    fi
    echo "/dev/fuse is missing: making it"
    as_root modprobe fuse 2>/dev/null || true
    [ -e /dev/fuse ] || as_root mknod -m 666 /dev/fuse c 10 229
}
