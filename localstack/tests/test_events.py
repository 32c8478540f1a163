"""Every sample event in `functions/*/events`, answered by the release zips in Lambda's own emulator.

The stack that they work on is a deployed one, from the same `template.yaml` as on AWS.
"""

import json
import time
import unittest
from collections.abc import Callable
from typing import Any

from naas_localstack.rie import emulated
from naas_localstack.stack import REPOSITORY, Stack

SAMPLE_RUN = "20261123-201530-7f3a9c"
ONE_ATTEMPT = {"RetryAttempts": "1"}
"""For a deployment whose outcomes do not wait for a device that is down to come back."""

FOREIGN = "Hello from another queue's users"

SWITCH = "192.0.2.1"
"""Where the sample webhook comes from."""

# Nothing listens on port 1: the device is down, which is an outcome like any other.
INVENTORY = {
    "hosts": {"devicea": {"hostname": "127.0.0.1", "port": 1, "username": "admin", "password": "secret", "groups": ["two-switches"]}},
    "groups": {"two-switches": {}},
    "defaults": {
        "platform": "eos",
        "connection_options": {"eapi": {"extras": {"transport": "http"}}},
        "data": {"admin_secret": "$6$salt$hash", "api_protocol": "http"},
    },
}


class EventsTest(unittest.TestCase):
    """One deployed stack, and both functions beside it in the emulator."""

    @classmethod
    def setUpClass(cls) -> None:
        """Deploys the stack and starts the functions."""
        cls.stack = cls.enterClassContext(Stack.started())
        cls.stack.deploy(ONE_ATTEMPT)
        cls.stack.put_inventory(INVENTORY)
        cls.stack.put_models(REPOSITORY / "models")
        cls.scheduler = cls.enterClassContext(emulated(cls.stack, "scheduler"))
        cls.enforcer = cls.enterClassContext(emulated(cls.stack, "enforcer"))

    def call(self, event: str, run: str = SAMPLE_RUN) -> tuple[int, dict[str, str], dict[str, Any]]:
        """The scheduler's answer to a call of its API: status, headers and body."""
        answer = json.loads(self.scheduler.invoke(sample("scheduler", event).replace(SAMPLE_RUN, run).encode()))
        self.assertIn("statusCode", answer, self.scheduler.logs())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    def receive(self, event: str) -> list[str]:
        """The messages of a batch that the enforcer wants delivered again."""
        answer = json.loads(self.enforcer.invoke(sample("enforcer", event).encode()))
        self.assertIn("batchItemFailures", answer, self.enforcer.logs())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def test_no_sample_is_forgotten(self) -> None:
        tested = {
            *("scheduler/configure", "scheduler/webhook", "scheduler/malformed"),
            *("scheduler/run-status", "scheduler/device-status", "scheduler/runs"),
            *("scheduler/history", "scheduler/unpin"),
            *("enforcer/slice", "enforcer/malformed", "enforcer/mixed"),
        }

        samples = {f"{path.parent.parent.name}/{path.stem}" for path in REPOSITORY.glob("functions/*/events/*.json")}

        self.assertEqual(samples, tested)

    def test_a_call_of_the_api_is_scheduled(self) -> None:
        status, headers, body = self.call("configure")

        self.assertEqual((status, body["status"], body["message"]), (202, "OK", "Scheduled"))
        self.assertEqual((body["devices"], body["slices"]), (1, 1))
        self.assertEqual(headers["location"], f"runs/{body['run']}")

    def test_a_switchs_webhook_is_scheduled(self) -> None:
        status, _, body = self.call("webhook")

        self.assertEqual((status, body["devices"]), (202, 1))

    def test_a_malformed_call_is_told_what_is_wrong(self) -> None:
        status, headers, problem = self.call("malformed")

        self.assertEqual(status, 400)
        self.assertEqual(headers["content-type"], "application/problem+json")
        self.assertEqual(problem["status"], 400)

    def test_the_status_of_a_run_names_its_devices(self) -> None:
        run = self.call("webhook")[2]["run"]

        status, _, report = self.call("run-status", run)

        self.assertEqual((status, report["run"], list(report["devices"])), (200, run, ["devicea"]))

    def test_the_status_of_a_device_is_its_outcome(self) -> None:
        run = self.call("webhook")[2]["run"]
        # The deployed scheduler's queue feeds the deployed enforcer.
        wait_for(lambda: self.call("run-status", run)[2]["status"] == "finished")

        status, _, outcome = self.call("device-status", run)

        self.assertEqual((status, outcome["device"], outcome["status"]), (200, "devicea", "unreachable"))

    def test_the_last_runs_are_listed_with_who_asked(self) -> None:
        run = self.call("webhook")[2]["run"]

        status, _, report = self.call("runs")

        self.assertEqual((status, report["runs"][0]["run"], report["runs"][0]["by"]), (200, run, SWITCH))

    def test_a_device_that_was_never_pushed_to_has_no_history_and_is_not_pinned(self) -> None:
        run = self.call("webhook")[2]["run"]
        wait_for(lambda: self.call("run-status", run)[2]["status"] == "finished")

        status, _, history = self.call("history")
        unpinned, _, device = self.call("unpin")

        self.assertEqual((status, history["device"], history["versions"]), (200, "devicea", []))
        self.assertEqual((unpinned, device["device"], "pinned" in device), (200, "devicea", False))

    def test_an_unknown_run_is_a_404(self) -> None:
        status, _, problem = self.call("run-status", "20200101-000000-000000")

        self.assertEqual((status, problem["status"]), (404, 404))

    def test_a_slice_ends_in_an_outcome(self) -> None:
        self.assertEqual(self.receive("slice"), [])

        self.assertEqual(self.outcome(SAMPLE_RUN, "devicea")["status"], "unreachable")

    def test_a_message_that_is_no_slice_goes_to_the_dead_letters(self) -> None:
        self.assertEqual(self.receive("malformed"), [])

        wait_for(lambda: FOREIGN in self.dead_letters())

    def test_a_mixed_batch_is_an_outcome_and_a_dead_letter(self) -> None:
        self.assertEqual(self.receive("mixed"), [])

        wait_for(lambda: FOREIGN in self.dead_letters())
        self.assertEqual(self.outcome(SAMPLE_RUN, "devicea")["status"], "unreachable")

    def outcome(self, run: str, device: str) -> dict[str, Any]:
        """What is recorded of a device in a run."""
        key = f"runs/{run}/outcomes/{device}.json"
        found = self.stack.client("s3").get_object(Bucket=self.stack.outputs["StateBucket"], Key=key)
        outcome: dict[str, Any] = json.load(found["Body"])
        return outcome

    def dead_letters(self) -> set[str]:
        """The bodies of parked messages, which stay there; of many, some."""
        queue = self.stack.outputs["DeadLetterQueueUrl"]
        messages = self.stack.client("sqs").receive_message(QueueUrl=queue, VisibilityTimeout=0, MaxNumberOfMessages=10)
        return {message["Body"] for message in messages.get("Messages", [])}


def sample(function: str, event: str) -> str:
    """A sample event's text."""
    return (REPOSITORY / "functions" / function / "events" / f"{event}.json").read_text()


def wait_for(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Waits for something, with a bound."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s")
        time.sleep(0.1)
