"""The methods of libguestfs that are a transfer, which `user_cancel` ends."""

STREAMS = frozenset(
    [
        "base64_in",
        "base64_out",
        "cat",
        "checksums_out",
        "compress_device_out",
        "compress_out",
        "copy_in",
        "copy_out",
        "cpio_out",
        "debug_upload",
        "download",
        "download_blocks",
        "download_inode",
        "download_offset",
        "filesystem_walk",
        "find",
        "find0",
        "find_inode",
        "journal_get",
        "ls",
        "ls0",
        "mksquashfs",
        "ntfscat_i",
        "ntfsclone_in",
        "ntfsclone_out",
        "read_file",
        "read_lines",
        "tar_in",
        "tar_in_opts",
        "tar_out",
        "tar_out_opts",
        "tgz_in",
        "tgz_out",
        "txz_in",
        "txz_out",
        "upload",
        "upload_offset",
        "write",
        "write_append",
        "yara_load",
        "yara_scan",
    ]
)
"""Those that send or receive a file, guestfs(3) "Cancelling long transfers".

One that is missing here, as a newer library may add, is ended as any other call is.
"""
