"""The package databases: dpkg, rpm, apk and pacman, and the check of files against them."""
