#!/bin/sh
# Opens the shell, on the teaching image or the one named; without a terminal, a scripted tour.
set -eu
cd "$(dirname "$0")/.."
image=${1:-$(.venv/bin/guestctl demo --build-only)}
if [ -t 0 ]; then
  exec .venv/bin/guestctl interactive "$image"
fi
tour=$(mktemp)
trap 'rm -f "$tour"' EXIT
cat >"$tour" <<'LINES'
inspect
ls -l /etc
cat /etc/hostname
find / -type f -perm -4000
hash /etc/passwd
LINES
sed 's/^/guestctl> /' "$tour" >&2
.venv/bin/guestctl interactive "$image" <"$tour"
