#!/bin/sh
# Builds dist/guestctl_VERSION_all.deb; needs dpkg-dev and the Build-Depends of
# packaging/debian/control. Debian's tools want debian/ at the top of a tree, so one is made.
set -eu
cd "$(dirname "$0")/.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/guestshell" dist
cp -r CHANGELOG.md LICENSE README.md pyproject.toml guestshell packaging "$tree/guestshell"
find "$tree" -name __pycache__ -exec rm -rf {} +
cd "$tree/guestshell"
mv packaging/debian debian
dpkg-buildpackage --build=full --no-sign
cd "$OLDPWD"
rm -f dist/guestctl_* dist/guestshell_*
mv "$tree"/guestctl_* "$tree"/guestshell_* dist/
