"""Which systems live in an image and where their file systems belong."""

from dataclasses import dataclass, field

from guestshell.engine.handle import Handle
from guestshell.errors import GuestError
from guestshell.guest.devices import Survey
from guestshell.guest.mounts import MountTable
from guestshell.values import Name


@dataclass
class Place:
    """Where a device belongs. `type` is its file system's, empty when not known."""

    device: str
    directory: Name
    type: str


@dataclass
class System:
    """One system of an image; `root` is what libguestfs calls it by.

    `fields` holds what libguestfs's inspect_get_* tell, empty texts for what is not known,
    `drives` the drive letters of a Windows and their devices.
    """

    root: str
    name: str
    version: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    drives: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Layout:
    """What opening an image found.

    `current` is the number of the system that is mounted, from 1 on, and 0 for none. `asked`
    says that inspect_os was, `failed` that another appliance may see what this one could not.
    """

    survey: Survey
    systems: list[System] = field(default_factory=list)
    current: int = 0
    asked: bool = False
    failed: bool = False
    notes: list[str] = field(default_factory=list)
    unmounted: list[str] = field(default_factory=list)
    """What is wrong with the image, and what of the current system cannot be mounted."""

    @property
    def system(self) -> System | None:
        """The system that is mounted."""
        return self.systems[self.current - 1] if self.current else None

    @property
    def root(self) -> str | None:
        """Its root; None where no system lives."""
        return self.system.root if self.system else None

    @property
    def warnings(self) -> list[str]:
        """All that is worth saying about the image and the system that is mounted."""
        of_system = self.system.warnings if self.system else []
        return [*self.survey.warnings, *self.notes, *of_system, *self.unmounted]


def number_of(layout: Layout, wanted: str) -> int:
    """Give the number of the system that a number or root device means.

    Raises GuestError saying what there is.
    """
    for number, system in enumerate(layout.systems, 1):
        if wanted in (str(number), system.root, system.root.removeprefix("btrfsvol:")):
            return number
    if not layout.systems:
        raise GuestError(f"no system {wanted}: there is none in this image", "filesystems")
    there = ", ".join(f"{n} {system.name}" for n, system in enumerate(layout.systems, 1))
    raise GuestError(f"no system {wanted}: there is {there}")


def mount_system(handle: Handle, table: MountTable, layout: Layout, number: int) -> None:
    """Mount the file systems of one system in the place of all that is mounted."""
    table.clear(handle)
    layout.current = number
    mount_rest(handle, table, layout)


def mount_rest(handle: Handle, table: MountTable, layout: Layout) -> None:
    """Mount what the current system has and is not mounted yet; without one all that can be."""
    layout.unmounted = []
    layout.failed |= bool(layout.survey.warnings)
    system = layout.system
    for place in system.places if system else _data_places(layout.survey):
        if table.at_root() and place.directory == "/":
            continue
        try:
            table.mount(handle, place.device, place.directory, place.type)
        except GuestError as error:
            layout.failed = True
            layout.unmounted.append(
                f"{place.device} cannot be mounted at {place.directory}: {error.message}"
            )


def _data_places(survey: Survey) -> list[Place]:
    """Give where to mount what no system claims: alone at /, else by device."""
    found = survey.file_systems()
    if len(found) == 1:
        return [Place(found[0].path, Name("/"), found[0].type)]
    return [Place(d.path, Name(d.path.removeprefix("/dev")), d.type) for d in found]
