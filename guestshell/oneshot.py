"""Each guest command as a command of the program: `guestctl ls disk.img -l /etc`."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click

from guestshell.commands import COMMANDS, GuestCommand
from guestshell.commands.declaration import usage_error
from guestshell.commands.parameters import LISTING
from guestshell.language.lexer import lex
from guestshell.language.words import Word, bare_word
from guestshell.opening import OPENING_OPTIONS, Opening, conversation, reported

_MORE_DISKS = click.Option(
    ["--disk"],
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="One more disk of the same guest.",
)
_OWN_OPTIONS = (_MORE_DISKS, *OPENING_OPTIONS)


def _own_options(declared: GuestCommand) -> list[click.Option]:
    """Give the options of the opening, but for those whose names are the command's."""
    taken = {name for parameter in declared.params for name in parameter.opts}
    return [option for option in _OWN_OPTIONS if not taken & set(option.opts)]


class OneShot(click.Command):
    """A guest command with the image before its own arguments."""

    def __init__(self, declared: GuestCommand) -> None:
        image = click.Argument(["image"], type=click.Path(path_type=Path))
        self._own = _own_options(declared)
        super().__init__(
            declared.name,
            params=[image, *declared.params, *self._own],
            help=declared.help,
            epilog="\b\n" + "\n".join(["Examples:", *_examples(declared)]),
            short_help=declared.summary,
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.declared = declared

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse; what is wrong is said in one line, as in the shell."""
        words = [bare_word(argument) for argument in args]
        try:
            context = super().make_context(info_name, list(words), parent, **extra)
        except click.UsageError as error:
            if extra.get("resilient_parsing"):
                raise
            raise usage_error(self, error, args) from None
        context.meta[__name__] = words
        values = context.params
        knows = context.resilient_parsing and not values.get("no_index") and not values.get("root")
        if knows and context.params.get("image"):
            context.meta[LISTING] = _known_listing(context)
        return context

    def invoke(self, ctx: click.Context) -> None:
        """Open the image, run the command on it and end with its exit code."""
        from guestshell.output.sink import Sink
        from guestshell.settings import Settings, config_path

        values = ctx.params
        opening = Opening(
            images=(values["image"], *values["disk"]),
            **{
                str(option.name): values[option.name or ""]
                for option in OPENING_OPTIONS
                if option in self._own
            },
        )
        sink = Sink(verbose=opening.verbose)
        with reported(sink):
            settings = Settings.load(config_path())
            sink.settings = settings
            with conversation(opening, sink, settings, quiet=True) as session:
                status = session.run_command(self.declared, self._arguments(ctx))
        raise SystemExit(status)

    def _arguments(self, ctx: click.Context) -> list[Word]:
        """Give the words that are not the image's or the opening's: those of the command."""
        words: list[Word] = ctx.meta[__name__]
        values, _, _ = self.make_parser(ctx).parse_args(list(words))
        image = values["image"]
        return [word for word in _without(self._own, words) if word is not image]


def _without(options: list[click.Option], words: list[Word]) -> Iterator[Word]:
    flags = {name for option in options if option.is_flag for name in option.opts}
    valued = {name for option in options if not option.is_flag for name in option.opts}
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield word
            yield from rest
        elif word in valued:
            next(rest, None)
        elif word not in flags and word.partition("=")[0] not in valued:
            yield word


def _examples(declared: GuestCommand) -> Iterator[str]:
    for example in declared.examples:
        tokens = lex(example)
        if not any(token.is_operator for token in tokens):
            yield f"  guestctl {declared.name} disk.img{example[tokens[0].end :]}"


def _known_listing(context: click.Context) -> object:
    """Give what the index knows of the image, for a Tab that starts no appliance."""
    from guestshell.guest.image import open_image
    from guestshell.guest.index import Index
    from guestshell.guest.knowledge import Knowledge

    paths = (context.params["image"], *(context.params.get("disk") or ()))
    images = [open_image(path, context.params.get("image_format")) for path in paths]
    return Knowledge(Index.of(images))


@cache
def one_shots() -> dict[str, OneShot]:
    """Give the command of the program for each command that asks something of a guest."""
    return {
        name: OneShot(declared)
        for name, declared in sorted(COMMANDS.items())
        if not declared.needs_session
    }
