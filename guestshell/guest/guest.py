"""A guest: one or more images opened as one machine's disks, never written to."""

import contextlib
import functools
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from guestshell.engine.appliance import Appliance
from guestshell.engine.boot import Drive
from guestshell.engine.bytecalls import Dirent
from guestshell.engine.handle import Handle
from guestshell.errors import GuestError, GuestShellError, HostError, PathError
from guestshell.guest import paths
from guestshell.guest.constancy import Constancy
from guestshell.guest.content import Content
from guestshell.guest.devices import Disk, FileSystem, Partition, Usage
from guestshell.guest.entries import Entry, Stat, kind_of, make_stat
from guestshell.guest.facts.accounts.passwd import Group, User
from guestshell.guest.facts.files import Files
from guestshell.guest.facts.packages.rows import Package
from guestshell.guest.globs import expand
from guestshell.guest.guest_files import GuestFiles, LearningFiles
from guestshell.guest.image import Image, open_image
from guestshell.guest.index import Index
from guestshell.guest.inspection import (
    Describer,
    Inspection,
    InstalledSystem,
    drive_letters,
    installed_systems,
)
from guestshell.guest.knowledge import Knowledge
from guestshell.guest.layout import Layout, mount_system, number_of
from guestshell.guest.learner import IndexState, Learner, state_of
from guestshell.guest.mounts import Mount, MountTable
from guestshell.guest.opening import Opening
from guestshell.guest.people import People
from guestshell.guest.save import Saved, Saver, host_target
from guestshell.guest.software import Software
from guestshell.guest.storage import Storage
from guestshell.guest.tree import Limits, Tree
from guestshell.values import Name, Size

if TYPE_CHECKING:
    from guestshell.guest.registry import HiveRegistry

_INSPECTION = "inspection"

_EXACT = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "squashfs", "ufs"}
"""File systems whose names are bytes; of any other the appliance is asked what is not there."""


