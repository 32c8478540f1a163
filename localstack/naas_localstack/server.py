"""LocalStack's gateway on the loopback only, and ended with whoever started it.

LocalStack's own server drops the host of `GATEWAY_LISTEN` and listens on every interface.
"""

import os
import signal
import sys
import threading

from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor

from localstack import config

ENDS_WITH_STDIN = "NAAS_ENDS_WITH_STDIN"
"""Set to 1, LocalStack ends when its standard input does: a starter that was killed leaves nothing behind."""


class LoopbackServer(TwistedRuntimeServer):
    """Listens on the hosts that it is told, for HTTP. There is no TLS: nothing leaves the machine."""

    def register(
        self, gateway: Gateway, listen: list[config.HostAndPort], ssl_creds: tuple[str, str] | None = None
    ) -> None:
        """Listens at once, so that a port in use ends LocalStack instead of leaving it deaf."""
        site = TwistedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)
        if os.environ.get(ENDS_WITH_STDIN) == "1":
            threading.Thread(target=_end_with_stdin, name="naas-ends-with-stdin", daemon=True).start()


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    # With its functions, which are in its process group; its starter has made that its own.
    os.killpg(os.getpid(), signal.SIGKILL)
