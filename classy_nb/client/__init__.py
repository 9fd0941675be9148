"""Connections and resources: what a notebook holds."""

from .connecting import Demo, connect, demo
from .connection import Classy
from .logging_in import login
from .resource import Resource

__all__ = ["Classy", "Demo", "Resource", "connect", "demo", "login"]
