"""Language and keyboard: locale.conf(5), vconsole.conf(5), keyboard(5) and what came before."""

from collections.abc import Iterator

from guestshell.guest.facts.configuration.rows import Setting
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.formats.assignments import read_assignments
from guestshell.values import Name

_LOCALE = ("LANG", "LANGUAGE", "LC_", "RC_LANG", "RC_LC_")
_KEYBOARD = ("KEYMAP", "KEYTABLE", "KEYBOARDTYPE", "XKB", "keymap")
_FILES = (
    ("/etc/locale.conf", _LOCALE),
    ("/etc/default/locale", _LOCALE),
    ("/etc/environment", _LOCALE),
    ("/etc/sysconfig/i18n", _LOCALE),
    ("/etc/sysconfig/language", _LOCALE),
    ("/etc/env.d/02locale", _LOCALE),
    ("/etc/profile.d/20locale.sh", _LOCALE),
    ("/etc/vconsole.conf", (*_KEYBOARD, "FONT")),
    ("/etc/default/keyboard", _KEYBOARD),
    ("/etc/sysconfig/keyboard", _KEYBOARD),
    ("/etc/conf.d/keymaps", _KEYBOARD),
)
"""Files of systemd, Debian, Red Hat, SUSE, Gentoo and Alpine."""


def read_locale(files: Files) -> Iterator[Setting]:
    """Yield the variables of language and keyboard that files set, empty ones left out."""
    for path, prefixes in _FILES:
        for name, value in read_assignments(files, path).items():
            if name.startswith(prefixes) and value:
                yield Setting(name=name, value=value, file=Name(path))
