"""How a system was set up: time zone, language, file systems, SELinux, cloud-init."""
