"""What could not be done: it is parked, raises the alarm, and is sent again when an operator says so."""

import json
import unittest
import urllib.error
import urllib.request
from typing import Any

from naas_localstack.stack import NAME, REPOSITORY, Stack

from .test_events import INVENTORY, ONE_ATTEMPT, wait_for


class DeadLettersTest(unittest.TestCase):
    """A deployed stack whose only device is down."""

    @classmethod
    def setUpClass(cls) -> None:
        """Deploys the stack."""
        cls.stack = cls.enterClassContext(Stack.started())
        cls.stack.deploy(ONE_ATTEMPT)
        cls.stack.put_inventory(INVENTORY)
        cls.stack.put_models(REPOSITORY / "models")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """A call through API Gateway: status and body."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.stack.url}/{path}", method=method, data=data, headers=headers)
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def finished(self, run: str) -> dict[str, Any]:
        """The report of a run that is over."""
        wait_for(lambda: self.call("GET", f"runs/{run}")[1]["status"] == "finished")
        return self.call("GET", f"runs/{run}")[1]

    def alarm(self) -> str:
        """The state of the dead letters' alarm."""
        alarms = self.stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
        states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
        return next(state for name, state in states.items() if name.startswith(f"{NAME}-DeadLetterAlarm"))

    def test_a_device_that_stays_down_raises_the_alarm_and_is_sent_again_as_a_new_run(self) -> None:
        run = self.call("POST", "configure", {"devices": ["devicea"]})[1]["run"]
        self.assertEqual(self.finished(run)["devices"], {"devicea": "unreachable"})
        wait_for(lambda: self.alarm() == "ALARM", seconds=180)

        status, redriven = self.call("POST", "redrive")

        self.assertEqual((status, redriven["resumed"], redriven["left"]), (202, [], []))
        (started,) = redriven["started"]
        self.assertEqual(started["devices"], 1)
        self.assertNotEqual(started["run"], run)
        self.assertEqual(self.finished(started["run"])["devices"], {"devicea": "unreachable"})

    def test_a_run_is_cancelled_and_its_outcomes_stand(self) -> None:
        run = self.call("POST", "configure", {"devices": ["devicea"]})[1]["run"]
        before = self.finished(run)

        status, report = self.call("POST", f"runs/{run}/cancel")

        self.assertEqual((status, report["devices"]), (202, before["devices"]))
