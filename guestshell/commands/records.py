"""What is kept of a session, and lines that come from files: source, log, record."""

from pathlib import Path

import click

from guestshell.commands.context import Context, Conversation
from guestshell.commands.declaration import command
from guestshell.commands.parameters import HostPath
from guestshell.errors import UsageError


def _conversation(context: Context) -> Conversation:
    assert context.conversation is not None
    return context.conversation


@command(category="shell", examples=["source ~/case/first-look.guestctl"])
@click.argument("file", type=HostPath())
@click.pass_obj
def source(context: Context, file: Path) -> None:
    """Run the lines of a file of this host, up to the first that fails.

    A line that begins with a dash may fail. # begins a comment.
    """
    _conversation(context).source(file)


def _wanted(action: str, file: Path | None) -> Path:
    if file is None:
        raise UsageError(f"{action} needs a file of this host")
    return file


@command(category="shell", examples=["log start evidence.jsonl", "log stop"])
@click.argument("action", type=click.Choice(["start", "stop"]))
@click.argument("file", type=HostPath(), required=False)
@click.pass_obj
def log(context: Context, action: str, file: Path | None) -> None:
    """Keep a log of each line, its status, and what was carried out.

    Every entry holds the SHA-256 of the one before; guestctl verify-log checks them. An existing
    log is continued. Of each file that was read out it has path, size and SHA-256.
    """
    if action == "start":
        _conversation(context).start_log(_wanted("log start", file))
    else:
        _conversation(context).stop_log()


@command(category="shell", examples=["record lesson.cast", "record stop"])
@click.argument("file", type=HostPath(), metavar="FILE|stop")
@click.pass_obj
def record(context: Context, file: Path) -> None:
    """Write what the terminal shows into an asciinema file.

    It is an asciicast v2; record stop ends it, and leaving does.
    """
    if file == Path("stop"):
        _conversation(context).stop_recording()
    else:
        _conversation(context).start_recording(file)
