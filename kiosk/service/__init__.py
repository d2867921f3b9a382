"""The reference bill service: what a utility's billing API looks like to a terminal, with invented subscribers.

Start one with `Service` (a thread), `serve` (the foreground) or `create_app` (any ASGI server).
"""

from __future__ import annotations

from kiosk.service.app import ServiceConfig, create_app
from kiosk.service.server import Service, serve
from kiosk.service.subscribers import SubscriberBook

__all__ = ["Service", "ServiceConfig", "SubscriberBook", "create_app", "serve"]
