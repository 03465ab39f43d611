"""The keys of SSH: who may log in by them, who the host is."""
