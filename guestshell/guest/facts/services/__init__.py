"""What starts by itself: one module a service manager, one row a service."""
