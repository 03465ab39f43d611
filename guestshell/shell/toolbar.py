"""The line below the prompt: image, system, appliance, last duration, usage of the command."""

import re

from guestshell.commands.completion import usage_hint
from guestshell.engine.appliance import State
from guestshell.language.cursor import at_cursor
from guestshell.output.safe import safe_line
from guestshell.session import Session


def appliance_state(session: Session) -> str:
    """Give what the appliance is doing, in a few words."""
    appliance = session.guest.appliance
    if appliance.state in (State.STARTING, State.RESTARTING):
        return (
            f"appliance {appliance.state.value} {appliance.progress:.0%}, {appliance.waited:.0f} s"
        )
    if appliance.state is State.READY:
        if not session.guest.is_open:
            return "looking for the system"
        accelerator = f", {appliance.accelerator.name}" if appliance.accelerator else ""
        return f"appliance ready{accelerator}"
    return f"appliance {appliance.state.value}"


def toolbar_text(
    session: Session, headline: str, line: str, columns: int, learning: str = ""
) -> str:
    """Give the toolbar for a line being typed, cut to the terminal.

    `learning` says what is done in the background.
    """
    cursor = at_cursor(line)
    if cursor is not None and not cursor.forced and not cursor.in_redirect:
        name = (cursor.words[0] if cursor.words else cursor.typed).value
        if hint := usage_hint(name, is_filter=bool(cursor.before)):
            return safe_line(f" {hint}")[:columns]
    images = ", ".join(image.path.name for image in session.guest.images)
    state = " │ ".join(part for part in (appliance_state(session), learning) if part)
    seconds = f"{session.last_seconds:.3f} s" if session.last_seconds >= 0.001 else ""
    # in a narrow terminal what never changes goes first
    for parts in ([images, headline, state, seconds], [headline, state, seconds], [state, seconds]):
        text = safe_line(" " + " │ ".join(part for part in parts if part))
        if len(text) <= columns:
            break
    return text[:columns]


def prompt_text(session: Session) -> list[tuple[str, str]]:
    """Give the prompt as the settings have it; the directory stands out."""
    cwd = session.context.cwd
    values = {
        "path": "" if cwd == "/" else f":{safe_line(cwd)}",
        "directory": safe_line(cwd),
        "image": safe_line(session.guest.images[0].path.name),
    }
    parts = re.split(r"\{(\w+)\}", session.settings.text("prompt"))
    found = []
    for place, text in enumerate(parts):
        if place % 2 == 0:
            found.append(("class:prompt", text))
        elif text == "path":
            colon, rest = values["path"][:1], values["path"][1:]
            found += [("class:prompt", colon), ("class:prompt.path", rest)]
        else:
            found.append(("class:prompt.path", values[text]))
    return found
