"""A tree of this host in the place of a guest, for facts that are asked of no appliance."""

import errno
import io
import os
import stat as st
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from guestshell.engine.bytecalls import StatNs
from guestshell.errors import GuestShellError, NoSuchPath, PathError
from guestshell.guest import paths
from guestshell.guest.entries import Entry, make_entry
from guestshell.guest.facts.files import MOST
from guestshell.values import Name, decode_name, encode_name


def make_tree(root: Path, contents: Mapping[str, str | bytes]) -> "HostTree":
    """Write files (absolute path: content) below a directory; `-> target` makes a link."""
    for path, content in contents.items():
        place = os.fsencode(root) + encode_name(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        if isinstance(content, str) and content.startswith("-> "):
            os.symlink(encode_name(content[3:]), place)  # noqa: PTH211
            continue
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(encode_name(content) if isinstance(content, str) else content)
    return HostTree(root)


class HostTree:
    """A directory of the host as a guest's root; `warnings` keeps what was warned of."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def resolve(self, path: str) -> Name:
        return self._resolved(path, follow=True)

    def _resolved(self, path: str, *, follow: bool) -> Name:
        if "\0" in path:
            raise PathError(path, "a path cannot contain a NUL byte")
        waiting = [part for part in path.split("/") if part][::-1]
        place, links = "/", 0
        while waiting:
            part = waiting.pop()
            if not st.S_ISDIR(self._lstat(place, path).st_mode):
                raise PathError(path, os.strerror(errno.ENOTDIR).lower(), errno=errno.ENOTDIR)
            if part == ".":
                continue
            if part == "..":
                place = paths.split(place)[0] or "/"
                continue
            child = paths.child(place, part)
            status = self._lstat(child, path)
            if st.S_ISLNK(status.st_mode) and (waiting or follow):
                links += 1
                if links > 40:
                    raise PathError(path, os.strerror(errno.ELOOP).lower(), errno=errno.ELOOP)
                target = os.fsdecode(os.readlink(self._root + encode_name(child)))  # noqa: PTH115
                if target.startswith("/"):
                    place = "/"
                waiting += [piece for piece in target.split("/") if piece][::-1]
            else:
                place = child
        return Name(place)

    def _lstat(self, place: str, path: str) -> os.stat_result:
        try:
            return os.lstat(self._root + encode_name(place))
        except OSError as error:
            kind = NoSuchPath if error.errno == errno.ENOENT else PathError
            problem = os.strerror(error.errno or 0).lower()
            raise kind(path, problem, errno=error.errno or 0) from None

    def _regular(self, path: str) -> bytes:
        place = self._resolved(path, follow=True)
        mode = self._lstat(place, path).st_mode
        if st.S_ISDIR(mode):
            raise PathError(path, "is a directory", errno=errno.EISDIR)
        if not st.S_ISREG(mode):
            raise PathError(path, "is not a file", errno=errno.EINVAL)
        return self._root + encode_name(place)

    def read(self, path: str, most: int = MOST) -> bytes:
        with open(self._regular(path), "rb") as file:  # noqa: PTH123
            return file.read(most)

    def open(self, path: str) -> io.BufferedReader:
        return open(self._regular(path), "rb")  # noqa: PTH123

    def entry(self, path: str) -> Entry:
        place = self._resolved(path, follow=False)
        status = self._lstat(place, path)
        target = None
        if st.S_ISLNK(status.st_mode):
            target = decode_name(os.readlink(self._root + encode_name(place)))  # noqa: PTH115
        row = StatNs(
            status.st_dev, status.st_ino, status.st_mode, status.st_nlink, status.st_uid,
            status.st_gid, status.st_rdev, status.st_size, status.st_blocks, status.st_atime_ns,
            status.st_mtime_ns, status.st_ctime_ns,
        )  # fmt: skip
        name = paths.split(path)[1] or Name("/")
        owner, group = Name(str(status.st_uid)), Name(str(status.st_gid))
        return make_entry(Name(path), Name(name), row, target, owner, group)

    def entries(self, directory: str) -> Sequence[Entry]:
        place = self._resolved(directory, follow=True)
        if not st.S_ISDIR(self._lstat(place, directory).st_mode):
            raise PathError(directory, os.strerror(errno.ENOTDIR).lower(), errno=errno.ENOTDIR)
        names = sorted(os.listdir(self._root + encode_name(place)))  # noqa: PTH208
        return [self.entry(paths.child(directory, decode_name(name))) for name in names]

    def walk(
        self,
        top: str,
        *,
        depth: int | None = None,
        enter: Callable[[Name], bool] = lambda path: True,
    ) -> Iterator[Entry]:
        if depth == 0:
            return
        for entry in self.entries(top):
            yield entry
            if entry.is_directory and enter(entry.path):
                try:
                    deeper = None if depth is None else depth - 1
                    yield from self.walk(entry.path, depth=deeper, enter=enter)
                except GuestShellError as error:
                    self.warn(str(error))
