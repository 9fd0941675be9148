"""Connections and resources: what a notebook holds.

Credentials and questions come in; frames, records, counts and files go out, by way of every room below. Users
call it as ``cn.connect()``, ``cn.demo()`` and ``cn.login()``; the widgets and the command line call it too.
"""

from .connecting import HttpOptions, Login, LoginSettings, connect, demo, log_in, login
from .connection import Classy, Demo, Session
from .resource import Resource

__all__ = [
    "Classy",
    "Demo",
    "HttpOptions",
    "Login",
    "LoginSettings",
    "Resource",
    "Session",
    "connect",
    "demo",
    "log_in",
    "login",
]
