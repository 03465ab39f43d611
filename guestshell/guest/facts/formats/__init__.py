"""The formats that many programs share: assignments, sections, JSON, YAML, XML, SQLite."""
