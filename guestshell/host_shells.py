"""Completion of guestctl in bash, zsh and fish: click's own, but paths of a guest stay open."""

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

COMPLETE_VARIABLE = "_GUESTCTL_COMPLETE"
"""Environment variable by which the shells ask, as click's completion does."""


class _Bash(BashComplete):
    """Adds no blank after a directory of the guest."""

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' answer kind value
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    @staticmethod
    def _check_version() -> None:
        """Say nothing: compopt and process substitution are in every bash since 4.0."""

    def format_completion(self, item: CompletionItem) -> str:
        """Give kind and value of a candidate."""
        kind = "open" if _is_open(item) else item.type
        return f"{kind},{item.value}"


class _Zsh(ZshComplete):
    """Adds no blank after a directory of the guest."""

    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a answer plain described open
    local kind value help
    (( ! $+commands[%(prog_name)s] )) && return 1
    answer=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for kind value help in ${answer}; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            open) open+=("$value") ;;
            *) if [[ $help == _ ]]; then plain+=("$value")
               else described+=("${value//:/\\\\:}:$help"); fi ;;
        esac
    done
    [[ -n $described ]] && _describe -V unsorted described -U
    [[ -n $plain ]] && compadd -U -V unsorted -a plain
    [[ -n $open ]] && compadd -U -S '' -V unsorted -a open
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

    def format_completion(self, item: CompletionItem) -> str:
        """Give kind, value and explanation of a candidate, a line each."""
        kind = "open" if _is_open(item) else item.type
        return f"{kind}\n{item.value}\n{item.help or '_'}"


def _is_open(item: CompletionItem) -> bool:
    return item.type not in ("dir", "file") and item.value.endswith("/")


def register() -> None:
    """Have click answer bash and zsh by these."""
    add_completion_class(_Bash, "bash")
    add_completion_class(_Zsh, "zsh")
    add_completion_class(FishComplete, "fish")


def completion_script(program: click.Command, shell: str) -> str:
    """Give what a shell has to read to complete guestctl."""
    register()
    kind: type[ShellComplete] | None = get_completion_class(shell)
    assert kind is not None
    return kind(program, {}, "guestctl", COMPLETE_VARIABLE).source()
