"""Launch as a guest does, and keep what is said meanwhile."""

from guestshell.engine import boot
from guestshell.engine.boot import Drive, Launched


def launch(*drives: Drive) -> tuple[Launched, list[str]]:
    """Give what was launched with drives, and the notices."""
    notices: list[str] = []
    launched = boot.launch(
        drives,
        memory=None,
        progress=lambda share: None,
        notice=notices.append,
        wanted=lambda: True,
    )
    return launched, notices
