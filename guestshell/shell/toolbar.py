"""The line below the prompt: image, system, appliance, last duration, usage of the command."""

from guestshell.commands.completion import usage_hint
from guestshell.engine.appliance import State
from guestshell.output.safe import safe_line
from guestshell.session import Session
from guestshell.shell.completion import split_at_cursor


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


def toolbar_text(session: Session, headline: str, line: str, columns: int) -> str:
    """Give the toolbar for a line being typed, cut to the terminal."""
    words, typed = split_at_cursor(line)
    name = words[0] if words else typed.value
    if hint := usage_hint(name):
        return safe_line(f" {hint}")[:columns]
    images = ", ".join(image.path.name for image in session.guest.images)
    state = appliance_state(session)
    seconds = f"{session.last_seconds:.3f} s" if session.last_seconds >= 0.001 else ""
    # in a narrow terminal what never changes goes first
    for parts in ([images, headline, state, seconds], [headline, state, seconds], [state, seconds]):
        text = safe_line(" " + " │ ".join(part for part in parts if part))
        if len(text) <= columns:
            break
    return text[:columns]


def prompt_text(session: Session) -> list[tuple[str, str]]:
    """Give the prompt: the directory shows unless it is the root."""
    cwd = session.context.cwd
    if cwd == "/":
        return [("class:prompt", "guestctl> ")]
    return [
        ("class:prompt", "guestctl:"),
        ("class:prompt.path", safe_line(cwd)),
        ("class:prompt", "> "),
    ]
