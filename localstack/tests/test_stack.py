"""The deployed stack, called as its users call it: through API Gateway, the queue and the buckets."""

import json
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from naas_localstack.stack import REPOSITORY, Stack

from .test_events import FOREIGN, INVENTORY, ONE_ATTEMPT, wait_for


class StackTest(unittest.TestCase):
    """One deployed stack for all of these."""

    @classmethod
    def setUpClass(cls) -> None:
        """Deploys the stack."""
        cls.stack = cls.enterClassContext(Stack.started())
        cls.stack.deploy(ONE_ATTEMPT)
        cls.stack.put_inventory(INVENTORY)
        cls.stack.put_models(REPOSITORY / "models")

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
        """A call through API Gateway: status and body."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # Without the type, as curl and urllib send it, LocalStack takes the body for a form and encodes it anew.
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.stack.url}/{path}", method=method, data=body, headers=headers)
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_a_run_passes_through_the_queue_and_ends_in_an_outcome(self) -> None:
        status, receipt = self.call("POST", "configure", b'{"devices": ["all"]}')
        run = receipt["run"]

        wait_for(lambda: self.call("GET", f"runs/{run}")[1]["status"] == "finished")

        self.assertEqual(status, 202)
        self.assertEqual(self.call("GET", f"runs/{run}/devices/devicea")[1]["status"], "unreachable")

    def test_what_the_functions_log_can_be_read(self) -> None:
        run = self.call("POST", "configure", b'{"devices": ["all"]}')[1]["run"]
        lines: list[tuple[str, str]] = []

        def logged() -> bool:
            lines.extend(self.stack.new_log_lines())
            return {name for name, line in lines if run in line} == {"scheduler", "enforcer"}

        wait_for(logged)
        self.assertFalse([line for _, line in lines if "platform." in line])
        self.assertEqual(len(lines), len({*lines}), "each line once")

    def test_an_unknown_device_is_named(self) -> None:
        status, problem = self.call("POST", "configure", b'{"devices": ["devicea", "nobody"]}')

        self.assertEqual(status, 404)
        self.assertIn("nobody", json.dumps(problem))

    def test_a_message_that_is_no_slice_ends_in_the_dead_letters(self) -> None:
        queues = self.stack.client("sqs")
        queues.send_message(QueueUrl=self.stack.outputs["SliceQueueUrl"], MessageBody=FOREIGN)
        found: list[str] = []

        def parked() -> bool:
            dead = queues.receive_message(QueueUrl=self.stack.outputs["DeadLetterQueueUrl"], VisibilityTimeout=0)
            found.extend(message["Body"] for message in dead.get("Messages", []))
            return bool(found)

        wait_for(lambda: parked() and FOREIGN in found)

    def test_the_models_bucket_holds_what_the_folder_holds(self) -> None:
        s3, bucket = self.stack.client("s3"), self.stack.outputs["ModelsBucket"]
        self.addCleanup(self.stack.put_models, REPOSITORY / "models")
        with tempfile.TemporaryDirectory() as temporary:
            (Path(temporary) / "sub").mkdir()
            (Path(temporary) / "sub" / "a.tera").write_bytes(b"\xff\r\n")

            self.stack.put_models(Path(temporary))

        stored = {found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        self.assertEqual(stored, {"sub/a.tera"})
        self.assertEqual(s3.get_object(Bucket=bucket, Key="sub/a.tera")["Body"].read(), b"\xff\r\n")

    def test_deploying_again_changes_nothing(self) -> None:
        before = self.stack.outputs

        self.stack.deploy(ONE_ATTEMPT)

        self.assertEqual(self.stack.outputs, before)
