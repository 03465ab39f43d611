#!/bin/sh
# Builds the Debian package in one clean Debian root, and installs and tries it in another.
# usage: deb_check.sh [SUITE]; needs root and mmdebstrap, keeps nothing but dist/.
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
mkdir -p dist
rm -f dist/guestctl_*  # of another version
cp -r CHANGELOG.md LICENSE README.md pyproject.toml guestshell packaging scripts "$source"

echo "== build in a clean $suite"
mmdebstrap --quiet --variant=apt --include=dpkg-dev,lintian --format=null \
  --customize-hook="sync-in $source /usr/src" \
  --customize-hook='cd "$1/usr/src" && cp -r packaging/debian debian' \
  --customize-hook='chroot "$1" apt-get build-dep --yes -qq /usr/src >/dev/null' \
  --customize-hook='rm -r "$1/usr/src/debian"; chroot "$1" /usr/src/scripts/build_deb.sh' \
  --customize-hook='chroot "$1" sh -c "lintian --info --display-info --pedantic --fail-on error,warning --allow-root /usr/src/dist/*.changes"' \
  --customize-hook='sync-out /usr/src/dist dist' \
  "$suite" -

package=$(ls dist/guestctl_*_all.deb)
echo "== install and try $package in a clean $suite"
mmdebstrap --quiet --variant=apt --format=null \
  --customize-hook="copy-in $package packaging/debian/tests/opens-an-image /root" \
  --customize-hook='chroot "$1" sh -c "apt-get install --yes -qq --no-install-recommends /root/*.deb >/dev/null"' \
  --customize-hook='chroot "$1" bash -c "source /usr/share/bash-completion/completions/guestctl && complete -p guestctl"' \
  --customize-hook='chroot "$1" ls -l /usr/share/man/man1/guestctl.1.gz /usr/share/zsh/vendor-completions/_guestctl /usr/share/fish/vendor_completions.d/guestctl.fish' \
  --customize-hook='chroot "$1" useradd --create-home examiner' \
  --customize-hook='cp "$1/root/opens-an-image" "$1/home/examiner"' \
  --customize-hook='chroot "$1" runuser -l examiner -c "sh -x ./opens-an-image"' \
  "$suite" -
