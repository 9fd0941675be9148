"""The version, without asking the installer's metadata (which would read files at import)."""

__version__ = "0.1.0"
