"""Tests of LocalStack's plugins, of the deployed stack, and of the functions in Lambda's emulator."""
