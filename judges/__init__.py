"""Clients that others wrote for switches, run against the simulator: what they cannot tell from EOS, we take for EOS."""

import logging

# It logs a traceback for every connection that fails, and here some are meant to.
logging.getLogger("pyeapi").setLevel(logging.CRITICAL + 1)
# It finds starting a process slow.
logging.getLogger("asyncio").setLevel(logging.ERROR)
