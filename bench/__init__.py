"""Measurements of Emgav beside the limits of the same machine in the same run: `bin/bench`."""
