"""The version, without asking the installer's metadata (which would read files at import)."""

VERSION = "0.1.0"
