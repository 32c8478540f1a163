"""A Lambda function for tests, in a `bootstrap` of its own: it does what its event says."""

import sys
from pathlib import Path

_BOOTSTRAP = """#!{python}
import json, os, sys, time, urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))

def post(path, document):
    OPENER.open(urllib.request.Request(API + path, data=json.dumps(document).encode(), method="POST")).read()

def act(event):
    match event["do"]:
        case "echo":
            return event
        case "sleep":
            time.sleep(event["seconds"])
            return "slept"
        case "exit":
            os._exit(event["status"])
        case "print":
            print(event["text"], flush=True)
            return "printed"
        case "environment":
            return dict(os.environ)
        case "pid":
            return os.getpid()

match os.environ.get("START"):
    case "exit":
        print("cannot start", flush=True)
        sys.exit(7)
    case "error":
        post("init/error", {{"errorType": "Settings", "errorMessage": "a variable is missing"}})
        time.sleep(60)
    case "hang":
        time.sleep(60)
while True:
    with OPENER.open(API + "invocation/next") as response:
        call, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
    if event["do"] == "fail":
        post("invocation/" + call + "/error", {{"errorType": "Example", "errorMessage": "as asked"}})
    else:
        post("invocation/" + call + "/response", act(event))
    if event.get("afterword"):
        print(event["afterword"], flush=True)
"""


def write_bootstrap(folder: Path) -> Path:
    """Writes the function's `bootstrap` into a folder; the file."""
    file = folder / "bootstrap"
    file.write_text(_BOOTSTRAP.format(python=sys.executable))
    file.chmod(0o755)
    return file
