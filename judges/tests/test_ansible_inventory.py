"""Ansible's inventories: each host has the variables, and each group the hosts in the order, that Ansible itself gives them."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from judges.templates import Naas

Files = dict[str, str]

# In a process of its own, since Ansible sets up its plugins for the whole process. Its order of grandchildren is that of a set.
ANSIBLE = """
import json, sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
loader = DataLoader()
inventory = InventoryManager(loader=loader, sources=sys.argv[1:])
variables = VariableManager(loader=loader, inventory=inventory)
own = ("ansible_", "inventory_", "playbook_dir", "group_names", "groups", "omit")
answer = {}
for host in inventory.get_hosts():
    vars = variables.get_vars(host=host)
    data = {key: value for key, value in vars.items() if not key.startswith(own)}
    answer[host.name] = {"data": data, "group_names": vars["group_names"], "groups": vars["groups"]}
print(json.dumps(answer))
"""

TEMPLATE = """{{ {'group_names': group_names, 'groups': groups, 'data': host.data} | to_json }}"""

SITES: dict[str, Files] = {
    "order of hosts and groups": {
        "hosts": "z1\n[spine]\ns2\ns1\n[leaf]\nl2\nl10\nl1\n[fabric:children]\nspine\nleaf\n[pod]\nl1\ns2\n[late:children]\nfirst\nsecond\n[second]\nq2\nq1\n[first]\nq9\nq2\n"
    },
    "values of INI": {
        "hosts": "a x=1 y='a b' z=\"q=r\" t=True f=no n=None l=\"['a', 1]\" d=\"{'k': 1.5}\" e= h=010 u=1_000 m=-5 s='it is' p=1.50 c=a#b\n"
        "[g]\nb v=yes w=0x1f # comment\n[g:vars]\nlong=a b  c # kept\nqu='quoted'\nlist=[1, 'x']\nnum=7\nflt=1.5\nflag=True\nempty=\neq=a=b\ntilde=~\nj={'a': [1, 2]}\n"
    },
    "ranges": {"hosts": "[g]\nleaf[01:03]\nsp[a:c]x\nn[1:9:4]\nr[1:2]-[a:b]\n"},
    "precedence": {
        "hosts": "[a]\nh1 own=host\n[b]\nh1\n[c:children]\na\n[a:vars]\nv=a\nw=a\nown=a\n[b:vars]\nv=b\nw=b\nansible_group_priority=5\n[c:vars]\nv=c\nx=c\n[all:vars]\nv=all\ny=all\n",
        "group_vars/all.yml": "y: file\nz: all\n",
        "group_vars/a/one.yml": "w: folder\n",
        "group_vars/a/two.yml": "w: folder two\nm: {k: 1}\n",
        "group_vars/c.yml": "m: {j: 2}\n",
        "host_vars/h1.yml": "hv: 1\nv: hostfile\n",
    },
    "YAML": {
        "hosts.yml": "all:\n  hosts: {lone: {x: 1}}\n  children:\n    fabric:\n      children:\n        spine: {hosts: {s2: {}, s1: {id: 7}}}\n        leaf:\n          hosts: {'l[1:2]': {t: yes, h: 0x10, f: 1.0, d: 2024-01-01x}}\n          vars: {role: leaf, power: off}\n    other: {hosts: {s1: , lone2: }}\n  vars: {v: all}\n"
    },
}  # fmt: skip


class AnsibleInventoryTest(unittest.TestCase):
    """Each inventory is read by both in this run."""

    maxDiff = None

    def test_hosts_have_the_variables_and_groups_that_ansible_gives_them(self) -> None:
        with Naas() as naas:
            for site, files in SITES.items():
                for host, expected in _ansible(files).items():
                    data = {"host": {"name": host}, "inventory": {"ansible": files}}
                    answer = naas.rendered({"t.j2": TEMPLATE}, "t.j2", data)
                    with self.subTest(f"{site}, {host}"):
                        self.assertIn("output", answer, answer)
                        self.assertEqual(_settled(json.loads(answer["output"])), _settled(expected))


def _settled(known: dict[str, Any]) -> dict[str, Any]:
    """What is the same in each run of Ansible: from the third generation of groups on, the order of their hosts is not."""
    return {**known, "groups": {**known["groups"], "all": sorted(known["groups"]["all"])}}


def _ansible(files: Files) -> dict[str, Any]:
    """What Ansible knows of each host."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        sources = [str(Path(folder, path)) for path in files if "/" not in path]
        program = [sys.executable, "-c", ANSIBLE, *sources]
        answer = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        return dict(json.loads(answer.stdout))
