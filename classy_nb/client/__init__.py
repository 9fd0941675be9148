"""Connections and resources: what a notebook holds."""

from ._classy import Classy
from ._connect import Demo, connect, demo
from ._login import login
from ._resource import Resource

__all__ = ["Classy", "Demo", "Resource", "connect", "demo", "login"]
