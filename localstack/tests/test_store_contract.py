"""The ports' promises over S3 and SQS: the suite that the other stores keep, too."""

import os
import subprocess
import unittest
from pathlib import Path

from naas_localstack.stack import REPOSITORY, Stack

PROGRAMS = Path(os.environ.get("NAAS_PROGRAMS", REPOSITORY / "target" / "debug"))

PORTS = [
    "runs",
    "device records",
    "history",
    "idempotency keys",
    "port documents",
    "slice queue",
    "dead letters",
]


class StoreContractTest(unittest.TestCase):
    """A LocalStack without a deployment: a bucket and two queues."""

    def test_s3_and_sqs_keep_the_contract(self) -> None:
        stack = self.enterContext(Stack.started())
        stack.client("s3").create_bucket(Bucket="contract")
        queues = [stack.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("slices", "dead-letters")]

        played = subprocess.run(
            [PROGRAMS / "examples" / "store_contract", stack.endpoint, "contract", *queues],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

        self.assertEqual(played.returncode, 0, played.stderr)
        self.assertEqual(played.stdout.splitlines(), [f"{port} kept" for port in PORTS])
