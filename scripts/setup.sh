#!/bin/sh
# Installs what is missing: distribution packages, a kernel for the appliance, .venv.
# Safe to run again; a second run takes a second. Says what it installs and what it could not.
set -u
cd "$(dirname "$0")/.." || exit 1

say() { printf '%s\n' "setup: $*" >&2; }
die() { say "$*"; exit 3; }
has() { command -v "$1" >/dev/null 2>&1; }

PATH=$PATH:/usr/sbin:/sbin
export PATH DEBIAN_FRONTEND=noninteractive

if [ "$(id -u)" = 0 ]; then
  as_root() { "$@"; }
elif has sudo; then
  as_root() { sudo "$@"; }
else
  as_root() { false; }
fi

if has apt-get; then family=apt
elif has dnf; then family=dnf
elif has zypper; then family=zypper
elif has pacman; then family=pacman
else family=none
fi

architecture=$(uname -m)

package_for() { # the package that brings a thing, by family
  case "$family:$1" in
    apt:guestfs) echo python3-guestfs ;;
    dnf:guestfs|zypper:guestfs) echo python3-libguestfs ;;
    pacman:guestfs) echo libguestfs ;;
    apt:venv) echo python3-venv ;;
    dnf:venv|zypper:venv) echo python3-pip ;;
    pacman:venv) echo python ;;
    apt:qemu) case $architecture in
        x86_64) echo qemu-system-x86 ;; aarch64) echo qemu-system-arm ;; *) echo qemu-system ;;
      esac ;;
    dnf:qemu) echo qemu-kvm ;;
    zypper:qemu) echo qemu ;;
    pacman:qemu) echo qemu-base ;;
    apt:qemu-img) echo qemu-utils ;;
    dnf:qemu-img|pacman:qemu-img) echo qemu-img ;;
    zypper:qemu-img) echo qemu-tools ;;
    apt:kernel) case $architecture in
        x86_64) if grep -q '^ID=ubuntu' /etc/os-release; then echo linux-image-generic
                else echo linux-image-amd64; fi ;;
        aarch64) if grep -q '^ID=ubuntu' /etc/os-release; then echo linux-image-generic
                 else echo linux-image-arm64; fi ;;
        *) echo linux-image-generic ;;
      esac ;;
    dnf:kernel) echo kernel-core ;;
    zypper:kernel) echo kernel-default ;;
    pacman:kernel) echo linux ;;
    apt:sfdisk) echo fdisk ;;
    *:sfdisk) echo util-linux ;;
    *:mke2fs) echo e2fsprogs ;;
    apt:bsdtar) echo libarchive-tools ;;
    apt:cryptsetup) echo cryptsetup-bin ;;
    apt:cvtsudoers) echo sudo ;;
    apt:db_load) echo db-util ;;
    apt:hexdump) echo bsdextrautils ;;
    apt:hivexml) echo libhivex-bin ;;
    apt:hivexregedit) echo libwin-hivex-perl ;;
    apt:journalctl) echo systemd ;;
    apt:nbdfuse) echo libnbd-bin fuse3 ;;
    apt:mkfs.btrfs) echo btrfs-progs ;;
    apt:mkfs.ntfs) echo ntfs-3g ;;
    apt:mkfs.vfat) echo dosfstools ;;
    apt:mksquashfs) echo squashfs-tools ;;
    apt:pacman) echo pacman-package-manager ;;
    apt:rpmbuild) echo rpm ;;
    apt:virt-inspector) echo guestfs-tools ;;
    apt:objdump) echo binutils ;;
    apt:guestfs.h) echo libguestfs-dev ;;
    *:guestfish) case $family in apt) echo libguestfs-tools ;; dnf|zypper) echo guestfs-tools ;;
                 *) echo guestfs-tools ;; esac ;;
    *) echo "$1" ;;
  esac
}

# The distribution's python3, the one that its packages install for; a pyenv python on PATH,
# or any other, is not asked.
system_python() {
  for candidate in /usr/bin/python3 /usr/bin/python3.1[1-9]; do
    [ -x "$candidate" ] || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$candidate"
    return 0
  done
  return 1
}

