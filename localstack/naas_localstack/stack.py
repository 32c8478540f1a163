"""The whole of naas in a LocalStack: deployed from `template.yaml` as on AWS, filled, called and read."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from .emulator import Emulator, Failed, Life, aws_settings, client_environment
from .logs import FunctionLogs

REPOSITORY = Path(__file__).resolve().parent.parent.parent

NAME = "naas-local"
"""The stack's name; `samconfig.toml` has it too."""

ARTIFACTS = "naas-local-artifacts"
"""The bucket that `sam deploy` puts the zips in; on AWS it makes one itself, which takes twenty seconds."""


LOCAL_PARAMETERS = {"Architecture": "x86_64", "LogRetentionDays": "1", "AllowLocalAddresses": "true"}
"""As `samconfig.toml` has them."""


class Stack:
    """A LocalStack at `endpoint`, with naas in it once it is deployed."""

    def __init__(self, endpoint: str, process: int | None = None) -> None:
        self.endpoint = endpoint
        self._process = process
        self._logs: FunctionLogs | None = None

    @classmethod
    @contextmanager
    def started(cls, folder: Path | None = None, port: int | None = None) -> "Iterator[Stack]":
        """A LocalStack of its own for as long as the block lasts, or as this process lives if that is shorter.

        Its files go to `folder`, which stays, or to a temporary one.
        """
        with ExitStack() as until_the_end:
            if folder is None:
                temporary = tempfile.TemporaryDirectory(prefix="naas-localstack-", ignore_cleanup_errors=True)
                folder = Path(until_the_end.enter_context(temporary))
            emulator = Emulator.start(folder.absolute(), port, Life.WITH_STARTER)
            until_the_end.callback(emulator.end)
            yield cls(emulator.endpoint, emulator.pid)

    def deploy(self, parameters: Mapping[str, str] | None = None) -> str:
        """Deploys `template.yaml` with the zips in `build/lambda`, as `sam deploy` does on AWS; what SAM printed.

        `parameters` are the template's, beside those that `samconfig.toml` sets for LocalStack.
        """
        self.client("s3").create_bucket(Bucket=ARTIFACTS)
        # On the command line they take the place of all in the file.
        overrides = [f"{name}={value}" for name, value in {**LOCAL_PARAMETERS, **(parameters or {})}.items()]
        result = subprocess.run(
            [tool("sam"), "deploy", "--config-env", "local", "--parameter-overrides", *overrides],
            cwd=REPOSITORY,
            # SAM waits five seconds between looks at the deployment; this one takes two.
            env={**client_environment(self.endpoint), "SAM_CLI_POLL_DELAY": "0.2", "SAM_CLI_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise Failed(f"sam deploy ended with status {result.returncode}:\n{result.stdout[-8000:]}")
        self.__dict__.pop("outputs", None)
        return result.stdout

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The deployment's outputs by name, as `template.yaml` says them."""
        description = self.client("cloudformation").describe_stacks(StackName=NAME)
        return {output["OutputKey"]: output["OutputValue"] for output in description["Stacks"][0]["Outputs"]}

    @property
    def url(self) -> str:
        """Where naas answers, without a slash at the end: the API's host name is one that only AWS resolves."""
        return f"{self.endpoint}/_aws/execute-api/{self.outputs['ApiId']}/prod"

    def put_inventory(self, document: str | dict[str, Any], name: str = "naas/inventory/lab") -> None:
        """Stores an inventory document, or a new version of it."""
        text = document if isinstance(document, str) else json.dumps(document)
        secrets = self.client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=text)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=text)

    def put_models(self, folder: Path) -> None:
        """Makes the models bucket hold what the folder holds, byte for byte, and nothing else."""
        bucket = self.outputs["ModelsBucket"]
        s3 = self.client("s3")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for key, path in files.items():
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for stored in page.get("Contents", []):
                if stored["Key"] not in files:
                    s3.delete_object(Bucket=bucket, Key=stored["Key"])

    def new_log_lines(self) -> list[tuple[str, str]]:
        """What the functions have logged since the last look: `scheduler` or `enforcer`, and the line."""
        if self._logs is None:
            names = {name: self.outputs[f"{name.capitalize()}Function"] for name in ("scheduler", "enforcer")}
            self._logs = FunctionLogs(self.client("logs"), names)
        return self._logs.new_lines()

    def function_processes(self) -> list[psutil.Process]:
        """The functions' processes that run now, of a LocalStack that this process started."""
        if self._process is None:
            return []
        children = psutil.Process(self._process).children(recursive=True)
        return sorted((child for child in children if _name(child) == "bootstrap"), key=lambda child: child.pid)

    def client(self, service: str) -> Any:
        """A boto3 client of one of AWS's services, in LocalStack."""
        settings = aws_settings(self.endpoint)
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=settings["AWS_REGION"],
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def tool(name: str) -> Path:
    """A program of the locked tools, such as `sam`."""
    venv = subprocess.run([REPOSITORY / "tools" / "venv", "tools"], stdout=subprocess.PIPE, text=True, check=False)
    if venv.returncode != 0:
        raise Failed("the tools could not be installed; see above")
    return Path(venv.stdout.strip()) / "bin" / name
