"""A Lambda function in Python with what the enforcer sets up: TLS, the clients of the AWS SDK, templates, YAML, the switch client."""

import json
import os
import ssl
import urllib.request

import boto3
import jinja2
import pyeapi  # noqa: F401
import yaml  # noqa: F401


def main() -> None:
    """Sets everything up, and answers events until it is ended."""
    clients = [boto3.client(service) for service in ("s3", "sqs", "secretsmanager")]
    context = ssl.create_default_context()
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while clients and context and environment:
        with urllib.request.urlopen(f"{api}/next") as event:
            request, records = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)["Records"]
        answer = json.dumps({"batchItemFailures": [] if not records else records}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{api}/{request}/response", data=answer)).close()


if __name__ == "__main__":
    main()
