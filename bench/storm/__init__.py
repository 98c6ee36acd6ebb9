"""A storm: the whole product under load while its parts are killed, and the verdict afterwards."""
