"""What a system wrote down: text logs and the systemd journal as one kind of row."""
