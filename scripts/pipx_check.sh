#!/bin/sh
# Installs the wheel with pipx in a clean Debian root and tries it there.
# usage: pipx_check.sh [SUITE]; needs root and mmdebstrap, and dist/ as make dist leaves it.
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
wheel=$(ls dist/guestshell-*.whl)
# whom this host trusts: the package index may be one of its own
trusted=/etc/ssl/certs/ca-certificates.crt
packages=ca-certificates,pipx,python3-guestfs,linux-image-amd64,qemu-utils,fdisk,less
mmdebstrap --quiet --variant=apt --include="$packages" --format=null \
  --customize-hook="copy-in $wheel packaging/debian/tests/opens-an-image /home" \
  --customize-hook='chroot "$1" useradd --create-home examiner' \
  --customize-hook='mv "$1"/home/*.whl "$1"/home/opens-an-image "$1/home/examiner"' \
  --customize-hook="upload $trusted $trusted" \
  --customize-hook='chroot "$1" runuser -l examiner -c "PIP_CERT='$trusted' pipx install ./*.whl"' \
  --customize-hook='chroot "$1" runuser -l examiner -c "PATH=\$HOME/.local/bin:\$PATH sh -x ./opens-an-image"' \
  "$suite" -
