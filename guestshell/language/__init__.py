"""The language of a typed line: text in, values out. Knows nothing of guests."""
