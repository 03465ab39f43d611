"""Finding the system of a guest and mounting its file systems, once, behind the prompt."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from guestshell.engine.appliance import Appliance
from guestshell.engine.console import joined
from guestshell.engine.handle import Handle
from guestshell.engine.interruption import result_of
from guestshell.errors import GuestError
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.layout import Layout
from guestshell.guest.mounts import Mount, MountTable

_FACT = "opening"


@dataclass(frozen=True)
class Opened:
    """What was found, and what was mounted for it in which order."""

    layout: Layout
    mounts: list[Mount]
    made_points: list[str]


class NotYetKnown(GuestError):
    """The answer would have to be waited for."""


class Opening:
    """The layout of a guest: from an index at once, else from looking at its devices.

    Where an index knows it, the file systems are only mounted as they were.
    """

    def __init__(
        self,
        appliance: Appliance,
        table: MountTable,
        knowledge: Knowledge | None,
        look: Callable[[Handle, MountTable], Layout],
    ) -> None:
        self._appliance = appliance
        self._table = table
        self._knowledge = knowledge
        self._look = look
        self._future: Future[Layout] | None = None
        self._starting = threading.Lock()
        self._patience = threading.local()
        known = knowledge.fact(_FACT, Opened) if knowledge else None
        if knowledge is not None and known is not None and known.layout.failed:
            knowledge.forget()  # what this host lacked then, it may have now
            known = None
        self._known = known.layout if known else None
        if known is not None:
            table.assume(known.mounts, known.made_points)

    def start(self) -> None:
        """Begin to boot and to look, and return at once."""
        with self._starting:
            if self._future is None:
                self._future = self._appliance.background(self._open)

    @property
    def is_done(self) -> bool:
        """Whether the file systems are mounted."""
        return self._future is not None and self._future.done()

    @property
    def is_known(self) -> bool:
        """Whether the layout is known, be the appliance up or not."""
        return self._known is not None or self.is_done

    def layout(self) -> Layout:
        """Give what was found, waiting for it where it is not known."""
        return self._known or self.wait()

    def wait(self) -> Layout:
        """Wait until the file systems are mounted. Raises NotYetKnown inside `at_once`."""
        if getattr(self._patience, "is_short", False) and not self.is_done:
            raise NotYetKnown("this is not known yet")
        self.start()
        assert self._future is not None
        return result_of(self._future)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise NotYetKnown inside, in this thread, rather than wait for an appliance."""
        before = getattr(self._patience, "is_short", False)
        self._patience.is_short = True
        try:
            yield
        finally:
            self._patience.is_short = before

    def _open(self, handle: Handle) -> Layout:
        if self._known is not None:
            try:
                self._table.restore(handle)
                return self._known
            except GuestError:  # this appliance cannot mount what another one did
                self._known = None
        before = handle.console.count
        layout = self._look(handle, self._table)
        if handle.console.count != before:
            layout.failed = True
            complaints = joined(handle.console.take())
            layout.notes.append(f"the appliance had trouble reading: {complaints}")
        self._teach(layout)
        return layout

    def teach(self) -> None:
        """Tell the index again what was found, after it was made to forget."""
        self._teach(self.layout())

    def _teach(self, layout: Layout) -> None:
        if self._knowledge is not None:
            found = Opened(layout, self._table.in_order(), self._table.made_points())
            before = self._knowledge.fact(_FACT, Opened)
            if before is not None and before.mounts != found.mounts:
                self._knowledge.forget()  # it was about another tree
            self._knowledge.learn_fact(_FACT, found)
