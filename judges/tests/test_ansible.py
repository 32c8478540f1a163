"""Ansible's arista.eos collection over httpapi, as AVD deploys with it."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from judges.simulator import STARTUP, Face, Simulator

INTENDED = STARTUP.replace("name users", "name guests").replace("interface Ethernet2\n", "interface Ethernet2\n   shutdown\n")


class AnsibleTest(unittest.TestCase):
    """A playbook in a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def started(self, face: Face) -> Simulator:
        """A switch, which the inventory of the folder names."""
        switch = Simulator(tls="modern" if face.transport == "https" else "none", eos=face.eos)
        self.addCleanup(switch.end)
        variables = {
            "ansible_host": switch.host, "ansible_port": switch.port, "ansible_httpapi_port": switch.port,
            "ansible_connection": "ansible.netcommon.httpapi", "ansible_network_os": "arista.eos.eos",
            "ansible_user": "admin", "ansible_password": "admin", "ansible_become": True, "ansible_become_method": "enable",
            "ansible_httpapi_use_ssl": face.transport == "https", "ansible_httpapi_validate_certs": False,
            "ansible_httpapi_use_proxy": False,
        }  # fmt: skip
        inventory = {"all": {"hosts": {"leaf1": variables}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        return switch

    def play(self, *tasks: dict[str, Any]) -> dict[str, Any]:
        """Plays tasks and returns what Ansible's JSON callback says of the last one."""
        playbook = [{"hosts": "leaf1", "gather_facts": False, "tasks": list(tasks)}]
        (self.folder / "playbook.json").write_text(json.dumps(playbook))
        command = [sys.executable, "-m", "ansible", "playbook", "--inventory", "inventory.json", "playbook.json"]
        # Nothing is read or written outside of the folder.
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "false", "LANG": "C.UTF-8", "NO_PROXY": "*",
        }  # fmt: skip
        played = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        try:
            report = json.loads(played.stdout[played.stdout.index("{") :])
            result: dict[str, Any] = report["plays"][0]["tasks"][-1]["hosts"]["leaf1"]
        except (ValueError, LookupError):
            self.fail(f"ansible-playbook ended with status {played.returncode}:\n{played.stdout}\n{played.stderr}")
        return result

    def replaced(self, config: str) -> dict[str, Any]:
        """What `replace: config` with this configuration comes to."""
        (self.folder / "intended.cfg").write_text(config)
        task = {"src": "intended.cfg", "replace": "config", "save_when": "modified"}
        return self.play({"arista.eos.eos_config": task})

    def test_a_replacement_changes_once_and_then_no_more(self) -> None:
        for face in (Face("http", "4.31.2F"), Face("https", "4.32.0F")):
            with self.subTest(face):
                switch = self.started(face)

                first = self.replaced(INTENDED)
                second = self.replaced(INTENDED)

                self.assertTrue(first["changed"], first)
                self.assertFalse(second["changed"], second)
                self.assertIn("name guests", switch.running_config())
                self.assertIn("name guests", switch.startup_config())
                self.assertEqual(switch.events().count("session_committed"), 2)

    def test_a_refused_line_is_named_and_leaves_no_session(self) -> None:
        switch = self.started(Face("http", "4.32.0F"))
        before = switch.running_config()

        failed = self.replaced(INTENDED.replace("!\nvlan 10", "!\nbogus line\nvlan 10"))

        self.assertIn("bogus", failed["msg"])
        self.assertEqual(switch.running_config(), before)
        self.assertEqual(switch.events(), ["session_opened", "session_aborted"])

    def test_lines_are_merged_below_their_parents(self) -> None:
        switch = self.started(Face("http", "4.32.0F"))
        task = {"arista.eos.eos_config": {"parents": ["interface Ethernet2"], "lines": ["description spare"]}}

        first, second = self.play(task), self.play(task)

        self.assertTrue(first["changed"], first)
        self.assertFalse(second["changed"], second)
        self.assertIn("   description spare\n", switch.running_config())

    def test_a_banner_is_set_with_its_body(self) -> None:
        switch = self.started(Face("http", "4.32.0F"))

        result = self.play({"arista.eos.eos_banner": {"banner": "motd", "text": "Welcome\n  to leaf1", "state": "present"}})

        self.assertTrue(result["changed"], result)
        self.assertIn("banner motd\nWelcome\n  to leaf1\nEOF\n", switch.running_config())

    def test_commands_and_facts_are_read(self) -> None:
        self.started(Face("https", "4.32.0F"))

        command = self.play({"arista.eos.eos_command": {"commands": ["show version | json", "show hostname"]}})
        facts = self.play({"arista.eos.eos_facts": {"gather_subset": ["min"]}})

        self.assertEqual(command["stdout"][0]["version"], "4.32.0F")
        self.assertEqual(facts["ansible_facts"]["ansible_net_hostname"], "leaf1")
        self.assertEqual(facts["ansible_facts"]["ansible_net_version"], "4.32.0F")
