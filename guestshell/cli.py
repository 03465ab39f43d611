"""The guestctl program."""

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guestshell.appliance_command import appliance
from guestshell.errors import ExitCode, GuestShellError, HostError, UsageError
from guestshell.opening import Opening, conversation, opening_options, reported
from guestshell.output.formats import FORMATS
from guestshell.scan_command import scan
from guestshell.termination import Terminated, heed_signals, received
from guestshell.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable


_SETTINGS = {"help_option_names": ["-h", "--help"]}
_IMAGE = click.Path(path_type=Path)


def _topics(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from guestshell.commands import COMMANDS, FILTERS

    return [name for name in sorted({*COMMANDS, *FILTERS}) if name.startswith(incomplete)]


class Program(click.Group):
    """The program's own commands, and each command of the shell as `guestctl COMMAND IMAGE`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands."""
        from guestshell.oneshot import one_shots

        return [*super().list_commands(ctx), *one_shots()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command by its name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from guestshell.oneshot import one_shots

        return one_shots().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names; raises UsageError for none."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            from guestshell.language.suggestions import did_you_mean

            hint = did_you_mean(args[0], self.list_commands(ctx))
            if Path(args[0]).exists():
                hint = f"guestctl interactive {args[0]} opens it"
            raise UsageError(f"guestctl has no command {args[0]!r}", hint or "guestctl --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under headings of their own."""
        from guestshell.oneshot import one_shots

        own = [(name, self.commands[name].get_short_help_str(120)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(own)
        shots = [(name, shot.declared.summary) for name, shot in one_shots().items()]
        with formatter.section("One question to an image: guestctl COMMAND IMAGE ARGUMENTS"):
            formatter.write_dl(shots)


@click.group("guestctl", cls=Program, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="guestctl")
def program() -> None:
    """Explore a disk image without changing a byte of it."""


@program.command(context_settings=_SETTINGS)
@click.argument("image", nargs=-1, required=True, type=_IMAGE)
@click.option("--no-history", is_flag=True, help="Neither read nor keep the lines typed.")
@click.option("--record", type=_IMAGE, metavar="FILE", help="Write the screen to an asciicast.")
@opening_options
def interactive(opening: Opening, no_history: bool, record: Path | None) -> None:
    """Open IMAGEs as one guest's disks and explore them.

    With no terminal on standard input, lines are read from there as guestctl run does.
    """
    _converse(opening, no_history=no_history, record=record)


@program.command(context_settings=_SETTINGS)
@click.argument("image", nargs=-1, required=True, type=_IMAGE)
@click.option("-c", "commands", multiple=True, metavar="LINE", help="Run this line; repeatable.")
@click.option("-f", "script", type=_IMAGE, metavar="FILE", help="Run the lines of a file.")
@click.option("--keep-going", is_flag=True, help="Go on after a line that fails.")
@click.option("--set", "variables", multiple=True, metavar="NAME=VALUE", help="Give $NAME a value.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what goes wrong.")
@opening_options
def run(
    opening: Opening,
    commands: tuple[str, ...],
    script: Path | None,
    keep_going: bool,
    variables: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run lines on IMAGEs: those given by -c, a file's, or standard input's.

    The first line that fails ends the run with its exit code; one that begins with a dash may
    fail. A file may begin with #!/usr/bin/env -S guestctl run -f
    """
    from guestshell.output.sink import Sink
    from guestshell.script import announce, lines_of, open_script, run_lines
    from guestshell.settings import Settings

    settings = Settings()
    sink = Sink(verbose=opening.verbose, settings=settings)
    with reported(sink), contextlib.ExitStack() as stack:
        if commands and script:
            raise UsageError("-c and -f exclude each other", "source FILE is a line too")
        for variable in variables:
            name, equals, value = variable.partition("=")
            if not equals:
                raise UsageError(f"--set {variable}: is not NAME=VALUE")
            settings.set(name, value)
        lines: Iterable[tuple[str, str]]
        if commands:
            lines = [("", line) for line in commands]
        elif script:
            lines = lines_of(stack.enter_context(open_script(script)), str(script))
        elif sys.stdin is None:
            raise UsageError("there is no standard input", "give lines by -c or -f")
        else:
            lines = lines_of(sys.stdin.buffer, "-" if sys.stdin.isatty() else "line")
        session = stack.enter_context(
            conversation(opening, sink, settings, quiet=quiet, keeps_going=keep_going)
        )
        if not quiet:
            announce(session)
        status = run_lines(session, lines)
    raise SystemExit(status)


@program.command(context_settings=_SETTINGS)
@click.option("--build-only", is_flag=True, help="Build the image and print its path.")
@click.option("--verbose", is_flag=True, help="Show a trace with each error.")
def demo(build_only: bool, verbose: bool) -> None:
    """Open a small teaching image: a server that was broken into.

    It is built once, into the user's cache directory.
    """
    from guestshell.demo.image import demo_image
    from guestshell.output.sink import Sink

    with reported(Sink(verbose=verbose)):
        image = demo_image()
    if build_only:
        click.echo(image)
    else:
        _converse(Opening((image,), "raw", verbose=verbose), no_history=False, record=None)


@program.command(context_settings=_SETTINGS)
@click.option("--launch", is_flag=True, help="Start an appliance too.")
def doctor(launch: bool) -> None:
    """Check everything that the shell needs on this host, with the remedy for what is missing."""
    from guestshell.doctor import Finding, examine
    from guestshell.output.results import Records
    from guestshell.output.sink import Sink

    sink = Sink(interactive=True)
    with reported(sink):
        with sink.waiting(lambda: "looking at this host…"):
            findings = list(examine(launch=launch))
        sink.show(Records(findings, Finding))
    if any(finding.verdict == "missing" for finding in findings):
        raise SystemExit(ExitCode.APPLIANCE)


@program.command(context_settings=_SETTINGS)
@click.option("-o", "--output", "form", type=click.Choice(FORMATS), default="table",
              help="Write the rows so.")  # fmt: skip
def config(form: str) -> None:
    """Show every setting, its value, where that comes from, and the file they are kept in."""
    from guestshell.commands.choices import Choice, choices
    from guestshell.output.results import Records
    from guestshell.output.sink import Sink
    from guestshell.settings import Settings, config_path

    path = config_path()
    settings = Settings.load(path)
    sink = Sink(settings=settings)
    sink.notice(f"{path}{'' if path.exists() else ' (is not there)'}")
    sink.show(Records(choices(settings), Choice, format=form))


@program.command(context_settings=_SETTINGS)
@click.argument("command", shell_complete=_topics)
def schema(command: str) -> None:
    """Print the JSON Schema of the rows that a command gives."""
    from guestshell.commands import COMMANDS, FILTERS
    from guestshell.commands.suggestions import unknown_command
    from guestshell.output.formats import json_text
    from guestshell.output.schema import schema_of

    declared = COMMANDS.get(command) or FILTERS.get(command)
    if declared is None:
        raise unknown_command(command)
    if not declared.row_types():
        raise UsageError(f"{command} gives no rows of a type of its own", "ls does")
    click.echo(json_text(schema_of(*declared.row_types().values()), indent=2))


@program.command("help", context_settings=_SETTINGS)
@click.argument("command", required=False)
@click.pass_context
def show_help(ctx: click.Context, command: str | None) -> None:
    """Explain the program, or one of its commands."""
    parent = ctx.find_root()
    if command is None:
        click.echo(program.get_help(parent))
        return
    _, found, _ = program.resolve_command(parent, [command])
    assert found is not None
    click.echo(found.get_help(click.Context(found, parent, command)))


@program.command("verify-log", context_settings=_SETTINGS)
@click.argument("file", type=_IMAGE)
def verify_log(file: Path) -> None:
    """Check the chain of an evidence log; exit code 1 for one that was changed."""
    from guestshell.evidence import verify

    verdict = verify(file)
    if verdict.problem:
        raise GuestShellError(f"{file}: line {verdict.line} {verdict.problem}")
    end = "" if verdict.complete else "; it has no end: the session was cut off, or lines of it"
    click.echo(f"{file}: {verdict.entries} entries, unbroken{end}")


@program.command(context_settings=_SETTINGS)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print the completion for a shell.

    bash: eval "$(guestctl completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc; fish:
    guestctl completion fish > ~/.config/fish/completions/guestctl.fish
    """
    from guestshell.host_shells import completion_script

    click.echo(completion_script(program, shell))


program.add_command(appliance)
program.add_command(scan)


def _converse(opening: Opening, *, no_history: bool, record: Path | None) -> None:
    from guestshell.output.sink import Sink
    from guestshell.settings import Settings, config_path

    by_hand = sys.stdin is not None and sys.stdin.isatty()
    if by_hand:
        # a parent may have left SIGINT ignored; at a prompt Ctrl-C must be heard
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sink = Sink(interactive=by_hand, verbose=opening.verbose)
    with reported(sink):
        settings = Settings.load(config_path()) if by_hand else Settings()
        sink.settings = settings
        with conversation(opening, sink, settings, by_hand=by_hand) as session:
            if by_hand:
                from guestshell.shell.repl import Repl

                repl = Repl(session, keeps_history=not no_history)
                if record is not None:
                    session.start_recording(record)
                status = repl.run()
            elif sys.stdin is None:
                raise UsageError("there is no standard input", "give a terminal, a file or a pipe")
            else:
                from guestshell.script import announce, lines_of, run_lines

                announce(session)
                status = run_lines(session, lines_of(sys.stdin.buffer, "line"))
    raise SystemExit(status)


def main() -> None:
    """Run guestctl with the arguments of this process."""
    _occupy_standard_streams()
    heed_signals()
    from guestshell.host_shells import COMPLETE_VARIABLE

    if COMPLETE_VARIABLE in os.environ:
        from guestshell.host_shells import register

        register()
    try:
        status = program.main(complete_var=COMPLETE_VARIABLE, standalone_mode=False)
    except click.Abort:
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except Terminated:
        _flush_or_drop()
        raise
    except (GuestShellError, click.UsageError) as error:
        from guestshell.output.sink import Sink

        said = _in_a_line(error) if isinstance(error, click.UsageError) else error
        if said is not None:
            Sink().error(said)
        raise SystemExit(ExitCode.USAGE if said is None else said.exit_code) from None
    except OSError as error:  # standard output is full, or nobody reads it
        if (told := received()) is not None:
            _flush_or_drop()
            raise told from None
        from guestshell.output.sink import Sink

        if not isinstance(error, BrokenPipeError):
            Sink().error(HostError(f"standard output: {(error.strerror or str(error)).lower()}"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(ExitCode.FAILED) from None
    raise SystemExit(status)


def _occupy_standard_streams() -> None:
    """Put /dev/null where the caller has closed a standard stream.

    A log or an index that is opened would get its number, and what libguestfs prints with it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _flush_or_drop() -> None:
    """Write what is held back, where somebody still reads it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # the terminal hung up: at its end Python would say so, with another status
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _in_a_line(error: click.UsageError) -> GuestShellError | None:
    """Give click's error as ours; None for a program without arguments, which shows its help."""
    from guestshell.commands.declaration import usage_error

    if error.ctx is None or isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return None
    return usage_error(error.ctx.command, error, sys.argv[1:])
