"""How a system is set up to talk to others: one module a source, one row type a question."""
