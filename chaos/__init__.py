"""Real processes killed and switches broken while requests keep coming; then it is counted what is lost, doubled or left behind.

`python3 -m chaos embedded` does it to `naas serve`, `tools/localstack-python -m chaos localstack` to the functions in LocalStack.
`plan` draws what happens from a seed, `play` makes it happen, `recover` does what an operator does when it is over, and `verdict`
counts. What the switches saw is read in their journals, by `journal`, and not asked of naas.
"""
