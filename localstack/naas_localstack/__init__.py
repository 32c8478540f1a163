"""naas in LocalStack without Docker.

`Stack` is the whole of it: LocalStack started, `template.yaml` deployed, buckets and secrets filled, everything ended.
Inside LocalStack run `executor` (Lambda functions as processes, over `sandbox` and `runtime_api`) and `server` (the
gateway on the loopback). `rie` runs one function in Lambda's own emulator.
"""
