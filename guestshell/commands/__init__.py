"""The commands: one file per help category, one declaration per command.

Importing this package imports every module in it, which registers what they declare.
"""

import importlib
import pkgutil

from guestshell.commands.declaration import COMMANDS, FILTERS, GuestCommand

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)

__all__ = ["COMMANDS", "FILTERS", "GuestCommand"]
