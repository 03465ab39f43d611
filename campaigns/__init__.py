"""Attacks on guestctl that take minutes: `make fuzz`, `python -m campaigns --help`."""
