"""The public methods of wazzup-pysdk: which there are, and which a driver has called, so that none is forgotten."""

import inspect

from wazzup_client import WazzupClient, WazzupLegacyClient, WazzupPublicClient

NAMES = ("contacts", "users", "deals", "pipelines", "accounts", "channels", "webhooks")
# The client's classes that a program calls, by the name under which their methods are counted.
CLASSES = {
    "public": WazzupPublicClient,
    "legacy": WazzupLegacyClient,
    "client": WazzupClient,
    **{f"client.{name}": type(getattr(WazzupClient("none"), name)) for name in NAMES},
}


def offered():
    """All methods, as `namespace.method`."""
    return sorted(f"{namespace}.{name}" for namespace, kind in CLASSES.items()
                  for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_"))


class Counted:
    """An object whose used methods are recorded."""

    used = set()

    def __init__(self, namespace, target):
        self._namespace, self._target = namespace, target

    def __getattr__(self, name):
        method = getattr(self._target, name)
        Counted.used.add(f"{self._namespace}.{name}")
        return method


def counted_client(client):
    """A `WazzupClient` and its namespaces, counted."""
    facade = Counted("client", client)
    for name in NAMES:
        setattr(facade, name, Counted(f"client.{name}", getattr(client, name)))
    return facade
