"""Containers and what they may do to their host: one module an engine, one row a container."""
