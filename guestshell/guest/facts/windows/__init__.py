"""What a Windows says of itself in its registry and its files."""
