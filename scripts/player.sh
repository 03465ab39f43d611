#!/bin/sh
# Puts the player of the landing page's recording into a directory, once.
set -eu
version=3.18.0
[ -f "$1/asciinema-player.min.js" ] && exit 0
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
npm pack --silent --pack-destination "$package" "asciinema-player@$version" >/dev/null
tar -xzf "$package/asciinema-player-$version.tgz" -C "$package"
cp "$package/package/dist/bundle/asciinema-player.css" \
  "$package/package/dist/bundle/asciinema-player.min.js" "$1"
