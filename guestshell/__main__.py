"""`python -m guestshell` is guestctl."""

from guestshell.cli import main

main()
