"""pyeapi, Arista's own Python client."""

import ssl
import unittest

import pyeapi.client
from pyeapi.eapilib import CommandError, ConnectionError, HttpsEapiConnection

from judges.simulator import FacedTest, Simulator, on_every_face


@on_every_face
class PyeapiTest(FacedTest):
    """A node over Basic authentication."""

    def setUp(self) -> None:
        super().setUp()
        self.node = self.connected()

    def connected(self, password: str = "admin", transport: str | None = None) -> pyeapi.client.Node:
        """A node of its own."""
        context = ssl._create_unverified_context() if self.switch.transport == "https" else None
        return pyeapi.client.connect(
            host=self.switch.host,
            port=self.switch.port,
            transport=transport or self.switch.transport,
            username="admin",
            password=password,
            context=context,
            return_node=True,
        )

    def test_commands_answer_in_both_formats(self) -> None:
        version = self.node.enable("show version")[0]
        text = self.node.enable("show version", encoding="text")[0]

        self.assertEqual(version["encoding"], "json")
        self.assertEqual(version["result"]["version"], self.face.eos)
        self.assertIn(f"Software image version: {self.face.eos}", text["result"]["output"])

    def test_a_command_without_json_is_asked_for_as_text_again(self) -> None:
        answer = self.node.enable(["show running-config diffs"])[0]

        self.assertEqual(answer["encoding"], "text")

    def test_a_refused_command_says_its_code_and_what_ran(self) -> None:
        with self.assertRaises(CommandError) as raised:
            self.node.run_commands(["show hostname", "show bogus"])

        self.assertEqual(raised.exception.error_code, 1002)
        self.assertIn("Invalid input (at token 1: 'bogus')", raised.exception.command_error)
        self.assertEqual(raised.exception.output[1]["hostname"], "leaf1")

    def test_abbreviations_are_taken_on_request(self) -> None:
        with self.assertRaises(CommandError):
            self.node.run_commands(["sh ver"])

        answer = self.node.run_commands(["sh ver"], autoComplete=True, expandAliases=True)

        self.assertEqual(answer[0]["version"], self.face.eos)

    def test_a_wrong_password_is_a_connection_error(self) -> None:
        with self.assertRaisesRegex(ConnectionError, "Unauthorized"):
            self.connected(password="wrong").run_commands(["show version"])

    def test_a_cookie_is_as_good_as_a_password_until_it_expires(self) -> None:
        if self.switch.transport == "https":
            node = self.connected(transport="https_session")
        else:
            node = self.connected(transport="http_session")

        self.assertEqual(node.run_commands(["show version"])[0]["version"], self.face.eos)
        self.switch.expire_logins()
        with self.assertRaises(ConnectionError):
            node.run_commands(["show version"])

    def test_configuration_by_hand_takes_effect_at_once(self) -> None:
        self.node.config(["interface Ethernet2", "description spare"])

        self.assertIn("   description spare\n", self.switch.running_config())
        self.assertEqual(self.switch.events(), ["configured_by_hand"])

    def test_a_session_is_compared_and_committed(self) -> None:
        self.node.configure_session()
        self.node.config(["vlan 20", "name guests"])

        diff = self.node.diff()
        self.assertNotIn("guests", self.switch.running_config())
        self.node.commit()

        self.assertIn("\n+vlan 20\n+   name guests\n", diff)
        self.assertIn("vlan 20\n   name guests\n", self.switch.running_config())

    def test_a_session_is_aborted(self) -> None:
        self.node.configure_session()
        self.node.config(["vlan 20"])
        self.node.abort()

        self.assertNotIn("vlan 20", self.switch.running_config())
        self.assertEqual(self.switch.events(), ["session_opened", "session_aborted"])

    def test_a_banner_is_one_command_with_its_body(self) -> None:
        self.node.config(["banner motd MULTILINE:Welcome\n! to\n  leaf1"])

        self.assertIn("banner motd\nWelcome\n! to\n  leaf1\nEOF\n", self.switch.running_config())

    def test_its_resources_find_their_sections(self) -> None:
        vlans = self.node.api("vlans")
        interfaces = self.node.api("interfaces")
        system = self.node.api("system")

        self.assertEqual(vlans.get("10")["name"], "users")
        self.assertEqual(interfaces.get("Ethernet1")["description"], "up")
        self.assertEqual(system.get()["hostname"], "leaf1")
        self.assertTrue(vlans.create("30") and vlans.set_name("30", "printers"))
        self.assertIn("vlan 30\n   name printers\n", self.switch.running_config())

    def test_running_and_startup_configuration_are_read(self) -> None:
        self.assertIn("hostname leaf1", self.node.running_config)
        self.assertIn("hostname leaf1", self.node.startup_config)


class EnableTest(unittest.TestCase):
    """A switch whose `enable` asks for a password."""

    def test_the_enable_password_is_asked_for(self) -> None:
        with Simulator(enable_password="more") as switch:
            node = pyeapi.client.connect(
                host=switch.host, port=switch.port, transport="http", username="admin", password="admin", return_node=True
            )
            with self.assertRaises(CommandError) as raised:
                node.enable("show running-config", encoding="text")
            self.assertEqual(raised.exception.error_code, 1005)

            node.enable_authentication("more")
            shown = node.enable("show running-config", encoding="text")[0]["result"]["output"]

        self.assertIn("hostname leaf1", shown)


class LegacyTlsTest(unittest.TestCase):
    """A switch that offers only what older EOS offers by default."""

    def setUp(self) -> None:
        self.switch = Simulator(tls="legacy")
        self.addCleanup(self.switch.end)

    def shown(self, context: ssl.SSLContext) -> str:
        """What the switch says of its version."""
        connection = HttpsEapiConnection(self.switch.host, self.switch.port, username="admin", password="admin", context=context)
        return str(pyeapi.client.Node(connection).run_commands(["show version"])[0]["version"])

    def test_todays_defaults_of_python_are_refused(self) -> None:
        with self.assertRaises(ConnectionError):
            self.shown(ssl._create_unverified_context())

    def test_the_old_ciphers_are_spoken(self) -> None:
        for cipher in ("AES256-SHA", "DHE-RSA-AES256-SHA", "AES128-SHA", "DHE-RSA-AES128-SHA"):
            context = ssl._create_unverified_context()
            context.set_ciphers(f"{cipher}:@SECLEVEL=0")
            self.assertEqual(self.shown(context), "4.32.0F")
