"""The main job of naas as a demonstration that a person reads and a machine can trust.

`story` tells it once for every place naas runs in; `embedded` and `cloud` are the two places. Only Python's standard library
is needed here; `cloud` takes what it needs from `localstack/`.
"""
