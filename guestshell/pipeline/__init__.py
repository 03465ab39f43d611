"""Runs a pipeline: commands, filters, programs of the host, files of the host."""
