"""Writes the types of libguestfs's methods: `python -m scripts.stubs`, or `make stubs`.

They come from two sources of the same version: names, arguments and most results from the
annotations of the installed binding, the fields of structures and which method gives which from
the C header (package libguestfs-dev). This is no part of the installed program, for only its
authors have the header.
"""
