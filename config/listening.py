"""Where bin/serve listens, and under which address other devices find it."""

import argparse
import ipaddress
import socket

HOME = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only where it is asked for


def address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{value!r} is no IP address, such as 127.0.0.1 or 0.0.0.0"
        ) from error


def own_address() -> str:
    """The address this machine has towards others. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of documentation (RFC 5737): nobody's
        except OSError:  # no network at all
            return HOME
        return str(probe.getsockname()[0])
