"""A listing is the same after it was packed, whatever stands in the directory."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from guestshell.engine.bytecalls import STATNS_WORDS, Dirent
from guestshell.guest.listing import Listing, packed_names, unpacked_names
from guestshell.values import Name, decode_name, encode_name

names = st.binary(min_size=1, max_size=30).map(
    lambda data: decode_name(data.translate(None, b"\0/") or b"x")
)
numbers = st.integers(-(2**63), 2**63 - 1)
rows = st.lists(numbers, min_size=STATNS_WORDS, max_size=STATNS_WORDS)


@st.composite
def listings(draw: st.DrawFn) -> Listing:
    found = sorted(draw(st.sets(names, max_size=8)), key=encode_name)
    table = array("q", [word for _ in found for word in draw(rows)])
    targets = {name: draw(names) for name in found if draw(st.booleans())}
    return Listing.of(found, table, targets)


@given(listing=listings())
def test_a_listing_comes_back(listing: Listing) -> None:
    again = Listing.unpacked(listing.packed())
    assert (list(again.names), again.columns, again.targets) == (
        list(listing.names), listing.columns, listing.targets
    )  # fmt: skip
    assert again.statuses() == listing.statuses()
    assert again.dirents() == listing.dirents()
    for place, name in enumerate(listing.names):
        assert again.place(name) == place
        assert again.status(place) == listing.statuses()[place]


@given(listing=listings(), name=names)
def test_a_name_that_is_not_there_has_no_place(listing: Listing, name: Name) -> None:
    assert (listing.place(name) is None) is (name not in listing.names)


@given(found=st.lists(st.builds(Dirent, names, st.sampled_from("rdlcbfsu?"))))
def test_names_come_back(found: list[Dirent]) -> None:
    assert unpacked_names(packed_names(found)) == found


def test_times_beyond_64_bits_of_nanoseconds_are_kept() -> None:
    words = [0] * STATNS_WORDS
    words[1], words[12], words[13] = 7, 15_032_385_535, 999_999_999  # mtime: ext4's last, in 2446
    listing = Listing.of([Name("late")], array("q", words), {})
    status = Listing.unpacked(listing.packed()).status(0)
    assert status is not None
    assert status.mtime == 15_032_385_535_999_999_999
