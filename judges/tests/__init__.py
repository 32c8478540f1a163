"""One module a client; each test is a claim about what the client sees."""