class Guest:
    """An opened image.

    Making one checks the images and returns at once; `start` boots the appliance behind, and
    so does the first question. All paths are absolute paths of the guest, `str` decoded with
    surrogateescape. Every method raises GuestError (PathError and NoSuchPath for paths) when
    the guest cannot answer and ApplianceError when the appliance cannot be had.

        with Guest("disk.img") as guest:
            print(guest.inspect().headline)
            print(guest.read_text("/etc/hostname"))
    """

    def __init__(
        self,
        *images: str | os.PathLike[str],
        image_format: str | None = None,
        memory: int | None = None,
        root: str | None = None,
        index: bool = False,
        replay: bool = True,
        notice: Callable[[str], None] = lambda message: None,
        appliance: Callable[[Callable[[Handle], None]], Appliance] | None = None,
    ) -> None:
        """Check the images; raises ImageError. `memory` is the appliance's, in MiB.

        Of several systems the one that `root` names by number or root device is mounted. With
        `index` what is learned is kept on disk for the next time, except of a system so chosen.
        Without `replay` file systems are shown as they stand, without what their journals hold.
        `appliance` gives one that has the images' drives already, in the place of one of its own;
        it is told what mounts again after a restart.
        """
        if not images:
            raise TypeError("a guest needs at least one image")
        self.images: tuple[Image, ...] = tuple(open_image(path, image_format) for path in images)
        self._constancy = Constancy(self.images)
        self._mount_table = MountTable(replays=replay)
        if appliance is not None:
            self.appliance = appliance(self._mount_table.restore)
        else:
            self.appliance = Appliance(
                [Drive(str(image.path), image.format) for image in self.images],
                memory=memory,
                restore=self._mount_table.restore,
                notice=notice,
            )
        self._index = Index.of(self.images) if index and replay and root is None else None
        known = Knowledge(self._index) if self._index is not None else None
        if self._index is not None:
            complaints = self.appliance.complaint_count
            self._index.believes = lambda: self.appliance.complaint_count == complaints
        self._opening = Opening(
            self.appliance,
            self._mount_table,
            known,
            functools.partial(self._look, root),
        )
        self._people = People(self.files, self._windows_registry)
        self._tree = Tree(self.appliance, self._check_mounted)
        if known is not None:
            known.is_exact = lambda directory: self._mount_table.type_at(directory) in _EXACT
        self._tree.knowledge = known
        self._tree.renumbered = lambda: self._mount_table.renumbered
        self._tree.user_name = lambda uid: self._people.user_name(uid)
        self._tree.group_name = lambda gid: self._people.group_name(gid)
        self._content = Content(self.appliance, self._tree)
        self._storage = Storage(
            self.appliance,
            self._mount_table,
            self.images,
            self._opening,
            lambda: self._tree.knowledge,
        )

    # -- life ----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to boot and to look for the system, and return at once."""
        self._opening.start()

    def _look(self, root: str | None, handle: Handle, table: MountTable) -> Layout:
        from guestshell.guest.finding import open_layout  # a known image does without

        return open_layout(handle, table, self.images, root)

    def close(self) -> None:
        """Stop the appliance. Safe to call twice."""
        self.appliance.close()
        if self._index is not None:
            self._index.close()

    @property
    def is_open(self) -> bool:
        """Whether the file systems are mounted and answers come at once."""
        return self._opening.is_done

    @property
    def is_known(self) -> bool:
        """Whether the system is known, from the index if the appliance is not up."""
        return self._opening.is_known

    def at_once(self) -> contextlib.AbstractContextManager[None]:
        """Raise NotYetKnown inside, in this thread, rather than wait for the appliance."""
        return self._opening.at_once()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self.appliance.is_closing

    def layout(self) -> Layout:
        """Give what opening found, waiting for it where the index does not know."""
        return self._opening.layout()

    def _check_mounted(self) -> None:
        self._opening.wait()
        if not self._mount_table.all():
            raise GuestError("nothing is mounted", "filesystems lists devices, mount mounts one")

    # -- the index -------------------------------------------------------------------------------

    def learner(self, may_ask: Callable[[], bool] = lambda: True) -> Learner | None:
        """Give what learns all of the tree into the index, None where none is kept."""
        knowledge = self._tree.knowledge
        if knowledge is None or not knowledge.index.is_kept:
            return None
        return Learner(self._tree, knowledge, self._facts, may_ask)

    def _facts(self, pause: Callable[[], None]) -> None:
        """Ask what the index should know of the system at large."""
        from guestshell.guest.facts.every import read_all

        self._opening.teach()
        pause()
        self.inspect()
        pause()
        self.usage()
        pause()
        files = LearningFiles(self._tree, self._content, pause)
        with contextlib.suppress(GuestError):  # not every system has packages
            knowledge = self._tree.knowledge
            Software(lambda warn: files, self._windows_registry, lambda: knowledge).packages()
        read_all(files)

    def index_state(self) -> IndexState | None:
        """Say what the index knows, None where none is kept."""
        knowledge = self._tree.knowledge
        return state_of(knowledge) if knowledge and knowledge.index.is_kept else None

    def drop_index(self) -> None:
        """Forget what the index knows; what is learned from now on is kept again."""
        if self._tree.knowledge is not None:
            self._tree.knowledge.forget()

    # -- the system ------------------------------------------------------------------------------

    def inspect(self) -> Inspection:
        """Say what system this is, what is mounted, and what the file systems hold."""
        knowledge = self._tree.knowledge
        known = knowledge.fact(_INSPECTION, Inspection) if knowledge else None
        if known is not None:
            return known
        found = self._inspect()
        if knowledge is not None:
            knowledge.learn_fact(_INSPECTION, found)
        return found

    def _inspect(self) -> Inspection:
        layout = self.layout()
        describer = Describer(self._tree, self._content)
        return Inspection(
            os=describer.describe(layout),
            systems=installed_systems(layout) if len(layout.systems) > 1 else (),
            mounts=tuple(self.mounts()),
            drives=drive_letters(layout),
            filesystems=tuple(self.filesystems()),
            kernels=describer.kernels() if layout.root else (),
            warnings=tuple(layout.warnings),
        )

    def systems(self) -> list[InstalledSystem]:
        """Give the systems in the image."""
        return list(installed_systems(self.layout()))

    def use(self, root: str) -> None:
        """Mount another of the systems, named by number or root device, in the place of all.

        Raises GuestError saying which there are.
        """
        layout = self._opening.wait()
        number = number_of(layout, root)
        with self._other_mounts():
            self.appliance.call(
                lambda handle: mount_system(handle, self._mount_table, layout, number)
            )

    def users(self) -> list[User]:
        """Give the accounts of /etc/passwd, or of a Windows' registry."""
        return self._people.users()

    def groups(self) -> list[Group]:
        """Give the groups of /etc/group, or of a Windows' registry."""
        return self._people.groups()

    def packages(self, warn: Callable[[str], None] = lambda message: None) -> list[Package]:
        """Give the installed packages by name; what is damaged is said to `warn`.

        The databases of dpkg, rpm, apk and pacman are read directly, a Windows' registry by
        libguestfs. Raises GuestError where there is none of them.
        """
        return self.software.packages(warn)

    @functools.cached_property
    def software(self) -> Software:
        """The package databases."""
        return Software(self.files, self._windows_registry, lambda: self._tree.knowledge)

    @property
    def is_windows(self) -> bool:
        """Whether the system that is mounted is a Windows."""
        system = self.layout().system
        return system is not None and system.fields.get("type") == "windows"

    def _windows_registry(
        self, warn: Callable[[str], None] = lambda message: None
    ) -> "HiveRegistry | None":
        return self.registry(warn) if self.is_windows else None

    def files(self, warn: Callable[[str], None] = lambda message: None) -> Files:
        """Give its files as facts read them; sources missing or damaged are said to `warn`."""
        return GuestFiles(self._tree, self._content, warn)

    def registry(self, warn: Callable[[str], None] = lambda message: None) -> "HiveRegistry":
        """Give the registry of a Windows guest; what is missing or damaged is said to `warn`."""
        from guestshell.guest.registry import HiveRegistry

        def call(question: Callable[[Handle], object]) -> object:
            self._check_mounted()
            return self.appliance.call(question)

        return HiveRegistry(self.files(warn), call)

    # -- storage ---------------------------------------------------------------------------------

    def disks(self) -> list[Disk]:
        """Give the disks and the images they come from."""
        return self._storage.disks()

    def partitions(self) -> list[Partition]:
        """Give the partitions of all disks."""
        return self._storage.partitions()

    def filesystems(self) -> list[FileSystem]:
        """Give what each device holds, with the use of those that are mounted."""
        return self._storage.filesystems()

    def mounts(self) -> list[Mount]:
        """Give what is mounted, by directory."""
        return self._storage.mounts()

    def usage(self) -> list[Usage]:
        """Give the space of each mounted file system."""
        return self._storage.usage()

    def mount(self, device: str, directory: str = "/") -> None:
        """Mount a device read-only at a directory."""
        with self._other_mounts():
            self._storage.mount(device, Name(directory))

    def unmount(self, directory: str) -> None:
        """Unmount a directory or device."""
        with self._other_mounts():
            self._storage.unmount(directory)

    @contextlib.contextmanager
    def _other_mounts(self) -> Iterator[None]:
        """Let what is mounted change inside. The index is about what opening mounted."""
        self._opening.wait()
        self._tree.knowledge = None
        if self._index is not None:
            self._index.close()  # or it would learn what another thread reads meanwhile
        try:
            yield
        finally:
            self._forget()

    def _forget(self) -> None:
        """Drop what was read: other files may now stand under the same names."""
        self._tree.forget()
        self._people = People(self.files, self._windows_registry)
        self.__dict__.pop("software", None)

    # -- directories -------------------------------------------------------------------------------

    def resolve(self, path: str) -> Name:
        """Give the path with every symbolic link and `..` resolved inside the guest."""
        return self._tree.resolve(path)

    def entry(self, path: str) -> Entry:
        """Give the row of one path, a symbolic link not followed."""
        return self._tree.entry(path)

    def kind(self, path: str) -> str:
        """Say what a path leads to: `file`, `directory`, `fifo` …."""
        return kind_of(self._tree.status(path).mode)

    def is_directory(self, path: str) -> bool:
        """Say whether a path leads to a directory; False when it leads nowhere."""
        try:
            return self.kind(path) == "directory"
        except PathError:
            return False

    def ls(self, path: str = "/") -> Sequence[Entry]:
        """Give the rows of a directory in byte order, `.` and `..` left out."""
        return self._tree.entries(path)

    def names(self, path: str) -> Sequence[Dirent]:
        """Give the names and kinds of a directory in byte order, from one call."""
        return self._tree.names(path)

    def walk(
        self,
        path: str = "/",
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
        failed: Callable[[GuestShellError], None] | None = None,
    ) -> Iterator[Entry]:
        """Yield every entry below a directory, parents first, each directory in byte order.

        At most `depth` levels; `enter` says of each directory's path whether to go in. One that
        cannot be read goes to `failed`, or raises.
        """
        return self._tree.walk(path, Limits(depth, enter, failed))

    def walk_names(
        self,
        path: str = "/",
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
        failed: Callable[[GuestShellError], None] | None = None,
    ) -> Iterator[tuple[Name, str]]:
        """Yield path and readdir's letter (r d l c b f s) as `walk` does, in half of its time."""
        return self._tree.walk_names(path, Limits(depth, enter, failed))

    def stat(self, path: str) -> Stat:
        """Give everything known of one path, a symbolic link not followed."""
        entry = self._tree.entry(path)
        return make_stat(entry, self._tree.attributes(path))

    def glob(self, pattern: str) -> list[Name]:
        """Give the absolute paths that fit an absolute pattern such as `/etc/*.conf`.

        `* ? [` as in glob(7), `**` for directories at any depth.
        """
        return list(expand(pattern, self._tree.names, self.exists, self._tree.device_of))

    def suggest(self, path: str) -> Name | None:
        """Give the closest name there is for a path that is not there."""
        import difflib

        directory, name = paths.split(path)
        try:
            names = [dirent.name for dirent in self._tree.names(directory)]
        except GuestShellError:
            better = self.suggest(directory) if directory != "/" else None
            return (
                Name(f"{better}/{name}") if better and self.exists(f"{better}/{name}") else better
            )
        close = difflib.get_close_matches(name, names, 1)
        return paths.child(directory, close[0]) if close else None

    def exists(self, path: str) -> bool:
        """Say whether a path is there, be it a symbolic link that leads nowhere."""
        try:
            self._tree.status(path, follow=False)
        except PathError:
            return False
        return True

    # -- contents ----------------------------------------------------------------------------------

    def open(self, path: str) -> io.BufferedReader:
        """Open a regular file for reading: seekable, buffered, read in blocks on demand."""
        return self._content.open(path)

    def size(self, path: str) -> Size:
        """Give the size of a regular file in bytes, symbolic links followed."""
        return Size(self._content.status(path).size)

    def blocks(self, path: str, offset: int = 0, count: int | None = None) -> Iterator[bytes]:
        """Yield a regular file's bytes from `offset` on, at most `count`, in blocks of 2 MiB."""
        return self._content.blocks(path, offset, count)

    def read_bytes(self, path: str) -> bytes:
        """Give a whole file."""
        return b"".join(self._content.blocks(path))

    def read_text(self, path: str) -> str:
        """Give a whole file as text: UTF-8, other bytes as surrogates (PEP 383)."""
        return self.read_bytes(path).decode("utf-8", "surrogateescape")

    def hash(
        self,
        path: str,
        algorithm: str = "sha256",
        *,
        advance: Callable[[int], None] = lambda count: None,
    ) -> str:
        """Give the hexadecimal digest of a file: md5, sha1, sha256 or sha512.

        `advance` gets the number of bytes read as they are.
        """
        return self._content.hash(path, algorithm, advance)

    def describe(self, path: str) -> str:
        """Say what a path is, a file by its content as file(1) of the appliance sees it."""
        entry = self._tree.entry(path)
        if entry.is_file:
            return self._tree.call(path, lambda handle: handle.file(path))
        return f"symlink to {entry.target}" if entry.target is not None else entry.kind

    def check_unchanged(self) -> None:
        """Raise ImageChanged when an image's file is gone, another, or was written to.

        What was answered since it was opened can then be wrong. The files' names, sizes and times
        tell; of a change that leaves them as they were only a digest does.
        """
        self._constancy.check()

    def take_complaints(self) -> list[str]:
        """Give what the appliance had trouble reading since this was last asked.

        I/O errors and damage of file systems: what was answered meanwhile can be incomplete.
        """
        return self.appliance.take_complaints()

    def protect(self, target: str | os.PathLike[str]) -> None:
        """Raise HostError for a host file that an image is read from: it must not be written."""
        if any(image.is_read_from(target) for image in self.images):
            raise HostError(f"{target}: is the image that is open", "name another file")

    def save(
        self,
        path: str,
        host: str | os.PathLike[str],
        *,
        recursive: bool = False,
        force: bool = False,
        advance: Callable[[int], None] = lambda count: None,
        failed: Callable[[GuestShellError], None] = lambda error: None,
    ) -> list[Saved]:
        """Carry a file or tree out to the host; see Saver.save.

        What of a tree cannot be read or has no place there goes to `failed`.
        """
        target = host_target(path, Path(host))
        self.protect(target)
        saver = Saver(self._tree, self._content, failed)
        return saver.save(path, target, recursive=recursive, force=force, advance=advance)
