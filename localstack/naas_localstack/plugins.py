"""The names that LocalStack finds through this project's entry points.

LocalStack imports this file while it looks for plugins, so what they need is imported when one is loaded.
"""

from typing import TYPE_CHECKING, Any

from localstack.runtime.server.core import RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

if TYPE_CHECKING:
    from .executor import ProcessExecutor
    from .server import LoopbackServer


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """`LAMBDA_RUNTIME_EXECUTOR=process`: Lambda functions as processes."""

    name = "process"

    def load(self, *_args: Any, **_kwargs: Any) -> "type[ProcessExecutor]":
        """The executor's class; LocalStack makes one for every environment."""
        from .executor import ProcessExecutor

        return ProcessExecutor


class LoopbackServerPlugin(RuntimeServerPlugin):
    """`GATEWAY_SERVER=loopback`: the gateway on the address that it is given, and no other."""

    name = "loopback"

    def load(self, *_args: Any, **_kwargs: Any) -> "LoopbackServer":
        """The one server."""
        from .server import LoopbackServer

        return LoopbackServer()
