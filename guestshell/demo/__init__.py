"""A teaching image: a Debian-like server that was broken into."""
