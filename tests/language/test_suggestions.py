from guestshell.language.suggestions import did_you_mean


def test_the_closest_known_word_is_asked_for() -> None:
    assert did_you_mean("hosname", ["hosts", "hostname", "history"]) == "did you mean hostname?"
    assert did_you_mean("usres", iter(["users", "groups"])) == "did you mean users?"


def test_nothing_is_asked_where_nothing_is_close() -> None:
    assert did_you_mean("xyzzy", ["hosts", "hostname"]) == ""
    assert did_you_mean("abcde", ["abxyz"]) == ""
    assert did_you_mean("ls", []) == ""