has_guestfs() { python=$(system_python) && "$python" -c 'import guestfs' 2>/dev/null; }
has_venv() { python=$(system_python) && "$python" -c 'import venv, ensurepip' 2>/dev/null; }
has_qemu() { has "qemu-system-$architecture" || has qemu-kvm || [ -x /usr/libexec/qemu-kvm ]; }
has_kernel() {
  for modules in /lib/modules/*/; do
    version=$(basename "$modules")
    [ -e "/boot/vmlinuz-$version" ] || [ -e "$modules/vmlinuz" ] && return 0
  done
  return 1
}

missing=""
need() { missing="$missing $(package_for "$1")"; }

system_python >/dev/null || need python3
has_guestfs || need guestfs
has_venv || need venv
has_qemu || need qemu
has qemu-img || need qemu-img
has supermin || need supermin
has_kernel || need kernel
has mke2fs || need mke2fs
has sfdisk || need sfdisk
has less || need less
if [ "${1:-}" = tests ]; then
  has guestfish || need guestfish
  has mmdebstrap || { [ "$family" = apt ] && need mmdebstrap; }
  has tmux || need tmux
  has zsh || need zsh
  has fish || need fish
  # what makes the images of the tests, and the oracles that they ask
  for tool in bsdtar cryptsetup cvtsudoers db_load file hexdump hivexml hivexregedit journalctl jq \
      makepkg mandoc mkfs.btrfs mkfs.ntfs mkfs.vfat mksquashfs nbdfuse nbdkit objdump pacman rpm rpmbuild \
      sqlite3 virt-inspector zstd; do
    has "$tool" || { [ "$family" = apt ] && need "$tool"; }
  done
  [ -e /usr/include/guestfs.h ] || { [ "$family" = apt ] && need guestfs.h; }
  [ -x /lib/systemd/systemd-journal-remote ] || { [ "$family" = apt ] && need systemd-journal-remote; }
fi

if [ -n "$missing" ]; then
  say "installing$missing"
  [ "$(id -u)" = 0 ] || has sudo || die "that needs root, and there is no sudo"
  log=$(mktemp)
  # shellcheck disable=SC2086
  case $family in
    apt) as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends $missing ;;
    dnf) as_root dnf install -y -q $missing ;;
    zypper) as_root zypper --non-interactive --quiet install $missing ;;
    pacman) as_root pacman -S --noconfirm --needed --quiet $missing ;;
    none) false ;;
  esac >"$log" 2>&1
  status=$?
  [ $status = 0 ] || tail -n 3 "$log" >&2
  rm -f "$log"
  [ $status = 0 ] || die "could not install$missing: install them by hand and run this again"
fi

python=$(system_python) || die "no Python 3.11 or newer in /usr/bin: this distribution is too old"
has_guestfs || die "$python cannot import guestfs: install the libguestfs binding for it"
has_kernel || die "no kernel with its modules: install one, the appliance boots it"

# a kernel that only root may read (Ubuntu) stops the appliance of everybody else
if [ "$(id -u)" != 0 ]; then
  for kernel in /boot/vmlinuz-*; do
    [ -e "$kernel" ] && [ ! -r "$kernel" ] && {
      say "making $kernel readable, for the appliance to boot"
      as_root chmod a+r "$kernel" || say "could not: run sudo chmod a+r $kernel"
    }
  done
fi

extra=""
[ "${1:-}" = tests ] && extra="[dev]"
stamp=.venv/.installed$extra
if [ ! -x .venv/bin/python ] || [ "$(readlink -f .venv/bin/python)" != "$(readlink -f "$python")" ]; then
  say "making .venv with $python"
  rm -rf .venv
  "$python" -m venv .venv || die "could not make .venv"
fi
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  say "installing guestshell$extra into .venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$extra" 2>.venv/pip.log || {
    grep -v WARNING .venv/pip.log | tail -n 5 >&2
    die "could not install guestshell$extra: is the package index reachable?"
  }
  touch "$stamp"
fi
