"""Facts read from the guest's own files; no program of the guest ever runs."""
