"""Nornir with NAPALM: renders with Jinja2, replaces, compares, commits with a timer, confirms; or compares and discards.

`python -m bench.peers.nornir_napalm INVENTORY MODEL TEMPLATE apply|check`
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import jinja2
import napalm
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

WORKERS = 32
"""As many devices at once as naas works on in a slice."""

REVERT_IN_S = 120


def main() -> int:
    """Works on every device; exit status 1 if one failed."""
    inventory, model, template, what = sys.argv[1:]
    warnings.simplefilter("ignore")
    # Nornir 2's own settings for Jinja2, which upstream's templates are written for.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    compiled = environment.from_string(Path(template).read_text())
    data = json.loads(Path(model).read_text())["data"]
    nornir = Nornir(inventory=_inventory(json.loads(Path(inventory).read_text())), runner=ThreadedRunner(WORKERS))
    results = nornir.run(task=apply if what == "apply" else check, template=compiled, model=data)
    for name in results.failed_hosts:
        print(name, results[name][0].exception, file=sys.stderr)
    return 1 if results.failed else 0


def apply(task: Task, template: jinja2.Template, model: dict[str, Any]) -> Result:
    """Replaces the configuration. pyeapi opens a connection for each request, so the confirmation has one of its own."""
    with _opened(task.host) as device:
        device.load_replace_candidate(config=template.render(host=task.host.name, model=model))
        diff = device.compare_config()
        if not diff:
            device.discard_config()
            return Result(host=task.host, changed=False)
        device.commit_config(revert_in=REVERT_IN_S)
        device.confirm_commit()  # which saves, too
    return Result(host=task.host, diff=diff, changed=True)


def check(task: Task, template: jinja2.Template, model: dict[str, Any]) -> Result:
    """Compares, and leaves the device as it was."""
    with _opened(task.host) as device:
        device.load_replace_candidate(config=template.render(host=task.host.name, model=model))
        diff = device.compare_config()
        device.discard_config()
    return Result(host=task.host, diff=diff, changed=bool(diff))


def _opened(host: Host) -> napalm.base.NetworkDriver:
    driver = napalm.get_network_driver("eos")
    optional = host.get_connection_parameters("napalm").extras["optional_args"] | {"port": host.port}
    return driver(host.hostname, host.username, host.password, optional_args=optional)


def _inventory(document: dict[str, Any]) -> Inventory:
    given = document["defaults"]
    options = {"napalm": ConnectionOptions(extras=given["connection_options"]["napalm"]["extras"])}
    defaults = Defaults(
        username=given["username"], password=given["password"], platform=given["platform"], connection_options=options
    )
    hosts = {
        name: Host(name=name, hostname=host["hostname"], port=host["port"], defaults=defaults)
        for name, host in document["hosts"].items()
    }
    return Inventory(hosts=Hosts(hosts), groups=Groups(), defaults=defaults)


if __name__ == "__main__":
    sys.exit(main())
