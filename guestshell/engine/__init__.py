"""The only room that knows libguestfs: finds it, boots it, keeps it alive, calls it."""
