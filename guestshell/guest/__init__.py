"""An opened image as Python objects."""
