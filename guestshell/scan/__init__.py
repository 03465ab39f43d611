"""Many images at once: the same lines run on each, what they give joined in one result."""
