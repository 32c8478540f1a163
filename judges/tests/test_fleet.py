"""Ten thousand switches in one process."""

import http.client
import json
import resource
import subprocess
import sys
import tempfile
import unittest
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from judges.simulator import PROGRAMS

DEVICES = 10_000
MEMORY_KB = 2 * 1024 * 1024


class FleetTest(unittest.TestCase):
    """Each device has an address of its own, and a hundred lines of configuration."""

    def test_ten_thousand_switches_answer_from_two_gigabytes(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most != resource.RLIM_INFINITY and most < DEVICES + 512:
            reason = f"{most} open files are allowed, and each switch needs one to listen"
            print(f"\nskipped: {self.id()}: {reason}", file=sys.stderr)  # counted by tools/tally
            self.skipTest(reason)
        with tempfile.TemporaryDirectory() as folder:
            startup = Path(folder, "startup.cfg")
            startup.write_text(_startup())
            command = [str(PROGRAMS / "eos-sim"), "--devices", str(DEVICES), "--listen", "127.9.0.0/16", "--port-base", "9000"]
            process = subprocess.Popen(
                [*command, "--startup-config", str(startup)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self.addCleanup(_end, process)
            assert process.stdout is not None
            devices = json.loads(process.stdout.readline())["devices"]

        with ThreadPoolExecutor(8) as pool:
            names = list(pool.map(_hostname, devices))

        self.assertEqual(names, [device["name"] for device in devices])
        self.assertEqual(len(names), DEVICES)
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        self.assertLess(peak, MEMORY_KB)


def _startup() -> str:
    lines = ["username admin privilege 15 role network-admin nopassword", "hostname {name}", "vlan 10", "   name users"]
    for port in range(1, 25):
        lines += [f"interface Ethernet{port}", f"   description port {port} of {{name}}", "   switchport access vlan 10"]
    lines += [f"ip route 10.{number}.0.0/16 192.0.2.1" for number in range(20)]
    return "\n".join([*lines, "management api http-commands", "   protocol http", "   no shutdown", "end", ""])


def _hostname(device: dict[str, Any]) -> str:
    request = {"jsonrpc": "2.0", "method": "runCmds", "params": {"version": 1, "cmds": ["show hostname"]}, "id": 1}
    credentials = b64encode(f"{device['username']}:{device['password']}".encode()).decode()
    connection = http.client.HTTPConnection(device["address"], device["port"], timeout=30)
    try:
        connection.request("POST", "/command-api", json.dumps(request), {"Authorization": f"Basic {credentials}"})
        return str(json.loads(connection.getresponse().read())["result"][0]["hostname"])
    finally:
        connection.close()


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
