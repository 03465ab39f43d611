"""The filters: what may stand after a `|` and works on the rows or lines before it."""
