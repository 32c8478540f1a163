"""asynceapi, the client inside of Arista's ANTA."""

import unittest
from typing import ClassVar

import httpx
from asynceapi import Device, EapiCommandError

from judges.simulator import STARTUP, Face, Simulator, on_every_face

# It sends no `enable`: its users have privilege 15 from the start.
PRIVILEGED = f"aaa authorization exec default local\n!\n{STARTUP}"
REPLACED = PRIVILEGED.replace("name users", "name guests").removesuffix("end\n")


@on_every_face
class AsynceapiTest(unittest.IsolatedAsyncioTestCase):
    """A device over Basic authentication."""

    face: ClassVar[Face]

    async def asyncSetUp(self) -> None:
        self.switch = Simulator(tls="modern" if self.face.transport == "https" else "none", eos=self.face.eos, startup=PRIVILEGED)
        self.addCleanup(self.switch.end)
        self.device = await self.connected()

    async def connected(self, password: str = "admin", **options: bool) -> Device:
        """A device of its own."""
        place = {"host": self.switch.host, "port": self.switch.port, "proto": self.switch.transport}
        device = Device(username="admin", password=password, **place, **options)
        self.addAsyncCleanup(device.aclose)
        return device

    async def test_the_endpoint_answers_before_anything_is_asked(self) -> None:
        self.assertTrue(await self.device.check_api_endpoint())

    async def test_commands_answer_in_both_formats(self) -> None:
        version = await self.device.cli(command="show version")
        text = await self.device.cli(command="show version", ofmt="text")

        self.assertEqual(version["version"], self.face.eos)
        self.assertIn(self.face.eos, text)

    async def test_a_refused_command_says_what_passed_and_what_did_not_run(self) -> None:
        with self.assertRaises(EapiCommandError) as raised:
            await self.device.cli(commands=["show hostname", "show bogus", "show version"])

        error = raised.exception
        self.assertEqual(error.failed, "show bogus")
        self.assertEqual(error.errors, ["Invalid input (at token 1: 'bogus')"])
        self.assertEqual(error.passed[0]["hostname"], "leaf1")
        self.assertEqual(error.not_exec, ["show version"])

    async def test_abbreviations_are_taken_on_request(self) -> None:
        answer = await self.device.cli(command="sh ver", auto_complete=True)

        self.assertEqual(answer["version"], self.face.eos)

    async def test_a_wrong_password_is_401(self) -> None:
        device = await self.connected(password="wrong")

        with self.assertRaises(httpx.HTTPStatusError) as raised:
            await device.cli(command="show version")
        self.assertEqual(raised.exception.response.status_code, 401)

    async def test_a_session_login_works_until_it_is_closed(self) -> None:
        device = await self.connected(use_session_auth=True)

        self.assertEqual((await device.cli(command="show version"))["version"], self.face.eos)
        await device.logout()
        self.assertEqual((await device.cli(command="show version"))["version"], self.face.eos)

    async def test_a_configuration_replaces_what_runs(self) -> None:
        session = self.device.config_session("asynceapi-1")

        await session.push(REPLACED, replace=True)
        pending = await session.status()
        diff = await session.diff()
        await session.commit()
        done = await session.status()
        await session.write()

        self.assertEqual(pending["state"], "pending")
        self.assertIn("-   name users\n+   name guests\n", diff)
        self.assertEqual(done["state"], "committed" if self.face.eos.startswith("4.32") else "completed")
        self.assertIn("name guests", self.switch.startup_config())

    async def test_lines_are_merged_and_discarded(self) -> None:
        session = self.device.config_session("asynceapi-1")

        await session.push(["vlan 20", "name guests"])
        diff = await session.diff()
        await session.abort()

        self.assertIn("\n+vlan 20\n+   name guests\n", diff)
        self.assertIsNone(await session.status())
        self.assertNotIn("vlan 20", self.switch.running_config())

    async def test_a_commit_timer_is_confirmed_or_runs_out(self) -> None:
        for name, confirmed in (("asynceapi-1", True), ("asynceapi-2", False)):
            session = self.device.config_session(name)
            await session.push([f"vlan 2{name[-1]}"])
            await session.commit(timer="00:05:00")
            if confirmed:
                await session.commit()
            self.switch.advance(301)
            self.assertEqual(f"vlan 2{name[-1]}" in self.switch.running_config(), confirmed)

    async def test_a_file_is_loaded_and_a_bad_line_in_it_is_an_error(self) -> None:
        for name, text in (("good", REPLACED), ("bad", f"nonsense\n{REPLACED}")):
            await self.device.cli(command={"cmd": f"copy terminal: flash:{name}", "input": text})

        await self.device.config_session("asynceapi-1").load_file("flash:good", replace=True)
        await self.device.config_session("asynceapi-1").commit()

        self.assertIn("name guests", self.switch.running_config())
        with self.assertRaisesRegex(RuntimeError, "Invalid input at line 1"):
            await self.device.config_session("asynceapi-2").load_file("flash:bad", replace=True)
