"""Pages of the desk and of those who run the service."""
