"""What a system lets in and out: one module a system, one row a rule."""
