"""The commands: one file per help category, one declaration per command.

Importing this package imports every module in it, which registers what they declare.
"""

import importlib
import pkgutil

from guestshell.commands.declaration import COMMANDS, GuestCommand

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["COMMANDS", "GuestCommand"]
