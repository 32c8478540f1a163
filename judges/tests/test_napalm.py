"""NAPALM's EOS driver."""

import difflib
import warnings

import napalm
from napalm.base.exceptions import ReplaceConfigException, SessionLockedException

from judges.simulator import STARTUP, FacedTest, on_every_face

REPLACED = STARTUP.replace("name users", "name guests").replace(
    "!\nmanagement api",
    "!\nbanner motd\n  Welcome\n!\n  to leaf1\nEOF\n\n!\nmanagement api",
)


@on_every_face
class NapalmTest(FacedTest):
    """The driver, open."""

    def setUp(self) -> None:
        super().setUp()
        warnings.simplefilter("ignore")
        self.napalm = self.driver()
        self.napalm.open()

    def driver(self) -> napalm.base.NetworkDriver:
        """A driver of its own."""
        driver = napalm.get_network_driver("eos")
        optional = {"port": self.switch.port, "transport": self.switch.transport, "enforce_verification": False}
        return driver(self.switch.host, "admin", "admin", optional_args=optional)

    def text(self, which: str) -> str:
        """A configuration as the driver reads it."""
        return str(self.napalm.get_config(retrieve=which)[which])

    def test_a_replacement_is_compared_committed_and_saved(self) -> None:
        before = self.text("running")

        self.napalm.load_replace_candidate(config=REPLACED)
        candidate = self.text("candidate")
        diff = self.napalm.compare_config()
        self.napalm.commit_config()

        self.assertIn("name guests", self.text("running"))
        self.assertEqual(_body(self.text("running")), _body(candidate))
        expected = difflib.unified_diff(_body(before), _body(candidate), n=3, lineterm="")
        self.assertEqual(diff, "\n".join(list(expected)[2:]).strip())
        self.assertEqual(self.switch.events(), ["session_opened", "copied", "session_committed", "saved"])

    def test_the_same_replacement_twice_has_no_second_difference(self) -> None:
        for expected in (True, False):
            self.napalm.load_replace_candidate(config=REPLACED)
            self.assertEqual(bool(self.napalm.compare_config()), expected)
            self.napalm.commit_config()

    def test_a_merge_leaves_the_rest(self) -> None:
        self.napalm.load_merge_candidate(config="interface Ethernet2\n   description spare\n!! two\n!! lines\nip routing")
        diff = self.napalm.compare_config()
        self.napalm.commit_config()

        self.assertIn("+   description spare", diff)
        self.assertIn("   !! two\n   !! lines\n   description spare\n", self.switch.running_config())
        self.assertIn("\nip routing\n", self.switch.running_config())
        self.assertIn("name users", self.switch.running_config())

    def test_what_is_discarded_leaves_nothing(self) -> None:
        before = self.text("running")

        self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.discard_config()

        self.assertEqual(self.text("running"), before)
        self.assertEqual(self.switch.events(), ["session_opened", "session_aborted"])

    def test_a_commit_that_is_confirmed_stays(self) -> None:
        self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.commit_config(revert_in=300)
        self.assertTrue(self.napalm.has_pending_commit())
        self.napalm.confirm_commit()

        self.assertFalse(self.napalm.has_pending_commit())
        self.switch.advance(600)
        self.assertIn("name guests", self.text("running"))
        self.assertIn("name guests", self.text("startup"))

    def test_a_commit_that_nobody_confirms_is_reverted(self) -> None:
        before = self.text("running")

        self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.commit_config(revert_in=300)
        self.assertIn("name guests", self.text("running"))
        self.switch.advance(301)

        self.assertEqual(self.text("running"), before)
        self.assertFalse(self.napalm.has_pending_commit())
        self.assertIn("session_reverted", self.switch.events())

    def test_a_pending_commit_is_rolled_back_at_once(self) -> None:
        before = self.text("running")

        self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.commit_config(revert_in=300)
        self.napalm.rollback()

        self.assertEqual(self.text("running"), before)

    def test_a_commit_is_rolled_back_to_what_was_saved_before(self) -> None:
        before = self.text("running")

        self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.commit_config()
        self.napalm.rollback()

        self.assertEqual(self.text("running"), before)
        self.assertIn("replaced", self.switch.events())

    def test_a_refused_line_is_named_and_leaves_no_session(self) -> None:
        with self.assertRaisesRegex(ReplaceConfigException, r"1002.*'bogus line' failed: invalid command"):
            self.napalm.load_replace_candidate(config=f"bogus line\n{REPLACED}")

        self.assertEqual(self.switch.events(), ["session_opened", "session_aborted"])

    def test_somebody_elses_session_keeps_it_out(self) -> None:
        self.switch.leave_sessions("human", 1)

        with self.assertRaises(SessionLockedException):
            self.napalm._obtain_lock()

    def test_five_sessions_of_others_leave_no_room(self) -> None:
        self.switch.leave_sessions("ansible_", 5)
        self.napalm.lock_disable = True

        # It aborts the session it could not open, and the refusal of that is what it raises.
        with self.assertRaises(Exception) as raised:
            self.napalm.load_replace_candidate(config=REPLACED)
        self.napalm.config_session = None

        self.assertIn("Maximum number of pending sessions has been reached", str(raised.exception.__context__))

    def test_facts_are_those_of_the_switch(self) -> None:
        facts = self.napalm.get_facts()

        self.assertEqual(facts["hostname"], "leaf1")
        self.assertEqual(facts["vendor"], "Arista")
        self.assertEqual(facts["os_version"], self.face.eos)
        self.assertEqual(facts["interface_list"], ["Ethernet1", "Ethernet2"])
        self.assertGreaterEqual(facts["uptime"], 0)

    def test_configurations_are_read_whole_in_full_and_without_secrets(self) -> None:
        self.napalm.load_merge_candidate(config="username eve secret sha512 $6$salt$hash")
        self.napalm.commit_config()

        self.assertIn("$6$salt$hash", self.text("running"))
        sanitized = self.napalm.get_config(retrieve="running", sanitized=True)["running"]
        self.assertIn("username eve secret sha512 <removed>", sanitized)
        full = self.napalm.get_config(retrieve="running", full=True)["running"]
        self.assertIn("   no shutdown\n", full[full.index("interface Ethernet1") :])
        everything = self.napalm.get_config(retrieve="all")
        self.assertEqual(_body(everything["running"]), _body(everything["startup"]))


def _body(config: str) -> list[str]:
    """A configuration's lines from the one that names the device."""
    lines = config.rstrip("\n").split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("! device:"))
    return lines[start:]
