#!/bin/sh
# Installs what is made of the declarations: the manual page and the completion of each shell.
# usage: install_shared.sh ROOT ZSH_DIRECTORY FISH_DIRECTORY, run where guestshell can be imported
set -eu
root=$1 zsh=$2 fish=$3
python=${PYTHON:-python3}
completion() {
  mkdir -p "$root$2"
  "$python" -m guestshell completion "$1" >"$root$2/$3"
}
"$python" -m guestshell.manual "$root/usr/share/man/man1"
completion bash /usr/share/bash-completion/completions guestctl
completion zsh "$zsh" _guestctl
completion fish "$fish" guestctl.fish
