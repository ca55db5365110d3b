"""What can go wrong with the servers of one machine, said so that the person who started them knows what to do."""

from __future__ import annotations


class EmbeddedServerError(Exception):
    """A server of this machine cannot be had; the message is a sentence for the person who started it."""


class DataDirectoryInUse(EmbeddedServerError):
    """Another process owns the data directory; the message names both."""


class ServerFailed(EmbeddedServerError):
    """A server did not start; the message ends with the last lines of its log and where the log is."""


class ServerDied(EmbeddedServerError):
    """A server that had been running ended without being told to; the message ends with its last log lines."""
